"""Links: those from page to page that lead to no file."""

import re
from collections.abc import Iterator
from posixpath import dirname, join, normpath
from urllib.parse import unquote

from trueup.audit.found import Found, quoted, report
from trueup.audit.gates import kept
from trueup.audit.page import Page
from trueup.audit.tokens import CODE_SPAN, MOST_TICKS
from trueup.audit.tree import ENDINGS, Tree

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
    for page in tree.pages.values():
        for line, target in _links(page):
            path = unquote(target.partition("#")[0].partition("?")[0])
            if not path.lower().endswith(ENDINGS) or path.startswith(("/", "@", "~")):
                continue
            cases += 1
            if normpath(join(dirname(page.path), path)) not in tree.files:
                found.append((page.path, line, path))
    for where, line, path in kept(found, cases, MOST_DEAD):
        problem = f"the link leads to {quoted(path)}, which does not exist"
        yield report(tree, "dead-page-link", [(where, line)], problem, "Correct the link.")


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
