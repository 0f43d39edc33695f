"""Record: blocks run once at a live gateway; each that replays at once is kept."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from trueup.lock import wait_for_lock
from trueup.protocols import CALLER_STATUSES
from trueup.recording.bench import Bench, Gate, open_bench
from trueup.recording.blocks import Block
from trueup.recording.call import Call
from trueup.recording.har import BlockFacts, Entry, Record, Recording, file_of, load_recording
from trueup.recording.replay import LIMITS as REPLAY_LIMITS
from trueup.recording.replay import replay_block
from trueup.recording.send_rules import SendRules
from trueup.relay import KeySearch
from trueup.sandbox import Containment, Limits
from trueup.verify.program_end import last_line
from trueup.verify.run import ExchangeLog

LIMITS = Limits(timeout_s=330)
"""More than the relay's own deadline of 300 s, so that its reason arrives."""


def would_send(
    blocks: Sequence[Block],
    rules: SendRules,
    target: str,
    variables: Mapping[str, str],
    containment: Containment,
) -> dict[tuple[str, str], list[Block]]:
    """Return the requests of blocks, as `METHOD HOST PATH` and what keeps each from being sent
    whatever the routes are, with the blocks that send them. Nothing leaves the sandbox."""
    found: dict[tuple[str, str], list[Block]] = defaultdict(list)
    gate = Gate(ExchangeLog[Call](), rules)
    runnable = [block for block in blocks if block.can_run]
    urls = [target, *(f"https://{host}" for host in rules.hosts)]
    with open_bench(gate, runnable, urls, variables, containment) as bench:
        for block in runnable:
            if bench.sandbox.lacks(block.language) is not None:
                continue
            for call in bench.run(block, REPLAY_LIMITS)[1]:
                line = f"{call.request.method} {call.request.host} {call.request.path}"
                reason = call.failure or ""
                found[line, "" if reason.startswith("no --route") else reason].append(block)
    return dict(found)


@dataclass(frozen=True)
class Recorder:
    """A bench at a live gateway. `clock` returns the current time; `search` finds the secrets that
    no recording holds."""

    bench: Bench
    relay: Gate
    top: Path
    search: KeySearch
    clock: Callable[[], datetime]
    variables: Mapping[str, str]

    def record(
        self, block: Block, old: Record | None, recordings: Mapping[str, Recording]
    ) -> str | None:
        """Run a block, and write its record into the file of its page, in place of the old one.
        Return why it is not recorded, or None. `recordings` are those at the start of the run."""
        if (lack := self.bench.sandbox.lacks(block.language)) is not None:
            return lack
        self.relay.waiting = None
        started = self.clock()
        ran, calls = self.bench.run(block, LIMITS)
        if ran.stopped:
            return f"it {LIMITS.exceeded(ran.stopped)}"
        for call in calls:
            if call.response is None:
                return f"{call.request.method} {call.request.path}: {call.failure}"
            if (status := call.response.status) in CALLER_STATUSES:
                line = f"{call.request.method} {call.request.path}"
                return f"{line}: status {status} is about the key, its balance or its limits"
        if not calls and ran.exit_code != 0:
            line = self.search.withhold(last_line(ran))
            return f"it sent nothing and ended with {ran.exit_code} ({line})"
        facts = BlockFacts(
            id="new",
            language=block.language,
            order=block.order,
            sha256=block.sha256,
            exit_code=ran.exit_code or 0,
            day=started.date(),
            together=block.together,
            concurrent=any(call.others for call in calls),
            variables=dict(self.variables),
        )
        entries = tuple(
            Entry(started=started, request=call.request, response=call.response, block="new")
            for call in calls
            if call.response is not None
        )
        for entry in entries:
            request, reply = entry.request.model_dump_json(), entry.response.content.content()
            if self.search.holds(request) or self.search.holds(reply):
                return "a text of its requests or replies holds what looks like a secret"
        record = Record(facts, entries)
        if problems := replay_block(self.bench, block, record):
            return f"it does not replay: {problems[0].problem}"
        self._write(block, record, old, recordings)
        return None

    def _write(
        self, block: Block, record: Record, old: Record | None, recordings: Mapping[str, Recording]
    ) -> None:
        """Add a record to those that the file has by now, in place of one that another run has
        written of the same block since the start."""
        known = recordings.get(block.page) or Recording(file_of(self.top, block.page))
        with wait_for_lock(self.top):
            page = load_recording(known.file, self.top)
            replaced = [] if old is None else [old]
            replaced += [
                one
                for one in page.records
                if one.facts.language == block.language
                and (block.together or (one not in known.records and _is_twin(one, record)))
            ]
            page.with_record(record, replaced).save(self.top)


def _is_twin(one: Record, other: Record) -> bool:
    """Return whether two records of a language are of the same block."""
    return (one.facts.order, one.facts.sha256) == (other.facts.order, other.facts.sha256)
