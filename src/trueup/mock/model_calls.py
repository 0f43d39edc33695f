"""Model calls: a call of a model, from the model that it names to its reply and its charge.

Answers only from the record; any other call is refused.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from trueup.exchange import content_in
from trueup.mock.incoming_request import IncomingRequest
from trueup.mock.ledger import Charge, GatewayLedger
from trueup.mock.replay_index import MODEL_IN_PATH, Called, Replayable, ReplayIndex
from trueup.mock.replies import (
    BAD_BODY,
    MISSING,
    NO_CHANNEL,
    NO_MODEL,
    NO_TEXT,
    TOO_LARGE,
    UNKNOWN,
    MockReply,
    Refusal,
    as_json,
    refuse,
    replay,
    success,
)
from trueup.model import NO_AUTH, Auth, Signature
from trueup.protocols.protocol import PROMPT_TOKENS

IMAGES = "/v1/images/"
DEFAULT_MODEL = "dall-e"
BLOCKED = {
    "promptFeedback": {"blockReason": "PROHIBITED_CONTENT"},
    "usageMetadata": {"promptTokenCount": PROMPT_TOKENS, "totalTokenCount": PROMPT_TOKENS},
}


@dataclass(frozen=True)
class ModelCalls:
    """The calls of one gateway's models. `media_url` is the address of linked images."""

    index: ReplayIndex
    signatures: Mapping[str, Signature]
    media_url: str | None
    ledger: GatewayLedger

    def answer(self, request: IncomingRequest, request_id: str) -> tuple[MockReply, Charge | None]:
        """Return the reply, and the charge to close in the ledger once the reply is out."""
        ledger, caller = self.ledger, request.caller
        token = ledger.keys.get(caller.key)
        auths: Collection[Auth] = caller.read
        if not caller.key and NO_AUTH in self.index.auths(request.method, request.path):
            token, auths = next(iter(ledger.keys.values()), None), (NO_AUTH,)
        if token is None:
            return refuse(UNKNOWN if caller.key else MISSING, request_id), None
        if request.body is None:
            return refuse(TOO_LARGE, request_id), None
        content = _content(request)
        called = Called(request.line, auths, request.own_headers, content or {})
        found = None if content is None else self.index.find(called)
        model = found.called if found else _model(request.path, content)
        if isinstance(model, Refusal):
            return refuse(model, request_id), None
        group = token.group or ledger.user.group
        if found is None:
            return refuse(NO_CHANNEL, request_id, group=group, model=model), None
        charge = Charge(
            token=token,
            model=model,
            upstream=self.index.mapped.get(model, model),
            request_id=request_id,
            quotas=ledger.options.quotas(model, group),
            started=ledger.now,
        )
        ledger.hold(charge)
        reply = self._replay(found, request, charge)
        charge.has_failed = reply.status >= 300
        charge.is_charged = not charge.has_failed or "billed-error" in ledger.options.faults
        return reply, charge

    def _replay(self, found: Replayable, request: IncomingRequest, charge: Charge) -> MockReply:
        row, protocol, faults = found.row, found.protocol, self.ledger.options.faults
        if found.is_failing() or protocol is None:
            names = [name for name in row.signatures if name in self.signatures]
            failure = (
                replay(self.signatures[names[0]].replay, charge.request_id)
                if names
                else refuse(NO_TEXT, charge.request_id)
            )
            return replace(failure, place=found.place)
        if MODEL_IN_PATH.match(request.path) and "blocked-prompt" in faults:
            return as_json(BLOCKED)
        charge.has_image, charge.has_usage = True, "no-usage" not in faults
        shape = row.shape if row.shape in protocol.shapes else next(iter(protocol.shapes))
        worded = success(
            protocol,
            shape,
            found.name,
            row.mime,
            f"{self.media_url or request.base_url}/simulated-media/{quote(found.name, safe='')}",
            charge.model,
            charge.has_usage,
        )
        return MockReply(200, worded.content, worded.content_type, place=found.place)


def _content(request: IncomingRequest) -> Mapping[str, Any] | None:
    """Return the body or the form by name; None for a body that is neither."""
    content = content_in(request.content_type, request.body or b"")
    if content and "body" in content and not request.content_type.startswith("application/json"):
        return {"body": {}}  # the gateway reads a body only where its type is JSON
    return content


def _model(path: str, content: Mapping[str, Any] | None) -> str | Refusal:
    """Return the model that a request names in its path, its body or its form."""
    if found := MODEL_IN_PATH.match(path):
        return found[1] or NO_MODEL
    if not content:
        return BAD_BODY
    (parts,) = content.values()
    model = parts.get("model") or (DEFAULT_MODEL if path.startswith(IMAGES) else "")
    if not isinstance(model, str):
        return BAD_BODY
    return model or NO_MODEL
