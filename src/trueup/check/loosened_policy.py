"""Loosened policy: what the status file requires less than at an earlier commit (rule 2).

Each change needs a reason that names it, in `loosened:` of the policy, which stays in the file.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from urllib.parse import urlsplit

from trueup.evidence import Assessment, assess, holds_of, mapping_of
from trueup.finding import RULES, Finding
from trueup.model import Hold, Observation, Policy, Standing, Target, secret_name
from trueup.place import Place
from trueup.request import request_of
from trueup.status_file import Stored, listed

Assessments = Mapping[str, Assessment]
RANKS = ("ignore", "warning", "error")
RETEST = "Restore it, or retest it"
DOUBTED = ("contradicted", "varies")
LONGEST_SKIP = timedelta(days=90)
"""Three retests at the usual `fresh_for`: what is broken for longer needs a decision."""


@dataclass(frozen=True)
class Loosened:
    """A part that requires less than before; a reason covers it only by its `name`."""

    name: str
    place: Place
    problem: str
    fix: str = "Restore it"

    def finding(self) -> Finding:
        """Return it as a finding."""
        fix = f"{self.fix}, or name {self.name} with the reason in loosened: of the policy."
        return Finding(self.place, self.problem, fix, "loosened-policy")


def check_loosened(
    old: Stored,
    new: Stored,
    assessments: Assessments,
    today: date,
    grown: Iterable[Loosened] = (),
) -> list[Finding]:
    """Return findings for what was loosened since `old` without a reason, and for endless skips.

    `grown` is what was loosened in other files.
    """
    loosened = [*_policy(old, new), *_targets(old, new), *_evidence(old, new, assessments)]
    loosened += [*_free(old, new), *_skips(old, new), *grown]
    found = [one.finding() for one in loosened if not has_reason(old, new, one.name)]
    return [*found, *_endless(old, new, today)]


def has_reason(old: Stored | None, new: Stored, name: str) -> bool:
    """Return whether `loosened:` was rewritten since `old`, and names what was loosened."""
    reason = new.status.policy.loosened
    before = old.status.policy.loosened if old is not None else None
    if reason is None or re.findall(r"\w+", reason) == re.findall(r"\w+", before or ""):
        return False
    return re.search(rf"(?<![\w./-]){re.escape(name)}(?![\w/-]|\.\w)", reason) is not None


def _policy(old: Stored, new: Stored) -> Iterator[Loosened]:
    for name, was, found in _lower(old.status.policy, new.status.policy):
        place = new.place("policy", *name.split("."))
        problem = f"{name} was loosened from {was} to {found}"
        yield Loosened(name.rpartition(".")[2], place, problem)


def _lower(before: Policy, now: Policy) -> Iterator[tuple[str, object, object]]:
    """Return name, old and new value of each part of the policy that now requires less."""
    if now.fresh_for > before.fresh_for:
        yield "fresh_for", f"{before.fresh_for.days}d", f"{now.fresh_for.days}d"
    for name in ("confirm_after", "recover_after"):
        if getattr(now, name) < getattr(before, name):
            yield name, getattr(before, name), getattr(now, name)
    if now.reported_until > before.reported_until:
        yield "reported_until", before.reported_until, now.reported_until
    if set(now.overrides) - set(before.overrides):
        yield "overrides", listed(sorted(before.overrides)), listed(sorted(now.overrides))
    for rule in before.severities.keys() | now.severities.keys():
        default = RULES[rule].severity
        was, found = before.severities.get(rule, default), now.severities.get(rule, default)
        if RANKS.index(found) < RANKS.index(was):
            yield f"severities.{rule}", was, found


def _targets(old: Stored, new: Stored) -> Iterator[Loosened]:
    was, now = old.status.reference, new.status.reference
    if was != now:
        place = new.place("targets", now, "reference")
        yield Loosened("reference", place, f"the reference target was changed from {was} to {now}")
    for name, target in new.status.targets.items():
        yield from _hosts(new, name, old.status.targets.get(name), target)
        known = old.status.targets.get(name)
        if known is not None and known.no_ledger is None and target.no_ledger is not None:
            problem = f"the billing of {name} is no longer verified"
            yield Loosened("ledger", new.place("targets", name, "ledger"), problem)


def _hosts(new: Stored, name: str, known: Target | None, target: Target) -> Iterator[Loosened]:
    """Return the hosts that get a key, readers or a fetch of images, and did not before."""
    place = partial(new.place, "targets", name)
    if known is None:
        problem = f"{name} is a new target, whose key is in {secret_name(name, 'API_KEY')}"
        yield Loosened(urlsplit(target.base_url).netloc, place("base_url"), problem, "Remove it")
    elif known.base_url != target.base_url:
        problem = f"the base URL of {name} was changed from {known.base_url} to {target.base_url}"
        yield Loosened(urlsplit(target.base_url).netloc, place("base_url"), problem)
    for number, url in enumerate(target.also):
        if known is None or url not in known.base_urls:
            problem = f"readers are newly offered {url} for {name}"
            yield Loosened(urlsplit(url).netloc, place("also", number), problem, "Remove it")
    for number, host in enumerate(target.media_hosts):
        if known is None or host not in known.media_hosts:
            problem = f"images of {name} are newly accepted from {host}"
            yield Loosened(host, place("media_hosts", number), problem, "Remove it")


def _free(old: Stored, new: Stored) -> Iterator[Loosened]:
    """Yield the routes whose standings no longer need a bill."""
    for name, route in new.status.routes.items():
        known = [
            one
            for key, one in old.status.routes.items()
            if key == name or one.request == route.request
        ]
        if route.free is not None and any(one.free is None for one in known):
            problem = f"route {name} is newly free of charge, so that it needs no bill"
            yield Loosened(name, new.place("routes", name, "free"), problem)


def _evidence(old: Stored, new: Stored, assessments: Assessments) -> Iterator[Loosened]:
    late = {id(row): row for row in _late_rows(old, new)}
    rows = tuple(row for row in new.status.observations if id(row) not in late)
    left = new.status.model_copy(update={"observations": rows})
    without = assess(left) if late else assessments
    for row in {one.endpoint: one for one in late.values()}.values():
        if _is_raised(without[row.endpoint], assessments[row.endpoint]) and _is_known(
            old, new, row.endpoint
        ):
            problem = f"a report was added that raises {row.endpoint}"
            yield Loosened(row.endpoint, new.place_of(row), problem, RETEST)
    for endpoint, hold, number in _released(old, new, without):
        problem = f"{endpoint} is no longer held at {hold.to} ({hold.reason})"
        if number is not None:
            problem = f"the hold of {endpoint} by {hold.by} ({hold.reason}) was rewritten"
        place = Place(new.path) if number is None else new.place("holds", number)
        yield Loosened(endpoint, place, problem, RETEST)
    yield from _sightings(old, new)


def _late_rows(old: Stored, new: Stored) -> Iterator[Observation]:
    """Yield the good reports that were added; bad news and what an old row says now stay."""
    known = {row.model_dump_json() for row in old.status.observations}
    for row in new.status.observations:
        is_report = row.source and (
            row.source.reported or _counts_as_report(row, new.status.policy)
        )
        is_good = row.outcome == "output" and row.retracted is None and not row.is_bad
        if is_report and is_good and row.model_dump_json() not in known:
            yield row


def _is_raised(was: Assessment, now: Assessment) -> bool:
    """Return whether an endpoint stands better, is nearer to it, or has newer evidence."""
    is_nearer = was.supported != Standing.RECOMMENDED and now.clean > was.clean
    is_newer = now.seen_on is not None and (was.seen_on is None or now.seen_on > was.seen_on)
    return is_nearer or is_newer or now.supported.rank < was.supported.rank


def _sightings(old: Stored, new: Stored) -> Iterator[Loosened]:
    """Yield the aliases that reports, which were added, no longer contradict."""
    known = {row.model_dump_json() for row in old.status.mappings}
    late = [
        row
        for row in new.status.mappings
        if row.source and row.source.reported and row.model_dump_json() not in known
    ]
    left = tuple(row for row in new.status.mappings if row not in late)
    without = new.status.model_copy(update={"mappings": left})
    for row in {one.alias: one for one in late}.values():
        was, now = (mapping_of(status, row.alias) for status in (without, new.status))
        if was and now and was.word in DOUBTED and now.word not in DOUBTED:
            problem = f"a report was added, by which the mapping of {row.alias} is {now.word}"
            yield Loosened(row.alias, new.place_of(row), f"{problem}, not {was.word}", RETEST)


def _counts_as_report(row: Observation, policy: Policy) -> bool:
    """Return whether a receipt needs no signature, as a report of its date does not."""
    return policy.signers is not None and row.day <= policy.reported_until


def _is_known(old: Stored, new: Stored, endpoint: str) -> bool:
    """Return whether an endpoint was there before, or the same request under another name."""
    if endpoint in old.status.endpoints:
        return True
    target = new.status.reference
    if target not in old.status.targets:
        return False
    request = request_of(new.status, endpoint, target)
    return any(request_of(old.status, one, target) == request for one in old.status.endpoints)


def _released(
    old: Stored, new: Stored, without: Assessments
) -> Iterator[tuple[str, Hold, int | None]]:
    """Return the endpoints whose hold was removed, raised, dated back or reworded without newer
    clean evidence, with the number of the hold in the place of a reworded one.

    `without` are the assessments without the reports that were added.
    """
    for endpoint in sorted(old.status.endpoints.keys() & new.status.endpoints.keys()):
        left = holds_of(new.status, endpoint)
        for hold in holds_of(old.status, endpoint):
            kept = [one for one in left if one.to.rank >= hold.to.rank and one.on >= hold.on]
            is_kept = any((one.reason, one.by) == (hold.reason, hold.by) for one in kept)
            if not is_kept and not without[endpoint].is_newer_than(hold):
                yield endpoint, hold, new.status.holds.index(kept[0]) if kept else None


def _longer_skips(old: Stored, new: Stored) -> Iterator[tuple[str, date | None, date]]:
    """Return each endpoint with a new or prolonged skip, its old end and its new one."""
    for name, endpoint in new.status.endpoints.items():
        known = old.status.endpoints.get(name)
        was = known.skip.until if known is not None and known.skip is not None else None
        if endpoint.skip is not None and (was is None or endpoint.skip.until > was):
            yield name, was, endpoint.skip.until


def _skips(old: Stored, new: Stored) -> Iterator[Loosened]:
    for name, was, now in _longer_skips(old, new):
        problem = f"the blocks of {name} are no longer run, until {now}"
        if was is not None:
            problem = f"the skip of {name} was prolonged from {was} to {now}"
        place = new.place("endpoints", name, "skip")
        yield Loosened(name, place, problem, "Run them" if was is None else "Restore it")


def _endless(old: Stored, new: Stored, today: date) -> Iterator[Finding]:
    """Return a finding for each new or prolonged skip that no reason covers."""
    for name, _, now in _longer_skips(old, new):
        if now > today + LONGEST_SKIP:
            yield Finding(
                new.place("endpoints", name, "skip"),
                f"the skip of {name} lasts until {now}, expected {LONGEST_SKIP.days} days at most",
                f"End it on {today + LONGEST_SKIP} or before; prolong it then if need be.",
                "loosened-policy",
            )
