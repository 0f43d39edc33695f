"""Journal: the calls of a run and their answers, one JSON object a line, append-only.

A line is on the disk before the call that it announces is made: a crash leaves no call uncounted.
"""

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, Field, JsonValue, TypeAdapter, ValidationError

from trueup.errors import BadInput
from trueup.lock import holder_since, try_lock
from trueup.model import Frozen
from trueup.place import Place
from trueup.relay.key_search import KeySearch

INTERRUPTED = "interrupted"
Ordinal = Annotated[int, Field(ge=1)]
Dollars = Annotated[Decimal, Field(ge=0)]


class IntentEntry(Frozen):
    """A call that is about to be forwarded. It holds no key and no query."""

    kind: Literal["intent"] = "intent"
    ordinal: Ordinal
    """The number of the call, from 1."""
    at: AwareDatetime
    label: str
    """The purpose of the call, such as an endpoint; given by the runner of the blocks."""
    method: str
    path: str
    reserved_usd: Dollars | None = None
    """The price of the call, where it is known."""


class AnswerEntry(Frozen):
    """The answer to a call."""

    kind: Literal["answer"] = "answer"
    ordinal: Ordinal
    at: AwareDatetime
    status: int
    request_id: str | None = None
    reason: str | None = None
    """The reason why the answer is inconclusive; none for a whole reply."""


class SettledEntry(Frozen):
    """The actual cost of a call."""

    kind: Literal["settled"] = "settled"
    ordinal: Ordinal
    at: AwareDatetime
    actual_usd: Dollars


class ReceiptEntry(Frozen):
    """A finished receipt, in its owner's form."""

    kind: Literal["receipt"] = "receipt"
    at: AwareDatetime
    receipt: dict[str, JsonValue]


Entry = IntentEntry | AnswerEntry | SettledEntry | ReceiptEntry
ENTRY: TypeAdapter[Entry] = TypeAdapter(Annotated[Entry, Field(discriminator="kind")])


class CallState(Frozen):
    """A call with all of its entries.

    `inconclusive` is the reason why it proves nothing: the answer's, or `interrupted` where no
    answer was written before the run ended. Such a call may have been made and paid for: it counts,
    and it is not sent again.
    """

    intent: IntentEntry
    answer: AnswerEntry | None = None
    actual_usd: Decimal | None = None

    @property
    def inconclusive(self) -> str | None:
        return INTERRUPTED if self.answer is None else self.answer.reason

    @property
    def spent_usd(self) -> Decimal:
        """The actual cost, or else the reserved price."""
        known = self.intent.reserved_usd if self.actual_usd is None else self.actual_usd
        return known or Decimal(0)


class Journal:
    """The journal at a path, as a context. Another process cannot open it meanwhile.

    The earlier entries are in `calls`, by number, and in `receipts`. A text that holds one of the
    secrets of `search` is withheld from an entry. Raises BadInput for an
    invalid line. A last line that was cut off is dropped: its call was not made.
    """

    def __init__(
        self, path: Path, clock: Callable[[], datetime], search: KeySearch | None = None
    ) -> None:
        self.path = path
        self._search = search or KeySearch()
        self.calls: dict[int, CallState] = {}
        self.receipts: list[Mapping[str, JsonValue]] = []
        self._clock = clock
        self._handle = _open(path)
        try:
            _lock_own(self._handle, path, holder_since(clock()))
            content = path.read_bytes()
            whole = content[: content.rfind(b"\n") + 1]
            for number, line in enumerate(whole.split(b"\n")[:-1], 1):
                self._read(Place(str(path), number), line)
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

    def intend(
        self, label: str, method: str, path: str, reserved_usd: Decimal | None = None
    ) -> IntentEntry:
        """Announce the next call; it is on the disk on return, or an OSError is raised."""
        intent = IntentEntry(
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
        """Write the answer to a call; an OSError is raised if that fails."""
        self._append(
            AnswerEntry(
                ordinal=ordinal,
                at=self._clock(),
                status=status,
                request_id=request_id,
                reason=reason,
            )
        )

    def settle(self, ordinal: int, actual_usd: Decimal) -> None:
        """Write the actual cost of a call; a later line of the same call replaces it.

        Raises BadInput, here and below, if the journal cannot be written.
        """
        self._put(SettledEntry(ordinal=ordinal, at=self._clock(), actual_usd=actual_usd))

    def keep(self, receipt: Mapping[str, JsonValue]) -> None:
        """Write a finished receipt."""
        self._put(ReceiptEntry(at=self._clock(), receipt=dict(receipt)))

    def _put(self, entry: Entry) -> None:
        try:
            self._append(entry)
        except OSError as error:
            fix = (
                "Free disk space, or correct the permissions, and resume the run: no request is"
                " sent again."
            )
            raise BadInput(self.path, str(error.strerror), fix) from error

    def _append(self, entry: Entry) -> None:
        if problem := self._sequence_error(entry):
            raise ValueError(f"{self.path}: {problem}")
        entry = ENTRY.validate_python(self._search.withhold(entry.model_dump(mode="json")))
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

    def _read(self, place: Place, line: bytes) -> None:
        fix = "Restore the file, or move it away and start anew."
        try:
            entry = ENTRY.validate_json(line)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            field = ".".join(str(part) for part in first["loc"])
            problem = f"{field}: {first['msg']}" if field else first["msg"]
            raise BadInput(place, f"not an entry of a journal: {problem}", fix) from None
        if out_of_sequence := self._sequence_error(entry):
            raise BadInput(place, out_of_sequence, fix)
        self._take(entry)

    def _sequence_error(self, entry: Entry) -> str | None:
        """Return why an entry cannot follow those before it, or None."""
        if isinstance(entry, ReceiptEntry):
            return None
        call = self.calls.get(entry.ordinal)
        if isinstance(entry, IntentEntry):
            got, expected = entry.ordinal, max(self.calls, default=0) + 1
            return None if got == expected else f"got call {got}, expected call {expected}"
        if call is None:
            return f"{entry.kind} of call {entry.ordinal} without an intent before it"
        if isinstance(entry, AnswerEntry) and call.answer is not None:
            return f"a second answer of call {entry.ordinal}"
        return None

    def _take(self, entry: Entry) -> None:
        if isinstance(entry, ReceiptEntry):
            self.receipts.append(entry.receipt)
        elif isinstance(entry, IntentEntry):
            self.calls[entry.ordinal] = CallState(intent=entry)
        else:
            change: dict[str, object] = {"answer": entry}
            if isinstance(entry, SettledEntry):
                change = {"actual_usd": entry.actual_usd}
            self.calls[entry.ordinal] = self.calls[entry.ordinal].model_copy(update=change)


def _open(path: Path) -> int:
    """Open the file, made if it is missing; its name is then on the disk too."""
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
    return BadInput(path, f"not readable and writable: {error.strerror}", "Use another path.")


def _lock_own(handle: int, path: Path, holder: str) -> None:
    note = path.with_name(f"{path.name}.holder")
    if other := try_lock(handle, note):
        raise BadInput(path, f"in use by {other}", "Wait until it has finished.")
    if not path.exists() or not os.path.samestat(os.fstat(handle), os.stat(path)):
        problem = "the earlier run has just ended and moved this file"
        raise BadInput(path, problem, "Run the command again.")
    with suppress(OSError):  # a name for a message, no more
        note.write_text(holder, encoding="utf-8")
