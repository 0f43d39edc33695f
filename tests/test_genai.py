"""The blocks of the google-genai SDK: the requests it sends, and their unobserved auth method."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import recorder
from hostile import repeatable, texts, values
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import to_json
from recorder import (
    KEY,
    REAL,
    TEMPLATES,
    TOP,
    Gateway,
    assert_formatted,
    block_of,
    judged,
    run_here,
    send,
    snippet_of,
    status_of,
)

from trueup.errors import BadInput
from trueup.model import Sent
from trueup.request import Difference, request_in, request_of
from trueup.snippet import LANGUAGES, language_of, languages_of, render_snippet
from trueup.status_file import Stored, parse_status
from trueup.verify.judge import LIMITS
from trueup.verify.run import Harness, open_mock
from trueup.wording import load_catalogue, receipt_line

server, gateway = recorder.server, recorder.gateway
NOW = datetime(2026, 4, 20, tzinfo=UTC)
NATIVE = [name for name in REAL.endpoints if REAL.route_of(name).protocol == "gemini"]
UNOBSERVED = (Difference(path=("auth",), recorded="query key", now="header x-goog-api-key"),)
CONTENTS = [{"role": "user", "parts": [{"text": "a"}]}]

# Random bodies: values that the SDK sends unchanged, would change, or does not know.
contents = st.lists(
    st.fixed_dictionaries(
        {"parts": st.lists(texts.map(lambda text: {"text": text}), max_size=2)},
        optional={"role": st.sampled_from(["user", "model"])},
    ),
    min_size=1,
    max_size=2,
)
config = st.fixed_dictionaries(
    {},
    optional={
        "responseModalities": st.lists(texts, max_size=2) | values,
        "temperature": st.floats(0, 2) | st.integers(0, 2),
        "topK": st.floats(0, 2) | values,
        "seed": st.integers(0, 9) | st.booleans(),
        "imageConfig": st.fixed_dictionaries({"aspectRatio": texts}) | values,
        "responseMimeType": texts | values,
        "unheardOf": values,
    },
)
bodies = st.fixed_dictionaries(
    {"contents": contents | values},
    optional={"generationConfig": config | values, "tools": values, "unheardOf": values},
)


@pytest.mark.no_cover
def test_hostile_bodies_arrive_unchanged_from_the_sdk(gateway: Gateway) -> None:
    drawn: list[tuple[dict[str, Any], str]] = []

    @repeatable
    @given(bodies)
    def draw(body: dict[str, Any]) -> None:
        drawn.append((body, "native"))

    draw()
    assert len(drawn) >= repeatable.max_examples
    send(gateway, "genai", run_here, drawn)


ARRIVING: dict[str, dict[str, Any]] = {
    "contents alone": {"contents": CONTENTS},
    "an image among the contents, whose names the SDK changes": {
        "contents": [
            {"parts": [{"inlineData": {"mimeType": "image/png", "data": "+/+/"}}]},
        ]
    },
    "a whole number, which the SDK makes a float": {
        "contents": CONTENTS,
        "generationConfig": {"temperature": 1, "topP": 1.0},
    },
    "an image config": {
        "contents": CONTENTS,
        "generationConfig": {"imageConfig": {"aspectRatio": "21:9", "imageSize": "4K"}},
    },
    "an image config that the SDK knows in part": {
        "contents": CONTENTS,
        "generationConfig": {
            "responseModalities": ["IMAGE"],
            "imageConfig": {"aspectRatio": "21:9", "unheardOf": None},
        },
    },
    "an empty config, which is not none": {"contents": CONTENTS, "generationConfig": {}},
    "no contents": {"unheardOf": 1},
}


def test_a_body_that_the_sdk_would_change_arrives_unchanged(gateway: Gateway) -> None:
    send(gateway, "genai", run_here, [(body, "native") for body in ARRIVING.values()])
    for command, path, headers, _ in gateway.requests:
        assert f"{command} {path}" == "POST /v1beta/models/oak-1.5-image:generateContent"
        lower = {name.lower(): value for name, value in headers.items()}
        assert lower["x-goog-api-key"] == KEY and "authorization" not in lower


@pytest.mark.parametrize("what", ARRIVING)
def test_a_block_stays_as_black_leaves_it(what: str) -> None:
    assert_formatted(snippet_of(status_of(ARRIVING[what]), "native", "genai"))


def test_a_field_that_the_sdk_knows_is_a_typed_argument() -> None:
    text = render_snippet(REAL, "nano-banana/generate-content", "genai", TEMPLATES).text
    assert 'types.GenerateContentConfig(\n    response_modalities=["TEXT", "IMAGE"],' in text
    assert "extra_body" not in text
    assert "model=MODEL," in text and 'MODEL = "gemini-2.5-flash-image"' in text


@pytest.mark.parametrize(
    "endpoint", [NATIVE[0], *(pytest.param(name, marks=pytest.mark.long) for name in NATIVE[1:])]
)
def test_a_block_passes_and_says_that_its_auth_method_was_not_observed(
    endpoint: str, harness: Harness, stored: Stored
) -> None:
    receipt = judged(block_of(endpoint, "genai"), harness, stored)
    assert receipt.reasons == () and receipt.passed
    assert (receipt.outcome, receipt.unobserved) == ("output", UNOBSERVED)
    line = receipt_line(receipt, REAL, load_catalogue("en"), "page/index.html")
    assert "That test did not use this auth method (<code>header x-goog-api-key</code>)." in line
    assert "Replays the evidence of 2026-04-14; nothing was sent to" in line
    assert json.loads(to_json(receipt))["unobserved"] == [
        {"path": ["auth"], "recorded": "query key", "now": "header x-goog-api-key", "absent": None}
    ]
    live = replace(receipt, replayed=False)
    line = receipt_line(live, REAL, load_catalogue("en"), "page/index.html")
    assert "not part of that evidence" not in line


@pytest.mark.long
def test_the_sdk_sends_the_recorded_body_and_nothing_more(harness: Harness) -> None:
    endpoint = "nano-banana/generate-content"
    run = harness.run("python", block_of(endpoint, "genai").text, LIMITS)
    sent = [each for each in run.exchanges if each.host == harness.gateway]
    request = request_in(sent[0], harness.base_url)
    today = request_of(REAL, endpoint, REAL.reference)
    assert len(sent) == 1 and isinstance(request, Sent)
    assert request == today.model_copy(update={"auth": "header x-goog-api-key"})


BROKEN = {
    "the model": (
        ('MODEL = "gemini-2.5-flash-image"', 'MODEL = "gemini-2.5-flash-imagf"'),
        "imagf",
    ),
    "a field more": (
        ("response_modalities=[", "seed=1,\n    response_modalities=["),
        "body.generationConfig.seed: recorded nothing, now 1",
    ),
}


@pytest.mark.long
@pytest.mark.parametrize("what", BROKEN)
def test_any_other_difference_fails(what: str, harness: Harness, stored: Stored) -> None:
    change, says = BROKEN[what]
    block = block_of("nano-banana/generate-content", "genai", change)
    receipt = judged(block, harness, stored)
    assert not receipt.passed and says in "; ".join(receipt.reasons)


@pytest.mark.long
def test_the_sdk_fails_on_a_route_that_does_not_accept_its_auth_method() -> None:
    text = (TOP / "tests" / "record.yml").read_text("utf-8")
    changed = text.replace("    accepted_auth: [header x-goog-api-key]\n", "")
    assert changed != text
    stored = parse_status(changed, "status.yml", NOW)
    with open_mock(stored) as harness:
        block = block_of("nano-banana/generate-content", "genai", status=stored.status)
        receipt = judged(block, harness, stored)
    assert not receipt.passed and receipt.unobserved == ()
    assert "auth: recorded query key, now header x-goog-api-key" in "; ".join(receipt.reasons)


def test_any_other_client_with_that_auth_method_fails(harness: Harness, stored: Stored) -> None:
    key, header = (
        ("?key=YOUR_API_KEY", ""),
        ("  -d", "  -H 'x-goog-api-key: YOUR_API_KEY' \\\n  -d"),
    )
    block = block_of("nano-banana/generate-content", "curl", key, header)
    receipt = judged(block, harness, stored)
    assert "auth: recorded query key, now header x-goog-api-key" in "; ".join(receipt.reasons)


def test_a_protocol_without_its_template_does_not_show_an_optional_language(tmp_path: Path) -> None:
    core = [language for language in LANGUAGES.values() if not language.optional]
    assert [language.name for language in core] == ["curl", "python", "javascript"]
    assert list(languages_of(REAL.routes["images-generations"], TEMPLATES)) == core
    native = REAL.routes["generate-content"]
    assert list(languages_of(native, TEMPLATES)) == [*core, LANGUAGES["genai"]]
    (tmp_path / "gemini").mkdir()  # a folder of its own, without a template in it
    assert list(languages_of(native, tmp_path)) == core
    named = native.model_copy(update={"languages": ("python", "curl")})
    assert [language.name for language in languages_of(named, TEMPLATES)] == ["curl", "python"]
    with pytest.raises(BadInput, match=r"javascript\.mjs\.j2, needed for JavaScript, does not"):
        render_snippet(REAL, NATIVE[0], "javascript", tmp_path)


@pytest.mark.parametrize(
    ("block_id", "name"),
    [("a--b--genai", "genai"), ("a--b--python", "python"), ("a--b--x", None), (None, None)],
)
def test_the_language_of_a_block_is_in_its_id(block_id: str | None, name: str | None) -> None:
    found = language_of(block_id)
    assert (found.name if found else None) == name
