"""Snippet: an endpoint's request in one language, written by the templates under `snippets/`.

Owns the languages and their quoting. Reads the templates and nothing else.
"""

import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from itertools import accumulate
from pathlib import Path
from typing import Any, NoReturn

import jinja2

from trueup.errors import BadInput
from trueup.model import Sent, Status, anchor, split
from trueup.request import request_of
from trueup.snippet.languages import (
    LANGUAGES,
    PROGRAMS,
    Fence,
    Language,
    Program,
    language_of,
    languages_of,
)
from trueup.snippet.quoting import (
    ARGUMENT_LIMIT,
    is_javascript,
    is_plain,
    quote_shell,
    render_javascript,
    render_json,
    render_python,
    render_raw_json,
)
from trueup.snippet.sdk import arguments_of

__all__ = [
    "ARGUMENT_LIMIT",
    "LANGUAGES",
    "PROGRAMS",
    "Fence",
    "Language",
    "Program",
    "Snippet",
    "base_places",
    "language_of",
    "languages_of",
    "quote_shell",
    "render_javascript",
    "render_json",
    "render_python",
    "render_raw_json",
    "render_snippet",
    "render_snippets",
]


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


def render_snippets(status: Status, folder: Path) -> list[Snippet]:
    """Every snippet that a page could publish, in the order of the file. Raises BadInput."""
    return [
        render_snippet(status, endpoint, language.name, folder)
        for endpoint in status.endpoints
        for language in languages_of(status.route_of(endpoint).protocol, folder)
    ]


def render_snippet(status: Status, endpoint: str, language: str, folder: Path) -> Snippet:
    """The snippet of an endpoint, from the templates in `folder`, aimed at the reference target.

    Raises BadInput when the template is missing or wrong, or cannot be published unchanged.
    """
    kind = LANGUAGES[language]
    protocol = status.route_of(endpoint).protocol
    name = f"{protocol}/{kind.template}"
    context = _context(status, endpoint)
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


def base_places(snippet: Snippet, status: Status, folder: Path) -> tuple[int, ...]:
    """Where a snippet writes the base URL that it is aimed at, counted as JavaScript counts.

    The same text within its body is none of them. Raises BadInput for a template that does more
    with a base URL than write it.
    """
    name = status.reference
    tested = status.targets[name].base_url
    mark = f"https://{sha256(snippet.text.encode()).hexdigest()[:32]}.invalid"
    target = status.targets[name].model_copy(update={"base_url": mark})
    marked = status.model_copy(update={"targets": {**status.targets, name: target}})
    parts = render_snippet(marked, snippet.endpoint, snippet.language.name, folder).text.split(mark)
    if tested.join(parts) != snippet.text:
        raise BadInput(
            f"{snippet.template}: the base URL changes more than its own place; a template that"
            " only writes it was expected, so that readers can choose another. Correct it."
        )
    starts = accumulate(len(f"{part}{tested}".encode("utf-16-le")) // 2 for part in parts[:-1])
    return tuple(end - len(tested) for end in starts)


def _context(status: Status, endpoint: str) -> Mapping[str, Any]:
    model, _ = split(endpoint)
    sent: Sent = request_of(status, endpoint, status.reference)
    method, path = sent.request.split(" ", 1)
    return {
        "model": model,
        "upstream": status.upstream(model),
        "method": method,
        "url": sent.base_url + path,
        "base_url": sent.base_url,
        "path": path,
        "auth": sent.auth,
        "body": sent.body,
    }


@lru_cache(maxsize=16)
def _environment(folder: Path) -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        sh=quote_shell,
        json=render_json,
        py=render_python,
        js=render_javascript,
        raw_json=render_raw_json,
        genai=arguments_of,
    )
    environment.tests.update(javascript=is_javascript)
    environment.globals.update(refuse=_refuse)
    return environment


def _refuse(found: str, expected: str) -> NoReturn:
    raise BadInput(f"snippet: {found}; {expected} was expected. Change the route, or its template.")


def _place(error: Exception, template: Path) -> str:
    """Where an error arose: a line of the template, or of one that it includes."""
    # Jinja puts a frame for each template into the traceback.
    frames = traceback.extract_tb(error.__traceback__)
    places = [f"{at.filename}:{at.lineno}" for at in frames if at.filename.endswith(".j2")]
    return places[-1] if places else str(template)


def _publishable(text: str, where: Path) -> str:
    lines = [line.rstrip(" ") for line in text.strip("\n").split("\n")]
    odd = next(
        (char for line in lines if not is_plain(line) for char in line if not is_plain(char)), None
    )
    if odd is not None:
        raise BadInput(
            f"{where}: the rendered snippet holds U+{ord(odd):04X}; text that is copied unchanged"
            " was expected. Use spaces for indentation and the quoting filters for values."
        )
    return "\n".join(lines)
