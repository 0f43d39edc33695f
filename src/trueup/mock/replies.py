"""Replies: the texts and headers in which a gateway of this family answers. Makes no decision.

An error has one of two shapes: that of the steps before a channel is chosen (keys sorted, no
`param`), and that of the relay itself (`message`, `type`, `param`, `code`).
"""

import json
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from trueup.mock.sample import sample_of
from trueup.model import Replay, Shape
from trueup.protocols import Protocol, WordedReply

JSON = "application/json; charset=utf-8"
OWN_ERROR = "new_api_error"
HTML = "text/html; charset=utf-8"
INDEX = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Simulated gateway</title></head>
<body><h1>Simulated gateway</h1>
<p>This is a mock. It answers from recorded observations, and nothing is sent anywhere.</p>
</body></html>
"""


@dataclass(frozen=True, slots=True)
class MockReply:
    """A reply on its way out; `place` is that of the observation that it replays."""

    status: int
    content: bytes
    content_type: str = JSON
    place: str | None = None


@dataclass(frozen=True)
class Refusal:
    """An error's status, text (a format string) and code; `is_relay` selects its shape."""

    status: int
    text: str
    code: str = ""
    is_relay: bool = False


MISSING = Refusal(401, "未提供令牌")
UNKNOWN = Refusal(401, "无效的令牌")
NO_MODEL = Refusal(400, "未指定模型名称，模型名称不能为空")
BAD_BODY = Refusal(400, "Invalid request, 无效的请求, a JSON object was expected")
NO_CHANNEL = Refusal(
    503, "分组 {group} 下模型 {model} 无可用渠道（distributor）", "model_not_found"
)
TOO_LARGE = Refusal(413, "request body too large", "read_request_body_failed", is_relay=True)
NO_TEXT = Refusal(
    500, "upstream error: no failure text is on record", "no_text_on_record", is_relay=True
)


def new_request_id() -> str:
    """Return a request id of the gateway's form: UTC time, nanoseconds, eight letters or digits."""
    seconds, nanoseconds = divmod(time.time_ns(), 10**9)
    return f"{_stamp(seconds)}{nanoseconds}{random.getrandbits(32):08X}"


@lru_cache(maxsize=4)
def _stamp(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y%m%d%H%M%S")


def refuse(refusal: Refusal, request_id: str, **values: str) -> MockReply:
    """Return an error of the gateway's own, its text formatted with `values`."""
    text = _with_id(refusal.text.format(**values), request_id)
    if refusal.is_relay:
        return relay_error(refusal.status, text, OWN_ERROR, refusal.code)
    return _error(refusal.status, {"code": refusal.code, "message": text, "type": OWN_ERROR})


def replay(replay: Replay, request_id: str) -> MockReply:
    """Return an error on record. A numeric code marks an upstream's error, which has no id."""
    is_upstream = isinstance(replay.code, int)
    text = replay.message if is_upstream else _with_id(replay.message, request_id)
    return relay_error(replay.status, text, replay.type, replay.code)


def relay_error(status: int, text: str, kind: str, code: str | int) -> MockReply:
    """Return an error in the relay's shape."""
    return _error(status, {"message": text, "type": kind, "param": "", "code": code})


def invalid_url(method: str, path: str) -> MockReply:
    """Return the error for a path or a method that the gateway does not know."""
    return relay_error(404, f"Invalid URL ({method} {path})", "invalid_request_error", "")


def index_page() -> MockReply:
    """Return the page at any path outside the API."""
    return MockReply(200, INDEX.encode(), HTML)


def as_json(body: object, status: int = 200) -> MockReply:
    """Return a reply with a JSON body."""
    return MockReply(status, encoded(body))


@lru_cache(maxsize=64)
def success(
    protocol: Protocol,
    shape: Shape,
    model: str,
    mime: str | None,
    media: str,
    upstream: str,
    has_usage: bool,
) -> WordedReply:
    """Return a reply with the model's simulated output; equal replies are made once."""
    sample = sample_of(protocol.shapes[shape], model, mime, media)
    return protocol.word(shape, sample, upstream, has_usage=has_usage)


def encoded(body: object) -> bytes:
    """Return the JSON text as the gateway writes it."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _error(status: int, error: Mapping[str, str | int]) -> MockReply:
    return as_json({"error": error}, status)


def _with_id(text: str, request_id: str) -> str:
    return f"{text} (request id: {request_id})"
