"""Recorder: a gateway on loopback that keeps what blocks send, the programs that run the blocks,
and the judge that compares them with the record."""

import base64
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from types import CodeType
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit

import black
import pytest
import trustme
import yaml

from trueup.model import Auth, Status
from trueup.request import request_of
from trueup.site import Block
from trueup.snippet import Snippet, render_snippet
from trueup.status_file import Stored
from trueup.verify.block_receipt import BlockReceipt
from trueup.verify.judge import verify_block
from trueup.verify.run import Harness

TOP = Path(__file__).parents[1]
TEMPLATES = TOP / "snippets"
REAL = Status.model_validate(yaml.safe_load((TOP / "tests" / "record.yml").read_text("utf-8")))
ROUTES = {"native": "gemini", "images": "openai-images"}
AUTHS: tuple[Auth, ...] = ("query key", "bearer", "header x-goog-api-key")
KEY = "YOUR_API_KEY"
TODAY = date(2026, 4, 14)
PIXEL = b"\x89PNG\r\n\x1a\n the rest of an image"
ENCODED = base64.b64encode(PIXEL).decode()
SEEN: dict[str, Any] = {
    **{"at": TODAY, "endpoint": "acorn/native", "target": "production", "outcome": "output"},
    **{"shape": "inline-data", "source": {"reported": "a test"}},
}
SEEN_SENT = {"request": "POST /earlier", "auth": "bearer", "body": {"*": None}}
INLINE = {"inlineData": {"mimeType": "image/png", "data": ENCODED}}


@dataclass
class Answer:
    """A reply of the gateway; `links` has the content of further paths."""

    body: bytes
    status: int = 200
    mime: str = "application/json"
    links: dict[str, tuple[str, bytes]] = field(default_factory=dict)


@dataclass
class Gateway:
    """A server on loopback that keeps the requests that it receives."""

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
            return answer(native(INLINE))
        return answer({"data": [{"b64_json": ENCODED}]})


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


def answer(body: object, status: int = 200, **links: tuple[str, bytes]) -> Answer:
    paths = {f"/{name}": link for name, link in links.items()}
    return Answer(json.dumps(body).encode(), status, links=paths)


def status_of(
    body: dict[str, Any],
    base_url: str = "https://gateway.example",
    auth: Auth = "query key",
    method: str = "POST",
    query: str = "",
) -> Status:
    """A status file with one model on both protocols, whose requests carry `body`."""
    paths = {"native": "/v1beta/models/{upstream}:generateContent", "images": "/v1/images/{model}"}
    return Status.model_validate(
        {
            "version": 2,
            "policy": {"reported_until": TODAY},
            "targets": {"production": {"base_url": base_url, "reference": True}},
            "routes": {
                route: {
                    "request": f"{method} {paths[route]}{query}",
                    "protocol": protocol,
                    "auth": auth,
                }
                for route, protocol in ROUTES.items()
            },
            "models": {"acorn": {"title": "Acorn", "upstream": "oak-1.5-image"}},
            "endpoints": {f"acorn/{route}": {"body": body} for route in ROUTES},
            # Without modalities in a request the shape on record says that it wants an image.
            "observations": [{**SEEN, "sent": {**SEEN_SENT, "base_url": base_url}}],
        }
    )


def snippet_of(status: Status, route: str, language: str) -> Snippet:
    return render_snippet(status, f"acorn/{route}", language, TEMPLATES)


@dataclass(frozen=True)
class Ended:
    """The end of a block: its exit code, its output and its files."""

    code: int
    stdout: str
    stderr: str
    files: dict[str, bytes]


Run = Callable[[str, Path], Ended]
"""Runs the text of a block from a file in the given folder, in an empty folder."""


RunBlock = Callable[[Snippet], Ended]
"""Runs a snippet in a process that others of its language share, if there is one."""


def saved(name: str) -> Ended:
    return Ended(0, f"Saved {name} ({len(PIXEL)} bytes)\n", "", {name: PIXEL})


def assert_one_line(ended: Ended, says: str) -> None:
    assert (ended.code, ended.stdout, ended.files) == (1, "", {})
    assert re.fullmatch(r"acorn: no image: [^\n]+\n", ended.stderr), ended.stderr
    assert len(ended.stderr.splitlines()) == 1
    assert says in ended.stderr
    assert "Traceback" not in ended.stderr and KEY not in ended.stderr


def assert_formatted(snippet: Snippet) -> None:
    text = snippet.text + "\n"
    compile(text, "block", "exec")
    assert black.format_str(text, mode=black.Mode()) == text


def program(name: str, *command: str) -> Run:
    """Run each block in a process of its own."""

    def run(text: str, folder: Path) -> Ended:
        file, empty, variables = _placed(text, folder, name)
        variables |= {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
        ended = subprocess.run(
            [*command, str(file)],
            cwd=empty,
            env=variables,
            capture_output=True,
            text=True,
            check=False,
        )
        return Ended(ended.returncode, ended.stdout, ended.stderr, _left(empty))

    return run


PROGRAMS = {
    "curl": program("block.sh", "bash"),
    "python": program("block.py", sys.executable, "-W", "error"),
    "genai": program("block.py", sys.executable, "-W", "error"),
    "javascript": program("block.mjs", "node"),
}


def run_here(text: str, folder: Path) -> Ended:
    """Run a Python block in this process, which has its imports already."""
    file, empty, variables = _placed(text, folder, "block.py")
    code, out, err = 0, StringIO(), StringIO()
    with (
        patch.dict(os.environ, variables),
        chdir(empty),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        try:
            exec(_compiled(text, file.name), {"__name__": "__main__"})
        except SystemExit as ended:
            code = 1
            print(ended.code, file=err)
    return Ended(code, out.getvalue(), err.getvalue(), _left(empty))


@cache
def _compiled(text: str, name: str) -> CodeType:
    """The code of a block, which many replies are given to."""
    return compile(text, name, "exec")


DRIVER = """
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
const report = process.stdout.write.bind(process.stdout);
const output = {};
for (const name of ["stdout", "stderr"]) {
  process[name].write = (text) => { output[name] += text; return true; };
}
for await (const line of createInterface({ input: process.stdin })) {
  const { file, folder } = JSON.parse(line);
  output.stdout = output.stderr = "";
  process.exitCode = 0;
  process.chdir(folder);
  await import(pathToFileURL(file));
  report(JSON.stringify({ code: process.exitCode, ...output }) + "\\n");
}
"""


@contextmanager
def open_node() -> Iterator[Run]:
    """One Node process that imports one block after the other."""

    def run(text: str, folder: Path) -> Ended:
        file, empty, _ = _placed(text, folder, "block.mjs")
        assert node.stdin and node.stdout
        node.stdin.write(json.dumps({"file": str(file), "folder": str(empty)}) + "\n")
        node.stdin.flush()
        line = node.stdout.readline()
        assert line, "the block ended Node; see its stderr"
        return Ended(**json.loads(line), files=_left(empty))

    with subprocess.Popen(
        ["node", "--input-type=module", "--eval", DRIVER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as node:
        yield run


needs_node = pytest.mark.skipif(
    shutil.which("node") is None and os.environ.get("CI") != "true",
    reason="node was not found; it runs the JavaScript blocks. Install Node 18 or newer.",
)


@pytest.fixture(scope="module")
def node_run() -> Iterator[Run]:
    if needs_node.args[0]:
        pytest.skip(needs_node.kwargs["reason"])
    with open_node() as run:
        yield run


@pytest.fixture
def run_block(request: pytest.FixtureRequest, tmp_path: Path) -> RunBlock:
    def run(snippet: Snippet) -> Ended:
        return run_of(snippet.language.name, request)(snippet.text, tmp_path)

    return run


def run_of(language: str, request: pytest.FixtureRequest) -> Run:
    """Return the fastest way to run many blocks of a language."""
    if language == "curl":
        return PROGRAMS[language]
    run: Run = request.getfixturevalue("node_run") if language == "javascript" else run_here
    return run


def block_of(
    endpoint: str, language: str, *changes: tuple[str, str], status: Status = REAL
) -> Block:
    """Return the block of an endpoint as it would be published, with some of its text replaced."""
    snippet = render_snippet(status, endpoint, language, TEMPLATES)
    text = snippet.text
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    fence = snippet.language.fence
    return Block("page/index.html", 1, fence, text, snippet.id, endpoint, None, True)


def judged(block: Block, harness: Harness, stored: Stored) -> BlockReceipt:
    return verify_block(block, ("page",), stored, harness, TODAY)


def _placed(text: str, folder: Path, name: str) -> tuple[Path, Path, dict[str, str]]:
    """Return the block's file, its empty folder, and a variable that replaces the usual
    certificates: nothing here uses TLS, and loading them would take most of the time."""
    file, empty, ca = folder / name, folder / "empty", folder / "ca.pem"
    file.write_text(text, encoding="utf-8", newline="")
    empty.mkdir()
    ca.write_bytes(_certificate())
    return file, empty, {"SSL_CERT_FILE": str(ca)}


@cache
def _certificate() -> bytes:
    return trustme.CA().cert_pem.bytes()


def _left(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def in_turn(batch: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], str]]:
    """Pair the bodies with the routes in turn, the last with both."""
    yield from zip(batch, cycle(ROUTES))
    yield batch[-1], list(ROUTES)[len(batch) % 2]


def send(
    gateway: Gateway, language: str, run: Run, cases: Sequence[tuple[dict[str, Any], str]]
) -> list[str]:
    """Send each body to its route, check that it arrives unchanged, and return the blocks."""
    texts, expected = [], []
    gateway.requests.clear()
    for body, route in cases:
        status = status_of(body, gateway.base_url)
        texts.append(snippet_of(status, route, language).text)
        expected.append(request_of(status, f"acorn/{route}", "production").body)
        with TemporaryDirectory() as folder:
            ended = run(texts[-1], Path(folder))
        assert ended.code == 0 if language == "curl" else ended == saved("acorn.png"), ended
    arrived = [json.loads(body) for _, _, _, body in gateway.requests]
    assert list(map(canonical, arrived)) == list(map(canonical, expected))
    return texts


def canonical(value: object) -> str:
    """Return JSON text, in which 1, 1.0 and true differ, as they do not for Python's ==."""
    return json.dumps(value, sort_keys=True)
