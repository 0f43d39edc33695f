"""Reply verdict: an output, an error, or inconclusive."""

import base64
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from drawn import decode_here
from test_verify import (
    CURLED,
    DATA_URI_REPLY,
    FAILED,
    IMAGE,
    IMAGES,
    MEDIA_URL,
    NATIVE,
    PNG,
    STORED,
    exchange_of,
    harness_of,
)

from trueup.exchange import Exchange, Failure
from trueup.mock import MEDIA_HOST
from trueup.protocols import PROTOCOLS, Sample
from trueup.sandbox.output_decoder import NoDecoder
from trueup.verify.reply_verdict import (
    NOT_DECODED,
    ReplyVerdict,
    exchanges_of,
    read_run,
    with_linked,
)
from trueup.verify.run import Run

LINKED = exchange_of(IMAGES, {"created": 0, "data": [{"url": MEDIA_URL}]})
MEDIA = Exchange("GET", MEDIA_HOST, "/a.png", (), (), b"", 200, "image/png", PNG)
IMAGE_INFO = decode_here("image", PNG)


def read(endpoint: str, *exchanges: Exchange, live: bool = True) -> ReplyVerdict:
    harness = harness_of(CURLED, exchanges, replays=not live)
    return read_run(Run(CURLED, exchanges), endpoint, STORED.status, harness)


def answered(status: int, content: bytes) -> Exchange:
    return replace(IMAGE, status=status, response_body=content)


def inline(content: bytes) -> dict[str, Any]:
    worded = PROTOCOLS["gemini"].word("inline-data", Sample(content, "image/png", ""), "m")
    return dict(json.loads(worded.content))


def test_an_image_that_decodes_is_an_output_with_its_size() -> None:
    found = read(NATIVE, IMAGE)
    assert (found.outcome, found.inconclusive, found.reply.shape) == ("output", None, "data-uri")
    assert found.facts == IMAGE_INFO and found.signatures == ()
    assert found.reply.model == "gemini-2.5-flash-image"


def test_a_failure_is_an_error_with_its_signatures() -> None:
    found = read(IMAGES, FAILED)
    assert (found.outcome, found.facts) == ("error", None)
    assert found.signatures == ("unknown-image-output-options",)


def test_a_truncated_image_is_an_error() -> None:
    found = read(NATIVE, exchange_of(NATIVE, inline(PNG[:40])))
    assert (found.outcome, found.reply.error, found.facts) == (
        "error",
        NOT_DECODED.format(kind="image"),
        None,
    )


INCONCLUSIVE: Mapping[str, tuple[int, bytes, str]] = {
    "no key": (401, b'{"error": {"message": "no"}}', "HTTP 401 is about the key"),
    "no money": (402, b"{}", "HTTP 402 is about the key"),
    "too many": (429, b"", "HTTP 429 is about the key"),
    "a spent user": (
        403,
        b'{"error": {"code": "insufficient_user_quota"}}',
        "(insufficient_user_quota) is",
    ),
    "a key without rights": (403, b'{"error": {"message": "no access"}}', "HTTP 403 is about"),
    "a page": (
        502,
        b"<html>",
        "502 without a JSON body, so not a reply of the gateway itself",
    ),
    "a page in a 200": (200, b"<html>", "HTTP 200 without a JSON body, so not"),
    "half of it": (200, b'{"candidates": [{"con', "HTTP 200 without a JSON body"),
    "nothing": (500, b"", "HTTP 500 without a JSON body"),
    "too much load": (
        503,
        b'{"error": {"code": "system_cpu_overloaded"}}',
        "HTTP 503 (system_cpu_overloaded) is about the load of the gateway",
    ),
}


@pytest.mark.parametrize("name", INCONCLUSIVE)
def test_a_reply_that_says_nothing_of_the_route_is_inconclusive(name: str) -> None:
    status, content, reason = INCONCLUSIVE[name]
    found = read(NATIVE, answered(status, content))
    assert found.outcome == "inconclusive" and reason in str(found.inconclusive)
    assert found.kind not in (None, "no-answer")
    assert found.exchange is not None and found.facts is None and found.signatures == ()
    assert read(NATIVE, answered(status, content), live=False).outcome == "error"


@pytest.mark.parametrize(
    ("status", "content"),
    [
        (503, b'{"error": {"message": "no channel"}}'),
        (403, b'{"error": {"message": "no channel", "param": "", "type": "upstream_error"}}'),
        (503, b'{"detail": "no channel"}'),
    ],
)
def test_any_other_json_error_is_an_error_at_once(status: int, content: bytes) -> None:
    found = read(NATIVE, answered(status, content))
    assert (found.outcome, found.kind, found.reply.error) == ("error", None, "no channel")


def test_an_answer_that_broke_off_is_inconclusive_with_the_reason() -> None:
    for failure in (Failure("it broke off"), Failure("the cap is reached", "capped")):
        found = read(NATIVE, replace(IMAGE, failure=failure))
        assert (found.outcome, found.kind) == ("inconclusive", failure.kind)
        assert found.inconclusive == f"no whole answer came ({failure.reason})"


def test_a_run_without_a_request_to_the_gateway_is_inconclusive() -> None:
    for exchanges in ((), (MEDIA,), (replace(IMAGE, host="elsewhere.example"),)):
        found = read(NATIVE, *exchanges)
        assert (found.exchange, found.outcome) == (None, "inconclusive")
        assert found.inconclusive == "no request arrived"


def test_the_fetching_of_an_image_is_no_exchange_with_the_gateway() -> None:
    run = Run(CURLED, (LINKED, MEDIA))
    assert exchanges_of(run, harness_of(CURLED, ())) == [LINKED]
    assert read(IMAGES, LINKED, MEDIA).facts == IMAGE_INFO
    lost = replace(MEDIA, status=504, failure=Failure("it stalled"), response_body=b"")
    found = read(IMAGES, LINKED, lost)
    assert (found.outcome, found.inconclusive) == (
        "inconclusive",
        f"{MEDIA_HOST} did not return the image (it stalled)",
    )


def test_a_linked_image_that_the_block_did_not_fetch_is_fetched() -> None:
    fetched: list[str] = []

    def fetch(url: str) -> bytes | str:
        fetched.append(url)
        return PNG

    linked = read(IMAGES, LINKED)
    assert (linked.outcome, linked.facts) == ("output", None)
    assert with_linked(linked, fetch, decode_here).facts == IMAGE_INFO
    for other in (read(NATIVE, IMAGE), read(IMAGES, FAILED), read(NATIVE)):
        assert with_linked(other, fetch, decode_here) is other
    assert fetched == [MEDIA_URL]


def test_a_link_without_an_answer_is_inconclusive_and_one_to_no_image_is_an_error() -> None:
    linked = read(IMAGES, LINKED)
    found = with_linked(linked, lambda url: "the link was not answered", decode_here)
    assert (found.outcome, found.inconclusive) == ("inconclusive", "the link was not answered")
    found = with_linked(linked, lambda url: b"<html>", decode_here)
    assert (found.outcome, found.reply.error) == (
        "error",
        "the linked image does not decode: it is html, no image",
    )


def test_an_output_that_cannot_be_decoded_here_is_inconclusive() -> None:
    missing = NoDecoder("the image cannot be decoded here")
    live = harness_of(CURLED, (IMAGE,), replays=False)
    harness = replace(live, decode=lambda kind, content: missing)
    inline_image = read_run(Run(CURLED, (IMAGE,)), NATIVE, STORED.status, harness)
    linked = with_linked(read(IMAGES, LINKED), lambda url: PNG, lambda kind, content: missing)
    for found in (inline_image, linked):
        reason = (found.outcome, found.kind, found.inconclusive)
        assert reason == ("inconclusive", "unreadable", missing.reason)


def test_no_reply_makes_the_verdict_raise() -> None:
    worded = base64.b64encode(b"x" * 30).decode()
    for text in (DATA_URI_REPLY, inline(b""), {"data": [{"b64_json": worded}]}, {"error": None}):
        for endpoint in (NATIVE, IMAGES):
            assert read(endpoint, exchange_of(endpoint, text)).outcome in ("output", "error")
