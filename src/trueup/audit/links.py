"""Links: those from page to page, by the names of files or by the addresses of a site."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from functools import cached_property
from posixpath import dirname, join, normpath
from urllib.parse import unquote

from trueup.audit.page import Page
from trueup.audit.tokens import CODE_SPAN, MOST_TICKS
from trueup.audit.tree import ENDINGS, MAIN, Tree

LINK = re.compile(
    r"\]\(\s*<?([^\s()<>\[\]]+)>?(?:\s+[\"'(][^)]*)?\)|^\s{0,3}\[[^\]^]+\]:\s*<?([^\s<>]+)>?"
)
SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:|//|\{\{|\{%|\$\{")
NUMBERED = re.compile(r"(^|/)\d+[-_.](?=[^/\d])")
HOME = re.compile(r"(?:^|/)_?(?:index|readme)$")
ENDING = re.compile(r"\.(?:html?|mdx?|markdown)$")
MOST_ROOTS = 8
"""Folders in which one address may lie; with more, it says nothing."""


@dataclass(frozen=True, slots=True)
class Link:
    """A link of a page: its line, the path as it is written, and the name behind it."""

    page: Page
    line: int
    path: str
    fragment: str

    @property
    def names_file(self) -> bool:
        """Whether it leads to a page by the name of its file."""
        is_page = self.path.lower().endswith(ENDINGS)
        return is_page and not self.path.startswith(("/", "@", "~"))


def links_of(tree: Tree) -> Iterator[Link]:
    """Return the links of all pages that lead to no other host."""
    for page in tree.pages.values():
        for line, text in page.prose():
            if "](" not in text and "]:" not in text:
                continue
            if 0 < text.count("`") <= MOST_TICKS:
                text = CODE_SPAN.sub(" ", text)
            for found in LINK.finditer(text):
                target = found[1] or found[2]
                if not SCHEME.match(target):
                    path, _, fragment = target.partition("#")
                    yield Link(page, line, unquote(path.partition("?")[0]), fragment)


class Aims:
    """What links lead to in a tree."""

    def __init__(self, tree: Tree, links: Sequence[Link] = ()) -> None:
        self._tree, self._links = tree, links
        self._languages = set(tree.languages.values())
        self._top = tree.top.resolve().name.lower()
        self._plain = {_plain(path): path for path in tree.files}

    def file(self, link: Link) -> tuple[bool, str | None]:
        """Return whether a link by the name of a file leads to one below the top, and to which:
        that of another language where its own lacks it, None where there is none."""
        aim = normpath(join(dirname(link.page.path), link.path))
        if aim.startswith("../"):
            return False, None
        if aim in self._tree.files:
            return True, aim
        own = self._tree.languages.get(link.page.path, MAIN)
        others = _in_others(aim, own, self._languages)
        return True, next((self._plain[one] for one in others if one in self._plain), None)

    def pages(self, link: Link) -> list[str]:
        """Return the pages that the address of a link may mean."""
        if link.path.startswith("/"):
            return self._twins.get(join(self._root, self._below(link.path)), [])
        address = _address(link.path)
        here = dirname(link.page.path), ENDING.sub("", link.page.path)
        keys = dict.fromkeys(_address(normpath(join(folder, address))) for folder in here)
        return [path for key in keys for path in self._pages.get(key, ())]

    @cached_property
    def _pages(self) -> dict[str, list[str]]:
        made: dict[str, list[str]] = defaultdict(list)
        for path in self._tree.pages:
            made[_address(path)].append(path)
        return made

    @cached_property
    def _twins(self) -> dict[str, list[str]]:
        """The pages of each address, with what they are in other languages."""
        groups = {
            page.path: [one.path for one in group.values()]
            for group in self._tree.twins
            for page in group.values()
        }
        return {
            key: [one for path in paths for one in groups.get(path, [path])]
            for key, paths in self._pages.items()
        }

    @cached_property
    def _root(self) -> str:
        """The folder from which most links by whole addresses start."""
        roots: dict[str, list[str]] = defaultdict(list)
        for key in self._pages:
            parts = key.split("/")[:MOST_ROOTS]
            for at in range(len(parts)):
                roots["/".join(key.split("/")[at:])].append("/".join(parts[:at]))
        votes: Counter[str] = Counter()
        for link in self._links:
            found = roots.get(self._below(link.path), ()) if link.path[:1] == "/" else ()
            votes.update(found if len(found) <= MOST_ROOTS else ())
        return votes.most_common(1)[0][0] if votes else ""

    def _below(self, path: str) -> str:
        """Return a whole address without the folder that is read, where it begins with that."""
        address = _address(path)
        first, _, rest = address.partition("/")
        is_top = address not in self._pages and first == self._top
        return rest if is_top else address


def _address(path: str) -> str:
    """Return the address that a site gives a file: without its ending, and numbers for order."""
    return HOME.sub("", ENDING.sub("", NUMBERED.sub(r"\1", path.lower().strip("/"))))


def _in_others(path: str, own: str, languages: Set[str]) -> Iterator[str]:
    """Return what a path is in other languages: generators take the page of another one where a
    translation lacks it."""
    plain = f"/{_plain(path)}"
    if own != MAIN and f"/{own}/" in plain:
        for name in languages:
            middle = f"/{name}/" if name != MAIN else "/"
            yield plain.replace(f"/{own}/", middle, 1).removeprefix("/")


def _plain(path: str) -> str:
    return path.lower().replace("_", "-")
