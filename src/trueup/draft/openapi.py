"""OpenAPI: a document as a draft of a site: its routes as far as the status file can say them, and
a note for a person about all else."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time
from itertools import chain
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import ValidationError

from trueup.check.banned_terms import banned_terms
from trueup.check.claims import Near, check_text
from trueup.check.leaked_keys import possible_keys
from trueup.draft.request import server_of
from trueup.draft.routes import (
    METHODS,
    OTHER_GROUP,
    OTHER_METHODS,
    DraftedRoute,
    draft_route,
)
from trueup.errors import BadInput, BadStatus
from trueup.message import Message
from trueup.model import Endpoint, Model, Observation, Status
from trueup.openapi import Node, load_document
from trueup.place import Place
from trueup.shipped_files import shipped_folder
from trueup.snippet import Snippets
from trueup.status_file import parse_status, render_entry, render_row, render_scalar, shown
from trueup.wording import load_catalogue, standing_words

MOST_OPERATIONS = 2000
"""Twice as many as the largest public API has; more would be read for minutes."""
TARGET = "production"


@dataclass
class Draft:
    """A site to be: its base URL, title, routes, and the notes for a person."""

    base_url: str
    title: str
    day: date
    routes: list[DraftedRoute] = field(default_factory=list)
    notes: list[Message] = field(default_factory=list)
    rows: list[tuple[str, Observation]] = field(default_factory=list)
    """Dated rows, oldest first, each with the words that it was read from."""
    origin: str = "Drafted from a document: nobody tested any of it."

    @property
    def models(self) -> dict[str, Model]:
        """The models of all routes; of two with one name, the first."""
        found: dict[str, Model] = {}
        for route in self.routes:
            found |= {name: one for name, one in route.models.items() if name not in found}
        return found

    @property
    def endpoints(self) -> dict[str, Endpoint]:
        """The endpoints of all routes."""
        return {name: one for route in self.routes for name, one in route.endpoints.items()}

    @property
    def files(self) -> dict[str, bytes]:
        """The files of all routes, by name."""
        return {name: one for route in self.routes for name, one in route.files.items()}

    def with_route(self, route: DraftedRoute) -> "Draft":
        """Return a draft of one route, beside the models of all."""
        known = replace(route, models={**route.models, **self.models})
        return Draft(self.base_url, self.title, self.day, [known])

    def render(self) -> str:
        """Return the status file as text."""
        parts = [
            "# yaml-language-server: $schema=status.schema.json\n",
            f"# Every fact of the docs, once. {self.origin}\n",
            "version: 2\n\n",
            f"policy:\n  reported_until: {self.day}\n\ntargets:\n  {TARGET}:\n",
            f"    base_url: {render_scalar(self.base_url)}\n    reference: true\n",
            "    # Add ledger: new-api, or ledger: {none: REASON}; until then no bill is read.\n",
        ]
        for name, entries in (
            ("routes", {one.name: one.route for one in self.routes}),
            ("models", self.models),
            ("endpoints", self.endpoints),
        ):
            parts.append(f"\n{name}:{'' if entries else ' {}'}\n")
            parts += [render_entry(key, entry, 2) for key, entry in entries.items()]
        parts.append(f"\nobservations:{'' if self.rows else ' []'}\n")
        parts += [f"  # {words}\n{render_row(row, 2)}" for words, row in self.rows]
        return "".join(parts)

    def parse(self) -> Status:
        """Return the status that its text holds, with its files. Raises BadStatus."""
        noon = datetime.combine(self.day, time(12), UTC)
        return parse_status(self.render(), "status.yml", noon).status.with_files(self.files)


def draft_openapi(
    file: Path, day: date, base_url: str | None = None, title: str | None = None, only: str = "/"
) -> Draft:
    """Return a draft from an OpenAPI 3.0 or 3.1 document, with the routes whose path begins with
    `only`. `base_url` and `title` replace those of the document.

    Raises BadInput for what is no such document, and where it has no route that can be drafted.
    """
    document = load_document(file)
    servers = list(server_of(document.top))
    found = next((base for base, _ in servers if base), None)
    if base_url is None and found is None:
        raise BadInput(f"{file.name}#/servers", "no server has https", "Give --base-url.")
    prefix = next((path for base, path in servers if base in ("", base_url or found)), "")
    own_title = " ".join(document.top.get("info", "title").text.split())
    draft = Draft(base_url or found or "", title or own_title, day)
    operations = list(_operations(draft, document.top, only))
    if len(operations) > MOST_OPERATIONS:
        problem = f"{len(operations)} operations, expected at most {MOST_OPERATIONS}"
        raise BadInput(f"{file.name}#/paths", problem, "Give --only with the start of a path.")
    for path, operation in operations:
        try:
            _add_route(draft, path, operation, prefix)
        except BadInput as error:
            draft.notes.append(_left_out(operation, error.message))
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            problem = f"no status file can say {shown(first['input'])} as {first['loc'][0]}"
            reason = Message(operation.place, problem, "Write the route in status.yml.")
            draft.notes.append(_left_out(operation, reason))
    if not draft.routes:
        reasons = "; ".join(str(one) for one in draft.notes[:3]) or f"no path begins with {only}"
        problem = f"no route can be drafted ({reasons.rstrip('.')})"
        raise BadInput(f"{file.name}#/paths", problem, "Correct the document.")
    try:
        status = draft.parse()
    except BadStatus as error:
        problem = f"the status file could not be read ({error.messages[0].problem})"
        fix = "Give --only with the start of a path."
        raise BadInput(f"{file.name}#/paths", problem, fix) from error
    if title is None and not is_neutral(status, draft.title):
        draft.title = ""
    document.refill()
    draft.notes += _general_notes(document.top, draft)
    draft.notes = list(dict.fromkeys(draft.notes))
    return draft


def _operations(draft: Draft, top: Node, only: str) -> Iterator[tuple[str, Node]]:
    """Yield each operation with its path; a path that leads nowhere is noted."""
    paths = top.raw("paths")
    for path in paths.value if isinstance(paths.value, dict) else ():
        if path.startswith(only):
            top.document.refill()
            try:
                item = paths.get(path)
            except BadInput as error:
                draft.notes.append(_left_out(paths.raw(path), error.message))
                continue
            found = (item.raw(method) for method in (*METHODS, *OTHER_METHODS))
            yield from ((path, operation) for operation in found if operation)


def _add_route(draft: Draft, path: str, operation: Node, prefix: str) -> None:
    """Add the route of an operation. Raises BadInput or ValidationError where it cannot be said."""
    operation.document.refill()
    method = operation.pointer.rpartition("/")[2]
    if method not in METHODS:
        raise operation.refused(f"no block sends {method.upper()}", "Leave it out.")
    owner = operation if operation.get("servers") else operation.above
    if owner.get("servers"):
        own = [at for base, at in server_of(owner) if base in ("", draft.base_url)]
        if not own:
            fix = "Write a site of its own for it, with --base-url."
            raise operation.refused(f"its server is not {draft.base_url}", fix)
        prefix = own[0]
    names = {one.name for one in draft.routes}
    route = draft_route(operation, method.upper(), path, prefix, names, draft.day)
    hold(draft, route, operation.place)
    draft.routes.append(route)
    draft.notes += route.notes


def _left_out(operation: Node, reason: Message) -> Message:
    """Return the note for an operation without a route; a reason elsewhere has its place in it."""
    place = operation.place
    at = "" if reason.where.path.startswith(place.path) else f" at {reason.where}"
    where = reason.where if reason.where.path.startswith(place.path) else place
    return Message(where, f"left out: {reason.problem}{at}", reason.fix)


def hold(draft: Draft, route: DraftedRoute, place: Place) -> None:
    """Hold a route to what a site is held to: the reader of the status file, the templates, keys,
    and the rules for the words that readers see. BadInput where it does not pass."""
    one = draft.with_route(route)
    try:
        status = one.parse()
    except BadStatus as error:
        reason, fix = error.messages[0].problem, error.messages[0].fix
        raise BadInput(place, f"no status file can say it ({reason})", fix) from error
    contents = chain([one.render().encode()], route.files.values())
    if any(next(possible_keys(content), None) for content in contents):
        fix = "Revoke it, and replace it there."
        raise BadInput(place, "an example holds what looks like a key", fix)
    if route.route.title and not is_neutral(status, route.route.title):
        route.route = route.route.model_copy(update={"title": None})
    if not is_neutral(status, route.group.replace("-", " ")):
        route.group = OTHER_GROUP
    pages = route.route.documented
    if pages and not is_neutral(status, pages[0].page, "documented"):
        file = pages[0].page.partition("#")[0]
        named = (pages[0].model_copy(update={"page": file}),)
        route.route = route.route.model_copy(update={"documented": named})
    try:
        Snippets(status, shipped_folder() / "snippets").all()
    except BadInput as error:
        raise BadInput(place, error.message.problem, error.message.fix) from error


def is_neutral(status: Status, text: str, kind: str = "seen") -> bool:
    """Return whether a text of a kind says nothing of a standing, as the check sees it."""
    words = standing_words(load_catalogue("en")).values()
    terms = banned_terms(status, words)
    return not any(check_text(Place("text"), text, terms, Near.NAME, kind))


def _general_notes(top: Node, draft: Draft) -> Iterable[Message]:
    """Yield what holds for the whole document."""
    if top.raw("webhooks"):
        fix = "Describe them on a page of your own."
        yield Message(top.raw("webhooks").place, "left out: no route is a call to the reader", fix)
    open_routes = [one.name for one in draft.routes if one.route.auth == "none"]
    if open_routes:
        problem = f"{len(open_routes)} of {len(draft.routes)} routes state no security"
        yield Message(top.raw("security").place, problem, "Correct auth where they need a key.")
    hosts = {urlsplit(base).netloc for base, _ in server_of(top) if base} - {""}
    if len(hosts) > 1:
        problem = f"{len(hosts)} servers; the target is {draft.base_url}"
        fix = "Put the others of the same gateway under also of the target."
        yield Message(top.raw("servers").place, problem, fix)
