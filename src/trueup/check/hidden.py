"""Hidden text: parts of a page that could show other words than its source, or hide some."""

import re
from collections.abc import Iterator
from html import unescape
from html.parser import HTMLParser
from itertools import chain

from trueup.check.typed_page import DIGITS, SIGN, TypedPage
from trueup.finding import Finding
from trueup.place import TextPositions
from trueup.site.visible_blocks import CONFUSABLES, INVISIBLE

UNSEEN = re.compile(
    # The sign after an emoji that selects its picture is seen.
    rf"(?![\ufe0f]){INVISIBLE.pattern}|(?<![\u203c-\u3299\U0001f000-\U0001faff])\ufe0f"
    "|[\x00-\x08\x0b-\x1f\x7f-\x9f\ue000-\uf8ff\U000f0000-\U0010ffff]"
)
REFERENCE = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
LETTERS = "".join(chr(code) + chr(code).upper() for code in CONFUSABLES if code != 0x131)
MIXED = re.compile(rf"(?<![^\W\d_])(?=[^\W\d_]*[A-Za-z])(?=[^\W\d_]*[{LETTERS}])[^\W\d_]+")
ALLOWED = {
    "a": {"href"},
    "abbr": {"title"},
    "img": {"src", "alt"},
    "input": {"type", "name", "checked"},
    "label": {"for"},
    "ol": {"start"},
    "details": {"open"},
    "div": {"data-tabs"},
}
"""Attributes besides `id` and `class` that Markdown itself makes."""
ALIGNED = re.compile(r"text-align: (?:left|right|center);")
NOTE_LINK = "footnote-backref"
ADVISING = (
    *("advice", "endpoints", "model_page", "model_status", "overall", "recent_changes"),
    *("risks", "standings", "start_here"),
)
"""The macros whose words readers must see as they are."""


def check_hidden(typed: TypedPage) -> Iterator[Finding]:
    """Return findings in a page as written and as rendered."""
    page = typed.page
    for one in typed.expressions:
        if not one.is_comment and one.call is None:
            problem = f"{_short(page.text[one.start : one.end])} is not a single macro call with"
            where = typed.positions.place(one.start)
            fix = "Call one macro, or write the text itself."
            yield Finding(where, f"{problem} plain names", fix, "hidden-text")
    if found := re.search(r"\{\{|\{%|\{#", page.front):
        where = page.place(2 + page.front.count("\n", 0, found.start()))
        problem = "the front matter holds an expression"
        yield Finding(where, problem, "Write the text itself.", "hidden-text")
    yield from _calls(typed)
    yield from _html(typed)
    yield from _attributes(typed)
    yield from _signs(typed)


def _calls(typed: TypedPage) -> Iterator[Finding]:
    """Return a finding for each call that says what to do and is no block by itself: within a list,
    a note, a frame or struck text, its words would be hidden or mean something else."""
    alone: set[str] = set()
    for element in () if typed.root is None else typed.root.iterchildren("body"):
        for block in element.iterchildren("p"):
            if not len(block) and not SIGN.sub("", block.text or "").strip():
                alone.update(SIGN.findall(block.text or ""))
    for number, one in enumerate(typed.expressions):
        is_alone = str(number).translate(DIGITS) in alone
        if one.call and one.call.macro in ADVISING and not is_alone:
            yield Finding(
                typed.positions.place(one.start),
                f"the call of {one.call.macro} is within other text, which could hide what it says",
                "Put it at column 0, with an empty line before and after it.",
                "hidden-text",
            )


def _html(typed: TypedPage) -> Iterator[Finding]:
    reader = _Tags()
    for piece in typed.raw:
        reader.feed(f"{piece}\n")
    reader.close()
    at = 0
    for tag in reader.found:
        where = typed.search(tag, at)
        at = max(typed.page.text.find(tag, at), 0)
        problem = f"the element {_short(tag)} is HTML"
        yield Finding(where, problem, "Write it in Markdown.", "hidden-text")


class _Tags(HTMLParser):
    """The tags of some HTML, but for those of links without further attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag != "a" or [name for name, _ in attrs] != ["href"]:
            self.found.append(self.get_starttag_text() or tag)

    def handle_pi(self, data: str) -> None:
        self.found.append(f"<?{data}>")

    def handle_decl(self, decl: str) -> None:
        self.found.append(f"<!{decl}>")

    def unknown_decl(self, data: str) -> None:
        self.found.append(f"<![{data}")


def _attributes(typed: TypedPage) -> Iterator[Finding]:
    page = typed.page
    for element in () if typed.root is None else typed.root.iter("*"):
        given = dict(element.items())
        if element.tag in ("td", "th") and ALIGNED.fullmatch(given.get("style", "")):
            del given["style"]
        if NOTE_LINK in given.get("class", "").split():
            given.pop("title", None)
        own = SIGN.search("".join([element.text or "", *(child.tail or "" for child in element)]))
        allowed = ALLOWED.get(element.tag, set()) | (set() if own else {"id", "class"})
        for name in given.keys() - allowed:
            if own and name in ("id", "class") and element.tag in ("code", "pre", "summary", "td"):
                continue
            problem = f"the attribute {name} of an element {element.tag}"
            yield Finding(
                typed.search(given[name] if given[name] in page.text else f"{name}="),
                f"{problem} could hide or change what readers see",
                "Remove it; a link has no title, and only ids and classes are allowed.",
                "hidden-text",
            )


def _signs(typed: TypedPage) -> Iterator[Finding]:
    page = typed.page
    for text, first in ((page.front, 2), (page.text, page.first_line)):
        lines = TextPositions(page.path, text, first)
        for found in UNSEEN.finditer(text):
            problem = f"the character U+{ord(found[0]):04X} is invisible"
            yield Finding(lines.place(found.start()), problem, "Remove it.", "hidden-text")
        for found in MIXED.finditer(text):
            problem = f"{_short(found[0])} mixes letters of two scripts that look alike"
            yield Finding(lines.place(found.start()), problem, "Use one script.", "hidden-text")
    shown = "".join(chain(() if typed.root is None else typed.root.itertext()))
    seen = set(UNSEEN.findall(SIGN.sub("", shown))) - set(UNSEEN.findall(page.text))
    for found in REFERENCE.finditer(page.text) if seen else ():
        if seen.intersection(unescape(found[0])):
            where = typed.positions.place(found.start())
            problem = f"the character reference {found[0]} is invisible"
            yield Finding(where, problem, "Remove it.", "hidden-text")


def _short(text: str) -> str:
    text = " ".join(text.split())
    return repr(text if len(text) <= 60 else f"{text[:59]}…")
