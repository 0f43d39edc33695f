"""Calls: whether each macro that a page calls can be rendered, without rendering it."""

from collections.abc import Iterable
from pathlib import Path

from trueup.check.page_summary import PageSummary
from trueup.finding import Finding
from trueup.model import Status
from trueup.site import names_in, problem_of


def check_calls(pages: Iterable[PageSummary], status: Status, top: Path) -> list[Finding]:
    """Findings in the calls of the pages; `top` is the repository's."""
    names = names_in(status, top)
    return [
        Finding(f"{page.path}:{call.line}", "bad-call", *problem)
        for page in pages
        for call in page.calls
        if (problem := problem_of(call, names)) is not None
    ]
