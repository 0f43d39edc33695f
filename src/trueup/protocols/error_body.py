"""Error body: the text of a gateway's error, and the speaker that it is of (rule 4 of the manual).

Reads the forms of the new-api family, of OpenAI and Anthropic, of RFC 9457 and of web frameworks.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from trueup.model import InconclusiveKind
from trueup.protocols.json_pointer import value_at

LONGEST_BODY = 300
"""Letters of a body without a known text that stand for one: enough to recognize it."""
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
TEXT_KEYS = ("message", "detail", "error_description", "title", "msg", "reason", "error_message")


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
        if self.type == OWN and self.code in BALANCE_CODES:
            return False
        return self.is_marked or self.type == UPSTREAM or (is_new_api and self.has_param)

    @property
    def group(self) -> str | None:
        """The group of the key, where new-api says that it has no channel for the model."""
        found = GROUP.search(self.text) if self.type == OWN and not self.has_param else None
        return found[1] if found else None


def error_body(reply: object, *, is_error: bool, pointers: Sequence[str] = ()) -> ErrorBody | None:
    """Return the error of a JSON body; None where it has the form of none.

    Any body is one where the HTTP status says so (`is_error`), else only one with a text at one of
    the JSON pointers, `{"error": …}` and the flat `{"code": …, "message": …}`. A code is put before
    a text that does not contain it.
    """
    for pointer in pointers:
        if found := value_at(reply, pointer):
            return _worded(value_at(reply, pointer.rpartition("/")[0]), _text_of(found))
    error = reply.get("error") if isinstance(reply, dict) else None
    if not error:
        error = reply if is_error or _is_flat(reply) else None
    if error is None:
        return None
    if not isinstance(error, dict):
        return ErrorBody(_text_of(error))
    code = error.get("code")
    text = _text_of(error)
    if isinstance(code, str) and code and code not in text:
        text = f"{code}: {text}"
    return _worded(error, text)


def inconclusive_kind(
    status: int, error: ErrorBody | None, *, is_new_api: bool
) -> InconclusiveKind | None:
    """Return the kind of a reply that is about its caller or the gateway's load; None if it is
    about the route. `error` is None for a body that is no JSON error."""
    if error is not None and error.is_upstream(is_new_api=is_new_api):
        return None
    spoken = status
    if error is not None and status < 400 and error.code.isdecimal():
        spoken = int(error.code)
    is_balance = error is not None and error.code in BALANCE_CODES
    if spoken in CALLER_STATUSES or is_balance:
        return "refused-caller"
    is_overload = error is not None and "overload" in f"{error.code} {error.type}".lower()
    if spoken == 529 or (spoken == 503 and is_overload):
        return "overloaded"
    return None


def _worded(error: object, text: str) -> ErrorBody:
    fields = error if isinstance(error, dict) else {}
    code, kind = fields.get("code"), fields.get("type")
    return ErrorBody(
        text=text,
        code="" if code is None or isinstance(code, dict | list) else str(code),
        type=kind if isinstance(kind, str) else "",
        has_param="param" in fields,
    )


def _is_flat(reply: object) -> bool:
    return isinstance(reply, dict) and "message" in reply


def _text_of(error: object) -> str:
    """Return the text of an error, or the start of its JSON where it has none of a known form."""
    if isinstance(error, str) and error.strip():
        return error
    if isinstance(error, Mapping):
        if isinstance(error.get("title"), str) and isinstance(error.get("detail"), str):
            return f"{error['title']}: {error['detail']}"
        for key in (*TEXT_KEYS, "errors", "error"):
            if error.get(key):
                return _text_of(error[key])
        if not error or "message" in error:
            return "no message"
    if isinstance(error, list) and error:
        return "; ".join(_text_of(item) for item in error[:3])
    return json.dumps(error, ensure_ascii=False)[:LONGEST_BODY] if error else "no message"
