"""Exchange: the request and reply that the mock or the relay saw. It never holds a key."""

from dataclasses import dataclass

from trueup.model import AuthKind


@dataclass(frozen=True)
class Exchange:
    """One request and its reply.

    `host` is the Host header (lower case, port kept). `path` is decoded and has no query; `query`
    is what is left of the query once the key is taken out. `auth` lists the ways in which a key
    arrived. `request_id` is the reply's `X-Oneapi-Request-Id`. `answered_from` is the place of the
    observation that the mock replayed, None where it replayed none. `is_whole` is false where the
    relay itself answered because the target did not, or a cap was reached, and where a reply broke
    off; `reason` then says why, as a clause.
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
