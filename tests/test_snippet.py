"""Snippets: the requests they send, how they are rendered, and what is refused."""

import ast
import json
import os
import re
import shlex
import shutil
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Any, get_args

import markdown
import pytest
import recorder
from conftest import is_long_run
from hostile import BATCH, BATCHES, BIG, batches, repeatable, texts, values
from hypothesis import given, settings
from hypothesis import strategies as st
from mkdocs.config import load_config
from recorder import (
    AUTHS,
    ENCODED,
    INLINE,
    KEY,
    PIXEL,
    REAL,
    ROUTES,
    TEMPLATES,
    TODAY,
    TOP,
    Answer,
    Gateway,
    RunBlock,
    assert_formatted,
    canonical,
    in_turn,
    run_of,
    send,
    snippet_of,
    status_of,
)

from trueup.errors import BadInput
from trueup.model import NO_MODEL, Auth, Status, split
from trueup.model.values import CodeLanguage
from trueup.request import request_of
from trueup.site import extract_blocks
from trueup.snippet import (
    LANGUAGES,
    Snippet,
    Snippets,
    base_places,
    languages_of,
    render_snippet,
)
from trueup.snippet.quoting import ARGUMENT_LIMIT, quote_shell, render_json, render_python
from trueup.status_file import load_status
from trueup.wording import PageText, load_catalogue
from trueup.wording.page_macros import _tabs

server, gateway, node_run = recorder.server, recorder.gateway, recorder.node_run
run_block = recorder.run_block
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
TESTED, OTHER = "https://gateway.example", "https://b.example:8443"
NATIVE = [language.name for language in languages_of(REAL.routes["generate-content"], TEMPLATES)]
ANY_BODY = [name for name, language in LANGUAGES.items() if not language.optional]
"""The languages that can send any body."""


@pytest.mark.filterwarnings("ignore:Generating overly large repr")
@pytest.mark.no_cover
@pytest.mark.parametrize("language", ANY_BODY)
def test_hostile_bodies_arrive_unchanged(
    language: str, gateway: Gateway, request: pytest.FixtureRequest
) -> None:
    sent: list[str] = []
    run = run_of(language, request)

    @settings(repeatable, max_examples=BATCHES)
    @given(batches)
    def send_batch(batch: list[dict[str, Any]]) -> None:
        if language == "javascript":
            batch[1::2] = [body | {"__proto__": {"toJSON": 1}} for body in batch[1::2]]
        sent.extend(send(gateway, language, run, [*in_turn(batch)]))

    send_batch()
    assert len(sent) >= (BATCH + 1) * BATCHES >= 28
    assert sum(len(text.encode()) > BIG / 2 for text in sent) >= 2 * BATCHES
    if language == "javascript":
        raw = sum("String.raw" in text for text in sent)
        assert len(sent) - raw > 3 * BATCHES and raw > 3 * BATCHES / 2


@pytest.fixture(scope="module")
def any_body(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The templates of the languages that can send any body."""
    optional = [language.template for language in LANGUAGES.values() if language.optional]
    folder = tmp_path_factory.mktemp("templates") / "snippets"
    return shutil.copytree(TEMPLATES, folder, ignore=lambda *_: optional)


CONFIG = load_config(str(TOP / "mkdocs.yml"))


@pytest.mark.no_cover
@settings(repeatable, max_examples=BATCHES if is_long_run() else 1)
@given(batches)
def test_a_block_of_a_page_is_byte_for_byte_the_snippet(
    any_body: Path, batch: list[dict[str, Any]]
) -> None:
    for body, route in in_turn(batch):
        assert_published(any_body, status_of(body), route)


def assert_published(templates: Path, status: Status, route: str) -> None:
    pages = PageText(status, load_catalogue("en"), TODAY, lambda endpoint: "#")
    html = markdown.markdown(
        f"# Title\n\n{_tabs(pages, Snippets(status, templates), f'acorn/{route}')}\n\nAfter.\n",
        extensions=CONFIG.markdown_extensions,
        extension_configs=CONFIG.mdx_configs,
    )
    blocks = extract_blocks(html, "page/index.html")
    made = [snippet_of(status, route, language) for language in ANY_BODY]
    assert [block.text.encode() for block in blocks] == [each.text.encode() for each in made]
    assert [(block.id, block.endpoint, block.language, block.tabbed) for block in blocks] == [
        (each.id, each.endpoint, each.language.fence, True) for each in made
    ]
    assert html.count("<!--stamp:") == len(made)


@pytest.mark.parametrize("auth", AUTHS)
@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize(
    ("language", "method"),
    [*product(("curl", "python"), METHODS), ("javascript", "POST"), ("javascript", "PUT")],
)
def test_a_block_sends_the_request_of_its_route(
    route: str, auth: Auth, language: str, method: str, gateway: Gateway, run_block: RunBlock
) -> None:
    query = "?alt=json" if method == "PUT" else ""
    status = status_of({"prompt": "a"}, gateway.base_url, auth, method, query)
    ended = run_block(snippet_of(status, route, language))
    assert ended.code == 0, ended.stderr
    ((command, path, headers, body),) = gateway.requests
    sent = request_of(status, f"acorn/{route}", "production")
    lower = {name.lower(): value for name, value in headers.items()}
    key = {"query key": f"{'&' if query else '?'}key={KEY}"}.get(auth, "")
    assert f"{command} {path}" == sent.request + key
    assert json.loads(body) == sent.body
    assert lower["content-type"] == "application/json"
    assert lower.get("authorization") == (f"Bearer {KEY}" if auth == "bearer" else None)
    assert lower.get("x-goog-api-key") == (KEY if auth == "header x-goog-api-key" else None)


def words_of(command: str) -> list[str]:
    """Return the words of a curl command, split by bash itself."""
    shell = ["bash", "-c", f'curl() {{ printf "%s\\0" curl "$@"; exit; }}\n{command}']
    printed = subprocess.run(
        shell,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=True,
    )
    return printed.stdout.split("\0")[:-1]


@pytest.mark.parametrize("auth", AUTHS)
@pytest.mark.parametrize("method", METHODS)
def test_the_curl_block_is_one_command_of_known_options(auth: Auth, method: str) -> None:
    status = status_of({"prompt": "it's"}, auth=auth, method=method)
    words = words_of(snippet_of(status, "images", "curl").text)
    header = {
        "query key": [],
        "bearer": ["-H", f"Authorization: Bearer {KEY}"],
        "header x-goog-api-key": ["-H", f"x-goog-api-key: {KEY}"],
    }[auth]
    url = "https://gateway.example/v1/images/acorn"
    assert words == [
        "curl",
        *([] if method == "POST" else ["-X", method]),
        f"{url}?key={KEY}" if auth == "query key" else url,
        *("-H", "Content-Type: application/json"),
        *header,
        *("-d", '{\n    "model": "acorn",\n    "prompt": "it\'s"\n  }'),
        *("-o", "acorn.json"),
    ]


URI = f"data:image/png;base64,{ENCODED}"
LINKED = {"data": [{"url": "https://images.example/1.png?a=1&b=2"}]}


@pytest.mark.parametrize(
    ("route", "reply", "is_image"),
    [
        ("native", {"candidates": [{"content": {"parts": [INLINE]}}]}, True),
        ("native", {"candidates": [{"content": {"parts": [{"text": f"![image]({URI})"}]}}]}, True),
        ("images", {"data": [{"b64_json": ENCODED}, {"b64_json": ENCODED[::-1]}]}, True),
        ("images", {"data": [{"url": URI}]}, True),
        ("images", LINKED, False),
        ("images", {"error": {"message": "No", "data": "none"}}, False),
    ],
)
@pytest.mark.parametrize("indent", [None, 2])
def test_curl_saves_an_image_or_else_prints_the_reply(
    route: str,
    reply: dict[str, Any],
    is_image: bool,
    indent: int | None,
    gateway: Gateway,
    run_block: RunBlock,
) -> None:
    body = json.dumps(reply, indent=indent)
    gateway.answer = Answer(body.encode(), 200 if "error" not in reply else 400)
    ended = run_block(snippet_of(status_of({"n": 1}, gateway.base_url), route, "curl"))
    assert (ended.code, ended.stdout) == (0, "Saved acorn.png\n" if is_image else body)
    assert ended.files == ({"acorn.png": PIXEL} if is_image else {})


def test_curl_names_its_image_by_the_type_on_record() -> None:
    assert (
        "nano-banana-pro.jpg"
        in render_snippet(REAL, "nano-banana-pro/generate-content", "curl", TEMPLATES).text
    )


@pytest.mark.parametrize(
    ("auth", "method"),
    [
        pytest.param(a, m, marks=[pytest.mark.long] * (m != "POST" and a != "bearer"))
        for a, m in product(AUTHS, METHODS)
    ],
)
def test_every_python_template_compiles_and_stays_as_black_leaves_it(
    auth: Auth, method: str
) -> None:
    for route in ROUTES:
        assert_formatted(snippet_of(status_of({"n": 1}, auth=auth, method=method), route, "python"))


def test_every_python_snippet_of_the_real_file_stays_as_black_leaves_it() -> None:
    made = [snippet for snippet in real_snippets() if snippet.language.fence == "python"]
    assert len(made) >= len(REAL.endpoints)
    for snippet in made if is_long_run() else made[::4]:
        assert_formatted(snippet)


def real_snippets() -> Iterator[Snippet]:
    """Every snippet that the real file publishes."""
    for endpoint in REAL.endpoints:
        for language in languages_of(REAL.route_of(endpoint), TEMPLATES):
            yield render_snippet(REAL, endpoint, language.name, TEMPLATES)


def test_code_has_its_model_in_one_place_and_says_what_it_needs_installed() -> None:
    found = 0
    status = load_status(TOP / "status.yml", datetime.now(UTC)).status
    for snippet in Snippets(status, TEMPLATES).all():
        model, route = split(snippet.endpoint)
        if snippet.language.name == "curl" or model == NO_MODEL:
            continue
        line = status.routes[route].request
        called = status.upstream(model) if "{upstream}" in line else model
        assert snippet.text.count(called) == 1, snippet.id
        assert re.search(rf'^(const )?MODEL = "{re.escape(called)}";?$', snippet.text, re.M)
        python = snippet.language.fence == "python"
        start = "# pip install " if python else "// Node 18 or newer."
        assert snippet.text.startswith(start), snippet.id
        found += 1
    assert found > 50


def test_ids_are_unique_and_fit_for_html() -> None:
    made = [snippet.id for snippet in real_snippets()]
    assert len(set(made)) == len(made)
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+", each) for each in made)
    assert "nano-banana--generate-content--curl" in made


def test_a_snippet_is_aimed_at_the_reference_target_and_ends_without_a_newline() -> None:
    for text in (snippet.text for snippet in real_snippets()):
        assert "https://crazyrouter.com" in text
        assert text == text.strip() and "localhost" not in text
        assert all(line == line.rstrip() for line in text.split("\n"))


@pytest.mark.parametrize("language", NATIVE)
@pytest.mark.parametrize("route", ["native", "images"])
def test_a_base_url_is_found_in_its_place_and_not_in_the_body(route: str, language: str) -> None:
    if LANGUAGES[language].optional and route == "images":
        return
    text = f"\U0001f34c {TESTED} and {TESTED}/logo.png"
    body = {"contents": [{"parts": [{"text": text}]}], "prompt": text}
    status = status_of(body, base_url=TESTED)
    snippet = snippet_of(status, route, language)
    (place,) = base_places(snippet, status, TEMPLATES)
    other = snippet_of(status_of(body, base_url=OTHER), route, language).text
    units = snippet.text.encode("utf-16-le")
    before, after = units[: 2 * place], units[2 * (place + len(TESTED)) :]
    assert (before + OTHER.encode("utf-16-le") + after).decode("utf-16-le") == other


def test_a_template_that_does_more_with_the_base_url_is_refused(tmp_path: Path) -> None:
    status = status_of({})
    folder = broken(tmp_path, "curl {{ url }} # {{ base_url | length }}")
    snippet = render_snippet(status, "acorn/native", "curl", folder)
    with pytest.raises(
        BadInput, match="gemini/curl.sh.j2: the template uses the base URL for more"
    ):
        base_places(snippet, status, folder)


def broken(folder: Path, template: str | bytes) -> Path:
    (folder / "gemini").mkdir(parents=True)
    content = template.encode() if isinstance(template, str) else template
    (folder / "gemini" / "curl.sh.j2").write_bytes(content)
    (folder / "part.j2").write_text("curl \\\n{{ missing }}\n", encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("curl\n{{ nothing }}", "gemini/curl.sh.j2:2: 'nothing' is undefined. "),
        ("{% if %}", "gemini/curl.sh.j2:1: Expected an expression"),
        ("{{ body | odd }}", "gemini/curl.sh.j2:1: No filter named 'odd'. "),
        ("{{ 1 + url }}", "gemini/curl.sh.j2:1: unsupported operand type(s)"),
        ('{% include "part.j2" %}', "part.j2:2: 'missing' is undefined. "),
        (
            '{% include "gone.j2" %}',
            "gemini/curl.sh.j2: gone.j2, needed for curl, does not exist. ",
        ),
        (b"\xff", "gemini/curl.sh.j2: 'utf-8' codec can't decode"),
        ("curl\t-s", "gemini/curl.sh.j2: the rendered snippet contains U+0009, "),
        ("curl \u200b", "gemini/curl.sh.j2: the rendered snippet contains U+200B, "),
    ],
)
def test_a_template_that_cannot_be_published_is_refused_where_it_is_wrong(
    template: str | bytes, message: str, tmp_path: Path
) -> None:
    with pytest.raises(BadInput) as refused:
        render_snippet(status_of({}), "acorn/native", "curl", broken(tmp_path, template))
    assert str(refused.value).startswith(f"{tmp_path}/{message}")
    assert_shape(refused.value)


REFUSED_TEMPLATES = {
    "cycler": "{{ cycler.__init__ }}",
    "a global of Python": "{% if not url %}\n{{ url.__class__.__mro__ }}{% endif %}",
    "a subscript": "{{ url['__class__']['__mro__'] }}",
    "attr": "{{ url | attr('__class__') }}",
    "the context": "{{ self._TemplateReference__context }}",
    "namespace": "{% set n = namespace(x=1) %}",
    "lipsum": "{{ lipsum.__globals__ }}",
    "a global of Jinja that is not called": "{{ range }}",
    "import of another folder": "{% import '../gemini/curl.sh.j2' as x %}",
    "include of a device": "{% include '/dev/zero' %}",
    "range": "{% for i in range(10**9) %}x{% endfor %}",
    "repetition": "{{ 'a' * 10**9 }}",
    "list repetition": "{{ [1] * 10**9 }}",
    "power": "{{ 9**9**9 }}",
    "format": "{{ '%01000000000d' % 1 }}",
    "format method": "{{ '{:1000000000}'.format(1) }}",
    "center": "{{ 'a' | center(10**9) }}",
    "a filter that is not listed": "{{ url | urlize }}",
    "a method that is not listed": "{{ url.encode() }}",
    "center method": "{{ 'a'.center(10**9) }}",
    "indent": "{{ 'a' | indent(1000000000, true) }}",
    "replace": "{% set a = 'a,' | replace('a', url | indent(1000000, true)) %}"
    "{{ a | replace(' ', a) }}",
    "join": "{{ 'abc' | join(url | indent(9000000, true)) }}",
    "doubling": "{% set a0 = url %}"
    + "".join(f"{{% set a{n + 1} = a{n} ~ a{n} %}}" for n in range(40)),
    "doubling by output": "{% set a0 %}{{ url }}{% endset %}"
    + "".join(f"{{% set a{n + 1} %}}{{{{a{n}}}}}{{{{a{n}}}}}{{% endset %}}" for n in range(40)),
    "nested lists": "{% set a0 = [url] %}"
    + "".join(f"{{% set a{n + 1} = [a{n}, a{n}] %}}" for n in range(40))
    + "{{ a40 == a39 }}",
    "squares": "{% set a0 = 999999999999 %}"
    + "".join(f"{{% set a{n + 1} = a{n} * a{n} %}}" for n in range(40)),
    "nested loops": "{% for a in url %}" * 9 + "x" + "{% endfor %}" * 9,
    "slices": "{% set a = url | indent(4000000, true) %}"
    + "".join(f"{{% set a{n} = a[{n}:] %}}" for n in range(900)),
    "endless include": "{% include 'gemini/curl.sh.j2' %}",
    "branching include": "{% if n is not defined %}{% set n = 30 %}{% endif %}{% if n %}"
    + "{% with n = n - 1 %}{% include 'gemini/curl.sh.j2' %}{% endwith %}" * 2
    + "{% endif %}",
    "branching macro": "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}"
    "{% endmacro %}{{ m(60) }}",
    "recursive loop": "{% for a in url recursive %}{{ loop(url) }}{% endfor %}",
    "deep brackets": "{{ " + "(" * 50_000 + "1" + ")" * 50_000 + " }}",
    "deep minus": "{{ " + "-" * 90_000 + "1 }}",
    "deep blocks": "{% if 1 %}" * 200 + "{% endif %}" * 200,
    "too large": "a" * 100_001,
}


@pytest.mark.parametrize("what", REFUSED_TEMPLATES)
def test_a_template_gets_no_python_and_no_endless_work(
    what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_slow = what.startswith(("branching", "nested lists", "slices"))
    if is_slow and not is_long_run():  # seconds of steps, all alike
        monkeypatch.setattr("trueup.snippet.template_environment.MOST_WORK", 1_000_000)
    started = time.process_time()
    with pytest.raises(BadInput) as refused:
        folder = broken(tmp_path, REFUSED_TEMPLATES[what])
        render_snippet(status_of({}), "acorn/native", "curl", folder)
    assert refused.value.message.where.path.startswith(f"{tmp_path}/gemini/curl.sh.j2")
    assert time.process_time() - started < 20
    assert_shape(refused.value)


def test_a_template_has_the_filters_and_loops_that_templates_need(tmp_path: Path) -> None:
    folder = broken(
        tmp_path,
        "{% from 'lib.j2' import shout %}{% for k, v in body.items() %}{{ loop.index }}{{ k }}="
        "{{ v | json | indent(2) | replace('1', '2') }}{{ ',' if not loop.last }}{% endfor %}"
        "{{ [shout(model), 'b'] | join('-') }}{{ url[:5] }}{% set x = 2 * 3 %}{{ x }}",
    )
    (folder / "lib.j2").write_text("{% macro shout(t) %}{{ t.upper() }}{% endmacro %}")
    made = render_snippet(status_of({"n": 1}), "acorn/native", "curl", folder)
    assert made.text == "1n=2ACORN-bhttps6"


def test_a_template_that_is_a_link_out_of_the_repository_is_refused(tmp_path: Path) -> None:
    folder = broken(tmp_path / "a", "{% include 'leak.j2' %}")
    (folder / "leak.j2").symlink_to("/etc/passwd")
    with pytest.raises(BadInput, match="leak.j2: a link out of the repository"):
        render_snippet(status_of({}), "acorn/native", "curl", folder)


def test_a_missing_template_is_named(tmp_path: Path) -> None:
    (tmp_path / "openai-images").mkdir()
    with pytest.raises(BadInput) as refused:
        render_snippet(status_of({}), "acorn/images", "python", tmp_path)
    assert str(refused.value) == (
        f"{tmp_path}/openai-images/python.py.j2: openai-images/python.py.j2, needed for Python,"
        " does not exist. Write the template."
    )


@pytest.mark.parametrize("value", [float("inf"), float("-inf"), float("nan")])
@pytest.mark.parametrize("language", NATIVE)
def test_a_number_that_json_cannot_carry_is_refused(language: str, value: float) -> None:
    with pytest.raises(BadInput, match=str(value)) as refused:
        snippet_of(status_of({"n": [value]}), "native", language)
    assert_shape(refused.value)


def test_a_body_over_the_argument_limit_is_refused_for_curl_alone() -> None:
    empty = len(render_json({"p": ""}, 2).encode())
    room = ARGUMENT_LIMIT - empty
    assert snippet_of(status_of({"p": "x" * room}), "native", "curl")
    over = status_of({"p": "x" * (room + 1)})
    assert snippet_of(over, "native", "python")
    with pytest.raises(BadInput, match="120001 bytes, more than the limit of 120000") as refused:
        snippet_of(over, "native", "curl")
    assert_shape(refused.value)


def test_the_argument_limit_counts_bytes_not_characters() -> None:
    with pytest.raises(BadInput, match="120002 bytes"):
        quote_shell("é" * 60_001)


def assert_shape(error: BadInput) -> None:
    assert re.fullmatch(r"[^\n]+: [^\n]+[^.]\. [A-Z][^\n]+\.", str(error))


@repeatable
@given(texts)
def test_a_shell_word_reads_back_as_its_text(text: str) -> None:
    assert shlex.split(quote_shell(text)) == [text]


@repeatable
@given(values, st.sampled_from((0, 2, 7)))
def test_json_and_python_read_back_as_their_value(value: Any, indent: int) -> None:
    as_json, as_python = render_json(value, indent), render_python(value, indent)
    assert canonical(json.loads(as_json)) == canonical(value)
    assert canonical(ast.literal_eval(as_python)) == canonical(value)
    for text in (as_json, as_python):
        assert all(char == "\n" or char.isprintable() for char in text)


@pytest.mark.parametrize(
    ("value", "as_json", "as_python"),
    [
        ({}, "{}", "{}"),
        ([], "[]", "[]"),
        (
            {"a": {"b": []}},
            '{\n  "a": {\n    "b": []\n  }\n}',
            '{\n    "a": {\n        "b": [],\n    },\n}',
        ),
        (["TEXT", "IMAGE"], '["TEXT", "IMAGE"]', '["TEXT", "IMAGE"]'),
        ([[1]], "[\n  [1]\n]", "[\n    [1],\n]"),
        ([None, True, 1.5], "[null, true, 1.5]", "[None, True, 1.5]"),
        ('a "b"', r'"a \"b\""', "'a \"b\"'"),
        ("a\u2028\U000e0041", r'"a\u2028\udb40\udc41"', r'"a\u2028\U000e0041"'),
    ],
)
def test_a_value_is_laid_out_for_readers(value: object, as_json: str, as_python: str) -> None:
    assert (render_json(value), render_python(value)) == (as_json, as_python)


def test_the_languages_of_the_status_file_are_those_of_the_snippets() -> None:
    assert get_args(CodeLanguage) == tuple(LANGUAGES)
