"""Status index: the endpoints of a large status file on one page, a line each, by kind and by
standing. Their evidence is on the pages of their models."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import product

from trueup.model import NO_MODEL, Kind, Standing, Status, anchor, split
from trueup.site import STATUS_PAGE
from trueup.wording.pages import PageText

MOST = 50
"""Endpoints whose evidence a status page holds: at about 4 kB each, of the 300 kB of a page."""
MOST_PAGELESS = 8
"""Endpoints without a page of their own whose evidence is on a larger status page all the same."""
ROOM = 150_000
"""Bytes of the lines; the page has about as many again for their tags, its frame and its notes."""
GROUPS = (
    Standing.RECOMMENDED,
    Standing.CONTROLLED_TESTING,
    Standing.NOT_RECOMMENDED,
    Standing.UNVERIFIED,
)
"""The groups of a kind in their order; the first ones get room first."""


def is_large(status: Status) -> bool:
    """Return whether a status file has too many endpoints for one page with their evidence."""
    return len(status.endpoints) > MOST


def status_places(status: Status, homes: Collection[str]) -> dict[str, str]:
    """Return the place on the status page of each endpoint of a model without a page of its own.

    `homes` are the models with one. On a large page only the first have an anchor.
    """
    pageless = [name for name in status.endpoints if split(name)[0] not in homes]
    if is_large(status):
        kept = pageless[:MOST_PAGELESS]
        return {**dict.fromkeys(pageless, STATUS_PAGE), **{name: _own(name) for name in kept}}
    models = {name: split(name)[0] for name in pageless}
    return {
        name: _own(name) if model == NO_MODEL else f"{STATUS_PAGE}#{model}"
        for name, model in models.items()
    }


def _own(endpoint: str) -> str:
    """Return the place of an endpoint whose evidence is on the status page."""
    return f"{STATUS_PAGE}#{anchor(endpoint)}"


def pageless(page: PageText) -> list[str]:
    """Return the endpoints of a large status file whose evidence is on the status page."""
    return [name for name in page.status.endpoints if page.link(name) == _own(name)]


def counted(page: PageText, standing: Standing, endpoints: Iterable[str]) -> str:
    """Return the number of the endpoints of a standing as its label; where the newest evidence of
    them is stale it says so."""
    found = [page.assessments[name].seen_on for name in endpoints]
    n, ngettext = len(found), page.catalogue.ngettext
    text = {
        Standing.RECOMMENDED: ngettext("{n} recommended", "{n} recommended", n),
        Standing.CONTROLLED_TESTING: ngettext(
            "{n} for controlled testing", "{n} for controlled testing", n
        ),
        Standing.NOT_RECOMMENDED: ngettext("{n} not recommended", "{n} not recommended", n),
        Standing.UNVERIFIED: ngettext("{n} unverified", "{n} unverified", n),
    }[standing]
    label = f'<span class="tu-standing tu-{standing}">{text.format(n=n)}</span>'
    return page.with_age(label, max(filter(None, found), default=None))


def index(page: PageText) -> str:
    """Return the endpoints of each kind, grouped by standing under their number. Each group lists
    as many as there is room for, the newest evidence first, and says how many more there are."""
    groups: dict[tuple[Kind, Standing], list[str]] = defaultdict(list)
    for endpoint, one in page.assessments.items():
        groups[page.phrases.kind_of(endpoint), one.standing].append(endpoint)
    kinds = list(page.by_kind())
    room, shown = ROOM, dict[tuple[Kind, Standing], list[str]]()
    for standing, kind in product(GROUPS, kinds):
        lines = list(_within(room, _lines(page, groups[kind, standing])))
        room -= sum(len(line.encode()) for line in lines)
        shown[kind, standing] = lines
    parts = []
    for kind in kinds:
        parts += [f"**{page.phrases.kind(kind)}**"] if len(kinds) > 1 else []
        for standing in GROUPS:
            if names := groups[kind, standing]:
                lines = shown[kind, standing]
                if rest := page.more(len(names) - len(lines)):
                    lines = [*lines, f"- {rest}"]
                parts += [f"{counted(page, standing, names)}\n{{ .tu-group }}", "\n".join(lines)]
    return "\n\n".join(parts)


def _lines(page: PageText, endpoints: Sequence[str]) -> Iterator[str]:
    """Yield a line for each endpoint: its model, linked to its evidence, its route and its date."""
    seen = {name: str(page.assessments[name].seen_on or "") for name in endpoints}
    for endpoint in sorted(endpoints, key=seen.__getitem__, reverse=True):
        name, link = page.linked(endpoint), page.link(endpoint)
        if link == STATUS_PAGE:
            name = f'<span id="{anchor(endpoint)}">{page.model(endpoint)}</span>'
        elif link != _own(endpoint):
            name = f"{name}{{ #{anchor(endpoint)} }}"
        facts = [page.title(endpoint)] if split(endpoint)[0] != NO_MODEL else []
        facts += [f'<time class="tu-day">{seen[endpoint]}</time>'] if seen[endpoint] else []
        line = page.catalogue.labelled(name, page.catalogue.enumerate(facts)) if facts else name
        yield f"- {line}"


def _within(room: int, lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        room -= len(line.encode())
        if room < 0:
            return
        yield line
