"""Operations: those of an OpenAPI document, found by the address that a page has."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from trueup.audit.code import normal_path
from trueup.audit.mention import METHODS
from trueup.errors import BadInput
from trueup.message import Message
from trueup.openapi import Document, Node

PARAMETER = re.compile(r"\{[^{}]*\}")
FILLED_IN = "{}"
"""A part of a path that a reader fills in, as `normal_path` has it."""
MOST_PATHS = 10_000
"""Several times as many as the largest public API has."""
LONGEST_PATH = 1_000
METHOD_NAMES = tuple(METHODS.lower().split("|"))


@dataclass(frozen=True)
class PathItem:
    """A path of a document; its part is None where it cannot be read."""

    path: str
    part: Node | None

    @cached_property
    def segments(self) -> tuple[str, ...]:
        """Return the path between its slashes."""
        return _segments(self.path)

    def operations(self) -> dict[str, Node]:
        """Return its operations by method, in upper case."""
        if self.part is None:
            return {}
        found = {method.upper(): self.part.raw(method) for method in METHOD_NAMES}
        return {method: part for method, part in found.items() if part}


@dataclass
class Operations:
    """The paths and servers of a document, and the host that stands for a server without one."""

    document: Document
    items: list[PathItem] = field(default_factory=list)
    unread: list[Message] = field(default_factory=list)
    """What keeps parts of the document from being compared."""
    servers: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    """Host and segments of the path of each server; no host where it names none."""
    home: str = ""

    @cached_property
    def first_segments(self) -> frozenset[str]:
        """Return what paths begin with, with and without that of a server."""
        starts = [base for _, base in self.servers] + [item.segments for item in self.items]
        return frozenset(parts[0] for parts in starts if parts and not PARAMETER.search(parts[0]))

    @cached_property
    def _by_length(self) -> dict[int, list[PathItem]]:
        found = defaultdict(list)
        for item in self.items:
            found[len(item.segments)].append(item)
        return found

    def below(self, base: str, path: str) -> list[tuple[str, ...]]:
        """Return the segments of a path below each server that an address may be of; none for an
        address of another host. `base` is a scheme with a host, a variable, or nothing."""
        parts, host = _segments(path), host_of(base)
        found = [
            parts[len(prefix) :]
            for server, prefix in self.servers
            if (not host or _fits(server or self.home, host))
            and len(prefix) <= len(parts)
            and all(map(_fits, prefix, parts))
        ]
        return list(dict.fromkeys([*found, *([] if host else [parts])]))

    def items_of(self, base: str, path: str) -> list[PathItem]:
        """Return the paths that an address may be of, those that fit it best."""
        scored = [
            (sum(map(_is_same, item.segments, parts)) - len(parts), item)
            for parts in self.below(base, path)
            for item in self._by_length.get(len(parts), ())
            if all(map(_fits, item.segments, parts))
        ]
        best = max((score for score, _ in scored), default=0)
        return [item for score, item in scored if score == best]


def read_operations(document: Document, addresses: Iterable[tuple[str, str]]) -> Operations:
    """Return the operations of a document. `addresses` are those on the pages, as bases with paths:
    the host of most that it knows stands for a server without one.

    Raises BadInput for a document with too many paths.
    """
    found = Operations(document)
    paths = document.top.raw("paths")
    known = paths.value if isinstance(paths.value, dict) else {}
    if len(known) > MOST_PATHS:
        problem = f"{len(known)} paths, expected at most {MOST_PATHS}"
        raise paths.refused(problem, "Give a part of the document.")
    found.servers = list(_servers(document.top)) or [("", ())]
    for path in known:
        if not path.startswith("/") or len(path) > LONGEST_PATH:
            continue
        document.refill()
        try:
            item = PathItem(path, paths.get(path))
            for owner in (item.part, *item.operations().values()):
                found.servers += _servers(owner) if owner else ()
        except BadInput as error:
            item = PathItem(path, None)
            found.unread.append(error.message)
        found.items.append(item)
    found.servers = list(dict.fromkeys(found.servers))
    found.home = FILLED_IN
    hosts = Counter(
        host_of(base) for base, path in addresses if host_of(base) and found.items_of(base, path)
    )
    found.home = hosts.most_common(1)[0][0] if hosts else ""
    return found


def host_of(base: str) -> str:
    """Return the host of what stands before a path; nothing where a reader fills it in."""
    host = base.partition("://")[2].rpartition("@")[2].lower()
    return "" if re.search(r"[${}]", host) else host


def _servers(owner: Node) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield host and segments of the path of each server that a part names, as templates."""
    for _, server in owner.get("servers").children():
        url = server.get("url").text.partition("?")[0][:LONGEST_PATH]
        _, has_host, rest = url.rpartition("//")
        host, slash, path = rest.partition("/") if has_host else ("", "/", url.lstrip("/"))
        yield PARAMETER.sub(FILLED_IN, host.lower()), _segments(slash + path)


def _segments(path: str) -> tuple[str, ...]:
    return tuple(part for part in normal_path(path).split("/") if part)


def _is_same(template: str, part: str) -> bool:
    """Return whether a part of a path is that of the document, or filled in on both sides."""
    return template == part or (part == FILLED_IN and bool(PARAMETER.search(template)))


def _fits(template: str, part: str) -> bool:
    """Return whether a part of a path, or a host, is one of a template, in linear time."""
    first, *rest = PARAMETER.split(template)
    if not rest or part == FILLED_IN:
        return part in (template, FILLED_IN)
    *between, last = rest
    at, end = len(first), len(part) - len(last)
    if not part.startswith(first) or not part.endswith(last):
        return False
    for text in between:
        found = part.find(text, at + 1, end)
        if found < 0:
            return False
        at = found + len(text)
    return at < end
