"""Status text: what readers see of the status file, in every language of the pages."""

from collections.abc import Sequence
from pathlib import Path

from trueup.finding import Finding
from trueup.site import MAIN
from trueup.store import Stored, shown
from trueup.wording import load_translations, prose_of, translations_file


def check_status_text(stored: Stored, docs: Path, languages: Sequence[str]) -> list[Finding]:
    """Warnings of texts without a translation, and of translations without a text.

    They are warnings, so that bad news need not wait for a translator: until then the page shows
    what the status file says. Raises BadInput for translations that cannot be read.
    """
    texts = prose_of(stored.status)
    found = []
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
    return sorted(found)
