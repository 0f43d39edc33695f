"""Key search: whether a text holds a secret, in any encoding, and what is kept in its place.

The relay's mask is the first defence, on the wire; this is the last, before a text is written.
"""

import base64
import codecs
import html
import re
import unicodedata
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import overload

from pydantic import JsonValue

WITHHELD = "withheld: it held the key"
SHORTEST_PIECE = 8
"""Letters and digits of a piece of a key that is searched for: a shorter one is found by chance."""
VARIED = 4
"""Different characters of a piece: `00000000` occurs in ordinary numbers."""
RUN = 12
"""Characters of a decoded text that is searched on: random bytes make no such run, a key does."""
MOST_FORMS = 2_000
"""Forms of one text: an ordinary one has about ten, and one that hides a key under every encoding,
twice, has less than a hundred."""
MOST_BYTES = 16 * 2**20
"""Bytes of all forms of one text: only compressed texts need so many."""
EVERY = bytes(range(256))
LOWER = EVERY.lower()
NO_ALPHANUMERIC = re.sub(rb"[0-9A-Za-z]", b"", EVERY)
NO_BASE64 = re.sub(rb"[0-9A-Za-z+/]", b"", EVERY)
NO_HEX = re.sub(rb"[0-9A-Fa-f]", b"", EVERY)
URL_SAFE = bytes.maketrans(b"-_", b"+/")
ESCAPE = re.compile(
    rb"\\u(?:(?P<u4>[0-9a-fA-F]{4})|\{(?P<u>[0-9a-fA-F]{1,6})\})|\\U(?P<u8>[0-9a-fA-F]{8})"
    rb"|\\x\{?(?P<x>[0-9a-fA-F]{2})\}?|\\(?P<octal>[0-7]{3})|\\(?P<letter>[nrtbf/])"
    rb"|%u(?P<pu>[0-9a-fA-F]{4})|%(?P<percent>[0-9a-fA-F]{2})"
)
QUOTED_PRINTABLE = re.compile(rb"=([0-9a-fA-F]{2})")
NUMBERS = re.compile(rb"(?:(?<![0-9])[0-9]{2,3}[^0-9A-Za-z]{1,12}){7,}[0-9]{2,3}")
BASE32_RUN = re.compile(rb"[A-Z2-7]{20,}|[a-z2-7]{20,}")
BASE64_RUN = re.compile(rb"[A-Za-z0-9+/_-]{16,}")
COMPRESSED = re.compile(rb"\x1f\x8b\x08|[\x08\x18\x28\x38\x48\x58\x68\x78][\x01-\xff]")
READABLE = re.compile(
    rb"(?:[\0\t-\r -~]|[\xc2-\xdf][\x80-\xbf]|[\xe1-\xef][\x80-\xbf]{2}"
    rb"|\xf0[\x90-\xbf][\x80-\xbf]{2}){%d,}" % RUN
)


class KeySearch:
    """The secrets of a run, to be found in what it keeps and prints. None are in its repr.

    A quarter of a secret, of eight letters and digits or more, gives it away: so does a copy with
    letters replaced, left out or moved. Case and all that is no letter or digit are ignored.
    `is_suspect` returns whether a text as it is looks like a secret of anybody.
    """

    def __init__(
        self, secrets: Iterable[str] = (), is_suspect: Callable[[bytes], bool] = lambda _: False
    ) -> None:
        self._is_suspect = is_suspect
        # A variable of the environment may hold bytes that are not UTF-8.
        self._plain = tuple({one.encode(errors="surrogateescape") for one in secrets if one})
        self._pieces = tuple({piece for secret in self._plain for piece in _pieces(secret)})

    def holds(self, content: str | bytes) -> bool:
        """Return whether a text holds a secret as it is, encoded, compressed or rearranged.

        The encodings may be nested. A text that cannot be searched to its end within the bounds
        counts as one that does.
        """
        if isinstance(content, str):
            content = content.encode(errors="surrogatepass")
        if self._is_suspect(content):
            return True
        if not self._plain or not content:
            return False
        waiting, seen, left = [content], {content}, MOST_BYTES
        while waiting:
            form = waiting.pop()
            if self._is_in(form):
                return True
            for decoded in _decoded(form, left):
                left -= len(decoded)
                if left <= 0 or len(seen) > MOST_FORMS:
                    return True
                if decoded not in seen:
                    seen.add(decoded)
                    waiting.append(decoded)
        return False

    def _is_in(self, form: bytes) -> bool:
        folded = form.translate(LOWER, NO_ALPHANUMERIC)
        return any(secret in form for secret in self._plain) or any(
            piece in folded for piece in self._pieces
        )

    @overload
    def withhold(self, value: str) -> str: ...

    @overload
    def withhold(self, value: JsonValue) -> JsonValue: ...

    def withhold(self, value: JsonValue) -> JsonValue:
        """Return a text or a JSON value with `WITHHELD` for each text in it that holds a secret."""
        if isinstance(value, str):
            return WITHHELD if self.holds(value) else value
        if isinstance(value, list):
            return [self.withhold(item) for item in value]
        if isinstance(value, dict):
            return {self.withhold(name): self.withhold(item) for name, item in value.items()}
        return value


def _pieces(secret: bytes) -> Iterator[bytes]:
    """Yield the folded texts that give a secret away: pieces of it, of its mirror image, of rot13.

    Pieces overlap where they would be short, so that one is whole beside any single change.
    """
    folded = secret.translate(LOWER, NO_ALPHANUMERIC)
    if len(folded) < SHORTEST_PIECE:
        return
    size = max(len(folded) // 4, min(SHORTEST_PIECE, len(folded) // 2))
    starts = {*range(0, len(folded) - size, size), len(folded) - size}
    for piece in {folded[start : start + size] for start in starts}:
        if len(set(piece)) >= VARIED:
            for way in (piece, codecs.encode(piece.decode(), "rot13").encode()):
                yield from (way, way[::-1])


def _decoded(form: bytes, limit: int) -> Iterator[bytes]:
    """Yield a form with one encoding less, for each encoding that it may have."""
    if not _is_text(form):
        yield _readable(form)
        yield from _inflated(form, limit)
        return
    if any(mark in form for mark in (b"\\", b"%", b"&")):
        unescaped = ESCAPE.sub(_unescaped, form)
        text = unescaped.decode(errors="surrogatepass" if _is_text(unescaped) else "ignore")
        yield html.unescape(_joined(text)).encode(errors="ignore")
    if b"=" in form:
        yield QUOTED_PRINTABLE.sub(lambda found: bytes.fromhex(found[1].decode()), form)
    if not form.isascii():
        text = form.decode(errors="surrogatepass")
        yield unicodedata.normalize("NFKD", text).encode("ascii", "ignore")
    for run in BASE64_RUN.findall(form):
        whole = run.translate(URL_SAFE)
        yield from _inflate(memoryview(base64.b64decode(whole[: len(whole) // 4 * 4])), -15, limit)
    for content in _from_bases(form):
        yield _readable(content)
        yield from _inflated(content, limit)


def _unescaped(found: re.Match[bytes]) -> bytes:
    kind = str(found.lastgroup)
    if kind == "letter":
        return b" "
    code = int(found[kind], 8 if kind == "octal" else 16)
    if kind in ("x", "octal", "percent"):
        return bytes([code & 255])
    return chr(code).encode(errors="surrogatepass") if code < 0x110000 else b""


def _joined(text: str) -> str:
    """Return a text whose halves of surrogate pairs are the characters that they stand for."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "ignore")


def _readable(content: bytes) -> bytes:
    return b"\n".join(READABLE.findall(content))


def _is_text(form: bytes) -> bool:
    try:
        form.decode(errors="surrogatepass")
    except UnicodeDecodeError:
        return False
    return True


def _from_bases(form: bytes) -> Iterator[bytes]:
    """Yield a form decoded from base 16, 32, 64 and decimal codes, at each alignment.

    What is no digit of the base is left out first, such as line breaks and separators. The last
    bytes are lost where the padding is: the rest gives a key away all the same.
    """
    for found in NUMBERS.findall(form):
        yield bytes(code for code in map(int, re.findall(rb"[0-9]+", found)) if code < 256)
    digits = re.sub(rb"0[xX]", b"", form).translate(None, NO_HEX)
    for start in range(2):
        yield bytes.fromhex(digits[start : len(digits) - (len(digits) - start) % 2].decode())
    letters = b"".join(BASE32_RUN.findall(form.translate(None, b" \t\r\n-.="))).upper()
    for start in range(8):
        yield base64.b32decode(letters[start : len(letters) - (len(letters) - start) % 8])
    for standard in {form.translate(URL_SAFE), form}:
        letters = standard.translate(None, NO_BASE64)
        for start in range(4):
            yield base64.b64decode(letters[start : len(letters) - (len(letters) - start) % 4])


def _inflated(content: bytes, limit: int) -> Iterator[bytes]:
    """Yield what is compressed in a content, whatever precedes it: gzip, zlib, and raw deflate."""
    yield from _inflate(memoryview(content), -15, limit)
    for found in COMPRESSED.finditer(content):
        yield from _inflate(memoryview(content)[found.start() :], 47, limit)


def _inflate(content: memoryview, bits: int, limit: int) -> Iterator[bytes]:
    with suppress(zlib.error):
        yield zlib.decompressobj(bits).decompress(content, limit)
