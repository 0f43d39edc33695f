"""Languages: one entry for each language of code, with its fence, program, file and template.

How Node is started belongs to the sandbox.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from trueup.model import Auth, Route
from trueup.shipped_files import template_file

Fence = Literal["bash", "python", "javascript"]
"""The info string of a Markdown code block."""


@dataclass(frozen=True)
class Program:
    """The program for blocks of one fence: the first of `tools`, given the block as `file`.

    Without tools it is the Python that runs Trueup. If it `is_optional` its tools, its blocks are
    skipped without them. Unless `fails_by_exit_code` is false, a block whose call fails ends with a
    code other than 0, one readable line and no file; otherwise it saves the image.
    """

    fence: Fence
    file: str
    tools: tuple[str, ...] = ()
    is_optional: bool = False
    fails_by_exit_code: bool = True


@dataclass(frozen=True)
class Language:
    """A language of snippets: its label for readers and its template.

    Every protocol must have the template unless the language is `optional`. `auth` is the auth
    method of a client that chooses it itself, whatever the route documents.
    """

    name: str
    label: str
    fence: Fence
    template: str
    optional: bool = False
    auth: Auth | None = None


PROGRAMS: Mapping[str, Program] = {
    program.fence: program
    for program in (
        # curl prints the reply and exits with 0 whatever the HTTP status.
        Program("bash", "block.sh", ("bash", "curl"), fails_by_exit_code=False),
        Program("python", "block.py"),
        Program("javascript", "block.mjs", ("node",), is_optional=True),
    )
}
"""Programs by fence."""

LANGUAGES: Mapping[str, Language] = {
    language.name: language
    for language in (
        Language("curl", "curl", "bash", "curl.sh.j2"),
        Language("python", "Python", "python", "python.py.j2"),
        Language("javascript", "JavaScript", "javascript", "javascript.mjs.j2"),
        Language(
            name="genai",
            label="Python (google-genai)",
            fence="python",
            template="genai.py.j2",
            optional=True,
            auth="header x-goog-api-key",
        ),
        Language(
            name="anthropic",
            label="Python (anthropic)",
            fence="python",
            template="anthropic.py.j2",
            optional=True,
        ),
        Language(
            name="openai",
            label="Python (openai)",
            fence="python",
            template="openai.py.j2",
            optional=True,
            auth="bearer",
        ),
    )
}
"""Languages by name, in the order of the tabs."""


def language_of(block_id: str | None) -> Language | None:
    """Return the language in the id of a block made by a macro; None for any other block."""
    return LANGUAGES.get((block_id or "").rpartition("--")[2])


def languages_of(route: Route, folder: Path) -> tuple[Language, ...]:
    """Return the languages of a route's snippets, in the order of the tabs: those that it names, or
    else all of its protocol.

    An optional language without a template is left out. A required or named one is not, so that
    rendering reports the missing template.
    """
    return tuple(
        language
        for language in LANGUAGES.values()
        if language.name in route.languages
        or (
            not route.languages
            and (
                not (language.optional or (route.task and language.name == "curl"))
                or template_file(folder, f"{route.protocol}/{language.template}").is_file()
            )
        )
    )
