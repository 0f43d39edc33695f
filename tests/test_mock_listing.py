"""The mock's lists of models, with the gateway's quirks, and its streams, which replay no row."""

import json
from typing import Any

import pytest
from test_mock import (
    ASK,
    BEARER,
    KEY,
    NATIVE,
    STATUS,
    call,
    error_of,
    native_row,
    post,
    status_of,
)

from trueup.exchange import Exchange
from trueup.mock import Ledger, Options, Token, User, create_app
from trueup.protocols import PROTOCOLS

STREAM = NATIVE.replace(":generateContent", ":streamGenerateContent")
CALLED = {
    "nano-banana": ["image-generation"],
    "nano-banana-2": ["image-generation"],
    "gemini-2.5-flash-image": ["gemini"],
    "gemini-3.1-flash-image-preview": ["gemini"],
    "gemini-3-pro-image-preview": ["gemini"],
    "gemini-2.5-flash-image-preview": ["gemini"],
}


def get(path: str, headers: dict[str, str] = BEARER, ledger: Ledger | None = None) -> Any:
    return call(create_app(STATUS, ledger=ledger), "GET", path, headers=headers)


@pytest.mark.parametrize("path", ["/v1/models", "/v1beta/openai/models"])
def test_the_models_that_were_called_are_listed_as_openai_lists_them(path: str) -> None:
    reply = get(path).json()
    assert (reply["object"], reply["success"]) == ("list", True)
    assert {item["id"]: item["supported_endpoint_types"] for item in reply["data"]} == CALLED
    first = reply["data"][0]
    assert (first["object"], first["created"], first["owned_by"]) == ("model", 1626777600, "custom")


def test_the_models_are_listed_as_google_lists_them_without_a_prefix() -> None:
    reply = call(create_app(STATUS), "GET", f"/v1beta/models?key={KEY}").json()
    assert reply["nextPageToken"] is None
    assert {model["name"] for model in reply["models"]} == set(CALLED)
    first = reply["models"][0]
    assert first["displayName"] == first["name"]
    assert {first[name] for name in first if name not in ("name", "displayName")} == {None}


@pytest.mark.parametrize("path", ["/v1/models", "/v1beta/models"])
def test_a_whitelist_and_a_missing_price_shorten_the_list(path: str) -> None:
    options = Options(prices={"nano-banana": 0.1, "gemini-2.5-flash-image": 0.1})
    token = Token(KEY, models=("nano-banana", "nano-banana-2"))
    text = get(path, ledger=Ledger([User()], [token], options)).text
    assert '"nano-banana"' in text
    assert "nano-banana-2" not in text and "gemini-2.5-flash-image" not in text


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        (f"/v1/models?key={KEY}", {}, 401),
        ("/v1/models", {"x-goog-api-key": KEY}, 401),
        ("/v1/models", {"x-api-key": KEY}, 200),
        (f"/v1/models/gemini-2.5-flash-image?key={KEY}", {}, 200),
        (f"/v1beta/models?key={KEY}", {}, 200),
        ("/v1beta/openai/models", {"x-goog-api-key": KEY}, 200),
        ("/v1/models", {}, 401),
        ("/v1beta/models", {}, 401),
    ],
)
def test_a_key_is_read_only_where_the_gateway_reads_it(
    path: str, headers: dict[str, str], status: int
) -> None:
    assert get(path, headers).status_code == status


@pytest.mark.parametrize(
    ("path", "more"),
    [("/v1/models?key=anything", {}), ("/v1/models", {"x-goog-api-key": "anything"})],
)
def test_a_second_key_turns_the_list_into_a_search_for_nothing(
    path: str, more: dict[str, str]
) -> None:
    reply = get(path, {**BEARER, **more})
    assert reply.status_code == 200
    assert error_of(reply) == {
        "message": "The model '' does not exist",
        "type": "invalid_request_error",
        "param": "model",
        "code": "model_not_found",
    }


def test_one_model_is_told_by_its_own_name_and_an_alias_is_not_found() -> None:
    assert get("/v1/models/gemini-2.5-flash-image").json()["id"] == "gemini-2.5-flash-image"
    for name in ("nano-banana", "unheard-of"):
        reply = get(f"/v1/models/{name}")
        assert reply.status_code == 200
        assert error_of(reply)["message"] == f"The model '{name}' does not exist"


@pytest.mark.parametrize("path", ["/v1/models/", "/v1beta/models/m", "/v1beta/openai/models/m"])
def test_a_list_that_the_gateway_does_not_have_is_an_invalid_url(path: str) -> None:
    assert get(path).status_code == 404


def events(content: bytes) -> list[Any]:
    lines = content.decode().split("\n\n")
    assert lines.pop() == "" and all(line.startswith("data: ") for line in lines)
    return [json.loads(line.removeprefix("data: ")) for line in lines]


@pytest.mark.parametrize("path", [NATIVE, STREAM])
def test_only_alt_sse_streams_and_the_image_comes_in_an_event(path: str) -> None:
    seen: list[Exchange] = []
    app = create_app(STATUS, on_exchange=seen.append)
    reply = post(f"{path}?alt=sse&key={KEY}", app, json=ASK)
    assert reply.headers["content-type"] == "text/event-stream"
    assert reply.headers["x-trueup-mock"] == "simulated-stream"
    first, last = events(reply.content)
    found = PROTOCOLS["gemini"].find_image(first)
    assert found.shape == "data-uri" and found.content
    assert last["candidates"][0]["finishReason"] == "STOP" and last["usageMetadata"]
    assert seen[0].answered_from is None


def test_a_streaming_call_without_alt_sse_gets_one_object() -> None:
    seen: list[Exchange] = []
    app = create_app(STATUS, on_exchange=seen.append)
    reply = post(f"{STREAM}?key={KEY}", app, json=ASK)
    assert reply.headers["content-type"].startswith("application/json")
    assert reply.headers["x-trueup-mock"] == "simulated-stream"
    assert PROTOCOLS["gemini"].find_image(reply.json()).shape == "data-uri"
    assert seen[0].answered_from is None


def test_a_stream_of_a_call_that_failed_fails_in_plain_words_and_is_marked() -> None:
    row = native_row(outcome="error", shape=None, signatures=["get-channel-failed"])
    seen: list[Exchange] = []
    app = create_app(status_of(row), on_exchange=seen.append)
    reply = post(f"{STREAM}?alt=sse&key={KEY}", app, json=ASK)
    assert reply.status_code == 500 and error_of(reply)["code"] == "get_channel_failed"
    assert reply.headers["x-trueup-mock"] == "simulated-stream"
    assert seen[0].answered_from is None


def test_a_stream_on_record_is_a_replay() -> None:
    sent = {**native_row()["sent"], "request": f"POST {STREAM}?alt=sse"}
    seen: list[Exchange] = []
    app = create_app(status_of(native_row(sent=sent)), on_exchange=seen.append)
    reply = post(f"{STREAM}?alt=sse&key={KEY}", app, json=ASK)
    assert reply.headers["x-trueup-mock"] == "simulated"
    assert reply.headers["content-type"] == "text/event-stream"
    assert seen[0].answered_from == "observations[0]"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (f"{STREAM}?alt=sse&n=1&key={KEY}", ASK),
        (f"{STREAM}?alt=SSE&key={KEY}", ASK),
        (f"{STREAM}?alt=sse&key={KEY}", {**ASK, "generationConfig": {}}),
        (f"/v1beta/models/m:streamGenerateContent?alt=sse&key={KEY}", ASK),
    ],
)
def test_a_stream_of_what_is_not_on_record_is_refused(path: str, body: Any) -> None:
    reply = post(path, json=body)
    assert reply.status_code == 503
    assert reply.headers["x-trueup-mock"] == "simulated"


def test_a_stream_is_charged_as_one() -> None:
    ledger = Ledger.of([KEY])
    post(f"{STREAM}?alt=sse&key={KEY}", create_app(STATUS, ledger=ledger), json=ASK)
    post(f"{NATIVE}?key={KEY}", create_app(STATUS, ledger=ledger), json=ASK)
    assert [row.is_stream for row in ledger.rows] == [True, False]


def test_images_carry_no_token_counts_outside_the_native_route() -> None:
    row = {**native_row(), "endpoint": "nano-banana/images-generations", "shape": "url"}
    sent = {**row["sent"], "request": "POST /v1/images/generations", "auth": "bearer"}
    body = {"model": "nano-banana", "prompt": None}
    app = create_app(status_of({**row, "sent": {**sent, "body": body}}))
    reply = post("/v1/images/generations", app, headers=BEARER, json={**body, "prompt": "x"})
    assert list(reply.json()) == ["created", "data"]
