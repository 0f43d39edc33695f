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
BORDER = re.compile("(?<=[!-~])\0(?=[\u4e00-\u9fff])|(?<=[\u4e00-\u9fff])\0(?=[!-~])")
"""The marked ends of an item that get a space in Chinese: between a word and Latin letters."""
WIDE = "[\u3001-\u30ff\u4e00-\u9fff\uff01-\uff60]"
STOP = "[\u3001-\u3011\uff01-\uff60]"
"""A letter or sign of Japanese or Chinese, and a sign, which has its space in itself."""
TAGS = "(?:<[^<>]*>)*"
GAP = re.compile(f"({WIDE}{TAGS})\0(?={TAGS}{WIDE})|({STOP}{TAGS})\0|\0(?={TAGS}{STOP})")
"""Spaces of a message that Japanese and Chinese are written without, across the tags of HTML. They
are marked by a character that no text holds, for the spaces in a value are the value's."""


@dataclass(frozen=True)
class Punctuation:
    """The signs of a language between words, phrases and sentences, with their spaces."""

    enumeration: str = ", "
    phrases: str = "; "
    sentences: str = " "
    colon: str = ": "
    aside: str = " ({text})"


PUNCTUATION = {
    "ja": Punctuation("、", "、", "", "：", "（{text}）"),
    "zh": Punctuation("、", "；", "", "：", "（{text}）"),
}
MARKS = " · "
"""The sign between marks, in every language."""


class ClosedUp(str):
    """A message of a language without spaces, which closes up around the values it is given."""

    __slots__ = ()

    def format(self, *values: object, **named: object) -> str:
        """Return the message with the values, without a space that its language does not have."""
        text = self.replace(" ", "\0").format(*values, **named)
        return GAP.sub(lambda found: found[1] or found[2] or "", text).replace("\0", " ")


@dataclass(frozen=True)
class Catalogue:
    """The messages of a language, plural forms included, and how their parts are joined."""

    language: str
    messages: gettext.NullTranslations

    def gettext(self, message: str) -> str:
        """Return the message in this language."""
        return self._message(self.messages.gettext(message))

    def ngettext(self, one: str, many: str, count: int) -> str:
        """Return the message for a count."""
        return self._message(self.messages.ngettext(one, many, count))

    def _message(self, text: str) -> str:
        return ClosedUp(text) if self.language in PUNCTUATION else text

    @property
    def punctuation(self) -> Punctuation:
        """The signs of this language."""
        return PUNCTUATION.get(self.language, Punctuation())

    def join(self, items: Iterable[str]) -> str:
        """Return the items as a list within a sentence."""
        joined = str(format_list([f"\0{item}\0" for item in items], locale=self.language))
        return (BORDER.sub(" ", joined) if self.language == "zh" else joined).replace("\0", "")

    def join_phrases(self, items: Iterable[str]) -> str:
        """Return independent phrases, one after the other."""
        return self.punctuation.phrases.join(items)

    def join_sentences(self, items: Iterable[str]) -> str:
        """Return whole sentences, one after the other; empty ones are left out."""
        return self.punctuation.sentences.join(filter(None, items))

    def join_marks(self, items: Iterable[str]) -> str:
        """Return marks of the same thing, side by side."""
        return MARKS.join(items)

    def enumerate(self, items: Iterable[str]) -> str:
        """Return values as a list without "and"."""
        return self.punctuation.enumeration.join(items)

    def labelled(self, label: str, text: str) -> str:
        """Return a text behind its label."""
        return f"{label}{self.punctuation.colon}{text}"

    def with_aside(self, text: str, aside: str) -> str:
        """Return a text with another in parentheses behind it; without one, as it is."""
        return text + self.punctuation.aside.format(text=aside) if aside else text


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
