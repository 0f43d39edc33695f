"""Status text: the texts of the status file that readers see, in every language of the pages."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from trueup.check.advice import WARNINGS
from trueup.check.banned_terms import BannedTerms
from trueup.check.claims import AVAILABLE
from trueup.check.term_matcher import term_matcher
from trueup.finding import Finding
from trueup.place import Place
from trueup.site import MAIN
from trueup.site.visible_blocks import fold_confusables
from trueup.status_file import Stored, shown
from trueup.wording import (
    load_catalogue,
    prose_of,
    read_translations,
    standing_words,
    translations_file,
)

FREE_TO_WARN = ("holds",)
"""The parts of the status file that can only lower a standing."""
WARNING = term_matcher(frozenset(), frozenset(WARNINGS))


def check_status_text(
    stored: Stored, terms: BannedTerms, docs: Path, languages: Sequence[str]
) -> list[Finding]:
    """Return findings in the status file's texts and their translations.

    Each is shown beside an endpoint, so it may hold no standing and no advice. A missing
    translation is a warning, so that bad news need not wait for a translator: until then the page
    shows the text itself. A fact that only a translation has is an error. Raises BadInput for
    translations that cannot be read.
    """
    texts, models = prose_of(stored.status), stored.status.models
    warns = {text for text, keys in texts.items() if keys[0] in FREE_TO_WARN}
    found: list[Finding] = []
    for language in languages:
        own = terms.with_words(standing_words(load_catalogue(language)).values())
        if language == MAIN:
            titles = {one.title: ("models", name, "title") for name, one in models.items()}
            for text, keys in {**titles, **texts}.items():
                found += _advice(stored.place(*keys), own, text, text in warns)
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
            found += _added(place, own, one.text, one.translation)
            found += _advice(place, own, one.translation, one.text in warns)
    return sorted(found)


def _advice(place: Place, terms: BannedTerms, text: str, may_warn: bool) -> Iterator[Finding]:
    """Return findings for the words of standing and advice in a text that readers see."""
    text = fold_confusables(text)
    found = {*terms.standing.find(text), *terms.contextual_advice.find(text)}
    found |= {(one.start(), one[0]) for one in AVAILABLE.finditer(text)}
    warnings = WARNING.find(text) if may_warn else ()
    free = [range(at, at + len(word)) for at, word in warnings]
    for offset, word in sorted(found):
        if not any(offset in one for one in free):
            problem = f"{' '.join(word.split())!r} is hard-coded in a text about an endpoint"
            fix = "Write what was seen; a standing is derived from the evidence."
            yield Finding(place, problem, fix, "typed-standing")


def _added(file: Place, terms: BannedTerms, text: str, translation: str) -> Iterator[Finding]:
    """Return findings for the facts of a translation that its text does not have."""
    for what, matcher in terms.patterns:
        original = {typed for _, typed in matcher.find(text)}
        for _, typed in matcher.find(translation):
            if typed not in original:
                problem = f"the translation of {shown(text)} adds {what} {typed!r}"
                yield Finding(file, problem, "Translate only what the text says.", "typed-fact")
