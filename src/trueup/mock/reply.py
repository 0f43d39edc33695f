"""Reply: the words and headers in which a gateway of this family answers. Holds no decision.

An error has one of two shapes: that of the steps before a channel is chosen (keys sorted, no
`param`), and that of the relay itself (`message`, `type`, `param`, `code`).
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from trueup.mock.account import Dialect, Upstream
from trueup.mock.picture import EXTENSIONS, draw_picture
from trueup.mock.refusal import DOCUMENTED, NO_ANSWER, Refusal
from trueup.model import Observation, Replay, Shape
from trueup.protocols import Picture, Protocol

JSON = "application/json; charset=utf-8"
HTML = "text/html; charset=utf-8"
PROMPT_TOKENS, IMAGE_TOKENS = 10, 100
"""Simulated counts; nobody observed any."""
INDEX = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Simulated gateway</title></head>
<body><h1>Simulated gateway</h1>
<p>This is a mock. It answers from recorded observations, and nothing is sent anywhere.</p>
</body></html>
"""
HIDDEN = re.compile(
    r"https?://\S+|\b(?:\d{1,3}\.){3}\d{1,3}\b|\b(?:[A-Za-z0-9][A-Za-z0-9-]*\.)+[A-Za-z]{2,}\b"
)


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply on its way out; `row` is the observation that it replays."""

    status: int
    content: bytes
    content_type: str = JSON
    row: Observation | None = None


@dataclass(frozen=True, slots=True)
class Words:
    """The gateway's words for one request."""

    dialect: Dialect
    request_id: str

    def refuse(self, refusal: Refusal, **facts: object) -> Answer:
        """An error of the gateway's own, its places filled in with `facts`."""
        if self.dialect == "documented":
            refusal = DOCUMENTED.get(refusal, refusal)
        text = f"{refusal.text.format(**facts)} (request id: {self.request_id})"
        if not refusal.relay:
            error = {"code": refusal.code, "message": text, "type": refusal.type}
            return _error(refusal.status, error)
        return relay_error(refusal.status, text, refusal.type, refusal.code)

    def replay(self, replay: Replay, row: Observation | None) -> Answer:
        """An error on record. A numeric code is an upstream's own error, passed on without id."""
        passed_on = isinstance(replay.code, int)
        text = replay.message if passed_on else f"{replay.message} (request id: {self.request_id})"
        return relay_error(replay.status, text, replay.type, replay.code, row)

    def upstream(self, upstream: Upstream) -> Answer:
        """What the gateway makes of the reply that it got from a model's own API."""
        content, status = upstream.content, upstream.status
        if content is None:
            return self.refuse(NO_ANSWER)
        if status == 200:
            return Answer(200, content)
        try:
            reply = json.loads(content)
        except (ValueError, RecursionError):
            reply = None
        error = reply.get("error") if isinstance(reply, dict) else None
        kind = "bad_response_status_code"
        if isinstance(error, dict) and error.get("message"):
            code = error.get("code")
            code = code if isinstance(code, str | int) else ""
            text = _hidden(str(error["message"]))
            return relay_error(status, text, str(error.get("type") or "upstream_error"), code)
        message = error if isinstance(error, str) else None
        if message is None and isinstance(reply, dict):
            message = reply.get("message")
        if not isinstance(message, str) or not message:
            return relay_error(status, "openai_error", kind, kind)
        text = f"{_hidden(message)} (request id: {self.request_id})"
        return relay_error(status, text, kind, kind)


def relay_error(
    status: int, text: str, kind: str, code: str | int, row: Observation | None = None
) -> Answer:
    """An error in the relay's shape."""
    return _error(status, {"message": text, "type": kind, "param": "", "code": code}, row)


def invalid_url(method: str, path: str) -> Answer:
    """What a path or a method that the gateway does not know answers."""
    return relay_error(404, f"Invalid URL ({method} {path})", "invalid_request_error", "")


def index_page() -> Answer:
    """What any path outside the API answers."""
    return Answer(200, INDEX.encode(), HTML)


def as_json(body: object, status: int = 200) -> Answer:
    """A reply that is not an error."""
    return Answer(status, encoded(body))


@lru_cache(maxsize=64)
def worded(
    protocol: Protocol,
    shape: Shape,
    model: str,
    mime: str,
    media: str,
    upstream: str,
    has_usage: bool,
) -> bytes:
    """A reply with the model's picture; the bytes of the same reply are made once.

    Only native replies carry token counts, simulated ones.
    """
    picture = Picture(draw_picture(model, mime), mime, f"{media}.{EXTENSIONS[mime]}")
    body = protocol.word(shape, picture, upstream)
    if has_usage and "candidates" in body:
        body["usageMetadata"] = {
            "promptTokenCount": PROMPT_TOKENS,
            "candidatesTokenCount": IMAGE_TOKENS,
            "totalTokenCount": PROMPT_TOKENS + IMAGE_TOKENS,
        }
    return encoded(body)


def encoded(body: object) -> bytes:
    """JSON as the gateway writes it."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _error(status: int, error: Mapping[str, str | int], row: Observation | None = None) -> Answer:
    return Answer(status, encoded({"error": error}), row=row)


def _hidden(text: str) -> str:
    """The text without URLs, host names and addresses, as the gateway passes on any error."""
    return HIDDEN.sub("***", text)
