"""Secret: the key in the relay's memory, the spellings in which a reply can repeat it, its mask.

The key is added on the wire alone; it is in no repr and in no message.
"""

import base64
import html
import re
from collections.abc import Iterator
from functools import cached_property
from urllib.parse import quote

from trueup.errors import BadInput

PLACEHOLDER = "YOUR_API_KEY"
MASK = b"***"
IN_QUERY = re.compile(rb"(?<==)YOUR_API_KEY(?=&|$)")
TELLTALE_BYTES = 8
"""A shorter piece of a key occurs in innocent texts, and does not give the key away."""
Telltale = tuple[tuple[bytes, ...], ...]
"""A text that gives the key away: the spellings of each of its letters."""


class Secret:
    """A key. Raises BadInput for one that no header can carry."""

    def __init__(self, key: str) -> None:
        if not re.fullmatch("[!-~]+", key):
            raise BadInput(
                "the API key",
                "empty, or with white space or letters that no header can carry",
                "Export the key as the gateway shows it.",
            )
        self._key = key

    def __repr__(self) -> str:
        return "Secret(***)"

    def in_query(self, query: bytes) -> bytes:
        """Return the query with the key in place of the placeholder."""
        return IN_QUERY.sub(quote(self._key, safe="").encode(), query)

    def in_header(self, value: str) -> str:
        """Return the header's value with the key in place of the placeholder."""
        return value.replace(PLACEHOLDER, self._key)

    def mask(self, content: bytes) -> bytes:
        """Return the content with `***` wherever it repeats the key.

        The key is found as it is, without `sk-`, in base64 (on its own or within a longer text),
        and each of these quoted for a URL, once or twice, or escaped for JSON or HTML. A letter or
        a digit must be as it is: quoting and escaping do not change those. A key that is cut off
        at the content's end is masked from eight bytes on.
        """
        masked, rest = self.masked_so_far(content)
        return masked + self.mask_last(rest)

    def mask_text(self, text: str) -> str:
        """Return the text with `***` wherever it repeats the key."""
        return self.mask(text.encode(errors="surrogateescape")).decode(errors="surrogateescape")

    @cached_property
    def _telltales(self) -> tuple[Telltale, ...]:
        texts = sorted(set(_texts(self._key)), key=len, reverse=True)
        return tuple(tuple(_spellings(letter) for letter in text) for text in texts)

    @cached_property
    def _needles(self) -> tuple[bytes, ...]:
        """A piece of each telltale that has one spelling: without any there is no match."""
        return tuple(_needle(telltale) for telltale in self._telltales)

    @cached_property
    def _pattern(self) -> re.Pattern[bytes]:
        choices = (
            b"".join(b"(?:%b)" % b"|".join(map(re.escape, letter)) for letter in telltale)
            for telltale in self._telltales
        )
        return re.compile(b"|".join(choices))

    @cached_property
    def _firsts(self) -> frozenset[int]:
        return frozenset(spelling[0] for letters in self._telltales for spelling in letters[0])

    @cached_property
    def _longest(self) -> int:
        return max(
            sum(max(map(len, spellings)) for spellings in letters) for letters in self._telltales
        )

    def _open_from(self, content: bytes, start: int) -> int:
        """Return the offset, from `start` on, of a telltale that may go on in the next chunk."""
        for place in range(max(start, len(content) - self._longest), len(content)):
            if content[place] in self._firsts and any(
                _is_cut_off(telltale, content, place) for telltale in self._telltales
            ):
                return place
        return len(content)

    def masked_so_far(self, content: bytes) -> tuple[bytes, bytes]:
        """Return the masked part of a reply's beginning, and the rest that must wait for more."""
        masked, done, cut = bytearray(), 0, self._open_from(content, 0)
        if any(needle in content for needle in self._needles):
            while (found := self._pattern.search(content, done)) and found.start() < cut:
                masked += content[done : found.start()] + MASK
                done = found.end()
                if done > cut:
                    cut = self._open_from(content, done)
        return bytes(masked + content[done:cut]), content[cut:]

    def mask_last(self, rest: bytes) -> bytes:
        """Return the rest, masked, when the reply has ended."""
        return MASK if len(rest) >= TELLTALE_BYTES else self._pattern.sub(MASK, rest)


class Masker:
    """The mask of a reply in chunks: the key is found across their borders too."""

    def __init__(self, secret: Secret) -> None:
        self._secret = secret
        self._waiting = b""

    def feed(self, chunk: bytes) -> bytes:
        """Return the masked bytes to pass on; a piece that may begin the key waits."""
        masked, self._waiting = self._secret.masked_so_far(self._waiting + chunk)
        return masked

    def end(self) -> bytes:
        """Return the bytes that were still waiting, masked."""
        waiting, self._waiting = self._waiting, b""
        return self._secret.mask_last(waiting)


def _texts(key: str) -> Iterator[str]:
    bare = key.removeprefix("sk-") or key
    yield from (key, bare)
    for lead in range(3):
        # Base64 takes three bytes at a time: within a longer text the key can start at each. Its
        # first letters then depend on the text before it, its last ones on the text after it.
        content = b"\0" * lead + bare.encode()
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            encoded = encode(content).decode()[(0, 2, 3)[lead] :]
            certain = encoded[: len(content) * 8 // 6 - (0, 2, 3)[lead]]
            if len(certain) >= TELLTALE_BYTES:
                yield from (encoded, certain)


def _spellings(letter: str) -> tuple[bytes, ...]:
    if letter.isalnum():
        return (letter.encode(),)
    code = ord(letter)
    found = {letter, html.escape(letter), f"&#{code};", f"&#x{code:x};", f"&#x{code:X};"}
    for number in (f"{code:02x}", f"{code:02X}"):
        found |= {f"%{number}", f"%25{number}", f"\\u00{number}"}
    if letter in '"\\/':
        found.add(f"\\{letter}")
    return tuple(spelling.encode() for spelling in sorted(found, key=len, reverse=True))


def _needle(telltale: Telltale) -> bytes:
    best = run = b""
    for spellings in telltale:
        run = run + spellings[0] if len(spellings) == 1 else b""
        best = max(best, run, key=len)
    return best


def _is_cut_off(telltale: Telltale, content: bytes, start: int) -> bool:
    """Return True if the content ends within the telltale that begins at `start`."""
    ends = {start}
    for spellings in telltale:
        if any(_rest_begins(spelling, content, end) for end in ends for spelling in spellings):
            return True
        ends = {
            end + len(spelling)
            for end in ends
            for spelling in spellings
            if content.startswith(spelling, end)
        }
        if not ends:
            return False
    return False


def _rest_begins(spelling: bytes, content: bytes, place: int) -> bool:
    rest = len(content) - place
    return rest < len(spelling) and content.endswith(spelling[:rest]) if rest >= 0 else False
