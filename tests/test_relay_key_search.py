"""The search: a key is found however it is encoded, and no ordinary text is taken for one."""

import base64
import codecs
import gzip
import html
import io
import json
import quopri
import random
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from conftest import is_long_run
from PIL import Image, PngImagePlugin
from pydantic import JsonValue

from trueup.relay.key_search import WITHHELD, KeySearch

TOP = Path(__file__).parents[1]
KEY = "sk-" + "Q7vZp2LmXw9RtYbN4cHdKs8GfJaE3uTi6oUyWq1VxBnMz5Pk"
TOKEN = "hT4/kq+Zs9Lw2Vb7Ny1Xc6Mf8Rj3Gd5="
SHORT = "sk-a9Zk3Qw7Xp2Lm"
BARE = KEY.removeprefix("sk-")
SEARCH = KeySearch([KEY, TOKEN])


def raw_deflate(content: bytes) -> bytes:
    made = zlib.compressobj(wbits=-15)
    return made.compress(content) + made.flush()


def base64_of(content: bytes) -> str:
    return base64.b64encode(content).decode()


def in_each(template: str) -> Callable[[str], str]:
    return lambda key: "".join(template.format(ord(one)) for one in key)


def base58(key: str) -> str:
    digits = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
    number, made = int.from_bytes(key.encode(), "big"), ""
    while number:
        number, digit = divmod(number, 58)
        made = digits[digit] + made
    return made


def in_every_third(template: str) -> Callable[[str], str]:
    """A letter in three is encoded: too many for a piece of the key to be left between them."""
    return lambda key: "".join(
        one if at % 3 else template.format(ord(one)) for at, one in enumerate(key)
    )


def joined(separator: str, size: int = 1) -> Callable[[str], str]:
    return lambda key: separator.join(key[at : at + size] for at in range(0, len(key), size))


def picture(key: str, **options: object) -> bytes:
    file, texts = io.BytesIO(), PngImagePlugin.PngInfo()
    if options.get("kind") == "itxt":
        texts.add_itxt("note", key, zip=True)
    else:
        texts.add_text("note", key, zip=bool(options.get("zip")))
    Image.new("RGB", (8, 8)).save(file, "PNG", pnginfo=texts)
    return file.getvalue()


def photo(key: str) -> bytes:
    file, exif = io.BytesIO(), Image.Exif()
    exif[0x9C9C] = key.encode("utf-16-le")
    Image.new("RGB", (8, 8)).save(file, "JPEG", exif=exif)
    return file.getvalue()


ENCODED: dict[str, Callable[[str], str | bytes]] = {
    "plain": str,
    "without its prefix": lambda key: key.removeprefix("sk-"),
    "JSON escapes": in_each("\\u{:04x}"),
    "JSON escapes, twice": lambda key: json.dumps(in_each("\\u{:04x}")(key)),
    "an escaped backslash": lambda key: in_each("\\u005cu{:04x}")(key),
    "surrogates": lambda key: json.dumps(
        "".join(
            chr(0x1D5A0 + ord(one) - 65 + (-6 if one > "Z" else 0)) if one.isalpha() else one
            for one in key
        )
    ),
    **{
        f"{template} of every third letter": in_every_third(template)
        for template in (
            *("\\u{:04x}", "\\\\u{:04x}", "\\u{{{:x}}}", "\\U{:08x}", "\\x{:02x}", "\\x{{{:02x}}}"),
            *("\\{:03o}", "%{:02x}", "%25{:02X}", "%u{:04x}", "&#{};", "&#x{:x};", "={:02X}"),
        )
    },
    "code points": in_each("\\u{{{:x}}}"),
    "percent": in_each("%{:02x}"),
    "percent, twice": in_each("%25{:02X}"),
    "HTML, decimal": in_each("&#{};"),
    "HTML, hex": in_each("&#x{:x};"),
    "HTML, twice": lambda key: html.escape(in_each("&#{};")(key)),
    "HTML, named": lambda key: key.replace("-", "&hyphen;").replace("2", "&#50;"),
    "backslash-x": in_each("\\x{:02x}"),
    "octal": in_each("\\{:03o}"),
    "hex": lambda key: key.encode().hex(),
    "hex with colons": lambda key: key.encode().hex(":"),
    "hex with 0x": in_each("0x{:02x}, "),
    "hex in a sentence": lambda key: f"a bad face, a {key.encode().hex(' ').upper()} fed",
    "decimal codes": lambda key: json.dumps(list(key.encode()), indent=8),
    "base32": lambda key: base64.b32encode(key.encode()).decode(),
    "base32, small, no padding": lambda key: (
        base64.b32encode(key.encode()).decode().lower().rstrip("=")
    ),
    "base32 within a text": lambda key: base64.b32encode(f"key: {key}.".encode()).decode(),
    "base32 after a letter": lambda key: f"Q{base64.b32encode(key.encode()).decode()}",
    "base32 on lines": lambda key: joined("\n", 16)(base64.b32encode(key.encode()).decode()),
    "base64": lambda key: base64_of(key.encode()),
    "base64 after a byte": lambda key: base64_of(b"x" + key.encode() + b"!"),
    "base64 after two bytes": lambda key: base64_of(b"xy" + key.encode() + b"!"),
    "base64 in a path": lambda key: f"/a/b/{base64_of(key.encode())}/c",
    "base64 with line breaks": lambda key: joined("\n", 16)(base64_of(key.encode())),
    "base64 with escaped breaks": lambda key: json.dumps(joined("\n", 16)(base64_of(key.encode()))),
    "base64 in parts": lambda key: joined("-", 5)(base64_of(key.encode())),
    "base64 for a URL": lambda key: base64.urlsafe_b64encode(f"??>>{key}".encode()).decode(),
    "base64, twice": lambda key: base64_of(base64_of(key.encode()).encode()),
    "base64 of hex": lambda key: base64_of(key.encode().hex().encode()),
    "hex of base64, quoted": lambda key: quote(base64_of(key.encode()).encode().hex(" ")),
    "base64 of UTF-16": lambda key: base64_of(key.encode("utf-16")),
    "base64 of full width": lambda key: base64_of(
        "".join(chr(ord(one) + 0xFEE0) for one in key).encode()
    ),
    "upper case": str.upper,
    "lower case": str.lower,
    "swapped case": str.swapcase,
    "base64 of upper case": lambda key: base64_of(key.upper().encode()),
    "reversed": lambda key: key[::-1],
    "base64 of the reverse": lambda key: base64_of(key[::-1].encode()),
    "base64, reversed": lambda key: base64_of(key.encode())[::-1],
    "base85": lambda key: base64.b85encode(f": {key}.".encode()).decode(),
    "ascii85": lambda key: base64.a85encode(f"{key}.".encode(), adobe=True).decode(),
    "base58": base58,
    "base32hex": lambda key: base64.b32hexencode(f"key: {key}.".encode()).decode(),
    "octal numbers": in_each("{:03o} "),
    "octal numbers with 0o": in_each("0o{:o}, "),
    "binary numbers": in_each("{:08b} "),
    "binary numbers with 0b": in_each("0b{:b}, "),
    "bits": in_each("{:08b}"),
    "groups joined by words": joined(" and ", 4),
    "groups joined by more words": joined(", followed by: ", 3),
    "rot13": lambda key: codecs.encode(key, "rot13"),
    "rot13 of the reverse": lambda key: codecs.encode(key[::-1], "rot13"),
    "full width": lambda key: "".join(chr(ord(one) + 0xFEE0) for one in key),
    "full width, percent": lambda key: quote("".join(chr(ord(one) + 0xFEE0) for one in key)),
    "circled": lambda key: "".join(
        chr(0x24B6 + ord(one) - 65) if one.isupper() else one for one in key
    ),
    "with accents": lambda key: "".join(f"{one}\u0336" for one in key),
    "with dashes": joined("-"),
    "with spaces": joined(" ", 4),
    "with dots": joined(".", 3),
    "on lines": joined("\n", 6),
    "on escaped lines": lambda key: json.dumps(joined("\n", 1)(key)),
    "with zero width spaces": joined("\u200b"),
    "with zero width spaces in JSON": lambda key: json.dumps(joined("\u200b")(key)),
    "UTF-16": lambda key: key.encode("utf-16"),
    "gzip": lambda key: gzip.compress(key.encode()),
    "zlib, base64": lambda key: base64_of(zlib.compress(key.encode())),
    "gzip, base64 in JSON": lambda key: json.dumps({"a": base64_of(gzip.compress(key.encode()))}),
    "zlib, base64 for a URL": lambda key: base64.urlsafe_b64encode(
        zlib.compress(f"{key}~{key[::-1]}".encode())
    ).decode(),
    "deflate": lambda key: raw_deflate(key.encode()),
    "deflate, base64": lambda key: f"data: {base64_of(raw_deflate(key.encode()))}",
    "quoted-printable": lambda key: quopri.encodestring(joined("é", 4)(key).encode()),
    "quoted-printable letters": in_each("={:02X}"),
    "all but the first letters": lambda key: key[4:],
    "all but the last letter": lambda key: key[:-1],
    "the last twelve letters": lambda key: key[-12:],
    "one letter left out": lambda key: key[:9] + key[10:],
    "one letter replaced": lambda key: f"{key[:9]}_{key[10:]}",
    "one letter added": lambda key: f"{key[:9]}0{key[9:]}",
    "halves swapped": lambda key: key[len(key) // 2 :] + key[: len(key) // 2],
    "an image's text": picture,
    "an image's text in base64": lambda key: picture(base64_of(key.encode())),
    "an image's compressed text": lambda key: picture(key, zip=True),
    "an image's international text": lambda key: picture(key, kind="itxt"),
    "a photo's comment": photo,
}
NEAR = {
    "nothing": "",
    "the prefix": "sk-",
    "another key": "sk-" + "Z8wAq3MnYx0SuZcO5dIeLt9HgKbF4vUj7pVzXr2WyCoNa6Ql",
    "the ends that a gateway shows": f"{BARE[:4]}**********{BARE[-4:]}",
    "a mask": "Invalid token sk-***",
    "few groups of it": f"{BARE[:4]} and {BARE[4:8]}",
    "few letters of it": f"the token {BARE[:7]}…",
    "a placeholder": 'curl -H "Authorization: Bearer YOUR_API_KEY"',
    "a hash": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "a request id": "20261128175959123456789aBcDeFgH",
    "a broken escape": "\\u00zz \\u{110000} \\Uffffffff %zz &#xzz; =zz \\x =",
    "a surrogate": "\ud83d alone",
    "a bomb of nothing": base64_of(
        zlib.compress(b"nothing to see here " * (25_000 if is_long_run() else 2_500))
    ),
}


@pytest.mark.parametrize("way", ENCODED)
@pytest.mark.parametrize("key", [KEY, TOKEN, SHORT])
def test_a_key_is_found_in_any_encoding(way: str, key: str) -> None:
    search, encoded = KeySearch([key, "another-secret-0a1b2c3d"]), ENCODED[way](key)
    assert search.holds(encoded)
    if isinstance(encoded, str):
        assert search.holds(f"HTTP 400: the model said “{encoded}” and no more")


@pytest.mark.parametrize("near", NEAR)
def test_a_text_without_the_key_is_not_withheld(near: str) -> None:
    assert SEARCH.withhold(NEAR[near]) == NEAR[near]


def test_no_file_of_this_repository_holds_a_key() -> None:
    draw = random.Random(7)
    search = KeySearch(["sk-" + "".join(draw.choices(BARE, k=size)) for size in (16, 32, 48)])
    docs = "docs/**/*.*" if is_long_run() else "docs/en/*.*"
    files = [*TOP.glob("src/trueup/r*/*.py"), *TOP.glob(docs), TOP / "status.yml"]
    assert [str(file) for file in files if search.holds(file.read_bytes())] == []


LARGE = ("base64 of a picture", "prose", "escapes", "noise")


@pytest.mark.parametrize(
    "kind", [pytest.param(k, marks=[pytest.mark.long] * (k != "noise")) for k in LARGE]
)
def test_a_quarter_of_a_megabyte_is_searched_in_seconds(kind: str) -> None:
    draw = random.Random(3)
    content = {
        "base64 of a picture": base64.b64encode(draw.randbytes(3 * 2**16)),
        "prose": b"the quick brown fox jumps over the lazy dog, 1234 times. " * 4_500,
        "escapes": b"\\u0061%62&#99;=64" * 10_000,
        "noise": draw.randbytes(2**18),
    }[kind]
    began = time.process_time()
    assert not SEARCH.holds(content)
    assert SEARCH.holds(content + b"\n" + base64.b64encode(KEY.encode()) + b"\n")
    assert time.process_time() - began < 5


@pytest.mark.parametrize(
    "made",
    [
        lambda: zlib.compress(bytes(10**8)),
        lambda: b"".join(zlib.compress(b"%08d" % n) for n in range(3_000)),
    ],
    ids=["a bomb", "many streams"],
)
def test_a_text_that_cannot_be_searched_to_its_end_counts_as_found(
    made: Callable[[], bytes],
) -> None:
    assert SEARCH.holds(base64_of(made()))


def test_a_secret_without_a_distinct_piece_is_found_as_it_is() -> None:
    search = KeySearch(["0000-0000-0000-0000", "ab1cd2e"], lambda content: b"AKIA" in content)
    assert search.holds("got 0000-0000-0000-0000") and search.holds("ab1cd2e")
    assert not search.holds("id 00000000000000000000") and not search.holds("ab1-cd2-e")
    assert search.holds("AKIA") and not KeySearch([f"{BARE[:8]}{'0' * 30}"]).holds("0" * 40)


def test_only_the_text_with_the_key_is_withheld() -> None:
    row: JsonValue = {
        "error": f"no {KEY[::-1]}",
        "status": 400,
        "more": [TOKEN, None, True, "fine"],
        KEY: 1,
    }
    more = [WITHHELD, None, True, "fine"]
    expected = {"error": WITHHELD, "status": 400, "more": more, WITHHELD: 1}
    assert SEARCH.withhold(row) == expected
    assert KeySearch().withhold(row) == row
    assert KEY not in repr(SEARCH)
