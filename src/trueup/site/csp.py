"""Content security: the policy in a page's head on what it may load and run.

Only scripts and styles in the page at this time are allowed; later ones do not run.
"""

import base64
import hashlib
import re
from collections.abc import Iterable
from html import escape

from lxml import etree

PLACE = re.compile(r'<head\b[^>]*>(?:\s*<meta charset="[^"]*">)?')
META = re.compile('<meta http-equiv="Content-Security-Policy" content="[^"<>]*">')
RUN = ("", "module", "text/javascript", "application/javascript")
"""The types of scripts that browsers run; all others are data."""


def secure_page(_: str, text: str) -> str:
    """Return a page with its policy; its scripts must not be changed afterwards."""
    meta = f'<meta http-equiv="Content-Security-Policy" content="{escape(policy_of(text))}">'
    return PLACE.sub(lambda found: found[0] + meta, text, count=1)


def is_secured(text: str) -> bool:
    """Return whether a page has its policy, once, in its place and unchanged."""
    return secure_page("", META.sub("", text, count=1)) == text


def policy_of(html: str) -> str:
    """Return the policy of a page: its own host, and the hashes of its scripts and styles."""
    content = re.sub("\r\n?", "\n", html).encode(errors="replace")
    parser = etree.HTMLParser(encoding="utf-8", huge_tree=True)
    page = etree.fromstring(b"<html>" + content, parser)
    styled = page.xpath("//@style[. != '']")
    attributes = ["'unsafe-hashes'", *_hashes(styled)] if styled else []
    sources = {
        "default-src": ["'none'"],
        "script-src": ["'self'", *_hashes(_texts(page, "script"))],
        "style-src": ["'self'", *_hashes(_texts(page, "style")), *attributes],
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


def _texts(page: etree._Element, tag: str) -> list[str]:
    """Return the texts of the styles, or of the scripts that run and come from no file."""
    found = (one for one in page.iter(tag) if tag == "style" or "src" not in one.attrib)
    return [one.text or "" for one in found if tag == "style" or one.get("type", "") in RUN]
