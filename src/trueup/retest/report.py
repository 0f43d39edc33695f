"""Report: the changes that a retest makes for readers, as lines and as Markdown for a review."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence

from trueup.evidence import Assessment, assess, same_result
from trueup.model import Observation, Status
from trueup.receipts import RetestReceipt, row_of
from trueup.retest.plan import Probe

LONGEST_MATCH = 300
"""Letters of a proposed failure text: some sentences, of which a person chooses a part."""
ACTIVE = re.compile(r"[`@#<|]|://|GH(?=-)|www(?=\.)", re.IGNORECASE)
"""What GitHub or Markdown would act on: a mention, the number of an issue, HTML, a link, the end of
a code span or of a table's cell. Escaped in code spans too, since a merge may copy the text of a
pull request into a commit message, where there are none."""
NO_TEXTS: Mapping[str, str | None] = {}
COMPARISONS: Mapping[str, tuple[str, str]] = {
    "differ": ("differs from the docs", "differ from the docs"),
    "fail otherwise": (
        "fails otherwise than the docs say",
        "fail otherwise than the docs say",
    ),
    "fail too": (
        "fails too, with a text that the docs do not have",
        "fail too, with texts that the docs do not have",
    ),
    "agree": ("agrees", "agree"),
}
"""Phrases for one target and for several."""
REQUEST_ID = re.compile(r" *[(（]request id: [^)）]*[)）]", re.IGNORECASE)


def plan_rows(probes: Sequence[Probe]) -> list[tuple[str, str, str, str, str]]:
    """Return target, endpoint, language, reason and expected cost of one call for each probe."""
    return [
        (
            probe.target,
            probe.endpoint,
            probe.snippet.language.name,
            probe.reason or "fresh",
            "unknown" if probe.price_usd is None else f"${probe.price_usd}",
        )
        for probe in probes
    ]


def changes(before: Status, after: Status, receipts: Sequence[RetestReceipt]) -> list[str]:
    """Return a line for each endpoint called at the reference: its standing now, and before."""
    lines = []
    both = [assess(status) for status in (before, after)]
    for receipt in receipts:
        if receipt.target == before.reference:
            was, now = (standing_line(assessments[receipt.endpoint]) for assessments in both)
            note = "unchanged" if was == now else f"was {was}"
            lines.append(f"{receipt.endpoint}: {now}; {note}")
    return lines


def standing_line(assessment: Assessment) -> str:
    """Return a standing with its grounds: `controlled-testing (billing aligned, 1 of 3)`."""
    outcome, billing = assessment.outcome, assessment.billing
    parts = []
    if assessment.no_answer:
        parts.append("no answer")
    elif outcome is not None and outcome.outcome != "output":
        parts.append({"mixed": "intermittent"}.get(outcome.outcome, outcome.outcome))
    elif outcome is not None:
        seen = (billing.billing if billing else None) or "not observed"
        parts.append(f"billing {seen}" if assessment.billing_measured else "output")
        parts.append(f"{min(assessment.clean, assessment.needed)} of {assessment.needed}")
    if assessment.hold:
        parts.append("held back")
    return f"{assessment.standing} ({', '.join(parts)})" if parts else str(assessment.standing)


def summary(
    before: Status,
    after: Status,
    probes: Sequence[Probe],
    receipts: Sequence[RetestReceipt],
    spent: str,
) -> str:
    """Return the whole retest as Markdown, for a pull request."""
    rehearsal = "**Rehearsal: the mock answered, and nothing was sent to a gateway.** "
    mark = rehearsal if any(receipt.rehearsal for receipt in receipts) else ""
    lines = [f"- {line}" for line in changes(before, after, receipts)]
    parts = [
        f"{mark}{len(receipts)} of {len(probes)} planned endpoints were called; {spent}.\n",
        "## Changes for readers\n",
        *(lines or ["None: the reference target was not called."]),
        "\n## Results\n",
        *_results(before, receipts),
        *_section("Inconclusive", _inconclusive(receipts)),
        *_section("Billing", _bills(receipts)),
        *_section("Unknown failure texts", _proposals(receipts)),
    ]
    return "\n".join([*parts, ""])


def _section(heading: str, lines: Iterator[str]) -> list[str]:
    found = list(lines)
    return [f"\n## {heading}\n", *found] if found else []


def _inconclusive(receipts: Sequence[RetestReceipt]) -> Iterator[str]:
    for receipt in receipts:
        row = row_of(receipt)
        if row.outcome == "inconclusive":
            yield f"- {receipt.target} `{receipt.endpoint}`: {inert(row.reason)}"


def inert(text: object) -> str:
    """Return a text of a gateway as a code span on one line, in which nothing is active."""
    line = " ".join(str(text).split())
    cut = line if len(line) <= LONGEST_MATCH else f"{line[:LONGEST_MATCH]}…"
    return f"`{_escaped(cut)}`"


def _escaped(text: str) -> str:
    """Return a text with `\\uXXXX`, as YAML reads it, for what is active or unseen."""
    escaped = ACTIVE.sub(lambda found: _code(found[0][0]) + found[0][1:], text)
    return "".join(char if char.isprintable() else _code(char) for char in escaped)


def _code(char: str) -> str:
    number = ord(char)
    return f"\\u{number:04x}" if number <= 0xFFFF else f"\\U{number:08x}"


def _bills(receipts: Sequence[RetestReceipt]) -> Iterator[str]:
    for receipt in receipts:
        for attempt in receipt.attempts:
            if (bill := attempt.billing) is not None:
                what = f"{bill.verdict}. {inert(bill.reason)}"
                yield f"- {receipt.target} `{receipt.endpoint}`: {what}"


def _results(before: Status, receipts: Sequence[RetestReceipt]) -> Iterator[str]:
    """Yield a table: the record that the docs rest on, and each target today, side by side."""
    targets = list(dict.fromkeys(receipt.target for receipt in receipts))
    yield f"| Endpoint | Docs | {' | '.join(targets)} | Comparison |"
    yield "| --- " * (len(targets) + 3) + "|"
    for endpoint in dict.fromkeys(receipt.endpoint for receipt in receipts):
        docs = next(
            (
                row
                for row in before.seen(endpoint, before.reference)
                if row.outcome != "inconclusive"
            ),
            None,
        )
        of_it = [receipt for receipt in receipts if receipt.endpoint == endpoint]
        rows = {receipt.target: row_of(receipt) for receipt in of_it}
        texts = {receipt.target: _unknown_text(receipt) for receipt in of_it}
        cells = [_cell(docs, "no record")]
        cells += [_cell(rows.get(target), "not called", texts.get(target)) for target in targets]
        yield f"| `{endpoint}` | {' | '.join(cells)} | {drift(docs, rows, texts)} |"


def _cell(row: Observation | None, absent: str, text: str | None = None) -> str:
    if row is None:
        return absent
    parts = [row.outcome, row.shape or "", row.mime or ""]
    parts += [*row.signatures, inert(text) if text else ""]
    parts += [f"billing {row.billing}" if row.billing else ""]
    return ", ".join(part for part in parts if part)


def _unknown_text(receipt: RetestReceipt) -> str | None:
    """Return the newest failure text that has no signature, without the request id."""
    failures = (tried for tried in reversed(receipt.attempts) if tried.outcome == "error")
    text = next((tried.error for tried in failures if not tried.signatures), None)
    return text and REQUEST_ID.sub("", " ".join(text.split()))


def drift(
    docs: Observation | None,
    rows: Mapping[str, Observation],
    texts: Mapping[str, str | None] = NO_TEXTS,
) -> str:
    """Return which targets differ from the docs in outcome, shape, type of image or failure.

    `texts` are the failure texts without a signature, by target.
    """
    conclusive = {name: row for name, row in rows.items() if row.outcome != "inconclusive"}
    if not conclusive:
        return "inconclusive"
    if docs is None:
        return "no earlier record"
    names = dict[str, list[str]]()
    for name, row in conclusive.items():
        names.setdefault(_comparison(docs, row), []).append(name)
    if list(names) == ["agree"]:
        return "all agree"
    text = "; ".join(
        f"{' and '.join(names[kind])} {phrases[len(names[kind]) > 1]}"
        for kind, phrases in COMPARISONS.items()
        if kind in names
    )
    first, *others = conclusive
    is_alike = all(
        same_result(conclusive[first], conclusive[other]) and texts.get(first) == texts.get(other)
        for other in others
    )
    return f"{text} in the same way" if list(names) == ["differ"] and others and is_alike else text


def _comparison(docs: Observation, row: Observation) -> str:
    """Return how a conclusive row compares with the docs: a key of COMPARISONS."""
    is_failure = row.outcome == docs.outcome in ("error", "mixed")
    if is_failure and docs.signatures and not row.signatures:
        return "fail otherwise"
    if not same_result(docs, row):
        return "differ"
    return "fail too" if is_failure and not docs.signatures else "agree"


def _proposals(receipts: Sequence[RetestReceipt]) -> Iterator[str]:
    """Yield a signature to add for the first failure of each endpoint that has an unknown text."""
    failures = {
        receipt.path: (receipt, attempt)
        for receipt in receipts
        for attempt in reversed(receipt.attempts)
        if attempt.outcome == "error" and attempt.error and not attempt.signatures
    }
    if failures:
        yield "The status file has no signature for these. Add one: choose its name, the part of"
        yield "the text that identifies it, and its cause.\n"
    for receipt, attempt in failures.values():
        message = REQUEST_ID.sub("", " ".join((attempt.error or "").split()))
        text = _escaped(json.dumps(message[:LONGEST_MATCH], ensure_ascii=False))
        status = max(attempt.status or 500, 400)
        yield f"- {receipt.target} `{receipt.endpoint}`, HTTP {attempt.status}:\n"
        yield f"  ```yaml\n  a-name-for-it:\n    match: {text}\n    cause: not known yet"
        yield f"    replay: {{status: {status}, message: {text}}}\n  ```\n"
