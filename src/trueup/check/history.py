"""History: the evidence and the policy against what they were at a commit (rule 2 of the docs).

What was observed stays in the file. A wrong row stays too, with `retracted:` and the reason.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from trueup.check.repository import Repository
from trueup.errors import BadInput, BadStatus
from trueup.evidence import Assessment, assess, holds_of
from trueup.finding import RULES, Finding
from trueup.message import Place
from trueup.model import Hold, Mapping, Observation, Policy, as_time
from trueup.site import parse_page
from trueup.status_file import Stored, parse_status, shown

Row = Observation | Mapping
Counts = dict[str, int]
Assessments = dict[str, Assessment]
TIMES = ("at", "first", "last", "times", "source", "retracted")
SHALLOW = "the repository is a shallow clone"
FETCH = "Fetch the whole history: git fetch --unshallow, or fetch-depth: 0 of actions/checkout."
NAME = "status.yml"
RETEST = "Set it back, or retest it"
RANKS = ("ignore", "warning", "error")


def check_history(
    stored: Stored,
    assessments: Assessments,
    counts: Counts,
    top: Path,
    reference: str,
    now: datetime,
) -> list[Finding]:
    """Findings against a commit of the repository at `top`, by any name that git knows it by.

    `assessments` are those of `stored`; `counts` are the blocks that each page is to publish.
    """
    repository = Repository(top)
    commit = repository.commit(reference)
    if commit is None:
        found = SHALLOW if repository.is_shallow else f"{reference} is no commit of a repository"
        wanted = f"{reference} was expected, to compare with"
        todo = FETCH if repository.is_shallow else "Name a commit that is there."
        return [Finding(stored.path, "no-history", found, wanted, todo)]
    content = repository.read(commit, NAME)
    if content is None:
        return []
    before = f"{reference}:{NAME}"
    try:
        old = parse_status(content.decode(errors="replace"), before, now, is_base=True)
    except BadStatus as error:
        told = f"{before} cannot be read by this version ({error.complaints[0]})"
        wanted = "a status file was expected"
        todo = "Compare with a commit whose file can be used."
        return [Finding(stored.path, "no-history", told, wanted, todo)]
    return [
        *_rows(old, stored, "observations"),
        *_rows(old, stored, "mappings"),
        *_texts(old, stored),
        *_policy(old, stored, assessments),
        *_fewer(repository, commit, counts, top),
    ]


def _rows(old: Stored, new: Stored, name: str) -> Iterator[Finding]:
    """Each old row must go on in a new one, in the same order."""
    news: Sequence[Row] = getattr(new.status, name)
    start, taken = 0, set[int]()
    for index, row in enumerate(getattr(old.status, name)):
        at = next((n for n in range(start, len(news)) if _goes_on(row, news[n])), None)
        if at is not None:
            taken.add(at)
            start = at + 1
            continue
        was = old.place(name, index)
        same = [n for n, one in enumerate(news) if n not in taken and _is_alike(row, one)]
        todo = "Bring it back; if it was wrong, keep it with retracted: and the reason."
        if same:
            place = str(new.place(name, same[0]))
            told = f"the row of {was} says another thing, or stands at another place"
            yield Finding(place, "altered-observation", told, "the row as it was expected", todo)
        else:
            told = f"the row of {was} is no longer in the file"
            yield Finding(new.path, "removed-observation", told, "it was expected", todo)


def _goes_on(old: Row, new: Row) -> bool:
    """Whether a row is the old one, seen again since or retracted since at most."""
    if isinstance(old, Mapping) or isinstance(new, Mapping):
        return old == new
    kept = old.model_dump(exclude=set(TIMES)) == new.model_dump(exclude=set(TIMES))
    if not kept or (old.retracted is not None and new.retracted is None):
        return False
    if (old.at, old.first, old.last, old.times) == (new.at, new.first, new.last, new.times):
        return old.source == new.source
    sources = (old.source, new.source)
    proved = all(source is not None and source.receipt is not None for source in sources)
    return proved and _begin(old) == _begin(new) and new.times > old.times and _later(old, new)


def _begin(row: Observation) -> datetime:
    moment = row.at if row.first is None else row.first
    assert moment is not None
    return as_time(moment)


def _later(old: Observation, new: Observation) -> bool:
    return as_time(new.newest) >= as_time(old.newest)


def _is_alike(old: Row, new: Row) -> bool:
    """Whether a row looks like the old one with something changed in it."""
    if isinstance(old, Observation) and isinstance(new, Observation):
        ours, theirs = (old.endpoint, old.target), (new.endpoint, new.target)
        return ours == theirs and (_begin(old) == _begin(new) or old.outcome == new.outcome)
    return isinstance(old, Mapping) and isinstance(new, Mapping) and old.alias == new.alias


def _texts(old: Stored, new: Stored) -> Iterator[Finding]:
    """The failure texts that rows name: they are what was seen."""
    seen = {name for row in old.status.observations for name in row.signatures}
    for name in sorted(seen & new.status.signatures.keys()):
        was, now = (one.status.signatures[name].match for one in (old, new))
        if was != now:
            place = str(new.place("signatures", name, "match"))
            told = f"the failure text of {name} is {shown(now)}"
            todo = "Set it back, and give another text a name of its own."
            yield Finding(
                place,
                "altered-observation",
                told,
                f"{shown(was)}, as it was seen, was expected",
                todo,
            )


def _late(old: Stored, new: Stored, assessments: Assessments) -> Iterator[str]:
    """Reports that were added and lift a standing, though what they are of was there before."""
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


def _freed(old: Stored, new: Stored, assessments: Assessments) -> Iterator[tuple[str, Hold]]:
    """Endpoints that are held back no longer or by less, without the evidence that frees them."""
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
        place = str(new.place("policy", *name.split(".")))
        yield _looser(place, f"{name} was {was} and is {found}")
    if old.status.reference != new.status.reference:
        place = str(new.place("targets", new.status.reference, "reference"))
        yield _looser(place, f"{new.status.reference} makes the standings")
    for endpoint in _late(old, new, assessments):
        place = str(new.place_of(new.status.seen(endpoint, new.status.reference)[0]))
        yield _looser(place, f"a report was added that lifts {endpoint}", RETEST)
    for endpoint, hold in _freed(old, new, assessments):
        told = f"{endpoint} is no longer held at {hold.to} ({hold.reason})"
        yield _looser(new.path, told, RETEST)
    for name, target in new.status.targets.items():
        known = old.status.targets.get(name)
        if target.ledger is not None and known is not None and known.ledger is None:
            place = str(new.place("targets", name, "ledger"))
            yield _looser(place, f"the bills of {name} are no longer asked for")


def _loosened(before: Policy, now: Policy) -> Iterator[tuple[str, object, object]]:
    """Name, old and new value of each part that now asks for less."""
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


def _looser(place: str, found: str, first: str = "Set it back") -> Finding:
    todo = f"{first}, or say why in loosened: of the policy."
    return Finding(place, "loosened-policy", found, "no less than before was expected", todo)


def _fewer(repository: Repository, commit: str, counts: Counts, top: Path) -> Iterator[Finding]:
    """Pages that were committed with more blocks than they now have to publish."""
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
            place = str(Place(path=str(top / name), line=1, column=1))
            told = f"blocks: {found} is less than the {before} that were committed"
            todo = "Bring the blocks back, or say in the change why they go."
            yield Finding(place, "fewer-blocks", told, f"blocks: {before} was expected", todo)
