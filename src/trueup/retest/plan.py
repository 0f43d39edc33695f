"""Plan: which endpoints a retest asks, at which target, and why. Reads no clock and no network."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fnmatch import fnmatchcase
from hashlib import sha256

from trueup.errors import BadInput
from trueup.evidence import Assessment, assess, mapping_of
from trueup.model import Status, split
from trueup.snippet import Snippet

PriceOf = Callable[[str], Decimal | None]


@dataclass(frozen=True)
class Probe:
    """One endpoint to ask at one target, with the published block of one language.

    `why` says in a few words what is known today; `is_due` whether that calls for a retest.
    `price_usd` is what one call is expected to cost, None where no price is known.
    """

    endpoint: str
    target: str
    snippet: Snippet
    why: str
    is_due: bool
    price_usd: Decimal | None

    @property
    def label(self) -> str:
        """The probe's name in the journal. It holds for one text of the block: an answer is of what
        was sent."""
        block = sha256(self.snippet.text.encode()).hexdigest()[:12]
        return f"{self.target} {self.endpoint} {self.snippet.language.name} {block}"


def plan(
    status: Status,
    snippets: Sequence[Snippet],
    targets: Sequence[str],
    patterns: Collection[str],
    language: str,
    today: date,
    *,
    only_due: bool,
    price_of: Callable[[str], PriceOf],
) -> tuple[Probe, ...]:
    """The probes, target by target, in the order of the status file.

    `patterns` are globs of endpoints; none means all. `price_of` gives a target's prices. Raises
    BadInput where a pattern fits no endpoint.
    """
    for pattern in patterns:
        if not any(fnmatchcase(endpoint, pattern) for endpoint in status.endpoints):
            raise BadInput(
                f"--endpoint {pattern}: it fits no endpoint; one of"
                f" {', '.join(status.endpoints)} was expected. Correct the pattern."
            )
    assessments = assess(status)
    return tuple(
        probe
        for target in targets
        for probe in _probes(
            status, assessments, snippets, target, language, today, price_of(target)
        )
        if any(fnmatchcase(probe.endpoint, pattern) for pattern in patterns or ("*",))
        and (probe.is_due or not only_due)
    )


def _probes(
    status: Status,
    assessments: Mapping[str, Assessment],
    snippets: Sequence[Snippet],
    target: str,
    language: str,
    today: date,
    price_of: PriceOf,
) -> Iterator[Probe]:
    for snippet in snippets:
        if snippet.language.name == language:
            found = due(status, assessments[snippet.endpoint], target, today)
            price = price_of(called(status, snippet.endpoint))
            yield Probe(
                snippet.endpoint, target, snippet, found or "fresh", found is not None, price
            )


def called(status: Status, endpoint: str) -> str:
    """The name by which an endpoint's requests call its model: prices go by it."""
    model, _ = split(endpoint)
    return status.upstream(model) if "{upstream}" in status.route_of(endpoint).request else model


def due(status: Status, assessment: Assessment, target: str, today: date) -> str | None:
    """Why an endpoint should be asked again at a target; None where nothing calls for it."""
    if status.endpoints[assessment.endpoint].skip is not None:
        return None
    newest = assessment.latest.get(target)
    if newest is None:
        return "never seen as it is today"
    state = mapping_of(status, split(assessment.endpoint)[0])
    if state is not None and state.word in ("contradicted", "varies"):
        return f"its mapping is {state.word}"
    if newest.outcome != "output":
        return "intermittent" if newest.outcome == "mixed" else "failing"
    if target == status.reference and assessment.clean < assessment.needed:
        return f"{assessment.clean} of {assessment.needed} clean retests seen"
    seen_on = assessment.seen_on if target == status.reference else newest.day
    if seen_on is None or today - seen_on > status.policy.fresh_for:
        return f"stale since {(seen_on or newest.day) + status.policy.fresh_for}"
    return None
