"""Exchange: what a gateway of ours keeps of a request and its reply."""

from dataclasses import FrozenInstanceError, fields

import pytest

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


def test_an_exchange_is_told_and_replays_nothing_unless_it_says_so() -> None:
    assert SEEN.is_whole
    assert (SEEN.request_id, SEEN.answered_from) == (None, None)


def test_an_exchange_never_changes_and_can_be_counted_once() -> None:
    with pytest.raises(FrozenInstanceError):
        SEEN.status = 500  # type: ignore[misc]
    assert len({SEEN, SEEN}) == 1


def test_an_exchange_has_no_place_for_a_key_or_for_headers() -> None:
    names = {field.name for field in fields(Exchange)}
    assert not {name for name in names if "key" in name or "header" in name}
