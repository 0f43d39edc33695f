"""Model calls: a call of a model, from the model that it names to its reply and its charge.

Answers only from the record; any other call is refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import quote

from trueup.mock.incoming_request import IncomingRequest, json_object
from trueup.mock.ledger import Charge, GatewayLedger
from trueup.mock.picture import drawn_mime
from trueup.mock.replay_index import MODEL_IN_PATH, Replayable, ReplayIndex
from trueup.mock.replies import (
    BAD_BODY,
    MISSING,
    NO_CHANNEL,
    NO_MODEL,
    NO_TEXT,
    PROMPT_TOKENS,
    TOO_LARGE,
    UNKNOWN,
    MockReply,
    Refusal,
    as_json,
    refuse,
    replay,
    success,
)
from trueup.model import Body, Signature

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
        token, called = ledger.keys.get(caller.key), _called(request)
        if token is None:
            return refuse(UNKNOWN if caller.key else MISSING, request_id), None
        if isinstance(called, Refusal):
            return refuse(called, request_id), None
        model, body = called
        group = token.group or ledger.user.group
        found = None if body is None else self.index.find(request.line, caller.read, body)
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
        content = success(
            protocol,
            row.shape or protocol.shapes[0],
            found.model,
            drawn_mime(row.image.mime if row.image else None),
            f"{self.media_url or request.base_url}/simulated-media/{quote(found.model, safe='')}",
            charge.model,
            charge.has_usage,
        )
        return MockReply(200, content, place=found.place)


def _called(request: IncomingRequest) -> tuple[str, Body | None] | Refusal:
    """Return the model and the body; the body of a native call is None if it is no JSON object."""
    if request.body is None:
        return TOO_LARGE
    body = json_object(request.body)
    if body and not request.headers.get("content-type", "").startswith("application/json"):
        body = {}  # the gateway reads a body only where its type is JSON
    found = MODEL_IN_PATH.match(request.path)
    if found:
        model: object = found[1]
    elif body is None:
        return BAD_BODY
    else:
        model = body.get("model") or (DEFAULT_MODEL if request.path.startswith(IMAGES) else "")
    if not isinstance(model, str):
        return BAD_BODY
    return (model, body) if model else NO_MODEL
