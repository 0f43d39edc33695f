"""The facts of this repository's status file: the standing of each endpoint, and its variants."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from trueup.evidence import assess
from trueup.mock.replay_index import DOCUMENTED, Called, ReplayIndex
from trueup.request import request_of, variant_observations
from trueup.status_file import Stored
from trueup.wording.page_macros import page_macros

TOP = Path(__file__).parent.parent
CONTROLLED, UNVERIFIED, FAILED = "controlled-testing", "unverified", "not-recommended"
IMAGES = {
    "nano-banana/generate-content": CONTROLLED,
    "nano-banana/images-generations": FAILED,
    "nano-banana-2/generate-content": "recommended",
    "nano-banana-2/images-generations": FAILED,
    "nano-banana-pro/generate-content": CONTROLLED,
    "nano-banana-pro/images-generations": UNVERIFIED,
    "gemini-2.5-flash-image-preview/generate-content": CONTROLLED,
}
"""The endpoints of the pages of models."""
OTHERS = {
    "gpt-5.4/chat-completions": CONTROLLED,
    "claude-sonnet-4-6/chat-completions": CONTROLLED,
    "gemini-3-pro-preview/chat-completions": CONTROLLED,
    "gpt-4o-mini/chat-completions": UNVERIFIED,
    "deepseek-ocr/chat-completions": FAILED,
    "qwen-mt-turbo/chat-completions": FAILED,
    "claude-sonnet-4-6/messages": CONTROLLED,
    "claude-opus-4-6-thinking/messages": CONTROLLED,
    "gpt-5.4/responses": CONTROLLED,
    "gemini-3-pro-preview/generate-content": CONTROLLED,
    "gemini-2.5-pro/generate-content": UNVERIFIED,
    "text-embedding-3-small/embeddings": UNVERIFIED,
    "gte-rerank-v2/rerank": UNVERIFIED,
    "gpt-3.5-turbo-instruct/completions": FAILED,
    "tts-1/audio-speech": UNVERIFIED,
    "whisper-1/audio-transcriptions": UNVERIFIED,
    "wan2.2-t2v-plus/video-generations": UNVERIFIED,
    "-/models": CONTROLLED,
    "gpt-image-1/images-generations": CONTROLLED,
    "gpt-image-2/images-generations": UNVERIFIED,
    "gpt-image-2/images-edits": UNVERIFIED,
    "dall-e-3/images-generations": UNVERIFIED,
}
VARIANTS = {
    "gpt-5.4/chat-completions": {
        "stream": "output",
        "tools": "output",
        "json-schema": "output",
        "reasoning": "output",
        "image-input": "output",
    },
    "claude-sonnet-4-6/chat-completions": {"stream": "output", "json-schema": "error"},
    "gemini-3-pro-preview/chat-completions": {"stream": "output"},
    "gemini-3-pro-preview/generate-content": {
        "stream": "output",
        "json": "output",
        "tools": "output",
    },
    "gemini-2.5-pro/generate-content": {
        "image-input": "output",
        "audio-input": "output",
        "video-input": "output",
    },
    "claude-sonnet-4-6/messages": {
        "stream": "output",
        "tools": "output",
        "image-input": "output",
        "pdf-input": "output",
    },
    "gpt-5.4/responses": {
        "stream": "output",
        "reasoning": "output",
        "web-search": "output",
        "tools": "output",
    },
}
"""The newest outcome of each variant's request of today."""
SEEN = [
    ("gpt-4o-mini/chat-completions", ["inconclusive", "output"]),
    ("text-embedding-3-small/embeddings", ["output"]),
    ("tts-1/audio-speech", ["output"]),
    ("dall-e-3/images-generations", ["output"]),
    ("gpt-image-2/images-generations", []),
    ("gte-rerank-v2/rerank", []),
    ("whisper-1/audio-transcriptions", []),
    ("wan2.2-t2v-plus/video-generations", []),
]
"""The outcomes of rows that raise nothing, which are listed all the same, newest first."""


def test_each_endpoint_has_the_standing_of_its_facts(stored: Stored) -> None:
    standings = {name: str(one.standing) for name, one in assess(stored.status).items()}
    assert standings == IMAGES | OTHERS


def test_each_variant_has_the_outcome_of_its_facts(stored: Stored) -> None:
    found = {
        endpoint: {
            name: rows[0].outcome
            for name in one.variants
            if (rows := variant_observations(stored.status, endpoint, name))
        }
        for endpoint, one in stored.status.endpoints.items()
        if endpoint not in IMAGES
    }
    assert {endpoint: variants for endpoint, variants in found.items() if variants} == VARIANTS


@pytest.mark.parametrize(("endpoint", "outcomes"), SEEN)
def test_a_row_that_raises_nothing_is_listed(
    endpoint: str, outcomes: list[str], stored: Stored
) -> None:
    assert [row.outcome for row in stored.status.seen(endpoint)] == outcomes


def test_prompts_are_nobodys_fact(stored: Stored) -> None:
    for row in stored.status.observations:
        if row.endpoint in OTHERS and row.sent.content:
            now = request_of(stored.status, row.endpoint, row.target, row.variant)
            texts = {*_texts(now.content)} & {*_texts(row.sent.content)}
            assert not [text for text in texts if " " in text], row.endpoint


def _texts(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for part in parts for text in _texts(part)]


def test_lists_and_tables_are_by_kind_of_output() -> None:
    macros = page_macros(TOP, TOP / "docs" / "en", datetime.now(UTC), date(2026, 4, 14))
    kinds = ["Images", "Text", "Vectors and data", "Sound", "Video"]
    starts = dict(line[2:].split(": ", 1) for line in macros["start_here"]().splitlines())
    assert list(starts) == kinds
    assert "start with [Nano Banana 2](" in starts["Images"]
    assert "is [GPT-5.4](" in starts["Text"] and "controlled testing only" in starts["Text"]
    assert starts["Sound"].startswith("Do not build on these routes now")
    parts = macros["endpoints"]().split("\n\n")
    tables = dict(zip([title.strip("*") for title in parts[::2]], parts[1::2], strict=True))
    assert list(tables) == kinds
    images = tables["Images"].splitlines()[2:]
    code = "nano-banana-2.md#nano-banana-2--generate-content"
    assert images[0].startswith(f"| [Nano Banana 2]({code}) | Native Gemini generateContent | ")
    assert "](#nano-banana-2--generate-content)" in images[0]
    assert "tu-not-recommended" in images[-1] and images[-1].endswith(" |")
    assert "OpenAI Chat" in tables["Text"] and "OpenAI Chat" not in tables["Images"]
    assert "| Without a model | List of models | " in tables["Vectors and data"]
    assert "GPT" not in macros["shapes"]("gemini") and "Nano Banana 2" in macros["shapes"]("gemini")


@pytest.mark.parametrize(
    ("model", "place"),
    [
        ("gpt-5.4", "observations["),
        ("qwen-mt-turbo", "observations["),
        ("gpt-4o-mini", DOCUMENTED),
        ("nobody-4", None),
    ],
)
def test_a_row_without_a_body_answers_failing_calls_of_its_model_alone(
    model: str, place: str | None, stored: Stored
) -> None:
    body = {"model": model, "messages": [{"role": "user", "content": "ping"}], "max_tokens": 16}
    called = Called("POST /v1/chat/completions", ["bearer"], (), {"body": body})
    found = ReplayIndex(stored.status, "production").find(called)
    if place is None:
        assert found is None
    else:
        assert found and found.row.endpoint.startswith(f"{model}/")
        assert found.place.startswith(place)
