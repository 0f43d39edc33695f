"""Plain: the text of a page as its readers see it, and where each character stands in the source.

What only shapes a text, such as emphasis, is taken away, so that it cannot split a name.
"""

import re
from dataclasses import dataclass
from html import unescape

CALL = re.compile(
    r"""\{\{-?\s*\w+\((?:[^(){}"']|"[^"]*"|'[^']*')*\)\s*(?:\|\s*indent\(\d*\)\s*)?-?\}\}|\{\#.*?\#\}""",
    re.DOTALL,
)
"""A call of a macro, or a comment."""
LINK = r"<https?://[^>\s]*>|^ {0,3}\[[^\]\n]+\]:[ \t]*\S+"
"""A link that shows no more than its address."""
SHAPE = (
    r"\]\([^)\n]*\)|\]\[[^\]\n]*\]|"  # where a link leads
    r"<!--.*?-->|</?[A-Za-z][^<>]*>"  # HTML
    r"|\*+|~~|`+|[\[\]]|(?<![^\W_])_+|_+(?![^\W_])"  # emphasis, code, links
    r"|[\u00ad\u200b-\u200f\u2060-\u2064\ufeff]"  # what has no width
)
ESCAPE = r"\\[!-/:-@\[-`{-~]"
REFERENCE = r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});"
TOKEN = re.compile(
    f"(?P<blank>{CALL.pattern}|{LINK})|(?P<shape>{SHAPE})|(?P<escape>{ESCAPE})"
    f"|(?P<reference>{REFERENCE})",
    re.DOTALL | re.MULTILINE,
)


@dataclass(frozen=True)
class Plain:
    """`text` with, for each of its characters, its offset in the source."""

    text: str
    offsets: list[int]

    def offset(self, index: int) -> int:
        """Where a character stands in the source."""
        return self.offsets[index]


def plain(written: str) -> Plain:
    """The text that readers see; calls of macros are white space: what they say is derived."""
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
            keep(blank(token), token.start())
        elif token["escape"] is not None:
            keep(token[0][1:], token.start(), moves=False)
        elif token["reference"] is not None:
            keep(unescape(token[0]), token.start(), moves=False)
    keep(written[end:], end)
    return Plain("".join(texts), offsets)


def blank(found: re.Match[str]) -> str:
    """White space of the same length and lines, so that places stay true."""
    return "\n".join(" " * len(line) for line in found[0].split("\n"))
