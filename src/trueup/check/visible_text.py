"""Visible text: a page as its readers see it, with the source offset of each character.

Markup such as emphasis is removed, so that it cannot split a name; look-alikes of ASCII become it.
"""

import re
from dataclasses import dataclass
from html import unescape
from unicodedata import normalize

CALL = re.compile(
    r"""\{\{-?\s*\w+\((?:[^(){}"']|"[^"]*"|'[^']*')*\)\s*(?:\|\s*indent\(\d*\)\s*)?-?\}\}|\{\#.*?\#\}""",
    re.DOTALL,
)
"""A call of a macro, or a comment."""
UNSEEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e0fff]"
)
"""The characters that Unicode calls default ignorable, which show nothing."""
LINK = r"<https?://[^>\s]*>|^ {0,3}\[[^\]\n]+\]:[ \t]*\S+"
"""A link that shows only its address."""
SHAPE = (
    r"\]\([^)\n]*\)|\]\[[^\]\n]*\]|"  # where a link leads
    r"<!--.*?-->|</?[A-Za-z][^<>]*>"  # HTML
    r"|\*+|~~|`+|[\[\]]|(?<![^\W_])_+|_+(?![^\W_])"  # emphasis, code, links
    rf"|{UNSEEN.pattern}"
)
ESCAPE = r"\\[!-/:-@\[-`{-~]"
REFERENCE = r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});"
TOKEN = re.compile(
    f"(?P<blank>{CALL.pattern}|{LINK})|(?P<shape>{SHAPE})|(?P<escape>{ESCAPE})"
    f"|(?P<reference>{REFERENCE})",
    re.DOTALL | re.MULTILINE,
)


DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"
CONFUSABLES = str.maketrans(
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u0501\u051b\u0261\u03bf\u03b1\u03bd\u0131\u043a\u043c\u0442\u0432\u043d",
    "aeopcyxijsdqgoavikmtbh",
)
"""Lower-case letters of other scripts that look like those of ASCII."""
MIXED = re.compile(r"[^\W\d_]*(?:[A-Za-z][^\x00-\x7f\W\d_]|[^\x00-\x7f\W\d_][A-Za-z])[^\W\d_]*")


class _Confusables(dict[int, int]):
    """The look-alike of each character: itself, or one of ASCII, as for a full-width letter."""

    def __missing__(self, code: int) -> int:
        ascii_char = "-" if chr(code) in DASHES else normalize("NFKC", chr(code))
        self[code] = ord(ascii_char) if len(ascii_char) == 1 and ascii_char.isascii() else code
        return self[code]


CONFUSABLE_FOLDS = _Confusables()


@dataclass(frozen=True)
class VisibleText:
    """`text` with the offset in the source of each of its characters."""

    text: str
    offsets: list[int]


def visible_text(written: str) -> VisibleText:
    """Return the text that readers see, with white space for macro calls, whose text is derived."""
    texts: list[str] = []
    offsets: list[int] = []

    def keep(text: str, start: int, *, moves: bool = True) -> None:
        texts.append(text)
        offsets.extend(range(start, start + len(text)) if moves else [start] * len(text))

    end = 0
    for token in TOKEN.finditer(written):
        keep(written[end : token.start()], end)
        end = token.end()
        if token["blank"] is not None:
            if not token[0].startswith("{#"):  # which leaves nothing in the page
                keep(blank(token), token.start())
        elif token["escape"] is not None:
            keep(token[0][1:], token.start(), moves=False)
        elif token["reference"] is not None:
            keep(UNSEEN.sub("", unescape(token[0])), token.start(), moves=False)
    keep(written[end:], end)
    return VisibleText(_fold_confusables("".join(texts)), offsets)


def _fold_confusables(text: str) -> str:
    """Return the text with look-alikes as ASCII, of the same length."""
    if text.isascii():
        return text
    return MIXED.sub(
        lambda found: found[0].translate(CONFUSABLES), text.translate(CONFUSABLE_FOLDS)
    )


def blank(found: re.Match[str]) -> str:
    """Return white space of the same length and lines, so that places stay the same."""
    return "\n".join(" " * len(line) for line in found[0].split("\n"))
