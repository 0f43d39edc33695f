"""What a gateway says, in the text of a pull request: shown, and active nowhere."""

import re
from datetime import UTC, datetime
from hashlib import sha256

import pytest
import yaml
from conftest import TOP

from trueup.receipts import Attempt, RetestReceipt
from trueup.request import request_of
from trueup.retest.report import inert, summary
from trueup.status_file import parse_status

NOW = datetime(2026, 5, 3, 12, tzinfo=UTC)
STATUS = parse_status((TOP / "tests" / "record.yml").read_text("utf-8"), "status.yml", NOW).status
ENDPOINT = "nano-banana/generate-content"
HOSTILE = [
    *("<img src=https://evil.example/a.png>", "@octocat look", "closes #1", "Fixes GH-7"),
    *("resolves octo/repo#12", "[a](https://evil.example)", "![a](//evil.example/b)"),
    *("www.evil.example", "` @octocat `", "``` \n```\n# x", "``\n\n<script>x</script>", "<!-- "),
    *("a | b | c", "closes https://github.com/o/r/issues/1", "~~~\n@x", "\u202eevil\u2066"),
    *("a\r\n- [ ] @x\u2028@y", "\\` @x", "&#64;octocat", "\U000e0041tag", "\x1b[31m@x"),
]
ACTIVE = re.compile(r"@|#\w|<|://|GH-|www\.|\|", re.IGNORECASE)


def receipt(outcome: str, **fields: object) -> RetestReceipt:
    sent = request_of(STATUS, ENDPOINT, STATUS.reference)
    attempt = Attempt.model_validate(
        {"at": NOW, "outcome": outcome, "status": 500, "sent": sent, **fields}
    )
    return RetestReceipt(
        endpoint=ENDPOINT,
        target=STATUS.reference,
        language="curl",
        block="curl",
        sha256=sha256(b"curl").hexdigest(),
        containment="namespace",
        attempts=(attempt,),
    )


@pytest.mark.parametrize("text", HOSTILE)
def test_a_text_of_the_gateway_is_inert_in_a_pull_request(text: str) -> None:
    span = inert(text)
    assert span.count("`") == 2 and span.isprintable() and not ACTIVE.search(span)
    body = summary(STATUS, STATUS, [], [receipt("inconclusive", reason=text)], "")
    (line,) = [one for one in body.splitlines() if one.startswith(f"- {STATUS.reference} `")]
    assert line == f"- {STATUS.reference} `{ENDPOINT}`: {span}"
    bill = {"verdict": "mismatch", "cause": "not-booked", "reason": text}
    body = summary(STATUS, STATUS, [], [receipt("output", billing=bill)], "")
    assert body.endswith(f": mismatch. {span}\n")


@pytest.mark.parametrize("text", HOSTILE)
def test_a_proposed_failure_text_is_inert_and_still_exact(text: str) -> None:
    body = summary(STATUS, STATUS, [], [receipt("error", error=text)], "")
    section = body.partition("## Unknown failure texts")[2]
    assert not ACTIVE.search(section) and section.count("```") == 2
    proposal = yaml.safe_load(section.partition("```yaml\n")[2].partition("  ```")[0])
    assert proposal["a-name-for-it"]["match"] == " ".join(text.split())


def test_a_long_text_is_cut() -> None:
    assert len(inert("word " * 1000)) < 400
