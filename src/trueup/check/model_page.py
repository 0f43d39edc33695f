"""Model page: whether the page of a model tells what is known of it, whatever else it says."""

import re
from collections.abc import Iterator, Set

from trueup.finding import Finding
from trueup.site import Page

TELLING = ("advice", "model_status", "risks")
"""The macros without which a page would show code and not what speaks against it."""
CALLED = r"\{{\{{-?\s*{}\(\s*[\"']{}[\"']\s*\)\s*-?\}}\}}"


def check_model_page(page: Page, models: Set[str]) -> Iterator[Finding]:
    """A finding for each macro that the page of one of the models does not call with it."""
    if page.model not in models:
        return
    for macro in TELLING:
        if not re.search(CALLED.format(macro, re.escape(str(page.model))), page.text):
            yield Finding(
                f"{page.path}:{page.first_line}",
                "silent-page",
                f"the page is about {page.model}, and does not call {macro}",
                f'{{{{ {macro}("{page.model}") }}}} was expected',
                "Call it at column 0.",
            )
