"""Links: whether each link between pages leads to a page and to a part of it."""

import re
from collections.abc import Iterable, Mapping, Set
from posixpath import dirname, join, normpath

from trueup.check.page_summary import PageSummary
from trueup.finding import Finding

SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


def check_links(pages: Iterable[PageSummary], made: Set[str]) -> list[Finding]:
    """Findings in the links of the pages; those to other files are looked at in the built site.

    `made` are the addresses that macros can make.
    """
    languages: dict[str, dict[str, PageSummary]] = {}
    for page in pages:
        languages.setdefault(page.language, {})[page.source] = page
    return [
        Finding(where, "dead-link", *odd, "Correct the link.")
        for known in languages.values()
        for page in known.values()
        for where, target in page.links
        if (odd := _dead(page, target, known, made)) is not None
    ]


def _dead(
    page: PageSummary, target: str, known: Mapping[str, PageSummary], made: Set[str]
) -> tuple[str, str] | None:
    """What is wrong with a link, and what was expected."""
    path, _, part = target.partition("#")
    if SCHEME.match(path):
        return f"the link leads to {path}, which is no page", "a page or a web address was expected"
    if path and not path.endswith(".md"):
        return None
    name = normpath(join(dirname(page.source), path)) if path else page.source
    aim = known.get(name)
    if aim is None:
        return f"the link leads to {path}, which is not there", "a page was expected"
    if part and part not in aim.ids and not (part in made and aim.calls):
        return f"the link leads to #{part}, which {aim.path} lacks", "a heading of it was expected"
    return None
