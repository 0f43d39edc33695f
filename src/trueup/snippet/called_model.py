"""Called model: the places where a request has its model, for code that names it once."""

import re
from collections.abc import Mapping
from typing import Any

from trueup.model import NO_MODEL, Sent, Status
from trueup.snippet.quoting import Constant

NAME = "MODEL"
SAFE = re.compile(r"[\w:/.?&=%~+@,;-]*", re.ASCII)
"""What an f-string and a template literal can have around a name as it is."""


def with_constant(status: Status, endpoint: str, sent: Sent) -> Mapping[str, Any]:
    """Return the `url`, `body` and `form` of a request with its model as a constant, and `called`,
    the constant's value: None for a request that has its model nowhere."""
    called = status.called(endpoint)
    line = status.route_of(endpoint).request.split(" ", 1)[1]
    url, body, form = sent.base_url + sent.request.split(" ", 1)[1], sent.body, sent.form
    if called == NO_MODEL:
        return {"url": url, "body": body, "form": form, "called": None}
    around = re.split(r"\{(?:model|upstream)\}", sent.base_url + line)
    if len(around) == 2 and all(map(SAFE.fullmatch, around)):
        url = Constant(called, NAME, *around)
    body, form = _named(body, called), _named(form, called)
    has_model = isinstance(url, Constant) or any(
        isinstance(value, Constant) for fields in (body, form) for value in (fields or {}).values()
    )
    return {"url": url, "body": body, "form": form, "called": called if has_model else None}


def _named(fields: Any, called: str) -> Any:
    if fields is None:
        return None
    return {
        name: Constant(called, NAME) if value == called else value for name, value in fields.items()
    }
