"""A small status file with each kind of row, for the tests of its reader and its writer."""

from datetime import UTC, datetime

import pytest

from trueup.errors import BadStatus
from trueup.status_file import Stored, parse_status

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
ENDPOINT = "nano-banana/images-generations"
TEXT = """\
version: 2
policy: {reported_until: 2026-04-14}
targets:
  production: {base_url: https://example.com, reference: true}
  local: {base_url: http://localhost:4000}
routes:
  generate-content:
    request: POST /v1beta/models/{upstream}:generateContent
    protocol: gemini
    auth: query key
  images-generations:
    request: POST /v1/images/generations
    protocol: openai-images
    auth: bearer
signatures:
  no-channel:
    match: no channel
    cause: nothing is left
    replay: {status: 500, message: no channel left}
models:
  nano-banana: {title: Nano Banana, upstream: gemini-image}
endpoints:
  nano-banana/generate-content:
    body: {prompt: a banana}
  nano-banana/images-generations:
    body: {prompt: a banana}
mappings:
  - alias: nano-banana
    upstream: gemini-image
    at: 2026-04-14
    how: seen
    source: {reported: a page}
holds:
  - endpoint: nano-banana/*
    to: controlled-testing
    reason: it is slow
    by: Ann
    on: 2026-04-20
observations:
  - at: 2026-04-14
    endpoint: nano-banana/images-generations
    target: production
    sent:
      base_url: https://example.com
      request: POST /v1/images/generations
      auth: bearer
      body: {model: nano-banana, prompt: null}
    outcome: error
    signatures: [no-channel]
    source: {reported: a page}
"""


def parsed(text: str) -> Stored:
    return parse_status(text, "status.yml", NOW)


def refused(text: str) -> list[str]:
    """The lines of what the reader says of a text."""
    with pytest.raises(BadStatus) as caught:
        parsed(text)
    lines = [str(message) for message in caught.value.messages]
    assert str(caught.value).split("\n") == lines
    assert all(line.startswith("status.yml:") and line.isprintable() for line in lines)
    return lines
