"""The guide for another gateway, followed block by block in an empty folder. What a registry would
serve stands ready there: PYTHON is one that puts this environment in place."""

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from shlex import quote

import pytest
from conftest import TOP
from test_console import BLOCK, BLOCKS, commands

GUIDE = TOP / "manual" / "pages" / "adopt.md"
INSTALLED = f"""#!/usr/bin/env bash
case "$*" in "-m pip"*) exit 0 ;; esac
exec {quote(str(TOP))}/.venv/bin/python "$@"
"""
"""The Python of the environment that stands ready, which has nothing to install."""
PYTHON = f"""#!/usr/bin/env bash
mkdir -p .venv/bin && ln -sf {quote(str(TOP))}/.venv/bin/trueup .venv/bin/
cp "$(dirname "$0")/installed" .venv/bin/python
"""
CHANGED: dict[str, Callable[[str], str]] = {
    "docs": lambda text: f"{text} --no-serve",
    "adopt-retest": lambda text: f"{text} --dry-run",
    "adopt-commit": lambda text: text.replace("git ", "git -c user.name=a -c user.email=a@b.c "),
}
"""What the test cannot do as it stands: serve for ever, ask a gateway, commit as somebody."""


def follow(name: str, top: Path, empty: Path) -> subprocess.CompletedProcess[str]:
    """The commands of one block, in a shell in a folder."""
    text = CHANGED.get(name, str)(commands(name))
    script = ["bash", "-euo", "pipefail", "-c", text]
    return subprocess.run(
        script,
        cwd=top,
        env={**os.environ, "PYTHON": str(empty / "stand-in" / "python")},
        capture_output=True,
        text=True,
    )


@pytest.mark.long
def test_the_guide_can_be_followed_from_an_empty_folder(tmp_path: Path) -> None:
    names = [found[1] for found in BLOCK.finditer(GUIDE.read_text(encoding="utf-8"))]
    assert names[:2] == ["adopt-install", "adopt-init"] and len(names) == 11
    assert {name for name in BLOCKS if name.startswith("adopt-")} <= set(names)
    (tmp_path / "stand-in").mkdir()
    for name, text in {"python": PYTHON, "installed": INSTALLED}.items():
        (tmp_path / "stand-in" / name).write_text(text)
        (tmp_path / "stand-in" / name).chmod(0o755)
    (tmp_path / "tools").symlink_to(TOP / ".venv")  # what the block adopt-install makes
    counts, top = [], tmp_path
    for name in names[1:]:
        done = follow(name, top, tmp_path)
        if name == "adopt-protocol":
            # The pip of this test installs nothing, so the protocol is not found.
            assert "protocol picture-jobs: not known" in done.stderr
            assert (top / "protocols" / "picture-jobs" / "pyproject.toml").is_file()
            continue
        assert done.returncode == 0, f"{name}: {done.stdout}{done.stderr}"
        counts += re.findall(r"^found .*$", done.stdout, re.MULTILINE)
        top = tmp_path / "pictures"
    told = "found 3, run 3, passed 3, failed 0, skipped 0"
    assert counts == [told] * 3  # docs, test and adopt-build
    head = (top / "site" / "index.html").read_text(encoding="utf-8")
    assert 'rel="canonical" href="https://docs.harbour.example/"' in head
    assert "REHEARSAL" in (top / "rehearsal" / "site" / "index.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("adopt-init", "--base-url", "--base-address"),
        ("adopt-init", "harbour-paint-2", "Harbour Paint 2"),
        ("adopt-init", "https://", "http://"),
    ],
)
def test_a_wrong_line_of_the_guide_is_caught(
    name: str, right: str, wrong: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert right in commands(name)
    monkeypatch.setitem(CHANGED, name, lambda text: text.replace(right, wrong))
    (tmp_path / "tools").symlink_to(TOP / ".venv")
    done = follow(name, tmp_path, tmp_path)
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert not (tmp_path / "pictures").exists()
