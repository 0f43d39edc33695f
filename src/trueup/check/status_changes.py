"""History: the evidence and the policy compared with a commit (rule 2 of the manual).

An observation stays in the file, even a wrong one, which gets `retracted:` and the reason.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import partial
from pathlib import Path

from trueup.check.baseline import NAME as BASELINE
from trueup.check.baseline import grown_baseline, load_baseline, parse_baseline
from trueup.check.documented_changes import check_documented
from trueup.check.loosened_policy import Assessments, Loosened, check_loosened, has_reason
from trueup.check.signer_changes import check_signers
from trueup.errors import BadInput, BadStatus
from trueup.finding import Finding
from trueup.git_repository import MOST_BYTES, Repository
from trueup.model import Mapping as Sighting
from trueup.model import Observation, as_time
from trueup.place import Place
from trueup.site import parse_page
from trueup.status_file import Stored, parse_status, shown
from trueup.status_file.row_proof import Row

TIMES = ("at", "first", "last", "times", "source", "retracted")
FETCH = "Fetch the whole history: git fetch --unshallow, or fetch-depth: 0 of actions/checkout."
NAME = "status.yml"
KEEP = "Restore it; if it was wrong, add retracted: with the reason."


class _NoHistory(Exception):
    """The commit has nothing to compare with, for this problem and with this fix."""


def check_history(
    stored: Stored,
    assessments: Assessments,
    counts: Mapping[str, int],
    top: Path,
    reference: str,
    now: datetime,
    today: date,
) -> list[Finding]:
    """Return findings against a commit of the repository at `top`, by any name that git resolves.

    `NAME...` is the merge base of NAME and HEAD. `assessments` are those of `stored`; `counts` is
    the number of blocks of each page's path.
    """
    repository = Repository(top)
    try:
        commit = _commit(repository, reference)
        if commit is None:
            return []
        path, moved = _base_path(repository, commit, reference, stored)
        if path is None:
            return moved
        old = _base(repository, commit, reference, path, now)
    except _NoHistory as error:
        problem, fix = error.args
        return [Finding(Place(stored.path), problem, fix, "no-history")]
    if has_reason(old, stored, path):
        moved = []
    return [
        *moved,
        *_rows(old, stored, "observations"),
        *_rows(old, stored, "mappings"),
        *_retracted(old, stored),
        *_texts(old, stored),
        *check_documented(old, stored),
        *check_loosened(old, stored, assessments, today, _grown(repository, commit, path)),
        *check_signers(old, stored, top, partial(_read_beside, repository, commit, path), now),
        *_fewer(repository, commit, counts, top),
    ]


def _read_beside(repository: Repository, commit: str, path: str, name: str) -> bytes | None:
    """Return a file of the commit by its path from the folder of the status file at `path`."""
    return repository.read(commit, path.removesuffix(NAME) + name)


def _commit(repository: Repository, reference: str) -> str | None:
    """Return the commit; None for HEAD before the first commit. Raises _NoHistory."""
    if not reference.strip(". "):
        fix = "Name a commit, such as HEAD or origin/main... for the merge base with it."
        raise _NoHistory("the name of the commit to compare with is empty", fix)
    commit = repository.commit(reference)
    if commit is not None and repository.is_ambiguous(reference):
        fix = "Give the full name of one, such as refs/heads/main or refs/remotes/origin/main."
        raise _NoHistory(f"{reference} names two refs, such as a branch and a tag", fix)
    if commit is not None:
        return commit
    if (problem := repository.problem()) is not None:
        raise _NoHistory(*problem)
    if reference == "HEAD" and not repository.has_commits:
        return None
    if repository.is_shallow:
        raise _NoHistory(f"the repository is a shallow clone without {reference}", FETCH)
    what = "a commit that HEAD has a merge base with" if reference.endswith("...") else "a commit"
    raise _NoHistory(f"{reference} is not {what} of the repository", "Name one that exists.")


def _base_path(
    repository: Repository, commit: str, reference: str, new: Stored
) -> tuple[str | None, list[Finding]]:
    """Return the path of the status file at the commit, and a finding where it was elsewhere.

    From the top of the site where it was there, otherwise `/` and from the top of the repository.
    None where there is nothing to compare with, without a finding if the commit has none at all.
    """
    listed = repository.entries(commit, NAME)
    others = repository.paths(commit, NAME)
    if listed is None or others is None or (root := repository.root) is None:
        raise _NoHistory(f"the files of {reference} cannot be listed", FETCH)
    if NAME in listed:
        return NAME, []
    if not others:
        return None, []
    gone = [path for path in others if not (root / path).is_file()]
    path = f"/{(gone or others)[0]}"
    moved = Finding(
        Place(new.path),
        f"{reference} has no status file here, but has {path[1:]}",
        f"Move it back, or name {path} with the reason in loosened: of the policy.",
        "loosened-policy",
    )
    if len(gone) == 1:
        return path, [moved]
    return None, [] if has_reason(None, new, path) else [moved]


def _base(repository: Repository, commit: str, reference: str, path: str, now: datetime) -> Stored:
    """Return the status file of the commit. Raises _NoHistory."""
    before = f"{reference}:{path.removeprefix('/')}"
    content = repository.read(commit, path)
    if content is None:
        problem = f"{before} is not a plain file of at most {MOST_BYTES:,} bytes"
        raise _NoHistory(problem, "Compare with a commit that has one, fetched as a whole.")
    try:
        return parse_status(content.decode(errors="replace"), before, now, is_base=True)
    except BadStatus as error:
        reason = f"{error.message.where}: {error.message.problem}"
        problem = f"{before} is not valid for this version ({reason})"
        fix = "Compare with a commit whose status file is valid."
        raise _NoHistory(problem, fix) from error


def _grown(repository: Repository, commit: str, path: str) -> list[Loosened]:
    """Return what the baseline suppresses beyond that of the commit."""
    top = repository.top
    content = repository.read(commit, path.removesuffix(NAME) + BASELINE) or b""
    try:
        old = parse_baseline(content.decode(errors="replace"), top / BASELINE)
    except BadInput:
        old = ()
    return list(grown_baseline(old, load_baseline(top), top))


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
    if isinstance(old, Sighting) or isinstance(new, Sighting):
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
    return isinstance(old, Sighting) and isinstance(new, Sighting) and old.alias == new.alias


def _retracted(old: Stored, new: Stored) -> Iterator[Finding]:
    """Return a warning for each bad row that was retracted since, which readers no longer see."""
    before = [_core(row) for row in old.status.observations if row.retracted is not None]
    for row in new.status.observations:
        if row.retracted is None or (row.outcome == "output" and not row.is_bad):
            continue
        if (core := _core(row)) in before:
            before.remove(core)
            continue
        seen = f"{row.outcome}, billing {row.billing}" if row.billing else row.outcome
        yield Finding(
            new.place_of(row),
            f"{row.endpoint} at {row.target} of {row.day} ({seen}) is retracted: {row.retracted}",
            "Retest the endpoint, if the reason does not prove the row wrong.",
            "retracted-observation",
        )


def _core(row: Observation) -> Observation:
    return row.model_copy(update={"retracted": None})


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


def _fewer(
    repository: Repository, commit: str, counts: Mapping[str, int], top: Path
) -> Iterator[Finding]:
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
