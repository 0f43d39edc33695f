"""Image data: the bytes behind base64 in any of its spellings, and the ending that fits them."""

import base64
import re

ENDINGS = {
    "png": rb"\x89PNG",
    "jpg": rb"\xff\xd8\xff",
    "webp": rb"RIFF....WEBP",
    "gif": rb"GIF8",
    "avif": rb"....ftypavi[fs]",
}
"""The first bytes of each format that the decoder reads, by the ending of its files."""


def decode_base64(text: str) -> bytes:
    """Return the bytes of base64; none where it is cut.

    It may be URL-safe, without padding, in several lines, or a data: URI (RFC 4648 and 2397).
    """
    plain = text.rpartition(",")[2].replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(plain + "==")
    except ValueError:
        return b""


def ending_of(content: bytes) -> str | None:
    """Return the ending that the first bytes call for, whatever type was claimed; None for no
    image."""
    starts = ENDINGS.items()
    return next((name for name, start in starts if re.match(start, content, re.DOTALL)), None)
