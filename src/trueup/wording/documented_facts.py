"""Documented facts: what a gateway's docs say, as tables, each with its page and day. Words nothing
of it as evidence; beside each parameter it says when a request with it last had an output."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from urllib.parse import parse_qsl

from pydantic import JsonValue

from trueup.model import URL, DocsPage, DocumentedValue, Observation, Parameter, split
from trueup.wording.badges import dated, mark
from trueup.wording.markdown import code, escape_markdown
from trueup.wording.pages import MOST_NAMES, PageText, stacked_table, table


def documented(page: PageText, facts: str, route: str = "") -> str:
    """Return the documented facts of a kind: those of a route, or of the gateway without one.

    Pages that were read on one day share a table. Raises KeyError for an unknown route or kind.
    """
    pages = page.status.routes[route].documented if route else page.status.documented
    return _shown(page, facts, pages, route) or page._("Nothing documented is on record.")


def documented_of(page: PageText, model: str, facts: str) -> str:
    """Return the documented facts of a kind for a model: the gateway's that name it, and those of
    each of its routes, under the route's title where it has several; empty for none."""
    own = [docs for docs in page.status.documented if model in docs.models]
    parts = [_shown(page, facts, own, model=model)]
    routes = dict.fromkeys(split(endpoint)[1] for endpoint in page.endpoints(model))
    for route in routes:
        about = page.status.routes[route].documented
        own = [docs for docs in about if model in docs.models or not docs.models]
        if text := _shown(page, facts, own, route, model):
            title = f"**{escape_markdown(page.status.title_of(route))}**"
            parts += [title, text] if len(routes) > 1 else [text]
    return "\n\n".join(filter(None, parts))


def _shown(
    page: PageText, facts: str, pages: Iterable[DocsPage], route: str = "", model: str = ""
) -> str:
    groups: dict[object, list[DocsPage]] = {}
    for one in pages:
        if getattr(one, facts):
            same = groups.get((one.on, one.models), []) if facts == "parameters" else []
            repeated = any(one.parameters.keys() & other.parameters.keys() for other in same)
            key = (one.on, one.models, *([one.page] if repeated else []))
            groups.setdefault(key, []).append(one)
    found = []
    for group in groups.values():
        if facts == "parameters":
            part = _parameters(page, group, route, model)
        else:
            items = tuple(item for one in group for item in getattr(one, facts))
            part = PARTS[facts](page, group[0].model_copy(update={facts: items}))
        found.append(f"{_source(page, group, is_tested=facts == 'parameters')}\n\n{part}")
    return "\n\n".join(found)


def _source(page: PageText, group: Sequence[DocsPage], *, is_tested: bool) -> str:
    """Return the line over the facts of pages, which says what they are and of which day; those
    beside which tests are shown are not called untested."""
    docs = group[0]
    values = {
        "documented": mark("fair", page._("documented")),
        "day": dated(docs.on),
        "page": page.catalogue.join(docs_page(one.page) for one in group),
    }
    fresh = page._("{documented}, not tested. Read on {day}: {page}.")
    stale = page._("{documented} as of {day}, not tested and not read again since: {page}.")
    if is_tested:
        fresh = page._("{documented}. Read on {day}: {page}.")
        stale = page._("{documented} as of {day}, not read again since: {page}.")
    line = page.dated_claim(docs.on, fresh.format(**values), stale.format(**values))
    titles = [escape_markdown(page.status.models[name].title) for name in docs.models]
    if not titles:
        return line
    names = page.catalogue.join(page.few(titles, MOST_NAMES))
    models = page._("Only for {models}.").format(models=names)
    return page.catalogue.join_sentences((line, models))


def docs_page(page: str) -> str:
    """Return the name of a page of the gateway's docs, as a link where it is an address."""
    title = escape_markdown(page)
    return f"[{title}]({page})" if re.match(URL, page) else title


def _parameters(page: PageText, group: Sequence[DocsPage], route: str, model: str) -> str:
    """Return the table of parameters, without the columns in which the docs say nothing."""
    required = {True: page._("required"), False: page._("optional"), None: ""}
    models = {model} if model else {*group[0].models}
    observations = list(_outputs(page, models, route))
    rows = [
        (
            code(name),
            page.catalogue.enumerate(map(code, one.type)),
            required[one.required],
            page.catalogue.join_phrases(_values(page, one)),
            escape_markdown(one.note or ""),
            _seen(page, [row for row in observations if _sends(row, name)]),
        )
        for docs in group
        for name, one in docs.parameters.items()
    ]
    titles = (page._("Parameter"), page._("Type"), page._("Required"), page._("Values"))
    columns = zip((*titles, page._("Note"), page._("Last output with it")), *rows, strict=True)
    said = [column for column in columns if any(column[1:])]
    header, *shown = zip(*said, strict=True)
    return stacked_table(header, shown)


def _outputs(page: PageText, models: Set[str], route: str) -> Iterator[Observation]:
    """Yield the rows with an output of a route and of models, each where named."""
    for row in page.status.observations:
        model, own = split(row.endpoint)
        is_about = route in ("", own) and (not models or model in models)
        counts = row.is_proven and not row.sample and row.retracted is None
        if is_about and counts and row.outcome == "output":
            yield row


def _seen(page: PageText, rows: Sequence[Observation]) -> str:
    """Return target and date of the newest row; on one date, the reference comes first."""
    if not rows:
        return mark("absent", page._("none on record"))
    row = page.newest(rows)
    return page.catalogue.enumerate((escape_markdown(row.target), dated(row.day)))


def _sends(row: Observation, name: str) -> bool:
    """Return whether the request of a row is known to have had a field, in its query or body."""
    query = dict(parse_qsl(row.sent.request.partition("?")[2], keep_blank_values=True))
    return name in query or _has(row.sent.content, name)


def _has(value: JsonValue, name: str) -> bool:
    """Return whether an object has a field, by its name or by a path such as `a.b` or `a[].b`."""
    if not isinstance(value, dict):
        return False
    outer, _, inner = name.partition(".")
    owner = value.get(outer.removesuffix("[]"))
    items = owner if isinstance(owner, list) and outer.endswith("[]") else [owner]
    return name in value or any(_has(item, inner) for item in items)


def _values(page: PageText, parameter: Parameter) -> Iterator[str]:
    """Yield the allowed values, the range and the default of a parameter, as far as documented."""
    least, most = _value(parameter.least), _value(parameter.most)
    if parameter.values:
        yield page.catalogue.enumerate(map(_value, parameter.values))
    if parameter.least is not None and parameter.most is not None:
        yield page._("{least} to {most}").format(least=least, most=most)
    elif parameter.least is not None:
        yield page._("{least} or more").format(least=least)
    elif parameter.most is not None:
        yield page._("{most} or less").format(most=most)
    if parameter.default is not None:
        yield page._("default {value}").format(value=_value(parameter.default))


def _value(value: object) -> str:
    return code(str(value).lower() if isinstance(value, bool) else str(value))


def _named(
    page: PageText, title: str, values: Iterable[DocumentedValue], worded: Callable[[str], str]
) -> str:
    rows = [(escape_markdown(one.of), worded(one.value)) for one in values]
    return table((title, page._("Value")), rows)


def _links(page: PageText, docs: DocsPage) -> str:
    return "\n".join(f"- [{escape_markdown(one.title)}]({one.url})" for one in docs.links)


def _errors(page: PageText, docs: DocsPage) -> str:
    rows = [
        (
            str(one.status or ""),
            code(one.code) if one.code else "",
            escape_markdown(one.meaning),
            escape_markdown(one.remedy or ""),
        )
        for one in docs.errors
    ]
    header = (page._("HTTP status"), page._("Code"), page._("Meaning"), page._("What to do"))
    return stacked_table(header, rows)


PARTS: Mapping[str, Callable[[PageText, DocsPage], str]] = {
    "limits": lambda page, docs: _named(page, page._("Limit"), docs.limits, escape_markdown),
    "prices": lambda page, docs: _named(page, page._("Price of"), docs.prices, escape_markdown),
    "settings": lambda page, docs: _named(page, page._("Setting"), docs.settings, code),
    "links": _links,
    "errors": _errors,
}
"""How each kind of facts of a page is shown, but for parameters."""
