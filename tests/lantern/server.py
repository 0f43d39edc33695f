"""Lantern: a gateway of another family than new-api, as a program of its own. It owns nothing of
Trueup and imports nothing of it, so that both read its documentation for themselves.

Strict: what its documentation does not name is refused. Each request is a line of JSON in the log.
"""

import argparse
import base64
import json
import re
import ssl
import struct
import sys
import time
import zlib
from collections.abc import Callable
from email.message import Message
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import parse_qs, urlsplit

DOCS = "https://docs.lantern.example/problems"
RETIRED = "model lantern-glow-0 was retired on 2026-09-01; use lantern-glow-1"
MODELS = ("glow-1", "chat-1", "embed-1", "film-1", "voice-1", "ear-1")
RUNNING_POLLS = 2
PAGE = b"<!doctype html><title>502 Bad Gateway</title><h1>Bad gateway</h1>"
PNG_SIGNATURE, WAV_START = b"\x89PNG\r\n\x1a\n", b"RIFF"

Body = dict[str, Any]


class Problem(Exception):
    """An answer as RFC 9457 has it."""

    def __init__(self, status: int, name: str, title: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.body = {"type": f"{DOCS}/{name}", "title": title, "status": status, "detail": detail}


def unusable(detail: str) -> Problem:
    return Problem(422, "request-not-valid", "Request not valid", detail)


def unknown(path: str) -> Problem:
    return Problem(404, "unknown-path", "Path not known", f"{path} is no path of this gateway.")


def required(fields: Body, name: str, kind: type) -> Any:
    value = fields.get(name)
    if not isinstance(value, kind) or isinstance(value, bool) or not value:
        raise unusable(f"{name} is required, as {kind.__name__}")
    return value


def require_model(fields: Body, name: str) -> None:
    model = required(fields, "model", str)
    if model == "lantern-glow-0" and name == "lantern-glow-1":
        raise unusable(RETIRED)
    if model != name:
        raise unusable(f"model {model} is not served here; use {name}")


def require_messages(fields: Body) -> None:
    for message in required(fields, "messages", list):
        if not isinstance(message, dict) or message.get("role") not in ("user", "assistant"):
            raise unusable("messages needs a role of user or assistant in each")
        required(message, "content", str)
    required(fields, "max_tokens", int)


def picture(width: int = 32, height: int = 24) -> bytes:
    """A plain orange PNG."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    rows = (b"\0" + b"\xf0\x8c\x1e" * width) * height
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return PNG_SIGNATURE + head + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def now() -> int:
    return int(time.time())


class Gateway:
    """The routes, and the videos that were submitted."""

    def __init__(self, key: str, folder: Path) -> None:
        self.key, self.folder = key, folder
        self.polls: dict[str, int] = {}
        self._numbers, self._lock = count(1), Lock()

    @property
    def truth(self) -> str:
        """How the gateway differs from its documentation now: the word in the file `truth`."""
        file = self.folder / "truth"
        return file.read_text() if file.exists() else ""

    def answer(self, request: "Request") -> "Answer":
        path = urlsplit(request.path).path
        task = re.fullmatch(r"/v1/videos/(vid_[0-9a-f]+)(/content)?", path)
        pattern = f"/v1/videos/ID{task[2] or ''}" if task else path
        route = ROUTES.get((request.method, pattern))
        if route is None:
            raise unknown(path)
        auth, reply = route
        self._require_key(request, auth)
        if request.method == "GET" and request.content:
            raise unusable("a GET has no body")
        if urlsplit(request.path).query and auth != "query":
            raise unusable("this path has no query")
        return reply(self, request, task[1] if task else "")

    def _require_key(self, request: "Request", auth: str) -> None:
        bearer = request.headers.get("authorization")
        header = request.headers.get("x-api-key")
        token = parse_qs(urlsplit(request.path).query).get("token", [""])[0]
        sent = {"bearer": bearer, "header": header, "query": token}[auth]
        if auth != "bearer" and bearer is not None:
            raise unusable("authorization is not a header of this path")
        expected = f"Bearer {self.key}" if auth == "bearer" else self.key
        if sent != expected or self.truth == "key-expired":
            raise Problem(401, "key-not-accepted", "Key not accepted", "This key has expired.")

    def images(self, request: "Request", _: str) -> "Answer":
        fields = request.json()
        require_model(fields, "lantern-glow-1")
        required(fields, "prompt", str)
        if not re.fullmatch(r"[1-9]\d{1,3}x[1-9]\d{1,3}", required(fields, "size", str)):
            raise unusable("size is WIDTHxHEIGHT")
        return self._drawn()

    def edits(self, request: "Request", _: str) -> "Answer":
        parts = request.form()
        require_model(parts, "lantern-glow-1")
        required(parts, "prompt", str)
        if not required(parts, "image", bytes).startswith(PNG_SIGNATURE):
            raise unusable("image is no PNG file")
        return self._drawn()

    def _drawn(self) -> "Answer":
        image = base64.b64encode(picture()).decode()
        return as_json({"created": now(), "data": [{"b64_json": image}]})

    def chat(self, request: "Request", _: str) -> "Answer":
        fields = request.json()
        require_model(fields, "lantern-chat-1")
        require_messages(fields)
        head: Body = {"id": "chat_1", "created": now(), "model": "lantern-chat-1"}
        if fields.get("stream") is True:
            return self._streamed(head)
        message = {"role": "assistant", "content": "pong"}
        choice: Body = {"index": 0, "message": message, "finish_reason": "stop"}
        if self.truth == "lost-fields":
            del message["content"]
        return as_json({**head, "object": "chat.completion", "choices": [choice]})

    def _streamed(self, head: Body) -> "Answer":
        deltas: list[Body] = [{"role": "assistant"}, {"content": "po"}, {"content": "ng"}, {}]
        events = []
        for delta in deltas:
            end = None if delta else "stop"
            choice: Body = {"index": 0, "delta": delta, "finish_reason": end}
            event = {**head, "object": "chat.completion.chunk", "choices": [choice]}
            events.append(f"data: {json.dumps(event)}\n\n".encode())
        return Answer("text/event-stream", [*events, b"data: [DONE]\n\n"])

    def embeddings(self, request: "Request", _: str) -> "Answer":
        fields = request.json()
        require_model(fields, "lantern-embed-1")
        if not fields.get("input") or not isinstance(fields["input"], str | list):
            raise unusable("input is required, as str or list")
        vector = [round((place % 17) / 17 - 0.5, 6) for place in range(256)]
        row: Body = {"object": "embedding", "index": 0, "embedding": vector}
        usage = {"prompt_tokens": 6, "total_tokens": 6}
        return as_json({"object": "list", "data": [row], "usage": usage})

    def submit(self, request: "Request", _: str) -> "Answer":
        fields = request.json()
        require_model(fields, "lantern-film-1")
        required(fields, "prompt", str)
        required(fields, "seconds", int)
        if self.truth == "no-film":
            raise unusable("this month has no more films")
        with self._lock:
            name = f"vid_{next(self._numbers):08x}"
            self.polls[name] = 0
        return as_json({"id": name, "status": "queued"}, 202)

    def poll(self, request: "Request", name: str) -> "Answer":
        with self._lock:
            self._require_task(name)
            self.polls[name] += 1
            is_running = self.polls[name] <= RUNNING_POLLS
        state: Body = {"id": name, "status": "running", "url": None, "error": None}
        if not is_running:
            state |= {"status": "done", "url": f"/v1/videos/{name}/content"}
        if not is_running and self.truth == "lost-fields":
            state |= {"status": "failed", "url": None, "error": "the renderer ran out of film"}
        return as_json(state)

    def content(self, request: "Request", name: str) -> "Answer":
        self._require_task(name)
        if self.polls[name] <= RUNNING_POLLS:
            raise unusable(f"{name} is still running")
        return Answer("video/mp4", [(self.folder / "film.mp4").read_bytes()])

    def _require_task(self, name: str) -> None:
        if name not in self.polls:
            raise unknown(f"/v1/videos/{name}")

    def speech(self, request: "Request", _: str) -> "Answer":
        fields = request.json()
        require_model(fields, "lantern-voice-1")
        required(fields, "input", str)
        required(fields, "voice", str)
        return Answer("audio/mpeg", [(self.folder / "voice.mp3").read_bytes()])

    def transcription(self, request: "Request", _: str) -> "Answer":
        parts = request.form()
        require_model(parts, "lantern-ear-1")
        if not required(parts, "file", bytes).startswith(WAV_START):
            raise unusable("file is no WAV file")
        return as_json({"text": "Half a second of nothing."})

    def models(self, request: "Request", _: str) -> "Answer":
        facts: Body = {"object": "model", "created": 1767225600, "owned_by": "lantern"}
        return as_json(
            {"object": "list", "data": [{"id": f"lantern-{name}", **facts} for name in MODELS]}
        )

    def messages(self, request: "Request", _: str) -> "Answer":
        if request.headers.get("anthropic-version") != "2023-06-01":
            raise unusable("anthropic-version is required, as 2023-06-01")
        fields = request.json()
        require_model(fields, "lantern-chat-1")
        require_messages(fields)
        message: Body = {"id": "msg_1", "type": "message", "role": "assistant"}
        message |= {"model": "lantern-chat-1", "content": [{"type": "text", "text": "pong"}]}
        message |= {"stop_reason": "end_turn", "stop_sequence": None}
        return as_json({**message, "usage": {"input_tokens": 12, "output_tokens": 2}})

    def styles(self, request: "Request", _: str) -> "Answer":
        prices = {"paper": "0.02", "neon": "0.035"}
        styles = [
            {"name": name, "price": {"amount": amount, "currency": "EUR"}}
            for name, amount in prices.items()
        ]
        if self.truth == "lost-fields":
            styles = [{"name": name} for name in prices]
        return as_json({"styles": styles, "count": len(styles)})


class Answer:
    """A reply in the pieces in which it is sent."""

    def __init__(self, mime: str, pieces: list[bytes], status: int = 200) -> None:
        self.mime, self.pieces, self.status = mime, pieces, status


def as_json(body: Body, status: int = 200, mime: str = "application/json") -> Answer:
    return Answer(mime, [json.dumps(body).encode()], status)


Reply = Callable[[Gateway, "Request", str], Answer]
ROUTES: dict[tuple[str, str], tuple[str, Reply]] = {
    ("POST", "/v1/images/generations"): ("bearer", Gateway.images),
    ("POST", "/v1/images/edits"): ("bearer", Gateway.edits),
    ("POST", "/v1/chat/completions"): ("bearer", Gateway.chat),
    ("POST", "/v1/embeddings"): ("bearer", Gateway.embeddings),
    ("POST", "/v1/videos"): ("bearer", Gateway.submit),
    ("GET", "/v1/videos/ID"): ("bearer", Gateway.poll),
    ("GET", "/v1/videos/ID/content"): ("bearer", Gateway.content),
    ("POST", "/v1/audio/speech"): ("bearer", Gateway.speech),
    ("POST", "/v1/audio/transcriptions"): ("bearer", Gateway.transcription),
    ("GET", "/v1/models"): ("bearer", Gateway.models),
    ("POST", "/v1/messages"): ("header", Gateway.messages),
    ("GET", "/v1/styles"): ("query", Gateway.styles),
}


class Request:
    """A request, and its content in the form that its path takes."""

    def __init__(self, method: str, path: str, headers: Message, content: bytes) -> None:
        self.method, self.path, self.headers, self.content = method, path, headers, content

    def json(self) -> Body:
        if self.headers.get_content_type() != "application/json":
            raise unusable("content-type is application/json")
        try:
            fields = json.loads(self.content)
        except ValueError:
            fields = None
        if not isinstance(fields, dict):
            raise unusable("the body is no JSON object")
        return fields

    def form(self) -> Body:
        if self.headers.get_content_type() != "multipart/form-data":
            raise unusable("content-type is multipart/form-data")
        head = f"Content-Type: {self.headers['content-type']}\r\n\r\n".encode()
        parts: Body = {}
        for part in BytesParser(policy=HTTP).parsebytes(head + self.content).iter_parts():
            content = bytes(part.get_payload(decode=True))
            name = str(part.get_param("name", header="content-disposition"))
            parts[name] = content if part.get_filename() else content.decode()
        return parts


def handler_of(gateway: Gateway) -> type[BaseHTTPRequestHandler]:
    lock, log = Lock(), gateway.folder / "log"

    class Handler(BaseHTTPRequestHandler):
        server_version = "Lantern"

        def do(self) -> None:
            content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            try:
                answer = gateway.answer(Request(self.command, self.path, self.headers, content))
                if gateway.truth.startswith("page"):
                    answer = Answer(
                        "text/html", [PAGE], 200 if gateway.truth == "page-200" else 502
                    )
            except Problem as problem:
                answer = as_json(problem.body, problem.status, "application/problem+json")
            line = {"method": self.command, "path": urlsplit(self.path).path}
            with lock, log.open("a") as file:
                file.write(json.dumps({**line, "status": answer.status}) + "\n")
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.mime)
            if len(answer.pieces) == 1:
                self.send_header("Content-Length", str(len(answer.pieces[0])))
            self.end_headers()
            for piece in answer.pieces:
                self.wfile.write(piece)
                self.wfile.flush()

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = do

        def log_message(self, format: str, *args: object) -> None:
            """The log is the file."""

    return Handler


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--certificate", required=True)
    parser.add_argument("--key", required=True)
    parser.add_argument("--folder", type=Path, required=True)
    given = parser.parse_args()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(given.certificate)
    gateway = Gateway(given.key, given.folder)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler_of(gateway)) as server:
        server.socket = tls.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
        sys.stdout.write(f"{server.server_port}\n")
        sys.stdout.flush()
        server.serve_forever()


if __name__ == "__main__":
    main()
