"""The merge of shards: the report of one run, and nothing that no run on this site could write."""

import re
import shlex
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from command import trueup
from conftest import TOP
from pydantic_core import from_json, to_json
from sharing import common, once
from test_repository import load_workflow

from trueup.docs import Docs
from trueup.errors import BadInput
from trueup.request import Difference
from trueup.snippet import language_of
from trueup.verify.block_receipt import BlockReceipt, Report
from trueup.verify.judge import distinct_blocks
from trueup.verify.shard import Shard, ShardConditions, ShardReceipts, key_of
from trueup.verify.shard_merge import ShardMerge

SHARDS = load_workflow(TOP / ".github" / "workflows" / "shards.yml")["jobs"]
OF_A_RUN: dict[str, Any] = {"duration_ms": 0, "request_id": None}
"""What differs between two runs of a block."""


@pytest.fixture(autouse=True, scope="module")
def at_a_desk() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("CI", raising=False)
        yield


def steps_of(job: str, **values: str) -> Iterator[list[str]]:
    """Yield the arguments of each command of Trueup in a job of the workflow for shards."""
    for step in SHARDS[job]["steps"]:
        for line in step.get("run", "").splitlines():
            if line.startswith(".trueup/.venv/bin/trueup "):
                filled = re.sub(r'"\$([A-Z]+)"', lambda found: values[found[1]], line)
                yield shlex.split(filled)[3:]


def run_shard(top: Path, number: int, count: int) -> Any:
    """Run the steps of a shard's job in the current folder, as the workflow does."""
    (step,) = steps_of("verify", TOP=str(top), SHARD=f"{number}/{count}")
    return trueup(top, *step)


def run_merge(top: Path, folder: Path) -> list[Any]:
    """Run the steps of the job that merges, with the files of `folder`."""
    files = sorted(map(str, folder.glob("*.json")))
    runs = []
    for step in steps_of("merge", TOP=str(top)):
        words = [word for one in step for word in (files if one == "shards/*.json" else [one])]
        runs.append(trueup(top, *words))
    return runs


def receipts_in(site: Path) -> list[BlockReceipt]:
    report = Report.parse((site / "receipts.json").read_text("utf-8"))
    return [replace(receipt, **OF_A_RUN) for receipt in report.receipts]


def pages_in(site: Path) -> dict[str, bytes]:
    files = (file for file in site.rglob("*") if file.is_file() and file.name != "receipts.json")
    return {str(file.relative_to(site)): file.read_bytes() for file in files}


@pytest.mark.no_cover
def test_four_shards_are_merged_to_the_receipts_and_pages_of_one_run(
    starter: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    top, site = starter, starter / "site"
    assert trueup(top, "build").returncode == 0
    shutil.copytree(site, tmp_path / "built")
    single = trueup(top, "verify")
    assert single.stdout == "found 3, run 3, passed 3, failed 0, skipped 0\n"
    expected = receipts_in(site), pages_in(site)
    shutil.rmtree(top / ".cache")
    (tmp_path / "shards").mkdir()
    for number in range(1, 5):
        shutil.rmtree(site)
        shutil.copytree(tmp_path / "built", site)
        done = run_shard(top, number, 4)
        assert (done.returncode, done.stderr) == (0, "")
        ran = int(number < 4)
        assert done.stdout == f"found {ran}, run {ran}, passed {ran}, failed 0, skipped 0\n"
        assert pages_in(site) == pages_in(tmp_path / "built")
        file = tmp_path / f"shard-{number}-of-4.json"
        file.rename(tmp_path / "shards" / file.name)
    merged, checked = run_merge(top, tmp_path / "shards")
    assert (merged.returncode, merged.stdout, merged.stderr) == (0, single.stdout, "")
    assert (receipts_in(site), pages_in(site)) == expected
    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize("count", [1, 3, 40])
def test_receipts_of_every_kind_are_merged_as_they_are(
    count: int, made: tuple[Docs, Report], tmp_path: Path
) -> None:
    docs, report = made
    published = distinct_blocks(docs.built_blocks())
    own = {key_of(receipt): receipt for receipt in report.receipts}
    for block, _ in published:
        language = language_of(block.id)
        if language and language.name == "genai":
            difference = Difference(path=("auth",), recorded="query key", now=language.auth)
            own[key_of(block)] = replace(own[key_of(block)], unobserved=(difference,))
    conditions = ShardConditions.of(published, docs.stored, docs.today, False)
    files = []
    for number in range(1, count + 1):
        part = Shard(number, count).part_of(published)
        shard = ShardReceipts(
            shard=number,
            shards=count,
            containment=report.receipts[0].containment,
            conditions=conditions,
            receipts=tuple(own[key_of(block)] for block, _ in part),
        )
        files.append(tmp_path / f"{number}.json")
        files[-1].write_bytes(shard.render())
    merged = ShardMerge(published, docs.stored, conditions).merge(files[::-1])
    assert merged.receipts == tuple(own[key_of(block)] for block, _ in published)
    kinds = {(one.outcome, one.documented, len(one.unobserved)) for one in merged.receipts}
    assert kinds >= {("output", False, 0), ("error", False, 0), ("output", True, 0)}
    assert any(differences for *_, differences in kinds)


@pytest.fixture
def shards(tmp_path: Path, pytestconfig: pytest.Config, starter: Path) -> Path:
    """A folder with the starter's built site and the files of its two shards, to be altered."""

    def make(folder: Path) -> None:
        top = folder / "top"
        shutil.copytree(starter, top)
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(folder)
            assert trueup(Path("top"), "build").returncode == 0
            for number in (1, 2):
                assert run_shard(Path("top"), number, 2).returncode == 0

    made = once(common(pytestconfig) / "shards", make)
    return Path(shutil.copytree(made, tmp_path / "shards"))


FIRST, SECOND = "shard-1-of-2.json", "shard-2-of-2.json"


def merge(folder: Path, *files: str, options: tuple[str, ...] = ()) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        return trueup(Path("top"), "merge-receipts", *(files or (FIRST, SECOND)), *options)


def alter(folder: Path, change: Callable[[ShardReceipts], dict[str, Any]]) -> None:
    """Write the first shard anew with some of its fields changed, as a shard would write it."""
    file = folder / FIRST
    shard = ShardReceipts.parse(file.read_bytes())
    file.write_bytes(shard.model_copy(update=change(shard)).render())


def receipt(**fields: Any) -> Callable[[ShardReceipts], dict[str, Any]]:
    """A change of the first receipt."""

    def change(shard: ShardReceipts) -> dict[str, Any]:
        first, *others = shard.receipts
        return {"receipts": (from_json(to_json(first)) | fields, *others)}

    return change


def condition(name: str, value: Any) -> Callable[[ShardReceipts], dict[str, Any]]:
    return lambda shard: {"conditions": shard.conditions.model_copy(update={name: value})}


@pytest.mark.long
def test_unaltered_shards_are_merged_in_any_order(shards: Path) -> None:
    done = merge(shards, SECOND, FIRST)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "found 3, run 3, passed 3, failed 0, skipped 0\n"
    assert len(receipts_in(shards / "top" / "site")) == 3


ALTERED = {
    "another site": (condition("blocks", "0" * 64), "run with the blocks of another site"),
    "another status file": (condition("status", "0" * 64), "run with another status file"),
    "another path": (condition("status_path", "a.yml"), "got a.yml, expected top/status.yml"),
    "another engine": (condition("engine", "0" * 64), "run with another Trueup or other packages"),
    "another date": (condition("as_of", "2026-05-01"), "got 2026-05-01, expected 20"),
    "CI": (condition("complete", True), "another value of CI than here: got True"),
    "a weak sandbox": (lambda _: {"containment": "none"}, "were run without bubblewrap"),
    "shard 0": (lambda _: {"shard": 0}, "got 0/2, expected K/N"),
    "shard 3 of 2": (lambda _: {"shard": 3}, "got 3/2, expected K/N"),
    "the second shard": (lambda _: {"shard": 2}, "shard 2 of 2 a second time"),
    "another version": (lambda _: {"version": 2}, "version: Input should be 1"),
    "a lost block": (lambda shard: {"receipts": shard.receipts[1:]}, "no receipt of example-image"),
    "no blocks": (lambda shard: {"receipts": ()}, "no receipt of example-image"),
    "a block twice": (
        lambda shard: {"receipts": shard.receipts + shard.receipts[:1]},
        "two receipts of example-image",
    ),
    "another block": (receipt(sha256="0" * 64), "is no block of this shard"),
    "no endpoint": (receipt(endpoint=None), "is no block of this shard"),
    "another language": (receipt(language="ruby"), "(ruby, "),
    "a live run": (receipt(replayed=False), "has replayed False, expected True"),
    "another target": (receipt(target="local"), "has target 'local', expected 'production'"),
    "another sandbox": (receipt(containment="none"), "has containment 'none', expected 'name"),
    "another version of Trueup": (receipt(engine="9.9"), "has engine '9.9', expected"),
    "an observed output": (receipt(output={"format": "png"}), "has output {'format': 'png'}"),
    "other pages": (receipt(pages=("a.html",)), "has pages ('a.html',), expected"),
    "passed with reasons": (receipt(reasons=("x",)), "says passed, with a reason against it"),
    "passed and inconclusive": (receipt(inconclusive="x"), "says passed, with a reason against"),
    "failed without reasons": (receipt(passed=False), "says failed, without a reason"),
    "passed with an exit code": (receipt(exit_code=1), "says passed, with outcome output and exit"),
    "passed without a run": (receipt(exit_code=None), "says passed, with outcome output and exit"),
    "passed without a reply": (receipt(status=None), "says passed, without a reply"),
    "passed with an error": (receipt(outcome="error"), "says passed, with outcome error"),
    "passed with another shape": (receipt(shape="url"), "with shape url, expected b64-json"),
    "passed without evidence": (receipt(record=None), "says passed, without a record"),
    "a record elsewhere": (receipt(record="top/status.yml:1:1"), "is no evidence of its endpoint"),
    "another day": (
        receipt(evidence="2026-05-03"),
        "evidence of 2026-05-03, sample True, expected",
    ),
    "no sample": (receipt(sample=False), "sample False, expected 2026-05-02, sample True"),
    "documented": (receipt(documented=True), "says documented, of an endpoint that was observed"),
    "an unknown signature": (receipt(signatures=("a",)), "names the unknown signature 'a'"),
    "a skip": (receipt(passed=False, skipped="it may"), "has skipped 'it may', expected None"),
    "two lines": (receipt(request_id="a\nb"), "has a text of more than one line or page"),
    "a book": (receipt(passed=False, reasons=("a" * 2001,)), "has a text of more than one line"),
    "another auth": (
        receipt(unobserved=(Difference(path=("auth",), recorded="bearer", now="none"),)),
        "differs from the record in more than an accepted auth method",
    ),
    "words for passed": (receipt(passed="yes"), "receipts.0.passed: Input should be a valid bool"),
    "an unknown field": (receipt(a=1), "receipts.0.a: Unexpected keyword argument"),
}


@pytest.mark.parametrize("name", ALTERED)
@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")
def test_a_shard_that_no_run_here_could_write_is_refused(name: str, shards: Path) -> None:
    change, problem = ALTERED[name]
    alter(shards, change)
    before = pages_in(shards / "top" / "site")
    done = merge(shards)
    assert done.returncode == 2 and done.stdout == ""
    file = SECOND if name == "the second shard" else FIRST
    assert done.stderr.startswith(f"{file}: ") and problem in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (shards / "top" / "site" / "receipts.json").exists()
    assert pages_in(shards / "top" / "site") == before


def test_another_error_than_the_recorded_one_is_refused(
    made: tuple[Docs, Report], tmp_path: Path
) -> None:
    docs, report = made
    published = distinct_blocks(docs.built_blocks())
    conditions = ShardConditions.of(published, docs.stored, docs.today, False)
    receipts = tuple(replace(one, signatures=()) for one in report.receipts)
    assert receipts != report.receipts
    shard = ShardReceipts(
        shard=1, shards=1, containment="namespace", conditions=conditions, receipts=receipts
    )
    (tmp_path / "a.json").write_bytes(shard.render())
    with pytest.raises(BadInput, match="says passed, with another error than the recorded"):
        ShardMerge(published, docs.stored, conditions).merge([tmp_path / "a.json"])


def test_a_program_may_be_missing_where_it_may_be_skipped(
    shards: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lacking: dict[str, Any] = {
        "passed": False,
        "skipped": "node was not found; install it",
        "exit_code": None,
    }
    for name in (FIRST, SECOND):
        (shards / name).rename(shards / "kept")
        shard = ShardReceipts.parse((shards / "kept").read_bytes())
        receipts = tuple(
            replace(one, **lacking) if one.language == "javascript" else one
            for one in shard.receipts
        )
        (shards / name).write_bytes(shard.model_copy(update={"receipts": receipts}).render())
    done = merge(shards)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "found 3, run 2, passed 2, failed 0, skipped 1\n"
    for name in (FIRST, SECOND):
        text = (shards / name).read_text().replace('"complete": false', '"complete": true')
        (shards / name).write_text(text)
    monkeypatch.setenv("CI", "true")
    done = merge(shards)
    assert done.returncode == 2 and "(javascript, " in done.stderr
    assert "has skipped 'node was not found; install it', expected None" in done.stderr


@pytest.mark.long
def test_a_skip_of_the_status_file_is_that_of_the_day_of_the_site(
    starter: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    status = starter / "status.yml"
    text, endpoint = status.read_text(), "  example-image-1/images-generations:\n"
    assert text.count(endpoint) == 1
    skip = "    skip: {reason: it moves, until: 2026-06-01}\n"
    status.write_text(text.replace(endpoint, endpoint + skip))
    for day, code, counts in (
        ("2026-06-01", 1, "found 3, run 0, passed 0, failed 0, skipped 3\n"),
        ("2026-06-02", 0, "found 3, run 3, passed 3, failed 0, skipped 0\n"),
    ):
        assert trueup(starter, "build", "--as-of", day).returncode == 0
        done = run_shard(starter, 1, 1)
        assert (done.returncode, done.stdout) == (0, counts)
        merged = trueup(starter, "merge-receipts", "shard-1-of-1.json")
        assert (merged.returncode, merged.stdout) == (code, counts)
        assert ("all 3 are skipped" in merged.stderr) == bool(code)
        whole = trueup(starter, "verify", "--as-of", day)
        assert (whole.returncode, whole.stdout.splitlines()[-1:]) == (code, [counts.rstrip()])
        wrong = trueup(starter, "merge-receipts", "shard-1-of-1.json", "--as-of", "2026-05-31")
        assert wrong.returncode == 2 and f"got {day}, expected 2026-05-31" in wrong.stderr


OTHER_CONTENT: dict[str, Callable[[bytes], bytes]] = {
    "nothing": lambda content: b"",
    "half of it": lambda content: content[: len(content) // 2],
    "all but its end": lambda content: content[:-1],
    "a space more": lambda content: content.replace(b'": 1', b'":  1', 1),
    "a field twice": lambda content: content.replace(b'"shard"', b'"shard": 1, "shard"'),
    "the receipts of a site": lambda content: b'{"version": 1, "counts": {}, "receipts": []}',
    "a list": lambda content: b"[]",
    "bytes": lambda content: b"\xff\xfe\x00",
    "deep": lambda content: b"[" * 10**5,
}


@pytest.mark.parametrize("name", OTHER_CONTENT)
def test_a_file_that_is_not_as_a_shard_wrote_it_is_refused(name: str, shards: Path) -> None:
    file = shards / SECOND
    before = file.read_bytes()
    file.write_bytes(OTHER_CONTENT[name](before))
    assert file.read_bytes() != before
    done = merge(shards)
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    assert done.stderr.startswith(f"{SECOND}: not the receipts of a shard, whole and unchanged (")


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        ((FIRST,), f"{SECOND}: no receipts of shard 2 of 2. "),
        ((SECOND,), f"{FIRST}: no receipts of shard 1 of 2. "),
        ((FIRST, SECOND, FIRST), f"{FIRST}: shard 1 of 2 a second time, after {FIRST}. "),
        ((FIRST, "gone.json"), "gone.json: no such file. "),
        ((FIRST, "top"), "top: no such file. "),
    ],
)
def test_a_shard_that_is_missing_or_doubled_is_named(
    files: tuple[str, ...], problem: str, shards: Path
) -> None:
    done = merge(shards, *files)
    assert done.returncode == 2 and done.stderr.startswith(problem)
    assert not (shards / "top" / "site" / "receipts.json").exists()


def test_shards_of_two_divisions_are_not_merged(shards: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(shards)
        assert run_shard(Path("top"), 1, 3).returncode == 0
    done = merge(shards, FIRST, "shard-1-of-3.json")
    assert done.returncode == 2
    assert done.stderr.startswith(f"shard-1-of-3.json: shards: got 3, expected 2 as in {FIRST}. ")


def test_a_weak_sandbox_is_taken_where_every_page_is_ones_own(shards: Path) -> None:
    for name in (FIRST, SECOND):
        text = (shards / name).read_text().replace('"namespace"', '"landlock"')
        (shards / name).write_text(text)
    assert "give --allow-weak-sandbox where" in merge(shards).stderr
    assert merge(shards, options=("--allow-weak-sandbox",)).returncode == 0


def test_shards_of_a_site_without_blocks_are_a_finding(shards: Path) -> None:
    for page in (shards / "top" / "site").rglob("*.html"):
        page.write_text(page.read_text().replace("<pre", "<div").replace("</pre", "</div"))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(shards)
        for number in (1, 2):
            done = run_shard(Path("top"), number, 2)
            assert (done.returncode, done.stdout[:8]) == (0, "found 0,")
    done = merge(shards)
    assert done.returncode == 1 and "site: no block is run. " in done.stderr


def test_a_block_that_failed_fails_its_shard_and_the_merge(
    starter: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    template = starter / "snippets" / "openai-images" / "curl.sh.j2"
    template.write_text(template.read_text() + "\ncurl -s https://gateway.example.com/more\n")
    assert trueup(starter, "build").returncode == 0
    shutil.copytree(starter / "site", tmp_path / "built")
    single = trueup(starter, "verify")
    shutil.rmtree(starter / "site")
    (tmp_path / "built").rename(starter / "site")
    codes = [run_shard(starter, number, 3).returncode for number in (1, 2, 3)]
    assert sorted(codes) == [0, 0, 1]
    merged, *_ = run_merge(starter, tmp_path)
    assert (single.returncode, "failed 1" in single.stdout) == (1, True)
    assert "(bash) failed: " in single.stderr
    progress = re.compile(r" \(stderr ends with: .*?\)")  # of curl, with its times
    assert merged.returncode == 1
    assert progress.sub("", merged.stderr) == progress.sub("", single.stderr)


def test_a_shard_that_breaks_off_leaves_no_file_of_an_earlier_run(shards: Path) -> None:
    shutil.rmtree(shards / "top" / "site")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(shards)
        done = run_shard(Path("top"), 1, 2)
    assert done.returncode == 2 and "Build it first." in done.stderr
    assert not (shards / FIRST).exists() and (shards / SECOND).exists()


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (("--shard", "5/4"), "--shard: got 5/4, expected K/N with K from 1 to N"),
        (("--shard", "x"), "--shard: got 'x', expected K/N such as 1/4"),
        (("--shard", "1/2", "--target", "production"), "--shard: got --target production"),
        (("--output", "a.json"), "--output: given without --shard"),
        (("--shard", "1/2", "--output", "."), "is a directory"),
    ],
)
def test_options_that_make_no_shard_are_named(
    options: tuple[str, ...], problem: str, shards: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(shards)
    done = trueup(Path("top"), "verify", *options)
    assert done.returncode == 2 and problem in done.stderr
    assert not (shards / "top" / "site" / "receipts.json").exists()


def test_a_shard_is_written_where_it_is_wanted(
    shards: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(shards)
    (shards / FIRST).unlink()
    done = trueup(Path("top"), "verify", "--shard", "1/2", "--output", "new/first.json")
    assert done.returncode == 0 and done.stdout.startswith("(2 reused)\nfound 2, run 2, passed 2")
    assert not (shards / FIRST).exists()
    again = merge(shards, "new/first.json", SECOND)
    assert again.returncode == 0 and again.stdout.startswith("(2 reused)\nfound 3, run 3")
