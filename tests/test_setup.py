"""The setup, by real pip in a fresh environment, against a stand-in index: a folder of wheels with
a newer release than the lock pins."""

import base64
import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from importlib.metadata import distributions
from pathlib import Path

import pytest
from conftest import TOP
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

INDEX = {
    ("httpx", "1.0"): "httpx/__init__.py",
    ("google_genai", "1.0"): "google/genai/__init__.py",
    ("google_auth", "1.0"): "google/auth/__init__.py",
    ("google_auth", "2.0"): "google/auth/__init__.py",
}
NEEDS = {"google_genai": ["google-auth[requests]<3,>=1"]}
"""As the real one: pip before 23.3 takes an extra for a requirement that the lock lacks."""
LOCKED = [("httpx", "1.0"), ("google_genai", "1.0"), ("google_auth", "1.0")]
DEBIAN = "/usr/bin/python3"
BACKEND = """
import shutil

def get_requires_for_build_editable(config_settings=None):
    return []

def build_editable(directory, config_settings=None, metadata_directory=None):
    return shutil.copy("trueup-0.1-py3-none-any.whl", directory).rpartition("/")[2]
"""
PROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""


def write_wheel(folder: Path, name: str, version: str, module: str) -> Path:
    """A wheel that holds one empty module."""
    info = f"{name}-{version}.dist-info"
    needs = "".join(f"Requires-Dist: {one}\n" for one in NEEDS.get(name, []))
    files = {
        module: "",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = f"{info}/RECORD,,\n"
    for path, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=")
        record = f"{path},sha256={digest.decode()},{len(text)}\n{record}"
    wheel = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, text in {**files, f"{info}/RECORD": record}.items():
            archive.writestr(path, text)
    return wheel


def write_clone(top: Path, index: Path) -> None:
    """Write the files that scripts/setup reads, with a lock of the stand-in index."""
    wheels = {
        (name, version): write_wheel(index, name, version, module)
        for (name, version), module in INDEX.items()
    }
    (top / "scripts").mkdir(parents=True)
    shutil.copy(TOP / "scripts" / "setup", top / "scripts")
    (top / "requirements.lock").write_text(
        "".join(
            f"{name.replace('_', '-')}=={version} \\\n"
            f"    --hash=sha256:{hashlib.sha256(wheels[name, version].read_bytes()).hexdigest()}\n"
            for name, version in LOCKED
        )
    )
    (top / "pyproject.toml").write_text(PROJECT)
    (top / "backend.py").write_text(BACKEND)
    write_wheel(top, "trueup", "0.1", "trueup/__init__.py")


@pytest.mark.long
@pytest.mark.parametrize("python", [sys.executable, DEBIAN])
def test_a_newer_release_on_the_index_does_not_break_the_setup(python: str, tmp_path: Path) -> None:
    index, top = tmp_path / "index", tmp_path / "a clone"
    index.mkdir()
    write_clone(top, index)
    of_pip = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(index), "PIP_CONFIG_FILE": os.devnull}
    if not os.access(python, os.X_OK):
        pytest.skip(f"{python}: not found; it has a pip of its own. Install python3-venv.")
    base = os.path.realpath(python) if python == sys.executable else python
    environment = {**os.environ, **of_pip, "PYTHON": base, "HOME": str(tmp_path)}

    def run(*command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, cwd=top, env=environment, capture_output=True, text=True, check=False
        )

    done = run("scripts/setup")
    assert done.returncode == 0, done.stderr
    listed = run(".venv/bin/python", "-m", "pip", "list", "--format=freeze").stdout
    assert {"google_auth==1.0", "google_genai==1.0", "httpx==1.0", "trueup==0.1"} <= {
        *listed.replace("-", "_").split()
    }
    # The broken sample: with a resolver, an old pip refuses the lock.
    resolved = ("-m", "pip", "install", "--require-hashes", "--force-reinstall")
    done = run(".venv/bin/python", *resolved, "--requirement", "requirements.lock")
    version = run(".venv/bin/python", "-m", "pip", "--version").stdout.split()[1]
    is_old = tuple(map(int, version.split(".")[:2])) < (23, 3)
    assert ("all requirements must have their versions pinned" in done.stderr) == is_old
    assert (done.returncode != 0) == is_old, done.stderr


def test_the_setup_is_done_once(tmp_path: Path) -> None:
    index, top = tmp_path / "index", tmp_path / "clone"
    index.mkdir()
    write_clone(top, index)
    made = "cat requirements.lock pyproject.toml scripts/setup | cksum > .venv/trueup.made-from"
    (top / ".venv").mkdir()
    subprocess.run(["bash", "-c", made], cwd=top, check=True)
    environment = {**os.environ, "PYTHON": "true"}
    subprocess.run(["scripts/setup"], cwd=top, env=environment, check=True)
    assert [file.name for file in (top / ".venv").iterdir()] == ["trueup.made-from"]


def test_a_tool_that_is_missing_is_named(tmp_path: Path) -> None:
    write_clone(tmp_path / "clone", tmp_path)
    environment = {**os.environ, "PYTHON": "no-such-python"}
    done = subprocess.run(
        ["scripts/setup"],
        cwd=tmp_path / "clone",
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "setup: no-such-python was not found; it is needed. Install it, then run this again.\n"
    )


def lacking(lock: str) -> set[str]:
    """The packages that this environment requires and the lock does not pin."""
    pinned = {
        canonicalize_name(line.partition("==")[0]) for line in lock.splitlines() if "==" in line
    }
    found: set[str] = set()
    for package in distributions():
        extras = package.metadata.get_all("Provides-Extra") or []
        extras = ["", *extras] if package.name == "trueup" else [""]
        for requirement in map(Requirement, package.requires or ()):
            marker = requirement.marker
            if marker is None or any(marker.evaluate({"extra": extra}) for extra in extras):
                found.add(canonicalize_name(requirement.name))
    return found - pinned - {"trueup"}


def test_the_lock_is_complete_so_nothing_needs_to_be_resolved() -> None:
    lock = (TOP / "requirements.lock").read_text("utf-8")
    assert lacking(lock) == set()
    assert lacking(lock.replace("\nhttpcore==", "\nother==")) == {"httpcore"}
