"""Endpoint history: the observations of an endpoint over time, drawn and listed, with the changes
of its standing."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime

from trueup.evidence import Change, EndpointRow, holds_of
from trueup.model import Observation, Standing, anchor, as_time
from trueup.request import request_of
from trueup.wording.badges import dated
from trueup.wording.markdown import escape_markdown, folded
from trueup.wording.pages import PageText
from trueup.wording.phrases import standing_words
from trueup.wording.sentences import held
from trueup.wording.timeline import Dot, Drawing, Kind, render_key

MOST = 60
"""Newest rows of an endpoint that are shown, about two months of daily retests; the status file has
them all."""

LEAST = 3
"""Dates from which on a drawing shows more than a list does."""

FIRST = 5
"""Newest changes that are shown unfolded, a list about as high as the drawing."""


def history(page: PageText, model: str) -> str:
    """Return the history of each endpoint of a model."""
    parts = []
    for endpoint in page.endpoints(model):
        parts.append(page.catalogue.labelled(page.phrases.request(endpoint), page.label(endpoint)))
        parts.append(endpoint_history(page, endpoint))
    return "\n\n".join(parts)


def endpoint_history(page: PageText, endpoint: str) -> str:
    """Return a drawing of an endpoint's observations, the changes of its standing, and a list.

    Rows of few dates are the list alone. Variants are left out: they do not affect the standing.
    """
    rows = page.assessments[endpoint].rows[:MOST]
    is_drawn = len({at.date() for seen in rows for at in (_begin(seen), _end(seen))}) >= LEAST
    moves = _moves(page, endpoint, is_drawn=is_drawn)
    items = _rows(page, endpoint, rows)
    parts = []
    if is_drawn:
        parts.append(_figure(page, endpoint, rows))
    elif items:
        parts.append("\n".join(f"- {item}" for item in items))
    if moves:
        parts.append("\n".join(f"- {move}" for move in moves[:FIRST]))
    if len(moves) > FIRST:
        parts.append(_folded("moves", page._("Earlier changes"), moves[FIRST:]))
    if is_drawn:
        parts.append(_folded("rows", page._("Show as list"), items))
    return "\n\n".join(parts) or page._("No observations yet.")


def _folded(name: str, title: str, items: Sequence[str]) -> str:
    return folded(f"note tu-{name}", title, "\n".join(f"- {item}" for item in items))


def _changes(page: PageText, endpoint: str) -> tuple[Change, ...]:
    return page.assessments[endpoint].changes[:MOST]


def _moves(page: PageText, endpoint: str, *, is_drawn: bool) -> list[str]:
    """Return the changes of the standing and the starts of holds, newest first; without a drawing
    not the first change, of which the rows and the standing say the same."""
    words = standing_words(page.catalogue)
    moves = [
        (
            change.at,
            page._("{day}: {before} → {after}").format(
                day=dated(change.at.date()), before=words[change.before], after=words[change.after]
            ),
        )
        for change in _changes(page, endpoint)
        if is_drawn or change.before is not Standing.UNVERIFIED
    ]
    moves += [
        (
            as_time(hold.on),
            page.catalogue.labelled(dated(hold.on), held(page, hold)),
        )
        for hold in holds_of(page.status, endpoint)
    ]
    return [sentence for _, sentence in sorted(moves, key=lambda move: move[0], reverse=True)]


def _figure(page: PageText, endpoint: str, rows: Sequence[EndpointRow]) -> str:
    """Return the drawing with the legend of its marks."""
    lanes: dict[str, list[Dot]] = {}
    for name in sorted({seen.row.target for seen in rows}, key=list(page.status.targets).index):
        lane = page._("Retests at {target}").format(target=name)
        lanes[lane] = [_dot(seen) for seen in rows if seen.row.target == name]
    since = min(map(_begin, rows))
    changes = [change for change in reversed(_changes(page, endpoint)) if change.at >= since]
    holds = [as_time(hold.on) for hold in holds_of(page.status, endpoint)]
    drawing = Drawing(
        name=anchor(endpoint),
        title=page._("Observations of {request}").format(
            request=request_of(page.status, endpoint, page.status.reference).request
        ),
        about=page.catalogue.join_sentences(_about(page, rows, lanes)),
        lanes=lanes,
        moves=[(change.at, change.after) for change in changes],
        holds=[max(at, since) for at in holds],
        today=as_time(page.today),
        fresh_from=as_time(page.today - page.status.policy.fresh_for),
    )
    keys = "".join(f"<li>{key}{word}</li>" for key, word in _keys(page, drawing))
    return (
        '<figure class="tu-timeline" data-search-exclude="true">'
        f'{drawing.render()}<figcaption><ul class="tu-keys">{keys}</ul></figcaption></figure>'
    )


def _begin(seen: EndpointRow) -> datetime:
    return as_time(seen.row.first or seen.row.newest)


def _end(seen: EndpointRow) -> datetime:
    return as_time(seen.row.newest)


def _dot(seen: EndpointRow) -> Dot:
    return Dot(_begin(seen), _end(seen), _kind(seen.row), not seen.is_current)


def _kind(row: Observation) -> Kind:
    if row.outcome != "output":
        return row.outcome
    if row.billing == "aligned":
        return "output"
    return "bare" if row.billing in (None, "inconclusive") else "billed"


def _kind_words(page: PageText) -> dict[Kind, str]:
    return {
        "output": page._("output returned, billed correctly"),
        "bare": page._("output returned, billing not verified"),
        "billed": page._("output returned, billing problem"),
        "error": page._("fails"),
        "mixed": page._("fails in some calls"),
        "inconclusive": page._("inconclusive"),
    }


def _about(
    page: PageText, rows: Sequence[EndpointRow], lanes: dict[str, list[Dot]]
) -> Iterator[str]:
    words = _kind_words(page)
    yield page._("From {first} to {last}.").format(
        first=min(map(_begin, rows)).date(),
        last=max(seen.row.day for seen in rows),
    )
    for lane, dots in lanes.items():
        counts = Counter(dot.kind for dot in dots)
        outcomes = [page.catalogue.with_aside(words[kind], str(n)) for kind, n in counts.items()]
        yield page._("{lane}: {outcomes}.").format(
            lane=lane, outcomes=page.catalogue.join_phrases(outcomes)
        )


def _keys(page: PageText, drawing: Drawing) -> Iterator[tuple[str, str]]:
    """Yield each mark of a drawing with its meaning."""
    dots = [dot for lane in drawing.lanes.values() for dot in lane]
    for kind, word in _kind_words(page).items():
        if any(dot.kind == kind and not dot.is_past for dot in dots):
            yield render_key(kind), escape_markdown(word)
        if any(dot.kind == kind and dot.is_past for dot in dots):
            past = page._("{outcome}, with a request that has changed since").format(outcome=word)
            yield render_key(kind, is_past=True), escape_markdown(past)
    if drawing.moves:
        yield render_key("move"), page._("the standing changed")
    if drawing.holds:
        yield render_key("hold"), page._("held back")
    if drawing.is_shaded:
        yield render_key("old"), page._("stale")


def _rows(page: PageText, endpoint: str, rows: Sequence[EndpointRow]) -> list[str]:
    """Return a line for each row, newest first."""
    items = [_row(page, seen) for seen in rows]
    if len(page.assessments[endpoint].rows) > len(rows):
        items.append(page._("Older ones are in the status file."))
    return items


def _row(page: PageText, seen: EndpointRow) -> str:
    row = seen.row
    phrase = page.phrases.outcome_and_shape(row.outcome, row.shape)
    details = [phrase, *page.phrases.details(row)]
    details += [escape_markdown(row.reason)] if row.reason else []
    details.append(page.phrases.source(row))
    if not seen.is_current:
        details.append(page._("with a request that has changed since"))
    return page._("{when}, {target}: {details}").format(
        when=_when(page, row),
        target=escape_markdown(row.target),
        details=page.catalogue.join_phrases(details),
    )


def _when(page: PageText, row: Observation) -> str:
    if row.first is None:
        return dated(row.day)
    return page.catalogue.ngettext(
        "{first} to {last}, {n} time", "{first} to {last}, {n} times", row.times
    ).format(first=dated(as_time(row.first).date()), last=dated(row.day), n=row.times)
