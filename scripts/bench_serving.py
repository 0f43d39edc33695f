"""The serving part of scripts/bench: the mock under load, beside a bare app on the same server and,
where it is installed, beside Prism; each on the first core, the load on the last."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from trueup.mock import Faulty, create_app, create_server, listen
from trueup.request import request_of
from trueup.status_file import load_status

TOP = Path(__file__).parent.parent
STATUS = load_status(TOP / "status.yml", datetime.now(UTC)).status
SENT = request_of(STATUS, "gemini-2.5-flash-image-preview/generate-content", STATUS.reference)
"""Its reply is short: an image is behind a link, which can be made as long as wanted."""
PATH = SENT.request.split()[1]
QUERY = "?key=YOUR_API_KEY"
ROUNDS = 3
CONNECTIONS, WARM_S, SECONDS = 32, 4, 5
SMALL, LARGE = 1024, 100 * 1024
PORT = 8943
SIZES = ((SMALL, 0), (LARGE, 0), (SMALL, LARGE))
"""Bytes of a request's body, and of the address of the image in the reply."""
REPORT = """
done = function(summary, latency, requests)
  local e = summary.errors
  print(string.format('{"per_s": %f, "p99_ms": %f, "errors": %d}',
    summary.requests / summary.duration * 1e6, latency:percentile(99) / 1000,
    e.connect + e.read + e.write + e.status + e.timeout))
end
"""


def measure_serving(prism: str = "") -> dict[str, Any]:
    """Each size of request and reply on each server; `prism` is its command, empty without one."""
    version = None
    if prism:
        version = subprocess.check_output([prism, "--version"], text=True).strip()
    else:
        print("Prism is not measured: no --prism PATH", file=sys.stderr)
    return {
        "on": datetime.now(UTC).date().isoformat(),
        "load": os.getloadavg()[0],
        "connections": CONNECTIONS,
        "prism_version": version,
        "loads": [measure_load(request, reply, prism) for request, reply in SIZES],
    }


def measure_load(request_bytes: int, reply_bytes: int, prism: str) -> dict[str, Any]:
    """Requests a second and latency of each server, in turns; the best round of each."""
    body = body_of(request_bytes)
    names = [*APPS, "prism"] if prism else [*APPS]
    rounds: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    for _ in range(ROUNDS):
        for name, found in rounds.items():
            with running(name, reply_bytes, prism) as url:
                found.append(under_load(url, body))
    best = {name: max(found, key=lambda one: one["per_s"]) for name, found in rounds.items()}
    sizes = {int(one.pop("reply_bytes")) for one in best.values()}
    assert len(sizes) == 1, sizes
    return {"request_bytes": len(body), "reply_bytes": sizes.pop(), **best}


def body_of(size: int) -> bytes:
    """The recorded request with a prompt so long that its body has the size."""
    body = json.loads(json.dumps(SENT.body))
    part = body["contents"][0]["parts"][0]
    part["text"] += "." * (size - len(json.dumps(body)))
    return json.dumps(body).encode()


@contextmanager
def running(name: str, reply_bytes: int, prism: str) -> Iterator[str]:
    """A server in a process of its own on the first core; yields its address."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, __file__, name, str(reply_bytes)]
        if name == "prism":
            document = Path(folder) / "openapi.json"
            document.write_text(json.dumps(document_of(reply_bytes)), encoding="utf-8")
            command = [prism, "mock", "-p", str(PORT), "-v", "silent", str(document)]
        server = subprocess.Popen(["taskset", "-c", "0", *command], stdout=subprocess.DEVNULL)
        try:
            yield f"http://127.0.0.1:{PORT}{PATH}{QUERY}"
        finally:
            server.terminate()
            server.wait()


def under_load(url: str, body: bytes) -> dict[str, float]:
    """What wrk on the last core makes of a server."""
    last = str((os.cpu_count() or 1) - 1)
    wait = ["curl", "-sf", "--retry", "50", "--retry-delay", "1", "--retry-connrefused"]
    wait += ["-H", "content-type: application/json", "--data-binary", "@-", url]
    reply = subprocess.run(wait, input=body, check=True, capture_output=True).stdout
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        headers = 'wrk.headers["content-type"] = "application/json"'
        script.write(f"wrk.method = 'POST'\nwrk.body = [[{body.decode()}]]\n{headers}\n{REPORT}")
        script.flush()
        load = ["taskset", "-c", last, "wrk", "-t1", f"-c{CONNECTIONS}", "-s", script.name, url]
        for seconds in (WARM_S, SECONDS):  # a compiler at run time, as Node's, needs the first
            timed = [*load, f"-d{seconds}s"]
            out = subprocess.run(timed, check=True, capture_output=True, text=True).stdout
    found: dict[str, float] = json.loads(out.strip().splitlines()[-1])
    assert not found.pop("errors"), found
    return found | {"reply_bytes": len(reply)}


def mock(reply_bytes: int) -> ASGIApp:
    """The mock as `trueup mock` serves it, its linked images at an address of that length."""
    media_url = "https://media.example/".ljust(reply_bytes, "a")
    return Faulty(create_app(STATUS, media_url=media_url), ())


def reply_of(reply_bytes: int) -> tuple[bytes, dict[str, str]]:
    """The body and the headers of the mock's reply."""
    from starlette.testclient import TestClient  # what is measured does not need it

    reply = TestClient(mock(reply_bytes)).post(PATH + QUERY, json=SENT.body)
    return reply.content, dict(reply.headers)


def bare(reply_bytes: int) -> ASGIApp:
    """An app that reads each request, and sends the mock's reply from memory."""
    content, named = reply_of(reply_bytes)
    headers = [(name.encode(), value.encode()) for name, value in named.items()]

    async def answer(_: Scope, receive: Receive, send: Send) -> None:
        while (await receive()).get("more_body"):
            pass
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    return answer


def document_of(reply_bytes: int) -> dict[str, Any]:
    """The same route as Prism reads it: its key, the schema of its body, and the mock's reply."""
    part = {"type": "object", "properties": {"text": {"type": "string"}}}
    content = {
        "type": "object",
        "properties": {
            "role": {"type": "string"},
            "parts": {"type": "array", "items": part},
        },
    }
    modes = {"type": "array", "items": {"type": "string"}}
    schema = {
        "type": "object",
        "required": ["contents"],
        "properties": {
            "contents": {"type": "array", "items": content},
            "generationConfig": {"type": "object", "properties": {"responseModalities": modes}},
        },
    }
    example = json.loads(reply_of(reply_bytes)[0])
    operation = {
        "security": [{"key": []}],
        "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}},
        "responses": {
            "200": {"description": "OK", "content": {"application/json": {"example": example}}}
        },
    }
    key = {"type": "apiKey", "in": "query", "name": "key"}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Served", "version": "1"},
        "components": {"securitySchemes": {"key": key}},
        "paths": {PATH: {"post": operation}},
    }


APPS: Mapping[str, Callable[[int], ASGIApp]] = {"mock": mock, "bare": bare}

if __name__ == "__main__":
    create_server(APPS[sys.argv[1]](int(sys.argv[2]))).run(sockets=[listen(PORT)])
