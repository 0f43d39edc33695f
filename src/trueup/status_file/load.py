"""Load: the status file, from disk and from text, to the model. Writes nothing, reads no clock."""

from collections.abc import Iterable
from collections.abc import Mapping as Map
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from trueup.errors import BadInput, BadStatus
from trueup.message import Message
from trueup.model import Hold, Mapping, Observation, Source, Status
from trueup.place import Place
from trueup.receipts import Link, load_signers, read_chain
from trueup.source_file import read_source
from trueup.status_file.form_files import Contents, read_form_files
from trueup.status_file.references import check_references
from trueup.status_file.route_files import read_route_files
from trueup.status_file.row_proof import Proofs, prove
from trueup.status_file.validation import parse_form
from trueup.status_file.version import UPGRADE, VERSION, is_version_1, upgrade
from trueup.status_file.yaml_text import Document, parse_yaml

REHEARSAL = "REHEARSAL"
"""The file that marks a copy for a rehearsal, in which the mock may have answered."""
WITHOUT = (
    "Check the path; `trueup init` makes a site with one, `trueup audit` reads docs without one."
)
MOST_BYTES = 1_000_000
"""Room for a thousand observations, and read within seconds."""


@dataclass(frozen=True)
class Stored:
    """A status and its text; after an edit, `loaded_text` is still that of the disk. `form_files`
    has the files that the form of an endpoint sends, by endpoint and name."""

    status: Status
    document: Document
    loaded_text: str
    proofs: Proofs = Proofs()
    form_files: Map[str, Contents] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The text of the file, edits included."""
        return self.document.text

    @property
    def path(self) -> str:
        """The path as the caller gave it."""
        return self.document.path

    @property
    def data(self) -> dict[str, Any]:
        """The plain data, before the model."""
        return self.document.data

    @property
    def sent_files(self) -> dict[str, bytes]:
        """The files that blocks send, by name."""
        return {name: one for found in self.form_files.values() for name, one in found.items()}

    def proven_by(self, proofs: Proofs) -> "Stored":
        """Return the status with its rows marked that are not proven."""
        if not proofs.found:
            return replace(self, proofs=proofs)
        marked = {
            name: tuple(
                row.as_unproven(proofs.receipt_rows.get((name, index)))
                if (name, index) in proofs.found
                else row
                for index, row in enumerate(getattr(self.status, name))
            )
            for name in ("observations", "mappings")
        }
        return replace(self, status=self.status.model_copy(update=marked), proofs=proofs)

    def place(self, *keys: str | int) -> Place:
        """Return the place of a mapping's key or a list's item, or of the nearest parent."""
        return self.document.place(*keys)

    def place_of(self, row: Observation | Mapping | Hold) -> Place:
        """Return the place of a row of this very status; BadInput for any other."""
        return self.document.place(*self.keys_of(row))

    def keys_of(self, row: Observation | Mapping | Hold) -> tuple[str, int]:
        """Return the list of a row of this very status, and its index; BadInput for any other."""
        for name in ("observations", "mappings", "holds"):
            for index, own in enumerate(getattr(self.status, name)):
                if own is row:
                    return name, index
        raise BadInput(
            self.path, "the row belongs to another version of the status file", "Load it again."
        )


def load_status(path: Path, now: datetime) -> Stored:
    """Return the status file at a path; BadStatus has everything wrong in it."""
    try:
        content = read_source(path, path.parent, MOST_BYTES)
    except FileNotFoundError as error:
        raise _refused(path, "no such file", WITHOUT) from error
    except BadInput as error:
        raise BadStatus([error.message]) from error
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise _refused(path, f"cannot be read ({reason})", "Check the path.") from error
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        before = content[: error.start]
        column = len(before.rpartition(b"\n")[2].decode()) + 1
        place = Place(str(path), before.count(b"\n") + 1, column)
        problem = f"not valid UTF-8 (byte 0x{content[error.start]:02x})"
        raise BadStatus([Message(place, problem, "Save the file as UTF-8.")]) from error
    return parse_status(text, str(path), now, top=path.parent)


def parse_status(
    text: str, path: str, now: datetime, *, is_base: bool = False, top: Path | None = None
) -> Stored:
    """Return the status that a text holds; `path` is for the messages of BadStatus.

    `top` is where the paths of receipts, of the allowed signers and of the files of forms start;
    without it, no row with a receipt is proven, and no file of a form is read. With `is_base`, the
    text is of an earlier commit and may be of version 1.
    """
    stored = parse_text(text, path, now, is_base=is_base)
    if top is not None:
        files = read_route_files(stored.status, top, stored.place)
        stored = replace(stored, status=stored.status.with_files(files))

    def read(source: Source) -> Iterable[Link]:
        return [Link(source, fault="missing")] if top is None else read_chain(source, top)

    if top is not None:
        form_files, problems = read_form_files(stored.status, stored.place, top)
        if problems:
            raise BadStatus(problems)
        stored = replace(stored, form_files=form_files)
    is_rehearsal = top is not None and (top / REHEARSAL).exists()
    signers = None
    if top is not None and not is_rehearsal:
        signers = load_signers(top, stored.status.policy)
        if signers is not None and signers.problems:
            raise BadStatus(signers.problems)
    proofs = prove(stored.status, stored.place, read, signers, is_rehearsal=is_rehearsal)
    return stored.proven_by(proofs)


def parse_text(text: str, path: str, now: datetime, *, is_base: bool = False) -> Stored:
    """Return the status that a text holds, its rows not yet compared with their evidence."""
    if len(text.encode(errors="surrogatepass")) > MOST_BYTES:
        fix = "Remove it, or make it smaller."
        raise _refused(path, f"more than {MOST_BYTES} bytes", fix)
    document = parse_yaml(text, path)
    if is_version_1(document.data):
        if not is_base:
            problem = f"version is 1, expected {VERSION}"
            raise BadStatus([Message(document.place("version"), problem, UPGRADE)])
        document = replace(document, data=upgrade(document.data))
    status = parse_form(document)
    problems = list(islice(check_references(status, now, is_base=is_base), BadStatus.MOST + 1))
    if problems:
        raise BadStatus(
            Message(document.place(*keys), problem, fix) for keys, problem, fix in problems
        )
    return Stored(status, document, text)


def _refused(path: Path | str, problem: str, fix: str) -> BadStatus:
    return BadStatus([Message(Place(str(path)), problem, fix)])
