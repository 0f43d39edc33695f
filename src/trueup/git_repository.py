"""Git repository: its files, and their content at a commit, as git lists them.

Nothing that a repository names is executed: no hook, filter, helper or transport of its settings.
"""

import os
import shutil
import stat
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import new as new_hash
from pathlib import Path
from threading import Timer

from trueup.site import unfinished_site

MADE = {"node_modules", "site", "__pycache__"}
SHOWN = {".github", ".ci"}
UNFINISHED = unfinished_site(Path("site")).name
"""The folder that an interrupted build leaves; the next build removes it."""
MOST_BYTES = 16_000_000
"""More than any page or status file has; a larger file of a commit is not read."""
TIMEOUT_S = 120
"""Longer than git needs to list any repository."""
OPTIONS = (
    *("--no-replace-objects", "--literal-pathspecs"),
    *("-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false"),
    *("-c", "core.warnAmbiguousRefs=true"),
    # A folder of the tree that looks like a repository is none.
    *("-c", "safe.bareRepository=explicit"),
)
LOG_TIMEOUT_S = 600
"""Longer than git needs to list the changes of any docs."""
LOG_OPTIONS = (
    *(option for option in OPTIONS if option != "--literal-pathspecs"),
    *("-c", "core.quotePath=false", "-c", "core.attributesFile=/dev/null"),
    *("-c", f"core.bigFileThreshold={MOST_BYTES}"),
)
LOG = (
    *("log", "--reverse", "--first-parent", "--diff-merges=first-parent", "--no-notes"),
    *("--no-show-signature", "--no-color", "--no-ext-diff", "--no-textconv", "--no-mailmap"),
    *("--no-decorate", "--no-indent-heuristic", "-O/dev/null", "--ignore-submodules"),
    *("--patch", "--unified=0", "--inter-hunk-context=0", "--diff-algorithm=myers", "--relative"),
    *("--find-renames=80%", "-l1000", "--src-prefix=a/", "--dst-prefix=b/"),
    *("--format=format:%x00%H %cs %as", "--encoding=UTF-8"),
)
"""All that the settings of a repository or a user could change is given."""
ENVIRONMENT = {
    "GIT_ALLOW_PROTOCOL": "none",  # a missing object is not fetched, whatever the remote is
    "GIT_NO_LAZY_FETCH": "1",
    "PATH": os.defpath,
}
"""All that git gets from the environment, beside HOME with the settings of the user. Nothing but
listings and objects is read, so that no filter, textconv or external diff has anything to do."""


@dataclass(frozen=True)
class Entry:
    """A file of a commit, or what is in its place."""

    mode: str
    hash: str
    size: int

    @property
    def kind(self) -> str:
        """Return what it is, as a noun: a file, a symbolic link or a submodule."""
        return {"120000": "a symbolic link", "160000": "a submodule"}.get(self.mode, "a file")


@dataclass(frozen=True)
class Repository:
    """The git repository that holds the folder `top`, if there is one."""

    top: Path

    def files(self) -> list[str]:
        """Return the files that are tracked or could be, relative to `top`; without git, all."""
        listed = self._git("ls-files", "-z", "--cached", "--others", "--exclude-standard")
        if listed is not None:
            return sorted(
                name for name in set(_names(listed)) if not name.startswith(f"{UNFINISHED}/")
            )
        return sorted(
            os.path.normpath(os.path.join(start, name))
            for folder, _, names in self._walk()
            for start in [os.path.relpath(folder, self.top)]
            for name in names
        )

    def is_tracked(self, *paths: str) -> bool:
        """Return whether one of some files, relative to `top`, is committed or about to be."""
        return bool(self._git("ls-files", "-z", "--cached", "--", *paths))

    def commit(self, reference: str) -> str | None:
        """Return the hash of a commit; None where it does not exist.

        `NAME...` is the merge base of NAME and HEAD, as in `git diff NAME...`.
        """
        name = reference.removesuffix("...")
        found = self._git(
            "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}"
        )
        if found and name != reference:
            found = self._git("merge-base", found.decode().strip(), "HEAD")
        return found.decode().strip() if found else None

    def is_ambiguous(self, reference: str) -> bool:
        """Return whether a name that git resolves is of two refs: of a tag and a branch, git takes
        the tag."""
        run = self._run("rev-parse", "--verify", "--end-of-options", reference.removesuffix("..."))
        return b"is ambiguous" in run.stderr

    @property
    def is_shallow(self) -> bool:
        """Return whether its older commits were not fetched."""
        return (self._git("rev-parse", "--is-shallow-repository") or b"").strip() == b"true"

    @property
    def has_commits(self) -> bool:
        """Return whether it has a commit, on any branch."""
        return self._git("rev-list", "--all", "--max-count=1") != b""

    def problem(self) -> tuple[str, str] | None:
        """Return why git cannot read the repository, and the fix; None where it can."""
        try:
            run = self._run("rev-parse", "--git-dir")
        except OSError:
            return "git could not be started", "Install git, and try again."
        except subprocess.TimeoutExpired:
            return f"git gave no answer in {TIMEOUT_S} seconds", "Run git status there to see why."
        if run.returncode == 0:
            return None
        if b"dubious ownership" in run.stderr:
            fix = "Give it to the user who runs this, or trust it: "
            fix += f"git config --global --add safe.directory {self.top.resolve()}"
            return "git does not read the repository, which belongs to another user", fix
        return "the folder is in no git repository", "Run this in a clone with its history."

    def entries(self, commit: str, path: str) -> dict[str, Entry] | None:
        """Return a file, or all files of a folder, at a commit; None where git gives no answer.

        Each by its path relative to `top`, as `path` is; or from the top of the repository, if
        `path` begins with a slash.
        """
        whole = ["--full-tree"] if path.startswith("/") else []
        words = ["ls-tree", "-r", "-l", "-z", *whole, commit, "--", path.removeprefix("/")]
        listed = self._git(*words)
        return None if listed is None else dict(map(_entry, _names(listed)))

    def paths(self, commit: str, name: str) -> list[str] | None:
        """Return the paths of all files of a name at a commit, from the top of the repository."""
        listed = self._git("ls-tree", "-r", "-z", "--full-tree", "--name-only", commit)
        if listed is None:
            return None
        return [path for path in _names(listed) if path.rpartition("/")[2] == name]

    @property
    def root(self) -> Path | None:
        """The top of the repository, where `paths` start; None where git gives no answer."""
        up = self._git("rev-parse", "--show-cdup")
        return None if up is None else self.top / os.fsdecode(up).rstrip("\n")

    def read(self, commit: str, path: str) -> bytes | None:
        """Return a file at a commit, its path as in `entries`.

        None where there was no file, or one of more than `MOST_BYTES`; a link is no file.
        """
        entry = (self.entries(commit, path) or {}).get(path.removeprefix("/"))
        if entry is None or entry.kind != "a file" or entry.size > MOST_BYTES:
            return None
        return self._git("cat-file", "blob", entry.hash)

    def changed(self, commit: str, folder: str) -> Iterator[str]:
        """Return the files of a folder at a commit that are no longer so, relative to `top`."""
        for name, entry in (self.entries(commit, folder) or {}).items():
            if not _is_same(self.top / name, entry):
                yield name

    def log(self, *patterns: str) -> Iterator[bytes]:
        """Return the lines of `git log` with the changes of each commit to files by glob patterns.

        Of the line of first parents, oldest first, paths relative to `top`. Each commit begins with
        NUL, its hash, and the dates of commit and author. Raises CalledProcessError where git ends
        early, and OSError without git.
        """
        globs = [f":(icase,glob){pattern}" for pattern in patterns]
        command = self._command(*LOG, "--", *globs, options=LOG_OPTIONS)
        with subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=self._environment(),
        ) as run:
            assert run.stdout is not None
            limit = Timer(LOG_TIMEOUT_S, run.kill)
            limit.daemon = True  # a reader that fails leaves it running
            limit.start()
            try:
                yield from run.stdout
                if run.wait() != 0:
                    raise subprocess.CalledProcessError(run.returncode, command)
            finally:
                limit.cancel()
                run.kill()  # where the caller reads no further

    def commits_since(self, commit: str) -> list[str] | None:
        """Return the hashes of HEAD's commits that a commit does not have."""
        listed = self._git("rev-list", f"{commit}..HEAD")
        return None if listed is None else listed.decode().split()

    def _walk(self) -> Sequence[tuple[str, list[str], list[str]]]:
        walked = []
        for folder, folders, names in os.walk(self.top):
            folders[:] = [name for name in folders if not _is_made(name)]
            walked.append((folder, folders, names))
        return walked

    def _git(self, *words: str) -> bytes | None:
        try:
            run = self._run(*words)
        except (OSError, subprocess.TimeoutExpired):  # git is not installed, or does not end
            return None
        return run.stdout if run.returncode == 0 else None

    def _run(self, *words: str) -> subprocess.CompletedProcess[bytes]:
        command = self._command(*words)
        return subprocess.run(
            command, capture_output=True, env=self._environment(), timeout=TIMEOUT_S
        )

    def _command(self, *words: str, options: Sequence[str] = OPTIONS) -> list[str]:
        program = shutil.which("git")
        if program is None:
            raise FileNotFoundError("git")
        return [program, "-C", str(self.top), *options, *words]

    def _environment(self) -> dict[str, str]:
        return {**ENVIRONMENT, "HOME": os.path.expanduser("~")}


def _names(listed: bytes) -> Iterator[str]:
    return (name for name in os.fsdecode(listed).split("\0") if name)


def _entry(line: str) -> tuple[str, Entry]:
    """Return path and entry of a line of `git ls-tree -l`."""
    fields, _, path = line.partition("\t")
    mode, _, digest, size = fields.split()
    return path, Entry(mode, digest, int(size) if size.isdecimal() else 0)


def _is_same(file: Path, entry: Entry) -> bool:
    """Return whether a file has the bytes of an entry, without the filters of git's settings."""
    try:
        found = file.lstat()
        if not stat.S_ISREG(found.st_mode) or found.st_size != entry.size:
            return False
        content = file.read_bytes()
    except OSError:
        return False
    made = new_hash("sha1" if len(entry.hash) == 40 else "sha256", usedforsecurity=False)
    made.update(b"blob %d\0%b" % (len(content), content))
    return made.hexdigest() == entry.hash


def _is_made(folder: str) -> bool:
    """Return whether tools, not people, wrote the files of a folder."""
    return folder in MADE or (folder.startswith(".") and folder not in SHOWN)
