"""Page macros: what a page calls. Each returns whole blocks and is called at column 0."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import partial, wraps
from pathlib import Path
from typing import Any

from mkdocs.exceptions import PluginError

from trueup.errors import TrueupError
from trueup.evidence import alternative
from trueup.model import Shape, Standing, anchor, form_files, split
from trueup.site import MacroCall, Names, load_pages, names_in, problem_of
from trueup.snippet import Snippet, Snippets, base_places
from trueup.source_file import read_source
from trueup.status_file import Stored, load_status
from trueup.wording import changes_page, model_parts, status_page, tables
from trueup.wording.bases import render_bases
from trueup.wording.catalogue import load_catalogue
from trueup.wording.documented_facts import documented
from trueup.wording.endpoint_history import history
from trueup.wording.markdown import fence_for, folded, indented
from trueup.wording.pages import PageText
from trueup.wording.sentences import start
from trueup.wording.status_index import status_places
from trueup.wording.status_translation import in_language, load_translations


def _fenced(text: str, attributes: str) -> str:
    fence = fence_for(text, 3)
    return f"{fence} {attributes}\n{text}\n{fence}"


def _sample(page: PageText, protocol: str, shape: Shape) -> str:
    """Return a simulated reply of a protocol in one of its shapes, its output cut short."""
    title, text = tables.sample(page, protocol, shape)
    return f"{page.catalogue.labelled(title, '').rstrip()}\n\n{_fenced(text, '{ .json }')}"


Macros = dict[str, Callable[..., str]]
PARTS: dict[str, Callable[..., str]] = {
    "advice": model_parts.advice,
    "alternative": model_parts.best,
    "changes": model_parts.changes,
    "documented": documented,
    "endpoints": status_page.endpoints,
    "history": history,
    "last_test": model_parts.last_test,
    "legend": status_page.legend,
    "model_status": model_parts.model_status,
    "overall": status_page.overall,
    "readings": status_page.comparison_table,
    "recent_changes": changes_page.recent_changes,
    "risks": model_parts.risk_notes,
    "sample": _sample,
    "shapes": tables.shapes,
    "signatures": tables.signatures,
    "standings": status_page.standings,
    "start_here": model_parts.start_here,
    "variants": tables.variants,
}
"""The macros that need nothing but the text of a page, by their names."""


def page_macros(
    top: Path,
    docs: Path,
    now: datetime,
    today: date,
    known: Mapping[tuple[str, str], Snippet] | None = None,
) -> Macros:
    """Return the macros of the pages under the folder `docs` of a language, by their names; `known`
    are the snippets that were rendered before, by endpoint and language.

    Raises BadStatus and BadInput for a status file or a page that cannot be read.
    """
    stored = load_status(top / "status.yml", now)
    homes = {found.model: found.source for found in load_pages(docs) if found.model}
    pageless = status_places(stored.status, homes)

    def link(endpoint: str) -> str:
        return pageless.get(endpoint) or f"{homes[split(endpoint)[0]]}#{anchor(endpoint)}"

    catalogue = load_catalogue(docs.name)
    status = in_language(stored.status, load_translations(docs))
    text = PageText(status, catalogue, today, link)
    names = names_in(stored.status, top)
    snippets = Snippets(status, top / "snippets", dict(known or {}))
    made: Macros = {
        **{name: partial(part, text) for name, part in PARTS.items()},
        "as_of": lambda: _as_of(today),
        "policy": lambda policy: _policy(stored, policy),
        "model_page": lambda model: _model_page(text, snippets, model),
        "route": lambda endpoint: _route(text, snippets, endpoint),
        "best": lambda model: _best(text, snippets, model),
        "console": lambda console: _console(snippets.folder / "console" / f"{console}.txt", top),
        "newest": lambda observed: _newest(stored, observed),
    }
    return {name: _checked(name, macro, names) for name, macro in made.items()}


def _checked(name: str, macro: Callable[..., str], names: Names) -> Callable[..., str]:
    """Return the macro, which raises PluginError for a call that the check refuses."""

    @wraps(macro)
    def call(*arguments: Any, **named: Any) -> str:
        macro_call = MacroCall(
            macro=name,
            arguments=tuple(map(_text, arguments)),
            named={key: _text(value) for key, value in named.items()},
        )
        if problem := problem_of(macro_call, names):
            raise PluginError(". ".join(problem))
        try:
            return macro(*arguments, **named)
        except TrueupError as error:
            raise PluginError(str(error)) from error

    return call


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _model_page(page: PageText, snippets: Snippets, model: str) -> str:
    """Return a model's page below its title: the code of each endpoint, then all that is known.

    Where another model of the family stands better, the page begins with it.
    """
    endpoints = page.endpoints(model)
    parts = [model_parts.last_test_of(page, endpoints)]
    found = alternative(page.status, page.assessments, model)
    own = min(page.assessments[name].standing.rank for name in endpoints) if endpoints else None
    if found and (own is None or found.standing.rank < own):
        parts.append(model_parts.best(page, model))
    parts += [_route(page, snippets, endpoint) for endpoint in endpoints]
    return "\n\n".join([*parts, *model_parts.sections(page, model)])


def _route(page: PageText, snippets: Snippets, endpoint: str) -> str:
    """Return an endpoint's heading, its standing, and its blocks in tabs, with stamps' places."""
    parts = [model_parts.heading(page, endpoint), model_parts.standing_box(page, endpoint)]
    blocks = _code(page, snippets, endpoint)
    if model_parts.is_legacy(page, endpoint):
        blocks = folded("danger", page._("Show the legacy code"), blocks)
    elif page.assessments[endpoint].standing is Standing.UNVERIFIED:
        blocks = folded("info", page._("Show the code, which is unverified"), blocks)
    return "\n\n".join([*parts, blocks])


def _best(page: PageText, snippets: Snippets, model: str) -> str:
    """Return standing and blocks of the best-standing working endpoint of a model's family."""
    found = alternative(page.status, page.assessments, model)
    if found is None:
        return start(page, model)
    endpoint = found.endpoint
    box = model_parts.standing_box(page, endpoint, names_model=True)
    return f"{box}\n\n{_code(page, snippets, endpoint)}"


def _code(page: PageText, snippets: Snippets, endpoint: str) -> str:
    """Return an endpoint's blocks, labelled where they are legacy, and the reply, folded.

    With further base URLs of the gateway, a choice of them comes first.
    """
    reference = page.status.targets[page.status.reference]
    outcome = page.assessments[endpoint].outcome
    chooser = render_bases(reference, page.catalogue, outcome.outcome if outcome else None)
    parts = [chooser] if chooser else []
    if model_parts.is_legacy(page, endpoint):
        parts.append(model_parts.legacy_label(page))
    parts.append(_tabs(page, snippets, endpoint))
    files = form_files(page.status.endpoints[endpoint].form or {})
    links = [f'<a href="files:{name}" download>{name}</a>' for name in files]
    if links:
        line = page._("Files to save beside the code: {files}")
        parts.append(line.format(files=page.catalogue.join(links)))
    if shown := tables.reply(page, endpoint):
        title, text = shown
        parts.append(folded("example tu-reply", title, _fenced(text, "{ .json }")))
    return "\n\n".join(parts)


def _tabs(page: PageText, snippets: Snippets, endpoint: str) -> str:
    status, tabs = page.status, []
    for snippet in snippets.of(endpoint):
        attributes = f"{{ .{snippet.language.fence} #{snippet.id} data-endpoint={endpoint} }}"
        if status.targets[status.reference].also:
            places = ".".join(map(str, base_places(snippet, status, snippets.folder)))
            attributes = attributes.replace(" }", f" data-base-at={places} }}")
        block = _fenced(snippet.text, attributes)
        body = f"{block}\n\n<!--stamp:{snippet.id}-->"
        tabs.append(f'=== "{snippet.language.label}"\n\n{indented(body)}')
    return "\n\n".join(tabs)


def _console(file: Path, top: Path) -> str:
    """Return the text of a terminal from a file of `snippets/console`, as a block."""
    return _fenced(read_source(file, top).decode().rstrip("\n"), "{ .console }")


def _newest(stored: Stored, endpoint: str) -> str:
    """Return an endpoint's newest observation as written in the status file."""
    key, number = stored.keys_of(stored.status.seen(endpoint)[0])
    lines = stored.text.splitlines()
    first = stored.place(key, number).line - 1
    indent = len(lines[first]) - len(lines[first].lstrip())
    last = first + 1
    while last < len(lines) and (not lines[last] or lines[last].startswith(" " * (indent + 1))):
        last += 1
    item = "\n".join(lines[first:last]).rstrip()
    return _fenced(f"{key}:\n{item}", f"{{ .yaml data-excerpt={key} }}")


def _as_of(today: date) -> str:
    """Return the date on which the site was built."""
    return today.isoformat()


def _policy(stored: Stored, name: str) -> str:
    """Return the value of a field of the policy, such as `fresh_for` in days."""
    value = getattr(stored.status.policy, name)
    return str(value.days) if hasattr(value, "days") else str(value)
