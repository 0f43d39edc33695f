"""Protocols: each finds the image in its own reply, and reads any other reply without raising."""

import base64
import json
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from trueup.media_type import ending_of
from trueup.model import Body, Route, Shape
from trueup.protocols import PROTOCOLS, Reply, Sample
from trueup.protocols.event_stream import render_events

KEYS = st.text(max_size=4) | st.sampled_from(
    ["text", "prompt", "contents", "candidates", "content", "parts", "inlineData", "data", "error"]
)
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)
BODIES = st.dictionaries(KEYS, JSON_VALUES, max_size=4)
NAMES = sorted(set(PROTOCOLS) - {"json", "task"})
"""Those that say by themselves where the output is; the others have tests of their own."""
GEMINI = PROTOCOLS["gemini"]
IMAGES = PROTOCOLS["openai-images"]
PNG = b"\x89PNG"
FIRST = {"audio": b"ID3\x04", "file": b""}
"""First bytes of a file of each kind; an image's are those of PNG."""
MIMES = {"audio": "audio/mpeg", "file": "audio/pcm"}
URL = "https://simulated-media.example/simulated-media/m.png"
FORMS = [(name, shape) for name in NAMES for shape in PROTOCOLS[name].shapes]


def in_parts(*parts: Any) -> dict[str, Any]:
    return {"candidates": [{"content": {"role": "model", "parts": list(parts)}}]}


def inline(content: bytes) -> dict[str, Any]:
    return {"inlineData": {"mimeType": "image/png", "data": base64.b64encode(content).decode()}}


@pytest.mark.parametrize(
    ("name", "fields", "shape"),
    [
        ("openai-chat", {}, "message"),
        ("openai-chat", {"stream": True}, "events"),
        ("openai-chat", {"stream": False}, "message"),
        ("openai-responses", {"stream": True}, "response-events"),
        ("anthropic-messages", {"stream": True}, "content-block-events"),
        ("openai-transcriptions", {"stream": "true"}, "transcript-events"),
        ("openai-speech", {"stream_format": "sse"}, "audio-events"),
        ("openai-speech", {"stream_format": "audio"}, "audio"),
        ("openai-images", {"stream": True}, "url"),
    ],
)
def test_a_request_for_a_stream_has_a_stream_as_its_usual_shape(
    name: str, fields: dict[str, Any], shape: Shape
) -> None:
    assert PROTOCOLS[name].usual_shape("POST /v1/any", fields) == shape


@pytest.mark.parametrize(
    ("action", "modalities", "shape"),
    [
        ("generateContent", ["TEXT"], "text-parts"),
        ("streamGenerateContent?alt=sse", ["TEXT"], "text-chunks"),
        ("streamGenerateContent", ["TEXT"], "text-chunk-list"),
        ("generateContent", ["IMAGE"], "inline-data"),
    ],
)
def test_the_path_of_gemini_says_whether_its_reply_is_a_stream(
    action: str, modalities: list[str], shape: Shape
) -> None:
    body: Body = {"generationConfig": {"responseModalities": list(modalities)}}
    reader = GEMINI.reading(body, ())
    assert reader.usual_shape(f"POST /v1beta/models/oak:{action}", {}) == shape


@pytest.mark.parametrize(("name", "shape"), FORMS)
@given(
    content=st.binary(min_size=1),
    text=st.text(min_size=1).filter(str.strip),
)
def test_a_protocol_finds_the_output_in_its_own_reply(
    name: str, shape: Shape, content: bytes, text: str
) -> None:
    kind = PROTOCOLS[name].shapes[shape]
    content = text.encode("utf-8", "replace") if kind == "text" else FIRST.get(kind, PNG) + content
    # A page or JSON in the place of raw sound is none.
    assume(kind != "file" or ending_of(content) not in ("json", "html"))
    sample = Sample(content, MIMES.get(kind, "image/png"), URL)
    worded = PROTOCOLS[name].word(shape, sample, "upstream-name")
    reader = PROTOCOLS[name].reading(None, [shape])
    found = reader.read(200, worded.content, worded.content_type)
    assert (found.shape, found.kind, found.error) == (shape, kind, None)
    if found.kind == "json":  # a list of the protocol's own, in place of the sample
        content = found.content or b""
        assert json.loads(content)
    assert (found.content, found.url) in [(content, None), (None, URL)]


@pytest.mark.parametrize("name", NAMES)
@given(reply=JSON_VALUES, status=st.sampled_from([200, 400, 500]))
def test_any_json_reply_has_an_image_or_an_error(name: str, reply: Any, status: int) -> None:
    found = PROTOCOLS[name].read(status, json.dumps(reply).encode())
    assert (found.shape is None) == (found.error is not None)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("content", [b"", b"<html>", b"\xff\xfe\x00", b"{"])
def test_a_reply_without_json_is_an_error_with_its_status(name: str, content: bytes) -> None:
    expected = Reply(error="HTTP 502 without a JSON body", is_readable=False)
    assert PROTOCOLS[name].read(502, content) == expected


@pytest.mark.parametrize("name", NAMES)
def test_a_failure_status_is_an_error_even_when_the_body_has_an_image(name: str) -> None:
    protocol = PROTOCOLS[name]
    shape, kind = next(iter(protocol.shapes.items()))
    sample = Sample(b"x" if kind == "text" else PNG, "image/png", URL)
    worded = protocol.word(shape, sample, "m")
    found = protocol.read(500, worded.content)
    is_json = worded.content_type.startswith("application/json")
    assert found.error is not None and (found.shape, found.is_readable) == (None, is_json)


@pytest.mark.parametrize("name", NAMES)
def test_an_error_body_that_comes_with_a_200_is_an_error(name: str) -> None:
    found = PROTOCOLS[name].read(200, b'{"error": {"message": "no", "code": ""}}')
    assert (found.error, found.shape) == ("no", None) and found.error_body is not None


@pytest.mark.parametrize(
    ("version", "model"), [("m", "m"), ("", None), (7, None), (["m"], None), (None, None)]
)
def test_the_model_of_a_native_reply_is_read(version: Any, model: str | None) -> None:
    reply = json.dumps({**in_parts(inline(PNG)), "modelVersion": version}).encode()
    assert GEMINI.read(200, reply).model == model
    assert IMAGES.read(200, reply).model is None


def test_data_that_is_cut_or_no_text_is_left_aside() -> None:
    broken = [{"inlineData": {"data": data}} for data in ("abcde", 7, ["a"])]
    reply = json.dumps(in_parts(*broken, {"inlineData": "a"}, inline(PNG))).encode()
    assert GEMINI.read(200, reply).content == PNG


def test_a_text_of_many_begun_images_is_searched_in_bounds() -> None:
    for letters, shape in ((999, "hosted-url"), (1000, None)):
        reply = in_parts({"text": f"![{'a' * letters}]({URL})"})
        assert GEMINI.read(200, json.dumps(reply).encode()).shape == shape


def test_the_model_is_put_in_the_body_only_where_the_protocol_carries_it_there() -> None:
    assert IMAGES.body("m", {"prompt": "p"}) == {"model": "m", "prompt": "p"}
    assert GEMINI.body("m", {"contents": []}) == {"contents": []}


@pytest.mark.parametrize("name", NAMES)
@given(body=BODIES)
def test_blanking_the_prompt_twice_is_blanking_it_once_and_leaves_the_body_alone(
    name: str, body: dict[str, Any]
) -> None:
    before = json.dumps(body)
    blank = PROTOCOLS[name].without_prompt(body)
    assert PROTOCOLS[name].without_prompt(blank) == blank
    assert list(blank) == list(body)
    assert json.dumps(body) == before


def test_only_the_free_texts_are_blanked() -> None:
    body: dict[str, Any] = {
        "contents": [{"role": "user", "parts": [{"text": "a"}, inline(b"x")]}],
        "generationConfig": {"responseModalities": ["TEXT"]},
    }
    blank: dict[str, Any] = GEMINI.without_prompt(body)
    assert blank["contents"][0]["parts"] == [{"text": None}, inline(b"x")]
    assert blank["generationConfig"] == body["generationConfig"]
    images = IMAGES.without_prompt({"model": "m", "prompt": "p", "size": "1K"})
    assert images == {"model": "m", "prompt": None, "size": "1K"}


@pytest.mark.parametrize("name", ["openai-responses", "openai-speech", "openai-transcriptions"])
def test_a_stream_has_its_error_at_a_pointer_of_the_route(name: str) -> None:
    request = {"request": "POST /x", "protocol": name, "auth": "bearer"}
    route = Route.model_validate({**request, "errors": ["/fault/why"]})
    content = render_events([{"type": "begun"}, {"fault": {"why": "no channel"}}])
    found = PROTOCOLS[name].of_route(route).read(200, content, "text/event-stream")
    assert found.error == "no channel" and found.error_body is not None
