"""Told: what a retest changes for readers, as lines for a terminal and as Markdown for a review."""

import json
import re
from collections.abc import Iterator, Sequence

from trueup.evidence import Assessment, agree, assess
from trueup.model import Observation, Status
from trueup.retest.plan import Probe
from trueup.retest.receipt import RetestReceipt, row_of

LONGEST = 300
REQUEST_ID = re.compile(r" *[(（]request id: [^)）]*[)）]", re.IGNORECASE)


def plan_rows(probes: Sequence[Probe]) -> list[tuple[str, str, str, str, str]]:
    """Target, endpoint, language, why, and what one call is expected to cost."""
    return [
        (
            probe.target,
            probe.endpoint,
            probe.snippet.language.name,
            probe.why,
            "unknown" if probe.price_usd is None else f"${probe.price_usd}",
        )
        for probe in probes
    ]


def changes(before: Status, after: Status, proofs: Sequence[RetestReceipt]) -> list[str]:
    """A line for each endpoint that was asked at the reference: its standing now, and before."""
    lines = []
    both = [assess(status) for status in (before, after)]
    for proof in proofs:
        if proof.target == before.reference:
            was, now = (standing_line(assessments[proof.endpoint]) for assessments in both)
            note = "unchanged" if was == now else f"was {was}"
            lines.append(f"{proof.endpoint}: {now}; {note}")
    return lines


def standing_line(verdict: Assessment) -> str:
    """A standing with what it rests on, such as `controlled-testing (billing aligned, 1 of 3)`."""
    outcome, billing = verdict.outcome, verdict.billing
    parts = []
    if verdict.no_answer:
        parts.append("no answer")
    elif outcome is not None and outcome.outcome != "output":
        parts.append({"mixed": "intermittent"}.get(outcome.outcome, outcome.outcome))
    elif outcome is not None:
        seen = billing.billing if billing is not None else None
        parts.append(f"billing {seen or 'not observed'}" if verdict.billing_measured else "output")
        parts.append(f"{min(verdict.clean, verdict.needed)} of {verdict.needed}")
    if verdict.hold:
        parts.append("held back")
    told = ", ".join(parts)
    return f"{verdict.standing} ({told})" if told else str(verdict.standing)


def summary(
    before: Status,
    after: Status,
    probes: Sequence[Probe],
    proofs: Sequence[RetestReceipt],
    spent: str,
) -> str:
    """The whole retest as Markdown, for a pull request."""
    return "\n".join([*_summary(before, after, probes, proofs, spent), ""])


def _summary(
    before: Status,
    after: Status,
    probes: Sequence[Probe],
    proofs: Sequence[RetestReceipt],
    spent: str,
) -> Iterator[str]:
    mark = (
        "**Rehearsal: the mock answered, and nothing was sent to a gateway.** "
        if any(proof.rehearsal for proof in proofs)
        else ""
    )
    yield f"{mark}{len(proofs)} of {len(probes)} planned endpoints were asked; {spent}.\n"
    yield "## What changes for readers\n"
    lines = changes(before, after, proofs)
    yield from (f"- {line}" for line in lines)
    if not lines:
        yield "Nothing: the reference target was not asked."
    yield "\n## What was seen\n"
    yield "| Endpoint | Docs say | " + " | ".join(targets := _targets(proofs)) + " | Reading |"
    yield "| --- " * (len(targets) + 3) + "|"
    for endpoint in dict.fromkeys(proof.endpoint for proof in proofs):
        yield _reading(before, endpoint, targets, proofs)
    inconclusive = [proof for proof in proofs if row_of(proof).outcome == "inconclusive"]
    if inconclusive:
        yield "\n## Could not tell\n"
        yield from (
            f"- {one.target} `{one.endpoint}`: {row_of(one).reason}" for one in inconclusive
        )
    bills = [(proof, one) for proof in proofs for one in proof.attempts]
    if any(one.billing for _, one in bills):
        yield "\n## Bills\n"
        for proof, one in bills:
            if (bill := one.billing) is not None:
                yield f"- {proof.target} `{proof.endpoint}`: {bill.verdict}. {bill.reason}"
    unknown = list(_unknown(proofs))
    if unknown:
        yield "\n## Failure texts that the status file does not know\n"
        yield "Each is a proposal: choose a name and the part that tells it apart, and its cause.\n"
        yield from unknown


def _targets(proofs: Sequence[RetestReceipt]) -> list[str]:
    return list(dict.fromkeys(proof.target for proof in proofs))


def _reading(
    before: Status, endpoint: str, targets: Sequence[str], proofs: Sequence[RetestReceipt]
) -> str:
    """One endpoint: the record that the docs rest on, and each target today, side by side."""
    told = next(
        (r for r in before.seen(endpoint, before.reference) if r.outcome != "inconclusive"), None
    )
    rows = {proof.target: row_of(proof) for proof in proofs if proof.endpoint == endpoint}
    seen = [_cell(told) if told else "nothing", *(_cell(rows.get(name)) for name in targets)]
    return f"| `{endpoint}` | {' | '.join(seen)} | {drift(told, rows)} |"


def _cell(row: Observation | None) -> str:
    if row is None:
        return "not asked"
    parts = [row.outcome, row.shape or "", row.image.mime or "" if row.image else ""]
    parts += [*row.signatures, f"billing {row.billing}" if row.billing else ""]
    return ", ".join(part for part in parts if part)


def drift(docs: Observation | None, rows: dict[str, Observation]) -> str:
    """Who parted from whom, by outcome, shape, type of image and failure text."""
    told = {name: row for name, row in rows.items() if row.outcome != "inconclusive"}
    if not told:
        return "could not tell"
    if docs is None:
        return "not on record before"
    parted = [name for name, row in told.items() if not agree(docs, row)]
    agreeing = [name for name in told if name not in parted]
    if not parted:
        return "all agree"
    if agreeing:
        verb = "agree" if len(agreeing) > 1 else "agrees"
        return f"{_and(parted)} parted from the docs; {_and(agreeing)} {verb}"
    first, *others = (told[name] for name in parted)
    alike = " alike" if others and all(agree(first, other) for other in others) else ""
    return f"{_and(parted)} parted from the docs{alike}"


def _and(names: Sequence[str]) -> str:
    return " and ".join(names)


def _unknown(proofs: Sequence[RetestReceipt]) -> Iterator[str]:
    for proof in proofs:
        failed = (one for one in proof.attempts if one.outcome == "error" and not one.signatures)
        one = next(failed, None)
        if one is not None and one.error:
            said = REQUEST_ID.sub("", " ".join(one.error.split()))
            text = json.dumps(said[:LONGEST], ensure_ascii=False)
            status = max(one.status or 500, 400)
            yield f"- {proof.target} `{proof.endpoint}`, HTTP {one.status}:\n"
            yield f"  ```yaml\n  a-name-for-it:\n    match: {text}\n    cause: not known yet"
            yield f"    replay: {{status: {status}, message: {text}}}\n  ```\n"
