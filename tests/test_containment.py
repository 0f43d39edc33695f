"""Where a weak sandbox is refused, and what of the parent's environment a block can read."""

import os
import shutil
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from command import trueup
from test_sandbox import sandbox_or_skip

from trueup.cli.group import containment_here
from trueup.errors import BadInput
from trueup.sandbox import BLOCK_PATH, Containment, landlock
from trueup.scaffold import InstallSource, SiteAnswers, write_starter

KEY = "TRUEUP_PRODUCTION_API_KEY"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CI", KEY):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("containment", "user", "given", "allow_weak", "is_live", "refusal"),
    [
        ("namespace", 0, {"CI": "true", KEY: "sk-x"}, False, True, None),
        ("landlock", 1000, {KEY: "sk-x"}, False, True, None),
        ("landlock", 0, {}, False, False, "no block is run as root"),
        ("landlock", 0, {}, True, False, None),
        ("landlock", 0, {}, True, True, "could read the key"),
        ("landlock", 1000, {"CI": "1"}, False, False, "no block is run in CI"),
        ("landlock", 1000, {"CI": "1"}, True, True, None),
        ("none", 1000, {}, False, False, None),
        ("none", 1000, {}, True, True, "could read the key"),
        ("none", 1000, {KEY: "sk-x"}, True, False, "could read the key"),
    ],
)
def test_a_weak_sandbox_is_for_a_person_on_their_own_machine(
    containment: Containment,
    user: int,
    given: dict[str, str],
    allow_weak: bool,
    is_live: bool,
    refusal: str | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    why = "" if containment == "namespace" else "bwrap is not on the PATH"
    monkeypatch.setattr("trueup.sandbox.best_containment", lambda: (containment, why))
    monkeypatch.setattr(os, "geteuid", lambda: user)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    if refusal is None:
        assert containment_here(allow_weak, is_live) == containment
    else:
        with pytest.raises(BadInput, match=f"^sandbox: .*{refusal}.* Install"):
            containment_here(allow_weak, is_live)


def test_verify_in_ci_without_bubblewrap_names_it_and_the_option(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_starter(
        tmp_path / "site", SiteAnswers(day=datetime.now(UTC).date()), InstallSource(("trueup",))
    )
    monkeypatch.setattr("trueup.sandbox.namespace.shutil.which", lambda _: None)
    monkeypatch.setattr("trueup.cli.group.shutil.which", lambda _: "/bin/true")
    monkeypatch.setenv("CI", "true")
    done = trueup(tmp_path / "site", "verify")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "bubblewrap" in done.stderr and "--allow-weak-sandbox" in done.stderr


IN_NAMESPACE = """
from trueup.sandbox import open_sandbox

async def app(scope, receive, send): ...

with open_sandbox(app, ["a.example"], "namespace") as sandbox:
    ran = sandbox.run("bash", b"cat /proc/[0-9]*/environ | tr '\\\\0' '\\\\n'")
    print(ran.stdout.decode())
"""
IN_LANDLOCK = """
import ctypes, os, sys
sys.path.append(sys.argv[1])
import landlock

ruleset, libc = landlock.open_ruleset(1, []), ctypes.CDLL(None)
if os.fork():
    os.wait()
else:
    libc.prctl(38, 1, 0, 0, 0)
    assert libc.syscall(446, ruleset, 0) == 0
    print(open("/proc/self/environ").read()[:3], flush=True)
    print(open(f"/proc/{os.getppid()}/environ").read(), flush=True)
"""


def started_with_a_key(program: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], KEY: "a-key-of-the-parent"}
    return subprocess.run(
        program, env=environment, capture_output=True, text=True, check=False, **options
    )


def test_a_namespace_hides_the_environment_that_its_parent_was_started_with() -> None:
    for _ in sandbox_or_skip("namespace"):
        done = started_with_a_key([sys.executable, "-c", IN_NAMESPACE])
        assert "CURL_CA_BUNDLE" in done.stdout, done.stderr
        assert "a-key-of-the-parent" not in done.stdout


@pytest.mark.skipif(landlock.abi() < landlock.NETWORK_ABI, reason="Landlock is not in this kernel")
def test_landlock_hides_it_from_a_user_who_is_not_root(tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:  # one that nobody may enter
        os.chmod(folder, 0o755)
        shutil.copy(landlock.__file__, folder)
        python = sys.executable if os.geteuid() else shutil.which("python3", path=BLOCK_PATH)
        program = [python or "", "-I", "-S", "-B", "-c", IN_LANDLOCK, folder]
        nobody = {} if os.geteuid() else {"user": 65534, "group": 65534, "extra_groups": []}
        done = started_with_a_key(program, cwd="/", **nobody)
    assert done.stdout == "PAT\n"
    assert "Permission denied: '/proc/" in done.stderr
