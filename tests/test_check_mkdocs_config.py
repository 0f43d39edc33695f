"""MkDocs config: each setting that runs code or changes a page is found, in the whole chain."""

from pathlib import Path

import pytest
from conftest import TOP

from trueup.check.mkdocs_config import check_front, check_settings

SETTINGS = (TOP / "mkdocs.yml").read_text("utf-8").partition("nav:\n")[0]
CHANGES: dict[str, tuple[str, str, str]] = {
    "a hook": ("strict: true\n", "strict: true\nhooks: [docs/hook.py]\n", "the setting hooks "),
    "a call of Python": (
        "site_name: Crazyrouter API",
        "site_name: !!python/object/apply:os.system [id]",
        "the tag tag:yaml.org,2002:python/object/apply:os.system is not allowed",
    ),
    "a call of Python deep in a list": (
        "scope: /",
        "scope: [[{a: !!python/object/apply:os.system [id]}]]",
        "python/object/apply:os.system is not allowed",
    ),
    "a call of Python in a key": (
        "scope: /", "!!python/name:os.system '': /", "the tag tag:yaml.org,2002:python/name",
    ),
    "another function of the theme": (
        "toc: {permalink: true}",
        "toc: {permalink: !!python/name:material.extensions.emoji.os ''}",
        "python/name:material.extensions.emoji.os is not allowed",
    ),
    "a variable of the environment": (
        "site_name: Crazyrouter API", 'site_name: !ENV [GH_TOKEN, ""]', "the tag !ENV ",
    ),
    "a variable before that of the address": (
        '[SITE_URL, ""]', '[GH_TOKEN, SITE_URL, ""]', "the tag !ENV is not allowed",
    ),
    "a variable alone": ('!ENV [SITE_URL, ""]', "!ENV GH_TOKEN", "the tag !ENV is not allowed"),
    "a relative path": ("scope: /", "scope: !relative $docs_dir", "the tag !relative is not"),
    "an unknown tag": ("scope: /", "scope: !x 1", "the tag !x is not allowed"),
    "a merge key": ("strict: true\n", "strict: true\n<<: {hooks: [a.py]}\n", "2002:merge is not"),
    "an alias": ("scope: /", "scope: [&a 1, *a]", "an alias, *a"),
    "a plugin": ("  - macros:\n", "  - material/social\n  - macros:\n", "plugins.material/social"),
    "a plugin in a mapping": ("  - macros:\n", "  - exec: {}\n  - macros:\n", "plugins.exec is"),
    "an option that starts Node": (
        "  - search:\n", "  - search:\n      prebuild_index: true\n", "search.prebuild_index is",
    ),
    "a module of macros": (
        "on_undefined: strict\n", "on_undefined: strict\n      module_name: a\n", "module_name is",
    ),
    "two plugins of macros": (
        "  - macros:\n", "  - macros: {modules: [evil]}\n  - macros:\n", "macros.modules is 'evil'",
    ),
    "snippets of files": (
        "  - tables\n", "  - tables\n  - pymdownx.snippets: {base_path: /}\n", "pymdownx.snippets",
    ),
    "images of files": ("  - tables\n", "  - tables\n  - pymdownx.b64\n", "pymdownx.b64 is not"),
    "a fence of one's own": (
        "  - pymdownx.superfences\n",
        "  - pymdownx.superfences: {custom_fences: [{name: a, class: a, format:"
        " !!python/name:pymdownx.superfences.fence_code_format ''}]}\n",
        "custom_fences.name is 'a'",
    ),
    "a slugger": ("toc: {", "toc: {slugify: a.b, ", "toc.slugify is not allowed"),
    "another theme": ("name: material", "name: evil", "theme.name is not material"),
    "templates elsewhere": (
        "custom_dir: overrides", "custom_dir: docs/en/t", "theme.custom_dir is not overrides",
    ),
    "pages of the theme": ("  font: false", "  font: false\n  static_templates: [a.html]",
                           "the setting theme.static_templates"),
    "fonts from elsewhere": ("  font: false\n", "", "theme.font is not false"),
    "a site elsewhere": ("site_dir: site", "site_dir: ../../x", "site_dir is '../../x'"),
    "a logo elsewhere": ("assets/logo.svg", "https://a.example/l.svg", "theme.logo is 'https"),
    "script in a text": (
        "site_description: The", "copyright: <script>1</script>\nsite_description: The",
        "copyright is '<script>",
    ),
    "script in a reference": (
        "site_description: The", "site_author: '&#60;b>'\nsite_description: The", "author is '",
    ),
    "an attribute in a text": (
        "site_description: The",
        "site_description: '\" http-equiv=refresh'\n#", "description is",
    ),
    "a link that runs": ("link: ja/", "link: 'java&#115;cript:alert(1)'", "link is 'java"),
    "analytics": ("scope: /", "analytics: {provider: custom}", "the setting extra.analytics"),
    "consent": ("scope: /", "consent: {title: Recommended}", "the setting extra.consent"),
    "a script from elsewhere": (
        "{path: assets/bases.js, defer: true}", "https://a.example/a.js", "javascript is 'https",
    ),
    "a style from elsewhere": ("assets/theme.css,", "//a.example/a.css,", "extra_css is '//a"),
    "a style out of the docs": ("assets/theme.css,", "../../a.css,", "extra_css is '../"),
    "templates as pages": ("strict: true\n", "strict: true\nextra_templates: [a.html]\n",
                           "the setting extra_templates"),
    "pages elsewhere": ("docs_dir: docs/en", "docs_dir: snippets", "docs_dir is not docs/en"),
    "a script that is data": (
        "assets/bases.js, defer: true", "assets/bases.js, type: text/plain",
        "extra_javascript.type is",
    ),
    "a script less": ("  - {path: assets/bases.js, defer: true}\n", "", "extra_javascript lacks a"),
    "a style less": (", assets/trueup.css]", "]", "extra_css lacks a part"),
    "a style of another kind": ("[assets/theme.css,", "[assets/a.txt,", "extra_css is 'assets/a"),
    "pages left out": ("strict: true\n", "strict: true\nexclude_docs: a.md\n", "exclude_docs is"),
    "pages as drafts": ("strict: true\n", "strict: true\ndraft_docs: a.md\n", "draft_docs is"),
    "a scheme of one's own": ("scheme: slate", "scheme: mine", "palette.scheme is 'mine'"),
    "another sign of a risk": (
        "  font: false", "  font: false\n  icon: {admonition: {danger: a/b}}", "icon.admonition is",
    ),
    "notes within code": ("- toc.follow", "- content.code.annotate", "theme.features is 'content"),
    "pages by script": ("- toc.follow", "- navigation.instant", "theme.features is 'navigation"),
    "text the other way": ("  font: false", "  font: false\n  direction: rtl", "direction is not"),
    "a language elsewhere": ("link: ja/", "link: 'https://a.example'", "link is 'https"),
    "versions": ("scope: /", "version: {provider: mike}", "extra.version is not"),
    "a text at each heading": ("permalink: true", "permalink: Works.", "permalink is 'Works.'"),
    "a sign of praise at each heading": (
        "permalink: true", "permalink: ✅", "toc.permalink is '✅'",
    ),
    "a search that finds nothing": (
        "  - macros:\n", "  - search: {separator: '.*'}\n  - macros:\n", "search.separator is '.*'",
    ),
    "a search without letters": (
        "  - macros:\n",
        "  - search: {separator: '[!-~]+'}\n  - macros:\n",
        "search.separator is '[!-~]+'",
    ),
    "a search without Chinese": ("|(?=[一-鿿々])|", "|[一-鿿々]|", "search.separator is"),
    "a text above the contents": ("permalink: true", "title: Works.", "toc.title is not"),
    "a class of code": (
        "  - pymdownx.inlinehilite\n", "  - pymdownx.inlinehilite: {css_class: a}\n",
        "css_class is not",
    ),
    "a link with a tab": ("scope: /", 'homepage: "java\\tscript:a()"', "extra.homepage is"),
    "an extension less": ("  - attr_list\n", "", "markdown_extensions lacks a part"),
    "no macros": ("  - macros:\n", "  - search:\n", "plugins.macros is not"),
    "a list for a text": ("scope: /", "scope: [/]", "extra.scope is of another kind"),
    "no strictness": ("strict: true\n", "", "strict is not true"),
}  # fmt: skip


@pytest.mark.parametrize("what", CHANGES)
def test_a_setting_that_could_run_code_or_change_text_is_found(what: str, tmp_path: Path) -> None:
    old, new, problem = CHANGES[what]
    assert old in SETTINGS
    (tmp_path / "mkdocs.yml").write_text(SETTINGS.replace(old, new, 1), "utf-8")
    found = check_settings(tmp_path, ("en",))
    assert any(problem in one.problem for one in found), found
    assert all(one.where.path == str(tmp_path / "mkdocs.yml") for one in found)
    assert {one.rule for one in found} == {"site-setting"}


def test_an_inherited_setting_is_found_in_its_file(tmp_path: Path) -> None:
    (tmp_path / "mkdocs.yml").write_text("INHERIT: a.yml\nhooks: []\n")
    (tmp_path / "a.yml").write_text("INHERIT: b.yml\nsite_name: !!python/name:os.system\n")
    (tmp_path / "b.yml").write_text(f"{SETTINGS}hooks: [docs/hook.py]\n", "utf-8")
    found = {Path(one.where.path).name: one for one in check_settings(tmp_path, ("en",))}
    assert [*found] == ["mkdocs.yml", "a.yml", "b.yml"]
    assert found["b.yml"].where.line == SETTINGS.count("\n") + 1


BENIGN = {
    "the functions of the theme's manual": (
        "  - tables\n",
        "  - tables\n  - pymdownx.emoji:\n"
        "      emoji_index: !!python/name:material.extensions.emoji.twemoji\n"
        "      emoji_generator: !!python/name:material.extensions.emoji.to_svg\n",
    ),
    "diagrams": (
        "  - pymdownx.superfences\n",
        "  - pymdownx.superfences:\n      custom_fences:\n        - name: mermaid\n"
        "          class: mermaid\n"
        "          format: !!python/name:pymdownx.superfences.fence_code_format\n",
    ),
    "the address alone": ('!ENV [SITE_URL, ""]', "!ENV SITE_URL"),
    "the search of the theme": (
        "  - macros:\n",
        "  - material/search: {lang: en, separator: '[\\s\\-\"<]+'}\n  - macros:\n",
    ),
    "the separator of the theme's manual": (
        "  - macros:\n",
        "  - search: {separator: '[\\s\\u200b\\-,:!=\\[\\]()\"`/]+|\\.(?!\\d)|&[lg]t;"
        "|(?!\\b)(?=[A-Z][a-z])'}\n  - macros:\n",
    ),
    "a sign at each heading": ("permalink: true", "permalink: '#'"),
    "plain texts": (
        "scope: /", "scope: /\n  social: [{icon: a/b, link: 'https://a.example', name: A}]",
    ),
    "a menu with quotes and a colon": (
        "strict: true\n", 'strict: true\nnav: [{"Say: \\"hi\\"": a.md}]\n',
    ),
    "a mail address": ("scope: /", "scope: /\n  social: [{link: 'mailto:a@b.example'}]"),
}  # fmt: skip


@pytest.mark.parametrize("what", BENIGN)
def test_a_setting_without_code_is_not_found(what: str, tmp_path: Path) -> None:
    old, new = BENIGN[what]
    assert old in SETTINGS
    text = SETTINGS.replace(old, new, 1)
    (tmp_path / "mkdocs.yml").write_text(text, "utf-8")
    assert check_settings(tmp_path, ("en",)) == []


def test_a_chain_that_leaves_the_repository_or_does_not_end_is_found(tmp_path: Path) -> None:
    top = tmp_path / "top"
    top.mkdir()
    (tmp_path / "out.yml").write_text(SETTINGS, "utf-8")
    (top / "link.yml").symlink_to("../out.yml")
    (top / "a.yml").write_text("INHERIT: mkdocs.yml\n")
    for parent, problem in {
        "../out.yml": "a link out of the repository",
        "link.yml": "a link out of the repository",
        "/etc/passwd": "a link out of the repository",
        "/dev/zero": "a link out of the repository",
        "a.yml": "the settings inherit each other",
        "gone.yml": "No such file",
        ".": "Is a directory",
    }.items():
        (top / "mkdocs.yml").write_text(f"INHERIT: {parent}\n")
        (found,) = check_settings(top, ("en",))
        assert problem in found.problem


def test_a_menu_without_the_status_page_or_that_of_a_model_is_found(tmp_path: Path) -> None:
    (tmp_path / "docs" / "en" / "more").mkdir(parents=True)
    (tmp_path / "docs" / "en" / "status.md").touch()
    (tmp_path / "docs" / "en" / "more" / "m.md").write_text("---\nmodel: m\n---\n")
    for menu, lost in {
        "": [],
        "validation: {nav: {omitted_files: ignore}}\n": [],
        "nav: [index.md, A: [B: status.md, C: more/m.md]]\n": [],
        "nav: [more/m.md, A: [status.md.md, 'status.md?']]\n": ["status.md"],
        "nav: [status.md, more/]\nnot_in_nav: more/m.md\n": ["more/m.md"],
    }.items():
        (tmp_path / "mkdocs.yml").write_text(SETTINGS + menu, "utf-8")
        found = [one.problem for one in check_settings(tmp_path, ("en",))]
        assert found == [f"the menu lacks {one}" for one in lost]


def test_the_settings_of_each_language_are_judged_as_merged(tmp_path: Path) -> None:
    (tmp_path / "mkdocs.yml").write_text(SETTINGS, "utf-8")
    for text, problem in {
        "INHERIT: mkdocs.yml\n": "docs_dir is not docs/ja",
        "INHERIT: mkdocs.yml\ndocs_dir: docs/ja\ntheme: {name: x}\n": "theme.name is not material",
        "INHERIT: mkdocs.yml\ndocs_dir: docs/ja\ntheme: {language: ja}\n": None,
    }.items():
        (tmp_path / "mkdocs.ja.yml").write_text(text)
        found = check_settings(tmp_path, ("en", "ja"))
        assert [one.problem for one in found] == ([problem] if problem else [])
    (tmp_path / "mkdocs.ko.yml").write_text("hooks: [a.py]\n")
    assert not check_settings(tmp_path, ("en", "ja"))


FRONTS = {
    "---\ntitle: A\ndescription: B, c.\nmodel: nano-banana\nblocks: 4\n---\n# A\n": "",
    "---\nhide: [toc, navigation]\n---\n": "",
    "---\nicon: material/check\n---\n": "the setting icon is not allowed",
    "---\nsearch: {exclude: true}\n---\n": "the setting search is not allowed",
    "# A: b\n": "",
    "\nA: b\n": "",
    "---\na: [\n---\n": "",
    "---\ntemplate: 404.html\n---\n# A\n": "the setting template is not allowed",
    "---\r\ntemplate: redirect.html\r\n...\r\n": "the setting template is not allowed",
    "---\nrender_macros: false\n---\n": "the setting render_macros is not allowed",
    "---\nhide: [content]\n---\n": "hide is 'content'",
    "---\nauthor: '\"><b>'\n---\n": "author is",
    "---\nA: b\n": "",
    "---\n- It is recommended.\n---\n": "the page is shown otherwise",
    "---\n# It is recommended.\n---\n": "the page is shown otherwise",
    "template: 404.html\n\n# A\n": "the page is shown otherwise",
    "Note: It is recommended.\n": "the page is shown otherwise",
}


@pytest.mark.parametrize("text", FRONTS)
def test_front_matter_that_leaves_out_text_or_macros_is_found(text: str) -> None:
    found = [*check_front(Path("a.md"), text)]
    assert [one.problem.startswith(FRONTS[text]) for one in found] == [True] * bool(FRONTS[text])
    assert all(one.where.line == (1 if "shown" in one.problem else 2) for one in found)
