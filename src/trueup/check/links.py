"""Links: whether each link between pages leads to a page and to a part of it."""

import re
from collections.abc import Iterable, Mapping, Set
from posixpath import dirname, join, normpath

from trueup.check.page_summary import PageSummary
from trueup.finding import Finding

SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


def check_links(summaries: Iterable[PageSummary], made: Set[str]) -> list[Finding]:
    """Return findings in the links between pages; those to other files are checked once built.

    `made` are the heading ids that macros can make.
    """
    languages: dict[str, dict[str, PageSummary]] = {}
    for summary in summaries:
        languages.setdefault(summary.page.language, {})[summary.page.source] = summary
    return [
        Finding(where, f"broken link: {problem}", "Correct the link.", "dead-link")
        for known in languages.values()
        for summary in known.values()
        for where, target in summary.links
        if (problem := _problem(summary.page.source, target, known, made)) is not None
    ]


def _problem(
    source: str, target: str, known: Mapping[str, PageSummary], made: Set[str]
) -> str | None:
    path, _, part = target.partition("#")
    if SCHEME.match(path):
        return f"{path} is neither a page nor a web address"
    if path and not path.endswith(".md"):
        return None
    aim = known.get(normpath(join(dirname(source), path)) if path else source)
    if aim is None:
        return f"{path} does not exist"
    if part and part not in aim.ids and not (part in made and aim.calls):
        return f"{aim.page.path} has no heading #{part}"
    return None
