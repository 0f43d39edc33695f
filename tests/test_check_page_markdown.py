"""Page Markdown: the site's own extensions, with no code of the repository."""

from pathlib import Path

import pytest

from trueup.check.page_markdown import PageMarkdown, load_markdown

HOSTILE = """\
markdown_extensions:
  - evil_module
  - pymdownx.snippets: {base_path: [/etc], check_paths: false}
  - toc: {slugify: !!python/object/apply:os.system ["touch RAN"], permalink: true}
  - pymdownx.tilde
  - pymdownx.superfences:
      custom_fences: [{name: x, class: x, format: !!python/name:os.system }]
"""
TEXT = '# A b\n\n~~c~~ <b>d</b>\n\n--8<-- "passwd"\n\n```x\ntouch RAN\n```\n'


def rendered(folder: Path, settings: str) -> str:
    (folder / "mkdocs.yml").write_text(settings)
    return load_markdown(folder / "mkdocs.yml", folder).render(TEXT)[0]


def test_only_known_extensions_are_used_and_no_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "evil_module.py").write_text("open('RAN', 'w')\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    html = rendered(tmp_path, HOSTILE)
    assert '<h1 id="a-b">A b</h1>' in html and "<del>c</del>" in html
    assert "--8&lt;--" in html and "touch RAN" in html
    assert not (tmp_path / "RAN").exists()


@pytest.mark.parametrize(
    ("settings", "has_del"),
    [
        ("markdown_extensions: {pymdownx.tilde: {}}", True),
        ("markdown_extensions: [toc: {no_such: 1}, pymdownx.tilde]", True),
        ("markdown_extensions: [toc]", False),
        ("site_name: a", False),
        ("INHERIT: part.yml", True),
        ("INHERIT: /etc/passwd", True),
        ("INHERIT: mkdocs.yml", True),
        ("markdown_extensions: [[", True),
        ("- a", True),
        ("markdown_extensions: 1", False),
    ],
)
def test_settings_are_read_as_mkdocs_does_or_every_extension_is_used(
    settings: str, has_del: bool, tmp_path: Path
) -> None:
    (tmp_path / "part.yml").write_text("markdown_extensions: [pymdownx.tilde]\n")
    assert ("<del>" in rendered(tmp_path, settings)) is has_del


def test_what_was_written_as_html_is_known() -> None:
    html = "<div>\na\n</div>\n\nb <i>c</i> `<u>` <!-- d -->\n"
    raw = PageMarkdown({}).render(html)[1]
    assert [one.strip() for one in raw] == ["<div>\na\n</div>", "<i>", "</i>", "<!-- d -->"]


def test_languages_with_the_same_options_share_a_renderer(tmp_path: Path) -> None:
    for name, one in {"a": "[pymdownx.tilde]", "b": "[pymdownx.tilde]", "c": "[tables]"}.items():
        (tmp_path / f"{name}.yml").write_text(f"markdown_extensions: {one}\n")
    first = load_markdown(tmp_path / "a.yml", tmp_path)
    assert load_markdown(tmp_path / "b.yml", tmp_path, [first]) is first
    assert load_markdown(tmp_path / "c.yml", tmp_path, [first]) is not first
