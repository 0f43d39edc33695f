"""Calls: a call of a model, from the model that it names to its reply and its charge.

Answers only from the record, or from what an operator put behind a model; all else is refused.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import quote

from trueup.mock.account import Upstream
from trueup.mock.admission import Caller
from trueup.mock.asked import Asked, json_object
from trueup.mock.ledger import Charge, Ledger
from trueup.mock.picture import drawn_mime
from trueup.mock.record import MODEL_IN_PATH, Record, Recorded
from trueup.mock.refusal import (
    BAD_BODY,
    INVALID,
    NO_CHANNEL,
    NO_MODEL,
    NO_PRICE,
    NO_RETRY,
    NO_TEXT,
    NOT_LISTED,
    TOO_LARGE,
)
from trueup.mock.reply import PROMPT_TOKENS, Answer, Words, as_json, worded
from trueup.model import Body, Signature

IMAGES = "/v1/images/"
DEFAULT_MODEL = "dall-e"
MODEL_FIELD = re.compile(rb'name="model"\r\n(?:[^\r\n]+\r\n)*\r\n([^\r\n]*)\r\n--')
NEVER_RETRIED = (400, 408, 504, 524)


@dataclass(frozen=True, slots=True)
class Call:
    """A call that was let in; `body` is None where a native call's is no JSON object."""

    asked: Asked
    caller: Caller
    words: Words
    model: str
    body: Body | None


@dataclass(frozen=True)
class Calls:
    """What answers the calls of one gateway."""

    record: Record
    signatures: Mapping[str, Signature]
    media_url: str | None
    ledger: Ledger

    def answer(self, asked: Asked, caller: Caller, words: Words) -> tuple[Answer, Charge | None]:
        """The reply, and what is to be closed in the ledger once it is out."""
        call = _read(asked, caller, words)
        if isinstance(call, Answer):
            return call, None
        found = None
        if call.body is not None:
            found = self.record.find(asked.line, asked.came.read, call.body)
        upstream = self.ledger.options.upstreams.get(call.model)
        if found is None or upstream:
            refused = self._unserved(call, upstream)
            if refused:
                return refused, None
        charge = self._charge(call)
        if isinstance(charge, Answer):
            return charge, None
        if upstream or found is None:
            answer = words.upstream(upstream or Upstream())
            charge.has_usage = b'"usageMetadata"' in answer.content or answer.status != 200
            charge.has_image = False
        else:
            answer = self._replay(found, call, charge)
        return self._billed(call, charge, answer), charge

    def _unserved(self, call: Call, upstream: Upstream | None) -> Answer | None:
        """Why a call that is not on record gets no reply; None where something else answers it."""
        asked = call.asked
        if upstream or self.record.is_served(asked.method, asked.path, call.model):
            reason = _invalid(asked.path, call.body)
            if reason:
                return call.words.refuse(INVALID, reason=reason)
        if upstream:
            return None
        return call.words.refuse(NO_CHANNEL, group=call.caller.group, model=call.model)

    def _charge(self, call: Call) -> Charge | Answer:
        caller = call.caller
        price_usd = self.ledger.options.price_usd(call.model)
        if price_usd is None:
            return call.words.refuse(NO_PRICE, model=call.model)
        held, due = self.ledger.quotas(price_usd, caller.group)
        charge = Charge(
            token=caller.token,
            group=caller.group,
            model=call.model,
            upstream=self.record.mapped.get(call.model, call.model),
            request_id=call.words.request_id,
            held=held,
            due=due,
            started=self.ledger.now,
        )
        refused = self.ledger.hold(charge)
        return call.words.refuse(refused[0], **refused[1]) if refused else charge

    def _replay(self, found: Recorded, call: Call, charge: Charge) -> Answer:
        row, protocol, faults = found.row, found.protocol, self.ledger.options.faults
        if found.is_failing() or protocol is None:
            charge.has_image = False
            names = [name for name in row.signatures if name in self.signatures]
            if not names:
                return replace(call.words.refuse(NO_TEXT), row=row)
            return call.words.replay(self.signatures[names[0]].replay, row)
        native = MODEL_IN_PATH.match(call.asked.path)
        if native and "blocked-prompt" in faults:
            charge.has_image = False
            return as_json(BLOCKED)
        charge.has_usage = "no-usage" not in faults
        mime = drawn_mime(row.image.mime if row.image else None)
        url = f"{self.media_url or call.asked.site}/simulated-media/{quote(found.model, safe='')}"
        content = worded(
            protocol,
            row.shape or protocol.shapes[0],
            found.model,
            mime,
            url,
            call.model,
            charge.has_usage,
        )
        return Answer(200, content, row=row)

    def _billed(self, call: Call, charge: Charge, answer: Answer) -> Answer:
        """The answer after any retry, with what it means for the charge."""
        is_error = answer.status >= 300
        charge.is_charged = not is_error or "billed-error" in self.ledger.options.faults
        if is_error:
            charge.has_failed = True
            options = self.ledger.options
            retried = answer.status not in NEVER_RETRIED and not call.caller.is_pinned
            if options.retry_times and retried:
                answer = call.words.refuse(NO_RETRY, group=charge.group, model=charge.model)
        return answer


BLOCKED = {
    "promptFeedback": {"blockReason": "PROHIBITED_CONTENT"},
    "usageMetadata": {"promptTokenCount": PROMPT_TOKENS, "totalTokenCount": PROMPT_TOKENS},
}


def _read(asked: Asked, caller: Caller, words: Words) -> Call | Answer:
    """The model that is called, or why the call goes no further."""
    if asked.body is None:
        return words.refuse(TOO_LARGE)
    found = MODEL_IN_PATH.match(asked.path)
    body = _form(asked) if found is None else None
    if body is None:
        body = json_object(asked.body)
        if body and not asked.headers.get("content-type", "").startswith("application/json"):
            body = {}  # the gateway leaves a body unread that is not said to be JSON
    if found:
        model: object = found[1]
    elif body is None:
        return words.refuse(BAD_BODY)
    else:
        model = body.get("model") or (DEFAULT_MODEL if asked.path.startswith(IMAGES) else "")
    if not isinstance(model, str):
        return words.refuse(BAD_BODY)
    allowed = caller.token.models
    if allowed is not None and model not in allowed and not caller.is_pinned:
        return words.refuse(NOT_LISTED, model=model)
    if not model:
        return words.refuse(NO_MODEL)
    return Call(asked, caller, words, model, body)


def _form(asked: Asked) -> Body | None:
    """What a form names as its model; None when the body is no form."""
    if not asked.headers.get("content-type", "").startswith("multipart/form-data"):
        return None
    found = MODEL_FIELD.search(asked.body or b"")
    return {"model": found[1].decode(errors="replace")} if found else {}


def _invalid(path: str, body: Body | None) -> str | None:
    """What is wrong with a body in the eyes of the gateway, which looks at little."""
    if body is None:
        return "the body is no JSON object"
    if MODEL_IN_PATH.match(path):
        contents = body.get("contents")
        if contents is not None and not isinstance(contents, list):
            return "json: cannot unmarshal contents into an array"
        return None if contents else "contents is required"
    if path.startswith(IMAGES):
        wrong = [name for name in ("prompt", "size") if not isinstance(body.get(name, ""), str)]
        return f"json: cannot unmarshal {wrong[0]} into a string" if wrong else None
    return None if body.get("messages") else "field messages is required"
