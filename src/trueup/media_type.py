"""Media type: the ending and the media type of a file, by its first bytes. Decodes nothing."""

import json
import re
from collections.abc import Mapping

MEDIA_TYPES: Mapping[str, str] = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "webp": "image/webp",
    "gif": "image/gif",
    "avif": "image/avif",
    "heic": "image/heic",
    "bmp": "image/bmp",
    "tiff": "image/tiff",
    "svg": "image/svg+xml",
    "mp3": "audio/mpeg",
    "wav": "audio/wav",
    "ogg": "audio/ogg",
    "opus": "audio/ogg; codecs=opus",
    "flac": "audio/flac",
    "aac": "audio/aac",
    "m4a": "audio/mp4",
    "aiff": "audio/aiff",
    "amr": "audio/amr",
    "mp4": "video/mp4",
    "webm": "video/webm",
    "mkv": "video/matroska",
    "mov": "video/quicktime",
    "avi": "video/x-msvideo",
    "ts": "video/mp2t",
    "pdf": "application/pdf",
    "zip": "application/zip",
    "gz": "application/gzip",
    "json": "application/json",
    "html": "text/html",
}
"""The media type of each ending that `ending_of` returns."""

_ENDINGS: Mapping[str, str] = {
    **{media_type: ending for ending, media_type in MEDIA_TYPES.items()},
    "image/jpg": "jpg",
    "audio/mp3": "mp3",
    "audio/wave": "wav",
    "audio/x-wav": "wav",
    "audio/vnd.wave": "wav",
    "audio/opus": "opus",
    "audio/x-flac": "flac",
    "audio/aacp": "aac",
    "audio/x-m4a": "m4a",
    "video/x-matroska": "mkv",
}
"""The ending of each media type, also by the names that gateways use beside the registered one."""

_FIRST_BYTES: Mapping[str, str] = {
    r"\x89PNG\r\n\x1a\n": "png",
    r"\xff\xd8\xff": "jpg",
    r"RIFF.{4}WEBP": "webp",
    r"GIF8[79]a": "gif",
    r"BM.{4}\0{4}": "bmp",
    r"II\*\0|MM\0\*": "tiff",
    r"ID3[\x02-\x04]|\xff[\xe2\xe3\xf2\xf3\xfa\xfb][\x10-\xef]": "mp3",
    r"(RIFF|RF64).{4}WAVE": "wav",
    r"OggS.{22}.{1,255}?OpusHead": "opus",
    r"OggS": "ogg",
    r"fLaC": "flac",
    r"\xff[\xf0\xf1\xf8\xf9]": "aac",
    r"FORM.{4}AIF[FC]": "aiff",
    r"#!AMR": "amr",
    r".{4}ftypavi[fs]|.{4}ftypm[is]f1.{4}(.{4})*?avi[fs]": "avif",
    r".{4}ftyp(hei[cxms]|hev[cx]|m[is]f1)": "heic",
    r".{4}ftypM4[AB] ": "m4a",
    r".{4}(ftypqt  |moov|mdat|wide|free|skip|pnot)": "mov",
    r".{4}ftyp": "mp4",
    r"\x1aE\xdf\xa3.{0,60}?webm": "webm",
    r"\x1aE\xdf\xa3": "mkv",
    r"RIFF.{4}AVI ": "avi",
    r"G.{187}G.{187}G": "ts",
    r"%PDF-": "pdf",
    r"PK\x03\x04": "zip",
    r"\x1f\x8b\x08": "gz",
    r"(\xef\xbb\xbf)?\s*(?i:<!doctype html|<html)": "html",
    r"(\xef\xbb\xbf)?\s*(<[?!][^\0]*?)?<svg[\s>]": "svg",
}
"""A pattern of the bytes that a file begins with, and its ending; the first that matches counts.

Sources: the standard https://mimesniff.spec.whatwg.org and the specification of each format.
"""
_PATTERNS = {
    re.compile(pattern.encode("latin-1"), re.DOTALL): ending
    for pattern, ending in _FIRST_BYTES.items()
}
_HEAD = 4096
"""No pattern needs more bytes; a drawing's own comments may be long."""


def ending_of(content: bytes) -> str | None:
    """Return the ending of a file by its bytes, without a dot; None if they are of no known format.

    Raw sound without a container, such as audio/L16, has no mark of its own.
    """
    head = content[:_HEAD]
    found = next((ending for pattern, ending in _PATTERNS.items() if pattern.match(head)), None)
    return found or ("json" if _is_json(content) else None)


def ending_of_type(media_type: str) -> str | None:
    """Return the ending of a media type, whose other parameters than the codec do not count."""
    name, *parameters = media_type.lower().replace(" ", "").split(";")
    whole = next((f"{name}; {one}" for one in parameters if one.startswith("codecs=")), name)
    return _ENDINGS.get(whole) or _ENDINGS.get(name)


def _is_json(content: bytes) -> bool:
    """Return True for a whole JSON object or array; other values are a text's too."""
    if content[:_HEAD].lstrip()[:1] not in (b"{", b"["):
        return False
    try:
        json.loads(content)
    except (ValueError, RecursionError):
        return False
    return True
