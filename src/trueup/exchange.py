"""Exchange: a request and its reply, as the mock or the relay saw them. It never has a key."""

from dataclasses import dataclass

from trueup.model import AuthKind, InconclusiveKind


@dataclass(frozen=True)
class Failure:
    """Why no whole reply came, as a clause, and the kind of result that this makes."""

    reason: str
    kind: InconclusiveKind = "no-answer"


@dataclass(frozen=True)
class Exchange:
    """A request and its reply.

    `host` is the Host header (lower case, with port). `path` is decoded, without the query; `query`
    lacks the key. `auth` has the auth method of each key in the request. `request_id` is the
    reply's `X-Oneapi-Request-Id`. `answered_from` is the place of the observation that the mock
    replayed, if any. `failure` says why a reply was truncated, or why the relay made one itself.
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
    failure: Failure | None = None
