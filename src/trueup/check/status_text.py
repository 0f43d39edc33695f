"""Status text: what readers see of the status file, in every language of the pages."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from trueup.check.banned_terms import BannedTerms
from trueup.finding import Finding
from trueup.site import MAIN
from trueup.status_file import Stored, shown
from trueup.wording import load_translations, prose_of, translations_file


def check_status_text(
    stored: Stored, facts: BannedTerms, docs: Path, languages: Sequence[str]
) -> list[Finding]:
    """Warnings of texts without a translation, and of translations without a text.

    They are warnings, so that bad news need not wait for a translator: until then the page shows
    what the status file says. A fact that only a translation has is an error. Raises BadInput for
    translations that cannot be read.
    """
    texts, found = prose_of(stored.status), []
    for language in languages:
        if language == MAIN:
            continue
        file = str(translations_file(docs / language))
        known = load_translations(docs / language)
        for text in texts.keys() - known.keys():
            told = f"{shown(text)} of {stored.place(*texts[text])} is not in it"
            wanted = "its translation was expected"
            found.append(Finding(file, "untranslated-text", told, wanted, "Add it."))
        for text in known.keys() - texts.keys():
            told = f"{shown(text)} is not in the status file"
            wanted = "a text of it was expected"
            found.append(Finding(file, "unused-translation", told, wanted, "Take it away."))
        for text, translation in known.items():
            found += _added(file, facts, text, translation)
    return sorted(found)


def _added(file: str, facts: BannedTerms, text: str, translation: str) -> Iterator[Finding]:
    """Facts of a translation that its text does not have."""
    for what, words in facts.patterns:
        said = {typed for _, typed in words.find(text)}
        for _, typed in words.find(translation):
            if typed not in said:
                told = f"the translation of {shown(text)} has {what} {typed!r}"
                wanted = "no fact but those of the text was expected"
                yield Finding(file, "typed-fact", told, wanted, "Translate what is there.")
