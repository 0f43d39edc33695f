"""History: the evidence and the policy compared with a commit (rule 2 of the manual).

An observation stays in the file, even a wrong one, which gets `retracted:` and the reason.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from trueup.check.git_repository import Repository
from trueup.errors import BadInput, BadStatus
from trueup.evidence import Assessment, assess, holds_of
from trueup.finding import RULES, Finding
from trueup.model import Hold, Mapping, Observation, Policy, as_time
from trueup.place import Place
from trueup.site import parse_page
from trueup.status_file import Stored, parse_status, shown

Row = Observation | Mapping
Counts = dict[str, int]
Assessments = dict[str, Assessment]
TIMES = ("at", "first", "last", "times", "source", "retracted")
FETCH = "Fetch the whole history: git fetch --unshallow, or fetch-depth: 0 of actions/checkout."
NAME = "status.yml"
RETEST = "Restore it, or retest it"
KEEP = "Restore it; if it was wrong, add retracted: with the reason."
RANKS = ("ignore", "warning", "error")


def check_history(
    stored: Stored,
    assessments: Assessments,
    counts: Counts,
    top: Path,
    reference: str,
    now: datetime,
) -> list[Finding]:
    """Return findings against a commit of the repository at `top`, by any name that git resolves.

    `assessments` are those of `stored`; `counts` is the number of blocks of each page's path.
    """
    repository = Repository(top)
    commit = repository.commit(reference)
    if commit is None:
        problem, fix = f"{reference} is not a commit of the repository", "Name one that exists."
        if repository.is_shallow:
            problem, fix = f"the repository is a shallow clone without {reference}", FETCH
        return [Finding(Place(stored.path), problem, fix, "no-history")]
    content = repository.read(commit, NAME)
    if content is None:
        return []
    before = f"{reference}:{NAME}"
    try:
        old = parse_status(content.decode(errors="replace"), before, now, is_base=True)
    except BadStatus as error:
        reason = f"{error.message.where}: {error.message.problem}"
        problem = f"{before} is not valid for this version ({reason})"
        fix = "Compare with a commit whose status file is valid."
        return [Finding(Place(stored.path), problem, fix, "no-history")]
    return [
        *_rows(old, stored, "observations"),
        *_rows(old, stored, "mappings"),
        *_texts(old, stored),
        *_policy(old, stored, assessments),
        *_fewer(repository, commit, counts, top),
    ]


def _rows(old: Stored, new: Stored, name: str) -> Iterator[Finding]:
    """Return findings for the old rows that no new row continues in the same order."""
    news: Sequence[Row] = getattr(new.status, name)
    start, taken = 0, set[int]()
    for index, row in enumerate(getattr(old.status, name)):
        at = next((n for n in range(start, len(news)) if _continues(row, news[n])), None)
        if at is not None:
            taken.add(at)
            start = at + 1
            continue
        was = old.place(name, index)
        similar = [n for n, one in enumerate(news) if n not in taken and _is_similar(row, one)]
        if similar:
            place = new.place(name, similar[0])
            problem = f"the row at {was} was changed or moved"
            yield Finding(place, problem, KEEP, "altered-observation")
        else:
            problem = f"the row at {was} was removed"
            yield Finding(Place(new.path), problem, KEEP, "removed-observation")


def _continues(old: Row, new: Row) -> bool:
    """Return whether a row is the old one, at most seen again or retracted since."""
    if isinstance(old, Mapping) or isinstance(new, Mapping):
        return old.model_dump() == new.model_dump()
    kept = old.model_dump(exclude=set(TIMES)) == new.model_dump(exclude=set(TIMES))
    if not kept or (old.retracted is not None and new.retracted is None):
        return False
    if (old.at, old.first, old.last, old.times) == (new.at, new.first, new.last, new.times):
        return old.source == new.source
    sources = (old.source, new.source)
    proved = all(source is not None and source.receipt is not None for source in sources)
    is_later = as_time(new.newest) >= as_time(old.newest)
    return proved and _begin(old) == _begin(new) and new.times > old.times and is_later


def _begin(row: Observation) -> datetime:
    moment = row.at if row.first is None else row.first
    assert moment is not None
    return as_time(moment)


def _is_similar(old: Row, new: Row) -> bool:
    """Return whether a row is probably the old one with a change in it."""
    if isinstance(old, Observation) and isinstance(new, Observation):
        ours, theirs = (old.endpoint, old.target), (new.endpoint, new.target)
        return ours == theirs and (_begin(old) == _begin(new) or old.outcome == new.outcome)
    return isinstance(old, Mapping) and isinstance(new, Mapping) and old.alias == new.alias


def _texts(old: Stored, new: Stored) -> Iterator[Finding]:
    """Return findings for changed failure texts, which are part of the rows that name them."""
    seen = {name for row in old.status.observations for name in row.signatures}
    for name in sorted(seen & new.status.signatures.keys()):
        was, now = (one.status.signatures[name].match for one in (old, new))
        if was != now:
            yield Finding(
                new.place("signatures", name, "match"),
                f"the failure text of {name} is {shown(now)}, expected {shown(was)} as observed",
                "Restore it, and give the other text its own name.",
                "altered-observation",
            )


def _late(old: Stored, new: Stored, assessments: Assessments) -> Iterator[str]:
    """Return the known endpoints whose standing is raised by reports that were added."""
    status, known = new.status, defaultdict[str, list[Observation]](list)
    for row in old.status.observations:
        known[row.endpoint].append(row)
    reports = [row for row in status.observations if row.source and row.source.reported]
    late = [row for row in reports if row not in known[row.endpoint]]
    if not late:
        return
    added = set(map(id, late))
    left = tuple(row for row in status.observations if id(row) not in added)
    before = assess(status.model_copy(update={"observations": left}))
    for endpoint in dict.fromkeys(row.endpoint for row in late):
        is_old = endpoint in old.status.endpoints
        if is_old and assessments[endpoint].supported.rank < before[endpoint].supported.rank:
            yield endpoint


def _released(old: Stored, new: Stored, assessments: Assessments) -> Iterator[tuple[str, Hold]]:
    """Return the endpoints whose hold was removed or raised without newer clean evidence."""
    for endpoint in sorted(old.status.endpoints.keys() & new.status.endpoints.keys()):
        left = max((hold.to.rank for hold in holds_of(new.status, endpoint)), default=0)
        for hold in holds_of(old.status, endpoint):
            if hold.to.rank > left and not assessments[endpoint].is_newer_than(hold):
                yield endpoint, hold


def _policy(old: Stored, new: Stored, assessments: Assessments) -> Iterator[Finding]:
    before, now = old.status.policy, new.status.policy
    if now.loosened is not None and now.loosened != before.loosened:
        return
    for name, was, found in _loosened(before, now):
        place = new.place("policy", *name.split("."))
        yield _looser(place, f"{name} was loosened from {was} to {found}")
    if old.status.reference != new.status.reference:
        place = new.place("targets", new.status.reference, "reference")
        change = f"from {old.status.reference} to {new.status.reference}"
        yield _looser(place, f"the reference target was changed {change}")
    for endpoint in _late(old, new, assessments):
        place = new.place_of(new.status.seen(endpoint, new.status.reference)[0])
        yield _looser(place, f"a report was added that raises {endpoint}", RETEST)
    for endpoint, hold in _released(old, new, assessments):
        problem = f"{endpoint} is no longer held at {hold.to} ({hold.reason})"
        yield _looser(Place(new.path), problem, RETEST)
    for name, target in new.status.targets.items():
        known = old.status.targets.get(name)
        if target.ledger is not None and known is not None and known.ledger is None:
            place = new.place("targets", name, "ledger")
            yield _looser(place, f"the billing of {name} is no longer verified")


def _loosened(before: Policy, now: Policy) -> Iterator[tuple[str, object, object]]:
    """Return name, old and new value of each part of the policy that now requires less."""
    if now.fresh_for > before.fresh_for:
        yield "fresh_for", f"{before.fresh_for.days}d", f"{now.fresh_for.days}d"
    for name in ("confirm_after", "recover_after"):
        if getattr(now, name) < getattr(before, name):
            yield name, getattr(before, name), getattr(now, name)
    if now.reported_until > before.reported_until:
        yield "reported_until", before.reported_until, now.reported_until
    for rule in before.severities.keys() | now.severities.keys():
        default = RULES[rule].severity
        was, found = before.severities.get(rule, default), now.severities.get(rule, default)
        if RANKS.index(found) < RANKS.index(was):
            yield f"severities.{rule}", was, found


def _looser(place: Place, problem: str, first: str = "Restore it") -> Finding:
    fix = f"{first}, or give the reason in loosened: of the policy."
    return Finding(place, problem, fix, "loosened-policy")


def _fewer(repository: Repository, commit: str, counts: Counts, top: Path) -> Iterator[Finding]:
    """Return findings for pages whose number of blocks was lowered since a commit."""
    for name in repository.changed(commit, "docs"):
        content = repository.read(commit, name) if name.endswith(".md") else None
        if content is None:
            continue
        try:
            before = parse_page(content, Path(name)).blocks
        except BadInput:
            continue
        found = counts.get(str(top / name), 0)
        if found < before:
            problem = f"blocks is {found}, expected {before} as committed"
            fix = "Restore the blocks, or explain in the change why they go."
            yield Finding(Place(str(top / name), 1, 1), problem, fix, "fewer-blocks")
