"""Timeline: observations as a drawing on a time axis, one lane a target, as inline SVG.

It owns positions and shapes; its words come from the caller, its looks from the stylesheet.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from trueup.model import Standing
from trueup.wording.markdown import escape_markdown

Kind = Literal["output", "bare", "billed", "error", "mixed", "inconclusive"]
Place = Callable[[datetime], float]
Columns = dict[float, dict[tuple[Kind, bool], None]]

WIDTH, LEFT, RIGHT = 340, 12, 328
COLUMNS = 31
"""Columns of the axis, each as wide as a mark with a gap; equal marks in a column are one."""
STEP = 11
"""Distance of marks above each other in one column: a mark is 9 high, plus a gap."""
HEAD, NAME, FOOT = 18, 16, 19
"""Heights of the row of standings, of a lane's name, and of the axis."""
ICONS = {
    Standing.RECOMMENDED: "✓",
    Standing.CONTROLLED_TESTING: "△",
    Standing.UNVERIFIED: "?",
    Standing.NOT_RECOMMENDED: "✕",
}
OUTLINES: dict[Kind, str] = {
    "output": "m-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0z",
    "bare": "m-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0z",
    "billed": "m0-4.5l4.5 8.5h-9z",
    "error": "m-4-4l8 8m0-8l-8 8",
    "mixed": "m0-5l5 5l-5 5l-5-5z",
    "inconclusive": "m-4-4h8v8h-8z",
}
"""A circle, filled or not, a triangle, a cross, a diamond and a square, around a point."""


@dataclass(frozen=True)
class Dot:
    """One observation; `first` is earlier than `at` where it sums up several equal ones."""

    first: datetime
    at: datetime
    kind: Kind
    is_past: bool = False


@dataclass(frozen=True)
class Drawing:
    """Content of a timeline. Names of lanes, `title` and `about` are plain text.

    The axis ends with `today`; what is before `fresh_from` is shaded. They are
    days apart. `moves` are the changes of the standing, oldest first, `holds` the starts of holds.
    """

    name: str
    title: str
    about: str
    lanes: Mapping[str, Sequence[Dot]]
    today: datetime
    fresh_from: datetime
    moves: Sequence[tuple[datetime, Standing]] = ()
    holds: Sequence[datetime] = ()

    def render(self) -> str:
        """Return the drawing as one line of SVG, without scripts or styles."""
        start, span = self._span()

        def place(at: datetime) -> float:
            column = min(int((at - start) / span * COLUMNS), COLUMNS - 1)
            return round(LEFT + (RIGHT - LEFT) * (column + 0.5) / COLUMNS, 1)

        head = HEAD if self.moves or self.holds else 0
        lanes: list[str] = []
        bottom = head
        for name, dots in self.lanes.items():
            marks = _columns(dots, place)
            line = bottom + NAME + STEP * _high(marks)
            lanes += _lane(name, dots, marks, line, place)
            bottom = line + STEP
        ids = f"{self.name}--seen-title {self.name}--seen-about"
        return (
            f'<svg class="tu-drawing" viewBox="0 0 {WIDTH} {bottom + FOOT}" role="img"'
            f' aria-labelledby="{ids}" focusable="false">'
            f'<title id="{self.name}--seen-title">{_text(self.title)}</title>'
            f'<desc id="{self.name}--seen-about">{_text(self.about)}</desc>'
            f"{self._shade(start, span, bottom)}{''.join(self._head(bottom, place))}"
            f"{''.join(lanes)}{''.join(_axis(start, span, bottom))}</svg>"
        )

    @property
    def is_shaded(self) -> bool:
        """Return whether a part of the drawing is stale."""
        return self.fresh_from > self._span()[0]

    def _span(self) -> tuple[datetime, timedelta]:
        times = [self.today, *self.holds, *(at for at, _ in self.moves)]
        for dots in self.lanes.values():
            times += [moment for dot in dots for moment in (dot.first, dot.at)]
        return min(times), max(times) - min(times)

    def _shade(self, start: datetime, span: timedelta, bottom: float) -> str:
        if not self.is_shaded:
            return ""
        end = round(LEFT + (RIGHT - LEFT) * min((self.fresh_from - start) / span, 1), 1)
        return _path("tu-old", f"M{LEFT} 0H{end}V{bottom}H{LEFT}z")

    def _head(self, bottom: float, place: Place) -> Iterator[str]:
        """Yield a line and the new icon for each change, and a bar from the start of each hold."""
        for at in self.holds:
            x = place(at)
            yield _path("tu-hold", f"M{x} 4V16M{x} 8H{WIDTH}M{x} 12H{WIDTH}")
        newest = {place(at): after for at, after in self.moves}
        for x, after in newest.items():
            yield _path("tu-move", f"M{x} {HEAD - 2}V{bottom}")
            yield f'<text class="tu-icon tu-{after}" x="{x}" y="12">{ICONS[after]}</text>'


def _columns(dots: Sequence[Dot], place: Place) -> Columns:
    """Return each column's kinds of marks by its position, oldest first."""
    marks: Columns = {}
    for dot in sorted(dots, key=lambda dot: dot.at):
        marks.setdefault(place(dot.at), {})[dot.kind, dot.is_past] = None
    return marks


def _lane(
    name: str,
    dots: Sequence[Dot],
    marks: Columns,
    line: float,
    place: Place,
) -> Iterator[str]:
    """Yield a lane's name and line, its marks on and above the line, and their spans."""
    top = line - STEP * _high(marks)
    yield f'<text class="tu-lane" x="{LEFT - 6}" y="{top}">{_text(name)}</text>'
    yield _path("tu-line", f"M{LEFT} {line}H{RIGHT}")
    lasting = {(place(dot.first), place(dot.at)) for dot in dots if dot.first != dot.at}
    for first, last in sorted(lasting):
        yield _path("tu-lasting", f"M{first} {line}H{last}")
    for x, kinds in marks.items():
        for number, (kind, is_past) in enumerate(kinds):
            yield _mark(kind, is_past, x, line - STEP * number)


def _high(marks: Columns) -> int:
    return max(len(kinds) for kinds in marks.values())


def _mark(kind: Kind, is_past: bool, x: float, y: float) -> str:
    past = " tu-past" if is_past else ""
    return _path(f"tu-dot tu-dot-{kind}{past}", f"M{x} {y}{OUTLINES[kind]}")


def _axis(start: datetime, span: timedelta, bottom: float) -> Iterator[str]:
    """Yield a line with three dates under it."""
    yield _path("tu-axis", f"M{LEFT} {bottom}H{RIGHT}")
    ends = {"start": LEFT - 6, "middle": (LEFT + RIGHT) / 2, "end": RIGHT + 6}
    for number, (end, x) in enumerate(ends.items()):
        day = (start + span * number / 2).date()
        yield f'<text class="tu-tick tu-{end}" x="{x}" y="{bottom + FOOT - 5}">{day}</text>'


def render_key(kind: Kind | Literal["move", "hold", "old"], is_past: bool = False) -> str:
    """Return a mark by itself, for a legend with words beside it."""
    if kind == "move":
        shape = _path("tu-move", "M7 1V13")
    elif kind == "hold":
        shape = _path("tu-hold", "M2 3V11M2 5H13M2 9H13")
    elif kind == "old":
        shape = _path("tu-old", "M1 1H13V13H1z")
    else:
        shape = _mark(kind, is_past, 7, 7)
    return (
        '<svg class="tu-key" viewBox="0 0 14 14" aria-hidden="true" focusable="false">'
        f"{shape}</svg>"
    )


def _path(looks: str, line: str) -> str:
    return f'<path class="{looks}" d="{line}"></path>'


def _text(text: str) -> str:
    """Return the text in one line, inert in HTML, and in Markdown where the drawing is folded."""
    return escape_markdown(text)
