"""Anchors: the names by which a link may reach a place of a page, however its site makes them."""

import re
from collections.abc import Iterator
from functools import cached_property
from html import unescape
from string import digits as DIGITS
from unicodedata import normalize
from urllib.parse import unquote

from trueup.audit.page import LONGEST, Kind, Page
from trueup.audit.tokens import CODE_SPAN, MOST_TICKS

BRACES = re.compile(r"\{[^{}]*\}")
TAG = re.compile(r"<[^<>]*>")
LINKED = re.compile(r"!?\[([^\[\]]*)\](?:\([^()]*\)|\[[^\[\]]*\])?")
EMOJI = re.compile(r":[\w+\-]+:")
TARGET = re.compile(r"\(\s*<?[^()\s#]*#[^()]*\)|^\s*\[[^\[\]]+\]:.*")
"""Where a link leads, which names no place."""
OWN = re.compile(
    r"\{[^{}#]*#([^\s{}]+)|\b(?:id|name)\s*=\s*\{?[\"'`]?([^\s\"'`<>{}]+)", re.IGNORECASE
)
QUOTES = re.compile(r"[\"']")
ITEM = re.compile(r"[ \t>]*(?:[-*+]|\d{1,9}[.)])[ \t]+(?=[^#<\s])")
"""The mark of a list item that is no heading and no element."""
COLON = re.compile(r"[:：]")
"""What parts the number or name of a heading from its words."""
DOUBLE = re.compile(r"[-_]\d+$")
MADE = re.compile(
    r"(?:user-content-)?fn(?:ref)?\W|__|_\d+$|L\d|\^|.*[/?=!~:]"
    r"|_?(?:top|toc|header|footer|nav|search|(?:main-|start-of-)?content)$",
    re.IGNORECASE,
)
"""Names that themes, footnotes and routers make, and those of headings without ASCII letters."""
INCLUDES = re.compile(
    r"\{\{|\{%|\{!|--8<--|<%|<\?php|@import|[@!#]\s?include|^\s*\.\. [\w\-]+::"
    r"|^import\s.*\.mdx?\b|\.map\(|<\w*(?:Field|Param|Propert)"
    r"|^(?:openapi|asyncapi|api|swagger|layout|template|component)\s*:",
    re.IGNORECASE,
)
"""What puts text into a page that is elsewhere."""
PART = re.compile(
    r"(?:^|/)(?:_(?!index\.|posts/)|(?:snippet|partial|include|fragment|shared|reus\w+)s?/)",
    re.IGNORECASE,
)
"""A file that is a part of other pages."""
TITLED = re.compile(r"=+\s*$|\s*<h1\b")
OBJECT = re.compile(r":{3,}\s?\w[\w.]*$")
ELEMENT = re.compile(r"<(/?)([A-Z][\w.]*|[a-z]+-[\w\-]+)")
DIRECTIVE = re.compile(r"\{[A-Za-z]")
LONGEST_TITLE = 300
MOST_HEADINGS, MOST_LINES = 1_000, 20_000
"""Headings and lines of a page that people read; a longer one is data."""


class Anchors:
    """The names of the places of a page."""

    def __init__(self, page: Page) -> None:
        self._page = page
        titles = (BRACES.sub("", heading.text) for heading in page.headings)
        self._headings = {key(LINKED.sub(r"\1", title)) for title in titles}

    def has(self, fragment: str) -> bool | None:
        """Return whether a link to this name arrives, by any way to make names that is known; None
        where the page has parts that are elsewhere, or a theme may make the name."""
        name = unquote(fragment)
        keys = {key(name), key(DOUBLE.sub("", name)), key(name.removeprefix("user-content-"))}
        if keys & self._headings:
            return True
        if MADE.match(name) or "" in keys or not self._is_whole:
            return None
        return not keys.isdisjoint(self._names)

    @cached_property
    def _is_whole(self) -> bool:
        return _is_whole(self._page)

    @cached_property
    def _names(self) -> frozenset[str]:
        return frozenset(_names(self._page))


def key(text: str) -> str:
    """Return the letters and digits of a name, which all ways to make one from a title keep."""
    if not text.isascii():
        text = normalize("NFKD", text).casefold()
    return "".join(filter(str.isalnum, text.lower()))


def _names(page: Page) -> Iterator[str]:
    """Return the keys of what may name a place: headings, attributes, quoted titles, and lines."""
    for heading in page.headings:
        for title in dict.fromkeys(_titles(heading.text)):
            whole = key(title)
            yield from (whole, whole.lstrip(DIGITS))
            if not title.isascii():
                known = key(normalize("NFKD", title).encode("ascii", "ignore").decode())
                yield from (known, known.lstrip(DIGITS))
    for line, kind in zip(page.lines, page.kinds, strict=True):
        if kind != "blank" and (kind != "code" or line.lstrip()[:1] in ("#", "<")):
            yield from _names_in(line, kind)


def _names_in(line: str, kind: Kind) -> Iterator[str]:
    if "=" in line or "{" in line:
        for own, named in OWN.findall(line):
            yield key(own or named)
    bare = LINKED.sub(" ", TARGET.sub(" ", line)) if "[" in line or "(" in line else line
    if '"' in bare or "'" in bare:
        yield from (key(part) for part in QUOTES.split(bare)[1:] if part[:1] != "#")
    if len(line) <= LONGEST_TITLE and not ITEM.match(line):
        yield key(TAG.sub(" ", bare))
        if kind == "front":
            yield key(bare.partition(":")[2])


def _titles(text: str) -> Iterator[str]:
    """Return what different sites take for the words of a heading."""
    yield from (text, COLON.split(text)[0])
    plain = LINKED.sub(r"\1", BRACES.sub(" ", text))
    for one in (plain, TAG.sub(" ", plain), TAG.sub(" ", LINKED.sub(" ", text))):
        yield from (one, unescape(one), EMOJI.sub(" ", one), unescape(one).replace("&", " and "))


def _is_whole(page: Page) -> bool:
    """Return whether all headings of a page are in it: it is no part of another one, and nothing
    includes or makes others."""
    if len(page.headings) > MOST_HEADINGS or len(page.lines) > MOST_LINES or _is_part(page):
        return False
    if any(DIRECTIVE.match(fence.info) for fence in page.fences):
        return False
    opened, closed, objects, ends = set[str](), set[str](), False, False
    for line, kind in zip(page.lines, page.kinds, strict=True):
        if kind == "code":
            continue
        text = CODE_SPAN.sub(" ", line) if 0 < line.count("`") <= MOST_TICKS else line
        if len(line) == LONGEST or INCLUDES.search(text):
            return False
        for slash, name in ELEMENT.findall(text):
            (closed if slash else opened).add(name)
        bare = text.strip()
        objects = objects or bool(OBJECT.match(bare))
        ends = ends or (len(bare) > 2 and not bare.strip(":"))
    return opened <= closed and (ends or not objects)


def _is_part(page: Page) -> bool:
    has_title = page.kinds[:1] == ["front"] or any(one.level == 1 for one in page.headings)
    has_title = has_title or "readme" in page.path.lower() or any(map(TITLED.match, page.lines))
    return not has_title or bool(PART.search(page.path))
