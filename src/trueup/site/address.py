"""Address: the URL of the published site, if that is known, and the paths of its pages there."""

import re
from urllib.parse import quote

from trueup.errors import BadInput

VARIABLE = "SITE_URL"
ADDRESS = re.compile(r"https?://[A-Za-z0-9.-]+(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~%-]+)*/?")


def parse_address(text: str) -> str:
    """Return the address with a slash at its end, or an empty text. Raises BadInput for others."""
    if text and not ADDRESS.fullmatch(text):
        raise BadInput(
            VARIABLE,
            f"got {text!r}, expected an absolute http or https address",
            "Set one such as https://example.com/docs/, or unset it.",
        )
    return text.rstrip("/") + "/" if text else ""


def place_of(page: str) -> str:
    """Return the path of a page in links: a folder instead of its `index.html`."""
    return quote(page.removesuffix("index.html"))
