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
from conftest import TOP, copy_repository
from test_cli import until_up

from trueup.lock import waited_for

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
    """A copy that the scripts take for set up, since nothing that setup reads has changed."""
    copy_repository(tmp_path)
    shutil.copytree(TOP / "scripts", tmp_path / "scripts")
    for name in ("pyproject.toml", "requirements.lock"):
        shutil.copy(TOP / name, tmp_path / name)
    # A folder of its own: were it a link, a setup that starts anew would clear the real one.
    (tmp_path / ".venv").mkdir()
    for name in ("bin", "lib", "pyvenv.cfg"):
        (tmp_path / ".venv" / name).symlink_to(TOP / ".venv" / name)
    shutil.copy(TOP / ".venv" / "trueup.made-from", tmp_path / ".venv")
    return tmp_path


@contextmanager
def started(script: str, top: Path) -> Iterator[subprocess.Popen[str]]:
    """A shell with all that it starts, which ends with the context.

    What the pages show has its port, which one run of the tests on a machine has at a time.
    """
    everybody = Path(tempfile.gettempdir())
    command = ["bash", "-c", script]
    with (
        waited_for(everybody),
        subprocess.Popen(
            command, cwd=top, text=True, stdout=subprocess.PIPE, start_new_session=True
        ) as shell,
    ):
        try:
            yield shell
        finally:
            os.killpg(shell.pid, signal.SIGTERM)


def test_every_console_block_is_tried_here() -> None:
    tried = {"docs", "test", "check", "as-of", "bench", "mock", "live", "schema", "rehearse"}
    tried |= {"against", "baseline", "blocks"}
    tried |= {"mutants"}  # in test_mutants, by a few of them
    tried |= {"portable"}  # in test_portable: the other builders are fetched by their registry
    tried |= {f"retest-{name}" for name in ("plan", "local", "resume", "production")}
    tried |= {name for name in BLOCKS if name.startswith("adopt-")}  # in test_guide
    assert set(BLOCKS) == tried
    assert all(len(set(texts)) == 1 for texts in BLOCKS.values())


def test_the_test_command_is_the_one_that_runs_this() -> None:
    script = TOP / commands("test")
    assert os.access(script, os.X_OK) and ".venv/bin/pytest" in script.read_text()


def test_the_measuring_starts_or_says_what_it_lacks(clone: Path) -> None:
    script = ["bash", "-c", f"{commands('harness')} --help"]
    done = subprocess.run(script, cwd=clone, capture_output=True, text=True, check=False)
    assert "--most" in done.stdout or re.search(r"bench: \w+ was not found", done.stderr)


def test_check_finds_nothing(clone: Path) -> None:
    done = subprocess.run(["bash", "-c", commands("check")], cwd=clone, check=False)
    assert done.returncode == 0


def commit(top: Path) -> None:
    """Puts what a team would commit on a branch of an origin."""
    names = ["status.yml", "mkdocs.yml", "docs", "overrides", "snippets"]
    own = ["-c", "user.name=a", "-c", "user.email=a@localhost"]
    for arguments in (
        ["init", "-q"],
        ["add", *names],
        [*own, "commit", "-qm", "a"],
        ["update-ref", "refs/remotes/origin/main", "HEAD"],
    ):
        subprocess.run(["git", *arguments], cwd=top, check=True)


def test_evidence_that_was_altered_is_told_against_a_branch(clone: Path) -> None:
    commit(clone)
    assert said(commands("against"), clone).returncode == 0
    file = clone / "status.yml"
    file.write_text(file.read_text().replace("billing: mismatch", "billing: aligned", 1))
    done = said(commands("against"), clone)
    assert done.returncode == 1 and "[altered-observation]" in done.stderr


def test_a_baseline_forgives_what_was_there_and_nothing_new(clone: Path) -> None:
    page = clone / "docs" / "en" / "decides.md"
    page.write_text(page.read_text() + "\nSeen on 2026-04-14.\n")
    assert said(commands("check"), clone).returncode == 1
    assert said(commands("baseline"), clone).returncode == 0
    assert said(commands("check"), clone).returncode == 0
    page.write_text(page.read_text() + "\nSeen on 2026-04-15.\n")
    done = said(commands("check"), clone)
    assert done.returncode == 1 and "2026-04-15" in done.stderr and "04-14" not in done.stderr


@pytest.mark.long
def test_the_blocks_are_tests(clone: Path) -> None:
    done = said(commands("blocks"), clone)
    assert done.returncode == 0, done.stdout
    assert re.search(r"\d+ passed in", done.stdout) and "failed" not in done.stdout


def test_the_schema_is_printed(clone: Path) -> None:
    script = ["bash", "-c", commands("schema")]
    done = subprocess.run(script, cwd=clone, capture_output=True, text=True, check=True)
    assert done.stdout == (TOP / "status.schema.json").read_text()


@pytest.mark.parametrize("name", ["docs", pytest.param("as-of", marks=pytest.mark.long)])
def test_the_docs_are_built_and_served(name: str, clone: Path) -> None:
    with started(commands(name), clone):
        text = until_up("http://127.0.0.1:8000/").text
    stale_today = '<span class="tu-fresh" data-until="2026-05-14" hidden' in text
    assert stale_today == (name == "docs")


@pytest.mark.long
def test_the_live_commands_reach_a_second_process(clone: Path) -> None:
    with started(commands("mock"), clone):
        until_up("http://127.0.0.1:4000/")
        script = f"{shlex.join(['.venv/bin/trueup', 'build'])}\n{commands('live')}"
        script = script.replace("sk-...", "YOUR_API_KEY")
        done = subprocess.run(
            ["bash", "-c", script], cwd=clone, capture_output=True, text=True, check=False
        )
    counts = re.fullmatch(r"found (\d+), run \1, passed (\d+), failed (\d+), .*\n", done.stdout)
    assert counts and int(counts[2]) + int(counts[3]) == int(counts[1])
    # That process links its images by a plain address, which leads nowhere inside the sandbox.
    lines = [line for line in done.stderr.splitlines() if "[failed-block]" in line]
    assert len(lines) == int(counts[3]) > 0
    assert all("gemini-2.5-flash-image-preview/generate-content" in line for line in lines)
    assert all("refused" in line.lower() for line in lines)


def said(script: str, top: Path) -> subprocess.CompletedProcess[str]:
    command = ["bash", "-c", script]
    return subprocess.run(command, cwd=top, capture_output=True, text=True, check=False)


def test_a_rehearsal_leaves_the_record_as_it_was(clone: Path) -> None:
    before = (clone / "status.yml").read_bytes()
    done = said(commands("rehearse"), clone)
    assert done.returncode == 0, done.stderr
    assert "nano-banana-2/generate-content: recommended" in done.stdout
    assert (clone / "status.yml").read_bytes() == before
    page = (clone / "rehearsal" / "site" / "status" / "index.html").read_text()
    assert "REHEARSAL: the mock stood in" in page


def test_the_plan_is_shown_and_nothing_is_asked(clone: Path) -> None:
    done = said(commands("retest-plan"), clone)
    assert done.returncode == 0, done.stderr
    assert "Nothing was sent." in done.stdout and "stale since" in done.stdout
    assert not (clone / ".cache" / "retest").exists()


def test_a_local_retest_is_put_on_record_at_once_or_later(clone: Path) -> None:
    before = (clone / "status.yml").read_text()
    with started(commands("mock"), clone):
        until_up("http://127.0.0.1:4000/")
        script = commands("retest-local").replace("sk-...", "YOUR_API_KEY")
        waits = said(script.replace(" --write", ""), clone)
        assert waits.returncode == 0 and "--resume --write" in waits.stdout, waits.stderr
        assert (clone / "status.yml").read_text() == before
        stopped = said(script, clone)
        assert stopped.returncode == 2 and "--resume was expected" in stopped.stderr
    export = "export TRUEUP_LOCAL_API_KEY=YOUR_API_KEY"
    resumed = commands("retest-resume").replace("--resume", "--resume --target local")
    done = said(f"{export}\n{resumed}", clone)
    assert done.returncode == 0, done.stderr
    after = (clone / "status.yml").read_text()
    assert after.startswith(before) and after.count("target: local") > before.count("target: local")
    assert said(commands("check"), clone).returncode == 0


def test_a_production_that_cannot_be_reached_changes_nothing(clone: Path) -> None:
    before = (clone / "status.yml").read_bytes()
    script = (
        commands("retest-production").replace("sk-...", "sk-none-of-them").replace("=...", "=none")
    )
    away = "https://gateway.invalid"
    status = (clone / "status.yml").read_text().replace("https://crazyrouter.com", away)
    (clone / "status.yml").write_text(status)
    done = said(script.replace("--due ", ""), clone)
    assert done.returncode == 3, done.stdout + done.stderr
    assert (
        "nothing was changed" in done.stderr and "sk-none-of-them" not in done.stdout + done.stderr
    )
    assert (clone / "status.yml").read_text() == status != before.decode()
