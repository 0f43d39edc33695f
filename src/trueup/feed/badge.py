"""Badge: a standing as a small picture, in words and colour."""

from collections.abc import Sequence
from html import escape
from unicodedata import east_asian_width

from trueup.evidence import Assessment
from trueup.model import Standing

COLOURS = {
    Standing.RECOMMENDED: "#1b6e3c",
    Standing.CONTROLLED_TESTING: "#8a5300",
    Standing.UNVERIFIED: "#4a5a63",
    Standing.NOT_RECOMMENDED: "#a31515",
}
"""White text on each of them has a contrast of at least 4.5, the minimum of WCAG 2 AA."""
PADDING, HEIGHT = 8, 20
"""Sizes in pixels."""
LETTER, WIDE, WIDEST = 7, "MOQWmw@%&+<=>", 12
"""Of Verdana at 11 pixels no letter but these is wider than 7; they and the letters of East Asia
have at most 12."""


def render_badge(name: str, assessments: Sequence[Assessment], is_rehearsal: bool = False) -> str:
    """Return an SVG with a name, the best standing of its endpoints, and the date of that claim."""
    best = min(assessments, key=lambda assessment: assessment.standing.rank)
    word = best.standing.replace("-", " ")
    left = f"rehearsal, {name}" if is_rehearsal else name
    right = f"{word}, {best.seen_on}" if best.seen_on else word
    first, second = (_width(text) + 2 * PADDING for text in (left, right))
    title = escape(f"{left}: {right}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{first + second}" height="{HEIGHT}"'
        f' role="img" aria-label="{title}"><title>{title}</title>'
        f'<rect width="{first}" height="{HEIGHT}" fill="#333"/>'
        f'<rect x="{first}" width="{second}" height="{HEIGHT}" fill="{COLOURS[best.standing]}"/>'
        '<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11"'
        ' text-anchor="middle">'
        f'<text x="{first / 2:g}" y="14">{escape(left)}</text>'
        f'<text x="{first + second / 2:g}" y="14">{escape(right)}</text></g></svg>\n'
    )


def _width(text: str) -> int:
    """Return a width in pixels that the text does not exceed."""
    wide = [letter in WIDE or east_asian_width(letter) in "WF" for letter in text]
    return sum(WIDEST if is_wide else LETTER for is_wide in wide)
