"""Repository: its files, and their content at a commit, as git lists them."""

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from trueup.site import unfinished_site

MADE = {"node_modules", "site", "__pycache__"}
SHOWN = {".github", ".ci"}
UNFINISHED = unfinished_site(Path("site")).name
"""The folder that an interrupted build leaves; the next build removes it."""


@dataclass(frozen=True)
class Repository:
    """The git repository that holds the folder `top`, if there is one."""

    top: Path

    def files(self) -> list[str]:
        """Return the files that are tracked or could be, relative to `top`; without git, all."""
        listed = self._git("ls-files", "-z", "--cached", "--others", "--exclude-standard")
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
        """Return the hash of a commit; None where it does not exist."""
        found = self._git(
            "rev-parse", "--verify", "--quiet", "--end-of-options", f"{reference}^{{commit}}"
        )
        return found.decode().strip() if found else None

    @property
    def is_shallow(self) -> bool:
        """Return whether its older commits were not fetched."""
        return (self._git("rev-parse", "--is-shallow-repository") or b"").strip() == b"true"

    def read(self, commit: str, path: str) -> bytes | None:
        """Return a file at a commit, its path relative to `top`; None where it did not exist."""
        return self._git("show", f"{commit}:./{path}")

    def changed(self, commit: str, folder: str) -> list[str]:
        """Return the files of a folder that differ from a commit, relative to `top`."""
        output = self._git("diff", "--name-only", "--relative", "-z", commit, "--", folder)
        return [name for name in os.fsdecode(output or b"").split("\0") if name]

    def _walk(self) -> Sequence[tuple[str, list[str], list[str]]]:
        walked = []
        for folder, folders, names in os.walk(self.top):
            folders[:] = [name for name in folders if not _is_made(name)]
            walked.append((folder, folders, names))
        return walked

    def _git(self, *words: str) -> bytes | None:
        try:
            run = subprocess.run(["git", "-C", str(self.top), *words], capture_output=True)
        except OSError:  # git is not installed
            return None
        return run.stdout if run.returncode == 0 else None


def _is_made(folder: str) -> bool:
    """Return whether tools, not people, wrote the files of a folder."""
    return folder in MADE or (folder.startswith(".") and folder not in SHOWN)
