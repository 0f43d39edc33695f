"""Journal: what a run is about to send and what came of it, one JSON object a line, append-only.

A line is on the disk before what it announces is done, so a crash leaves no call uncounted.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, Field, JsonValue, TypeAdapter, ValidationError

from trueup.errors import BadInput
from trueup.lock import holder_since, try_lock
from trueup.model import Frozen

INTERRUPTED = "interrupted"
Ordinal = Annotated[int, Field(ge=1)]
Dollars = Annotated[Decimal, Field(ge=0)]


class Intent(Frozen):
    """A call that is about to be forwarded. It holds no key and no query."""

    kind: Literal["intent"] = "intent"
    ordinal: Ordinal
    """The number of the call, from 1."""
    at: AwareDatetime
    label: str
    """What the call is made for, such as an endpoint; given by who runs the blocks."""
    method: str
    path: str
    reserved_usd: Dollars | None = None
    """What it may cost; none where no price is known."""


class Answer(Frozen):
    """What came of a call."""

    kind: Literal["answer"] = "answer"
    ordinal: Ordinal
    at: AwareDatetime
    status: int
    request_id: str | None = None
    reason: str | None = None
    """Why it could not tell; none where a whole reply came."""


class Settled(Frozen):
    """What a call cost in the end."""

    kind: Literal["settled"] = "settled"
    ordinal: Ordinal
    at: AwareDatetime
    actual_usd: Dollars


class Kept(Frozen):
    """A finished receipt, as its owner writes one."""

    kind: Literal["receipt"] = "receipt"
    at: AwareDatetime
    receipt: dict[str, JsonValue]


Entry = Intent | Answer | Settled | Kept
ENTRY: TypeAdapter[Entry] = TypeAdapter(Annotated[Entry, Field(discriminator="kind")])


class Called(Frozen):
    """A call with all that the journal knows of it.

    `inconclusive` is the reason why it proves nothing: the answer's, or `interrupted` where no
    answer was written before the run ended. Such a call may have been made and paid for: it counts,
    and it is not sent again.
    """

    intent: Intent
    answer: Answer | None = None
    actual_usd: Decimal | None = None

    @property
    def inconclusive(self) -> str | None:
        return INTERRUPTED if self.answer is None else self.answer.reason

    @property
    def spent_usd(self) -> Decimal:
        """What is known to be spent on it, or else what is reserved."""
        known = self.intent.reserved_usd if self.actual_usd is None else self.actual_usd
        return known or Decimal(0)


class Journal:
    """The journal at a path; to be closed. Another process cannot open it meanwhile.

    What was written before is in `calls`, by number, and in `receipts`. Raises BadInput for a
    line that cannot be read. A last line that was cut off is dropped: nothing was done on it.
    """

    def __init__(self, path: Path, clock: Callable[[], datetime]) -> None:
        self.path = path
        self.calls: dict[int, Called] = {}
        self.receipts: list[Mapping[str, JsonValue]] = []
        self._clock = clock
        self._handle = _open(path)
        try:
            _lock(self._handle, path, holder_since(clock()))
            content = path.read_bytes()
            whole = content[: content.rfind(b"\n") + 1]
            for number, line in enumerate(whole.split(b"\n")[:-1], 1):
                self._read(number, line)
            self._end = len(whole)
            os.ftruncate(self._handle, self._end)
            os.fsync(self._handle)
        except OSError as error:
            os.close(self._handle)
            raise _unusable(path, error) from error
        except BaseException:
            os.close(self._handle)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._handle)

    @property
    def interrupted(self) -> Iterator[Called]:
        """The calls without an answer; read at the start, those of runs that were cut off."""
        return (call for call in self.calls.values() if call.answer is None)

    def intend(
        self, label: str, method: str, path: str, reserved_usd: Decimal | None = None
    ) -> Intent:
        """Announces the next call; it is on the disk on return, or an OSError is raised."""
        intent = Intent(
            ordinal=max(self.calls, default=0) + 1,
            at=self._clock(),
            label=label,
            method=method,
            path=path,
            reserved_usd=reserved_usd,
        )
        self._append(intent)
        return intent

    def answer(
        self, ordinal: int, status: int, request_id: str | None = None, reason: str | None = None
    ) -> None:
        """Writes down what came of a call."""
        self._append(
            Answer(
                ordinal=ordinal,
                at=self._clock(),
                status=status,
                request_id=request_id,
                reason=reason,
            )
        )

    def settle(self, ordinal: int, actual_usd: Decimal) -> None:
        """Writes down what a call cost; a later line of the same call counts instead.

        Raises BadInput, here and below, where the journal takes no more.
        """
        self._put(Settled(ordinal=ordinal, at=self._clock(), actual_usd=actual_usd))

    def keep(self, receipt: Mapping[str, JsonValue]) -> None:
        """Writes down a finished receipt."""
        self._put(Kept(at=self._clock(), receipt=dict(receipt)))

    def _put(self, entry: Entry) -> None:
        try:
            self._append(entry)
        except OSError as error:
            raise BadInput(
                f"{self.path}: {error.strerror}; room for each answer was expected. Make room and"
                " go on with the run: what was sent is not sent again."
            ) from error

    def _append(self, entry: Entry) -> None:
        if reason := self._misfit(entry):
            raise ValueError(f"{self.path}: {reason}")
        line = entry.model_dump_json().encode() + b"\n"
        try:
            written = os.pwrite(self._handle, line, self._end)
            if written != len(line):
                raise OSError(28, "No space left on device")
            os.fsync(self._handle)
        except OSError:
            os.ftruncate(self._handle, self._end)
            raise
        self._end += len(line)
        self._take(entry)

    def _read(self, number: int, line: bytes) -> None:
        remedy = "Restore the file, or move it away and start anew."
        try:
            entry = ENTRY.validate_json(line)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            field = ".".join(str(part) for part in first["loc"])
            found = f"{field}: {first['msg']}" if field else first["msg"]
            raise BadInput(
                f"{self.path}:{number}: {found}; an intent, an answer, what a call cost, or a"
                f" receipt was expected. {remedy}"
            ) from None
        if reason := self._misfit(entry):
            raise BadInput(f"{self.path}:{number}: {reason}. {remedy}")
        self._take(entry)

    def _misfit(self, entry: Entry) -> str | None:
        """Why an entry cannot follow those before it."""
        if isinstance(entry, Kept):
            return None
        call = self.calls.get(entry.ordinal)
        if isinstance(entry, Intent):
            due = max(self.calls, default=0) + 1
            return (
                f"call {entry.ordinal}; call {due} was expected" if entry.ordinal != due else None
            )
        if call is None:
            return f"{entry.kind} of call {entry.ordinal}; its intent was expected before it"
        if isinstance(entry, Answer) and call.answer is not None:
            return f"a second answer of call {entry.ordinal}; one was expected"
        return None

    def _take(self, entry: Entry) -> None:
        if isinstance(entry, Kept):
            self.receipts.append(entry.receipt)
        elif isinstance(entry, Intent):
            self.calls[entry.ordinal] = Called(intent=entry)
        else:
            change: dict[str, object] = {"answer": entry}
            if isinstance(entry, Settled):
                change = {"actual_usd": entry.actual_usd}
            self.calls[entry.ordinal] = self.calls[entry.ordinal].model_copy(update=change)


def _open(path: Path) -> int:
    """The file, made if it is not there; its name is then on the disk too."""
    try:
        is_new = not path.exists()
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        if is_new:
            os.fsync(handle)
            folder = os.open(path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
    except OSError as error:
        raise _unusable(path, error) from error
    return handle


def _unusable(path: Path, error: OSError) -> BadInput:
    return BadInput(
        f"{path}: {error.strerror}; a file that can be read and written was expected."
        " Give another path."
    )


def _lock(handle: int, path: Path, holder: str) -> None:
    told = path.with_name(f"{path.name}.holder")
    if who := try_lock(handle, told):
        raise BadInput(
            f"{path}: {who} writes to it; a journal of one run was expected. Wait for its end."
        )
    if not path.exists() or not os.path.samestat(os.fstat(handle), os.stat(path)):
        raise BadInput(
            f"{path}: its run ended while this one began, and moved it; a journal of one run was"
            " expected. Begin again."
        )
    with suppress(OSError):  # a name for a message, no more
        told.write_text(holder, encoding="utf-8")
