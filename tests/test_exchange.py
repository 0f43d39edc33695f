"""Exchange: a request and its reply, without a key."""

import json
from dataclasses import fields
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueup.exchange import STRICT, Exchange, content_in
from trueup.model import Form, FormFile, form_values

SEEN = Exchange(
    method="POST",
    host="gateway.example",
    path="/v1/images/generations",
    query=(("alt", "json"),),
    auth=("bearer",),
    request_body=b'{"prompt": "a"}',
    status=200,
    content_type="application/json",
    response_body=b"{}",
)


def test_an_exchange_is_whole_and_replays_nothing_by_default() -> None:
    assert SEEN.failure is None
    assert (SEEN.request_id, SEEN.answered_from) == (None, None)


def test_an_exchange_has_no_place_for_a_key() -> None:
    names = {field.name for field in fields(Exchange)}
    assert not {name for name in names if "key" in name}


FILE = b"\r\n" + bytes(range(256)) + b"--x\r\n\r"


def test_the_parts_of_a_form_are_what_was_sent() -> None:
    parts = (
        b'--x\r\nContent-Disposition: form-data; name="prompt"\r\n\r\none\r\ntwo\r\n'
        b'--x\r\nContent-Disposition: form-data; name="image[]"; filename="a.png"\r\n'
        b"Content-Type: image/png\r\n\r\n" + FILE + b"\r\n--x--\r\n"
    )
    form = (content_in("multipart/form-data; boundary=x", parts) or {})["form"]
    image = FormFile(file="a.png", mime="image/png", sha256=sha256(FILE).hexdigest())
    listed: Form = {"prompt": "one\ntwo", "image[]": [image]}
    assert form == {"prompt": "one\ntwo", "image[]": image}
    assert form_values(form) == form_values(listed)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
ODD = {
    "a lone surrogate": rb'{"a": "\ud800"}',
    "a deep list": b'{"a": ' + b"[" * 400 + b"]" * 400 + b"}",
    "a key twice": b'{"a": 1, "b": 2, "a": 3}',
    "a number beyond any float": b'{"a": 1e999}',
    "a minus zero": b'{"a": [-0, -0.0]}',
    "a whole number beyond 64 bits": b'{"a": 123456789012345678901234567890}',
    "no number": b'{"a": NaN}',
    "infinity": b'{"a": -Infinity}',
    "a tab": b'{"a": "\t"}',
    "a byte order mark": b"\xef\xbb\xbf{}",
    "no UTF-8": b'{"a": "\xff"}',
    "a second value": b"{} {}",
    "a leading zero": b'{"a": 01}',
    "too deep a list": b'{"a": ' + b"[" * 200_000 + b"]" * 200_000 + b"}",
}


def read_by_json(text: bytes) -> Any:
    try:
        found = STRICT.decode(text.decode())
    except (ValueError, RecursionError):
        return None
    return {"body": found} if isinstance(found, dict) else None


@given(JSON_VALUES, st.booleans())
def test_a_body_is_read_as_the_json_module_reads_it(value: Any, is_ascii: bool) -> None:
    text = json.dumps({"a": value}, ensure_ascii=is_ascii).encode("utf-8", "surrogatepass")
    assert repr(content_in("application/json", text)) == repr(read_by_json(text))


@pytest.mark.parametrize("what", ODD)
def test_an_odd_body_is_read_as_the_json_module_reads_it(what: str) -> None:
    assert repr(content_in("application/json", ODD[what])) == repr(read_by_json(ODD[what]))
