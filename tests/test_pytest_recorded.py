"""Recorded blocks as tests, of real pytest on small docs with a recording."""

import re
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path

import pytest
from command import trueup

from trueup.audit.tree import read_tree
from trueup.recording import find_blocks
from trueup.recording.har import BlockFacts, Entry, Record, Recording, Request, Response, file_of

# Imported here: pytester forgets what is imported within a run, and imports it anew.
import_module("trueup.pytest_plugin.recorded")
pytest_plugins = ["pytester"]
NOW = datetime.now(UTC)
SOON = NOW.date() + timedelta(days=90)
URL = "https://api.example.com/v1/tasks"
FORM = "application/x-www-form-urlencoded"
FILES = {
    "docs/a.md": "# A\n\n```bash\ncurl -sS URL -d n=1\n```\n\n```bash\ncurl -sS URL -d n=2\n```\n",
    "docs/build/b.md": "```bash\ncurl -sS URL -d n=3\n```\n",
    "tests/test_own.py": "def test_own():\n    pass\n",
    "pytest.ini": "[pytest]\n",
}
SKIP = f"<!-- trueup skip until {SOON}: a paid plan -->\n"


@pytest.fixture
def docs(pytester: pytest.Pytester) -> pytest.Pytester:
    """Docs with three recorded blocks on two pages."""
    for name, text in FILES.items():
        file = pytester.path / name
        file.parent.mkdir(exist_ok=True, parents=True)
        file.write_text(text.replace("URL", URL))
    top = pytester.path / "docs"
    recordings: dict[str, Recording] = {}
    for block in find_blocks(read_tree(top)[0], NOW.date()).blocks:
        sent = block.text.split(" -d ")[1].strip()
        request = Request.model_validate(
            {
                "method": "POST",
                "url": URL,
                "headers": [{"name": "content-type", "value": FORM}],
                "postData": {"mimeType": FORM, "text": sent},
            }
        )
        facts = BlockFacts(
            id="new",
            language=block.language,
            order=block.order,
            sha256=block.sha256,
            exit_code=0,
            day=NOW.date(),
        )
        response = Response.of(200, "application/json", b"{}", "")
        entry = Entry(started=NOW, request=request, response=response, block="new")
        page = recordings.get(block.page, Recording(file_of(top, block.page)))
        recordings[block.page] = page.with_record(Record(facts, (entry,)), [])
        recordings[block.page].save(top)
    return pytester


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def run(docs: pytest.Pytester, *arguments: str, **outcomes: int) -> tuple[pytest.RunResult, str]:
    result = docs.runpytest_inprocess("-p", "no:cacheprovider", "-v", "-rs", *arguments)
    result.assert_outcomes(**outcomes)
    text = result.stdout.str() + result.stderr.str()
    assert "Traceback" not in text and "INTERNALERROR" not in text
    return result, text


def test_each_recorded_block_is_a_test(docs: pytest.Pytester) -> None:
    result, text = run(docs, "--trueup-recorded", "docs", passed=4)
    assert result.ret == 0 and "trueup: recorded blocks of docs" in text
    for name in ("docs/a.md::4", "docs/a.md::8", "docs/build/b.md::2"):
        assert f"{name} PASSED" in text
    page = docs.path / "docs/a.md"
    change(page, "n=2", "n=5")
    result, text = run(docs, "--trueup-recorded", "docs", passed=3, failed=1)
    message = re.search(r"^.*\[request-mismatch\]$", text, re.MULTILINE)
    assert result.ret == 1 and message and message[0].startswith("docs/a.md:8: POST /v1/tasks: ")
    assert message[0] in trueup(Path(), "replay", "docs").stderr.splitlines()
    change(page, "```bash\ncurl -sS URL -d n=5".replace("URL", URL), f"{SKIP}```bash\nfalse")
    result, text = run(docs, "--trueup-recorded", "docs", passed=3, skipped=1)
    assert result.ret == 0 and re.search(rf"docs/a.md:9: a paid plan \(until {SOON}\)", text)


def test_the_setting_does_what_the_option_does_and_pages_can_be_named(
    docs: pytest.Pytester,
) -> None:
    (docs.path / "pytest.ini").write_text("[pytest]\ntestpaths = tests\ntrueup_recorded = docs\n")
    run(docs, passed=4)
    run(docs, "docs/a.md::8", passed=1)
    _, text = run(docs, "tests", passed=1)
    assert "trueup: no recorded block is selected; name docs to run them" in text
    run(docs, "tests", "--trueup-recorded", "docs", passed=4)


def skip_all(top: Path) -> None:
    for name in ("a.md", "build/b.md"):
        change(top / name, "```bash", f"{SKIP}```bash")


def remove_pages(top: Path) -> None:
    shutil.rmtree(top)
    top.mkdir()


NOT_GREEN: dict[str, tuple[Callable[[Path], object], dict[str, int], str]] = {
    "every block is skipped": (
        skip_all,
        {"passed": 1, "skipped": 3},
        "docs: no block was replayed; 3 were found. Record some first. [nothing-replayed]",
    ),
    "there is no block": (
        remove_pages,
        {"passed": 1, "failed": 1},
        "docs: no block was replayed; 0 were found. Record some first. [nothing-replayed]",
    ),
    "a recording cannot be read": (
        lambda top: (top / "recorded" / "a.md.har").write_text("{}"),
        {"passed": 1, "failed": 1},
        "a.md.har: not a recording of a page",
    ),
    "a block was never recorded": (
        lambda top: (top / "recorded" / "build" / "b.md.har").unlink(),
        {"passed": 3, "failed": 1},
        "docs/build/b.md:2: this bash block was never recorded",
    ),
}


@pytest.mark.parametrize("name", NOT_GREEN)
def test_a_run_that_proves_nothing_is_not_green(name: str, docs: pytest.Pytester) -> None:
    apply, outcomes, reason = NOT_GREEN[name]
    apply(docs.path / "docs")
    result, text = run(docs, "--trueup-recorded", "docs", **outcomes)
    assert result.ret == 1 and reason in text


def test_a_record_without_a_block_is_named(docs: pytest.Pytester) -> None:
    change(docs.path / "docs/build/b.md", "```bash", "```text")
    result, text = run(docs, "--trueup-recorded", "docs", passed=3)
    assert result.ret == 0 and "[stale-record]" in text


def test_a_folder_that_is_not_there_is_refused(docs: pytest.Pytester) -> None:
    result = docs.runpytest_inprocess("--trueup-recorded", "manual")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "is no folder. Correct --trueup-recorded" in result.stderr.str()


def test_a_weak_sandbox_ends_the_run_with_the_reason(
    docs: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = ("none", "bwrap is not on the PATH")
    monkeypatch.setattr("trueup.sandbox.best_containment", lambda: found)
    monkeypatch.setenv("CI", "true")
    monkeypatch.delenv("TRUEUP_API_KEY", raising=False)
    result, text = run(docs, "docs", "--trueup-recorded", "docs")
    assert result.ret == 2 and "give --allow-weak-sandbox" in text
    run(docs, "docs", "--trueup-recorded", "docs", "--allow-weak-sandbox", "--collect-only")


@pytest.mark.long
@pytest.mark.parametrize("is_skipped", [True, False])
def test_processes_side_by_side_each_replay_a_part(is_skipped: bool, docs: pytest.Pytester) -> None:
    if is_skipped:
        skip_all(docs.path / "docs")
    result = docs.runpytest_subprocess(
        "-p", "no:cacheprovider", "-n", "2", "--trueup-recorded", "docs"
    )
    result.assert_outcomes(passed=1 if is_skipped else 4, skipped=3 if is_skipped else 0)
    assert result.ret == is_skipped
    assert ("[nothing-replayed]" in result.stdout.str()) is is_skipped
