"""Model page: whether the page of a model tells what is known of it, whatever else it says."""

from collections.abc import Iterable, Iterator, Set

from trueup.finding import Finding
from trueup.site import MacroCall, Page

TELLING = ("advice", "model_status", "risks")
"""The macros without which a page would show code and not what speaks against it."""


def check_model_page(page: Page, models: Set[str], calls: Iterable[MacroCall]) -> Iterator[Finding]:
    """A finding for each macro that the page of one of the models does not call with it."""
    if page.model not in models:
        return
    called = {(call.macro, *call.arguments, *call.named.values()) for call in calls}
    for macro in TELLING:
        if (macro, page.model) not in called:
            yield Finding(
                f"{page.path}:{page.first_line}",
                "silent-page",
                f"the page is about {page.model}, and does not call {macro}",
                f'{{{{ {macro}("{page.model}") }}}} was expected',
                "Call it at column 0.",
            )
