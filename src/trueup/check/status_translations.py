"""Status text: the texts of the status file that readers see, in every language of the pages."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from trueup.check.banned_terms import BannedTerms
from trueup.finding import Finding
from trueup.place import Place
from trueup.site import MAIN
from trueup.status_file import Stored, shown
from trueup.wording import load_translations, prose_of, translations_file


def check_status_text(
    stored: Stored, terms: BannedTerms, docs: Path, languages: Sequence[str]
) -> list[Finding]:
    """Return findings in the translations of the status file's texts.

    A missing one is a warning, so that bad news need not wait for a translator: until then the
    page shows the text itself. A fact that only a translation has is an error. Raises BadInput
    for translations that cannot be read.
    """
    texts = prose_of(stored.status)
    found: list[Finding] = []
    for language in languages:
        if language == MAIN:
            continue
        file = Place(str(translations_file(docs / language)))
        known = load_translations(docs / language)
        for text in texts.keys() - known.keys():
            problem = f"no translation of {shown(text)} at {stored.place(*texts[text])}"
            found.append(Finding(file, problem, "Add one.", "untranslated-text"))
        for text in known.keys() - texts.keys():
            problem = f"{shown(text)} is not a text of the status file"
            found.append(Finding(file, problem, "Remove the entry.", "unused-translation"))
        for text, translation in known.items():
            found += _added(file, terms, text, translation)
    return sorted(found)


def _added(file: Place, terms: BannedTerms, text: str, translation: str) -> Iterator[Finding]:
    """Return findings for the facts of a translation that its text does not have."""
    for what, matcher in terms.patterns:
        original = {typed for _, typed in matcher.find(text)}
        for _, typed in matcher.find(translation):
            if typed not in original:
                problem = f"the translation of {shown(text)} adds {what} {typed!r}"
                yield Finding(file, problem, "Translate only what the text says.", "typed-fact")
