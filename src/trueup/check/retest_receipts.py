"""Receipts: the findings of each row in its evidence, and receipts that no row refers to."""

import os
from pathlib import Path

from trueup.finding import Finding
from trueup.git_repository import Repository
from trueup.place import Place
from trueup.receipts import FOLDER
from trueup.status_file import REHEARSAL, Stored


def check_receipts(stored: Stored, top: Path) -> list[Finding]:
    """Return findings in the receipts of a status file; their paths start at `top`.

    Files of no row are reported only without other findings, since a broken chain leaves some.
    """
    found = [finding for findings in stored.proofs.found.values() for finding in findings]
    mark = top / REHEARSAL  # the status file of a copy for a rehearsal is in no repository
    if mark.exists() and Repository(top).is_tracked(REHEARSAL, "status.yml"):
        problem = "the repository is marked as a rehearsal, in which the mock may answer"
        found.append(Finding(Place(str(mark)), problem, "Remove the file.", "rehearsed-receipt"))
    return found or [
        Finding(
            Place(str(file)), "no row refers to this receipt", "Remove the file.", "unused-receipt"
        )
        for file in sorted((top / FOLDER).glob("*"))
        if not (file.name.startswith(".") or _is_used(file, stored))
    ]


def _is_used(file: Path, stored: Stored) -> bool:
    own = file.with_suffix("") if file.suffix == ".sig" else file
    return Path(os.path.realpath(own)) in stored.proofs.files
