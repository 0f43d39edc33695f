"""Templates: whether each can be rendered, and the facts of the status file typed in them."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import TypeAdapter

from trueup.check.banned_terms import BannedTerms
from trueup.errors import BadInput
from trueup.finding import Finding
from trueup.memo import NO_MEMO, Memo
from trueup.message import Message
from trueup.model import Status
from trueup.place import Place, TextPositions
from trueup.snippet import languages_of, render_snippet
from trueup.source_file import read_source
from trueup.status_file import Stored

FINDINGS = TypeAdapter(list[Finding])
ADDRESS = re.compile(r"\b(?:https?|wss?)://[A-Za-z0-9][^\s\"'`<>{}]*", re.IGNORECASE)


def check_templates(
    stored: Stored, terms: BannedTerms, folder: Path, memo: Memo = NO_MEMO
) -> list[Finding]:
    """Return findings in the templates under `folder`, and in rendering them; the latter from the
    memo where the status file and all templates are the same."""
    files = sorted(folder.rglob("*.j2"))
    status = stored.status
    typed = [finding for file in files for finding in _typed(status, terms, file, folder)]
    made_from = [stored.path, stored.text, repr(stored.form_files), repr(status.files)]
    try:
        made_from += [f"{file} {read_source(file, folder.parent)!r}" for file in files]
    except (OSError, BadInput):  # reported when it is rendered
        memo = NO_MEMO

    def rendered() -> Any:
        return FINDINGS.dump_python(list(_rendered(stored, folder)), mode="json")

    return [*typed, *FINDINGS.validate_python(memo.get(made_from, rendered))]


def _rendered(stored: Stored, folder: Path) -> Iterator[Finding]:
    status = stored.status
    messages: dict[Message, None] = {}
    for endpoint in status.endpoints:
        for language in languages_of(status.route_of(endpoint), folder):
            try:
                render_snippet(status, endpoint, language.name, folder)
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
