"""Chain: the way from evidence to page, as a drawing whose words are of one language."""

import re
from collections.abc import Iterator
from html import escape
from unicodedata import east_asian_width

from trueup.wording.catalogue import Catalogue

ROOM = 36
"""Letters in a line; one of Chinese or Japanese takes the room of two."""
WORD = re.compile("[\u3040-\u9fff][、。，；：）」ー]* ?|[^\\s\u3040-\u9fff]+ ?")
WIDTH, CORD, TEXT, LOOP = 340, 14, 38, 336
LINE, GAP, KNOT = 17, 20, 11


def render_chain(catalogue: Catalogue) -> str:
    """The drawing as a figure in HTML, with a title and a description for those who see none."""
    _ = catalogue.gettext
    title = escape(_("From evidence to page"))
    links = (
        (_("Retest"), _("sends a published block to the gateway and reads its bill")),
        (_("Observation"), _("what was sent, what came back and what it cost, in status.yml")),
        (_("Standing"), _("one word for each endpoint, derived by rules; nobody types it")),
        (_("Page"), _("advice, risks and code, derived from the record and the standings")),
        (_("Receipt"), _("each block is run as it is copied; the line under it says how")),
    )
    told = [
        _("{number}. {name}: {text}.").format(number=number, name=name, text=text)
        for number, (name, text) in enumerate(links, 1)
    ]
    told.append(_("The next retest sends the blocks of the page."))
    drawn, knots, y = list[str](), list[int](), KNOT + 2
    for number, (name, text) in enumerate(links, 1):
        knots.append(y)
        lines = list(lines_of(text))
        drawn += _link(number, name, lines, y)
        y += LINE * len(lines) + LINE + GAP
    return (
        '<figure class="tu-chain">'
        f'<svg viewBox="0 0 {WIDTH} {y}" role="img" fill="currentColor"'
        ' aria-labelledby="tu-chain-title tu-chain-told">'
        f'<title id="tu-chain-title">{title}</title>'
        f'<desc id="tu-chain-told">{escape(" ".join(told))}</desc>'
        f"{_cords(knots)}{''.join(drawn)}</svg></figure>"
    )


def lines_of(text: str) -> Iterator[str]:
    """The text in lines that have room, broken between words; Chinese and Japanese have none."""
    line = ""
    for word in WORD.findall(text):
        if line and _letters(line + word.rstrip()) > ROOM:
            yield line.rstrip()
            line = ""
        line += word
    yield line.rstrip()


def _letters(text: str) -> int:
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)


def _link(number: int, name: str, lines: list[str], y: int) -> Iterator[str]:
    yield f'<circle cx="{CORD}" cy="{y}" r="{KNOT}"/>'
    yield f'<text class="tu-number" x="{CORD}" y="{y + 5}" text-anchor="middle">{number}</text>'
    yield f'<text class="tu-name" x="{TEXT}" y="{y + 5}" font-weight="700">{escape(name)}</text>'
    for place, line in enumerate(lines, 1):
        yield f'<text x="{TEXT}" y="{y + 5 + LINE * place}">{escape(line)}</text>'


def _cords(knots: list[int]) -> str:
    """A plumb line through the knots, with its bob, and the way back from the page to a retest."""
    first, page, last = knots[0], knots[-2], knots[-1]
    bob = f"M{CORD - 7} {last + 18}h14v7l-7 13-7-13z"
    back = f"M{LOOP - 30} {page}H{LOOP}V{first}H{LOOP - 30}m7-5-7 5 7 5"
    return (
        f'<path class="tu-cord" d="M{CORD} {first}V{last + 20}" stroke="currentColor"/>'
        f'<path d="{bob}"/>'
        f'<path class="tu-back" d="{back}" fill="none" stroke="currentColor"/>'
    )
