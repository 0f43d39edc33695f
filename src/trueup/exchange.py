"""Exchange: a request and its reply, as the mock or the relay saw them. It never has a key."""

from dataclasses import dataclass

from trueup.model import AuthKind


@dataclass(frozen=True)
class Exchange:
    """A request and its reply.

    `host` is the Host header (lower case, with port). `path` is decoded, without the query; `query`
    lacks the key. `auth` has the auth method of each key in the request. `request_id` is the
    reply's `X-Oneapi-Request-Id`. `answered_from` is the place of the observation that the mock
    replayed, if any. `is_whole` is false for a truncated reply, and for one that the relay made
    itself since the target sent none or a cap was reached; `reason` is then a clause that says why.
    """

    method: str
    host: str
    path: str
    query: tuple[tuple[str, str], ...]
    auth: tuple[AuthKind, ...]
    request_body: bytes
    status: int
    content_type: str
    response_body: bytes
    request_id: str | None = None
    answered_from: str | None = None
    is_whole: bool = True
    reason: str | None = None
