from datetime import UTC, datetime

import pytest
from conftest import TOP

from trueup.errors import BadStatus
from trueup.status_file import parse_status

NOW = datetime(2026, 4, 20, tzinfo=UTC)
CURRENT = (TOP / "tests" / "record.yml").read_text("utf-8")
WORDS = {
    "version: 2": "version: 1",
    "outcome: output": "outcome: image",
    "outcome: inconclusive": "outcome: cannot-tell",
    "billing: inconclusive": "billing: cannot-tell",
    "billing: charged-without-output": "billing: charged-without-image",
    "others_conclusive: true": "others_told: true",
}
ROWS = """
  - at: 2026-03-23
    endpoint: nano-banana/generate-content
    target: local
    sent: {base_url: "http://localhost:4000", request: POST /v1, auth: bearer, body: {}}
    outcome: inconclusive
    reason: no answer
    others_conclusive: true
    billing: inconclusive
  - at: 2026-03-23
    endpoint: nano-banana/generate-content
    target: local
    sent: {base_url: "http://localhost:4000", request: POST /v1, auth: bearer, body: {}}
    outcome: error
    billing: charged-without-output
"""


def test_a_file_of_version_1_is_refused_with_what_to_write() -> None:
    with pytest.raises(BadStatus) as caught:
        parse_status(CURRENT.replace("version: 2", "version: 1"), "status.yml", NOW)
    assert str(caught.value) == (
        "status.yml:3:1: version is 1, expected 2. Write version: 2, and in the"
        " observations outcome: output for image, inconclusive for cannot-tell,"
        " billing: charged-without-output for charged-without-image, and others_conclusive for"
        " others_told."
    )


def test_a_base_of_version_1_reads_as_it_would_in_the_words_of_today() -> None:
    current = CURRENT.rstrip() + ROWS
    old = current
    for new, word in WORDS.items():
        assert new in old
        old = old.replace(new, word)
    read = parse_status(old, "main:status.yml", NOW, is_base=True)
    assert read.status == parse_status(current, "status.yml", NOW).status


@pytest.mark.parametrize("rows", ["observations: 3", "observations: [3]"])
def test_a_broken_base_of_version_1_is_refused_as_any_other(rows: str) -> None:
    head = CURRENT.replace("version: 2", "version: 1").partition("observations:")[0]
    with pytest.raises(BadStatus):
        parse_status(f"{head}{rows}\n", "main:status.yml", NOW, is_base=True)
