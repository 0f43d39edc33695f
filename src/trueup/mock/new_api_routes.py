"""New-api routes: what a gateway of that family has beside the record and its ledger, and the
headers that it adds."""

import gzip
import re
from collections.abc import Callable, Mapping

from trueup.exchange import content_in
from trueup.mock.dialects import MISSING, NO_MODEL, NOT_IMPLEMENTED, UNKNOWN, Header, refuse
from trueup.mock.incoming_request import IncomingRequest
from trueup.mock.ledger import GatewayLedger
from trueup.mock.ledger_options import Dialect
from trueup.mock.ledger_routes import PREFIX, PUBLIC
from trueup.mock.replay_index import ReplayIndex
from trueup.mock.replies import MockReply, as_json
from trueup.model import Body

RELAYED = ("/v1/", "/v1beta/")
OPEN_ORIGIN: Header = (b"access-control-allow-origin", b"*")
PREFLIGHT: tuple[Header, ...] = (
    OPEN_ORIGIN,
    (b"access-control-allow-headers", b"*"),
    (b"access-control-allow-methods", b"GET,POST,PUT,DELETE,OPTIONS"),
)
COMPRESSED: tuple[Header, ...] = ((b"content-encoding", b"gzip"), (b"vary", b"Accept-Encoding"))
AUTH_VERSION: Header = (b"auth-version", b"simulated")
UNBUILT = re.compile(r"/v1/(?:files|fine-tunes|images/variations)(?:/.*)?")
CREATED = 1626777600
"""The time that the family gives to every model."""


def read_new_api(
    ledger: GatewayLedger,
    index: ReplayIndex,
    request: IncomingRequest,
    body: bytes | None,
    request_id: str,
) -> MockReply | None:
    """Return the reply to a preflight, to a list of models or at a path that the family does not
    serve; None to any other request."""
    if request.method == "OPTIONS" and request.path.startswith(RELAYED):
        return MockReply(204, b"", "")
    listed = LISTS.get(request.path) if request.method == "GET" else None
    if not listed and not UNBUILT.fullmatch(request.path):
        return None
    dialect, key = ledger.options.dialect, request.caller.key
    if key not in ledger.keys:
        return refuse(dialect, UNKNOWN if key else MISSING, request, request_id)
    if listed:
        return as_json(listed(ledger, index))
    content: Mapping[str, Body] = content_in(request.content_type, body or b"") or {}
    has_model = any("model" in parts for parts in content.values())
    return refuse(dialect, NOT_IMPLEMENTED if has_model else NO_MODEL, request, request_id)


def as_sent(
    dialect: Dialect, request: IncomingRequest, content: bytes
) -> tuple[bytes, tuple[Header, ...]]:
    """Return the content as it is sent, compressed under `/api/`, and its further headers."""
    if request.path.startswith(RELAYED):
        return content, PREFLIGHT if request.method == "OPTIONS" else (OPEN_ORIGIN,)
    if not request.path.startswith(PREFIX):
        return content, ()
    is_owned = dialect == "new-api-c" and request.path not in PUBLIC
    more = (AUTH_VERSION,) if is_owned else ()
    if content and "gzip" in request.headers.get("accept-encoding", ""):
        return gzip.compress(content, mtime=0), (*more, *COMPRESSED)
    return content, more


def _models(ledger: GatewayLedger, index: ReplayIndex) -> dict[str, object]:
    """Return the models by name; their endpoint types are empty until the prices were read."""
    data = []
    for name in index.names():
        is_google = index.mapped.get(name, name).startswith("gemini")
        owner = "google gemini" if is_google else "openai"
        types = ["gemini", "openai"] if is_google else ["openai"]
        data.append(
            {
                "id": name,
                "object": "model",
                "created": CREATED,
                "owned_by": owner if ledger.options.dialect == "new-api-c" else "custom",
                "supported_endpoint_types": types if ledger.has_shown_prices else [],
            }
        )
    return {"data": data, "object": "list", "success": True}


def _native_models(_: GatewayLedger, index: ReplayIndex) -> dict[str, object]:
    models = [{"name": name, "displayName": name} for name in index.names()]
    return {"models": models, "nextPageToken": None}


LISTS: Mapping[str, Callable[[GatewayLedger, ReplayIndex], dict[str, object]]] = {
    "/v1/models": _models,
    "/v1beta/openai/models": _models,
    "/v1beta/models": _native_models,
}
