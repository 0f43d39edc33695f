"""Exchange: a request and its reply, without a key."""

from dataclasses import fields

from trueup.exchange import Exchange

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


def test_an_exchange_has_no_place_for_a_key_or_for_headers() -> None:
    names = {field.name for field in fields(Exchange)}
    assert not {name for name in names if "key" in name or "header" in name}
