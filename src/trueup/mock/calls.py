"""Calls: a call of a model, from the model that it names to its reply and its charge.

Answers only from the record; all else is refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from trueup.mock.incoming import IncomingRequest, json_object
from trueup.mock.ledger import Charge, GatewayLedger
from trueup.mock.picture import drawn_mime
from trueup.mock.replay_index import MODEL_IN_PATH, Replayable, ReplayIndex
from trueup.mock.reply import (
    BAD_BODY,
    MISSING,
    NO_CHANNEL,
    NO_MODEL,
    NO_PRICE,
    NO_TEXT,
    PROMPT_TOKENS,
    TOO_LARGE,
    UNKNOWN,
    MockReply,
    Refusal,
    as_json,
    refuse,
    replay,
    worded,
)
from trueup.model import Body, Signature

IMAGES = "/v1/images/"
DEFAULT_MODEL = "dall-e"
BLOCKED = {
    "promptFeedback": {"blockReason": "PROHIBITED_CONTENT"},
    "usageMetadata": {"promptTokenCount": PROMPT_TOKENS, "totalTokenCount": PROMPT_TOKENS},
}


@dataclass(frozen=True)
class Calls:
    """What answers the calls of one gateway."""

    record: ReplayIndex
    signatures: Mapping[str, Signature]
    media_url: str | None
    ledger: GatewayLedger

    def answer(self, asked: IncomingRequest, request_id: str) -> tuple[MockReply, Charge | None]:
        """The reply, and what is to be closed in the ledger once it is out."""
        ledger, key = self.ledger, asked.came.key
        token, called = ledger.keys.get(key), _called(asked)
        if token is None:
            return refuse(UNKNOWN if key else MISSING, request_id), None
        if isinstance(called, Refusal):
            return refuse(called, request_id), None
        model, body = called
        group = token.group or ledger.user.group
        found = None if body is None else self.record.find(asked.line, asked.came.read, body)
        if found is None:
            return refuse(NO_CHANNEL, request_id, group=group, model=model), None
        price_usd = ledger.options.price_usd(model)
        if price_usd is None:
            return refuse(NO_PRICE, request_id, model=model), None
        charge = Charge(
            token=token,
            model=model,
            upstream=self.record.mapped.get(model, model),
            request_id=request_id,
            quotas=ledger.quotas(price_usd, group),
            started=ledger.now,
        )
        ledger.hold(charge)
        answer = self._replay(found, asked, charge)
        charge.has_failed = answer.status >= 300
        charge.is_charged = not charge.has_failed or "billed-error" in ledger.options.faults
        return answer, charge

    def _replay(self, found: Replayable, asked: IncomingRequest, charge: Charge) -> MockReply:
        row, protocol, faults = found.row, found.protocol, self.ledger.options.faults
        charge.has_image = False
        if found.is_failing() or protocol is None:
            names = [name for name in row.signatures if name in self.signatures]
            if not names:
                return refuse(NO_TEXT, charge.request_id, row=row)
            return replay(self.signatures[names[0]].replay, charge.request_id, row)
        if MODEL_IN_PATH.match(asked.path) and "blocked-prompt" in faults:
            return as_json(BLOCKED)
        charge.has_image, charge.has_usage = True, "no-usage" not in faults
        content = worded(
            protocol,
            row.shape or protocol.shapes[0],
            found.model,
            drawn_mime(row.image.mime if row.image else None),
            f"{self.media_url or asked.site}/simulated-media/{quote(found.model, safe='')}",
            charge.model,
            charge.has_usage,
        )
        return MockReply(200, content, row=row)


def _called(asked: IncomingRequest) -> tuple[str, Body | None] | Refusal:
    """The model that is called and the body, None where a native call's is no JSON object."""
    if asked.body is None:
        return TOO_LARGE
    body = json_object(asked.body)
    if body and not asked.headers.get("content-type", "").startswith("application/json"):
        body = {}  # the gateway leaves a body unread that is not said to be JSON
    found = MODEL_IN_PATH.match(asked.path)
    if found:
        model: object = found[1]
    elif body is None:
        return BAD_BODY
    else:
        model = body.get("model") or (DEFAULT_MODEL if asked.path.startswith(IMAGES) else "")
    if not isinstance(model, str):
        return BAD_BODY
    return (model, body) if model else NO_MODEL
