"""Typed page: what people typed into a page, as its readers see it, with the place of each word.

What macros render is left out: a call is a sign that shows no text.
"""

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import yaml

from trueup.check.page_markdown import PageMarkdown
from trueup.errors import BadInput
from trueup.place import Place, TextPositions
from trueup.site import MacroCall, Page
from trueup.site.macro_calls import Expression, expressions_in
from trueup.site.source_pages import LOADER
from trueup.site.visible_blocks import (
    VisibleBlock,
    fold_confusables,
    parse_html,
    visible_blocks,
)

DIGITS = str.maketrans("0123456789", "".join(chr(0xE010 + digit) for digit in range(10)))
BACK = {wide: narrow for narrow, wide in DIGITS.items()}
SIGN = re.compile("\ue000([\ue010-\ue019]+)\ue001")
"""A call of a macro: its number, in characters for private use, which no page may hold."""
PRIVATE = re.compile("[\ue000-\uf8ff]")
TARGET = re.compile(r"(?<=\])\([^)\n]{1,2000}\)")
"""Where a link leads, which is not shown; a place alone depends on it."""
WORD = re.compile(r"[A-Za-z0-9]+|[^\W_]")
FENCE = re.compile(r"[\s>]*(?:`{3}|~{3})")
MOST_SKIPPED = 40
"""Words of the source that show nothing, such as those of a link's target, before the next."""
Word = tuple[int, int, str]
"""Start, end and lower-case letters of a word."""
ENGINE_KEYS = ("model", "blocks")
"""The keys of the front matter that the engine itself reads."""


@dataclass(frozen=True)
class TypedBlock:
    """A block of what was typed. `text` is of the same length as the block's, with white space for
    each call; `calls` are those within it."""

    block: VisibleBlock
    text: str
    calls: tuple[MacroCall, ...] = ()
    line: int = 0
    """The line of a text of the front matter, in the file."""


@dataclass
class TypedPage:
    """A page with its blocks. `raw` are the pieces of HTML in it."""

    page: Page
    expressions: Sequence[Expression]
    html: str
    raw: Sequence[str]
    root: Any = None
    blocks: list[TypedBlock] = field(default_factory=list)
    """The blocks of the front matter, then those of the text."""

    @cached_property
    def positions(self) -> TextPositions:
        """The places in the page's text."""
        return TextPositions(self.page.path, self.page.text, self.page.first_line)

    @cached_property
    def _source(self) -> str:
        """The text with all that Jinja replaces blanked, every place kept."""
        text = self.page.text
        for one in self.expressions:
            text = f"{text[: one.start]}{_blanked(text[one.start : one.end])}{text[one.end :]}"
        return fold_confusables(TARGET.sub(lambda found: _blanked(found[0]), text))

    def place(self, block: TypedBlock, offset: int) -> Place:
        """Return the place in the file of an offset into the text of a block: the line, and the
        column of a word that is spelled there as readers see it."""
        if block.line:
            return self.page.place(block.line)
        number = self._numbers[id(block)]
        words, found = _words(block.text), self._aligned[number]
        index = bisect_left([end for _, end, _ in words], offset + 1)
        if index < len(found) and (at := found[index]) is not None:
            start = words[index][0]
            before = max(start - offset, 0)
            exact = self._source[at - before : at] == block.text[start - before : start]
            return self.positions.place(at - before * exact)
        near = [*reversed(found[:index]), *found[index:]]
        before_it = [at for one in reversed(self._aligned[:number]) for at in reversed(one)]
        known = next((at for at in (*near, *before_it) if at is not None), None)
        if known is None:
            return self.page.place(self.page.first_line)
        return self.page.place(self.positions.place(known).line)

    def fence_place(self, block: TypedBlock) -> Place:
        """Return the place of a block of code: its fence, or its first line without one."""
        line = self.place(block, 0).line
        lines = self.page.text.split("\n", line - self.page.first_line)
        is_fenced = len(lines) > 1 and FENCE.match(lines[-2])
        return self.page.place(line - 1 if is_fenced else line)

    def search(self, text: str, after: int = 0) -> Place:
        """Return the place at which a text is written, or that of the whole page."""
        at = self.page.text.find(text, after)
        return self.positions.place(at) if at >= 0 else self.page.place()

    @cached_property
    def _numbers(self) -> dict[int, int]:
        return {id(block): number for number, block in enumerate(self.blocks)}

    @cached_property
    def _aligned(self) -> list[list[int | None]]:
        """For each word of each block, its offset in the source, where it is found in order."""
        source = _words(self._source)
        places: defaultdict[str, list[int]] = defaultdict(list)
        for number, (_, _, word) in enumerate(source):
            places[word].append(number)
        found: list[list[int | None]] = []
        next_one = 0
        for block in self.blocks:
            words = [] if block.line else [word for _, _, word in _words(block.text)]
            own: list[int | None] = []
            for word, follower in zip(words, [*words[1:], ""], strict=False):
                at = _next(places[word], next_one, source, follower)
                own.append(None if at is None else source[at][0])
                next_one = next_one if at is None else at + 1
            found.append(own)
        return found


def read_typed_page(page: Page, markdown: PageMarkdown) -> TypedPage:
    """Return what people typed into a page that Jinja can parse.

    Raises BadInput for one that Markdown cannot render.
    """
    expressions = expressions_in(page.text)
    written, parts, at = PRIVATE.sub("\ufffd", page.text), [], 0
    for number, one in enumerate(expressions):
        sign = f"\ue000{str(number).translate(DIGITS)}\ue001" if one.call else ""
        parts += [written[at : one.start], sign]
        at = one.end
    try:
        html, raw = markdown.render("".join([*parts, written[at:]]))
        found = TypedPage(page, expressions, html, raw, parse_html(html))
        found.blocks += _front_blocks(page)
        found.blocks += [_typed(block, expressions) for block in visible_blocks(html)]
    except ValueError as error:
        problem = f"Markdown cannot render the page ({' '.join(str(error).split())})"
        raise BadInput(page.place(), problem, "Correct or simplify its text.") from error
    return found


def _typed(block: VisibleBlock, expressions: Sequence[Expression]) -> TypedBlock:
    signs = list(SIGN.finditer(block.text))
    if not signs:
        return TypedBlock(block, block.text)
    calls = (expressions[int(sign[1].translate(BACK))].call for sign in signs)
    text = SIGN.sub(lambda sign: " " * len(sign[0]), block.text)
    return TypedBlock(block, text, tuple(call for call in calls if call is not None))


def _front_blocks(page: Page) -> Iterator[TypedBlock]:
    """Return a block for each text of the front matter; the title is a heading, but of no text."""
    root = yaml.compose(page.front, Loader=LOADER) if page.front else None
    pairs = root.value if isinstance(root, yaml.MappingNode) else []
    for number, (key, value) in enumerate(pairs, 1):
        if key.value in ENGINE_KEYS:
            continue
        for node in _scalars(value):
            for block in visible_blocks(f"<p>{_escaped(node.value)}"):
                kind = key.value if key.value in ("title", "description") else "front"
                own = replace(block, kind=kind, group=-number)
                yield TypedBlock(own, own.text, line=node.start_mark.line + 2)


def _scalars(root: yaml.Node) -> Iterator[yaml.ScalarNode]:
    """Return each text in a value once, however often the front matter repeats it by an alias."""
    known: set[int] = set()
    waiting = [root]
    while waiting:
        node = waiting.pop(0)
        if id(node) in known:
            continue
        known.add(id(node))
        if isinstance(node, yaml.ScalarNode):
            yield node
        elif isinstance(node, yaml.SequenceNode):
            waiting += node.value
        elif isinstance(node, yaml.MappingNode):
            waiting += [one for _, one in node.value]


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


def _blanked(text: str) -> str:
    """Return white space of the same length and lines."""
    return re.sub(r"[^\n]", " ", text)


def _words(text: str) -> list[Word]:
    return [(*found.span(), found[0].lower()) for found in WORD.finditer(text)]


def _next(places: Sequence[int], start: int, source: Sequence[Word], follower: str) -> int | None:
    """Return the number of the next word of the source that is meant, among those equal to it."""
    for at in places[bisect_left(places, start) :][:5]:
        if at - start < 2 or (at + 1 < len(source) and source[at + 1][2] == follower):
            return at if at - start <= MOST_SKIPPED else None
        if at - start > MOST_SKIPPED:
            return None
        if not follower:
            return at
    return None
