"""Dialects: how the mock words its own errors, marks its replies and forms request ids.

An error of `plain` has `message`, `type` and `code`. One of new-api has one of two shapes: that of
the steps before a channel is chosen (keys sorted, no `param`), or that of the relay.
"""

import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache

from trueup.mock.incoming_request import IncomingRequest
from trueup.mock.ledger_options import Dialect
from trueup.mock.replies import BARE_JSON, JSON, MockReply, encoded
from trueup.model import Body, Replay, Target

OWN_ERROR = "new_api_error"
NODE = "5ab1e0de"
"""The part of a request id of C that names its node. Made up."""
Header = tuple[bytes, bytes]
SIMULATED: Header = (b"x-trueup-mock", b"simulated")
VERSION: Header = (b"x-new-api-version", b"simulated")
MARKS: Mapping[Dialect, tuple[Header, ...]] = {
    "plain": (SIMULATED,),
    "new-api-b": (VERSION, SIMULATED),
    "new-api-c": (VERSION, SIMULATED),
    "new-api-d": (SIMULATED,),
    "new-api-documented": (VERSION, SIMULATED),
}
"""The headers of every reply, beside its request id."""


@dataclass(frozen=True)
class Refusal:
    """An error of the gateway's own: its status, code and text in `plain`, then in new-api.

    `new_api` is the text of B and D; `english` and `chinese` are those of C where they differ from
    it. Texts are format strings. `is_relay` selects new-api's shape.
    """

    plain: tuple[int, str, str]
    status: int
    new_api: str
    code: str = ""
    english: str | None = None
    chinese: str | None = None
    is_relay: bool = False


NOT_ON_RECORD = (404, "not_on_record", "No observation on record sent this: {line}.")
EN, ZH = "Invalid token", "无效的令牌"
"""C has one text for every key that it refuses."""
MISSING = Refusal((401, "missing_key", "No API key was sent."), 401, "未提供令牌", "", EN, ZH)
UNKNOWN = Refusal((401, "invalid_key", "The API key is not valid."), 401, ZH, "", EN, ZH)
SPENT = Refusal(
    (403, "insufficient_quota", "The quota of the API key is used up."),
    401,
    "[{mask}] 该令牌额度已用尽 !token.UnlimitedQuota && token.RemainQuota = {remain}",
    "",
    EN,
    ZH,
)
EXHAUSTED = replace(SPENT, new_api="该令牌额度已用尽 TokenStatusExhausted[{mask}]")
TOKEN_SHORT = Refusal(
    (403, "insufficient_quota", "The quota of the API key is below the price of the call."),
    403,
    "token quota is not enough, token remain quota: ＄{remain}, need quota: ＄{need}",
    "pre_consume_token_quota_failed",
    is_relay=True,
)
USER_SHORT = Refusal(
    (403, "insufficient_quota", "The balance of the account is below the price of the call."),
    403,
    "预扣费额度失败, 用户剩余额度: ＄{remain}, 需要预扣费额度: ＄{need}",
    "insufficient_user_quota",
    is_relay=True,
)
USER_SPENT = replace(USER_SHORT, new_api="用户额度不足, 剩余额度: ＄{remain}")
NOT_LISTED = Refusal(
    (403, "model_not_allowed", "The API key may not call this model."),
    403,
    "该令牌无权访问模型 {model}",
    english="This token has no access to model {model}",
)
NO_MODEL = Refusal(
    NOT_ON_RECORD,
    400,
    "未指定模型名称，模型名称不能为空",
    english="Model name not specified, model name cannot be empty",
)
BAD_BODY = Refusal(
    (400, "invalid_body", "The request body is not valid: a JSON object was expected."),
    400,
    "Invalid request, 无效的请求, a JSON object was expected",
    english="Invalid request, a JSON object was expected",
)
NO_CHANNEL = Refusal(
    NOT_ON_RECORD,
    503,
    "分组 {group} 下模型 {model} 无可用渠道（distributor）",
    "model_not_found",
    english="No available channel for model {model} under group {group} (distributor)",
)
TOO_LARGE = Refusal(
    (413, "body_too_large", "The request body is too large."),
    413,
    "request body too large",
    "read_request_body_failed",
    is_relay=True,
)
NO_TEXT = Refusal(
    (500, "no_text_on_record", "The call failed as on record, which has no text of the failure."),
    500,
    "upstream error: no failure text is on record",
    "no_text_on_record",
    is_relay=True,
)
NO_FORM = Refusal(
    NOT_ON_RECORD, 500, "failed to parse multipart form", "convert_request_failed", is_relay=True
)
NOT_IMPLEMENTED = Refusal(
    NOT_ON_RECORD, 501, "API not implemented", "api_not_implemented", is_relay=True
)
OVERLOADED = Refusal(
    (503, "overloaded", "The gateway is overloaded. Try again later."),
    503,
    "system cpu overloaded",
    "system_cpu_overloaded",
)
PLAIN_TYPES = {401: "authentication_error", 403: "permission_error"}
UPSTREAM: Mapping[str, tuple[int, str, str, str | int | None]] = {
    "upstream-401": (401, "API key not valid. Please pass a valid API key.", "upstream_error", 401),
    "upstream-429": (429, "Resource has been exhausted (e.g. check quota).", "upstream_error", 429),
    "upstream-quota": (429, "You exceeded your current quota", "insufficient_quota", None),
    "upstream-html": (502, "openai_error", "bad_response_status_code", "bad_response_status_code"),
}
"""Status, text, type and code of an upstream's failure as the gateway passes it on: of Google, of
OpenAI, whose type is kept and whose code is null, and of one that is no JSON."""


def dialect_of(target: Target) -> Dialect:
    """Return the dialect of a target's rehearsal, by its ledger."""
    return "new-api-b" if target.ledger == "new-api" else "plain"


def new_request_id(dialect: Dialect) -> str:
    """Return a request id of the dialect's form.

    That of new-api is UTC time, nanoseconds, the node in C, and eight letters or digits.
    """
    if dialect == "plain":
        return f"{random.getrandbits(96):024x}"
    seconds, nanoseconds = divmod(time.time_ns(), 10**9)
    node = NODE if dialect == "new-api-c" else ""
    return f"{_stamp(seconds)}{nanoseconds}{node}{random.getrandbits(32):08X}"


@lru_cache(maxsize=4)
def _stamp(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y%m%d%H%M%S")


def id_header(dialect: Dialect) -> bytes:
    """Return the name of the header that has the request id."""
    return b"x-request-id" if dialect == "plain" else b"x-oneapi-request-id"


def refuse(
    dialect: Dialect, refusal: Refusal, request: IncomingRequest, request_id: str, **values: str
) -> MockReply:
    """Return an error of the gateway's own, its text formatted with `values`."""
    if dialect == "plain":
        status, code, text = refusal.plain
        kind = PLAIN_TYPES.get(status, "server_error" if status >= 500 else "invalid_request_error")
        return _plain(status, text.format(line=request.line), kind, code)
    text = _text(dialect, refusal, request).format(**values)
    if refusal is not OVERLOADED:
        text = _with_id(text, request_id)
    if refusal.is_relay:
        return _relay_error(refusal.status, text, OWN_ERROR, refusal.code)
    return _new_api(refusal.status, {"code": refusal.code, "message": text, "type": OWN_ERROR})


def _text(dialect: Dialect, refusal: Refusal, request: IncomingRequest) -> str:
    if dialect != "new-api-c":
        return refusal.new_api
    own = refusal.chinese if is_chinese(request) else refusal.english
    return refusal.new_api if own is None else own


def is_chinese(request: IncomingRequest) -> bool:
    """Return whether C answers in Chinese: English is its default."""
    return request.headers.get("accept-language", "").lower().startswith("zh")


def replay(dialect: Dialect, replay: Replay, request_id: str) -> MockReply:
    """Return an error on record. A numeric code marks an upstream's error, which has no id."""
    if dialect == "plain":
        return _plain(replay.status, replay.message, replay.type, replay.code)
    is_upstream = isinstance(replay.code, int)
    text = replay.message if is_upstream else _with_id(replay.message, request_id)
    return _relay_error(replay.status, text, replay.type, replay.code)


def upstream_failure(dialect: Dialect, fault: str) -> MockReply:
    """Return the failure of an upstream as the gateway passes it on."""
    status, text, kind, code = UPSTREAM[fault]
    if dialect == "plain":
        return _plain(status, text, kind, code)
    param = None if code is None else ""
    return _new_api(status, {"message": text, "type": kind, "param": param, "code": code})


def unknown_path(dialect: Dialect, request: IncomingRequest) -> MockReply:
    """Return the error for a path or a method that the gateway does not know."""
    line = f"{request.method} {request.path}"
    if dialect == "plain":
        text = f"No such method and path: {line}."
        return _plain(404, text, "invalid_request_error", "not_found")
    return _relay_error(404, f"Invalid URL ({line})", "invalid_request_error", "")


def passed_on(dialect: Dialect, line: str, body: Body) -> tuple[str, Body]:
    """Return a request as new-api passes it on: an image without a prompt too, and a stream that is
    not requested by `alt` as one in C, as a single object in the others."""
    if line == "POST /v1/images/generations" and "prompt" not in body:
        body = {**body, "prompt": ""}
    if line.endswith(":streamGenerateContent"):
        path = line.removesuffix(":streamGenerateContent")
        is_stream = dialect == "new-api-c"
        line = f"{path}:streamGenerateContent?alt=sse" if is_stream else f"{path}:generateContent"
    return line, body


def _plain(status: int, text: str, kind: str, code: str | int | None) -> MockReply:
    error = {"message": text, "type": kind, "code": code}
    return MockReply(status, encoded({"error": error}), BARE_JSON)


def _relay_error(status: int, text: str, kind: str, code: str | int) -> MockReply:
    return _new_api(status, {"message": text, "type": kind, "param": "", "code": code})


def _new_api(status: int, error: Mapping[str, str | int | None]) -> MockReply:
    """Return an error with the escapes of Go's JSON, which readers of bytes meet."""
    content = encoded({"error": error})
    for letter in b"&<>":
        content = content.replace(bytes([letter]), b"\\u%04x" % letter)
    return MockReply(status, content, JSON)


def _with_id(text: str, request_id: str) -> str:
    return f"{text} (request id: {request_id})"
