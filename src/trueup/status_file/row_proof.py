"""Row proof: the rows of evidence that raise nothing, with the reasons (rule 2)."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import islice, pairwise
from pathlib import Path

from pydantic import BaseModel

from trueup.finding import Finding
from trueup.model import Mapping as Sighting
from trueup.model import Observation, Policy, Source, Status, as_time
from trueup.place import Place
from trueup.receipts import Link, RetestReceipt, Signers, row_of, sighting_of
from trueup.status_file.value_text import shown

Row = Observation | Sighting
Keys = tuple[str, int]
"""The list of a row, and its index."""
ReadChain = Callable[[Source], Iterable[Link]]
Reason = tuple[str, str, str]
"""Problem, fix and rule."""
MOMENTS = ("at", "first", "last", "times")
OF_A_PERSON = ("source", "note", "retracted", "sample")
FIELDS = [name for name in Observation.model_fields if name not in (*MOMENTS, *OF_A_PERSON)]
RETEST = "Retest, or remove the row."
UNSIGNED = "Retest it with --sign and the key of a signer, or restore the file of its signature."


@dataclass(frozen=True)
class Proofs:
    """The findings of each row that is not proven, by its keys.

    `receipt_rows` are the bad results that such a row hides; `files` are the receipts that were
    read.
    """

    found: Mapping[Keys, tuple[Finding, ...]] = field(default_factory=dict)
    receipt_rows: Mapping[Keys, Observation] = field(default_factory=dict)
    files: frozenset[Path] = frozenset()


def prove(
    status: Status,
    place: Callable[..., Place],
    read: ReadChain,
    signers: Signers | None = None,
    *,
    is_rehearsal: bool = False,
) -> Proofs:
    """Return what the evidence of each row does not prove.

    `place` gives the place of a row's keys, `read` the receipts of a source, newest first. Where
    there are signers, each receipt of a row that can raise a standing is signed by one of them.
    """
    found: dict[Keys, tuple[Finding, ...]] = {}
    hidden: dict[Keys, Observation] = {}
    files: set[Path] = set()
    order, owners = _Order(place), _Owners(place)
    for keys, row in _rows(status):
        links = _links(row, read)
        files.update(link.file for link in links if link.file is not None)
        receipts = [link.receipt for link in links if link.receipt is not None]
        reasons = [*order.check(row, keys), *_faults(links), *owners.check(row, receipts, keys)]
        if isinstance(row, Observation):
            order.note(receipts, keys)
        reasons += [] if is_rehearsal else _rehearsals(receipts)
        if signers is not None and is_to_be_signed(row, status.policy):
            reasons += unsigned(links, signers, status.policy.site)
        reasons += _differences(row, receipts, is_whole=len(receipts) == len(links))
        if reasons:
            found[keys] = tuple(Finding(place(*keys), *one) for one in dict.fromkeys(reasons))
            if isinstance(row, Observation) and (bad := _hidden(status, row, receipts)):
                hidden[keys] = bad
    return Proofs(found, hidden, frozenset(files))


def _rows(status: Status) -> Iterator[tuple[Keys, Row]]:
    yield from ((("observations", at), row) for at, row in enumerate(status.observations))
    yield from ((("mappings", at), row) for at, row in enumerate(status.mappings))


def _links(row: Row, read: ReadChain) -> list[Link]:
    """Return the receipts of a row; of a mapping, which is one sighting, the newest."""
    if row.source is None or row.source.receipt is None:
        return []
    return list(islice(read(row.source), 1 if isinstance(row, Sighting) else None))


def _faults(links: Iterable[Link]) -> Iterator[Reason]:
    for link in links:
        name = link.source.receipt
        if link.fault == "missing":
            problem = f"the receipt {name} is not in the repository"
            yield problem, "Add it, or remove the row.", "missing-receipt"
        elif link.fault == "changed":
            problem = f"the hash of {name} differs from the row's"
            yield problem, "Restore the file.", "changed-receipt"
        elif link.receipt is None:
            yield f"{name} is not a valid receipt", RETEST, "receipt-mismatch"


def is_to_be_signed(row: Row, policy: Policy) -> bool:
    """Return whether a row can raise a standing, and is too late to count as reported."""
    if as_time(row.at if isinstance(row, Sighting) else row.newest).date() <= policy.reported_until:
        return False
    if isinstance(row, Sighting):
        return True
    is_bad_news = row.outcome in ("error", "inconclusive") and row.billing != "aligned"
    return row.retracted is None and not is_bad_news


def unsigned(
    links: Iterable[Link], signers: Signers, site: str | None, now: datetime | None = None
) -> Iterator[Reason]:
    """Return the receipts that none of the signers has signed for the site; see Signers.fault."""
    for link in links:
        if link.receipt is not None and (fault := signers.fault(link, site, now)):
            problem = f"the receipt {link.source.receipt} {fault}"
            yield problem, UNSIGNED, "unsigned-receipt"


def _rehearsals(receipts: Iterable[RetestReceipt]) -> Iterator[Reason]:
    for receipt in receipts:
        if receipt.rehearsal:
            day = receipt.at.date()
            problem = f"its receipt of {day} is of a rehearsal, which the mock answered"
            yield problem, "Remove the row.", "rehearsed-receipt"


def _differences(row: Row, receipts: list[RetestReceipt], *, is_whole: bool) -> Iterator[Reason]:
    """Return the values of a row that its receipts do not have; of a whole chain, the times too."""
    pairs: Iterable[tuple[str, object, object]] = ()
    if isinstance(row, Observation):
        proved = map(row_of, receipts)
        pairs = [
            (name, getattr(row, name), getattr(one, name)) for one in proved for name in FIELDS
        ]
        if receipts and is_whole:
            pairs += _times(row, receipts)
    elif receipts:
        seen = sighting_of(receipts[0])
        names = ("alias", "upstream", "at", "how")
        pairs = [(name, getattr(row, name), getattr(seen, name, None)) for name in names]
    for name, got, expected in pairs:
        if got != expected:
            problem = f"{name} is {_text(got)}, expected {_text(expected)} as in its receipts"
            yield problem, RETEST, "receipt-mismatch"


def _times(row: Observation, receipts: list[RetestReceipt]) -> list[tuple[str, object, object]]:
    """Return each time of a row, and what it is by its receipts, which are newest first."""
    moments = [receipt.at for receipt in receipts]
    is_joined = all(new > old for new, old in pairwise(moments))
    is_joined = is_joined and "inconclusive" not in (row.outcome, row.billing)
    times = ("times", row.times, len(moments) if is_joined else 1)
    if row.at is not None:
        return [("at", row.at, moments[0]), times]
    return [("first", row.first, moments[-1]), ("last", row.last, moments[0]), times]


def _text(value: object) -> str:
    if isinstance(value, BaseModel):
        return shown(value.model_dump(exclude_none=True))
    if isinstance(value, datetime):
        return value.isoformat()
    return "absent" if value is None else str(value)


def _hidden(
    status: Status, row: Observation, receipts: Iterable[RetestReceipt]
) -> Observation | None:
    """Return the first bad result in the receipts of a row that is not proven, if any."""
    for receipt in receipts:
        proved = row_of(receipt)
        is_known = proved.endpoint in status.endpoints and proved.target in status.targets
        if is_known and proved.is_bad and not receipt.rehearsal:
            names = tuple(name for name in proved.signatures if name in status.signatures)
            update = {"signatures": names, "retracted": row.retracted}
            return proved.model_copy(update=update).as_unproven()
    return None


class _Owners:
    """The first row of each receipt and of each report. A mapping and an observation may share."""

    def __init__(self, place: Callable[..., Place]) -> None:
        self._place = place
        self._owners: dict[tuple[str, str], Keys] = {}

    def check(self, row: Row, receipts: Iterable[RetestReceipt], keys: Keys) -> Iterator[Reason]:
        """Yield the receipts of another row, by endpoint, target and time, or the report of one;
        what was seen several times has `times`."""
        for receipt in receipts:
            what = f"the receipt of {receipt.endpoint} at {receipt.at.isoformat()} is used by"
            yield from self._reused(receipt.path, what, keys)
        if row.source is not None and row.source.reported is not None:
            core = row.model_dump_json(exclude={"note", "retracted"})
            yield from self._reused(core, "the report is the same as", keys)

    def _reused(self, identity: str, what: str, keys: Keys) -> Iterator[Reason]:
        owner = self._owners.setdefault((keys[0], identity), keys)
        if owner != keys:
            fix = f"Remove the row: it repeats the one at {self._place(*owner)}."
            yield f"{what} an earlier row", fix, "reused-receipt"


class _Order:
    """The newest rows so far of each endpoint at a target, and of each alias."""

    def __init__(self, place: Callable[..., Place]) -> None:
        self._place = place
        self._newest: dict[tuple[object, ...], tuple[date, Keys]] = {}

    def note(self, receipts: Iterable[RetestReceipt], keys: Keys) -> None:
        """Note the times of a row's receipts too: an edited row may be of another endpoint."""
        for receipt in receipts:
            self._newer((receipt.endpoint, receipt.target, None), receipt.at, receipt.at, keys)

    def check(self, row: Row, keys: Keys) -> Iterator[Reason]:
        """Yield a row that is older than an earlier one; times count within a day, if known."""
        if isinstance(row, Sighting):
            name, newer = row.alias, self._newer((row.alias, row.how), row.at, row.at, keys)
        elif row.sample:
            return
        else:
            series = (row.endpoint, row.target, row.variant)
            name, newer = row.endpoint, self._newer(series, row.oldest, row.newest, keys)
        if newer is not None:
            problem = f"the row of {name} is older than an earlier row of the file"
            fix = f"Move it before the row at {self._place(*newer[1])}, which is of {newer[0]}."
            yield problem, fix, "row-order"

    def _newer(
        self, series: tuple[object, ...], first: date, last: date, keys: Keys
    ) -> tuple[date, Keys] | None:
        """Note the times of a row, unless an earlier row is newer; return that row's time."""
        times = [("day", as_time(first).date(), as_time(last).date())]
        if isinstance(first, datetime) and isinstance(last, datetime):
            times.append(("time", as_time(first), as_time(last)))
        for name, begin, end in times:
            known = self._newest.get((*series, name), (begin, keys))
            if begin < known[0]:
                return known
            self._newest[*series, name] = (end, keys)
        return None
