"""The command `check`: formats, exit codes, baseline, policy."""

import json
import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from command import trueup
from conftest import load_docs
from git_repository import commit

from trueup import snippet
from trueup.check import page_summary
from trueup.check.baseline import NAME, apply_baseline, load_baseline
from trueup.errors import BadInput
from trueup.finding import Finding
from trueup.place import Place

PAGE = Path("docs", "en", "index.md")
TYPED = "Seen on 2026-04-14."
UNTIL = str(datetime.now(UTC).date() + timedelta(days=300))
SUPPRESSED = "1 of 1 findings are suppressed until"


def check(top: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return trueup(top, "check", *arguments)


@pytest.fixture
def broken(starter: Path) -> Path:
    with (starter / PAGE).open("a", encoding="utf-8") as file:
        file.write(f"\n{TYPED}\n")
    return starter


def test_each_format_has_the_finding_and_ends_with_1(broken: Path) -> None:
    for form in ("text", "json", "sarif", "github"):
        done = check(broken, "--format", form)
        assert done.returncode == 1
        output = done.stderr if form == "text" else done.stdout
        assert "typed-fact" in output and "2026-04-14" in output, form
        if form in ("json", "sarif"):
            json.loads(output)


def test_a_check_keeps_what_it_found_until_something_changes(
    broken: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CI", raising=False)
    first = check(broken)
    assert "typed-fact" in first.stderr
    with monkeypatch.context() as patch:
        patch.setattr(page_summary, "summarize_page", None)
        patch.setattr(snippet, "render_snippet", None)
        assert check(broken).stderr == first.stderr
    page = broken / PAGE
    page.write_text(page.read_text().replace(TYPED, "Nothing."))
    assert check(broken).returncode == 0
    template = broken / "snippets" / "shared" / "curl.sh.j2"
    template.write_text("{{ nothing.of.this }}")
    assert "bad-template" in check(broken).stderr
    monkeypatch.setenv("CI", "true")
    shutil.rmtree(broken / ".cache")
    check(broken)
    assert not (broken / ".cache").exists()


def test_a_format_can_go_to_a_file(broken: Path) -> None:
    file = broken / "found.sarif"
    done = check(broken, "--format", "sarif", "--output", str(file))
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "")
    (result,) = json.loads(file.read_text())["runs"][0]["results"]
    assert result["ruleId"] == "typed-fact"


def test_a_file_that_cannot_be_written_is_named(broken: Path) -> None:
    done = check(broken, "--output", str(broken / "none" / "found.txt"))
    assert done.returncode == 2 and "none" in done.stderr and "Traceback" not in done.stderr


def test_a_status_file_that_cannot_be_used_is_a_finding_and_ends_with_2(starter: Path) -> None:
    (starter / "status.yml").write_text("version: 2\n")
    done = check(starter, "--format", "json")
    assert done.returncode == 2
    rules = [one["rule"] for one in json.loads(done.stdout)["findings"]]
    assert set(rules) == {"bad-status"}


def test_a_baseline_lasts_for_a_number_of_days(broken: Path) -> None:
    done = check(broken, "--write-baseline", "--until", "90d", "--as-of", "2026-12-01")
    assert done.stdout == f"{SUPPRESSED} 2027-03-01\n"
    for wrong in ("0d", "90", "-1d", "2026-13-01"):
        done = check(broken, "--write-baseline", "--until", wrong)
        assert done.returncode == 2 and "or days such as 90d." in done.stderr


def test_a_baseline_suppresses_through_its_date_and_then_fails(broken: Path) -> None:
    for arguments in (["--write-baseline"], ["--until", UNTIL]):
        assert check(broken, *arguments).returncode == 2
    assert check(broken, "--write-baseline", "--until", "2020-01-01").returncode == 2
    done = check(broken, "--write-baseline", "--until", UNTIL)
    assert (done.returncode, done.stdout) == (
        0,
        f"1 of 1 findings are suppressed until {UNTIL}\n",
    )
    assert check(broken).returncode == 0
    text = (broken / NAME).read_text()
    (broken / NAME).write_text(text.replace(UNTIL, "2020-01-01"))
    done = check(broken)
    assert done.returncode == 1 and "[expired-baseline]" in done.stderr
    (broken / PAGE).write_text((broken / PAGE).read_text().replace(TYPED, ""))
    done = check(broken)
    assert done.returncode == 0 and "[unused-baseline]" in done.stderr


def test_a_build_applies_the_baseline_and_the_policy_too(broken: Path) -> None:
    docs = load_docs(broken)
    found = docs.check()
    assert [one.rule for one in docs.judged(found)] == ["typed-fact"]
    check(broken, "--write-baseline", "--until", UNTIL)
    assert docs.judged(found) == docs.judged([]) == []
    stray = Finding(Place("docs/en/a.md"), "a", "C.", "untranslated-text")
    assert [one.severity for one in docs.judged([stray])] == ["warning"]
    status = (broken / "status.yml").read_text()
    for severity, kept in (("error", ["error"]), ("ignore", [])):
        policy = f"policy:\n  severities: {{untranslated-text: {severity}}}\n"
        (broken / "status.yml").write_text(status.replace("policy:\n", policy, 1))
        assert [one.severity for one in load_docs(broken).judged([stray])] == kept


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("findings: [{rule: leaked-key, path: a, problem: b, until: 2999-01-01}]", ":1:13: "),
        ("findings: [{rule: no-such, path: a, problem: b, until: 2999-01-01}]", ":1:13: "),
        ("findings: [{rule: drift, path: a, problem: b}]", ":1:"),
        ("found: []", ":1:1: "),
        ("- a", ":1:1: "),
        ("\t", ":1:1: "),
    ],
)
def test_a_baseline_of_another_form_is_named_with_its_place(
    text: str, place: str, tmp_path: Path
) -> None:
    (tmp_path / NAME).write_text(text)
    with pytest.raises(BadInput) as caught:
        load_baseline(tmp_path)
    assert str(caught.value).startswith(f"{tmp_path / NAME}{place}")


def test_a_rule_that_no_baseline_suppresses_is_not_written(broken: Path) -> None:
    (broken / "key.txt").write_text("ghp_" + "aB3dE6gH9jK2mN5pQ8sT1vW4xY7z" * 2)
    done = check(broken, "--write-baseline", "--until", UNTIL)
    assert done.stdout.startswith("1 of 2 findings")
    assert "1 are not" in done.stderr and "leaked-key" in done.stderr
    assert "[leaked-key]" in check(broken).stderr


def test_a_baseline_suppresses_no_other_page_and_nothing_more_often(tmp_path: Path) -> None:
    text = "findings: [{rule: drift, path: a.yml, problem: x, until: 2027-01-01}]"
    (tmp_path / NAME).write_text(text)
    places = [Place(f"{tmp_path}/{name}", line, 1) for name, line in (("a.yml", 1), ("b.yml", 1))]
    places.insert(1, replace(places[0], line=9))
    found = [Finding(place, "x", "Z.", "drift") for place in places]
    left = apply_baseline(found, load_baseline(tmp_path), tmp_path, date(2026, 5, 1))
    assert left == found[1:]
    late = apply_baseline(found[1:2], load_baseline(tmp_path), tmp_path, date(2027, 1, 2))
    assert [one.rule for one in late] == ["expired-baseline"]


def test_a_commit_of_version_1_is_compared_by_the_words_of_version_2(repository: Path) -> None:
    status = repository / "status.yml"
    text = status.read_text()
    old = text.replace("version: 2", "version: 1").replace("outcome: output", "outcome: image")
    assert old.count("outcome: image") > 5
    status.write_text(old)
    commit(repository)
    status.write_text(text)
    done = check(repository, "--against", "HEAD")
    assert (done.returncode, done.stderr) == (0, "")
    status.write_text(text.replace("outcome: output", "outcome: mixed", 1))
    assert "[altered-observation]" in check(repository, "--against", "HEAD").stderr


def test_a_policy_may_be_loosened_with_a_reason(starter: Path) -> None:
    commit(starter)
    assert check(starter, "--against", "HEAD").returncode == 0
    status = starter / "status.yml"
    text = status.read_text()
    status.write_text(text.replace("recover_after: 3", "recover_after: 1"))
    done = check(starter, "--against", "HEAD")
    assert done.returncode == 1 and "[loosened-policy]" in done.stderr
    for reason, code in (("recover_after as the gateway said", 0), ("the gateway said so", 1)):
        loosened = f"recover_after: 1\n  loosened: {reason}"
        status.write_text(text.replace("recover_after: 3", loosened))
        assert check(starter, "--against", "HEAD").returncode == code
