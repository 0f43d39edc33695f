"""Model parts: the sections of a model's page, as Markdown at column 0."""

from collections.abc import Iterable, Iterator
from html import escape

from trueup.evidence import alternative, mapping_of
from trueup.model import NO_MODEL, Standing, anchor, split
from trueup.wording.badges import dated
from trueup.wording.documented_facts import documented_of
from trueup.wording.endpoint_history import history
from trueup.wording.pages import MOST_NAMES, PageText, stacked_table
from trueup.wording.sentences import avoid, change, claim, evaluate, start, start_at, traffic
from trueup.wording.tables import variants

ADMONITIONS = {
    Standing.RECOMMENDED: "success",
    Standing.CONTROLLED_TESTING: "warning",
    Standing.UNVERIFIED: "info",
    Standing.NOT_RECOMMENDED: "danger",
}
WORKING = (Standing.RECOMMENDED, Standing.CONTROLLED_TESTING)


def advice(page: PageText, model: str) -> str:
    """Return numbered advice: where to start, what to evaluate, what not to use."""
    endpoints = page.endpoints(model)
    standings = {name: page.assessments[name].standing for name in endpoints}
    items = [start(page, model)]
    working = [name for name in endpoints if standings[name] in WORKING]
    if working and Standing.RECOMMENDED not in standings.values():
        items += [evaluate(page, model, working), traffic(page, model, working[0])]
    items += [avoid(page, name) for name in endpoints if is_legacy(page, name)]
    return "\n".join(f"{number}. {item}" for number, item in enumerate(items, 1))


def model_status(page: PageText, model: str) -> str:
    """Return a model's mapping and endpoints as a table."""
    rows = []
    if state := mapping_of(page.status, model):
        rows.append((page._("Alias mapping"), *page.phrases.mapping(state)))
    for endpoint in page.endpoints(model):
        rows += _endpoint_rows(page, endpoint)
    return stacked_table((page._("Item"), page._("Status"), page._("Evidence")), rows)


def _endpoint_rows(page: PageText, endpoint: str) -> list[tuple[str, str, str]]:
    assessment = page.assessments[endpoint]
    title, label = page.title(endpoint), page.label(endpoint)
    name = f"[{title}]({page.link(endpoint)})"
    name = page.catalogue.labelled(name, page.phrases.request(endpoint))
    if assessment.outcome is None:
        return [(name, label, page.phrases.not_observed)]
    rows = [(name, label, page.outcome_leg(endpoint))]
    if assessment.outcome.outcome == "output" and assessment.billing_measured:
        leg = assessment.billing
        billing = leg.billing if leg else None
        clause = page.phrases.billing(endpoint, billing, "output")
        if leg:
            clause = page.phrases.located(clause, (leg.target,), leg.day)
        name = page._("{route}: billing").format(route=title)
        rows.append((name, page.phrases.billing_mark(billing), clause))
    return rows


def risk_notes(page: PageText, model: str) -> str:
    """Return the risks of a model's endpoints, each with its failure texts and causes."""
    notes = []
    for endpoint in page.endpoints(model):
        for risk in page.assessments[endpoint].risks:
            sources = page.phrases.sources(risk.rows)
            sentences = (page.phrases.risk(endpoint, risk), sources)
            notes.append(f"- {page.catalogue.join_sentences(sentences)}")
            notes += [f"    - {page.phrases.signature(name)}" for name in risk.signatures]
    tested = [name for name in page.endpoints(model) if page.assessments[name].seen_on]
    routes = len(page.endpoints(model))
    none = page.catalogue.ngettext(
        "No problem is on record ({tested} of {routes} route tested).",
        "No problem is on record ({tested} of {routes} routes tested).",
        routes,
    )
    return "\n".join(notes) or none.format(tested=len(tested), routes=routes)


def sections(page: PageText, model: str) -> Iterator[str]:
    """Yield the parts of a model's page below its code, each after a heading with its anchor."""
    endpoints = [page.status.endpoints[name] for name in page.endpoints(model)]
    has_variants = any(one.variants for one in endpoints)
    parts = (
        ("parameters", page._("Parameters"), documented_of(page, model, "parameters")),
        ("what-to-do", page._("Recommendation"), advice(page, model)),
        ("risks", page._("Risks"), risk_notes(page, model)),
        ("limits", page._("Limits"), documented_of(page, model, "limits")),
        ("prices", page._("Prices"), documented_of(page, model, "prices")),
        ("current-status", page._("Current status"), model_status(page, model)),
        ("history", page._("History"), history(page, model)),
        (
            "what-was-tried-with-other-requests",
            page._("What was tried with other requests"),
            variants(page, model) if has_variants else "",
        ),
        ("what-would-change-this", page._("What would change this"), changes(page, model)),
    )
    for name, title, text in parts:
        if text:
            yield f"## {title} {{ #{name} }}"
            yield text


def best(page: PageText, model: str) -> str:
    """Return the best-standing working endpoint of a model's family, linked to its code."""
    found = alternative(page.status, page.assessments, model)
    if found is None:
        return page._("No working alternative is on record.")
    marks = (page.linked(found.endpoint), page.label(found.endpoint))
    label = page._("Best on record")
    return page.catalogue.labelled(label, page.catalogue.join_marks(marks))


def changes(page: PageText, model: str) -> str:
    """Return the condition that changes each standing of a model, as a list."""
    items = []
    for endpoint in page.endpoints(model):
        marks = (page.phrases.request(endpoint), page.label(endpoint))
        label = page.catalogue.join_marks(marks)
        items.append(f"- {page.catalogue.labelled(label, change(page, endpoint))}")
    return "\n".join(items)


def heading(page: PageText, endpoint: str) -> str:
    """Return an endpoint's heading with its stable anchor, and what its code is for."""
    text = page.title(endpoint)
    if is_legacy(page, endpoint):
        text = page._("Legacy: {route}").format(route=text)
    elif page.assessments[endpoint].standing is Standing.CONTROLLED_TESTING:
        text = page._("Controlled-test template: {route}").format(route=text)
    return f"## {text} {{ #{anchor(endpoint)} }}"


def is_legacy(page: PageText, endpoint: str) -> bool:
    """Return whether an endpoint is not recommended any more."""
    return page.assessments[endpoint].standing is Standing.NOT_RECOMMENDED


def legacy_label(page: PageText) -> str:
    """Return the line over the blocks of a legacy endpoint, with the label of their copy button."""
    copy = escape(page._("Copy legacy code that is not recommended"))
    label = escape(page._("Legacy code, not recommended"))
    return f'<p class="tu-legacy" data-copy-label="{copy}">{label}</p>'


def standing_box(page: PageText, endpoint: str, *, names_model: bool = False) -> str:
    """Return a box with an endpoint's standing and its claim, also with the model's name if it
    stands on a page that is not the model's."""
    assessment = page.assessments[endpoint]
    title = page.phrases.standing(assessment)
    if assessment.seen_on:
        title = page._("{standing}, as of {day}").format(standing=title, day=assessment.seen_on)
    if is_legacy(page, endpoint):
        title = page._("Legacy pattern, {standing}").format(standing=title)
    if names_model:
        title = page.catalogue.labelled(page.model(endpoint), title)
    kind = ADMONITIONS[assessment.standing]
    return f'!!! {kind} "{title}"\n\n    {claim(page, endpoint, is_titled=True)}'


def last_test(page: PageText) -> str:
    """Return the day of the newest test of all, and what to do once it is old.

    It stands once on a page, which says nothing of the age of its evidence elsewhere.
    """
    return last_test_of(page, page.assessments)


def last_test_of(page: PageText, endpoints: Iterable[str]) -> str:
    """Return the same for some endpoints."""
    names = set(endpoints)
    days = [seen for name in names if (seen := page.assessments[name].seen_on)]
    if not days and any(row.endpoint in names for row in page.status.observations):
        return page._("No test on record shows whether these requests work.")
    if not days:
        return page._("Nobody has tested these routes.")
    fresh = page._("Last tested on {day}.")
    stale = page._(
        "Last tested on {day}. Before you build on it, run a block once and check your bill."
    )
    day = dated(max(days), is_aged=True)
    line = page.dated_claim(max(days), fresh.format(day=day), stale.format(day=day))
    return page.catalogue.join_sentences((line, page.key_link))


def start_here(page: PageText) -> str:
    """Return the advice where to start, for each kind of output, as a list."""
    items = []
    observed = {row.endpoint for row in page.status.observations}
    for kind, endpoints in page.by_kind().items():
        found = [page.assessments[name] for name in endpoints if split(name)[0] != NO_MODEL]
        if not found:
            continue
        working = (one for one in found if one.standing in WORKING)
        best = min(working, key=lambda one: one.standing.rank, default=None)
        sentences = [start_at(page, best)]
        untested = [page.name(one.endpoint) for one in found if one.endpoint not in observed]
        if best is None and untested:
            message = page._("Nobody has tested {endpoints}.")
            sentences.append(
                message.format(endpoints=page.catalogue.join(page.few(untested, MOST_NAMES)))
            )
        text = page.catalogue.join_sentences(sentences)
        items.append(f"- {page.catalogue.labelled(page.phrases.kind(kind), text)}")
    return "\n".join(items)
