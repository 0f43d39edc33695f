"""The relay: forwards a block's requests with the key added, and keeps the key out of replies."""

import asyncio
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette

from trueup.errors import BadInput
from trueup.exchange import Exchange, Failure
from trueup.model import Target
from trueup.relay import create_relay

KEY = "sk-secret/with+odd=letters&0123456789"
TARGET = Target(base_url="http://target.example:4000", media_hosts=("media.example",))
Answer = Callable[[httpx.Request], httpx.Response]


def ok(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json={"ok": True}, headers={"x-oneapi-request-id": "id-1"})


class Relay:
    """A relay in front of a target that answers as a function does."""

    def __init__(self, answer: Answer = ok, key: str = KEY, max_calls: int = 9) -> None:
        self.forwarded: list[httpx.Request] = []
        self.exchanges: list[Exchange] = []

        def target(request: httpx.Request) -> httpx.Response:
            self.forwarded.append(request)
            return answer(request)

        self.app: Starlette = create_relay(
            TARGET,
            key=key,
            max_calls=max_calls,
            on_exchange=self.exchanges.append,
            transport=httpx.MockTransport(target),
        )

    def call(
        self, path: str, method: str = "POST", host: str = "crazyrouter.com", **request: Any
    ) -> httpx.Response:
        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.app)
            async with httpx.AsyncClient(transport=transport, base_url=f"https://{host}") as client:
                return await client.request(method, path, **request)

        return asyncio.run(send())


def test_a_request_without_end_is_refused_and_not_sent() -> None:
    relay = Relay(max_calls=1)
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 100:
            sent += 1
            yield bytes(2**20)

    reply = relay.call("/v1/x", content=endless())
    assert (reply.status_code, sent <= 34, relay.forwarded) == (413, True, [])
    (exchange,) = relay.exchanges
    assert (
        exchange.failure
        and exchange.failure.reason == "the request is larger than 32 MiB; nothing was sent"
    )
    assert relay.call("/v1/x", content=b"small").status_code == 200


def redirecting(headers: dict[str, str], request: httpx.Request) -> httpx.Response:
    return httpx.Response(302, headers=headers)


def headers_of(request: httpx.Request) -> dict[str, str]:
    return dict(request.headers)


def test_the_key_takes_the_place_of_the_placeholder_in_the_query() -> None:
    relay = Relay()
    relay.call("/v1/x?a=1&key=YOUR_API_KEY&b=%2F+%20%C3%A9")
    (sent,) = relay.forwarded
    assert str(sent.url) == (
        f"http://target.example:4000/v1/x?a=1&key={quote(KEY, safe='')}&b=%2F+%20%C3%A9"
    )
    assert sent.url.params["key"] == KEY
    (exchange,) = relay.exchanges
    assert exchange.auth == ("query key",)
    assert exchange.query == (("a", "1"), ("b", "/  é"))


@pytest.mark.parametrize(
    ("header", "value", "way"),
    [
        ("authorization", "Bearer YOUR_API_KEY", "bearer"),
        ("x-goog-api-key", "YOUR_API_KEY", "header x-goog-api-key"),
    ],
)
def test_the_key_takes_the_place_of_the_placeholder_in_a_header(
    header: str, value: str, way: str
) -> None:
    relay = Relay()
    relay.call("/v1/x", headers={header: value})
    assert relay.forwarded[0].headers[header] == value.replace("YOUR_API_KEY", KEY)
    assert relay.exchanges[0].auth == (way,)


def test_a_request_is_forwarded_as_it_is() -> None:
    body = b'{"prompt":  "a\\u00e9 \xc3\xa9 YOUR_API_KEY"}\n'
    relay = Relay()
    reply = relay.call(
        "/v1beta/models/a%2Fb%20c:generateContent",
        content=body,
        headers={"content-type": "application/json", "accept": "image/*", "cookie": "a=b"},
    )
    (sent,) = relay.forwarded
    assert sent.url.raw_path == b"/v1beta/models/a%2Fb%20c:generateContent"
    assert (sent.method, sent.content) == ("POST", body)
    assert sent.headers["content-type"] == "application/json"
    assert sent.headers["accept"] == "image/*"
    assert sent.headers["host"] == "target.example:4000"
    assert "cookie" not in sent.headers
    assert (reply.status_code, reply.json()) == (200, {"ok": True})
    (exchange,) = relay.exchanges
    assert (exchange.method, exchange.host) == ("POST", "crazyrouter.com")
    assert exchange.path == "/v1beta/models/a/b c:generateContent"
    assert (exchange.request_body, exchange.auth) == (body, ())
    assert (exchange.status, exchange.content_type) == (200, "application/json")
    assert (exchange.request_id, exchange.failure) == ("id-1", None)
    assert exchange.answered_from is None


def test_the_request_id_is_read_and_passed_back_by_either_name() -> None:
    for ids in ({"x-request-id": "2"}, {"x-oneapi-request-id": "2", "x-request-id": "1"}):
        relay = Relay(lambda _, ids=ids: httpx.Response(200, json={}, headers=ids))  # type: ignore[misc]
        reply = relay.call("/v1/x")
        assert relay.exchanges[0].request_id == "2"
        assert ids.items() <= dict(reply.headers).items()


def test_another_key_than_the_placeholder_is_not_replaced() -> None:
    relay = Relay()
    relay.call("/x?key=mine&q=YOUR_API_KEY2", headers={"authorization": "Bearer mine"})
    (sent,) = relay.forwarded
    assert sent.url.query == b"key=mine&q=YOUR_API_KEY2"
    assert sent.headers["authorization"] == "Bearer mine"


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_every_method_of_a_route_is_forwarded(method: str) -> None:
    relay = Relay()
    relay.call("/x", method)
    assert relay.forwarded[0].method == method


def test_a_key_that_the_target_repeats_is_masked_for_everyone() -> None:
    bare = KEY.removeprefix("sk-")
    text = f"{KEY} {bare} {quote(KEY, safe='')}"

    def echo(request: httpx.Request) -> httpx.Response:
        location = f"https://x.example/?key={quote(KEY, safe='')}"
        return httpx.Response(
            400, text=text, headers={"location": location, "x-oneapi-request-id": KEY}
        )

    relay = Relay(echo)
    reply = relay.call("/x?key=YOUR_API_KEY", headers={"authorization": "Bearer YOUR_API_KEY"})
    assert reply.text == "*** *** ***"
    assert reply.headers["location"] == "https://x.example/?key=***"
    for shown in (repr(relay.exchanges), reply.text, repr(reply.headers)):
        assert bare not in shown and quote(bare, safe="") not in shown
    assert relay.exchanges[0].response_body == b"*** *** ***"


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=8, max_size=40))
def test_any_key_arrives_whole_and_is_masked_in_the_reply(key: str) -> None:
    def echo(request: httpx.Request) -> httpx.Response:
        keys = [request.url.params["key"], request.headers["authorization"]]
        return httpx.Response(200, content=" ".join(keys).encode())

    relay = Relay(echo, key=key)
    reply = relay.call("/x?key=YOUR_API_KEY", headers={"authorization": "Bearer YOUR_API_KEY"})
    (sent,) = relay.forwarded
    assert sent.url.params["key"] == key
    assert sent.headers["authorization"] == f"Bearer {key}"
    assert relay.exchanges[0].response_body == reply.content
    assert reply.content.startswith(b"***")


@pytest.mark.parametrize("key", ["", " ", "two words", "line\n", "schlüssel", "a\0b"])
def test_a_key_that_no_header_can_carry_is_refused_and_not_shown(key: str) -> None:
    with pytest.raises(BadInput) as error:
        Relay(key=key)
    assert "the API key" in str(error.value)
    assert not key.strip() or key not in str(error.value)


def test_calls_beyond_the_cap_are_not_forwarded_and_inconclusive() -> None:
    relay = Relay(max_calls=2)
    replies = [relay.call("/x?key=YOUR_API_KEY") for _ in range(4)]
    assert [reply.status_code for reply in replies] == [200, 200, 504, 504]
    assert replies[3].json()["error"]["message"] == (
        "the relay: the cap on calls (2) is reached; nothing was sent"
    )
    assert len(relay.forwarded) == 2
    assert [exchange.failure is None for exchange in relay.exchanges] == [True, True, False, False]
    assert relay.exchanges[3].status == 504
    reason = "the cap on calls (2) is reached; nothing was sent"
    assert relay.exchanges[3].failure == Failure(reason, "capped")
    assert KEY not in repr(relay.exchanges) + replies[3].text


def test_calls_that_come_at_once_do_not_pass_the_cap() -> None:
    relay = Relay(max_calls=3)

    async def send() -> list[int]:
        transport = httpx.ASGITransport(app=relay.app)
        async with httpx.AsyncClient(transport=transport, base_url="https://a.example") as client:
            replies = await asyncio.gather(*(client.post("/x") for _ in range(8)))
        return sorted(reply.status_code for reply in replies)

    assert asyncio.run(send()) == [200] * 3 + [504] * 5
    assert len(relay.forwarded) == 3


def test_a_call_without_an_answer_counts_and_is_inconclusive() -> None:
    def dead(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout(f"no {KEY}")

    relay = Relay(dead, max_calls=1)
    reply = relay.call("/x?key=YOUR_API_KEY")
    (exchange,) = relay.exchanges
    assert (reply.status_code, exchange.status) == (504, 504) and exchange.failure is not None
    assert KEY not in reply.text + repr(exchange)
    relay.call("/x")
    assert len(relay.forwarded) == 1


@pytest.mark.parametrize("status", [401, 503])
def test_a_refusal_by_the_target_is_passed_back(status: int) -> None:
    relay = Relay(lambda request: httpx.Response(status, json={"error": "no"}))
    assert relay.call("/x").status_code == status
    assert (relay.exchanges[0].failure, relay.exchanges[0].status) == (None, status)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
@pytest.mark.parametrize(
    "location",
    [
        "/api/token/?a=b#c",
        "https://crazyrouter.com/x",
        "https://crazyrouter.com:443",
        "http://target.example:4000/x",
        "https://MEDIA.example/a.png",
    ],
)
def test_a_redirect_within_the_target_is_passed_back_and_not_followed(
    status: int, location: str
) -> None:
    relay = Relay(lambda request: httpx.Response(status, headers={"location": location}))
    reply = relay.call("/x?key=YOUR_API_KEY")
    assert (reply.status_code, reply.headers["location"]) == (status, location)
    assert [request.url.host for request in relay.forwarded] == ["target.example"]
    assert relay.exchanges[0].failure is None


@pytest.mark.parametrize(
    ("location", "stranger"),
    [
        ("https://elsewhere.example/x", "elsewhere.example"),
        ("https://crazyrouter.com:8443/", "crazyrouter.com:8443"),
        ("http://crazyrouter.com/", "crazyrouter.com"),
        ("https://crazyrouter.com.evil.example/", "crazyrouter.com.evil.example"),
        ("//elsewhere.example/x", "an address that clients parse in different ways"),
        ("/\\elsewhere.example/x", "an address that clients parse in different ways"),
        (
            "https://crazyrouter.com@evil.example/",
            "an address that clients parse in different ways",
        ),
        (
            "https://crazyrouter.com\\@evil.example/",
            "an address that clients parse in different ways",
        ),
        (
            "https://crazyrouter.com/\\@evil.example/",
            "an address that clients parse in different ways",
        ),
        ("https://crazyrouter.com:99999/", "an address that clients parse in different ways"),
        ("ftp://crazyrouter.com/", "an address that clients parse in different ways"),
        ("x", "an address that clients parse in different ways"),
    ],
)
@pytest.mark.parametrize("host", ["crazyrouter.com", "media.example"])
def test_a_redirect_to_a_stranger_is_withheld_and_inconclusive(
    location: str, stranger: str, host: str
) -> None:
    relay = Relay(lambda request: httpx.Response(307, headers={"location": location}))
    reply = relay.call("/x?key=YOUR_API_KEY", host=host)
    assert (reply.status_code, "location" in reply.headers) == (504, False)
    (exchange,) = relay.exchanges
    assert exchange.failure is not None
    assert (exchange.failure.kind, exchange.status) == ("unreadable", 504)
    assert f" redirects to {stranger}" in exchange.failure.reason
    assert exchange.failure.reason.startswith("HTTP 307 of ")
    assert exchange.failure.reason.endswith("; not followed")
    assert len(relay.forwarded) == 1


def test_a_redirect_to_a_host_with_the_key_in_its_name_is_masked() -> None:
    location = f"https://{KEY}.example/"
    relay = Relay(lambda request: httpx.Response(307, headers={"location": location}))
    assert "sk-secret" not in relay.call("/x").text + repr(relay.exchanges)
    assert "redirects to an address that clients parse" in repr(relay.exchanges)


def test_a_redirect_without_a_location_has_no_other_header_that_redirects() -> None:
    answers: list[dict[str, str]] = [{}, {"refresh": "0; url=https://elsewhere.example/"}]
    for headers in answers:
        relay = Relay(partial(redirecting, headers))
        reply = relay.call("/x")
        assert reply.status_code == 302 and not {"location", "refresh"} & set(reply.headers)


def test_a_redirect_to_an_invalid_address_is_inconclusive() -> None:
    relay = Relay(partial(redirecting, {"location": "https:elsewhere.example"}))
    assert relay.call("/x").status_code == 504
    expected = Failure("target.example:4000 gave no answer that can be read", "no-answer")
    assert relay.exchanges[0].failure == expected


def test_a_relay_without_a_cap_is_refused() -> None:
    with pytest.raises(BadInput, match="budget: no cap"):
        create_relay(TARGET, key=KEY, on_exchange=print)


def test_a_media_host_gets_the_request_and_no_key_and_counts_as_no_call() -> None:
    relay = Relay(lambda request: httpx.Response(200, content=b"\x89PNG"), max_calls=1)
    keys = {"authorization": "Bearer YOUR_API_KEY", "x-goog-api-key": "YOUR_API_KEY"}
    for _ in range(3):
        reply = relay.call("/a%20b.png?s=1&key=YOUR_API_KEY", "GET", "media.example", headers=keys)
        assert reply.content == b"\x89PNG"
    for sent in relay.forwarded:
        assert str(sent.url) == "https://media.example/a%20b.png?s=1&key=YOUR_API_KEY"
        assert not {"authorization", "x-goog-api-key"} & set(headers_of(sent))
        assert KEY not in repr(headers_of(sent)) + str(sent.url)
    assert [exchange.host for exchange in relay.exchanges] == ["media.example"] * 3
    assert relay.call("/x").status_code == 200


def test_any_other_host_leads_to_the_target_and_is_named_in_the_exchange() -> None:
    relay = Relay(max_calls=1)
    relay.call("/x?key=YOUR_API_KEY", host="Evil.example")
    assert relay.forwarded[0].url.host == "target.example"
    assert relay.exchanges[0].host == "evil.example"
    assert relay.call("/x").status_code == 504
