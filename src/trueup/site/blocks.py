"""Blocks: the code of built pages, exactly as the copy button puts it on the clipboard.

The button copies the text of the `<code>` inside `<pre>`, then trims its end as JavaScript does.
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, partial
from html.parser import HTMLParser
from pathlib import Path

from pydantic import TypeAdapter

from trueup.memo import NO_MEMO, Memo
from trueup.site.built_pages import pages_in, without_colours

JS_SPACE = (
    "\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\ufeff"
)
VOID = frozenset(
    [
        "area",
        "base",
        "br",
        "col",
        "embed",
        "hr",
        "img",
        "input",
        "link",
        "meta",
        "source",
        "track",
        "wbr",
    ]
)
HIDDEN = ("script", "style")


@dataclass(frozen=True)
class Block:
    """A block of a built page. `endpoint` and `id` are None if no macro made it.

    `tabbed` is true within a set of tabs; `copied` is the text of a `data-copy` attribute, which
    would be copied in place of the shown one.
    """

    page: str
    line: int
    language: str
    text: str
    id: str | None = None
    endpoint: str | None = None
    excerpt: str | None = None
    tabbed: bool = False
    copied: str | None = None

    @cached_property
    def sha256(self) -> str:
        """Hash of the text as copied, in UTF-8."""
        return hashlib.sha256(self.text.encode()).hexdigest()


BLOCKS = TypeAdapter(list[Block])


def trim_end(text: str) -> str:
    """Return the text without trailing white space, as JavaScript's `trimEnd` does."""
    return text.rstrip(JS_SPACE)


def read_blocks(
    site: Path, pages: Iterable[str] | None = None, memo: Memo = NO_MEMO
) -> list[Block]:
    """Return every block of pages of a site, or of all, in their order and that of the page."""
    found: list[Block] = []
    for page in pages_in(site) if pages is None else pages:
        text = (site / page).read_bytes().decode(errors="replace")
        found += BLOCKS.validate_python(memo.get([page, text], partial(extract_blocks, text, page)))
    return found


def extract_blocks(html: str, page: str) -> list[Block]:
    """Return the blocks of one page. Line ends are read as LF, as in browsers."""
    reader = _Reader(page)
    reader.feed(without_colours(re.sub("\r\n?", "\n", html)))
    reader.close()
    return reader.blocks


class _Reader(HTMLParser):
    """The open elements; the outermost `<code>` somewhere inside a `<pre>` is a block."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.page = page
        self.blocks: list[Block] = []
        self.open: list[tuple[str, dict[str, str]]] = []
        self.text: list[str] = []
        self.line = 0
        self.depth: int | None = None
        """The number of open elements up to the current block, itself included."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in VOID:
            return
        self.open.append((tag, {name: value or "" for name, value in attrs}))
        if tag == "code" and self.depth is None and any(name == "pre" for name, _ in self.open):
            self.depth, self.text, self.line = len(self.open), [], self.getpos()[0]

    def handle_data(self, data: str) -> None:
        if self.depth is not None and self.open[-1][0] not in HIDDEN:
            self.text.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag not in (name for name, _ in self.open):
            return
        while True:
            name = self.open[-1][0]
            self._leave()
            if name == tag:
                return

    def close(self) -> None:
        super().close()
        while self.open:
            self._leave()

    def _leave(self) -> None:
        """Close the innermost element, as browsers do for one without an end tag."""
        if self.depth == len(self.open):
            self.blocks.append(self._block(trim_end("".join(self.text))))
            self.depth = None
        self.open.pop()

    def _block(self, text: str) -> Block:
        around = [attributes for _, attributes in reversed(self.open)]
        classes = [name for attributes in around for name in attributes.get("class", "").split()]
        languages = (re.fullmatch(r"(?:language|lang)-(.+)", name) for name in classes)
        holder = next((a for a in around if "highlight" in a.get("class", "").split()), {})
        return Block(
            page=self.page,
            line=self.line,
            language=next((found[1] for found in languages if found), "text"),
            text=text,
            id=holder.get("id"),
            endpoint=holder.get("data-endpoint"),
            excerpt=holder.get("data-excerpt"),
            tabbed="tabbed-block" in classes,
            copied=next((trim_end(a["data-copy"]) for a in around if "data-copy" in a), None),
        )
