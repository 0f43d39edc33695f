"""Status page: all endpoints by kind, targets side by side, and the evidence of each endpoint."""

from collections.abc import Iterator, Mapping

from trueup.evidence import mapping_of, same_result
from trueup.model import NO_MODEL, Observation, Standing, anchor, split
from trueup.wording.badges import column, dated, mark
from trueup.wording.documented_facts import docs_page
from trueup.wording.endpoint_history import endpoint_history
from trueup.wording.markdown import code, escape_markdown, folded
from trueup.wording.pages import PageText, stacked_table, table
from trueup.wording.phrases import standing_words
from trueup.wording.sentences import change
from trueup.wording.status_index import GROUPS, counted, index, is_large, pageless

MOST_COMPARED = 30
"""Rows of the comparison of targets: about 1 kB each, of the 300 kB of a page."""


def overall(page: PageText) -> str:
    """Return the number of endpoints of each standing in one line, the unverified last; one whose
    newest evidence is stale says so."""
    named: dict[Standing, list[str]] = {}
    for name, one in page.assessments.items():
        named.setdefault(one.standing, []).append(name)
    counts = [counted(page, one, named[one]) for one in GROUPS if one in named]
    return page.catalogue.enumerate(f'<span class="tu-count">{count}</span>' for count in counts)


def standings(page: PageText) -> str:
    """Return every endpoint with its standing, and its evidence folded, by model, each under its
    own anchor; those without a model come last. Of many endpoints, the evidence is on the pages of
    their models."""
    if is_large(page.status):
        return "\n\n".join(_standings_without_page(page))
    parts = []
    for model, spec in page.status.models.items():
        parts.append(f"## {escape_markdown(spec.title)} {{ #{model} }}")
        if state := mapping_of(page.status, model):
            word, seen = page.phrases.mapping(state)
            parts.append(
                page.catalogue.labelled(
                    page._("Alias mapping"), page.catalogue.join_marks((word, seen))
                )
            )
        for endpoint in page.endpoints(model):
            parts += _endpoint(page, endpoint, f"### {page.title(endpoint)}")
    for endpoint in page.status.endpoints_of(NO_MODEL):
        parts += _endpoint(page, endpoint, f"## {page.title(endpoint)}")
    return "\n\n".join(parts)


def _standings_without_page(page: PageText) -> Iterator[str]:
    """Yield where the evidence is, and that of the endpoints whose models have no page."""
    yield page._("The evidence of each endpoint is on the page of its model.")
    for endpoint in pageless(page):
        names = dict.fromkeys((page.model(endpoint), page.title(endpoint)))
        yield from _endpoint(page, endpoint, f"## {page.catalogue.enumerate(names)}")


def _endpoint(page: PageText, endpoint: str, heading: str) -> Iterator[str]:
    yield f"{heading} {{ #{anchor(endpoint)} }}"
    yield _standing(page, endpoint)
    yield folded("note tu-evidence", page._("Evidence"), "\n\n".join(_evidence(page, endpoint)))


def _evidence(page: PageText, endpoint: str) -> Iterator[str]:
    is_image = page.phrases.returns_image(endpoint)
    output = page._("Image") if is_image else page._("Output")
    yield _list(
        {
            page._("Request"): page.phrases.request(endpoint),
            output: _outcome(page, endpoint),
            page._("Billing"): _billing(page, endpoint),
            page._("Targets"): _targets(page, endpoint),
            page._("What would change it"): change(page, endpoint),
        }
    )
    yield page.phrases.sources(page.status.seen(endpoint))
    yield endpoint_history(page, endpoint)


def _list(items: Mapping[str, str]) -> str:
    return "\n\n".join(f"{term}\n:   {text}" for term, text in items.items())


def _standing(page: PageText, endpoint: str) -> str:
    label, seen_on = page.label(endpoint), page.assessments[endpoint].seen_on
    if seen_on is None:
        return label
    return page._("{standing}, as of {day}").format(standing=label, day=dated(seen_on))


def _outcome(page: PageText, endpoint: str) -> str:
    """Return the outcome leg, and a newer inconclusive retest."""
    assessment = page.assessments[endpoint]
    parts = []
    if assessment.outcome is not None:
        outcome = "error" if assessment.no_answer else assessment.outcome.outcome
        look = page.phrases.outcome_look(outcome)
        parts.append(page.outcome_leg(endpoint, look))
    current = (seen.row for seen in assessment.rows if seen.is_current)
    row = next((row for row in current if row.target == page.status.reference), None)
    if row is not None and row.outcome == "inconclusive":
        parts.append(_inconclusive(page, row))
    return "<br> ".join(parts) or page.phrases.not_observed


def _inconclusive(page: PageText, row: Observation) -> str:
    return page._("{outcome}; {targets}, {day} ({reason})").format(
        outcome=mark("inconclusive", page._("inconclusive")),
        targets=page.phrases.targets((row.target,)),
        day=dated(row.day),
        reason=escape_markdown(row.reason or ""),
    )


def _billing(page: PageText, endpoint: str) -> str:
    """Return the billing leg, or the reason why there is none."""
    assessment = page.assessments[endpoint]
    no_ledger = page.status.targets[page.status.reference].no_ledger
    if no_ledger is not None:
        word = mark("absent", page.phrases.unmeasured(assessment))
        return page.catalogue.with_aside(word, escape_markdown(no_ledger))
    if assessment.free is not None:
        word, docs = mark("absent", page.phrases.unmeasured(assessment)), assessment.free
        clause = page._("according to {page}, read on {day}")
        reason = clause.format(page=docs_page(docs.page), day=dated(docs.on))
        return page.catalogue.with_aside(word, reason)
    row = assessment.billing or assessment.outcome
    if row is None:
        return page.phrases.not_observed
    if row.billing == "inconclusive":
        return _inconclusive(page, row)
    word = page.phrases.billing_mark(row.billing)
    if row.billing is None:
        return word
    clause = page.phrases.billing(endpoint, row.billing, row.outcome)
    return page.phrases.located(page.catalogue.labelled(word, clause), (row.target,), row.day)


def _targets(page: PageText, endpoint: str) -> str:
    rows = page.assessments[endpoint].latest
    if not rows:
        return page.phrases.not_observed
    if len(rows) == 1:
        return page._("only {target} gave a result").format(
            target=escape_markdown(next(iter(rows)))
        )
    others = [
        page.phrases.located(
            page.phrases.outcome_and_shape(row.outcome, row.shape), (name,), row.day
        )
        for name, row in rows.items()
    ]
    return "<br> ".join([_comparison(page, rows), *others])


def _comparison(page: PageText, rows: Mapping[str, Observation]) -> str:
    different = _different(rows)
    if not different:
        return mark("same", page._("same result"))
    word = page._("{targets} differed from {target}").format(
        targets=page.catalogue.join(different), target=next(iter(rows.values())).target
    )
    return mark("different", word)


def _different(rows: Mapping[str, Observation]) -> list[str]:
    """Return the targets whose result differs from that of the first."""
    first, *others = rows.values()
    return [row.target for row in others if not same_result(first, row)]


def comparison_table(page: PageText) -> str:
    """Return the latest results of all targets side by side, for endpoints with more than one. Of
    too many, those that differ come first."""
    seen = {name: assessment.latest for name, assessment in page.assessments.items()}
    several = {name: rows for name, rows in seen.items() if len(rows) > 1}
    if not several:
        return page._("No endpoint was tested at more than one target yet.")
    targets = [name for name in page.status.targets if any(name in r for r in several.values())]
    header = (page._("Endpoint"), *(code(name) for name in targets), page._("Comparison"))
    names = list(several)
    if len(names) > MOST_COMPARED:
        names.sort(key=lambda name: not _different(several[name]))
    rows = [
        (
            page.name(name),
            *(_cell(page, target, several[name].get(target)) for target in targets),
            _comparison(page, several[name]),
        )
        for name in names[:MOST_COMPARED]
    ]
    if rest := page.more(len(names) - len(rows)):
        rows.append((rest, *[""] * len(header[1:])))
    return table(header, rows)


def _cell(page: PageText, target: str, row: Observation | None) -> str:
    """Return the latest result of a target as a cell."""
    label = column(code(target))
    if row is None:
        return f"{label} {page.phrases.not_observed}"
    look = page.phrases.outcome_look(row.outcome)
    lines = [f"{label} {mark(look, page.phrases.outcome_and_shape(row.outcome, row.shape))}"]
    lines += [code(row.mime)] if row.mime else []
    return "<br> ".join([*lines, *page.phrases.details(row), dated(row.day)])


def endpoints(page: PageText) -> str:
    """Return the endpoints of each kind of output as a table, best standing first, each linked to
    its code and to the evidence below. Many endpoints are a line each, under their standing."""
    if is_large(page.status):
        return index(page)
    kinds, parts = page.by_kind(), []
    for kind, names in kinds.items():
        if len(kinds) > 1:
            parts.append(f"**{page.phrases.kind(kind)}**")
        names.sort(key=lambda name: page.assessments[name].standing.rank)
        header = (page._("Model"), page._("Route"), page._("Standing"), page._("As of"))
        parts.append(stacked_table(header, (_row(page, name) for name in names)))
    return "\n\n".join(parts)


def _row(page: PageText, endpoint: str) -> tuple[str, ...]:
    model, _ = split(endpoint)
    title = page._("Without a model")
    if model != NO_MODEL:
        title = page.linked(endpoint)
    label = f"[{page.label(endpoint)}](#{anchor(endpoint)})"
    seen_on = page.assessments[endpoint].seen_on
    return title, page.title(endpoint), label, dated(seen_on) if seen_on else ""


def legend(page: PageText) -> str:
    """Return the meaning of each standing, and of the marks beside one."""
    days, words = page.status.policy.fresh_for.days, standing_words(page.catalogue)
    standings = {
        Standing.RECOMMENDED: page._(
            "it returned its output and was billed correctly, as often as the policy requires"
        ),
        Standing.CONTROLLED_TESTING: page._(
            "it returned an output, but not often enough yet, or"
            " its bills do not match: for tests of your own"
        ),
        Standing.UNVERIFIED: page._("no conclusive test shows whether it works"),
        Standing.NOT_RECOMMENDED: page._("it failed when last tested, or a person lowered it"),
    }
    meanings = (
        *((f"**{words[standing]}**", meaning) for standing, meaning in standings.items()),
        (page.phrases.not_observed, page._("nobody has tested it yet")),
        (
            mark("inconclusive", page._("inconclusive")),
            page._("it was tested, but the reply says nothing about the route"),
        ),
        (
            mark("partly", page._("intermittent")),
            page._("some calls of the newest retest failed"),
        ),
        (mark("held", page._("held back")), page._("a person lowered it by hand")),
        (
            mark("stale", page._("stale")),
            page.catalogue.ngettext(
                "nobody has retested it for more than {n} day",
                "nobody has retested it for more than {n} days",
                days,
            ).format(n=days),
        ),
    )
    items = "\n".join(f"- {page.catalogue.labelled(*meaning)}" for meaning in meanings)
    title = page._("Meaning of the words and marks:")
    return f"{title}\n\n{items}"
