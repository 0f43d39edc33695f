"""Templates: what they render, and what is typed in them that only the status file may say."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from trueup.check.banned_terms import BannedTerms
from trueup.check.lines import Lines
from trueup.errors import BadInput
from trueup.finding import Finding
from trueup.model import Status
from trueup.snippet import languages_of, render_snippet

ADDRESS = re.compile(r"\b(?:https?|wss?)://[A-Za-z0-9][^\s\"'`<>{}]*", re.IGNORECASE)


def check_templates(status: Status, facts: BannedTerms, folder: Path) -> list[Finding]:
    """Findings in the templates under `folder`, and in what they make of the status file."""
    typed = [one for file in sorted(folder.rglob("*.j2")) for one in _typed(status, facts, file)]
    return [*typed, *_rendered(status, folder)]


def _rendered(status: Status, folder: Path) -> Iterator[Finding]:
    told: set[str] = set()
    for endpoint in status.endpoints:
        for language in languages_of(status.route_of(endpoint).protocol, folder):
            try:
                render_snippet(status, endpoint, language.name, folder)
            except BadInput as error:
                if str(error) not in told:
                    told.add(str(error))
                    yield Finding.told(str(error), "bad-template")


def _typed(status: Status, facts: BannedTerms, file: Path) -> Iterator[Finding]:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):  # told when it is rendered
        return
    found = {
        (offset, f"{what} {typed!r}")
        for what, words in facts.patterns
        for offset, typed in words.find(text)
    }
    for words, what in ((facts.aliases, "the model name"), (facts.standing, "the word")):
        found |= {(offset, f"{what} {typed!r}") for offset, typed in words.find(text)}
    for address in ADDRESS.finditer(text):
        if urlsplit(address[0]).netloc not in status.hosts:
            found.add((address.start(), f"the address {address[0]!r}"))
    lines = Lines(text)
    for offset, told in sorted(found):
        where = f"{file}:{lines.place(offset)}"
        yield Finding(
            where,
            "typed-in-template",
            f"{told} is typed in the template",
            "facts come from the status file",
            "Use what the template is given, such as {{ url }}.",
        )
