"""Document: what the pages say of a route beside what an OpenAPI document says of it. Which of the
two is right is for a person to find out."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus

from trueup.audit.body import body_of, complete_json
from trueup.audit.found import Found, Spot, listed, quoted, report
from trueup.audit.gates import kept
from trueup.audit.mention import API_PATH, Call, Route, all_calls_of, worded_routes_of
from trueup.audit.operations import Operations, PathItem, host_of, read_operations
from trueup.audit.page import Page
from trueup.audit.shape import Difference, differences, nearest
from trueup.audit.tree import Tree
from trueup.audit.words import COUNTEREXAMPLE, DEPRECATED
from trueup.errors import BadInput
from trueup.finding import Finding
from trueup.openapi import Document, Node
from trueup.place import Place

DISAGREE = "Find out what the API does: the page and the document disagree."
MOST_UNKNOWN = 0.5
"""Part of the routes, or of the replies, that the document may lack: with more, it is about a part
of the API."""
QUERY_NAME = re.compile(r"[A-Za-z_][\w.\-]*")
PHRASES = "|".join(re.escape(one.phrase) for one in HTTPStatus)
STATUS = re.compile(rf"\b(?:([1-5]\d\d) (?:{PHRASES})\b|HTTP(?:/[\d.]+)? ([1-5]\d\d)\b)")


@dataclass(frozen=True)
class _Said:
    """What a page says that the document does not, with its place on both sides."""

    rule: str
    spot: Spot
    problem: str
    place: Place


@dataclass(frozen=True)
class _Use:
    """A route of a page, and the paths of the document that it may be one of."""

    route: Route
    page: Page
    items: list[PathItem]
    call: Call | None = None

    @property
    def path(self) -> str:
        """Return its path as the page has it."""
        return self.route.text.partition(" ")[2]

    @property
    def spot(self) -> Spot:
        """Return where it is."""
        return self.page.path, self.route.line


def check_document(tree: Tree, document: Document) -> Iterator[Found]:
    """Return the findings about what pages and a document say of the same routes."""
    uses = [use for page in tree.pages.values() for use in _uses(page)]
    addresses = [(use.route.base, use.path) for use in uses]
    operations = read_operations(document, addresses)
    for message in operations.unread:
        yield Found(Finding.of(message, "unread-operation"))
    shown = {(*use.spot, use.call is None): use for use in uses}
    wrong = {key for key, use in shown.items() if _is_counterexample(use)}
    uses = [
        replace(use, items=operations.items_of(use.route.base, use.path))
        for use in uses
        if (*use.spot, use.call is None) not in wrong
    ]
    said = [*_unknown_routes(operations, uses)]
    replies: list[_Said] = []
    for use in uses:
        document.refill()
        try:
            for one in _compared(use):
                (replies if one.rule == "document-reply" else said).append(one)
        except BadInput as error:
            yield Found(Finding.of(error.message, "unread-operation"))
    with_reply = sum(use.call is not None and use.call.reply is not None for use in uses)
    yield from _reported(tree, [*said, *kept(replies, with_reply, MOST_UNKNOWN)])


def _uses(page: Page) -> Iterator[_Use]:
    for route in worded_routes_of(page):
        yield _Use(route, page, [])
    for call in all_calls_of(page):
        yield _Use(call.route, page, [], call)


def _is_counterexample(use: _Use) -> bool:
    """Return whether a page shows a route as one that is not there, or not to be called."""
    lines = use.page.lead_to(use.route.line) if use.call else [use.page.lines[use.route.line - 1]]
    texts = [*lines, *_comments(use)]
    return any(COUNTEREXAMPLE.search(text) for text in texts)


def _comments(use: _Use) -> Iterator[str]:
    """Return the comments of a call's block above it."""
    if use.call is not None:
        lines = use.call.fence.lines[: use.route.line - use.call.fence.first]
        yield from (line for line in lines if line.lstrip().startswith(("#", "//")))


def _reported(tree: Tree, said: Sequence[_Said]) -> Iterator[Found]:
    """Return a finding for each thing that is said, with all its places."""
    by_text: dict[tuple[str, str, Place], list[Spot]] = defaultdict(list)
    for one in said:
        by_text[one.rule, one.problem, one.place].append(one.spot)
    for (rule, problem, place), spots in by_text.items():
        found = report(tree, rule, spots, problem, DISAGREE)
        others = (*found.finding.others, place)
        yield replace(found, finding=replace(found.finding, others=others))


def _unknown_routes(operations: Operations, uses: Sequence[_Use]) -> Iterator[_Said]:
    """Return the routes that the document lacks, where it has others of the same host, or page."""
    known = [use for use in uses if use.items]
    hosts, pages = {host_of(use.route.base) for use in known}, {use.page.path for use in known}
    routes = {use.route.text for use in known}
    found: list[_Said] = []
    for use in uses:
        host = host_of(use.route.base)
        if use.items or (host not in hosts if host else use.page.path not in pages):
            continue
        if _is_of_api(operations, use):
            place = operations.document.top.raw("paths").place
            problem = f"{use.route.text} is here; the document has no such path"
            found.append(_Said("document-route", use.spot, problem, place))
    names = {one.problem for one in found}
    lacking = kept(sorted(names), len(names | routes), MOST_UNKNOWN)
    yield from (one for one in found if one.problem in lacking)


def _is_of_api(operations: Operations, use: _Use) -> bool:
    """Return whether a route below a server is one of its API, rather than a file or a page."""
    below = operations.below(use.route.base, use.path)
    starts = {use.path.split("/")[1], *(parts[0] for parts in below if parts)}
    if not below or use.path == "/":
        return False
    if starts & operations.first_segments or API_PATH.search(use.path):
        return True
    return use.call is not None and bool(host_of(use.route.base)) and use.call.has_key


def _compared(use: _Use) -> Iterator[_Said]:
    """Return where a route that the document has differs from it. Raises BadInput."""
    readable = [item for item in use.items if item.part is not None]
    if not readable or len(readable) < len(use.items):
        return
    by_method = {method: part for item in readable for method, part in item.operations().items()}
    method = use.route.text.partition(" ")[0]
    name, operation = f"{method} {readable[0].path}", by_method.get(method)
    if operation is None:
        problem = f"{name} is here; the document has {listed(sorted(by_method)) or 'no method'} "
        problem += "for this path"
        part = readable[0].part
        assert part is not None
        yield _Said("document-method", use.spot, problem, part.place)
        return
    operation = operation.resolved()
    if operation.get("deprecated").value is True and not _says_deprecated(use):
        problem = f"{name} is offered; the document calls it deprecated"
        yield _Said("document-deprecated", use.spot, problem, operation.place)
    if use.call is not None:
        yield from _queries(use, name, operation, use.call)
        yield from _bodies(use, name, operation, use.call)
        yield from _replies(use, name, operation, use.call)


def _says_deprecated(use: _Use) -> bool:
    """Return whether the section of a route, or the head of its page, says that it is old."""
    page, section = use.page, use.page.section_of(use.route.line)
    for number, text in enumerate(page.lines, 1):
        if page.section_of(number) in (section, 0, 1) and DEPRECATED.search(text):
            return True
    return False


def _queries(use: _Use, name: str, operation: Node, call: Call) -> Iterator[_Said]:
    known = _query_names(operation)
    for query in (full.partition("[")[0].partition("%5B")[0] for full in call.query):
        if known is None or not QUERY_NAME.fullmatch(query):
            continue
        place = known[query].place if query in known else operation.place
        if query not in known:
            near = nearest(query, known)
            has = listed(map(quoted, [near] if near else sorted(known))) or "none"
            problem = f"the query of {name} has {quoted(query)} here; the document has {has}"
            yield _Said("document-query", use.spot, problem, place)
        elif known[query].get("deprecated").value is True and not _says_deprecated(use):
            problem = f"{quoted(query)} is offered in the query of {name}; "
            problem += "the document calls it deprecated"
            yield _Said("document-deprecated", use.spot, problem, place)


def _query_names(operation: Node) -> dict[str, Node] | None:
    """Return the names in the query of an operation; None where they may be any."""
    known: dict[str, Node] = {}
    for owner in (operation, operation.above):
        for _, one in owner.get("parameters").children():
            if one.get("in").text == "query":
                known.setdefault(one.get("name").text.partition("[")[0], one)
                if one.get("content") or one.get("schema", "type").value == "object":
                    return None
    schemes = operation.document.top.get("components", "securitySchemes").children()
    keys = {one.get("name").text: one for _, one in schemes if one.get("in").text == "query"}
    return {**keys, **known}


def _bodies(use: _Use, name: str, operation: Node, call: Call) -> Iterator[_Said]:
    body = body_of(call.command)
    schemas = list(_json_schemas(operation.get("requestBody")))
    if body is None or not schemas:
        return
    for one in differences(body, schemas):
        rule, text = _worded(one)
        if one.kind != "deprecated" or not _says_deprecated(use):
            spot = (use.page.path, _line_of(use, call, one.name))
            yield _Said(rule, spot, f"the body of {name} {text}", one.schema.place)


def _worded(one: Difference) -> tuple[str, str]:
    """Return the rule of a difference, and how it is said of a body."""
    known = listed(quoted(each if isinstance(each, str) else repr(each)) for each in one.known)
    if one.kind == "lacks":
        return "document-required", f"has no {quoted(one.name)}, which the document requires"
    if one.kind == "unknown":
        text = f"has {quoted(one.name)}; the document has no such field"
        return "document-field", f"{text}, but {known}" if known else text
    if one.kind == "value":
        value = quoted(str(one.value))
        return "document-value", f"has {value} as {quoted(one.name)}; the document allows {known}"
    return "document-deprecated", f"has {quoted(one.name)}, which the document calls deprecated"


def _replies(use: _Use, name: str, operation: Node, call: Call) -> Iterator[_Said]:
    reply = complete_json(call.reply_fence.text) if call.reply_fence and call.reply else None
    responses = operation.get("responses")
    known = dict(responses.children())
    if not isinstance(reply, dict) or not known:
        return
    line, code = _status_of(use, call)
    if not code:
        parts = list(known.values())
        if any(code[0] == "2" and not [*_json_schemas(part)] for code, part in known.items()):
            return  # a reply of which the document says nothing
    elif not (parts := [known[one] for one in _names_of(code) if one in known][:1]):
        problem = f"the status of the reply of {name} is {code} here; "
        problem += f"the document has {listed(sorted(known))}"
        yield _Said("document-reply", (use.page.path, line), problem, responses.place)
    schemas = [schema for part in parts for schema in _json_schemas(part)]
    unknown = [one for one in differences(reply, schemas, is_reply=True) if one.kind == "unknown"]
    for place in dict.fromkeys(one.schema.place for one in unknown):
        names = list(dict.fromkeys(one.name for one in unknown if one.schema.place == place))
        at = call.reply_line(f'"{names[0].rpartition(".")[2]}"')
        problem = f"the reply of {name} has {listed(map(quoted, names))}; "
        problem += "the document has no such field"
        yield _Said("document-reply", (use.page.path, at), problem, place)


def _status_of(use: _Use, call: Call) -> tuple[int, str]:
    """Return the only status between a call and its reply, with its line; none without one."""
    start, end = call.fence.first + len(call.fence.lines), call.reply_line()
    found = [
        (number, one[1] or one[2])
        for number, line in enumerate(use.page.lines[start : end - 1], start + 1)
        for one in STATUS.finditer(line)
    ]
    return found[0] if len(found) == 1 else (0, "")


def _names_of(code: str) -> tuple[str, ...]:
    return code, f"{code[0]}XX", f"{code[0]}xx", "default"


def _json_schemas(owner: Node) -> Iterator[Node]:
    for kind, media in owner.get("content").children():
        plain = kind.partition(";")[0].strip().lower()
        if (plain == "application/json" or plain.endswith("+json")) and media.get("schema"):
            yield media.get("schema")


def _line_of(use: _Use, call: Call, name: str) -> int:
    """Return the line of the body with a field, or that of the call."""
    leaf = name.rpartition(".")[2]
    for number, line in enumerate(call.fence.lines, call.fence.first):
        if number >= use.route.line and re.search(rf"(?<!\w){re.escape(leaf)}\\?[\"']?\s*:", line):
            return number
    return use.route.line
