"""Model calls: a call of a model, from the model that it names to its reply and its charge.

Answers only from the record; any other call is refused.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import Any
from urllib.parse import quote

from trueup.exchange import content_in
from trueup.mock.dialects import (
    BAD_BODY,
    MISSING,
    NO_CHANNEL,
    NO_FORM,
    NO_MODEL,
    NO_TEXT,
    NOT_LISTED,
    TOKEN_SHORT,
    TOO_LARGE,
    UNKNOWN,
    UPSTREAM,
    USER_SHORT,
    USER_SPENT,
    Refusal,
    passed_on,
    refuse,
    replay,
    upstream_failure,
)
from trueup.mock.incoming_request import IncomingRequest
from trueup.mock.ledger import Charge, GatewayLedger
from trueup.mock.ledger_routes import refuse_spent
from trueup.mock.replay_index import MODEL_IN_PATH, Called, Replayable, ReplayIndex
from trueup.mock.replies import BARE_JSON, JSON, MockReply, as_json, success
from trueup.model import NO_AUTH, Auth, Signature
from trueup.protocols import PROMPT_TOKENS, TaskOutput, WordedReply

EDITS = "/v1/images/edits"
IMAGES = ("/v1/images/generations", EDITS)
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

    def answer(
        self, request: IncomingRequest, body: bytes | None, request_id: str
    ) -> tuple[MockReply, Charge | None]:
        """Return the reply, and the charge to close in the ledger once the reply is out."""
        ledger, caller = self.ledger, request.caller
        token = ledger.keys.get(caller.key)
        refused = partial(refuse, ledger.options.dialect, request=request, request_id=request_id)
        auths: Collection[Auth] = caller.read
        if not caller.key and NO_AUTH in self.index.auths(request.method, request.path):
            token, auths = next(iter(ledger.keys.values()), None), (NO_AUTH,)
        if token is None:
            return refused(UNKNOWN if caller.key else MISSING), None
        if token.is_spent:
            return refuse_spent(ledger.options.dialect, token, request, request_id), None
        if body is None:
            return refused(TOO_LARGE), None
        content = _content(request, body)
        called = Called(request.line, auths, request.own_headers, content or {})
        found = None if content is None else self._find(called)
        task, is_fetch = self.index.find_task(request.line, auths)
        if found is None and task is not None:
            return self._poll(task, request, is_fetch), None
        model = found.called if found else _model(request.path, content)
        if isinstance(model, Refusal):
            return refused(model), None
        if token.models and model not in token.models:
            return refused(NOT_LISTED, model=model), None
        group = token.group or ledger.user.group
        if found is None:
            return refused(self._missing(request, model), group=group, model=model), None
        charge = Charge(
            token=token,
            model=model,
            upstream=self.index.mapped.get(model, model),
            request_id=request_id,
            quotas=ledger.options.quotas(model, group),
            started=ledger.now,
        )
        if short := ledger.hold(charge):
            return self._short(*short, charge, refused), None
        reply = self._replay(found, request, charge)
        charge.has_failed = reply.status >= 300
        charge.is_charged = not charge.has_failed or "billed-error" in ledger.options.faults
        return reply, charge

    def _poll(self, found: Replayable, request: IncomingRequest, is_fetch: bool) -> MockReply:
        """Return the reply to a poll, at the first of which the task is done, or to its fetch."""
        worded = self._worded(found, request, found.model, has_usage=False)
        if found.sent.fetch and not is_fetch and isinstance(found.protocol, TaskOutput):
            worded = found.protocol.word_done()
        return MockReply(200, worded.content, worded.content_type, place=found.place)

    def _worded(
        self, found: Replayable, request: IncomingRequest, upstream: str, *, has_usage: bool
    ) -> WordedReply:
        return _success(found, self.media_url or request.base_url, upstream, has_usage)

    def _short(
        self, owner: str, quota: int, charge: Charge, refused: Callable[..., MockReply]
    ) -> MockReply:
        """Return the refusal of a call that costs more than is left of a quota."""
        refusal = TOKEN_SHORT
        if owner == "user":
            refusal = USER_SHORT if quota > 0 else USER_SPENT
        need = self._dollars(charge.quotas[0])
        return refused(refusal, remain=self._dollars(quota), need=need)

    def _dollars(self, quota: int) -> str:
        return f"{quota / self.ledger.options.quota_per_unit:.6f}"

    def _find(self, called: Called) -> Replayable | None:
        """Return the row that answers: in new-api also one that differs in what is passed on, and
        in the auth method, as any that is read counts alike."""
        options = self.ledger.options
        if "no-channel" in options.faults:
            return None
        found = self.index.find(called)
        if found is not None or options.dialect == "plain" or "body" not in called.content:
            return found
        line, body = passed_on(options.dialect, called.line, called.content["body"])
        auths = self.index.auths(*line.split("?")[0].split(" ", 1))
        return self.index.find(Called(line, auths, called.headers, {"body": body}))

    def _missing(self, request: IncomingRequest, model: str) -> Refusal:
        """Return the refusal of a call that no row answers. B and D take edits as a form alone."""
        is_edit = request.path == EDITS and model in self.index.names()
        is_json = request.headers.get("content-type", "").startswith(BARE_JSON)
        is_open = "no-channel" not in self.ledger.options.faults
        needs_form = self.ledger.options.dialect != "new-api-c"
        return NO_FORM if is_edit and is_json and is_open and needs_form else NO_CHANNEL

    def _replay(self, found: Replayable, request: IncomingRequest, charge: Charge) -> MockReply:
        row, protocol, options = found.row, found.protocol, self.ledger.options
        if failed := [fault for fault in options.faults if fault in UPSTREAM]:
            return upstream_failure(options.dialect, failed[0])
        if found.is_failing() or protocol is None:
            names = [name for name in row.signatures if name in self.signatures]
            failure = (
                replay(options.dialect, self.signatures[names[0]].replay, charge.request_id)
                if names
                else refuse(options.dialect, NO_TEXT, request, charge.request_id)
            )
            return replace(failure, place=found.place)
        is_native = MODEL_IN_PATH.match(request.path)
        if is_native and "blocked-prompt" in options.faults:
            return as_json(BLOCKED)
        charge.has_image, charge.has_usage = True, "no-usage" not in options.faults
        if isinstance(protocol, TaskOutput):
            created = protocol.word_created(found.task_id)
            return MockReply(200, created.content, created.content_type, place=found.place)
        worded = self._worded(found, request, charge.model, has_usage=charge.has_usage)
        is_bare = is_native and worded.content_type == JSON
        content_type = BARE_JSON if is_bare else worded.content_type
        return MockReply(200, worded.content, content_type, found.place)


@lru_cache(maxsize=64)
def _success(found: Replayable, media_url: str, upstream: str, has_usage: bool) -> WordedReply:
    """Return a reply with the output in the recorded shape, or else in the usual one."""
    assert found.protocol is not None
    row, shapes = found.row, found.protocol.shapes
    usual = found.protocol.usual_shape(row.sent.request, row.sent.body or row.sent.form or {})
    return success(
        found.protocol,
        row.shape if row.shape in shapes else usual,
        found.name,
        row.mime,
        f"{media_url}/simulated-media/{quote(found.name, safe='')}",
        upstream,
        has_usage,
    )


def _content(request: IncomingRequest, body: bytes) -> Mapping[str, Any] | None:
    """Return the body or the form by name; None for a body that is neither."""
    content = content_in(request.content_type, body)
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
