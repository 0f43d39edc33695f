"""Signer changes: the allowed signers compared with a commit, and new receipts with its signers.

A change raises nothing by a signer that it adds itself.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import takewhile
from pathlib import Path

from trueup.check.loosened_policy import Loosened, has_reason
from trueup.finding import Finding
from trueup.place import Place
from trueup.receipts import Signers, changed_signers, load_signers, parse_signers, read_chain
from trueup.status_file import Stored
from trueup.status_file.row_proof import Row, is_to_be_signed, unsigned

ADDED_LATER = "Retest it with a signer of the base; merge a new signer before its receipts."


def check_signers(
    old: Stored,
    new: Stored,
    top: Path,
    read: Callable[[str], bytes | None],
    now: datetime,
) -> list[Finding]:
    """Return findings where signers were changed, and where no signer of the base signed.

    `read` returns a file of the base by its path from `top`. A reason in `loosened` allows a change
    of the signers, but no receipt of theirs.
    """
    before = old.status.policy
    if before.signers is None:
        return []
    path = f"{old.path.removesuffix('status.yml')}{before.signers}"
    base = parse_signers(read(before.signers), path)
    rows: list[Row] = [*old.status.observations, *old.status.mappings]
    known = {row.source.sha256 for row in rows if row.source}
    found = [one.finding() for one in _changes(old, new, top, base)]
    found = [] if has_reason(old, new, "signers") else found
    news: list[Row] = [*new.status.observations, *new.status.mappings]
    for row in news:
        if row.source and row.source.receipt and is_to_be_signed(row, before):
            chain = read_chain(row.source, top)
            added = takewhile(lambda link: link.source.sha256 not in known, chain)
            for problem, _, rule in unsigned(added, base, before.site, now):
                found.append(Finding(new.place_of(row), problem, ADDED_LATER, rule))
    return found


def _changes(old: Stored, new: Stored, top: Path, base: Signers) -> Iterator[Loosened]:
    """Return each difference of the signers from those of the base, and of what names them."""
    before, now = old.status.policy, new.status.policy
    for name in ("signers", "site"):
        was, found = getattr(before, name), getattr(now, name)
        if was != found:
            place = Place(new.path) if found is None else new.place("policy", name)
            problem = f"{name} of the policy was changed from {was} to {found}"
            yield Loosened("signers", place, problem)
    if before.signers is None or now.signers is None:
        return
    signers = load_signers(top, now)
    assert signers is not None
    for line, problem in changed_signers(base, signers):
        yield Loosened("signers", Place(str(top / now.signers), line), problem)
