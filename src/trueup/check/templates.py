"""Templates: whether each can be rendered, and the facts of the status file typed in them."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from trueup.check.banned_terms import BannedTerms
from trueup.errors import BadInput
from trueup.finding import Finding, kept_findings
from trueup.memo import NO_MEMO, Memo
from trueup.message import Message
from trueup.model import Status
from trueup.place import Place, TextPositions
from trueup.snippet import Snippets, languages_of
from trueup.source_file import read_source
from trueup.status_file import Stored

ADDRESS = re.compile(r"\b(?:https?|wss?)://[A-Za-z0-9][^\s\"'`<>{}]*", re.IGNORECASE)


def check_templates(
    stored: Stored, terms: BannedTerms, snippets: Snippets, memo: Memo = NO_MEMO
) -> list[Finding]:
    """Return findings in the templates of snippets, and in rendering them; from the memo where the
    status file and all templates are the same."""
    folder, files = snippets.folder, sorted(snippets.folder.rglob("*.j2"))
    status = stored.status
    known = ["templates", terms.mark, stored.path, stored.text]
    known += [repr(stored.form_files), repr(status.files)]
    try:
        known += [f"{file} {read_source(file, folder.parent)!r}" for file in files]
    except (OSError, BadInput):  # reported when it is rendered
        memo = NO_MEMO

    def found() -> Iterator[Finding]:
        for file in files:
            yield from _typed(status, terms, file, folder)
        yield from _rendered(stored, snippets)

    return kept_findings(memo, known, found)


def _rendered(stored: Stored, snippets: Snippets) -> Iterator[Finding]:
    status = stored.status
    messages: dict[Message, None] = {}
    for endpoint in status.endpoints:
        for language in languages_of(status.route_of(endpoint), snippets.folder):
            try:
                snippets.one(endpoint, language.name)
            except BadInput as error:
                message = error.message
                if message.where == Place(endpoint):  # a request that a language cannot send
                    message = replace(message, where=stored.place("endpoints", endpoint))
                messages[message] = None
    for message in messages:
        yield Finding.of(message, "bad-template")


def _typed(status: Status, terms: BannedTerms, file: Path, folder: Path) -> Iterator[Finding]:
    try:
        text = read_source(file, folder.parent).decode()
    except (OSError, UnicodeDecodeError, BadInput):  # reported when it is rendered
        return
    found = {
        (offset, f"{what} {typed!r}")
        for what, matcher in terms.patterns
        for offset, typed in matcher.find(text)
    }
    for matcher, what in ((terms.aliases, "the model name"), (terms.standing_words, "the word")):
        found |= {(offset, f"{what} {typed!r}") for offset, typed in matcher.find(text)}
    for address in ADDRESS.finditer(text):
        if urlsplit(address[0]).netloc not in status.hosts:
            found.add((address.start(), f"the address {address[0]!r}"))
    lines = TextPositions(file, text)
    for offset, fact in sorted(found):
        yield Finding(
            lines.place(offset),
            f"{fact} is hard-coded in the template",
            "Use a variable of the template, such as {{ url }}.",
            "typed-in-template",
        )
