"""The mask: the key is found however a reply spells it, and wherever a chunk ends."""

import base64
import html
import json
from collections.abc import Callable, Sequence
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueup.relay.secret import MASK, Masker, Secret

KEY = "sk-secret/with+odd=letters&<0123>\"456'789"
SK = b"c2st"  # `sk-` in base64: every key begins with it
PLAIN = "sk-" + "AbCdEfGhIjKlMnOpQrStUvWxYz0123456789aBcDeFgHiJkL"
KEYS = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=8, max_size=60)
WAYS: dict[str, Callable[[str], str]] = {
    "as it is": lambda key: key,
    "without sk-": lambda key: key.removeprefix("sk-") or key,
    "quoted for a path": quote,
    "quoted for a value": lambda key: quote(key, safe=""),
    "quoted for a form": quote_plus,
    "quoted twice": lambda key: quote(quote(key, safe=""), safe=""),
    "quoted in small letters": lambda key: "".join(
        one if one.isalnum() else f"%{ord(one):02x}" for one in key
    ),
    "in JSON": lambda key: json.dumps(key)[1:-1],
    "in JSON with slashes escaped": lambda key: json.dumps(key)[1:-1].replace("/", "\\/"),
    "in JSON as Go writes it": lambda key: "".join(
        f"\\u{ord(one):04x}" if one in "<>&" else one for one in json.dumps(key)[1:-1]
    ),
    "in HTML": html.escape,
    "in base64": lambda key: base64.b64encode(key.encode()).decode(),
    "in base64 for a URL": lambda key: base64.urlsafe_b64encode(key.encode()).decode(),
    "in base64, quoted": lambda key: quote(base64.b64encode(key.encode()).decode(), safe=""),
}


def chunked(content: bytes, cuts: Sequence[int]) -> list[bytes]:
    places = sorted({0, len(content), *(cut % (len(content) + 1) for cut in cuts)})
    return [content[a:b] for a, b in zip(places, places[1:], strict=False)]


def streamed(secret: Secret, chunks: Sequence[bytes]) -> bytes:
    masker = Masker(secret)
    return b"".join([*(masker.feed(chunk) for chunk in chunks), masker.end()])


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("key", [KEY, PLAIN])
def test_the_key_is_masked_in_every_way_of_writing_it(way: str, key: str) -> None:
    masked = Secret(key).mask(f"before {WAYS[way](key)} after".encode())
    assert masked.replace(SK, b"") == b"before *** after"


@given(KEYS, st.sampled_from(sorted(WAYS)))
def test_any_key_is_masked_in_every_way_of_writing_it(key: str, way: str) -> None:
    spelling = WAYS[way](key)
    if len(spelling) >= 12:
        assert spelling.encode() not in Secret(key).mask(f"\n{spelling}\n".encode())


@pytest.mark.parametrize("lead", range(6))
@pytest.mark.parametrize("rest", ["", "!", "!!", ":and more"])
def test_a_key_within_a_longer_text_in_base64_is_masked(lead: int, rest: str) -> None:
    text = f"{'u' * lead}{PLAIN}{rest}"
    masked = Secret(PLAIN).mask(base64.b64encode(text.encode()))
    assert MASK in masked
    left = masked.replace(MASK, b"")
    for place in range(len(PLAIN) - 4):
        for shift in range(3):
            piece = base64.b64encode(b"\0" * shift + PLAIN[place : place + 5].encode())[4:-4]
            assert place < 3 or len(piece) < 4 or piece not in left


@given(
    KEYS,
    st.lists(st.sampled_from([*WAYS, "some", "text", ""]), max_size=6),
    st.lists(st.integers(0, 10**4), max_size=12),
)
def test_a_reply_in_chunks_is_masked_as_it_is_in_one(
    key: str, parts: list[str], cuts: list[int]
) -> None:
    secret = Secret(key)
    content = "".join(WAYS[part](key) if part in WAYS else part for part in parts).encode()
    assert streamed(secret, chunked(content, cuts)) == secret.mask(content)


@given(st.text("sk-aA%25\\u0", max_size=40), st.lists(st.integers(0, 50), max_size=9))
def test_a_text_similar_to_the_key_is_masked_alike_in_chunks(text: str, cuts: list[int]) -> None:
    secret = Secret("sk-a%a%ka-u0")
    content = text.encode()
    assert streamed(secret, chunked(content, cuts)) == secret.mask(content)


def test_every_single_byte_may_be_a_chunk() -> None:
    for spelling in (way(KEY) for way in WAYS.values()):
        content = f"a{spelling}b{spelling}".encode()
        masked = streamed(Secret(KEY), [bytes([one]) for one in content])
        assert masked.replace(SK, b"") == b"a***b***"


def test_bytes_that_cannot_be_the_key_are_not_held_back() -> None:
    masker = Masker(Secret(PLAIN))
    assert masker.feed(b"data: 1\n\n") == b"data: 1\n\n"
    assert masker.feed(b"data: sk-Ab") == b"data: "
    assert masker.feed(b"out\n\n") == b"sk-About\n\n"
    assert masker.feed(b"sk-AbC") == b""
    assert masker.end() == b"sk-AbC"


@pytest.mark.parametrize("length", range(8, len(PLAIN) + 1))
def test_a_key_that_is_cut_off_at_the_end_is_masked(length: int) -> None:
    assert Secret(PLAIN).mask(f"before {PLAIN[:length]}".encode()) == b"before ***"
    assert streamed(Secret(PLAIN), [b"bef", f"ore {PLAIN[:length]}".encode()]) == b"before ***"


def test_a_secret_is_in_no_repr() -> None:
    secret = Secret(PLAIN)
    secret.mask(b"x")
    assert f"{secret} {secret!r} {[secret]}" == "Secret(***) Secret(***) [Secret(***)]"
    assert PLAIN[3:] not in repr(Masker(secret))


def test_binary_content_is_unchanged() -> None:
    content = bytes(range(256)) * 3
    assert Secret(PLAIN).mask(content) == content
    assert Secret(PLAIN).mask_text("é\udcff") == "é\udcff"
