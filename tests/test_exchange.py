"""Exchange: a request and its reply, without a key."""

from dataclasses import fields
from hashlib import sha256

from trueup.exchange import Exchange, content_in
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
