"""Replies: the result of each language for an image, a refusal and a reply without an image."""

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import recorder
from recorder import (
    ENCODED,
    INLINE,
    KEY,
    PIXEL,
    PROGRAMS,
    Answer,
    Ended,
    Gateway,
    answer,
    assert_one_line,
    native,
    run_of,
    saved,
    snippet_of,
    status_of,
)

server, gateway, node_run = recorder.server, recorder.gateway, recorder.node_run
LANGUAGES = ("python", "javascript", "genai")
BOTH = [(language, "native") for language in LANGUAGES]
BOTH += [(language, "images") for language in LANGUAGES if language != "genai"]
each_language = pytest.mark.parametrize("language", LANGUAGES)
each_with_images = pytest.mark.parametrize("language", LANGUAGES[:2])
each_route = pytest.mark.parametrize(("language", "route"), BOTH)
SOILED = f"{ENCODED[:8]}%%%%{ENCODED[8:]}"
BODY = {"contents": [{"role": "user", "parts": [{"text": "a"}]}]}
Block = Callable[..., Ended]


@pytest.fixture
def in_one_process(request: pytest.FixtureRequest, gateway: Gateway, tmp_path: Path) -> Block:
    """Runs a block in a process of many: the imports of most take longer than they do."""

    def run(language: str, route: str, reply: Answer, base_url: str = gateway.base_url) -> Ended:
        gateway.answer = reply
        text = snippet_of(status_of(BODY, base_url), route, language).text
        return run_of(language, request)(text, tmp_path)

    return run


@pytest.fixture
def alone(request: pytest.FixtureRequest, gateway: Gateway, tmp_path: Path) -> Block:
    """Runs a block as its readers do."""

    def run(language: str, route: str, reply: Answer, base_url: str = gateway.base_url) -> Ended:
        if language == "javascript":
            request.getfixturevalue("node_run")
        gateway.answer = reply
        text = snippet_of(status_of(BODY, base_url), route, language).text
        return PROGRAMS[language](text, tmp_path)

    return run


@pytest.fixture
def block(in_one_process: Block) -> Block:
    return in_one_process


def data_uri(content: bytes, mime: str = "image/jpeg") -> dict[str, str]:
    return {"text": f"Here: ![image](data:{mime};base64,{base64.b64encode(content).decode()})"}


def link(gateway: Gateway) -> dict[str, str]:
    return {"text": f"Here: ![Image]({gateway.base_url}/linked)"}


@pytest.mark.parametrize(
    ("language", "route"),
    [pytest.param(*b, marks=[pytest.mark.long] * ("genai" in b or "images" in b)) for b in BOTH],
)
def test_a_block_saves_its_image_in_a_process_of_its_own(
    language: str, route: str, alone: Block
) -> None:
    reply = native(INLINE) | {"data": [{"b64_json": ENCODED}]}
    assert alone(language, route, answer(reply)) == saved("acorn.png")


@pytest.mark.parametrize(
    "language", ["python", *(pytest.param(name, marks=pytest.mark.long) for name in LANGUAGES[1:])]
)
def test_a_block_is_refused_in_a_process_of_its_own(language: str, alone: Block) -> None:
    assert_one_line(alone(language, "native", answer({"error": "no channel"}, 503)), "HTTP 503: ")


@each_language
def test_inline_data_wins_over_a_data_uri_and_a_link(
    language: str, block: Block, gateway: Gateway
) -> None:
    reply = native(link(gateway), data_uri(b"other"), {"text": "and"}, {"text": None}, INLINE)
    response = answer(reply, linked=("image/webp", b"linked"))
    assert block(language, "native", response) == saved("acorn.png")
    assert len(gateway.requests) == 1


@each_language
def test_a_data_uri_wins_over_a_link(language: str, block: Block, gateway: Gateway) -> None:
    reply = native(link(gateway), {"text": None}, data_uri(PIXEL))
    response = answer(reply, linked=("image/webp", b"linked"))
    assert block(language, "native", response) == saved("acorn.jpg")
    assert len(gateway.requests) == 1


@each_language
def test_a_link_is_followed_without_the_key(language: str, block: Block, gateway: Gateway) -> None:
    reply = answer(native({"text": "Done."}, link(gateway)), linked=("image/webp", PIXEL))
    assert block(language, "native", reply) == saved("acorn.webp")
    command, path, headers, _ = gateway.requests[1]
    assert (command, path) == ("GET", "/linked")
    assert KEY not in str(headers)


@each_language
@pytest.mark.parametrize(
    "reply",
    [
        {"candidates": [{"content": None}, {}, *native(INLINE)["candidates"]], "error": None},
        {"candidates": [{"content": {"parts": None}}, *native(INLINE)["candidates"]]},
        native({"inlineData": None, "text": None}, INLINE),
    ],
)
def test_empty_places_before_the_image_are_skipped(
    language: str, reply: object, block: Block
) -> None:
    assert block(language, "native", answer(reply)).files == {"acorn.png": PIXEL}


@each_with_images
def test_the_images_route_saves_base64(language: str, block: Block) -> None:
    reply = {"data": [{"url": "", "b64_json": ENCODED}]}
    assert block(language, "images", answer(reply)) == saved("acorn.png")


@each_with_images
@pytest.mark.parametrize(
    ("mime", "name"),
    [
        ("image/jpeg", "acorn.jpg"),
        ("image/png; charset=binary", "acorn.png"),
        ("", "acorn.png"),
        ("image/../../x", "acorn.png"),
        ("binary/octet-stream", "acorn.png"),
    ],
)
def test_the_images_route_follows_a_link_and_names_the_file_by_its_type(
    language: str, mime: str, name: str, block: Block, gateway: Gateway
) -> None:
    reply = {"data": [{"url": f"{gateway.base_url}/linked", "b64_json": None}]}
    response = answer(reply, linked=(mime, PIXEL))
    assert block(language, "images", response).files == {name: PIXEL}


REFUSALS = {
    "object": ({"error": {"message": "no\nchannel\u2028left", "code": "x"}}, "no channel left"),
    "object without message": ({"error": {"code": "no_channel"}}, "no_channel"),
    "text": ({"error": "no channel"}, "no channel"),
    "flat": ({"code": 500, "message": "no channel"}, "no channel"),
    "key repeated": ({"error": {"message": f"bad key {KEY}"}}, "bad key ***"),
    "unknown": ({"detail": "no channel"}, "no channel"),
    "list": ([{"error": "no channel"}], ""),
    "null": (None, ""),
}


@each_route
@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_refusal_is_reported_in_one_line(
    language: str, route: str, refusal: str, block: Block, gateway: Gateway
) -> None:
    body, says = REFUSALS[refusal]
    ended = block(language, route, answer(body, 503))
    assert_one_line(ended, says)
    assert "HTTP 503: " in ended.stderr or (language == "python" and not says)
    assert len(gateway.requests) == 1


NO_IMAGE = "the reply holds no image"
EMPTY: dict[str, Any] = {
    "an error with a 200": ({"error": {"message": "no channel"}}, "HTTP 200: no channel"),
    "null candidates": ({"candidates": None}, NO_IMAGE),
    "null content": ({"candidates": [{"content": None}]}, NO_IMAGE),
    "a text only": (native({"text": "Sorry."}), NO_IMAGE),
    "a list": ([], ""),
    "a text": ("error", ""),
    "an object for a list": ({"candidates": {"content": 1}}, ""),
    "soiled base64": (native({"inlineData": {"mimeType": "image/png", "data": SOILED}}), ""),
    "cut base64": (native({"inlineData": {"mimeType": "image/png", "data": "abcde"}}), ""),
    "no data": (native({"inlineData": {"mimeType": "image/png", "data": ""}}), "is empty"),
    "cut data URI": (native({"text": "![i](data:image/png;base64,abcde)"}), ""),
    "a link to nowhere": (native({"text": "![i](http://[)"}), ""),
}
SAID_BY = {
    ("javascript", "an object for a list"): "not a function",
    ("genai", "an error with a 200"): NO_IMAGE,  # the SDK returns nothing else
    ("genai", "a list"): NO_IMAGE,
}


@each_language
@pytest.mark.parametrize("case", EMPTY)
def test_a_native_reply_without_an_image_is_reported_in_one_line(
    language: str, case: str, block: Block
) -> None:
    body, says = EMPTY[case]
    ended = block(language, "native", answer(body))
    assert_one_line(ended, SAID_BY.get((language, case), says))


@each_language
def test_only_plain_python_needs_the_type_of_an_image(language: str, block: Block) -> None:
    ended = block(language, "native", answer(native({"inlineData": {"data": ENCODED}})))
    if language == "python":
        assert_one_line(ended, "mimeType")
    else:
        assert ended == saved("acorn.png")


@each_with_images
@pytest.mark.parametrize(
    "body",
    [
        {"data": None},
        {"data": [{}]},
        {"data": [{"b64_json": SOILED}]},
        {"data": [{"url": "/relative.png"}]},
        {"data": [{"url": "http://["}]},
        {"data": {"url": 1}},
    ],
)
def test_an_images_reply_without_an_image_is_reported_in_one_line(
    language: str, body: object, block: Block
) -> None:
    assert_one_line(block(language, "images", answer(body)), "")


@each_route
@pytest.mark.parametrize(
    ("reply", "says"),
    [
        (Answer(b"<h1>Bad gateway</h1>", 502, "text/html"), "HTTP 502, and the reply is not JSON"),
        (Answer(b"", 200, ""), {"python": "HTTP 200, and the reply is not JSON"}),
        (Answer(b'{"candidates": [', 200), {"javascript": "JSON"}),
        (Answer(b"[" * 100_000, 200), {}),
        (Answer(b"\xff", 200), {"javascript": "JSON"}),
        (Answer(b"<h1>Hello</h1>", 200, "text/html"), {}),
        (Answer(b"", 302), {"javascript": "unexpected redirect"}),
    ],
)
def test_a_reply_that_is_not_json_is_reported_in_one_line(
    language: str, route: str, reply: Answer, says: str | dict[str, str], block: Block
) -> None:
    expected = says if isinstance(says, str) else says.get(language, "")
    assert_one_line(block(language, route, reply), expected)


@each_language
@pytest.mark.parametrize("mime", ["text/html", "application/json"])
def test_a_link_to_a_page_is_not_saved(
    language: str, mime: str, block: Block, gateway: Gateway
) -> None:
    reply = answer(native(link(gateway)), linked=(mime, b"<h1>Expired</h1>"))
    assert_one_line(block(language, "native", reply), f"the link leads to {mime}, not to an image")


@each_language
def test_an_empty_linked_image_is_not_saved(language: str, block: Block, gateway: Gateway) -> None:
    reply = answer(native(link(gateway)), linked=("image/png", b""))
    assert_one_line(block(language, "native", reply), "the image is empty")


@each_language
def test_a_refused_connection_is_reported_in_one_line(language: str, block: Block) -> None:
    ended = block(language, "native", answer({}), "http://127.0.0.1:1")
    assert_one_line(ended, "fetch failed: " if language == "javascript" else "refused")
