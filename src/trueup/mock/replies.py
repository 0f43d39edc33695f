"""Replies: what the mock sends, whatever its dialect. Makes no decision."""

import json
from dataclasses import dataclass
from functools import lru_cache

from trueup.mock.sample import sample_of
from trueup.model import Shape
from trueup.protocols import Protocol, WordedReply

JSON = "application/json; charset=utf-8"
BARE_JSON = "application/json"
"""As an upstream sends it, whose reply is passed on."""
HTML = "text/html; charset=utf-8"
INDEX = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Simulated gateway</title></head>
<body><h1>Simulated gateway</h1>
<p>This is a mock. It answers from recorded observations, and nothing is sent anywhere.</p>
</body></html>
"""


@dataclass(frozen=True, slots=True)
class MockReply:
    """A reply on its way out; `place` is that of the observation that it replays."""

    status: int
    content: bytes
    content_type: str = JSON
    place: str | None = None


def index_page() -> MockReply:
    """Return the page at any path outside the API."""
    return MockReply(200, INDEX.encode(), HTML)


def as_json(body: object, status: int = 200) -> MockReply:
    """Return a reply with a JSON body."""
    return MockReply(status, encoded(body))


@lru_cache(maxsize=64)
def success(
    protocol: Protocol,
    shape: Shape,
    model: str,
    mime: str | None,
    media: str,
    upstream: str,
    has_usage: bool,
) -> WordedReply:
    """Return a reply with the model's simulated output; equal replies are made once."""
    sample = sample_of(protocol.shapes[shape], model, mime, media)
    return protocol.word(shape, sample, upstream, has_usage=has_usage)


def encoded(body: object) -> bytes:
    """Return the JSON text as the gateway writes it."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
