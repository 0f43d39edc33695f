"""Catalogue: the messages of one language. English is the language of the message ids."""

import gettext
import io
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from babel.lists import format_list
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from trueup.errors import BadInput

LOCALE = Path(__file__).parent.parent / "locale"
BORDER = re.compile("(?<=[!-~])(?=[\u4e00-\u9fff])|(?<=[\u4e00-\u9fff])(?=[!-~])")
"""Places for a space in Chinese: between a Chinese word and one in Latin letters."""


@dataclass(frozen=True)
class Catalogue:
    """The messages of a language, plural forms included."""

    language: str
    messages: gettext.NullTranslations

    def gettext(self, message: str) -> str:
        """Return the message in this language."""
        return self.messages.gettext(message)

    def ngettext(self, one: str, many: str, count: int) -> str:
        """Return the message for a count."""
        return self.messages.ngettext(one, many, count)

    def join(self, items: Iterable[str]) -> str:
        """Return the items as a list within a sentence."""
        joined = str(format_list(list(items), locale=self.language))
        return BORDER.sub(" ", joined) if self.language == "zh" else joined

    def join_phrases(self, items: Iterable[str]) -> str:
        """Return independent phrases, one after the other."""
        return {"ja": "、", "zh": "；"}.get(self.language, "; ").join(items)


@cache
def load_catalogue(language: str) -> Catalogue:
    """Return the catalogue of a language. Raises BadInput for a language without one."""
    if language == "en":
        return Catalogue("en", gettext.NullTranslations())
    file = LOCALE / language / "LC_MESSAGES" / "trueup.po"
    if not file.is_file():
        there = ["en", *sorted(path.parent.parent.name for path in LOCALE.glob("*/*/trueup.po"))]
        raise BadInput(
            f"language {language!r}",
            f"no catalogue; there is one for {', '.join(there)}",
            f"Add {file.relative_to(LOCALE.parent)} or choose another language.",
        )
    compiled = io.BytesIO()
    with file.open("rb") as source:
        write_mo(compiled, read_po(source, locale=language))
    compiled.seek(0)
    return Catalogue(language, gettext.GNUTranslations(compiled))
