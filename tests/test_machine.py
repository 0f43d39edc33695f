"""Bad machines: killed and doubled commands, disks that are full or read-only, no home folder, no
folder for temporary files, a locale without letters, unusual paths."""

import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from command import trueup

from trueup.scaffold import InstallSource, SiteAnswers, write_starter
from trueup.site import unfinished_site

COUNT = "found 3, run 3, passed 3, failed 0, skipped 0"
DOCS = ("docs", "--no-serve", "--fresh")
ANSWERS = SiteAnswers(day=datetime.now(UTC).date(), title="図書館 & Söhne")
ENGINE = [sys.executable, "-m", "trueup.cli"]


@pytest.fixture(params=["site", "a site's ünï 図", os.fsdecode(b"caf\xe9")])
def top(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    folder = tmp_path / str(request.param)
    write_starter(folder, ANSWERS, InstallSource(("trueup==0.1.0",)))
    return folder


plain = pytest.mark.parametrize("top", ["site"], indirect=True)


def start(top: Path) -> subprocess.Popen[str]:
    command = [*ENGINE, "--top", str(top), *DOCS]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, start_new_session=True)


def assert_sound(top: Path) -> None:
    """Assert that the next command works, and leaves nothing but the site."""
    done = trueup(top, "check")
    assert (done.returncode, done.stdout) == (0, "nothing found\n"), done.stderr
    done = trueup(top, *DOCS)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{COUNT}\n", "")
    assert not unfinished_site(top / "site").exists()
    left = {file.name for file in (top / ".cache").iterdir()}
    noted = set() if os.environ.get("CI") == "true" else {"check", "pages", "site.json"}
    assert left == {"receipts.json", "site.lock"} | noted


def kill(top: Path, moments: int) -> None:
    """Kill a command at moments spread over its duration."""
    begun = time.monotonic()
    assert start(top).communicate() == (f"{COUNT}\n", "")
    length = time.monotonic() - begun
    killed = 0
    for moment in range(moments):
        process = start(top)
        with suppress(subprocess.TimeoutExpired):  # one that is quicker than the first has ended
            process.communicate(timeout=length * (moment + 0.5) / moments / 1.5)
        killed += process.poll() is None
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        assert_sound(top)
    assert killed > moments / 2


named = pytest.mark.parametrize(
    "top",
    [os.fsdecode(b"caf\xe9"), pytest.param("a site's ünï 図", marks=pytest.mark.long)],
    indirect=True,
)


@pytest.mark.no_cover
@named
def test_docs_that_stop_exclude_others_and_killed_need_no_help(top: Path) -> None:
    process = start(top)
    while not unfinished_site(top / "site").exists():
        assert process.poll() is None
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGSTOP)
    done = trueup(top, *DOCS)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert done.returncode == 2
    assert f"site.lock: held by process {process.pid} since " in done.stderr
    assert_sound(top)


@pytest.mark.long
@plain
def test_docs_killed_at_20_moments_need_no_help(top: Path) -> None:
    kill(top, 20)


@pytest.mark.no_cover
@plain
def test_the_rest_of_a_killed_build_is_no_finding_and_is_removed(top: Path) -> None:
    left = unfinished_site(top / "site") / "index.html"
    left.parent.mkdir()
    left.write_text("Authorization: Bearer " + "sk-" + "a1B2c3D4" * 6)
    subprocess.run(["git", "init", "--quiet", top], check=True)
    (top / ".gitignore").unlink()
    assert trueup(top, "check").returncode == 0
    assert trueup(top, "build").returncode == 0 and not left.exists()


@pytest.mark.long
@plain
def test_the_second_of_two_docs_at_once_names_the_first(top: Path) -> None:
    first, second = start(top), start(top)
    ended = [(*process.communicate(), process) for process in (first, second)]
    for out, err, process in ended:
        if process.returncode == 0:
            assert (out, err) == (f"{COUNT}\n", "")
        else:
            (other,) = {first, second} - {process}
            assert process.returncode == 2
            assert f"site.lock: held by process {other.pid} since " in err
    assert 0 in {first.returncode, second.returncode}


def confined(top: Path, *options: str, command: str = "docs --no-serve --fresh") -> str:
    """The one line with which a command fails in a mount namespace of its own."""
    if shutil.which("bwrap") is None and os.environ.get("CI") != "true":
        pytest.skip("bwrap: not found; it makes disks full and read-only. Install bubblewrap.")
    script = f'cp -r "$0" /mnt/s; exec {shlex.join(ENGINE)} --top /mnt/s {command}'
    if "--tmpfs" not in options:
        script = f'exec {shlex.join(ENGINE)} --top "$0" {command}'
    shell = ["bwrap", "--dev-bind", "/", "/", *options, "sh", "-c", script, str(top)]
    done = subprocess.run(shell, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr


def size_of(folder: Path) -> int:
    return sum(4096 + file.stat().st_size for file in folder.rglob("*"))


@plain
@pytest.mark.parametrize(
    "room", [1_000_000, *(pytest.param(n, marks=pytest.mark.long) for n in (0, 500_000, 2_000_000))]
)
def test_a_full_disk_is_one_line(room: int, top: Path) -> None:
    size = size_of(top) + 200_000 + room
    line = confined(top, "--size", str(size), "--tmpfs", "/mnt")
    assert line.startswith("/mnt/s/site: ") and "No space left on device). " in line


@pytest.mark.long
@plain
def test_a_read_only_disk_is_one_line(top: Path) -> None:
    read_only = ("--ro-bind", str(top), str(top))
    line = confined(top, *read_only)
    assert line.startswith(f"{top / '.cache'}: Read-only file system. Free disk space, or correct ")


SURROUNDINGS: dict[str, dict[str, str | None]] = {
    "no home": {"HOME": None},
    "a home that is not there": {"HOME": "/nonexistent"},
    "no folder for temporary files": {"TMPDIR": "/nonexistent"},
    "a locale without letters": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "a locale that is not there": {"LC_ALL": "ja_JP.eucJP"},
    "an output without letters": {"PYTHONIOENCODING": "ascii"},
}


SURROUNDINGS["all of it"] = {name: to for one in SURROUNDINGS.values() for name, to in one.items()}


@pytest.mark.long
@pytest.mark.parametrize("name", SURROUNDINGS)
def test_docs_work_in_any_surroundings(name: str, tmp_path: Path) -> None:
    top = tmp_path / "a site's ünï 図"
    write_starter(top, ANSWERS, InstallSource(("trueup==0.1.0",)))
    (top / "docs" / "en" / "more.md").write_text("図書館 [gone](図.md), 2026-04-14\n", "utf-8")
    changed = {**os.environ, **SURROUNDINGS[name]}
    environment = {key: value for key, value in changed.items() if value is not None}

    def run(*arguments: str) -> subprocess.CompletedProcess[bytes]:
        command = [*ENGINE, "--top", str(top), *arguments]
        return subprocess.run(command, env=environment, capture_output=True, check=False)

    done = run("check")
    assert done.returncode == 1 and b"Traceback" not in done.stderr
    assert b"2026-04-14" in done.stderr and b"dead-link" in done.stderr
    (top / "docs" / "en" / "more.md").unlink()
    done = run(*DOCS)
    assert (done.returncode, done.stdout) == (0, f"{COUNT}\n".encode()), done.stderr
