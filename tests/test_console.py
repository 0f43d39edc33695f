import os
import re
import shlex
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from command import trueup
from conftest import TOP, copy_repository
from test_cli import until_up

from trueup.lock import wait_for_lock

BLOCK = re.compile(r"^```\{ \.console #([a-z-]+) \}\n(.*?)\n```$", re.MULTILINE | re.DOTALL)
BLOCKS: dict[str, list[str]] = {}
for page in (TOP / "manual" / "pages").glob("*.md"):
    for block in BLOCK.finditer(page.read_text(encoding="utf-8")):
        BLOCKS.setdefault(block[1], []).append(block[2])


def commands(name: str) -> str:
    """The shell commands of a console block of the manual, without their prompts."""
    lines = BLOCKS[name][0].splitlines()
    assert all(line.startswith("$ ") for line in lines)
    return "\n".join(line.removeprefix("$ ") for line in lines)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A copy that the scripts consider set up, since nothing that setup reads has changed."""
    copy_repository(tmp_path)
    shutil.copytree(TOP / "scripts", tmp_path / "scripts")
    for name in ("pyproject.toml", "requirements.lock"):
        shutil.copy(TOP / name, tmp_path / name)
    # A folder of its own: through a link, a new setup would clear the real one.
    (tmp_path / ".venv").mkdir()
    for name in ("bin", "lib", "pyvenv.cfg"):
        (tmp_path / ".venv" / name).symlink_to(TOP / ".venv" / name)
    shutil.copy(TOP / ".venv" / "trueup.made-from", tmp_path / ".venv")
    return tmp_path


@contextmanager
def started(script: str, top: Path) -> Iterator[None]:
    """A shell with all that it starts, which ends with the context.

    The ports are those of the pages, so one run of the tests on a machine has them at a time.
    """
    pipe, command = subprocess.PIPE, ["bash", "-c", script]
    with (
        wait_for_lock(Path(tempfile.gettempdir())),
        subprocess.Popen(command, cwd=top, stdout=pipe, start_new_session=True) as shell,
    ):
        try:
            yield
        finally:
            os.killpg(shell.pid, signal.SIGTERM)


def trueup_block(name: str, top: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """What the one command of a console block prints, called in this process."""
    program, *arguments = shlex.split(commands(name).splitlines()[-1])
    assert program == ".venv/bin/trueup"
    return trueup(top, *arguments, *more)


def run(script: str, top: Path) -> subprocess.CompletedProcess[str]:
    command = ["bash", "-c", script]
    return subprocess.run(command, cwd=top, capture_output=True, text=True, check=False)


def test_every_console_block_is_tried_here() -> None:
    tried = {"docs", "test", "check", "as-of", "bench", "mock", "live", "schema", "rehearse"}
    tried |= {"against", "baseline", "blocks", "shards"}
    tried |= {"from-openapi"}  # in test_draft
    tried |= {"mutants"}  # in test_mutants, by a few of them
    tried |= {"portable"}  # in test_portable: the other builders are fetched by their registry
    tried |= {f"retest-{name}" for name in ("plan", "local", "resume", "production")}
    tried |= {name for name in BLOCKS if name.startswith("adopt-")}  # in test_guide
    assert set(BLOCKS) == tried
    assert all(len(set(texts)) == 1 for texts in BLOCKS.values())


def test_the_scripts_are_there_and_one_runs_this() -> None:
    script = TOP / commands("test")
    assert os.access(script, os.X_OK) and ".venv/bin/pytest" in script.read_text()
    assert os.access(TOP / commands("docs"), os.X_OK)


def test_the_measuring_starts_or_says_what_it_lacks(clone: Path) -> None:
    done = run(f"{commands('bench')} --help", clone)
    assert "--most" in done.stdout or re.search(r"bench: \w+ was not found", done.stderr)


def test_check_finds_nothing(clone: Path) -> None:
    done = trueup_block("check", clone)
    assert (done.returncode, done.stdout, done.stderr) == (0, "nothing found\n", "")


def commit(top: Path) -> None:
    """Commit the sources, as a branch of an origin."""
    names = ["status.yml", "mkdocs.yml", "docs", "overrides", "snippets"]
    own = ["-c", "user.name=a", "-c", "user.email=a@localhost"]
    for arguments in (
        ["init", "-q"],
        ["add", *names],
        [*own, "commit", "-qm", "a"],
        ["update-ref", "refs/remotes/origin/main", "HEAD"],
    ):
        subprocess.run(["git", *arguments], cwd=top, check=True)


def test_altered_evidence_is_found_against_a_branch(clone: Path) -> None:
    commit(clone)
    assert trueup_block("against", clone).returncode == 0
    file = clone / "status.yml"
    file.write_text(file.read_text().replace("billing: mismatch", "billing: aligned", 1))
    done = trueup_block("against", clone)
    assert done.returncode == 1 and "[altered-observation]" in done.stderr


def test_a_baseline_suppresses_the_findings_of_its_date_alone(clone: Path) -> None:
    page = clone / "docs" / "en" / "decides.md"
    page.write_text(page.read_text() + "\nSeen on 2026-04-14.\n")
    assert trueup_block("baseline", clone).returncode == 0
    page.write_text(page.read_text() + "\nSeen on 2026-04-15.\n")
    done = trueup_block("check", clone)
    assert done.returncode == 1 and "2026-04-15" in done.stderr and "04-14" not in done.stderr


@pytest.mark.long
def test_blocks_are_verified_by_shards(starter: Path) -> None:
    (starter / ".venv").symlink_to(TOP / ".venv")
    done = run(f"set -e\n{commands('shards')}", starter)
    assert (done.returncode, done.stderr) == (0, "")
    found = [line.split(",")[0] for line in done.stdout.splitlines() if line[:5] == "found"]
    assert found == ["found 2", "found 1", "found 3"]


@pytest.mark.long
def test_the_blocks_are_tests(clone: Path) -> None:
    done = run(commands("blocks"), clone)
    assert done.returncode == 0, done.stdout
    assert re.search(r"\d+ passed in", done.stdout) and "failed" not in done.stdout


def test_the_schema_is_printed(clone: Path) -> None:
    done = trueup_block("schema", clone)
    assert done.stdout == (TOP / "status.schema.json").read_text()


@pytest.mark.long
@pytest.mark.parametrize("name", ["docs", "as-of"])
def test_the_docs_are_built_and_served(name: str, clone: Path) -> None:
    with started(commands(name), clone):
        text = until_up("http://127.0.0.1:8000/").text
    stale_today = '<span class="tu-fresh" data-until="2026-05-14" hidden' in text
    assert stale_today == (name == "docs")


@pytest.mark.long
def test_the_live_commands_reach_a_second_process(clone: Path) -> None:
    with started(commands("mock"), clone):
        until_up("http://127.0.0.1:4000/")
        script = f".venv/bin/trueup build\n{commands('live')}"
        script = script.replace("sk-...", "YOUR_API_KEY")
        done = run(script, clone)
    counts = re.fullmatch(r"found (\d+), run \1, passed (\d+), failed (\d+), .*\n", done.stdout)
    assert counts and int(counts[2]) + int(counts[3]) == int(counts[1])
    # That process links its images by a plain address, which leads nowhere inside the sandbox.
    lines = [line for line in done.stderr.splitlines() if "[failed-block]" in line]
    assert len(lines) == int(counts[3]) > 0
    lines = [line for line in lines if "no conclusive observation" not in line]
    assert all("gemini-2.5-flash-image-preview/generate-content" in line for line in lines)
    assert all("refused" in line.lower() for line in lines)


@pytest.mark.long
def test_a_rehearsal_leaves_the_status_file_as_it_was(clone: Path) -> None:
    before = (clone / "status.yml").read_bytes()
    done = run(commands("rehearse"), clone)
    assert done.returncode == 0, done.stderr
    assert "nano-banana-2/generate-content: recommended" in done.stdout
    assert (clone / "status.yml").read_bytes() == before
    page = (clone / "rehearsal" / "site" / "status" / "index.html").read_text()
    assert "REHEARSAL: the mock stood in" in page


def test_the_plan_is_shown_and_nothing_is_sent(clone: Path) -> None:
    done = trueup_block("retest-plan", clone)
    assert done.returncode == 0, done.stderr
    assert "Nothing was sent." in done.stdout and "stale since" in done.stdout
    assert not (clone / ".cache" / "retest").exists()
    for name in ("retest-local", "retest-production"):
        done = trueup_block(name, clone, "--dry-run")
        assert done.returncode == 0 and "Nothing was sent." in done.stdout, done.stderr


@pytest.mark.long
def test_a_local_retest_is_recorded_at_once_or_later(clone: Path) -> None:
    before = (clone / "status.yml").read_text()
    with started(commands("mock"), clone):
        until_up("http://127.0.0.1:4000/")
        script = commands("retest-local").replace("sk-...", "YOUR_API_KEY")
        waits = run(script.replace(" --write", ""), clone)
        assert waits.returncode == 0 and "--resume --write" in waits.stdout, waits.stderr
        assert (clone / "status.yml").read_text() == before
        stopped = run(script, clone)
        assert stopped.returncode == 2 and "an earlier retest was interrupted" in stopped.stderr
    export = "export TRUEUP_LOCAL_API_KEY=YOUR_API_KEY"
    resumed = commands("retest-resume").replace("--resume", "--resume --target local")
    done = run(f"{export}\n{resumed}", clone)
    assert done.returncode == 0, done.stderr
    after = (clone / "status.yml").read_text()
    assert after.startswith(before) and after.count("target: local") > before.count("target: local")
    assert run(commands("check"), clone).returncode == 0


@pytest.mark.long
def test_a_production_that_cannot_be_reached_changes_nothing(clone: Path) -> None:
    file = clone / "status.yml"
    status = file.read_text().replace("https://crazyrouter.com", "https://gateway.invalid")
    file.write_text(status)
    script = commands("retest-production").replace("--due ", "")
    done = run(script.replace("sk-...", "sk-none-of-them-all").replace("=...", "=none"), clone)
    assert done.returncode == 3, done.stdout + done.stderr
    assert "nothing was sent to it" in done.stderr
    assert "sk-none-of-them-all" not in done.stdout + done.stderr
    assert file.read_text() == status
