"""Plan: the endpoints that a retest calls, at which target, and why. No clock and no network."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fnmatch import fnmatchcase
from hashlib import sha256

from trueup.errors import BadInput
from trueup.evidence import Assessment, assess, mapping_of
from trueup.model import NO_MODEL, Status, split
from trueup.snippet import Snippet

PriceOf = Callable[[str], Decimal | None]


@dataclass(frozen=True)
class Probe:
    """An endpoint to call at a target, with the published block of one language.

    `reason` says in a few words why it is due for a retest, None where it is not. `price_usd` is
    the expected cost of one call, None where no price is known.
    """

    endpoint: str
    target: str
    snippet: Snippet
    reason: str | None
    price_usd: Decimal | None

    @property
    def label(self) -> str:
        """The probe's name in the journal, with a hash of the block: an answer belongs to the text
        that was sent."""
        block = sha256(self.snippet.text.encode()).hexdigest()[:12]
        return f"{self.name} {self.snippet.language.name} {block}"

    @property
    def name(self) -> str:
        """Target and endpoint."""
        return f"{self.target} {self.endpoint}"


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
    """Return the probes, target by target, in the order of the status file.

    `patterns` are globs of endpoints; none means all. `price_of` gives a target's prices. Raises
    BadInput where a pattern matches no endpoint.
    """
    for pattern in patterns:
        if not any(fnmatchcase(endpoint, pattern) for endpoint in status.endpoints):
            known = ", ".join(status.endpoints)
            raise BadInput(
                f"--endpoint {pattern}",
                "no endpoint matches it",
                f"Correct the pattern; the endpoints are {known}.",
            )
    chosen: dict[str, str] = {}
    for snippet in snippets:  # the first where none is in that language
        name, own = snippet.endpoint, snippet.language.name
        chosen[name] = own if own == language else chosen.get(name, own)
    assessments, probes = assess(status), []
    for target in targets:
        prices = price_of(target)
        for snippet in snippets:
            endpoint = snippet.endpoint
            is_meant = any(fnmatchcase(endpoint, pattern) for pattern in patterns or ("*",))
            if is_meant and snippet.language.name == chosen[endpoint]:
                reason = retest_reason(status, assessments[endpoint], target, today)
                price_usd = prices(billed_model(status, endpoint))
                if reason is not None or not only_due:
                    probes.append(Probe(endpoint, target, snippet, reason, price_usd))
    return tuple(probes)


def billed_model(status: Status, endpoint: str) -> str:
    """Return the name by which an endpoint's request calls its model, and which has the price; the
    path of a request without a model, as the relay counts it."""
    called = status.called(endpoint)
    if called == NO_MODEL:
        return status.route_of(endpoint).request.partition(" ")[2].partition("?")[0]
    return called


def retest_reason(status: Status, assessment: Assessment, target: str, today: date) -> str | None:
    """Return why an endpoint is due for a retest at a target; None where it is not."""
    if status.endpoints[assessment.endpoint].skip is not None:
        return None
    newest = assessment.latest.get(target)
    if newest is None:
        return "its current request was never observed"
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
