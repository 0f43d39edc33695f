"""Badge: a standing in words and colour, as a small picture and as data for shields.io."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape
from unicodedata import east_asian_width

from trueup.feed.publication import Publication
from trueup.feed.summary import ComponentStatus, component_status

COLOURS: Mapping[ComponentStatus | None, tuple[str, str]] = {
    "operational": ("#1b6e3c", "green"),
    "degraded_performance": ("#8a5300", "yellow"),
    "major_outage": ("#a31515", "red"),
    None: ("#4a5a63", "lightgrey"),
}
"""Those of the picture and of shields.io. White text on each of the former has a contrast of at
least 4.5, the minimum of WCAG 2 AA."""
PADDING, HEIGHT = 8, 20
"""Sizes in pixels."""
LETTER, WIDE, WIDEST = 7, "MOQWmw@%&+<=>", 12
"""Of Verdana at 11 pixels no letter but these is wider than 7; they and the letters of East Asia
have at most 12."""


@dataclass(frozen=True)
class Badge:
    """A name, and its standing with the date and, where it is old, the mark of that."""

    label: str
    message: str
    status: ComponentStatus | None

    def shield(self) -> str:
        """Return the JSON of a shields.io endpoint."""
        color = COLOURS[self.status][1]
        shown = {"schemaVersion": 1, "label": self.label, "message": self.message, "color": color}
        return json.dumps(shown, ensure_ascii=False) + "\n"

    def picture(self) -> str:
        """Return an SVG."""
        first, second = (_width(text) + 2 * PADDING for text in (self.label, self.message))
        title, color = escape(f"{self.label}: {self.message}"), COLOURS[self.status][0]
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{first + second}" height="{HEIGHT}"'
            f' role="img" aria-label="{title}"><title>{title}</title>'
            f'<rect width="{first}" height="{HEIGHT}" fill="#333"/>'
            f'<rect x="{first}" width="{second}" height="{HEIGHT}" fill="{color}"/>'
            '<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11"'
            ' text-anchor="middle">'
            f'<text x="{first / 2:g}" y="14">{escape(self.label)}</text>'
            f'<text x="{first + second / 2:g}" y="14">{escape(self.message)}</text></g></svg>\n'
        )


def badge_of(site: Publication, name: str, endpoints: Iterable[str]) -> Badge:
    """Return the badge of the best-standing endpoint, of equal ones of a fresh one, with a name."""
    assessments = (site.assessments[endpoint] for endpoint in endpoints)
    best = min(assessments, key=lambda one: (one.standing.rank, not site.is_fresh(one)))
    label = f"rehearsal, {name}" if site.is_rehearsal else name
    return Badge(label, site.claim(best.endpoint), component_status(site, best))


def _width(text: str) -> int:
    """Return a width in pixels that the text does not exceed."""
    wide = [letter in WIDE or east_asian_width(letter) in "WF" for letter in text]
    return sum(WIDEST if is_wide else LETTER for is_wide in wide)
