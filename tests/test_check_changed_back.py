"""A request that was changed, failed, and was changed back: the check names row and part."""

from pathlib import Path

import pytest
from status_sample import ENDPOINT, NOW, TEXT, parsed

from trueup.check.status_claims import check_status
from trueup.evidence import assess

GOOD = """\
  - at: 2026-04-{day}
    endpoint: nano-banana/images-generations
    target: production
    sent:
      base_url: https://example.com
      request: POST /v1/images/generations
      auth: bearer
      body: {{model: nano-banana, prompt: null{more}}}
    outcome: {outcome}
"""
SOURCE = "    source: {reported: a page}\n"
SILENT = "inconclusive\n    kind: no-answer\n    reason: no answer"
OUTPUT = "output\n    billing: aligned"
HEAD = TEXT.partition("observations:\n")[0].partition("holds:")[0] + "observations:\n"


def row(day: int, outcome: str, more: str = "") -> str:
    return GOOD.format(day=f"{day:02}", outcome=outcome, more=more) + SOURCE


OTHER = ", size: 1K"
CASES = [
    ([row(1, OUTPUT), row(2, "error", OTHER)], True),
    ([row(1, OUTPUT), row(2, "output\n    billing: mismatch", OTHER)], True),
    ([row(1, OUTPUT), row(2, "error", OTHER), row(3, OUTPUT, OTHER)], True),
    ([row(1, OUTPUT), row(2, SILENT, OTHER), row(3, SILENT, OTHER)], True),
    ([row(1, OUTPUT), row(2, "error", OTHER), row(3, SILENT)], True),
    ([row(1, OUTPUT), row(2, SILENT, OTHER)], False),
    ([row(1, OUTPUT), row(2, OUTPUT, OTHER)], False),
    ([row(1, OUTPUT), row(2, "error", OTHER), row(3, OUTPUT)], False),
    ([row(1, "error"), row(2, "error", OTHER)], False),
]


@pytest.mark.parametrize(("rows", "is_found"), CASES)
def test_a_request_that_was_changed_back_after_a_failure_is_found(
    rows: list[str], is_found: bool, tmp_path: Path
) -> None:
    stored = parsed(HEAD + "".join(rows))
    found = check_status(stored, assess(stored.status), tmp_path, NOW.date())
    drifts = [one for one in found if one.rule == "drift"]
    assert len(drifts) == is_found
    for one in drifts:
        assert one.where == stored.place("endpoints", ENDPOINT, "body")
        assert one.problem.startswith(f"the request of {ENDPOINT} differs from that of a later")
        assert 'body.size: recorded "1K", now nothing' in one.problem
        assert one.fix.endswith(f"restore the request of {stored.place('observations', 1)}.")
