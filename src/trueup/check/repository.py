"""Repository: git asked for the files that belong to it, and for what they were at a commit."""

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from trueup.site import unfinished_site

MADE = {"node_modules", "site", "__pycache__"}
SHOWN = {".github", ".ci"}
UNFINISHED = unfinished_site(Path("site")).name
"""What a build that was killed leaves; the next build takes it away."""


@dataclass(frozen=True)
class Repository:
    """The repository that holds the folder `top`, if there is one."""

    top: Path

    def files(self) -> list[str]:
        """The files that belong to it or would, from `top` on; without git, all of the folder."""
        listed = self._ask("ls-files", "-z", "--cached", "--others", "--exclude-standard")
        if listed is not None:
            names = {name for name in os.fsdecode(listed).split("\0") if name}
            return sorted(name for name in names if not name.startswith(f"{UNFINISHED}/"))
        return sorted(
            os.path.normpath(os.path.join(start, name))
            for folder, _, names in self._walk()
            for start in [os.path.relpath(folder, self.top)]
            for name in names
        )

    def commit(self, reference: str) -> str | None:
        """The full name of a commit; None for one that is not there."""
        found = self._ask(
            "rev-parse", "--verify", "--quiet", "--end-of-options", f"{reference}^{{commit}}"
        )
        return found.decode().strip() if found else None

    @property
    def is_shallow(self) -> bool:
        """Whether its older commits were not fetched."""
        return (self._ask("rev-parse", "--is-shallow-repository") or b"").strip() == b"true"

    def read(self, commit: str, path: str) -> bytes | None:
        """A file, its path from `top` on, as it was at a commit; None where it was not there."""
        return self._ask("show", f"{commit}:./{path}")

    def changed(self, commit: str, folder: str) -> list[str]:
        """The files of a folder, from `top` on, that are not what they were at a commit."""
        told = self._ask("diff", "--name-only", "--relative", "-z", commit, "--", folder)
        return [name for name in os.fsdecode(told or b"").split("\0") if name]

    def _walk(self) -> Sequence[tuple[str, list[str], list[str]]]:
        walked = []
        for folder, folders, names in os.walk(self.top):
            folders[:] = [name for name in folders if not _is_made(name)]
            walked.append((folder, folders, names))
        return walked

    def _ask(self, *words: str) -> bytes | None:
        try:
            told = subprocess.run(["git", "-C", str(self.top), *words], capture_output=True)
        except OSError:  # git is not installed
            return None
        return told.stdout if told.returncode == 0 else None


def _is_made(folder: str) -> bool:
    """Whether a folder holds what tools made, and not what people wrote."""
    return folder in MADE or (folder.startswith(".") and folder not in SHOWN)
