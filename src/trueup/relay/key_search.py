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
from functools import reduce
from itertools import chain
from typing import overload

from pydantic import JsonValue

WITHHELD = "withheld: it held the key"
SHORTEST_PIECE = 8
"""Letters and digits of a piece of a key that is searched for: a shorter one is found by chance."""
VARIED = 4
"""Different characters of a piece: `00000000` occurs in ordinary numbers."""
RUN = 12
"""Characters of a decoded text that is searched on: random bytes make no such run, a key does."""
GROUP = 3
"""Letters and digits of a group of a key that is searched for among words."""
GAP = 12
"""Letters and digits between two such groups: some words, such as `followed by`."""
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
NUMBERS = re.compile(rb"(?:(?<![0-9])[0-9]{2,8}[^0-9A-Za-z]{1,12}){7,}[0-9]{2,8}")
BITS = re.compile(rb"[01]{64,}")
BASE32_RUNS = {
    re.compile(rb"[A-Z2-7]{20,}|[a-z2-7]{20,}"): bytes.maketrans(
        b"abcdefghijklmnopqrstuvwxyz234567", b"0123456789abcdefghijklmnopqrstuv"
    ),
    re.compile(rb"[0-9A-V]{20,}|[0-9a-v]{20,}"): EVERY,
}
"""Runs of the digits of base32 and base32hex, and what turns them into those of `int`."""
BASE58 = {
    digit: value
    for value, digit in enumerate(b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz")
}
BASE58_RUN = re.compile(rb"[1-9A-HJ-NP-Za-km-z]{16,1000}")
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
        self._as_it_is = (*self._plain, *{way for one in self._plain for way in _in_base85(one)})
        self._pieces = tuple({piece for secret in self._plain for piece in _pieces(secret)})
        self._groups = [groups for one in self._plain if (groups := _Groups(one)).places]

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
        return (
            any(secret in form for secret in self._as_it_is)
            or any(piece in folded for piece in self._pieces)
            or any(groups.are_in(folded) for groups in self._groups)
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


class _Groups:
    """The groups of a secret, to be found in order among words: `sk-Q7 and vZp2 and Lm`."""

    def __init__(self, secret: bytes) -> None:
        folded = secret.translate(LOWER, NO_ALPHANUMERIC)
        self.places: dict[bytes, list[int]] = {}
        self._least = max(len(folded) // 4, RUN)
        for at in range(len(folded) - GROUP + 1 if len(folded) >= RUN else 0):
            if len(set(folded[at : at + GROUP])) > 1:
                self.places.setdefault(folded[at : at + GROUP], []).append(at)

    def are_in(self, folded: bytes) -> bool:
        """Return whether a folded text holds a quarter of the secret in groups with short gaps.

        A group goes on where the last letters of one are followed by the secret's next, and begins
        within a gap after the letters that precede it in the secret.
        """
        if sum(group in folded for group in self.places) < self._least // GROUP:
            return False  # in most texts, and fast
        ends: dict[int, tuple[int, int]] = {}  # by place in the secret: in the text, and letters
        for at in range(len(folded) - GROUP + 1):
            for place in self.places.get(folded[at : at + GROUP], ()):
                count = GROUP
                for step in (1, GROUP):
                    end, letters = ends.get(place - step, (-len(folded), 0))
                    if end + step <= at <= end + step + (GAP if step == GROUP else 0):
                        count = max(count, letters + step)
                if count >= self._least:
                    return True
                ends[place] = (at, count)
        return False


def _in_base85(secret: bytes) -> Iterator[bytes]:
    """Yield the parts of a secret in base85 and ascii85, at each alignment in a longer text."""
    for start in range(len(secret) - SHORTEST_PIECE + 1):
        yield base64.b85encode(secret[start : start + SHORTEST_PIECE])
        yield base64.a85encode(secret[start : start + SHORTEST_PIECE])


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
    for content in _from_base64(form[::-1]):
        yield _readable(content)
    for content in chain(_from_bases(form), _from_base64(form)):
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
    """Yield a form decoded from base 2, 16, 32, 58 and codes in digits, at each alignment.

    What is no digit of the base is left out first, such as line breaks and separators. The last
    bytes are lost where the padding is: the rest gives a key away all the same.
    """
    for found in NUMBERS.findall(re.sub(rb"\b0[bBoO]", b"", form)):
        yield from _from_codes(re.findall(rb"[0-9]+", found))
    for bits in BITS.findall(form.translate(None, b" \t\r\n_,")):
        yield from _shifted(int(bits, 2))
    digits = re.sub(rb"0[xX]", b"", form).translate(None, NO_HEX)
    for start in range(2):
        yield bytes.fromhex(digits[start : len(digits) - (len(digits) - start) % 2].decode())
    joined = form.translate(None, b" \t\r\n-.=")
    for run, of_int in BASE32_RUNS.items():
        letters = b"".join(run.findall(joined)).lower().translate(of_int)
        yield from _shifted(int(letters or b"0", 32))
    for run in BASE58_RUN.findall(form):
        number = reduce(lambda value, digit: value * 58 + BASE58[digit], run, 0)
        yield number.to_bytes(len(run), "big")


def _from_base64(form: bytes) -> Iterator[bytes]:
    for standard in {form.translate(URL_SAFE), form}:
        letters = standard.translate(None, NO_BASE64)
        for start in range(4):
            yield base64.b64decode(letters[start : len(letters) - (len(letters) - start) % 4])


def _shifted(number: int) -> Iterator[bytes]:
    """Yield the bytes of a number at each alignment of its bits."""
    for shift in range(8):
        yield (number >> shift).to_bytes(number.bit_length() // 8 + 1, "big")


def _from_codes(numbers: list[bytes]) -> Iterator[bytes]:
    """Yield the bytes that numbers stand for, read as binary, octal and decimal ones."""
    for base in (2, 8, 10):
        codes = [int(number, base) for number in numbers if max(number) < ord("0") + base]
        yield bytes(code for code in codes if code < 256)


def _inflated(content: bytes, limit: int) -> Iterator[bytes]:
    """Yield what is compressed in a content, whatever precedes it: gzip, zlib, and raw deflate."""
    yield from _inflate(memoryview(content), -15, limit)
    for found in COMPRESSED.finditer(content):
        yield from _inflate(memoryview(content)[found.start() :], 47, limit)


def _inflate(content: memoryview, bits: int, limit: int) -> Iterator[bytes]:
    with suppress(zlib.error):
        yield zlib.decompressobj(bits).decompress(content, limit)
