"""Snippet: an endpoint's request in one language, written by the templates under `snippets/`.

Owns quoting. Reads the templates and nothing else.
"""

import json
import math
import traceback
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2

from trueup.errors import BadInput
from trueup.model import Sent, Status, anchor, split
from trueup.request import request_of

ARGUMENT_LIMIT = 120_000
"""Bytes of one shell argument; Linux refuses from 131072."""


@dataclass(frozen=True)
class Language:
    """A language that snippets are written in; `fence` is what its blocks are marked with."""

    name: str
    label: str
    fence: str
    template: str


LANGUAGES = {
    language.name: language
    for language in (
        Language("curl", "curl", "bash", "curl.sh.j2"),
        Language("python", "Python", "python", "python.py.j2"),
    )
}


@dataclass(frozen=True)
class Snippet:
    """A snippet; `text` ends without a newline, as it will be copied."""

    endpoint: str
    language: Language
    text: str
    template: str

    @property
    def id(self) -> str:
        """Unique on a page and usable as an HTML id."""
        return f"{anchor(self.endpoint)}--{self.language.name}"


def render_snippet(status: Status, endpoint: str, language: str, folder: Path) -> Snippet:
    """The snippet of an endpoint, from the templates in `folder`, aimed at the reference target.

    Raises BadInput when the template is missing or wrong, or cannot be published unchanged.
    """
    kind = LANGUAGES[language]
    protocol = status.route_of(endpoint).protocol
    name = f"{protocol}/{kind.template}"
    context = _context(request_of(status, endpoint, status.reference), split(endpoint)[0])
    try:
        text = _environment(folder).get_template(name).render(context)
    except jinja2.TemplateNotFound as error:
        raise BadInput(
            f"{folder / name}: {error.name} was not found; a template for {kind.label} was"
            " expected. Write it."
        ) from error
    except (jinja2.TemplateError, TypeError, ValueError) as error:
        found = str(error).rstrip(".")
        raise BadInput(
            f"{_place(error, folder / name)}: {found}; a template that renders was expected."
            " Correct it."
        ) from error
    return Snippet(endpoint, kind, _publishable(text, folder / name), str(folder / name))


def _context(sent: Sent, model: str) -> Mapping[str, Any]:
    method, path = sent.request.split(" ", 1)
    return {
        "model": model,
        "method": method,
        "url": sent.base_url + path,
        "auth": sent.auth,
        "body": sent.body,
    }


def _environment(folder: Path) -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(sh=quote_shell, json=render_json, py=render_python)
    return environment


def _place(error: Exception, template: Path) -> str:
    """Where an error arose: a line of the template, or of one that it includes."""
    # Jinja puts a frame for each template into the traceback.
    frames = traceback.extract_tb(error.__traceback__)
    places = [f"{at.filename}:{at.lineno}" for at in frames if at.filename.endswith(".j2")]
    return places[-1] if places else str(template)


def _publishable(text: str, where: Path) -> str:
    text = "\n".join(line.rstrip(" ") for line in text.strip("\n").split("\n"))
    odd = next((char for char in text if char not in "\n " and not _is_plain(char)), None)
    if odd is not None:
        raise BadInput(
            f"{where}: the rendered snippet holds U+{ord(odd):04X}; text that is copied unchanged"
            " was expected. Use spaces for indentation and the quoting filters for values."
        )
    return text


def quote_shell(text: str) -> str:
    """One shell word that bash reads back as `text`. Raises BadInput where it is too long."""
    if len(text.encode()) > ARGUMENT_LIMIT:
        raise BadInput(
            f"snippet: a shell argument of {len(text.encode())} bytes was found; at most"
            f" {ARGUMENT_LIMIT} can be passed. Shorten the body."
        )
    return "'" + text.replace("'", "'\\''") + "'"


def render_json(value: Any, indent: int = 0) -> str:
    """JSON text, its lines after the first indented by `indent` spaces, fit for publishing."""
    return _render(value, indent, 2, _json_scalar, "")


def render_python(value: Any, indent: int = 0) -> str:
    """A Python literal, laid out as the usual formatters leave it."""
    return _render(value, indent, 4, _python_scalar, ",")


def _render(value: Any, indent: int, step: int, scalar: Any, last: str) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        raise BadInput(
            f"snippet: the body holds the number {value}; one that JSON can carry was expected."
            " Correct it."
        )
    if not isinstance(value, dict | list) or not value:
        return "{}" if value == {} else "[]" if value == [] else str(scalar(value))
    inner = indent + step
    if isinstance(value, dict):
        opening, closing = "{", "}"
        items = [
            f"{scalar(key)}: {_render(item, inner, step, scalar, last)}"
            for key, item in value.items()
        ]
    else:
        opening, closing = "[", "]"
        items = [_render(item, inner, step, scalar, last) for item in value]
        flat = f"[{', '.join(items)}]"
        if not any(isinstance(item, dict | list) for item in value) and len(flat) <= 48:
            return flat
    lines = f",\n{' ' * inner}".join(items)
    return f"{opening}\n{' ' * inner}{lines}{last}\n{' ' * indent}{closing}"


def _json_scalar(value: Any) -> str:
    if not isinstance(value, str):
        return json.dumps(value)
    return "".join(
        char if _is_plain(char) else json.dumps(char)[1:-1]
        for char in json.dumps(value, ensure_ascii=False)
    )


def _python_scalar(value: Any) -> str:
    if not isinstance(value, str):
        return repr(value)
    quote = "'" if value.count('"') > value.count("'") else '"'
    return quote + "".join(_python_char(char, quote) for char in value) + quote


def _python_char(char: str, quote: str) -> str:
    if char in (quote, "\\"):
        return f"\\{char}"
    if _is_plain(char):
        return char
    named = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(char)
    return named or (f"\\u{ord(char):04x}" if ord(char) <= 0xFFFF else f"\\U{ord(char):08x}")


def _is_plain(char: str) -> bool:
    """Whether Markdown, HTML, the clipboard and a terminal all keep the character as it is."""
    return char == " " or unicodedata.category(char)[0] not in "CZ"
