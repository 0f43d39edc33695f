"""Languages: each language of code in one entry: its blocks' mark and file, the program that runs
it, and the template that writes it. How Node is started is the sandbox's own matter."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from trueup.model import AuthKind

Fence = Literal["bash", "python", "javascript"]
"""What the blocks of a program are marked with."""


@dataclass(frozen=True)
class Program:
    """How blocks of one mark are run: written to `file` and started by the first of `tools`.

    Without tools it is the Python that runs Trueup. A program that `may_lack` its tools skips its
    blocks then. Where its exit code tells, a block ends with another code than 0, one readable line
    and no file when the call failed, and saves the image otherwise.
    """

    fence: Fence
    file: str
    tools: tuple[str, ...] = ()
    may_lack: bool = False
    exit_code_tells: bool = True


@dataclass(frozen=True)
class Language:
    """A language that snippets are written in: its label for readers and its template.

    Every protocol must have the template of a language that is not `optional`. `auth` is given
    where the client itself decides how it sends the key, whatever the route documents.
    """

    name: str
    label: str
    fence: Fence
    template: str
    optional: bool = False
    auth: AuthKind | None = None


PROGRAMS: Mapping[str, Program] = {
    program.fence: program
    for program in (
        # curl prints what comes back, and ends with 0 whatever the HTTP status.
        Program("bash", "block.sh", ("bash", "curl"), exit_code_tells=False),
        Program("python", "block.py"),
        Program("javascript", "block.mjs", ("node",), may_lack=True),
    )
}
"""Each by its mark."""

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
            auth="x-goog-api-key",
        ),
    )
}
"""Each by its name, in the order of the tabs."""


def language_of(block_id: str | None) -> Language | None:
    """The language of a block that a macro made, by its id; None of any other."""
    return LANGUAGES.get((block_id or "").rpartition("--")[2])


def languages_of(protocol: str, folder: Path) -> tuple[Language, ...]:
    """The languages in which a protocol's requests are published, in the order of the tabs.

    An optional language whose template the protocol lacks is left out. Any other is there even
    without one, so that its absence is an error when it is rendered.
    """
    return tuple(
        language
        for language in LANGUAGES.values()
        if not language.optional or (folder / protocol / language.template).is_file()
    )
