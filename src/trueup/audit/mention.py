"""Mention: the routes, calls and replies of a page, each with its place."""

import re
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from itertools import islice
from typing import Any

from trueup.audit.body import (
    FORM_FLAGS,
    HEADER_FLAGS,
    QUERY_FLAGS,
    pattern_of,
    split_command,
    values_of,
)
from trueup.audit.code import normal_path
from trueup.audit.javascript_calls import javascript_commands
from trueup.audit.page import Fence, Page
from trueup.audit.python_calls import python_commands
from trueup.audit.reply import reply_of
from trueup.audit.tokens import spans_of

METHODS = "GET|POST|PUT|PATCH|DELETE"
REQUEST = re.compile(
    rf"\b(?P<method>{METHODS})\s+[`\"']?(?P<base>https?://[^/\s`\"']+|\{{\{{?\w+\}}?\}}|\$\w+)?"
    r"(?P<path>/[\w\-./:{}$<>]+)"
)
ADDRESS = re.compile(
    r"(?P<base>https?://[^/\s'\"`<>]+|\$\{?\w+\}?|\{\{?\w+\}?\})(?P<path>/[^\s'\"`\\]*)"
)
IN_A_VALUE = re.compile(r"(?P<user>\s(?:-u|--user[ =])\s*\S+)?:\s*\\?[\"']?$")
"""What stands before an address that is a value of a body or of a header: not a user's name."""
LONGEST_NAME = 100
"""Characters before an address among which the name of a user is looked for."""
CURL = re.compile(r"(?:^|[\s$(])curl\s")
CURL_METHOD = re.compile(rf"{pattern_of('-X', '--request')}[ =]*['\"]?({METHODS})\b")
AS_QUERY = re.compile(pattern_of("-G", "--get"))
UPLOAD = re.compile(pattern_of("-T", "--upload-file"))
BODY = re.compile(pattern_of(*QUERY_FLAGS, *FORM_FLAGS))
KEY_FLAGS = (
    *("-b", "-n", "-u", "-K", "--cookie", "--config", "--netrc", "--netrc-file"),
    *("--netrc-optional", "--oauth2-bearer", "--user"),
)
KEY_HEADER = re.compile(
    rf"{pattern_of(*HEADER_FLAGS)}[ =]*['\"]?"
    r"(?:[@$]|(?i:authorization|[\w\-]*(?:api-?key|token))\b)"
    rf"|{pattern_of(*KEY_FLAGS)}"
)
KEY_QUERY = frozenset(("key", "api_key", "apikey", "access_token", "token"))
SHELLS = frozenset(("", "bash", "sh", "shell", "zsh", "console", "curl", "terminal"))
OTHER_LANGUAGES = {
    **dict.fromkeys(("python", "py", "python3"), python_commands),
    **dict.fromkeys(
        ("javascript", "js", "mjs", "node", "typescript", "ts", "tsx", "jsx"), javascript_commands
    ),
}
"""What reads the calls of a block as curl commands, by its label."""
MOST_ROUTES = 20
"""Routes of a line that are read; a line with more is data."""
LOCAL = re.compile(
    r"(?i)\w+://(?:[^/@]*@)?(?:localhost|127\.[\d.]+|0\.0\.0\.0|\[::1?\]|[\w.-]+\.local)(?::|$)"
)
"""What stands before a path at a server on the reader's own machine."""
API_PATH = re.compile(r"/(?:v\d+\w*|api)(?:/|$)")
"""A path that is an API's: an install script or a page of a site is none."""


@dataclass(frozen=True, slots=True)
class Route:
    """A method and a path, with the line where they are, and what stands before the path: scheme
    and host, a variable, or nothing."""

    text: str
    line: int
    base: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a route by curl, or by another language as curl would make it: the names in its
    query, whether it has a key, and the reply of one by curl, if the page shows it. `command` is
    that of curl, on one line."""

    page: str
    route: Route
    query: tuple[str, ...]
    has_key: bool
    fence: Fence
    reply: Mapping[str, Any] | None = None
    reply_fence: Fence | None = None
    command: str = ""

    def reply_line(self, word: str = "") -> int:
        """Return the line of the reply that holds a text, or its first one."""
        if self.reply_fence is None:
            return 0
        first = self.reply_fence.first
        found = (at for at, line in enumerate(self.reply_fence.lines, first) if word in line)
        return next(found, first)


def routes_of(page: Page) -> list[Route]:
    """Return the routes that a page has with their method, in its order."""
    found = [
        _route(one, line)
        for line, text in page.prose()
        for span in spans_of(text)
        if (one := REQUEST.match(span))
    ]
    for fence in page.fences:
        found += [route for route, _ in _requests(fence)]
    return sorted(found, key=lambda route: route.line)


def worded_routes_of(page: Page) -> list[Route]:
    """Return the routes that sentences, cells, items and headings have, within code or not."""
    found = (
        _route(one, line)
        for line, text in page.prose()
        for one in islice(REQUEST.finditer(text), MOST_ROUTES)
    )
    return list(dict.fromkeys(found))


def _route(found: re.Match[str], line: int) -> Route:
    path = normal_path(found["path"])
    return Route(f"{found['method']} {path}", line, found["base"] or "")


def all_calls_of(page: Page) -> list[Call]:
    """Return the calls on a page, of routes and of any other address."""
    found = []
    for index, fence in enumerate(page.fences):
        requests = list(_requests(fence))
        for number, (route, command) in enumerate(requests, 1):
            is_last = number == len(requests) and fence.language not in OTHER_LANGUAGES
            path = route.text.partition(" ")[2]
            reply = reply_of(page, index, command, path) if is_last else None
            pairs = query_of(command).split("&")
            query = tuple(pair.partition("=")[0] for pair in pairs if "=" in pair)
            has_key = bool(KEY_HEADER.search(command)) or bool(KEY_QUERY & set(query))
            value, shown = reply or (None, None)
            found.append(Call(page.path, route, query, has_key, fence, value, shown, command))
    return found


def _requests(fence: Fence) -> Iterator[tuple[Route, str]]:
    """Return each request of a block with the text of its command, on one line."""
    if (commands_in := OTHER_LANGUAGES.get(fence.language)) is not None:
        for at, command in commands_in(fence.text):
            yield from _curl(command, fence.first + at)
        return
    at = 0
    while at < len(fence.lines):
        line, start = fence.lines[at], at
        at += 1
        if fence.language in SHELLS and CURL.search(line) and not line.lstrip().startswith("#"):
            while at < len(fence.lines) and (line.endswith("\\") or _is_open(line)):
                line = f"{line.removesuffix(chr(92))} {fence.lines[at]}"
                at += 1
            yield from _curl(line, fence.first + start)
        elif fence.language in (*SHELLS, "http", "text") and (found := REQUEST.match(line.strip())):
            yield _route(found, fence.first + start), ""


def _curl(command: str, line: int) -> Iterator[tuple[Route, str]]:
    if found := address_of(command):
        path = normal_path(found["path"].partition("?")[0].partition("#")[0])
        yield Route(f"{_method(command)} {path}", line, found["base"]), command


def address_of(command: str) -> re.Match[str] | None:
    """Return the address that a curl command calls."""
    for found in ADDRESS.finditer(command):
        first = max(0, found.start() - LONGEST_NAME)
        value = IN_A_VALUE.search(command, first, found.start())
        if value is None or value["user"]:
            return found
    return None


def _is_open(line: str) -> bool:
    """Return whether a command goes on because a quoted body does."""
    return line.count("'") % 2 == 1 and len(line) < 20_000


def _method(command: str) -> str:
    if found := CURL_METHOD.search(command):
        return found[1]
    if UPLOAD.search(command):
        return "PUT"
    return "POST" if sends_data(command) else "GET"


def sends_data(command: str) -> bool:
    """Return whether a curl command sends a body or a form."""
    return bool(BODY.search(command)) and not AS_QUERY.search(command)


def query_of(command: str) -> str:
    """Return the query that a curl command sends: of its address, and of its data with `--get`."""
    address = address_of(command)
    query = address["path"].partition("#")[0].partition("?")[2] if address else ""
    added = values_of(split_command(command), QUERY_FLAGS) if AS_QUERY.search(command) else ()
    return "&".join(filter(None, (query, *added)))


def words_in(value: Any, names: Set[str]) -> Iterator[tuple[str, str]]:
    """Return the texts under some keys of a JSON value, at any depth, each with its path."""
    waiting = [("", value)]
    while waiting:
        path, one = waiting.pop()
        if isinstance(one, dict):
            texts = ((name, text) for name, text in one.items() if isinstance(text, str))
            yield from ((f"{path}/{name}", text) for name, text in texts if name in names)
            waiting += [(f"{path}/{name}", each) for name, each in one.items()]
        elif isinstance(one, list):
            waiting += [(path, each) for each in one]
