"""Replies: the result of each language for an image, a refusal and a reply without an image."""

import sys
from collections.abc import Callable
from pathlib import Path

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
    program,
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


@pytest.mark.long
def test_a_reason_that_the_sdk_does_not_know_is_one_line(gateway: Gateway, tmp_path: Path) -> None:
    gateway.answer = answer({"candidates": [{"finishReason": "IMAGE_UNHEARD_OF"}]})
    run = program("block.py", sys.executable)
    ended = run(snippet_of(status_of(BODY, gateway.base_url), "native", "genai").text, tmp_path)
    assert_one_line(ended, "HTTP 200: IMAGE_UNHEARD_OF")


@each_language
def test_a_link_is_followed_without_the_key(language: str, block: Block, gateway: Gateway) -> None:
    reply = answer(native({"text": "Done."}, link(gateway)), linked=("image/webp", PIXEL))
    assert block(language, "native", reply) == saved("acorn.png")
    command, path, headers, _ = gateway.requests[1]
    assert (command, path) == ("GET", "/linked")
    assert KEY not in str(headers)


@each_route
def test_a_key_in_a_refusal_is_not_repeated(
    language: str, route: str, block: Block, gateway: Gateway
) -> None:
    ended = block(language, route, answer({"error": {"message": f"bad key {KEY}"}}, 503))
    assert_one_line(ended, "HTTP 503: bad key ***")
    assert len(gateway.requests) == 1


@each_route
def test_a_long_reason_is_cut(language: str, route: str, block: Block) -> None:
    ended = block(language, route, answer({"error": f"{'no' * 1000}"}, 503))
    assert_one_line(ended, "HTTP 503: nonono")
    assert len(ended.stderr) < 550


@each_language
@pytest.mark.parametrize(
    "body",
    [
        "error",
        {"candidates": {"content": 1}},
        native({"inlineData": {"mimeType": "image/png", "data": "abcde"}}),
        native({"inlineData": {"data": 7}}),
        native({"text": "![i](data:image/png;base64,abcde)"}),
        native({"text": "![i](http://[)"}),
    ],
)
def test_a_native_reply_of_no_known_form_is_reported_in_one_line(
    language: str, body: object, block: Block
) -> None:
    assert_one_line(block(language, "native", answer(body)), "")


@each_with_images
@pytest.mark.parametrize(
    "body",
    [
        {"data": [None]},
        {"data": ["a"]},
        {"data": [{"b64_json": "abcde"}]},
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
        (Answer(b"", 200, ""), "HTTP 200:"),
        (Answer(b'{"candidates": [', 200), {"javascript": "JSON"}),
        (Answer(b"[" * 100_000, 200), {}),
        (Answer(b"\xff", 200), "HTTP 200: \ufffd"),
        (Answer(b"", 302), {"javascript": "unexpected redirect"}),
    ],
)
def test_a_reply_that_is_not_json_is_reported_in_one_line(
    language: str, route: str, reply: Answer, says: str | dict[str, str], block: Block
) -> None:
    expected = says if isinstance(says, str) else says.get(language, "")
    assert_one_line(block(language, route, reply), expected)


@each_language
@pytest.mark.parametrize("linked", [("image/png", b"<h1>Expired</h1>"), ("image/png", b"")])
def test_a_link_to_no_image_is_not_saved(
    language: str, linked: tuple[str, bytes], block: Block, gateway: Gateway
) -> None:
    reply = answer(native(link(gateway)), linked=linked)
    assert_one_line(block(language, "native", reply), "the link leads to no image")


@each_language
def test_a_refused_connection_is_reported_in_one_line(language: str, block: Block) -> None:
    ended = block(language, "native", answer({}), "http://127.0.0.1:1")  # a15
    assert_one_line(ended, "fetch failed: " if language == "javascript" else "refused")
