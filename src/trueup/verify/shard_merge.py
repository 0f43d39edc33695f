"""Shard merge: the files of all shards of a site → one report, as of a single run. A file is input:
nothing in it is taken over that the site and the status file at hand do not allow."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pydantic import ValidationError

from trueup import __version__
from trueup.errors import BadInput
from trueup.finding import printable
from trueup.model import Observation
from trueup.request import Difference
from trueup.snippet import PROGRAMS
from trueup.status_file import Stored
from trueup.verify.block_receipt import BlockReceipt, Report
from trueup.verify.contradiction import contradiction_in
from trueup.verify.judge import LONGEST_REASON, PublishedBlock, skip_reason
from trueup.verify.pool import require_conclusive
from trueup.verify.shard import Shard, ShardConditions, ShardReceipts, key_of

AGAIN = "Run that shard again on this site."
CAUSES = {
    "blocks": ("the blocks of another site", "Build the site once, and give it to all machines."),
    "status_path": ("another path of the status file", "Give --top alike on all machines."),
    "status": ("another status file, or other files that it names", "Check out one commit."),
    "engine": ("another Trueup or other packages", "Install all machines by one lock."),
    "as_of": ("another date", "Give --as-of alike on all machines."),
    "complete": ("another value of CI", "Set the variable CI alike on all machines."),
}
"""Problem and fix for each of the conditions in which a shard differs."""

ShardFile = tuple[Path, ShardReceipts]


@dataclass(frozen=True)
class ShardMerge:
    """The merge of shards for the distinct blocks of a built site, under the conditions of this
    machine. Shards whose blocks ran without bubblewrap are taken with `allow_weak` only.

    It proves that the files fit this site and contradict neither the status file nor themselves. It
    cannot prove that a block was run: whoever can write the files can claim a run of a block that
    matches its record. They are worth as much as the machines and the storage that they came from.
    """

    published: Sequence[PublishedBlock]
    stored: Stored
    conditions: ShardConditions
    allow_weak: bool = False

    def merge(self, files: Sequence[Path]) -> Report:
        """Return the report of all shards, with the receipts in the order of the site.

        Raises BadInput with the name of the first file that cannot be used, or that is missing; and
        Unreachable if blocks were run and none was conclusive.
        """
        shards: dict[int, ShardFile] = {}
        for file in files:
            shard = read_shard(file)
            self._require_alike(file, shard, next(iter(shards.values()), (file, shard)))
            if shard.shard in shards:
                other, _ = shards[shard.shard]
                problem = f"shard {shard.shard} of {shard.shards} a second time, after {other}"
                raise BadInput(file, problem, "Give one file for each shard.")
            shards[shard.shard] = file, shard
        receipts = [one for found in self._require_all(shards) for one in self._receipts(*found)]
        order = {key_of(block): index for index, (block, _) in enumerate(self.published)}
        receipts.sort(key=lambda receipt: order[key_of(receipt)])
        return require_conclusive(Report(tuple(receipts)), self.stored)

    def _require_alike(self, file: Path, shard: ShardReceipts, first: ShardFile) -> None:
        """Raise BadInput for a shard under other conditions than here, or than the first shard."""
        for name, (problem, fix) in CAUSES.items():
            got, expected = getattr(shard.conditions, name), getattr(self.conditions, name)
            if got != expected:
                values = f": got {got}, expected {expected}" if len(str(got)) < 64 else ""
                raise BadInput(file, printable(f"run with {problem} than here{values}"), fix)
        for name in ("shards", "containment"):
            got, expected = getattr(shard, name), getattr(first[1], name)
            if got != expected:
                problem = f"{name}: got {got}, expected {expected} as in {first[0]}"
                raise BadInput(file, problem, "Run all shards of one site alike.")
        if shard.containment != "namespace" and not self.allow_weak:
            fix = "Install it there, or give --allow-weak-sandbox where every page is your own."
            raise BadInput(file, "its blocks were run without bubblewrap", fix)

    def _require_all(self, shards: Mapping[int, ShardFile]) -> list[ShardFile]:
        """Return the shards in their order. Raises BadInput where one is missing."""
        count = max((shard.shards for _, shard in shards.values()), default=1)
        missing = [number for number in range(1, count + 1) if number not in shards]
        if missing:
            others = f" and {len(missing) - 1} others" if missing[1:] else ""
            problem = f"no receipts of shard {missing[0]} of {count}{others}"
            fix = "Give the file of each shard; one that broke off wrote none, so run it again."
            raise BadInput(Shard(missing[0], count).file_name, problem, fix)
        return [shards[number] for number in sorted(shards)]

    def _receipts(self, file: Path, shard: ShardReceipts) -> Sequence[BlockReceipt]:
        """Return the receipts of a shard. Raises BadInput unless there is one for each of its
        blocks, and each could be of its run."""
        part = Shard(shard.shard, shard.shards).part_of(self.published)
        expected = {key_of(block): pages for block, pages in part}
        seen = set()
        for receipt in shard.receipts:
            name = _name(receipt.endpoint, receipt.language, receipt.sha256)
            key = key_of(receipt)
            if key in seen:
                raise BadInput(file, f"two receipts of {name}", AGAIN)
            if key not in expected:
                raise BadInput(file, f"{name} is no block of this shard", AGAIN)
            seen.add(key)
            for problem in self._problems(receipt, expected[key], shard):
                problem = printable(f"the receipt of {name} {problem}"[:LONGEST_REASON])
                raise BadInput(file, problem, AGAIN)
        for block, _ in part:
            if key_of(block) not in seen:
                name = _name(block.endpoint, block.language, block.sha256)
                raise BadInput(file, f"no receipt of {name}", AGAIN)
        return shard.receipts

    def _problems(
        self, receipt: BlockReceipt, pages: tuple[str, ...], shard: ShardReceipts
    ) -> Iterator[str]:
        """Yield what of a receipt no run of its block against the mock could have written here."""
        alike = {
            "pages": pages,
            "target": self.stored.status.reference,
            "replayed": True,
            "containment": shard.containment,
            "engine": __version__,
            "output": None,
        }
        for name, expected in alike.items():
            if (got := getattr(receipt, name)) != expected:
                yield f"has {name} {got!r}, expected {expected!r}"
        if problem := contradiction_in(receipt):
            yield problem
        if receipt.passed and receipt.status is None:
            yield "says passed, without a reply"
        if unknown := set(receipt.signatures) - self.stored.status.signatures.keys():
            yield f"names the unknown signature {min(unknown)!r}"
        texts = (*receipt.reasons, receipt.skipped, receipt.inconclusive, receipt.request_id)
        if any(text != printable(text)[:LONGEST_REASON] for text in texts if text):
            yield "has a text of more than one line or page"
        yield from self._skip(receipt)
        yield from self._record(receipt)

    def _skip(self, receipt: BlockReceipt) -> Iterator[str]:
        endpoint = self.stored.status.endpoints.get(receipt.endpoint or "")
        reason = endpoint and skip_reason(endpoint, self.conditions.as_of)
        may_lack = PROGRAMS[receipt.language].is_optional and not self.conditions.complete
        if receipt.skipped != reason and (reason or not may_lack):
            yield f"has skipped {receipt.skipped!r}, expected {reason!r}"

    def _record(self, receipt: BlockReceipt) -> Iterator[str]:
        """Yield how the evidence of a receipt differs from the rows of its endpoint."""
        row = self._rows.get(receipt.record or "")
        if receipt.record is not None:
            if row is None or row.endpoint != receipt.endpoint:
                yield f"names {receipt.record}, which is no evidence of its endpoint"
                return
        elif receipt.passed and not receipt.documented:
            yield "says passed, without a record"
        if receipt.documented and receipt.endpoint not in self._unobserved:
            yield "says documented, of an endpoint that was observed"
        day, sample = (row.day, row.sample) if row else (None, False)
        if (receipt.evidence, receipt.sample) != (day, sample):
            got = f"{receipt.evidence}, sample {receipt.sample}"
            yield f"has evidence of {got}, expected {day}, sample {sample}"
        if receipt.passed and row is not None:
            yield from _result(receipt, row)
        if receipt.unobserved and not self._may_differ(receipt.unobserved, row):
            yield "differs from the record in more than an accepted auth method"

    def _may_differ(self, found: Sequence[Difference], row: Observation | None) -> bool:
        """Return whether the differences are the one that a client may choose: its auth method."""
        if row is None or len(found) != 1:
            return False
        accepted = self.stored.status.route_of(row.endpoint).accepted_auth
        own = Difference(path=("auth",), recorded=row.sent.auth, now=found[0].now)
        return found[0] == own and own.now in accepted

    @cached_property
    def _rows(self) -> Mapping[str, Observation]:
        """The rows that a run can be compared with, by their place."""
        status = self.stored.status
        return {
            str(self.stored.place("observations", index)): row
            for index, row in enumerate(status.observations)
            if row.target == status.reference and row.can_replay
            if row.variant is None and row.retracted is None
        }

    @cached_property
    def _unobserved(self) -> frozenset[str]:
        return frozenset(self.stored.status.unobserved(self.stored.status.reference))


def read_shard(file: Path) -> ShardReceipts:
    """Return the receipts in a shard's file. Raises BadInput where it cannot be read, and where it
    is not as a shard wrote it."""
    if not file.is_file():
        raise BadInput(file, "no such file", "Give the file of each shard.")
    try:
        return ShardReceipts.parse(file.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        reason = printable(f"{place}: {first['msg']}" if place else first["msg"])
    except BadInput as error:
        reason = error.message.problem
    except (OSError, ValueError, RecursionError) as error:
        reason = printable(str(error))
    problem = f"not the receipts of a shard, whole and unchanged ({reason[:LONGEST_REASON]})"
    raise BadInput(file, problem, "Run that shard again, and hand on its file as it is.")


def _result(receipt: BlockReceipt, row: Observation) -> Iterator[str]:
    """Yield how the result of a block that passed differs from that of its row."""
    if row.outcome not in (receipt.outcome, "mixed"):
        yield f"says passed, with outcome {receipt.outcome}, expected {row.outcome}"
    if receipt.outcome == "output" and row.shape not in (None, receipt.shape):
        yield f"says passed, with shape {receipt.shape}, expected {row.shape}"
    known = set(receipt.signatures) & set(row.signatures)
    if receipt.outcome == "error" and row.signatures and not known:
        yield f"says passed, with another error than the recorded {' or '.join(row.signatures)}"


def _name(endpoint: str | None, language: str, digest: str) -> str:
    return printable(f"{endpoint} ({language}, {digest[:12]})")[:LONGEST_REASON]
