"""The guide for another gateway, followed block by block. Instead of pip, a stand-in for PYTHON
puts this environment in place."""

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from shlex import quote

import pytest
from conftest import TOP, load_docs
from test_console import BLOCKS, commands
from test_scaffold import DAY, INDEXED, verify

from trueup.scaffold import SiteAnswers, write_starter

BLOCK = re.compile(r"^```\{ \.([a-z]+) #([a-z-]+) \}\n(.*?)\n```$", re.MULTILINE | re.DOTALL)
GUIDE = (TOP / "manual" / "pages" / "adopt.md").read_text(encoding="utf-8")
FIRST, GROWTH = (BLOCK.findall(part) for part in GUIDE.split("## Let it grow"))
INSTALLED = f"""#!/usr/bin/env bash
case "$*" in "-m pip"*) exit 0 ;; esac
exec {quote(str(TOP))}/.venv/bin/python "$@"
"""
"""The Python of the environment, which has nothing to install."""
PYTHON = f"""#!/usr/bin/env bash
mkdir -p .venv/bin && ln -sf {quote(str(TOP))}/.venv/bin/trueup .venv/bin/
cp "$(dirname "$0")/installed" .venv/bin/python
"""
CHANGED: dict[str, Callable[[str], str]] = {
    "docs": lambda text: f"{text} --no-serve",
    "adopt-retest": lambda text: f"{text.replace('sk-...', 'sk-kE4yx0fTh3te5t')} --dry-run",
    "adopt-commit": lambda text: text.replace("git ", "git -c user.name=a -c user.email=a@b.c "),
}
"""Changes of what a test cannot do: serve for ever, call a gateway, commit as somebody."""
FILES = {
    "adopt-status": "status.yml",
    "adopt-menu": "mkdocs.yml",
    "adopt-settings": "mkdocs.ja.yml",
    "adopt-alternate": "mkdocs.yml",
    "adopt-texts": "docs/ja.po",
}


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


def paste(file: Path, block: str) -> None:
    """Put the lines of a block behind the section of the file that they name."""
    lines = file.read_text("utf-8").splitlines() if file.exists() else []
    at = len(lines)
    for line in block.splitlines():
        if line.endswith(":") and line in lines:
            at = lines.index(line) + 1
        else:
            lines.insert(at, line)
            at += 1
    file.write_text("\n".join([*lines, ""]), "utf-8")


@pytest.mark.long
def test_the_guide_can_be_followed_from_an_empty_folder(tmp_path: Path) -> None:
    names = [name for _, name, _ in FIRST]
    assert names[:2] == ["adopt-install", "adopt-init"] and len(names) == 9
    (tmp_path / "stand-in").mkdir()
    for name, text in {"python": PYTHON, "installed": INSTALLED}.items():
        (tmp_path / "stand-in" / name).write_text(text)
        (tmp_path / "stand-in" / name).chmod(0o755)
    (tmp_path / "tools").symlink_to(TOP / ".venv")  # what the block adopt-install makes
    counts, top = [], tmp_path
    for name in names[1:]:
        done = follow(name, top, tmp_path)
        assert done.returncode == 0, f"{name}: {done.stdout}{done.stderr}"
        counts += re.findall(r"^found .*$", done.stdout, re.MULTILINE)
        top = tmp_path / "pictures"
    # docs, test and adopt-build
    assert counts == ["found 3, run 3, passed 3, failed 0, skipped 0"] * 3
    head = (top / "site" / "index.html").read_text(encoding="utf-8")
    assert 'rel="canonical" href="https://docs.harbour.example/"' in head
    assert "REHEARSAL" in (top / "rehearsal" / "site" / "index.html").read_text(encoding="utf-8")


@pytest.mark.long
def test_a_model_a_route_and_a_language_are_added_as_the_guide_says(tmp_path: Path) -> None:
    top = tmp_path / "pictures"
    write_starter(top, SiteAnswers(day=DAY, model="harbour-paint-2"), INDEXED)
    (top / ".venv").symlink_to(TOP / ".venv")
    for kind, name, text in GROWTH:
        if name == "adopt-translated":
            found = load_docs(top).check()
            assert [one.rule for one in found if one.severity == "error"] == ["untracked"]
        if kind == "console":
            done = follow(name, top, tmp_path)
            assert done.returncode == 0, f"{name}: {done.stdout}{done.stderr}"
        else:
            paste(top / FILES[name], text)
    count, found = verify(top)
    assert count == "found 6, run 6, passed 6, failed 0, skipped 0"
    assert {(one.rule, one.severity) for one in found} == {("untranslated-text", "warning")}
    page = (top / "site" / "harbour-paint-3" / "index.html").read_text(encoding="utf-8")
    assert "unverified" in page and "as documented, never seen" in page
    page = (top / "site" / "ja" / "status" / "index.html").read_text(encoding="utf-8")
    assert 'lang="ja"' in page and 'hreflang="en"' in page and "下書きの画像" in page


def test_every_block_of_the_guide_is_followed() -> None:
    followed = {name for kind, name, _ in FIRST + GROWTH if kind == "console"}
    assert {name for name in BLOCKS if name.startswith("adopt-")} <= followed


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("--base-url", "--base-address"),
        pytest.param("harbour-paint-2", "Harbour Paint 2", marks=pytest.mark.long),
        pytest.param("https://", "http://", marks=pytest.mark.long),
    ],
)
def test_a_wrong_line_of_the_guide_is_caught(
    right: str, wrong: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert right in commands("adopt-init")
    monkeypatch.setitem(CHANGED, "adopt-init", lambda text: text.replace(right, wrong))
    (tmp_path / "tools").symlink_to(TOP / ".venv")
    done = follow("adopt-init", tmp_path, tmp_path)
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert not (tmp_path / "pictures").exists()
