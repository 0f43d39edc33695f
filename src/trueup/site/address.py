"""Address: where the site is published, if that is known, and the places of its pages there."""

import re
from urllib.parse import quote

from trueup.errors import BadInput

VARIABLE = "SITE_URL"
ADDRESS = re.compile(r"https?://[A-Za-z0-9.-]+(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~%-]+)*/?")


def parse_address(text: str) -> str:
    """The address with its slash at the end; nothing for nothing. Raises BadInput for any other."""
    if text and not ADDRESS.fullmatch(text):
        raise BadInput(
            f"{VARIABLE}: {text!r} was found; an absolute http or https address such as"
            " https://example.com/docs/ was expected. Correct it, or unset it."
        )
    return text.rstrip("/") + "/" if text else ""


def place_of(page: str) -> str:
    """A page of the site as a link leads to it: a folder rather than its `index.html`."""
    return quote(page.removesuffix("index.html"))
