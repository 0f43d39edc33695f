"""Reply: the words and headers in which a gateway of this family answers. Holds no decision.

An error has one of two shapes: that of the steps before a channel is chosen (keys sorted, no
`param`), and that of the relay itself (`message`, `type`, `param`, `code`).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from trueup.mock.picture import EXTENSIONS, draw_picture
from trueup.model import Observation, Replay, Shape
from trueup.protocols import Picture, Protocol

JSON = "application/json; charset=utf-8"
OWN_ERROR = "new_api_error"
HTML = "text/html; charset=utf-8"
PROMPT_TOKENS, IMAGE_TOKENS = 10, 100
"""Simulated counts; nobody observed any."""
INDEX = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Simulated gateway</title></head>
<body><h1>Simulated gateway</h1>
<p>This is a mock. It answers from recorded observations, and nothing is sent anywhere.</p>
</body></html>
"""


@dataclass(frozen=True, slots=True)
class MockReply:
    """A reply on its way out; `row` is the observation that it replays."""

    status: int
    content: bytes
    content_type: str = JSON
    row: Observation | None = None


@dataclass(frozen=True)
class Refusal:
    """An error's status, text with the places to fill in, and code; `relay` is its shape."""

    status: int
    text: str
    code: str = ""
    relay: bool = False


MISSING = Refusal(401, "未提供令牌")
UNKNOWN = Refusal(401, "无效的令牌")
NO_MODEL = Refusal(400, "未指定模型名称，模型名称不能为空")
BAD_BODY = Refusal(400, "Invalid request, 无效的请求, a JSON object was expected")
NO_CHANNEL = Refusal(
    503, "分组 {group} 下模型 {model} 无可用渠道（distributor）", "model_not_found"
)
NO_PRICE = Refusal(
    500,
    "模型 {model} 倍率或价格未配置，请联系管理员设置；"
    "Model {model} ratio or price not set, please contact the administrator",
    "model_price_error",
    relay=True,
)
TOO_LARGE = Refusal(413, "request body too large", "read_request_body_failed", relay=True)
NO_TEXT = Refusal(
    500, "upstream error: no failure text is on record", "no_text_on_record", relay=True
)


def refuse(
    refusal: Refusal, request_id: str, row: Observation | None = None, **facts: str
) -> MockReply:
    """An error of the gateway's own, its places filled in with `facts`."""
    text = _with_id(refusal.text.format(**facts), request_id)
    if refusal.relay:
        return relay_error(refusal.status, text, OWN_ERROR, refusal.code, row)
    return _error(refusal.status, {"code": refusal.code, "message": text, "type": OWN_ERROR}, row)


def replay(replay: Replay, request_id: str, row: Observation) -> MockReply:
    """An error on record. A numeric code is an upstream's own error, passed on without id."""
    passed_on = isinstance(replay.code, int)
    text = replay.message if passed_on else _with_id(replay.message, request_id)
    return relay_error(replay.status, text, replay.type, replay.code, row)


def relay_error(
    status: int, text: str, kind: str, code: str | int, row: Observation | None = None
) -> MockReply:
    """An error in the relay's shape."""
    return _error(status, {"message": text, "type": kind, "param": "", "code": code}, row)


def invalid_url(method: str, path: str) -> MockReply:
    """What a path or a method that the gateway does not know answers."""
    return relay_error(404, f"Invalid URL ({method} {path})", "invalid_request_error", "")


def index_page() -> MockReply:
    """What any path outside the API answers."""
    return MockReply(200, INDEX.encode(), HTML)


def as_json(body: object, status: int = 200) -> MockReply:
    """A reply that is not an error."""
    return MockReply(status, encoded(body))


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


def _error(status: int, error: Mapping[str, str | int], row: Observation | None) -> MockReply:
    return MockReply(status, encoded({"error": error}), row=row)


def _with_id(text: str, request_id: str) -> str:
    return f"{text} (request id: {request_id})"
