"""Variants with a path of their own, such as that of a stream."""

from datetime import date
from pathlib import Path

import pytest
from status_sample import TEXT, parsed, refused

from trueup.check.status_claims import check_status
from trueup.evidence import assess
from trueup.request import request_of

ENDPOINT = "nano-banana/generate-content"
PATH = "POST /v1beta/models/{upstream}:streamGenerateContent?alt=sse"
VARIANT = (
    "    body: {prompt: a banana}\n    variants: {stream: {title: a stream, request: REQUEST}}\n"
)
ROW = """\
  - at: 2026-04-14
    endpoint: nano-banana/generate-content
    variant: stream
    target: production
    sent:
      base_url: https://example.com
      request: POST /v1beta/models/gemini-image:streamGenerateContent?alt=sse
      auth: query key
      body: {prompt: null}
    outcome: error
    source: {reported: a page}
"""


def text_of(request: str) -> str:
    variant = VARIANT.replace("REQUEST", f'"{request}"')
    return TEXT.replace("    body: {prompt: a banana}\n", variant, 1) + ROW


def test_a_variant_has_a_request_of_its_own() -> None:
    status = parsed(text_of(PATH)).status
    own = request_of(status, ENDPOINT, "production", "stream").request
    assert own == "POST /v1beta/models/gemini-image:streamGenerateContent?alt=sse"
    assert request_of(status, ENDPOINT, "production").request.endswith(":generateContent")


@pytest.mark.parametrize("place", ["{action}", "{model", "{0}"])
def test_only_known_places_of_it_are_filled_in(place: str) -> None:
    (line,) = refused(text_of(f"POST /v1/{place}"))
    assert line.startswith("status.yml:25:42:") and "are filled in" in line


def test_its_drift_is_found_at_the_variant(tmp_path: Path) -> None:
    text = text_of(PATH.replace("alt=sse", "alt=json"))
    stored = parsed(text)
    found = check_status(stored, assess(stored.status), tmp_path, date(2026, 4, 14))
    line = text[: text.index('request: "')].count("\n") + 1
    (drift,) = [one for one in found if one.rule == "drift"]
    assert str(drift).startswith(f"status.yml:{line}:") and "alt=json" in drift.problem
