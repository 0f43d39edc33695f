"""Links: those from page to page that lead to no file."""

import re
from collections.abc import Iterator, Set
from posixpath import dirname, join, normpath
from urllib.parse import unquote

from trueup.audit.found import Found, quoted, report
from trueup.audit.gates import kept
from trueup.audit.page import Page
from trueup.audit.tokens import CODE_SPAN, MOST_TICKS
from trueup.audit.tree import ENDINGS, MAIN, Tree

LINK = re.compile(
    r"\]\(\s*<?([^\s()<>\[\]]+)>?(?:\s+[\"'(][^)]*)?\)|^\s{0,3}\[[^\]^]+\]:\s*<?([^\s<>]+)>?"
)
SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:|//|\{\{|\{%|\$\{|#")
MOST_DEAD = 0.1
"""Part of a repository's links that lead nowhere by mistake; more, and they are resolved by a way
that the audit does not know."""


def check_links(tree: Tree) -> Iterator[Found]:
    """Return the findings about links from page to page by the names of files."""
    cases, found = 0, []
    for page, line, path, aim in page_links(tree):
        cases += 1
        if aim is None:
            found.append((page.path, line, path))
    for where, line, path in kept(found, cases, MOST_DEAD):
        problem = f"the link leads to {quoted(path)}, which does not exist"
        yield report(tree, "dead-page-link", [(where, line)], problem, "Correct the link.")


def page_links(tree: Tree) -> Iterator[tuple[Page, int, str, str | None]]:
    """Return the links from page to page by the names of files: the page and line, the path as it
    is written, and the file that it leads to, None without one."""
    languages = set(tree.languages.values())
    known = {_plain(path): path for path in tree.files}
    for page in tree.pages.values():
        for line, target in _links(page):
            path = unquote(target.partition("#")[0].partition("?")[0])
            if not path.lower().endswith(ENDINGS) or path.startswith(("/", "@", "~")):
                continue
            aim = normpath(join(dirname(page.path), path))
            if aim.startswith("../"):
                continue  # out of the folder that is read
            if aim in tree.files:
                yield page, line, path, aim
                continue
            own = tree.languages.get(page.path, MAIN)
            others = (known[one] for one in _in_others(aim, own, languages) if one in known)
            yield page, line, path, next(others, None)


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


def _links(page: Page) -> Iterator[tuple[int, str]]:
    for line, text in page.prose():
        if "](" not in text and "]:" not in text:
            continue
        if 0 < text.count("`") <= MOST_TICKS:
            text = CODE_SPAN.sub(" ", text)
        for found in LINK.finditer(text):
            target = found[1] or found[2]
            if not SCHEME.match(target):
                yield line, target
