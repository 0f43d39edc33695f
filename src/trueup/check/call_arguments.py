"""Macro calls: whether each one in a page can be rendered, without rendering it."""

from collections.abc import Iterable
from pathlib import Path

from trueup.check.page_summary import PageSummary
from trueup.finding import Finding
from trueup.model import Status
from trueup.place import Place
from trueup.site import names_in, problem_of


def check_calls(summaries: Iterable[PageSummary], status: Status, top: Path) -> list[Finding]:
    """Return findings in the macro calls of the pages; `top` is the repository's folder."""
    names = names_in(status, top)
    return [
        Finding(Place(str(summary.page.path), call.line), *problem, "bad-call")
        for summary in summaries
        for call in summary.calls
        if (problem := problem_of(call, names)) is not None
    ]
