"""Error body: the text of a gateway's error, and the speaker that it is of (rule 4 of the manual).

Reads the forms of the new-api family, of OpenAI, Anthropic and Google, of RFC 9457 and of web
frameworks.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from trueup.model import InconclusiveKind
from trueup.protocols.json_pointer import value_at

CALLER_STATUSES = (401, 402, 403, 429)
"""The key, its balance, its rights or a rate limit."""
BALANCE_CODES = (
    "insufficient_user_quota",
    "insufficient_quota",
    "pre_consume_token_quota_failed",
)
"""The codes of new-api's refusals for want of a balance, whose form is that of a relay error."""
OWN, UPSTREAM = "new_api_error", "upstream_error"
GROUP = re.compile(r"(?:under group|分组) ([A-Za-z0-9_.-]{1,64})(?: \(|下| 下)")
SUCCESS_CODES = (0, 200, "0", "200", "success")
"""The codes beside the `message` of a reply that is no error, as several gateways send them."""
SPOKEN = (
    *("code", "title", "error", "errors", "message", "msg", "detail", "reason", "description"),
    *("error_description", "error_message", "promptFeedback", "prompt_feedback", "blockReason"),
    *("block_reason", "blockReasonMessage", "candidates", "finishReason", "finish_reason"),
    *("finishMessage", "finish_message", "content", "parts", "text", "data"),
)
"""The names under which replies give a reason, in the order of a line; the blocks have the same."""
LONGEST_JSON = 500
"""Letters of JSON that stand for a reason: as many as a block prints of any."""
DEEPEST = 20
"""Levels of JSON that are searched for a reason: twice the most that was seen."""


@dataclass(frozen=True)
class ErrorBody:
    """An error as a gateway words it: its text, and its `code` and `type`, empty without one.

    `has_param` separates the relay of new-api, which passes an upstream's error on, from the steps
    before it, which refuse a caller. `is_marked` is true where the target's pointers say that an
    upstream speaks.
    """

    text: str
    code: str = ""
    type: str = ""
    has_param: bool = False
    is_marked: bool = False

    def is_upstream(self, *, is_new_api: bool) -> bool:
        """Return whether an upstream, or the relay on the way to it, speaks, not the gateway about
        its caller."""
        if self.type == OWN and (self.code in BALANCE_CODES or self.is_overload):
            return False
        return self.is_marked or self.type == UPSTREAM or (is_new_api and self.has_param)

    @property
    def is_overload(self) -> bool:
        """Return whether load is shed. On `/v1/messages` new-api says so in its message alone."""
        in_words = self.text if self.type == OWN and not self.code else ""
        return "overload" in f"{self.code} {self.type} {in_words}".lower()

    @property
    def group(self) -> str | None:
        """The group of the key, where new-api says that it has no channel for the model."""
        found = GROUP.search(self.text) if self.type == OWN and not self.has_param else None
        return found[1] if found else None


def error_body(reply: object, *, is_error: bool, pointers: Sequence[str] = ()) -> ErrorBody | None:
    """Return the error of a JSON body; None where it has the form of none.

    Any body is one where the HTTP status says so (`is_error`), else only one that says something
    at one of the JSON pointers, `{"error": …}`, and the flat `{"code": …, "message": …}`.
    """
    for pointer in pointers:
        if text := explain(value_at(reply, pointer)):
            return _worded(value_at(reply, pointer.rpartition("/")[0]), text)
    outer = reply[0] if isinstance(reply, list) and reply else reply
    error = outer.get("error") if isinstance(outer, dict) else None
    if not _says_something(error):
        if not (is_error or _is_flat(outer)):
            return None
        error = outer
    text = explain(reply) or as_json(reply)
    return _worded(error if isinstance(error, dict) else outer, text)


def explain(reply: object, depth: int = 0) -> str:
    """Return the reason that a reply gives in place of an output, empty without one.

    It may stand in a list, or as JSON within the message of another error. Parts of a reply without
    words are shown as JSON; the thoughts of a model are left out.
    """
    if isinstance(reply, str):
        return _unquoted(reply, depth)
    if isinstance(reply, list) and depth < DEEPEST:
        return "; ".join(filter(None, (explain(item, depth + 1) for item in reply)))
    if not isinstance(reply, dict) or reply.get("thought") or reply.keys() <= {"role"}:
        return ""
    if reply.keys().isdisjoint(SPOKEN) or depth == DEEPEST:
        return as_json(reply)
    said = (explain(reply[name], depth + 1) for name in SPOKEN if name in reply)
    return ": ".join(dict.fromkeys(filter(None, said)))


def as_json(reply: object) -> str:
    """Return the start of a reply's JSON, for one that says nothing in words."""
    return json.dumps(reply, ensure_ascii=False)[:LONGEST_JSON]


def inconclusive_kind(
    status: int, error: ErrorBody | None, *, is_new_api: bool
) -> InconclusiveKind | None:
    """Return the kind of a reply that is about its caller or the gateway's load; None if it is
    about the route. `error` is None for a body that is no JSON error."""
    if error is not None and error.is_upstream(is_new_api=is_new_api):
        return None
    spoken = status
    if error is not None and status < 400 and re.fullmatch("[1-9][0-9]{2}", error.code):
        spoken = int(error.code)
    is_balance = error is not None and error.code in BALANCE_CODES
    if spoken in CALLER_STATUSES or is_balance:
        return "refused-caller"
    if spoken == 529 or (spoken == 503 and error is not None and error.is_overload):
        return "overloaded"
    return None


def _unquoted(text: str, depth: int) -> str:
    """Return a text with the JSON in it, if any, replaced by what that says."""
    start, end = text.find("{"), text.rfind("}") + 1
    before, after = text[: max(start, 0)].rstrip(), text[end:].lstrip()
    if before.endswith("[") and after.startswith("]"):
        start, end = len(before) - 1, len(text) - len(after) + 1
    try:
        inner = json.loads(text[start:end]) if depth < DEEPEST and 0 <= start < end else None
    except (ValueError, RecursionError):
        return text
    said = explain(inner, depth + 1)
    return f"{text[:start]}{said}{text[end:]}" if said else text


def _worded(error: object, text: str) -> ErrorBody:
    fields = error if isinstance(error, dict) else {}
    code, kind = fields.get("code"), fields.get("type")
    return ErrorBody(
        text=text,
        code="" if code is None or isinstance(code, dict | list) else str(code),
        type=kind if isinstance(kind, str) else "",
        has_param="param" in fields,
    )


def _says_something(error: object) -> bool:
    return bool(any(error.values()) if isinstance(error, dict) else error)


def _is_flat(reply: object) -> bool:
    if not isinstance(reply, dict) or not isinstance(reply.get("message"), str):
        return False
    return bool(reply["message"]) and reply.get("code") not in SUCCESS_CODES
