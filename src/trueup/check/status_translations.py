"""Status text: the texts of the status file that readers see, in every language of the pages."""

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from trueup.check.banned_terms import BannedTerms
from trueup.check.claims import Near, check_text
from trueup.errors import BadInput
from trueup.finding import Finding, kept_findings
from trueup.memo import NO_MEMO, Memo
from trueup.model import VERBATIM, Observation
from trueup.place import Place, TextPositions
from trueup.site import MAIN
from trueup.source_file import read_source
from trueup.status_file import Stored, shown
from trueup.wording import prose_of, read_translations, texts_of, translations_file

Keys = tuple[str | int, ...]
UNPUBLISHABLE = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]")
"""The characters that neither HTML nor XML can carry, and the carriage return."""


def check_status_text(
    stored: Stored,
    terms: BannedTerms,
    docs: Path,
    languages: Sequence[str],
    memo: Memo = NO_MEMO,
) -> list[Finding]:
    """Return findings in the status file's texts and their translations, from the memo where both
    are the same.

    Each is shown beside an endpoint, so it may hold no claim, no standing and no advice. A missing
    translation is a warning, so that bad news need not wait for a translator: until then the page
    shows the text itself. A fact that only a translation has is an error. Raises BadInput for
    translations that cannot be read.
    """
    known = ["status", terms.mark, stored.path, stored.text]
    for language in languages:
        file = translations_file(docs / language)
        try:
            known.append(f"{file} {read_source(file, docs.parent)!r}")
        except FileNotFoundError:
            known.append(str(file))
        except (OSError, BadInput):  # reported when it is parsed
            memo = NO_MEMO
    return kept_findings(memo, known, lambda: _found(stored, terms, docs, languages))


def _found(
    stored: Stored, terms: BannedTerms, docs: Path, languages: Sequence[str]
) -> list[Finding]:
    texts = prose_of(stored.status)
    kinds = {text: _kind(keys) for text, keys in texts.items()}
    found: list[Finding] = []
    for text, keys in {**_untranslated(stored), **texts}.items():
        if sign := UNPUBLISHABLE.search(text):
            problem = (
                f"{shown(text)} has the character U+{ord(sign[0]):04X}, which no page can hold"
            )
            found.append(Finding(stored.place(*keys), problem, "Remove it.", "hidden-text"))
        where = places_in(stored, text, keys)
        found += check_text(where, text, terms, Near.NAME, _kind(keys))
    for language in languages:
        if language == MAIN:
            continue
        file = str(translations_file(docs / language))
        known = read_translations(docs / language)
        for text in texts.keys() - {one.text for one in known}:
            problem = f"no translation of {shown(text)} at {stored.place(*texts[text])}"
            found.append(Finding(Place(file), problem, "Add one.", "untranslated-text"))
        for one in known:
            place = Place(file, one.line)
            if one.text not in texts:
                problem = f"{shown(one.text)} is not a text of the status file"
                found.append(Finding(place, problem, "Remove the entry.", "unused-translation"))
                continue  # it is shown nowhere
            found += _added(place, terms, one.text, one.translation)
            kind = kinds[one.text]
            if kind == "documented" and not _figures(one.translation) <= _figures(one.text):
                kind = "seen"
            found += check_text(place, one.translation, terms, Near.NAME, kind)
    return sorted(set(found))


def places_in(stored: Stored, text: str, keys: Keys) -> Callable[[int], Place]:
    """Return the place of each offset into a text of the status file: of the word there, or of the
    text where its words are not found as they are read."""
    node = stored.document.node(*keys)
    lines = TextPositions(stored.path, stored.text)

    def place(offset: int) -> Place:
        if node is None:
            return stored.place(*keys)
        start, end = node.start_mark.index, node.end_mark.index
        word = text[offset:].split(maxsplit=1)[0]
        at = stored.text.find(word, start, end)
        for _ in range(text.count(word, 0, offset)):
            at = stored.text.find(word, at + 1, end)
        return lines.place(start if at < 0 else at)

    return place


def _untranslated(stored: Stored) -> dict[str, Keys]:
    """Return the texts that readers see as they are written, with the keys to the first place of
    each: but for the reasons of a retest, which quote a gateway."""
    found: dict[str, Keys] = {}
    for keys, text in texts_of(stored.status, VERBATIM):
        if keys[0] != "observations" or _is_reported(stored.status.observations[int(keys[1])]):
            found.setdefault(text, keys)
    return found


def _is_reported(row: Observation) -> bool:
    return row.source is not None and row.source.reported is not None


def _kind(keys: Keys) -> str:
    """Return the kind of a text: the reason of a hold or a skip may warn, since both only lower,
    and that of a missing ledger may name prices."""
    if keys[0] in ("holds", "endpoints") and keys[-1] == "reason":
        return "hold"
    if keys[0] == "models" and keys[-1] == "title":
        return "title"
    if keys[-1] == "none":
        return "data"
    if keys[-1] == "remedy":
        return "remedy"
    if {"documented", "free"} & {keys[0], *keys[2:3]}:
        return "documented"
    return "sent" if "variants" in keys else "seen"


def _figures(text: str) -> set[str]:
    return set(re.findall("[0-9]+", text))


def _added(file: Place, terms: BannedTerms, text: str, translation: str) -> Iterator[Finding]:
    """Return findings for the facts of a translation that its text does not have."""
    for what, matcher in terms.patterns:
        original = {typed for _, typed in matcher.find(text)}
        for _, typed in matcher.find(translation):
            if typed not in original:
                problem = f"the translation of {shown(text)} adds {what} {typed!r}"
                yield Finding(file, problem, "Translate only what the text says.", "typed-fact")
