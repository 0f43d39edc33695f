"""Content security: the policy in a page's head on what it may load and run.

Only scripts and styles in the page at this time are allowed; later ones do not run.
"""

import base64
import hashlib
import re
from collections.abc import Iterable
from html import escape
from html.parser import HTMLParser
from pathlib import Path

from trueup.site.built_pages import change_pages, without_colours

PLACE = re.compile(r'<head\b[^>]*>(?:\s*<meta charset="[^"]*">)?')
META = re.compile('<meta http-equiv="Content-Security-Policy" content="[^"<>]*">')
RUN = ("", "module", "text/javascript", "application/javascript")
"""The types of scripts that browsers run; all others are data."""


def secure_pages(site: Path) -> None:
    """Insert its policy into each page; a page's scripts must not be changed afterwards."""
    change_pages(site, lambda _, text: secure_page(text))


def secure_page(text: str) -> str:
    """Return a page with its policy."""
    meta = f'<meta http-equiv="Content-Security-Policy" content="{escape(policy_of(text))}">'
    return PLACE.sub(lambda found: found[0] + meta, text, count=1)


def is_secured(text: str) -> bool:
    """Return whether a page has its policy, once, in its place and unchanged."""
    return secure_page(META.sub("", text, count=1)) == text


def policy_of(html: str) -> str:
    """Return the policy of a page: its own host, and the hashes of its scripts and styles."""
    reader = _Reader()
    reader.feed(without_colours(re.sub("\r\n?", "\n", html)))
    reader.close()
    attributes = ["'unsafe-hashes'", *_hashes(reader.attributes)] if reader.attributes else []
    sources = {
        "default-src": ["'none'"],
        "script-src": ["'self'", *_hashes(reader.texts["script"])],
        "style-src": ["'self'", *_hashes(reader.texts["style"]), *attributes],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "worker-src": ["'self'"],
        "base-uri": ["'none'"],
        "form-action": ["'none'"],
    }
    return "; ".join(f"{name} {' '.join(allowed)}" for name, allowed in sources.items())


def _hashes(texts: Iterable[str]) -> list[str]:
    digests = (hashlib.sha256(text.encode(errors="replace")).digest() for text in texts)
    return sorted({f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests})


class _Reader(HTMLParser):
    """The texts of scripts and styles, and the values of style attributes."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.texts: dict[str, list[str]] = {"script": [], "style": []}
        self.attributes: list[str] = []
        self.open: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        self.attributes += [value for name, value in attrs if name == "style" and value]
        is_run = tag == "script" and "src" not in named and (named.get("type") or "") in RUN
        if is_run or tag == "style":
            self.open = tag
            self.texts[tag].append("")

    def handle_data(self, data: str) -> None:
        if self.open is not None:
            self.texts[self.open][-1] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == self.open:
            self.open = None
