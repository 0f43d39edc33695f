"""Replay: blocks run offline against their recordings, and what is no longer as recorded."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from pathlib import Path

from trueup.errors import BadInput
from trueup.finding import Finding
from trueup.git_repository import Repository
from trueup.place import Place
from trueup.progress import Progress
from trueup.recording.bench import Bench, Gate, open_bench
from trueup.recording.blocks import Block, FoundBlocks, joined
from trueup.recording.call import Call
from trueup.recording.har import FOLDER, Record, Recording, file_of, parse_recording
from trueup.recording.send_rules import SendRules
from trueup.sandbox import Containment, Limits
from trueup.snippet import PROGRAMS
from trueup.verify.program_end import last_line
from trueup.verify.run import ExchangeLog

LIMITS = Limits(timeout_s=120)
"""Replies come at once: what takes time is a block that waits between two polls."""
RECORD = "Run trueup record again, or restore the block."
Unit = tuple[Block, Record | None]
"""What is run as one, with its record if it has one."""


@dataclass(frozen=True)
class Replayed:
    """The findings of a replay, the number of blocks by result, and the days of their records."""

    findings: list[Finding]
    counts: Mapping[str, int]
    days: tuple[date, ...]


def pair_records(
    blocks: Sequence[Block], records: Sequence[Record]
) -> dict[tuple[str, int], Record]:
    """Return the record of each block of a page, by language and order: that of the same text, or
    else of the same place among those that are left."""
    left, found = list(records), dict[tuple[str, int], Record]()
    for by_text in (True, False):
        for block in blocks:
            key = (block.language, block.order)
            for record in left if key not in found else ():
                facts = record.facts
                is_same = facts.sha256 == block.sha256 if by_text else facts.order == block.order
                if is_same and facts.language == block.language:
                    found[key] = record
                    left.remove(record)
                    break
    return found


def units_of(found: FoundBlocks, recordings: Mapping[str, Recording]) -> list[Unit]:
    """Return the blocks with their records, those that were recorded together as one."""
    pairs = {
        (page, record.facts.language)
        for page, recording in recordings.items()
        for record in recording.records
        if record.facts.together
    }
    units: list[Unit] = []
    for page, group in groupby(joined(found.blocks, pairs), key=lambda block: block.page):
        blocks = list(group)
        records = recordings[page].records if page in recordings else ()
        known = pair_records(blocks, records)
        units += [(block, known.get((block.language, block.order))) for block in blocks]
    return units


@dataclass(frozen=True)
class Result:
    """What became of a block: its findings, or the reason why it was skipped. It `is_run` if its
    program was started."""

    findings: tuple[Finding, ...] = ()
    skipped: str | None = None
    is_run: bool = False


class Replayer:
    """Replays blocks one at a time, offline. If it is `complete`, one whose program is missing
    fails. The sandbox is opened at the first block that runs, and again where the variables change.
    """

    def __init__(self, units: Sequence[Unit], containment: Containment, complete: bool) -> None:
        self._units, self._containment, self._complete = units, containment, complete
        self._open = ExitStack()
        self._bench: tuple[Mapping[str, str], Bench] | None = None

    def replay(self, block: Block, record: Record | None) -> Result:
        """Return the result of a block, which is one of the units."""
        if block.finding is not None:
            return Result((block.finding,))
        if block.skip is not None:
            return Result(skipped=block.skip)
        if record is None:
            fix = "Run trueup record, and commit what it writes."
            problem = f"this {block.language} block was never recorded"
            return Result((Finding(block.place, problem, fix, "unrecorded-block"),))
        bench = self._bench_with(record.facts.variables)
        lack = bench.sandbox.lacks(block.language)
        if lack is None:
            return Result(tuple(replay_block(bench, block, record)), is_run=True)
        if PROGRAMS[block.language].is_optional and not self._complete:
            return Result(skipped=lack)
        return Result((Finding(block.place, lack, "Install what it needs.", "block-end"),))

    def close(self) -> None:
        """Close the sandbox, if one is open."""
        self._bench = None
        self._open.close()

    def _bench_with(self, variables: Mapping[str, str]) -> Bench:
        """Return the bench of the blocks that were recorded with some variables."""
        if self._bench is not None and self._bench[0] == variables:
            return self._bench[1]
        self.close()
        pairs = [
            (block, record)
            for block, record in self._units
            if block.can_run and record is not None and record.facts.variables == variables
        ]
        urls = [entry.request.url for _, record in pairs for entry in record.entries]
        gate = Gate(ExchangeLog[Call](), SendRules(frozenset()))
        blocks = [block for block, _ in pairs]
        opened = open_bench(gate, blocks, urls, variables, self._containment)
        bench = self._open.enter_context(opened)
        self._bench = (variables, bench)
        return bench


def replay_blocks(
    found: FoundBlocks,
    recordings: Mapping[str, Recording],
    top: Path,
    containment: Containment,
    complete: bool,
    progress: Progress,
) -> Replayed:
    """Return the replay of all blocks. If it is `complete`, one whose program is missing fails."""
    units = units_of(found, recordings)
    results: list[Result] = []
    with closing(Replayer(units, containment, complete)) as replayer:
        for block, record in sorted(units, key=_variables):
            progress("replaying blocks", len(results), len(units))
            results.append(replayer.replay(block, record))
    findings = [finding for result in results for finding in result.findings]
    findings += lost_records(found, units, recordings, top)
    run = [result for result in results if result.is_run]
    if not run:
        findings.append(nothing_replayed(str(top), found.counted))
    counts = {
        "found": found.counted,
        "run": len(run),
        "failed": sum(bool(result.findings) for result in results),
        "skipped": sum(result.skipped is not None for result in results),
        "passed": sum(not result.findings for result in run),
    }
    days = sorted(record.facts.day for block, record in units if block.can_run and record)
    return Replayed(sorted(set(findings)), counts, tuple(days))


def nothing_replayed(path: str, count: int) -> Finding:
    """Return the finding of a run in which no block was replayed, of those that were found."""
    problem = f"no block was replayed; {count} were found"
    return Finding(Place(path), problem, "Record some first.", "nothing-replayed")


def _variables(unit: Unit) -> list[tuple[str, str]]:
    return sorted(unit[1].facts.variables.items()) if unit[1] is not None else []


def replay_block(bench: Bench, block: Block, record: Record) -> list[Finding]:
    """Run a block against its record; return what of it is not as recorded."""
    gate = bench.gate
    gate.waiting, gate.surprises = list(record.entries), []
    gate.concurrent = record.facts.concurrent
    try:
        ran, _ = bench.run(block, LIMITS)
        left, surprises = gate.waiting, gate.surprises
    finally:
        gate.waiting = None
    if ran.stopped:
        problem = f"the block {LIMITS.exceeded(ran.stopped)}"
        return [Finding(block.place, problem, RECORD, "block-end")]
    for request, changes in surprises:
        line = f"{request.method} {request.path}"
        if changes is None:
            where, problem = block.place_of([request.path]), f"{line} is one request more"
            return [Finding(where, f"{problem} than on record", RECORD, "request-mismatch")]
        return [
            Finding(block.place_of(one.words), f"{line}: {one}", RECORD, "request-mismatch")
            for one in changes
        ]
    if left:
        lines = ", ".join(f"{one.request.method} {one.request.path}" for one in left)
        problem = f"{lines}: on record, and not sent"
        return [Finding(block.place, problem, RECORD, "request-mismatch")]
    if ran.exit_code != record.facts.exit_code:
        problem = f"got exit code {ran.exit_code} ({last_line(ran)})"
        problem += f", expected {record.facts.exit_code}"
        return [Finding(block.place, problem, RECORD, "block-end")]
    return []


def lost_records(
    found: FoundBlocks, units: Sequence[Unit], recordings: Mapping[str, Recording], top: Path
) -> Iterator[Finding]:
    """Yield a finding for each record of a page whose block is gone."""
    used = {id(record) for _, record in units}
    for page, recording in recordings.items():
        for record in recording.records:
            is_read = page in found.pages or not (top / page).is_file()
            if is_read and id(record) not in used:
                problem = f"the record {record.facts.id} has no block on the page {page}"
                fix = "Restore the block, or remove the record with its entries."
                yield Finding(Place(str(recording.file)), problem, fix, "stale-record")


def check_days(
    recordings: Mapping[str, Recording], top: Path, reference: str, today: date
) -> list[Finding]:
    """Return a finding for each record that differs from that of a commit and is no newer.
    Raises BadInput for a commit that does not exist."""
    repository = Repository(top)
    commit = repository.commit(reference)
    if commit is None:
        problem = f"{reference} is not a commit of the repository"
        raise BadInput("--against", problem, "Name one that exists, and fetch the whole history.")
    findings = []
    for page, recording in recordings.items():
        path = f"{FOLDER}/{page}.har"
        content = repository.read(commit, path)
        old = () if content is None else parse_recording(content, file_of(top, page)).records
        for record in recording.records:
            twins = [one for one in old if _is_twin(record, one)]
            is_old = any(_is_changed(record, one) for one in twins[:1])
            if is_old or record.facts.day > today:
                problem = f"the record {record.facts.id} differs from that at {reference}"
                problem += f", and has no later date than {record.facts.day}"
                fix = "Run trueup record --again for its page; a recording is not edited by hand."
                findings.append(Finding(Place(str(recording.file)), problem, fix, "edited-record"))
    return findings


def _is_twin(new: Record, old: Record) -> bool:
    same_place = (new.facts.language, new.facts.order) == (old.facts.language, old.facts.order)
    return new.facts.sha256 == old.facts.sha256 or same_place


def _is_changed(new: Record, old: Record) -> bool:
    def content(record: Record) -> object:
        entries = [entry.model_dump(exclude={"block"}) for entry in record.entries]
        return entries, record.facts.model_dump(exclude={"id", "order"})

    return content(new) != content(old) and new.moment() <= old.moment()
