"""Visible blocks: the words of a page as its readers get them, one text for each block of HTML.

The same for a page that was rendered in process and for a built one. Judges nothing.
"""

import re
from dataclasses import dataclass, field
from unicodedata import normalize

from lxml import etree

from trueup.site.built_pages import without_colours

HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
ENDS = frozenset(
    (
        *HEADINGS,
        *(
            "address",
            "article",
            "aside",
            "blockquote",
            "body",
            "button",
            "caption",
            "dd",
            "details",
        ),
        *("dialog", "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form"),
        *("head", "header", "hr", "html", "legend", "li", "main", "nav", "ol"),
        *("option", "p", "pre", "section", "select", "summary", "svg", "table", "tbody"),
        *("td", "tfoot", "th", "thead", "title", "tr", "ul"),
    )
)
"""Elements whose text is a block of its own."""
LABELS = ("alt", "title", "aria-label", "aria-description", "placeholder", "label", "summary")
"""Attributes that a browser shows or reads out."""
ABOUT = re.compile("title|description")
"""In the name of a `<meta>`, whose text search engines and chats show."""
SPACE = re.compile(r"[\s\xb6]+")
"""White space, and the sign of the theme's links to headings."""
INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e0fff]"
)
"""The characters that Unicode calls default ignorable, which show nothing."""
DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"
CONFUSABLES = str.maketrans(
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u0501\u051b\u0261\u03bf\u03b1\u03bd\u0131\u043a\u043c\u0442\u0432\u043d",
    "aeopcyxijsdqgoavikmtbh",
)
"""Lower-case letters of other scripts that look like those of ASCII."""
MIXED = re.compile(r"(?<![^\W\d_])(?=[^\W\d_]*[A-Za-z])(?=[^\W\d_]*[^\x00-\x7f\W\d_])[^\W\d_]+")
"""A word with letters of ASCII and others."""
DEEP = ("code", "links", "group", "hidden", "unshown")
KINDS: dict[object, tuple[str, ...]] = {
    **dict.fromkeys(("code", "pre", "kbd", "samp"), ("code",)),
    **dict.fromkeys(("table", "ul", "ol", "dl", "details"), ("group",)),
    **dict.fromkeys(("script", "style", "template"), ("unshown",)),
    "a": ("links",),
}
GROUPED = frozenset(("admonition", "tabbed-set"))
"""Classes of elements whose title or labels are about all that is in them."""
TICK, TICKED = "✅", frozenset(("success", "check", "done"))
"""The sign that readers see at the title of a box of some types."""
Span = tuple[int, int]


class _Confusables(dict[int, int]):
    """The look-alike of each character: itself, or one of ASCII, as for a full-width letter."""

    def __missing__(self, code: int) -> int:
        ascii_char = "-" if chr(code) in DASHES else normalize("NFKC", chr(code))
        self[code] = ord(ascii_char) if len(ascii_char) == 1 and ascii_char.isascii() else code
        return self[code]


CONFUSABLE_FOLDS = _Confusables()


@dataclass(frozen=True)
class VisibleBlock:
    """The text of a block: white space folded, look-alikes as ASCII, invisible characters left out.

    `kind` is its element, such as `p` or `h2`; labels that a browser shows, such as `alt`, follow
    the text. `code` and `links` are the spans of the text within such elements. Blocks of one list
    or table have the same `group`; another block has one of its own.
    """

    kind: str
    text: str
    group: int
    line: int
    """The line in the HTML of the element."""
    code: tuple[Span, ...] = ()
    links: tuple[Span, ...] = ()
    targets: tuple[str, ...] = ()
    """Where its links lead."""
    hidden: bool = False
    """Whether it is within an element with the attribute `hidden`, which a script may show."""

    @property
    def level(self) -> int:
        """The level of a heading, and 0 for another block."""
        return int(self.kind[1]) if self.kind in HEADINGS else 0


def visible_blocks(html: str) -> list[VisibleBlock]:
    """Return the blocks with any text of a page or a part of one, in the order of the page.

    Raises ValueError as `parse_html` does.
    """
    root = parse_html(without_colours(html))
    reader = _Reader()
    if root is not None:
        for event, element in etree.iterwalk(root, events=("start", "end", "comment", "pi")):
            if event == "start":
                reader.enter(element)
            elif event == "end":
                reader.leave(element)
            else:
                reader.add(element.tail)
        reader.end_block()
    return reader.blocks


def parse_html(html: str) -> etree._Element | None:
    """Return the root of a page or a part of one, as browsers parse it; None if it is empty.

    Raises ValueError for one so deep that the parser leaves out a part of it.
    """
    parser = etree.HTMLParser(encoding="utf-8", huge_tree=True)
    content = html.replace("\0", "").encode(errors="replace")
    if not content.strip():
        return None
    root = etree.fromstring(content, parser)
    if any(error.level_name == "FATAL" for error in parser.error_log):
        raise ValueError("elements within each other without end")
    return root


def fold_confusables(text: str) -> str:
    """Return the text with look-alikes as ASCII, of the same length."""
    if text.isascii():
        return text
    return MIXED.sub(
        lambda found: found[0].translate(CONFUSABLES), text.translate(CONFUSABLE_FOLDS)
    )


@dataclass
class _Reader:
    """The block that is read, and those before it."""

    blocks: list[VisibleBlock] = field(default_factory=list)
    open: list[str] = field(default_factory=list)
    """The elements around the place, with those that end a block."""
    text: str = ""
    labels: list[str] = field(default_factory=list)
    targets: list[str] = field(default_factory=list)
    spans: dict[str, list[Span]] = field(default_factory=lambda: {"code": [], "links": []})
    starts: dict[str, int] = field(default_factory=dict)
    """Where the outermost open code and link begin."""
    depth: dict[str, int] = field(default_factory=lambda: dict.fromkeys(DEEP, 0))
    kinds: list[tuple[str, int]] = field(default_factory=lambda: [("body", 1)])
    group: int = 0

    def enter(self, element: etree._Element) -> None:
        tag, line = str(element.tag), element.sourceline or 1
        if tag in ENDS:
            self.end_block()
            self.kinds.append((tag, line))
        elif tag in ("br", "td"):
            self.add(" ")
        for kind in _kinds_of(element):
            self.depth[kind] += 1
            if kind in self.spans and self.depth[kind] == 1:
                self.starts[kind] = len(self.text)
            if kind == "group" and self.depth[kind] == 1:
                self.group += 1
        if not self.depth["unshown"]:
            self.labels += _labels_of(element)
            self.targets += [element.get("href", "")] if tag == "a" else []
        self.add(element.text)

    def leave(self, element: etree._Element) -> None:
        tag = str(element.tag)
        if tag in ENDS:
            self.end_block()
            self.kinds.pop()
        for kind in _kinds_of(element):
            self.depth[kind] -= 1
            if kind in self.spans and not self.depth[kind]:
                self._end_span(kind)
        self.add(element.tail)

    def add(self, text: str | None) -> None:
        """Add text to the block, unless it is of an element that shows none."""
        if not text or self.depth["unshown"]:
            return
        seen = text if text.isascii() else INVISIBLE.sub("", text)
        folded = SPACE.sub(" ", seen)
        self.text += folded[1:] if folded[:1] == " " and self.text[-1:] in ("", " ") else folded

    def end_block(self) -> None:
        """Keep the block that was read, and begin the next."""
        for kind in self.spans:
            if self.depth[kind]:
                self._end_span(kind)
        labels = [SPACE.sub(" ", INVISIBLE.sub("", label)).strip() for label in self.labels]
        text = " ".join(one for one in (self.text.rstrip(), *labels) if one)
        if text:
            self.group += not self.depth["group"]
            kind, line = self.kinds[-1]
            spans = {name: tuple(found) for name, found in self.spans.items()}
            hidden = self.depth["hidden"] > 0
            folded = fold_confusables(text)
            targets = tuple(self.targets)
            block = VisibleBlock(
                kind, folded, self.group, line, **spans, targets=targets, hidden=hidden
            )
            self.blocks.append(block)
            self.labels, self.targets, self.spans = [], [], {name: [] for name in self.spans}
        self.text, self.starts = "", dict.fromkeys(self.spans, 0)

    def _end_span(self, kind: str) -> None:
        start, end = self.starts.get(kind, 0), len(self.text.rstrip())
        if start < end:
            self.spans[kind].append((start, end))


def _kinds_of(element: etree._Element) -> tuple[str, ...]:
    """Return what the text of an element is besides text, of the names in `DEEP`."""
    kinds = KINDS.get(element.tag, ())
    if not GROUPED.isdisjoint((element.get("class") or "").split()):
        kinds = (*kinds, "group")
    return kinds if element.get("hidden") is None else (*kinds, "hidden")


def _labels_of(element: etree._Element) -> list[str]:
    if element.tag == "meta":
        name = element.get("name", element.get("property", ""))
        return [element.get("content", "")] if ABOUT.search(name) else []
    shown = LABELS if element.tag != "input" else (*LABELS, "value")
    found = [value for name, value in element.items() if name in shown]
    return [*found, TICK] if _is_ticked(element) else found


def _is_ticked(element: etree._Element) -> bool:
    """Return whether the style of the theme puts a tick before the title of a box."""
    box = element.getparent()
    is_title = element.tag == "summary" or "admonition-title" in (element.get("class") or "")
    kinds = (box.get("class") or "").split() if is_title and box is not None else ()
    return not TICKED.isdisjoint(kinds)
