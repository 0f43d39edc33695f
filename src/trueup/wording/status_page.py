"""Board: the status page: models by routes, targets side by side, and all that is known of each
endpoint."""

from collections.abc import Iterator, Mapping

from trueup.evidence import agree, mapping_of
from trueup.model import Observation, anchor
from trueup.wording.badges import column, dated, mark
from trueup.wording.history import endpoint_history
from trueup.wording.markdown import code, plain
from trueup.wording.pages import PageText, table


def standings(pages: PageText) -> str:
    """Every endpoint with its standing and evidence, by model, each under an anchor of its own."""
    parts = []
    for model, facts in pages.status.models.items():
        parts.append(f"## {plain(facts.title)} {{ #{model} }}")
        if state := mapping_of(pages.status, model):
            word, seen = pages.evidence.mapping(state)
            told = pages._("Alias mapping: {word} {seen}")
            parts.append(told.format(word=word, seen=seen))
        for endpoint in pages.endpoints(model):
            parts += _endpoint(pages, endpoint)
    return "\n\n".join(parts)


def _endpoint(pages: PageText, endpoint: str) -> Iterator[str]:
    yield f"### {pages.title(endpoint)} {{ #{anchor(endpoint)} }}"
    yield _list(
        {
            pages._("Standing"): _standing(pages, endpoint),
            pages._("Request"): pages.evidence.request(endpoint),
            pages._("Image"): _image(pages, endpoint),
            pages._("Billing"): _billing(pages, endpoint),
            pages._("Targets"): _targets(pages, endpoint),
            pages._("What would change it"): pages.change(endpoint),
        }
    )
    yield pages.evidence.sources(pages.status.seen(endpoint))
    yield endpoint_history(pages, endpoint)


def _list(facts: Mapping[str, str]) -> str:
    return "\n\n".join(f"{term}\n:   {told}" for term, told in facts.items())


def _standing(pages: PageText, endpoint: str) -> str:
    label, seen_on = pages.label(endpoint), pages.assessments[endpoint].seen_on
    if seen_on is None:
        return label
    return pages._("{standing} as of {day}").format(standing=label, day=dated(seen_on))


def _image(pages: PageText, endpoint: str) -> str:
    """The first leg; and a newer retest that could not tell."""
    verdict = pages.assessments[endpoint]
    told = []
    if verdict.outcome is not None:
        outcome = "error" if verdict.no_answer else verdict.outcome.outcome
        look = pages.evidence.outcome_look(outcome)
        told.append(pages.outcome_leg(endpoint, verdict, look))
    current = (one.row for one in verdict.rows if one.is_current)
    row = next((row for row in current if row.target == pages.status.reference), None)
    if row is not None and row.outcome == "inconclusive":
        told.append(_inconclusive(pages, row))
    return "<br> ".join(told) or mark("absent", pages._("not observed"))


def _inconclusive(pages: PageText, row: Observation) -> str:
    return pages._("{told}; {targets}, {day} ({reason})").format(
        told=mark("inconclusive", pages._("could not tell")),
        targets=pages.evidence.targets((row.target,)),
        day=dated(row.day),
        reason=plain(row.reason or ""),
    )


def _billing(pages: PageText, endpoint: str) -> str:
    """The second leg, or why there is none."""
    verdict = pages.assessments[endpoint]
    ledger = pages.status.targets[pages.status.reference].ledger
    if ledger is not None:
        word = mark("absent", pages._("billing not measured"))
        return pages._("{word} ({reason})").format(word=word, reason=plain(ledger.none))
    row = verdict.billing or verdict.outcome
    if row is None:
        return mark("absent", pages._("not observed"))
    if row.billing == "inconclusive":
        return _inconclusive(pages, row)
    word = pages.evidence.billing_mark(row.billing)
    if row.billing is None:
        return word
    clause = pages.evidence.billing(row.billing, row.outcome)
    return pages._("{clause}; {targets}, {day}").format(
        clause=f"{word} {clause}",
        targets=pages.evidence.targets((row.target,)),
        day=dated(row.day),
    )


def _targets(pages: PageText, endpoint: str) -> str:
    rows = pages.assessments[endpoint].latest
    if not rows:
        return mark("absent", pages._("not observed"))
    if len(rows) == 1:
        return pages._("only {target} told").format(target=plain(next(iter(rows))))
    others = [
        pages._("{told}; {targets}, {day}").format(
            told=pages.evidence.told(row.outcome, row.shape),
            targets=pages.evidence.targets((name,)),
            day=dated(row.day),
        )
        for name, row in rows.items()
    ]
    return "<br> ".join([_reading(pages, rows), *others])


def _reading(pages: PageText, rows: Mapping[str, Observation]) -> str:
    first, *others = rows.values()
    parted = [row.target for row in others if not agree(first, row)]
    if not parted:
        return mark("same", pages._("they agree"))
    word = pages._("{targets} parted from {target}").format(
        targets=pages.catalogue.join(parted), target=first.target
    )
    return mark("parted", word)


def readings_table(pages: PageText) -> str:
    """What each target shows today, side by side, for the endpoints that several were asked."""
    seen = {name: one.latest for name, one in pages.assessments.items()}
    several = {name: rows for name, rows in seen.items() if len(rows) > 1}
    if not several:
        return pages._("No endpoint was asked at more than one target yet.")
    targets = [name for name in pages.status.targets if any(name in r for r in several.values())]
    header = (pages._("Endpoint"), *(code(name) for name in targets), pages._("Reading"))
    rows = [
        (
            pages.name(name),
            *(_cell(pages, target, rows.get(target)) for target in targets),
            _reading(pages, rows),
        )
        for name, rows in several.items()
    ]
    return table(header, rows)


def _cell(pages: PageText, target: str, row: Observation | None) -> str:
    """What a target showed."""
    name = column(code(target))
    if row is None:
        word = pages._("not observed")
        return f"{name} {mark('absent', word)}"
    look = pages.evidence.outcome_look(row.outcome)
    told = [f"{name} {mark(look, pages.evidence.told(row.outcome, row.shape))}"]
    told += [code(row.image.mime)] if row.image and row.image.mime else []
    told += [code(pages.status.signatures[one].match) for one in row.signatures]
    if row.billing:
        word = pages.evidence.billing_word(row.billing)
        told.append(pages._("billing {word}").format(word=word))
    return "<br> ".join([*told, dated(row.day)])


def matrix(pages: PageText, page: str = "") -> str:
    """Models by routes, one label a cell; `page` is where the evidence of each stands."""
    routes = [plain(pages.status.title_of(name)) for name in pages.status.routes]
    rows = [
        (
            f"[{plain(facts.title)}]({page}#{model})",
            *(
                f"{column(title)} {_place(pages, page, f'{model}/{route}')}"
                for route, title in zip(pages.status.routes, routes, strict=True)
            ),
        )
        for model, facts in pages.status.models.items()
    ]
    return table((pages._("Model"), *routes), rows)


def _place(pages: PageText, page: str, endpoint: str) -> str:
    if endpoint not in pages.status.endpoints:
        return mark("absent", pages._("not observed"))
    seen_on = pages.assessments[endpoint].seen_on
    label = f"[{pages.label(endpoint)}]({page}#{anchor(endpoint)})"
    return f"{label}<br> {dated(seen_on)}" if seen_on else label


def legend(pages: PageText) -> str:
    """What the marks beside a standing mean."""
    days = pages.status.policy.fresh_for.days
    meanings = (
        (mark("absent", pages._("not observed")), pages._("nobody has looked yet")),
        (
            mark("inconclusive", pages._("could not tell")),
            pages._("it was tried, and what came back says nothing of the route"),
        ),
        (
            mark("partly", pages._("intermittent")),
            pages._("some calls of the newest retest failed"),
        ),
        (mark("held", pages._("held back")), pages._("a person lowered it by hand")),
        (
            mark("stale", pages._("stale")),
            pages.catalogue.ngettext(
                "nobody has retested it for more than {n} day",
                "nobody has retested it for more than {n} days",
                days,
            ).format(n=days),
        ),
    )
    items = "\n".join(f"- {word} {meaning}" for word, meaning in meanings)
    title = pages._("What the marks mean:")
    return f"{title}\n\n{items}"
