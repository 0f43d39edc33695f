"""Git repositories for tests, with an author of their own and no template of the machine."""

import subprocess
from pathlib import Path


def git(top: Path, *words: str) -> str:
    author = ("-c", "user.name=A. Person", "-c", "user.email=person@example.com")
    command = ["git", "-C", str(top), *author, *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def commit(top: Path) -> None:
    """Commit everything in a folder, which becomes a repository if it is none."""
    git(top, "init", "--quiet", "--template=", "--initial-branch=main")
    git(top, "add", "--all")
    git(top, "commit", "--quiet", "--message=Change")
