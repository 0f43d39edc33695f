"""Journalled attempts: the results of a probe as the journal of its retest has them."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from pydantic import ValidationError

from trueup.errors import BadInput
from trueup.model import Status
from trueup.receipts import Attempt, Bill
from trueup.relay import Journal
from trueup.request import request_of
from trueup.retest.plan import Probe

INTERRUPTED = "interrupted: the retest ended before the response was recorded"


class JournalledAttempt(NamedTuple):
    """An attempt in the journal; an interrupted call has no result there."""

    containment: str
    attempt: Attempt
    is_interrupted: bool = False


def attempts_of(probe: Probe, journal: Journal, status: Status) -> list[JournalledAttempt]:
    """Return the journal's attempts of a probe; a call without a result was interrupted."""
    every = journal.receipts  # of one call, the newest counts
    kept = {entry["ordinal"]: entry for entry in every if entry["label"] == probe.label}
    try:
        attempts = [
            JournalledAttempt(str(one["containment"]), Attempt.model_validate(one["attempt"]))
            for one in kept.values()
        ]
    except ValidationError as error:
        problem = f"a result of {probe.endpoint} is of another version"
        fix = "Resume with the version that wrote it, or move the file away."
        raise BadInput(journal.path, problem, fix) from error
    for ordinal, call in journal.calls.items():
        if call.intent.label == probe.label and ordinal not in kept:
            sent = request_of(status, probe.endpoint, probe.target)
            lost = Attempt(
                at=call.intent.at,
                outcome="inconclusive",
                kind="interrupted",
                reason=INTERRUPTED,
                sent=sent,
            )
            attempts.append(JournalledAttempt("none", lost, is_interrupted=True))
    return sorted(attempts, key=lambda kept: kept.attempt.at)


def keep_bills(journal: Journal, bills: Mapping[int, Bill]) -> Iterator[tuple[str, Bill]]:
    """Write bills into the journal in place of those that it has, by the number of the call. Yield
    each with the name of its probe."""
    for entry in tuple(journal.receipts):
        ordinal, attempt = entry["ordinal"], entry["attempt"]
        if isinstance(ordinal, int) and ordinal in bills and isinstance(attempt, dict):
            billing = bills[ordinal].model_dump(mode="json")
            journal.keep({**entry, "attempt": {**attempt, "billing": billing}})
            yield str(entry["label"]).rsplit(" ", 2)[0], bills[ordinal]
