"""Reply: the words and headers in which a gateway of this family answers. Holds no decision.

An error has one of two shapes: that of the steps before a channel is chosen (keys sorted, no
`param`), and that of the relay itself (`message`, `type`, `param`, `code`).
"""

import json
import secrets
import string
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from trueup.model import Observation, Replay
from trueup.protocols import Picture, Protocol

JSON = "application/json; charset=utf-8"
NO_TEXT = Replay(
    status=500,
    message="upstream error: no failure text is on record",
    code="no_text_on_record",
)
INDEX = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Simulated gateway</title></head>
<body><h1>Simulated gateway</h1>
<p>This is a mock. It answers from recorded observations, and nothing is sent anywhere.</p>
</body></html>
"""


@dataclass(frozen=True)
class Answer:
    """A reply on its way out; `row` is the observation that it replays."""

    status: int
    content: bytes
    content_type: str = JSON
    row: Observation | None = None


def new_request_id() -> str:
    """A request id as the gateway stamps it: UTC time, nanoseconds, eight letters or digits.

    The one place of the mock that reads a clock: the stamp is part of the reply, no rule reads it.
    """
    now = time.time_ns()
    stamp = datetime.fromtimestamp(now // 10**9, UTC).strftime("%Y%m%d%H%M%S")
    letters = string.ascii_letters + string.digits
    return f"{stamp}{now % 10**9}{''.join(secrets.choice(letters) for _ in range(8))}"


def refusal(status: int, text: str, request_id: str, code: str = "") -> Answer:
    """An error from before a channel was chosen: auth, a bad body, no such model."""
    message = f"{text} (request id: {request_id})"
    return _error(status, {"code": code, "message": message, "type": "new_api_error"})


def relay_error(replay: Replay, request_id: str, row: Observation | None = None) -> Answer:
    """An error from the relay. A numeric code is an upstream's own error, passed on without id."""
    passed_on = isinstance(replay.code, int)
    message = replay.message if passed_on else f"{replay.message} (request id: {request_id})"
    error = {"message": message, "type": replay.type, "param": "", "code": replay.code}
    return _error(replay.status, error, row)


def invalid_url(method: str, path: str) -> Answer:
    """What a path or a method that the gateway does not know answers."""
    message = f"Invalid URL ({method} {path})"
    error = {"message": message, "type": "invalid_request_error", "param": "", "code": ""}
    return _error(404, error)


def index_page() -> Answer:
    """What any path outside the API answers."""
    return Answer(200, INDEX.encode(), "text/html; charset=utf-8")


def success(protocol: Protocol, row: Observation, picture: Picture, upstream: str) -> Answer:
    """A reply with the picture, in the shape that was observed or else the protocol's first."""
    body = protocol.word(row.shape or protocol.shapes[0], picture, upstream)
    return Answer(200, _encoded(body), row=row)


def _error(status: int, error: Mapping[str, str | int], row: Observation | None = None) -> Answer:
    return Answer(status, _encoded({"error": error}), row=row)


def _encoded(body: object) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
