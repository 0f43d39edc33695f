"""History: what was seen of each endpoint over time, drawn and listed, and when its standing
moved."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime

from trueup.evidence import Change, Seen, holds_of
from trueup.model import Observation, anchor, as_time
from trueup.request import request_of
from trueup.wording.badges import dated
from trueup.wording.evidence import standing_words
from trueup.wording.markdown import code, plain
from trueup.wording.pages import PageText
from trueup.wording.timeline import Dot, Drawing, Kind, render_key

MOST = 60
"""How many of an endpoint's newest rows are shown; all are in the status file."""

FIRST = 5
"""How many of the newest changes are shown unfolded."""


def history(pages: PageText, model: str) -> str:
    """Each endpoint of a model, over time."""
    parts = []
    for endpoint in pages.endpoints(model):
        parts.append(f"{pages.evidence.request(endpoint)} {pages.label(endpoint)}")
        parts.append(endpoint_history(pages, endpoint))
    return "\n\n".join(parts)


def endpoint_history(pages: PageText, endpoint: str) -> str:
    """A drawing of an endpoint's observations, the changes of its standing, and the same as text.

    Variants are left out: they make no standing.
    """
    rows = pages.assessments[endpoint].rows[:MOST]
    moves = _moves(pages, endpoint)
    parts = []
    if rows:
        parts.append(_figure(pages, endpoint, rows))
    if moves:
        parts.append("\n".join(f"- {move}" for move in moves[:FIRST]))
    if len(moves) > FIRST:
        title = pages._("Earlier changes")
        items = "\n".join(f"    - {move}" for move in moves[FIRST:])
        parts.append(f'??? note tu-moves "{title}"\n\n{items}')
    if rows:
        parts.append(_listed(pages, endpoint, rows))
    return "\n\n".join(parts) or pages._("Nothing was observed yet.")


def _changes(pages: PageText, endpoint: str) -> tuple[Change, ...]:
    return pages.assessments[endpoint].changes[:MOST]


def _moves(pages: PageText, endpoint: str) -> list[str]:
    """When the standing changed and holds began, the newest first."""
    words = standing_words(pages.catalogue)
    told = [
        (
            change.at,
            pages._("{day}: {after}, was {before}").format(
                day=dated(change.at.date()), after=words[change.after], before=words[change.before]
            ),
        )
        for change in _changes(pages, endpoint)
    ]
    told += [
        (
            as_time(hold.on),
            pages._("{day}: {told}").format(day=dated(hold.on), told=pages.held(hold)),
        )
        for hold in holds_of(pages.status, endpoint)
    ]
    return [sentence for _, sentence in sorted(told, key=lambda one: one[0], reverse=True)]


def _figure(pages: PageText, endpoint: str, rows: Sequence[Seen]) -> str:
    """The drawing, under it what its marks mean."""
    lanes: dict[str, list[Dot]] = {}
    for name in sorted({seen.row.target for seen in rows}, key=list(pages.status.targets).index):
        lane = pages._("Retests at {target}").format(target=name)
        lanes[lane] = [_dot(seen) for seen in rows if seen.row.target == name]
    since = min(map(_begin, rows))
    changes = [change for change in reversed(_changes(pages, endpoint)) if change.at >= since]
    holds = [as_time(hold.on) for hold in holds_of(pages.status, endpoint)]
    drawing = Drawing(
        name=anchor(endpoint),
        title=pages._("Observations of {request}").format(
            request=request_of(pages.status, endpoint, pages.status.reference).request
        ),
        about=" ".join(_about(pages, rows, lanes)),
        lanes=lanes,
        moves=[(change.at, change.after) for change in changes],
        holds=[max(at, since) for at in holds],
    )
    keys = "".join(f"<li>{key}{word}</li>" for key, word in _keys(pages, drawing))
    return (
        '<figure class="tu-timeline" data-search-exclude="true">'
        f'{drawing.render()}<figcaption><ul class="tu-keys">{keys}</ul></figcaption></figure>'
    )


def _begin(seen: Seen) -> datetime:
    return as_time(seen.row.first or seen.row.newest)


def _dot(seen: Seen) -> Dot:
    return Dot(_begin(seen), as_time(seen.row.newest), _kind(seen.row), not seen.is_current)


def _kind(row: Observation) -> Kind:
    if row.outcome != "output":
        return "inconclusive" if row.outcome == "inconclusive" else row.outcome
    if row.billing == "aligned":
        return "output"
    return "bare" if row.billing in (None, "inconclusive") else "billed"


def _kind_words(pages: PageText) -> dict[Kind, str]:
    return {
        "output": pages._("returns output, billing aligned"),
        "bare": pages._("returns output, billing not told"),
        "billed": pages._("returns output, billing risky"),
        "error": pages._("fails"),
        "mixed": pages._("fails in some calls"),
        "inconclusive": pages._("could not tell"),
    }


def _about(pages: PageText, rows: Sequence[Seen], lanes: dict[str, list[Dot]]) -> Iterator[str]:
    words = _kind_words(pages)
    yield pages._("From {first} to {last}.").format(
        first=min(map(_begin, rows)).date(),
        last=max(seen.row.day for seen in rows),
    )
    for lane, dots in lanes.items():
        counts = Counter(dot.kind for dot in dots)
        told = [pages._("{told} ({n})").format(told=words[kind], n=n) for kind, n in counts.items()]
        yield pages._("{lane}: {told}.").format(lane=lane, told=pages.catalogue.phrases(told))


def _keys(pages: PageText, drawing: Drawing) -> Iterator[tuple[str, str]]:
    """What the marks of a drawing mean, those that it has."""
    dots = [dot for lane in drawing.lanes.values() for dot in lane]
    for kind, word in _kind_words(pages).items():
        if any(dot.kind == kind and not dot.is_past for dot in dots):
            yield render_key(kind), plain(word)
        if any(dot.kind == kind and dot.is_past for dot in dots):
            past = pages._("{told}, of another request than today's").format(told=word)
            yield render_key(kind, is_past=True), plain(past)
    if drawing.moves:
        yield render_key("move"), pages._("the standing changed")
    if drawing.holds:
        yield render_key("hold"), pages._("held back")


def _listed(pages: PageText, endpoint: str, rows: Sequence[Seen]) -> str:
    """The rows as a list that opens, the newest first."""
    items = [f"    - {_row(pages, seen)}" for seen in rows]
    count = len(pages.assessments[endpoint].rows)
    if count > len(rows):
        items.append("    - " + pages._("Older ones are in the status file."))
    title = pages._("The same as a list, the newest first")
    return f'??? note tu-rows "{title}"\n\n' + "\n".join(items)


def _row(pages: PageText, seen: Seen) -> str:
    row = seen.row
    told = [pages.evidence.told(row.outcome, row.shape)]
    told += [code(pages.status.signatures[name].match) for name in row.signatures]
    if row.billing:
        word = pages.evidence.billing_word(row.billing)
        told.append(pages._("billing {word}").format(word=word))
    told += [plain(row.reason)] if row.reason else []
    told.append(pages.evidence.source(row))
    if not seen.is_current:
        told.append(pages._("of another request than today's"))
    return pages._("{when}, {target}: {told}").format(
        when=_when(pages, row), target=plain(row.target), told=pages.catalogue.phrases(told)
    )


def _when(pages: PageText, row: Observation) -> str:
    if row.first is None:
        return dated(row.day)
    return pages.catalogue.ngettext(
        "{first} to {last}, {n} time", "{first} to {last}, {n} times", row.times
    ).format(first=dated(as_time(row.first).date()), last=dated(row.day), n=row.times)
