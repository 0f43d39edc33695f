"""Build: what templates, pages and plugins can reach while MkDocs runs."""

import os
import re
from collections.abc import Callable
from itertools import product
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jinja2
import pytest
from browsing import some
from command import trueup
from jinja2.exceptions import SecurityError
from material.plugins.search.plugin import Parser
from mkdocs.config.defaults import MkDocsConfig
from mkdocs_macros import plugin

from trueup.macros import define_env, on_pre_page_macros
from trueup.site import AS_OF
from trueup.site.build import _environment, _uncoloured_search
from trueup.site.theme_environment import sandboxed

OVERRIDES = (
    "{{ cycler.__init__.__globals__.os.system('id') }}",
    "{{ config.validate() }}",
    "{{ config.load_dict({'hooks': ['hook.py']}) }}",
    "{{ config.plugins.load_plugin('x', config) }}",
    "{{ lipsum.__globals__.os.system('id') }}",
    "{{ self._TemplateReference__context.environment }}",
)


@pytest.mark.parametrize("override", OVERRIDES)
def test_a_template_of_the_theme_calls_no_code_of_python_or_mkdocs(override: str) -> None:
    environment = sandboxed(jinja2.Environment(extensions=["jinja2.ext.i18n"]))
    with pytest.raises((SecurityError, jinja2.UndefinedError)):
        environment.from_string(override).render(config=MkDocsConfig())
    text = "{% macro m(a) %}{{ a.upper() }}{% endmacro %}{{ m('x') }}{% trans %}y{% endtrans %}"
    environment.install_null_translations()  # type: ignore[attr-defined]
    assert environment.from_string(text).render() == "Xy"


CODE = """<h1 id="a">A <em>b</em></h1><p>c <span>d</span></p>
<div class="language-python highlight"><pre><span></span><code><span id="__span-0-1"><a id="0"></a>\
<span class="k">e</span><span class="w"> </span><span class="s">&lt;f</span>
</span>
  <span class="n">g</span>
</code></pre></div><h2 id="h">h</h2><pre><code></code></pre><p>i</p>"""


def test_the_search_reads_the_same_words_of_code_without_its_colours() -> None:
    def sections() -> list[tuple[str, str, int]]:
        parser = Parser()
        parser.feed(CODE)
        return [("".join(one.title), "".join(one.text), len(one.text)) for one in parser.data]

    coloured = sections()
    with _uncoloured_search():
        plain = sections()
    assert [one[:2] for one in plain] == [one[:2] for one in coloured]
    assert plain[0][1].endswith("<pre><code>e &lt;f\n\n  g\n</code></pre>")
    assert plain[0][2] < coloured[0][2] and sections() == coloured


def test_the_search_reads_of_each_request_the_first_block_alone() -> None:
    tab = '<div id="{0}" class="language-x" data-endpoint="{1}"><pre><code>{0}</code></pre></div>'
    blocks = [("a--curl", "m/a"), ("a--python", "m/a"), ("b--curl", "m/b"), ("b--go", "m/b")]
    page = "<h1>T</h1>" + "".join(tab.format(*block) for block in blocks) + "<pre>reply</pre>"
    with _uncoloured_search():
        parser = Parser()
        parser.feed(page)
    text = "".join(parser.data[0].text)
    assert re.findall("[ab]--[a-z]+|reply", text) == ["a--curl", "b--curl", "reply"]


class Plugin:
    """The plugin mkdocs-macros, as a module of macros sees it."""

    def __init__(self, top: Path) -> None:
        self.project_dir = str(top)
        self.conf = {"docs_dir": str(top / "docs" / "en"), "extra": {AS_OF: "2026-05-03"}}
        self.macros: dict[str, Any] = {"fix_url": str}
        self.variables: dict[str, Any] = {"config": 1, "page": SimpleNamespace(meta={"a": 1})}
        self._env = jinja2.Environment()

    @property
    def env(self) -> jinja2.Environment:
        return self._env

    def macro(self, function: Any, name: str) -> None:
        self.macros[name] = function


PAGES = (
    '{{ fix_url("It is recommended in production.") }}',
    "{{ dict(a=1) }}",
    "{{ config }}",
    "{{ advice.__globals__ }}",
    "{{ 'a' * 9 }}",
    "{% for a in 'abc' %}{{ as_of() }}{% endfor %}",
    "{% set a = as_of() %}",
    "{{ as_of() | upper }}",
    "{% include 'index.md' %}",
    "{{ self._TemplateReference__context }}",
)


def test_a_page_calls_the_macros_and_nothing_else(starter: Path) -> None:
    (starter / "main.py").write_text("raise SystemExit('a module of the repository ran')\n")
    macros = Plugin(starter)
    define_env(macros)
    with pytest.raises(ImportError, match="main is a module of the repository"):
        vars(plugin)["import_local_module"](str(starter), "main")
    on_pre_page_macros(macros)
    for page in PAGES:
        with pytest.raises((SecurityError, jinja2.TemplateError)):
            macros.env.from_string(page).render(**macros.variables)
            pytest.fail(page)
    assert macros.env.from_string("On {{ as_of() }}.").render() == "On 2026-05-03."
    assert [*macros.variables] == ["page"] and macros.variables["page"].meta == {}


def test_a_build_sees_no_secret_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GH_TOKEN", "TRUEUP_PRODUCTION_API_KEY", "CI"):
        monkeypatch.setenv(name, "canary")
    monkeypatch.setenv("SITE_URL", "https://docs.example")
    with pytest.raises(RuntimeError), _environment():
        assert "canary" not in os.environ.values() and os.environ["SITE_URL"] and os.environ["PATH"]
        os.environ["LEFT"] = "x"
        raise RuntimeError
    assert os.environ["GH_TOKEN"] == "canary" and "LEFT" not in os.environ


def add(top: Path, name: str, text: str) -> None:
    (top / name).parent.mkdir(parents=True, exist_ok=True)
    with (top / name).open("a") as file:
        file.write(text)


def inherited_hook(top: Path) -> None:
    (top / "mkdocs.yml").rename(top / "evil.yml")
    add(top, "evil.yml", "\nhooks: [docs/hook.py]\n")
    add(top, "docs/hook.py", "raise SystemExit('a hook of the repository ran')\n")
    add(top, "mkdocs.yml", "INHERIT: evil.yml\n")


HOSTILE: dict[str, tuple[Callable[[Path], object], str]] = {
    "a hook by INHERIT": (inherited_hook, "evil.yml:"),
    "a template of the theme": (
        lambda top: add(top, "overrides/main.html", '{% extends "base.html" %}'),
        "overrides/main.html: ",
    ),
    "a variable of the environment": (
        lambda top: add(top, "mkdocs.yml", '\ncopyright: !ENV [GH_TOKEN, ""]\n'),
        "mkdocs.yml:",
    ),
    "a call of Python": (
        lambda top: add(top, "mkdocs.yml", "\nwatch: !!python/object/apply:os.abort []\n"),
        "mkdocs.yml:",
    ),
    "a module of macros": (lambda top: add(top, "main.py", "raise SystemExit(9)"), "main.py: "),
    "a file of the machine": (
        lambda top: (top / "docs" / "en" / "a.txt").symlink_to("/etc/passwd"),
        "docs/en/a.txt: a link out of the repository. ",
    ),
}


COMMANDS = (("build",), ("docs", "--no-serve"), ("verify",))


@pytest.mark.parametrize(
    ("what", "command"),
    some(product(HOSTILE, COMMANDS), *zip(HOSTILE, COMMANDS * 2, strict=True)),
)
def test_code_of_a_repository_is_refused_before_anything_is_built(
    what: str, command: tuple[str, ...], starter: Path
) -> None:
    change, where = HOSTILE[what]
    change(starter)
    done = trueup(starter, *command)
    assert done.returncode == 2 and f"{starter}/{where}" in done.stderr
    assert not (starter / "site").exists()
