"""Git repository: what git answers, whatever the settings and the refs of the repository say."""

import os
import shutil
from pathlib import Path

import pytest
from git_repository import commit, git

from trueup.git_repository import Repository


@pytest.fixture
def top(tmp_path: Path) -> Path:
    (tmp_path / "docs").mkdir()
    for name in ("README.md", "status.yml", "docs/index.md"):
        (tmp_path / name).write_text(f"The text of {name}.\n", "utf-8")
    commit(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("setting", "value"), [("core.hooksPath", b"/dev/null\n"), ("core.fsmonitor", b"false\n")]
)
def test_hooks_and_the_file_monitor_of_a_repository_are_off(
    setting: str, value: bytes, top: Path
) -> None:
    git(top, "config", setting, "evil")
    assert Repository(top)._git("config", setting) == value


def test_a_folder_that_looks_like_a_repository_is_none(
    top: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", str(top / "docs"))  # as in a hook of another repository
    for name in ("HEAD", "objects", "refs", "config"):
        source = top / ".git" / name
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, top / "docs" / name)
    assert Repository(top / "docs").commit("HEAD") is None
    assert Repository(top).commit("HEAD") is not None


def test_objects_are_not_replaced_and_a_foreign_owner_is_named(top: Path) -> None:
    before = Repository(top).read("main", "status.yml")
    other = git(top, "hash-object", "-w", "README.md").strip()
    git(top, "replace", git(top, "rev-parse", "main:status.yml").strip(), other)
    assert Repository(top).read("main", "status.yml") == before
    assert Repository(top).problem() is None
    if os.getuid() == 0:
        os.chown(top / ".git", 12345, 12345)
        os.chown(top, 12345, 12345)
        problem, fix = Repository(top).problem() or ("", "")
        assert "belongs to another user" in problem and f"safe.directory {top}" in fix
