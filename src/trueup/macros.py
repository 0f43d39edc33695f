"""Macros: the door for mkdocs-macros. Each macro returns whole blocks, to be called at column 0."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import wraps
from pathlib import Path
from typing import Any

from mkdocs.exceptions import PluginError

from trueup.errors import TrueupError
from trueup.evidence import alternative
from trueup.model import Shape, anchor, split
from trueup.site import AS_OF, MacroCall, Names, load_pages, names_in, problem_of
from trueup.snippet import base_places, languages_of, render_snippet
from trueup.status_file import Stored, load_status
from trueup.wording import (
    PageText,
    history,
    in_language,
    legend,
    load_catalogue,
    load_translations,
    matrix,
    readings_table,
    render_bases,
    reply,
    sample,
    shapes,
    signatures,
    standings,
    variants,
)
from trueup.wording.markdown import fence_for


def define_env(env: Any) -> None:
    """Registers the macros; called by mkdocs-macros once for each build."""
    try:
        as_of = env.conf["extra"].get(AS_OF)
        day = date.fromisoformat(as_of) if as_of else None
        for name, macro in _macros(Path(env.project_dir), Path(env.conf["docs_dir"]), day).items():
            env.macro(macro, name)
    except TrueupError as error:
        raise PluginError(str(error)) from error


def _macros(top: Path, docs: Path, as_of: date | None = None) -> dict[str, Callable[..., str]]:
    now = datetime.now(UTC)
    today = as_of or now.date()
    stored = load_status(top / "status.yml", now)
    homes = {page.model: page.source for page in load_pages(docs) if page.model}

    def link(endpoint: str) -> str:
        model, _ = split(endpoint)
        home = homes.get(model)
        return f"{home}#{anchor(endpoint)}" if home else f"status.md#{model}"

    catalogue = load_catalogue(docs.name)
    status = in_language(stored.status, load_translations(docs))
    pages = PageText(status, catalogue, today, link)
    names = names_in(stored.status, top)
    made: dict[str, Callable[..., str]] = {
        "advice": pages.advice,
        "changes": pages.changes,
        "risks": pages.risk_notes,
        "model_status": pages.model_status,
        "alternative": pages.best,
        "history": lambda model: history(pages, model),
        "standings": lambda: standings(pages),
        "matrix": lambda page="": matrix(pages, page),
        "legend": lambda: legend(pages),
        "readings": lambda: readings_table(pages),
        "start_here": pages.start_here,
        "as_of": lambda: today.isoformat(),
        "policy": lambda policy: _policy(stored, policy),
        "route": lambda endpoint: _route(pages, top / "snippets", endpoint),
        "best": lambda model: _best(pages, top / "snippets", model),
        "console": lambda console: _console(top / "snippets" / "console" / f"{console}.txt"),
        "newest": lambda observed: _newest(stored, observed),
        "shapes": lambda: shapes(pages),
        "signatures": lambda: signatures(pages),
        "variants": lambda model: variants(pages, model),
        "sample": lambda protocol, shape: _sample(pages, protocol, shape),
    }
    return {name: _checked(name, macro, names) for name, macro in made.items()}


def _checked(name: str, macro: Callable[..., str], names: Names) -> Callable[..., str]:
    """The macro, with a call that cannot be made, as the check finds it, as one message."""

    @wraps(macro)
    def call(*arguments: Any, **named: Any) -> str:
        asked = MacroCall(
            macro=name,
            arguments=tuple(map(_text, arguments)),
            named={key: _text(value) for key, value in named.items()},
        )
        if problem := problem_of(asked, names):
            raise PluginError(f"{problem.found}; {problem.expected}. {problem.remedy}")
        try:
            return macro(*arguments, **named)
        except TrueupError as error:
            raise PluginError(str(error)) from error

    return call


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _route(pages: PageText, templates: Path, endpoint: str) -> str:
    """An endpoint's heading, its mark, and its blocks in tabs with a marker for each receipt.

    Code that nobody ever sent to the reference target is not shown.
    """
    parts = [pages.heading(endpoint, 3), pages.mark(endpoint)]
    if pages.status.seen(endpoint, pages.status.reference):
        parts.append(_code(pages, templates, endpoint))
    return "\n\n".join(parts)


def _best(pages: PageText, templates: Path, model: str) -> str:
    best = alternative(pages.status, pages.assessments, model)
    if best is None:
        return pages.start(model)
    endpoint = best.endpoint
    return f"{pages.mark(endpoint)}\n\n{_code(pages, templates, endpoint)}"


def _code(pages: PageText, templates: Path, endpoint: str) -> str:
    """An endpoint's blocks, called legacy where they are, and what came back, folded.

    Where the gateway has further base URLs, a choice of them comes first.
    """
    chooser = render_bases(pages.status.targets[pages.status.reference], pages.catalogue)
    parts = [chooser] if chooser else []
    if pages.is_legacy(endpoint):
        parts.append(pages.legacy())
    parts.append(_tabs(pages, templates, endpoint))
    if shown := reply(pages, endpoint):
        title, text = shown
        body = _indented(_fenced(text, "{ .json }"))
        parts.append(f'??? example tu-reply "{title}"\n\n{body}')
    return "\n\n".join(parts)


def _sample(pages: PageText, protocol: str, shape: Shape) -> str:
    title, text = sample(pages, protocol, shape)
    return f"{title}:\n\n{_fenced(text, '{ .json }')}"


def _tabs(pages: PageText, templates: Path, endpoint: str) -> str:
    status, tabs = pages.status, []
    for language in languages_of(status.route_of(endpoint).protocol, templates):
        snippet = render_snippet(status, endpoint, language.name, templates)
        attributes = f"{{ .{language.fence} #{snippet.id} data-endpoint={endpoint} }}"
        if status.targets[status.reference].also:
            places = ".".join(map(str, base_places(snippet, status, templates)))
            attributes = attributes.replace(" }", f" data-base-at={places} }}")
        block = _fenced(snippet.text, attributes)
        body = f"{block}\n\n<!--stamp:{snippet.id}-->"
        tabs.append(f'=== "{language.label}"\n\n{_indented(body)}')
    return "\n\n".join(tabs)


def _console(file: Path) -> str:
    return _fenced(file.read_text(encoding="utf-8").rstrip("\n"), "{ .console }")


def _newest(stored: Stored, endpoint: str) -> str:
    """An endpoint's newest observation, as it stands in the status file."""
    key, number = stored.keys_of(stored.status.seen(endpoint)[0])
    lines = stored.text.splitlines()
    first = stored.place(key, number).line - 1
    indent = len(lines[first]) - len(lines[first].lstrip())
    last = first + 1
    while last < len(lines) and (not lines[last] or lines[last].startswith(" " * (indent + 1))):
        last += 1
    item = "\n".join(lines[first:last]).rstrip()
    return _fenced(f"{key}:\n{item}", f"{{ .yaml data-excerpt={key} }}")


def _policy(stored: Stored, name: str) -> str:
    value = getattr(stored.status.policy, name)
    return str(value.days) if hasattr(value, "days") else str(value)


def _fenced(text: str, attributes: str) -> str:
    fence = fence_for(text, 3)
    return f"{fence} {attributes}\n{text}\n{fence}"


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" if line else "" for line in text.split("\n"))
