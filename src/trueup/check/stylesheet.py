"""Stylesheet: the rules of a site's own CSS that could hide or change a mark, a risk or a label."""

import re
from collections.abc import Collection, Iterator
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

FOLDERS = (Path(__file__).parents[1] / "scaffold" / "shared", Path(__file__).parents[3])
"""Where the style of Trueup's own pages is: in a wheel, and in a checkout."""
COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
ESCAPE = re.compile(r"\\(?:([0-9A-Fa-f]{1,6})\s?|(.))", re.DOTALL)
PIECE = re.compile(r"""[^{};"']+|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|.""", re.DOTALL)
SHELL = re.compile(
    r"\.md-(?:header|footer|nav|tabs|search|logo|banner|top|source|copyright|social|sidebar|select"
    r"|option|toggle|dialog|overlay|skip|button|icon|progress|annotation|clipboard|tooltip)"
)
"""Parts of the theme around the article."""
TEXT = re.compile(
    r"\*|(?:^|[\s>+~(,])(?:html|body|main|article|section|div|p|ul|ol|li|dl|dt|dd|table|tbody|tr|td"
    r"|th|span|strong|b|em|mark|time|figure|label)(?![\w-])|\.md-(?:typeset|content|main|container)"
    r"|\.(?:admonition|tabbed|md-typeset)|\[(?:class|id|data|role|lang)|:root|::?before|::?after",
)
"""What selects text of an article without our names."""
TITLE = re.compile(r"[\s>](?:h[1-6]|a)(?::\w+)?\s*$")
"""The end of a selector of headings or links, whose ink a site may choose."""
OURS = re.compile(r"tu-|\[\s*(?:class|id|data-until|datetime)", re.IGNORECASE)
HIDES = {
    "display": re.compile("none|contents"),
    "visibility": re.compile("hidden|collapse"),
    "content-visibility": re.compile("hidden"),
    "opacity": re.compile(r"0|\.|var|calc"),
    "font-size": re.compile(r"(?:0|0?\.[0-4]\d*)(?:[a-z%]|$)|^[0-8]px|calc|clamp|min"),
    "font": re.compile(r"(?:^|\s)0(?:\.\d+)?(?:[a-z%/]|\s)"),
    "clip": re.compile("rect|inset"),
    "clip-path": re.compile(r"\("),
    "mask": re.compile("."),
    "mask-image": re.compile("."),
    "filter": re.compile(r"\("),
    "position": re.compile("absolute|fixed"),
    "text-indent": re.compile(r"-|\d{3}"),
    "transform": re.compile(r"\("),
    "translate": re.compile("."),
    "scale": re.compile("."),
    "height": re.compile(r"^0|^[0-9]px"),
    "max-height": re.compile(r"^0|^[0-9]px"),
    "width": re.compile(r"^0|^[0-9]px"),
    "max-width": re.compile(r"^0|^[0-9]px"),
    "left": re.compile(r"-\d{3}"),
    "top": re.compile(r"-\d{3}"),
    "margin-left": re.compile(r"-\d{3}"),
    "color": re.compile("."),
    "-webkit-text-fill-color": re.compile("."),
    "content": re.compile(r"""["'][^"']|attr|url"""),
}
"""The values that hide a text or add one, by property."""
INKS = re.compile(r"--(?:tu-|md-default-|md-typeset-(?!a-color))")
"""The inks and papers of texts, which make one unreadable on the other."""


class Rule(NamedTuple):
    """A declaration and the selector that it is for."""

    line: int
    selector: str
    name: str
    value: str


def hiding_rules(css: str) -> Iterator[Rule]:
    """Return the rules of a stylesheet that touch our names, hide text of an article or change its
    colours, except those that Trueup's own style has."""
    own = _shipped()
    for rule in rules_of(css):
        if rule[1:] not in own and _is_hiding(rule):
            yield rule


def _is_hiding(rule: Rule) -> bool:
    if INKS.match(rule.name) or OURS.search(rule.selector):
        return True
    hides = HIDES.get(rule.name)
    if hides is None or not hides.search(rule.value):
        return False
    parts = [one for one in rule.selector.split(",") if not SHELL.search(one)]
    if rule.name == "color":
        parts = [one for one in parts if not TITLE.search(one)]
    return any(TEXT.search(one) for one in parts)


def rules_of(css: str) -> Iterator[Rule]:
    """Return the declarations of a stylesheet in its order, also those in at-rules and rules."""
    text = COMMENT.sub(lambda found: "\n" * found[0].count("\n") or " ", css)
    text = ESCAPE.sub(_escaped, text)
    around: list[str] = []
    piece, line = "", 1
    for found in PIECE.finditer(text):
        token = found[0]
        if token == "{":
            around.append(" ".join(piece.split()))
        elif token in ("}", ";"):
            name, colon, value = piece.strip().partition(":")
            if colon and around:
                selector = " ".join(one for one in around if not one.startswith("@"))
                yield Rule(line, selector, name.strip().lower(), " ".join(value.lower().split()))
            if token == "}" and around:
                around.pop()
        if token in "{};":
            piece = ""
        else:
            piece += token
        line += token.count("\n")


def _escaped(found: re.Match[str]) -> str:
    """Return the character that an escape stands for; of one that is no part of a name, a letter,
    since it ends nothing."""
    char = chr(int(found[1], 16) % 0x110000) if found[1] else found[2]
    return char if char.isalnum() or char in "-_" else "x"


def is_shipped(content: bytes) -> bool:
    """Return whether a stylesheet is one of Trueup's own pages, unchanged."""
    return content in _sheets()


@lru_cache(maxsize=1)
def _sheets() -> Collection[bytes]:
    files = (file for top in FOLDERS for file in (top / "overrides").rglob("*.css"))
    return {file.read_bytes() for file in files}


@lru_cache(maxsize=1)
def _shipped() -> Collection[tuple[str, ...]]:
    return {rule[1:] for content in _sheets() for rule in rules_of(content.decode())}
