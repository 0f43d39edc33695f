"""Snippets: what is typed for a reader arrives at the gateway unchanged, whatever it holds."""

import ast
import base64
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import cycle, product
from pathlib import Path
from threading import Thread
from typing import Any, get_args
from urllib.parse import urlsplit

import black
import markdown
import pytest
import trustme
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from mkdocs.config import load_config

from trueup.errors import BadInput
from trueup.macros import _tabs
from trueup.model import AuthKind, Status
from trueup.request import request_of
from trueup.site import extract_blocks
from trueup.snippet import (
    ARGUMENT_LIMIT,
    LANGUAGES,
    Snippet,
    base_places,
    languages_of,
    quote_shell,
    render_json,
    render_python,
    render_snippet,
)
from trueup.wording import Pages, load_catalogue

TOP = Path(__file__).parents[1]
TEMPLATES = TOP / "snippets"
REAL = Status.model_validate(yaml.safe_load((TOP / "tests" / "record.yml").read_text("utf-8")))
ROUTES = {"native": "gemini", "images": "openai-images"}
AUTHS: tuple[AuthKind, ...] = get_args(AuthKind)
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
KEY = "YOUR_API_KEY"
TESTED, OTHER = "https://gateway.example", "https://b.example:8443"
PIXEL = b"\x89PNG\r\n\x1a\n the rest of an image"
ENCODED = base64.b64encode(PIXEL).decode()
SOILED = f"{ENCODED[:8]}%%%%{ENCODED[8:]}"
INLINE = {"inlineData": {"mimeType": "image/png", "data": ENCODED}}

BATCH, BATCHES, PAGES = 25, 20, 200
BIG = 100 * 1024
HOSTILE = (
    *("'", '"', "\\", "$(id)", "${HOME}", "`id`", "\n", "\t", "\r", "\r\n", "!!", "%s", "\0", "@x"),
    *("{{ 7*7 }}", "{% raw %}", "{#", "#}", "```", "~~~", "=== 'x'", "<!--stamp:x-->", "</code>"),
    *("<script>", "&amp;", "&#10;", "[x](y)", "{ .x #y }", "\\'", "'\\''", "\\\n", " \n ", "  "),
    *("\U0001f468\u200d\U0001f469\u200d\U0001f467", "\U0001f3f3\ufe0f\u200d\U0001f308", "e\u0301"),
    *("\u2028", "\u2029", "\x85", "\ufeff", "\u00a0", "\u200b", "\u202e", "\u0301", "\x1b[31m"),
    *(
        "\ue000",
        "\uf8ff",
        "\uffff",
        "\U000e0041",
        "\U000f0000",
        "\U0010ffff",
        "\x02",
        "\x03",
        "\x7f",
    ),
)
texts = st.lists(st.sampled_from(HOSTILE) | st.text(max_size=8), max_size=6).map("".join)
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(10**60), 10**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
bodies = st.dictionaries(texts, values, max_size=4)


def stretched(unit: str) -> dict[str, Any]:
    """A body of one text that takes as much of 100 KiB as whole units of it can."""
    body = {"prompt": unit * (BIG // len(render_json(unit)[1:-1].encode()))}
    assert BIG / 2 < len(render_json(body).encode()) < ARGUMENT_LIMIT
    return body


big_bodies = texts.filter(bool).map(stretched)
batches = st.tuples(st.lists(bodies, min_size=BATCH - 1, max_size=BATCH - 1), big_bodies).map(
    lambda drawn: [*drawn[0], drawn[1]]
)
repeatable = settings(derandomize=True, deadline=None, database=None)


@dataclass
class Answer:
    """What the gateway answers; with `links`, what it serves at each path."""

    body: bytes
    status: int = 200
    mime: str = "application/json"
    links: dict[str, tuple[str, bytes]] = field(default_factory=dict)


@dataclass
class Gateway:
    """A server on loopback that keeps what it was sent."""

    base_url: str
    answer: Answer | None = None
    requests: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)

    def reply(self, path: str) -> Answer:
        if self.answer and path in self.answer.links:
            mime, content = self.answer.links[path]
            return Answer(content, mime=mime)
        if self.answer:
            return self.answer
        if "generateContent" in path:
            return Answer(json.dumps(native(INLINE)).encode())
        return Answer(json.dumps({"data": [{"b64_json": ENCODED}]}).encode())


@pytest.fixture(scope="module")
def server() -> Iterator[Gateway]:
    recorder = Gateway("")

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            recorder.requests.append((self.command, self.path, dict(self.headers), body))
            reply = recorder.reply(urlsplit(self.path).path)
            self.send_response(reply.status)
            if reply.mime:
                self.send_header("Content-Type", reply.mime)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listener:
        recorder.base_url = f"http://127.0.0.1:{listener.server_port}"
        thread = Thread(target=listener.serve_forever)
        thread.start()
        yield recorder
        listener.shutdown()
        thread.join()


@pytest.fixture
def gateway(server: Gateway) -> Gateway:
    server.answer, server.requests = None, []
    return server


def native(*parts: object) -> dict[str, Any]:
    return {"candidates": [{"content": {"role": "model", "parts": list(parts)}}]}


def status_of(
    body: dict[str, Any],
    base_url: str = "https://gateway.example",
    auth: AuthKind = "query-key",
    method: str = "POST",
    query: str = "",
) -> Status:
    """A status file with one model on both protocols, sending `body`."""
    paths = {"native": "/v1beta/models/{upstream}:generateContent", "images": "/v1/images/{model}"}
    return Status.model_validate(
        {
            "version": 1,
            "policy": {"reported_until": date(2026, 4, 14)},
            "targets": {"production": {"base_url": base_url, "reference": True}},
            "routes": {
                route: {
                    "request": f"{method} {paths[route]}{query}",
                    "protocol": protocol,
                    "auth": {"documented": auth},
                }
                for route, protocol in ROUTES.items()
            },
            "models": {"acorn": {"title": "Acorn", "upstream": "oak-1.5-image"}},
            "endpoints": {f"acorn/{route}": {"body": body} for route in ROUTES},
        }
    )


def snippet_of(status: Status, route: str, language: str) -> Snippet:
    return render_snippet(status, f"acorn/{route}", language, TEMPLATES)


def canonical(value: object) -> str:
    """JSON text that tells 1 from 1.0 and from true, which Python's == does not."""
    return json.dumps(value, sort_keys=True)


def environment() -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}


RUN_EACH = """
import runpy, sys
for file in sys.argv[1:]:
    runpy.run_path(file, run_name="__main__")
"""


def run_python(folder: Path, *files: Path) -> subprocess.CompletedProcess[str]:
    """Each file whole, in globals of its own, one after the other in one process."""
    # Nothing here speaks TLS; reading the usual certificates would take most of the time.
    trustme.CA().cert_pem.write_to_path(str(folder / "ca.pem"))
    variables = environment() | {"SSL_CERT_FILE": str(folder / "ca.pem")}
    command = [sys.executable, "-W", "error", "-c", RUN_EACH, *map(str, files)]
    return subprocess.run(
        command, cwd=folder, env=variables, capture_output=True, text=True, check=False
    )


def run_bash(folder: Path, file: Path) -> subprocess.CompletedProcess[str]:
    command = ["bash", str(file)]
    return subprocess.run(
        command, cwd=folder, env=environment(), capture_output=True, text=True, check=False
    )


RUNS: dict[str, Callable[..., subprocess.CompletedProcess[str]]] = {
    "curl": run_bash,
    "python": run_python,
}


@contextmanager
def written(snippets: list[Snippet]) -> Iterator[tuple[Path, list[Path]]]:
    with tempfile.TemporaryDirectory() as name:
        folder, files = Path(name), []
        for number, snippet in enumerate(snippets):
            files.append(folder / f"{number}.block")
            files[-1].write_bytes(snippet.text.encode())
        yield folder, files


def in_turn(batch: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], str]]:
    """Every other body to the other route, the last to both."""
    yield from zip(batch, cycle(ROUTES))
    yield batch[-1], list(ROUTES)[len(batch) % 2]


sent_by_bash: list[int] = []
sent_by_python: list[int] = []


@settings(repeatable, max_examples=BATCHES)
@given(batches)
def send_by_bash(server: Gateway, batch: list[dict[str, Any]]) -> None:
    cases = [(status_of(body, server.base_url), route) for body, route in in_turn(batch)]
    with written([snippet_of(*case, "curl") for case in cases]) as (folder, files):
        for (status, route), file in zip(cases, files, strict=True):
            server.requests.clear()
            ended = run_bash(folder, file)
            assert ended.returncode == 0, ended.stderr
            assert_arrived(server, [(status, route)])
            sent_by_bash.append(file.stat().st_size)


@settings(repeatable, max_examples=BATCHES)
@given(batches)
def send_by_python(server: Gateway, batch: list[dict[str, Any]]) -> None:
    cases = [(status_of(body, server.base_url), route) for body, route in in_turn(batch)]
    with written([snippet_of(*case, "python") for case in cases]) as (folder, files):
        server.requests.clear()
        ended = run_python(folder, *files)
        assert (ended.returncode, ended.stderr) == (0, "")
        assert_arrived(server, cases)
        sent_by_python.extend(file.stat().st_size for file in files)


def assert_arrived(server: Gateway, cases: list[tuple[Status, str]]) -> None:
    wanted = [request_of(status, f"acorn/{route}", "production").body for status, route in cases]
    arrived = [json.loads(body) for _, _, _, body in server.requests]
    assert list(map(canonical, arrived)) == list(map(canonical, wanted))


@pytest.mark.no_cover
def test_500_hostile_bodies_arrive_unchanged_from_real_bash_and_curl(gateway: Gateway) -> None:
    sent_by_bash.clear()
    send_by_bash(gateway)
    assert len(sent_by_bash) >= (BATCH + 1) * BATCHES
    assert sum(size > BIG / 2 for size in sent_by_bash) >= 2 * BATCHES


@pytest.mark.no_cover
def test_500_hostile_bodies_arrive_unchanged_from_python_processes_of_26_blocks_each(
    gateway: Gateway,
) -> None:
    sent_by_python.clear()
    send_by_python(gateway)
    assert len(sent_by_python) >= (BATCH + 1) * BATCHES
    assert sum(size > BIG / 2 for size in sent_by_python) >= 2 * BATCHES


@pytest.fixture(scope="module")
def any_body(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The templates of the languages that can send any body."""
    optional = [language.template for language in LANGUAGES.values() if language.optional]
    folder = tmp_path_factory.mktemp("templates") / "snippets"
    return shutil.copytree(TEMPLATES, folder, ignore=lambda *_: optional)


CONFIG = load_config(str(TOP / "mkdocs.yml"))


@pytest.mark.no_cover
@settings(repeatable, max_examples=PAGES)
@given(bodies, st.sampled_from(list(ROUTES)))
def test_a_block_of_a_page_is_byte_for_byte_the_snippet(
    any_body: Path, body: dict[str, Any], route: str
) -> None:
    assert_published(any_body, status_of(body), route)


@pytest.mark.no_cover
@settings(repeatable, max_examples=3)
@given(big_bodies)
def test_a_big_block_of_a_page_is_byte_for_byte_the_snippet(
    any_body: Path, body: dict[str, Any]
) -> None:
    assert_published(any_body, status_of(body), *ROUTES)


def assert_published(templates: Path, status: Status, *routes: str) -> None:
    pages = Pages(status, load_catalogue("en"), date(2026, 4, 14), lambda endpoint: "#")
    page = "\n\n".join(_tabs(pages, templates, f"acorn/{route}") for route in routes)
    html = markdown.markdown(
        f"# Title\n\n{page}\n\nAfter.\n",
        extensions=CONFIG.markdown_extensions,
        extension_configs=CONFIG.mdx_configs,
    )
    blocks = extract_blocks(html, "page/index.html")
    always = [name for name, language in LANGUAGES.items() if not language.optional]
    wanted = [snippet_of(status, *pair) for pair in product(routes, always)]
    assert [block.text.encode() for block in blocks] == [one.text.encode() for one in wanted]
    assert [(block.id, block.endpoint, block.language, block.tabbed) for block in blocks] == [
        (one.id, one.endpoint, one.language.fence, True) for one in wanted
    ]
    assert html.count("<!--stamp:") == len(wanted)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("auth", AUTHS)
@pytest.mark.parametrize("route", ROUTES)
def test_curl_and_python_send_the_same_request(
    route: str, auth: AuthKind, method: str, gateway: Gateway, tmp_path: Path
) -> None:
    status = status_of({"prompt": "a"}, gateway.base_url, auth, method)
    for language, run in RUNS.items():
        file = tmp_path / language
        file.write_text(snippet_of(status, route, language).text, encoding="utf-8")
        ended = run(tmp_path, file)
        assert ended.returncode == 0, ended.stderr
    by_curl, by_python = gateway.requests
    sent = request_of(status, f"acorn/{route}", "production")
    for command, path, headers, body in (by_curl, by_python):
        address = urlsplit(path)
        assert f"{command} {address.path}" == sent.request
        assert json.loads(body) == sent.body
        assert headers["Content-Type"] == "application/json"
        keys = {
            "query-key": address.query and address.query.removeprefix("key="),
            "bearer": headers.get("Authorization", "").removeprefix("Bearer "),
            "x-goog-api-key": {k.lower(): v for k, v in headers.items()}.get("x-goog-api-key"),
        }
        assert {kind: key for kind, key in keys.items() if key} == {auth: KEY}


def test_a_key_joins_the_query_that_a_route_has(gateway: Gateway, tmp_path: Path) -> None:
    status = status_of({}, gateway.base_url, query="?alt=json")
    for language, run in RUNS.items():
        file = tmp_path / language
        file.write_text(snippet_of(status, "native", language).text, encoding="utf-8")
        run(tmp_path, file)
    assert [urlsplit(path).query for _, path, _, _ in gateway.requests] == [
        f"alt=json&key={KEY}"
    ] * 2


def words_of(command: str) -> list[str]:
    """The words of a curl command as bash itself takes them apart."""
    shell = ["bash", "-c", f'curl() {{ printf "%s\\0" curl "$@"; }}\n{command}']
    printed = subprocess.run(shell, env=environment(), capture_output=True, text=True, check=True)
    return printed.stdout.split("\0")[:-1]


@pytest.mark.parametrize("auth", AUTHS)
@pytest.mark.parametrize("method", METHODS)
def test_the_curl_block_is_one_command_of_known_options(auth: AuthKind, method: str) -> None:
    status = status_of({"prompt": "it's"}, auth=auth, method=method)
    words = words_of(snippet_of(status, "images", "curl").text)
    header = {
        "query-key": [],
        "bearer": ["-H", f"Authorization: Bearer {KEY}"],
        "x-goog-api-key": ["-H", f"x-goog-api-key: {KEY}"],
    }[auth]
    url = "https://gateway.example/v1/images/acorn"
    assert words == [
        "curl",
        *([] if method == "POST" else ["-X", method]),
        f"{url}?key={KEY}" if auth == "query-key" else url,
        *("-H", "Content-Type: application/json"),
        *header,
        *("-d", '{\n    "model": "acorn",\n    "prompt": "it\'s"\n  }'),
    ]


@pytest.mark.parametrize("auth", AUTHS)
@pytest.mark.parametrize("method", METHODS)
def test_every_python_template_compiles_and_stays_as_black_leaves_it(
    auth: AuthKind, method: str
) -> None:
    for route in ROUTES:
        assert_formatted(snippet_of(status_of({"n": 1}, auth=auth, method=method), route, "python"))


def test_every_python_snippet_of_the_real_file_stays_as_black_leaves_it() -> None:
    made = [snippet for snippet in real_snippets() if snippet.language.fence == "python"]
    assert len(made) >= len(REAL.endpoints)
    for snippet in made:
        assert_formatted(snippet)


def assert_formatted(snippet: Snippet) -> None:
    text = snippet.text + "\n"
    compile(text, "block", "exec")
    assert black.format_str(text, mode=black.Mode()) == text


def real_snippets() -> Iterator[Snippet]:
    """Every snippet that the real file publishes."""
    for endpoint in REAL.endpoints:
        for language in languages_of(REAL.route_of(endpoint).protocol, TEMPLATES):
            yield render_snippet(REAL, endpoint, language.name, TEMPLATES)


def test_ids_are_unique_and_fit_for_html() -> None:
    made = [snippet.id for snippet in real_snippets()]
    assert len(set(made)) == len(made)
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+", one) for one in made)
    assert "nano-banana--generate-content--curl" in made


def test_a_snippet_is_aimed_at_the_reference_target_and_ends_without_a_newline() -> None:
    for text in (snippet.text for snippet in real_snippets()):
        assert "https://crazyrouter.com" in text
        assert text == text.strip() and "localhost" not in text
        assert all(line == line.rstrip() for line in text.split("\n"))


@pytest.mark.parametrize("language", LANGUAGES)
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


def test_a_template_that_does_more_with_the_base_url_leaves_no_choice(tmp_path: Path) -> None:
    status = status_of({})
    folder = broken(tmp_path, "curl {{ url }} # {{ base_url | length }}")
    snippet = render_snippet(status, "acorn/native", "curl", folder)
    with pytest.raises(BadInput, match="gemini/curl.sh.j2: the base URL changes more than its own"):
        base_places(snippet, status, folder)


def broken(folder: Path, template: str | bytes) -> Path:
    (folder / "gemini").mkdir()
    content = template.encode() if isinstance(template, str) else template
    (folder / "gemini" / "curl.sh.j2").write_bytes(content)
    (folder / "part.j2").write_text("curl \\\n{{ missing }}\n", encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("curl\n{{ nothing }}", "gemini/curl.sh.j2:2: 'nothing' is undefined; "),
        ("{% if %}", "gemini/curl.sh.j2:1: Expected an expression"),
        ("{{ body | odd }}", "gemini/curl.sh.j2:1: No filter named 'odd'; "),
        ("{{ 1 + url }}", "gemini/curl.sh.j2:1: unsupported operand type(s)"),
        ('{% include "part.j2" %}', "part.j2:2: 'missing' is undefined; "),
        ('{% include "gone.j2" %}', "gemini/curl.sh.j2: gone.j2 was not found; "),
        (b"\xff", "gemini/curl.sh.j2: 'utf-8' codec can't decode"),
        ("curl\t-s", "gemini/curl.sh.j2: the rendered snippet holds U+0009; "),
        ("curl \u200b", "gemini/curl.sh.j2: the rendered snippet holds U+200B; "),
    ],
)
def test_a_template_that_cannot_be_published_is_refused_where_it_is_wrong(
    template: str | bytes, message: str, tmp_path: Path
) -> None:
    with pytest.raises(BadInput) as refused:
        render_snippet(status_of({}), "acorn/native", "curl", broken(tmp_path, template))
    assert str(refused.value).startswith(f"{tmp_path}/{message}")
    assert_shape(refused.value)


def test_a_missing_template_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput) as refused:
        render_snippet(status_of({}), "acorn/images", "python", tmp_path)
    assert str(refused.value) == (
        f"{tmp_path}/openai-images/python.py.j2: openai-images/python.py.j2 was not found; a"
        " template for Python was expected. Write it."
    )


@pytest.mark.parametrize("value", [float("inf"), float("-inf"), float("nan")])
@pytest.mark.parametrize("language", LANGUAGES)
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
    with pytest.raises(BadInput, match="120001 bytes was found; at most 120000") as refused:
        snippet_of(over, "native", "curl")
    assert_shape(refused.value)


def test_the_argument_limit_counts_bytes_not_characters() -> None:
    with pytest.raises(BadInput, match="120002 bytes"):
        quote_shell("é" * 60_001)


def assert_shape(error: BadInput) -> None:
    assert re.fullmatch(
        r"[^\n]+: [^\n]+; [^\n]+ expected\. [A-Z][^\n]+\.|"
        r"[^\n]+: [^\n]+; [^\n]+ can be passed\. [A-Z][^\n]+\.",
        str(error),
    )


@settings(repeatable, max_examples=500)
@given(texts)
def test_a_shell_word_reads_back_as_its_text(text: str) -> None:
    assert shlex.split(quote_shell(text)) == [text]


@settings(repeatable, max_examples=300)
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


@dataclass(frozen=True)
class Ended:
    """What a Python block left behind."""

    code: int
    stdout: str
    stderr: str
    files: dict[str, bytes]


Block = Callable[[str, Answer], Ended]


@pytest.fixture
def block(gateway: Gateway, tmp_path: Path) -> Block:
    def run(route: str, answer: Answer, base_url: str = gateway.base_url) -> Ended:
        gateway.answer = answer
        file = tmp_path / "block.py"
        file.write_text(snippet_of(status_of({}, base_url), route, "python").text, encoding="utf-8")
        folder = tmp_path / "empty"
        folder.mkdir()
        ended = subprocess.run(
            [sys.executable, "-W", "error", str(file)],
            cwd=folder,
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        left = {path.name: path.read_bytes() for path in folder.iterdir()}
        return Ended(ended.returncode, ended.stdout, ended.stderr, left)

    return run


def answer(body: object, status: int = 200, **links: tuple[str, bytes]) -> Answer:
    paths = {f"/{name}": link for name, link in links.items()}
    return Answer(json.dumps(body).encode(), status, links=paths)


def data_uri(content: bytes, mime: str = "image/jpeg") -> dict[str, str]:
    return {"text": f"Here: ![image](data:{mime};base64,{base64.b64encode(content).decode()})"}


def link(gateway: Gateway, name: str = "linked") -> dict[str, str]:
    return {"text": f"Here: ![Image]({gateway.base_url}/{name})"}


def test_inline_data_wins_over_a_data_uri_and_a_link(block: Block, gateway: Gateway) -> None:
    reply = native(link(gateway), data_uri(b"other"), {"text": "and"}, INLINE)
    assert block("native", answer(reply, linked=("image/webp", b"linked"))) == Ended(
        0, f"Saved acorn.png ({len(PIXEL)} bytes)\n", "", {"acorn.png": PIXEL}
    )
    assert len(gateway.requests) == 1


def test_a_data_uri_wins_over_a_link(block: Block, gateway: Gateway) -> None:
    reply = native(link(gateway), {"text": None}, data_uri(PIXEL))
    assert block("native", answer(reply, linked=("image/webp", b"linked"))) == Ended(
        0, f"Saved acorn.jpg ({len(PIXEL)} bytes)\n", "", {"acorn.jpg": PIXEL}
    )
    assert len(gateway.requests) == 1


def test_a_link_is_followed_without_the_key(block: Block, gateway: Gateway) -> None:
    reply = native({"text": "Done."}, link(gateway))
    assert block("native", answer(reply, linked=("image/webp", PIXEL))) == Ended(
        0, f"Saved acorn.webp ({len(PIXEL)} bytes)\n", "", {"acorn.webp": PIXEL}
    )
    command, path, headers, _ = gateway.requests[1]
    assert (command, path) == ("GET", "/linked")
    assert KEY not in str(headers)


@pytest.mark.parametrize(
    "reply",
    [
        {"candidates": [{"content": None}, {}, *native(INLINE)["candidates"]], "error": None},
        {"candidates": [{"content": {"parts": None}}, *native(INLINE)["candidates"]]},
        native({"inlineData": None, "text": None}, INLINE),
    ],
)
def test_empty_places_before_the_image_are_passed_over(reply: object, block: Block) -> None:
    assert block("native", answer(reply)).files == {"acorn.png": PIXEL}


def test_the_images_route_saves_base64(block: Block) -> None:
    reply = {"data": [{"url": "", "b64_json": ENCODED}]}
    assert block("images", answer(reply)) == Ended(
        0, f"Saved acorn.png ({len(PIXEL)} bytes)\n", "", {"acorn.png": PIXEL}
    )


@pytest.mark.parametrize(
    ("mime", "name"),
    [
        ("image/jpeg", "acorn.jpg"),
        ("image/png; charset=binary", "acorn.png"),
        ("", "acorn.png"),
        ("image/x-unheard-of", "acorn.png"),
        ("binary/octet-stream", "acorn.png"),
    ],
)
def test_the_images_route_follows_a_link_and_names_the_file_by_its_type(
    mime: str, name: str, block: Block, gateway: Gateway
) -> None:
    reply = {"data": [{"url": f"{gateway.base_url}/linked", "b64_json": None}]}
    assert block("images", answer(reply, linked=(mime, PIXEL))).files == {name: PIXEL}


def assert_one_line(ended: Ended, says: str) -> None:
    assert ended.code not in (0, None)
    assert (ended.stdout, ended.files) == ("", {})
    assert re.fullmatch(r"acorn: no image: [^\n]+\n", ended.stderr), ended.stderr
    assert len(ended.stderr.splitlines()) == 1
    assert says in ended.stderr
    assert "Traceback" not in ended.stderr and KEY not in ended.stderr


REFUSALS = {
    "object": ({"error": {"message": "no\nchannel\u2028left", "code": "x"}}, "no channel left"),
    "object without message": ({"error": {"code": "no_channel"}}, "no_channel"),
    "text": ({"error": "no channel"}, "no channel"),
    "flat": ({"code": 500, "message": "no channel"}, "no channel"),
    "key repeated": ({"error": {"message": f"bad key {KEY}"}}, "bad key ***"),
    "unknown": ({"detail": "no channel"}, "no channel"),
    "list": ([{"error": "no channel"}], ""),
    "null": (None, ""),
}


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_refusal_is_told_in_one_line(route: str, refusal: str, block: Block) -> None:
    body, says = REFUSALS[refusal]
    ended = block(route, answer(body, 503))
    assert_one_line(ended, says)
    assert "HTTP 503: " in ended.stderr or not says


EMPTY: dict[str, Any] = {
    "an error with a 200": ({"error": {"message": "no channel"}}, "HTTP 200: no channel"),
    "no candidates": ({"candidates": []}, "the reply holds no image"),
    "null candidates": ({"candidates": None}, "the reply holds no image"),
    "null content": ({"candidates": [{"content": None}]}, "the reply holds no image"),
    "a text only": (native({"text": "Sorry."}), "the reply holds no image"),
    "a list": ([], ""),
    "a number": (7, ""),
    "a text": ("error", ""),
    "broken base64": (native({"inlineData": {"mimeType": "image/png", "data": "%%%"}}), ""),
    "soiled base64": (native({"inlineData": {"mimeType": "image/png", "data": SOILED}}), ""),
    "cut base64": (native({"inlineData": {"mimeType": "image/png", "data": "abcde"}}), ""),
    "no data": (native({"inlineData": {"mimeType": "image/png", "data": ""}}), "is empty"),
    "no type": (native({"inlineData": {"data": ENCODED}}), "mimeType"),
    "cut data URI": (native({"text": "![i](data:image/png;base64,abcde)"}), ""),
    "a link to nowhere": (native({"text": "![i](http://[)"}), ""),
}


@pytest.mark.parametrize("case", EMPTY)
def test_a_native_reply_without_an_image_is_told_in_one_line(case: str, block: Block) -> None:
    body, says = EMPTY[case]
    assert_one_line(block("native", answer(body)), says)


@pytest.mark.parametrize(
    "body",
    [
        {"data": []},
        {"data": None},
        {"data": [{}]},
        {"data": [{"b64_json": "%%%"}]},
        {"data": [{"b64_json": SOILED}]},
        {"data": [{"url": "/relative.png"}]},
        {"data": [{"url": "http://["}]},
        {"data": {"url": "x"}},
    ],
)
def test_an_images_reply_without_an_image_is_told_in_one_line(body: object, block: Block) -> None:
    assert_one_line(block("images", answer(body)), "")


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        (Answer(b"<h1>Bad gateway</h1>", 502, "text/html"), "HTTP 502, and the reply is not JSON"),
        (Answer(b"", 200, ""), "HTTP 200, and the reply is not JSON"),
        (Answer(b"", 200), ""),
        (Answer(b'{"candidates": [', 200), ""),
        (Answer(b"[" * 100_000, 200), ""),
        (Answer(b"\xff", 200), ""),
    ],
)
@pytest.mark.parametrize("route", ROUTES)
def test_a_reply_that_is_not_json_is_told_in_one_line(
    route: str, reply: Answer, says: str, block: Block
) -> None:
    assert_one_line(block(route, reply), says)


@pytest.mark.parametrize("mime", ["text/html", "text/plain", "application/json", "application/xml"])
def test_a_link_to_a_page_is_not_saved(mime: str, block: Block, gateway: Gateway) -> None:
    reply = answer(native(link(gateway)), linked=(mime, b"<h1>Expired</h1>"))
    assert_one_line(block("native", reply), f"the link leads to {mime}, not to an image")


def test_a_link_that_is_gone_or_empty_is_not_saved(
    block: Block, gateway: Gateway, tmp_path: Path
) -> None:
    assert_one_line(
        block("native", answer(native(link(gateway)), linked=("image/png", b""))), "empty"
    )


def test_a_refused_connection_is_told_in_one_line(tmp_path: Path) -> None:
    text = snippet_of(status_of({}, "http://127.0.0.1:1"), "native", "python").text
    file = tmp_path / "block.py"
    file.write_text(text, encoding="utf-8")
    folder = tmp_path / "empty"
    folder.mkdir()
    ended = subprocess.run(
        [sys.executable, str(file)], cwd=folder, env=environment(), capture_output=True, text=True
    )
    assert_one_line(Ended(ended.returncode, ended.stdout, ended.stderr, {}), "refused")
    assert not list(folder.iterdir())
