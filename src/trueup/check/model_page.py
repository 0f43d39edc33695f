"""Model page: whether the page of a model shows all that is known of it."""

from collections.abc import Iterable, Iterator, Set

from trueup.finding import Finding
from trueup.site import MacroCall, Page

WHOLE = "model_page"
REQUIRED = ("advice", "model_status", "risks")
"""The macros without which a page would show code without its risks, unless it is made whole."""


def check_model_page(page: Page, models: Set[str], calls: Iterable[MacroCall]) -> Iterator[Finding]:
    """Return a finding for each required macro that the page of a model does not call with it, and
    for the status of one on a page that is of none."""
    called = {(call.macro, *call.arguments, *call.named.values()) for call in calls}
    if page.model not in models:
        about = ("model_status", WHOLE)
        shown = {(macro, one) for macro in about for one in models if page.model is None}
        for _, model in sorted(called & shown)[:1]:
            yield Finding(
                page.place(page.first_line),
                f"the page shows what is known of {model}, and its front matter names no model",
                f"Add model: {model} to it.",
                "missing-advice",
            )
        return
    for macro in REQUIRED:
        if not called & {(macro, page.model), (WHOLE, page.model)}:
            yield Finding(
                page.place(page.first_line),
                f"the page about {page.model} does not call {macro}",
                f'Add {{{{ {macro}("{page.model}") }}}} at column 0.',
                "missing-advice",
            )
