"""What `check --against` names in a change, and what it lets git do in a hostile repository."""

import os
import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from conftest import is_long_run
from git_repository import commit, git

from trueup.check import Check, Sources
from trueup.check.status_changes import check_history
from trueup.errors import BadInput
from trueup.finding import RULES, Finding
from trueup.git_repository import ENVIRONMENT, Repository
from trueup.scaffold import InstallSource, SiteAnswers, write_starter
from trueup.status_file import load_status

DAY = date(2026, 5, 2)
NOW = datetime(2026, 5, 3, 12, tzinfo=UTC)
TODAY = NOW.date()
ENDPOINT = "example-image-1/images-generations"
BODY = "    body: {prompt: A clean icon of a paper boat on a white background}\n"
URL = "    base_url: https://gateway.example.com\n    reference: true\n"
LEDGER = "    # {none: REASON} at a gateway of another family\n    ledger: new-api\n"
REFERENCE = "reference: true"
LOCAL = "  local: {base_url: https://localhost:4000}\n"
SOURCE = '    source: {reported: "SAMPLE written by trueup init, seen by nobody"}\n'
UNTIL = "reported_until: 2026-05-02\n"
HOLD = "    to: not-recommended\n"
SKIP = "    skip: {{reason: it is down, until: {}}}\n"
BASELINE = """\
findings:
  - {{rule: typed-fact, path: docs/en/a.md, problem: x, times: {}, until: {}}}
"""


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    top = tmp_path_factory.mktemp("changes") / "site"
    write_starter(top, SiteAnswers(day=DAY), InstallSource(("trueup==0.1.0",)))
    status = top / "status.yml"
    text = status.read_text("utf-8").replace(LEDGER, LEDGER + LOCAL)
    error = text.partition("observations:\n")[2].replace("output\n", "error\n")
    error = "".join(line for line in error.splitlines(True) if "shape:" not in line)
    status.write_text(text + error, "utf-8")
    (top / "baseline.yml").write_text(BASELINE.format(1, TODAY), "utf-8")
    commit(top)
    return top


@pytest.fixture
def site(base: Path, tmp_path: Path) -> Path:
    shutil.copytree(base, tmp_path / "site", symlinks=True)
    return tmp_path / "site"


def found_in(top: Path, reference: str = "main") -> list[Finding]:
    check = Check(Sources(top, NOW), TODAY)
    stored = load_status(top / "status.yml", NOW)
    return check_history(stored, check.assessments, {}, top, reference, NOW, TODAY)


def rules_in(top: Path, reference: str = "main") -> list[str]:
    return [one.rule for one in found_in(top, reference) if one.rule != "fewer-blocks"]


LOOSER = [
    (URL, URL + "    also: [https://gateway.example.com.evil.example]\n",
     "readers are newly offered", "gateway.example.com.evil.example"),
    (URL, URL.replace("example.com", "example.net"), "the base URL of production",
     "gateway.example.net"),
    ("https://localhost:4000", "https://localhost:4001", "the base URL of local", "localhost:4001"),
    (LOCAL, LOCAL + "  mirror: {base_url: https://evil.example}\n",
     "mirror is a new target, whose key is in TRUEUP_MIRROR_API_KEY", "evil.example"),
    (URL, URL + "    media_hosts: [media.evil.example]\n", "images of production are newly",
     "media.evil.example"),
    (LEDGER, "    ledger: {none: it has none}\n", "is no longer verified", "ledger"),
    (URL + LEDGER + LOCAL, URL.replace("    reference: true\n", "") + LEDGER
     + LOCAL.replace("}", f", {REFERENCE}}}"),
     "the reference target was changed", "reference"),
    (BODY, BODY + SKIP.format("2026-06-01"), "are no longer run, until 2026-06-01", ENDPOINT),
    (HOLD, HOLD.replace("not-recommended", "controlled-testing"), "is no longer held", ENDPOINT),
    ("    by: trueup init\n", "    by: Ann\n", "by trueup init (the only", ENDPOINT),
    ("    reason: the only", "    reason: fine, the only", "was called) was rewritten", ENDPOINT),
    (UNTIL, UNTIL.replace("05-02", "05-03"), "reported_until was loosened", "reported_until"),
    (UNTIL, UNTIL + "  severities: {outdated-hold: ignore}\n",
     "severities.outdated-hold was loosened", "outdated-hold"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "problem", "name"), LOOSER, ids=[row[2] for row in LOOSER])
def test_what_is_loosened_needs_a_reason_that_names_it(
    old: str, new: str, problem: str, name: str, site: Path
) -> None:
    status = site / "status.yml"
    text = status.read_text("utf-8")
    assert text.count(old) == 1
    status.write_text(text.replace(old, new), "utf-8")
    (finding,) = [one for one in found_in(site) if one.rule == "loosened-policy"]
    assert problem in finding.problem and f"name {name} with the reason" in finding.fix
    is_whole = problem == LOOSER[0][2] or is_long_run()  # for each the same
    vain = ((f"not{name} x", False), ("so it is", False)) if is_whole else ()
    for reason, is_enough in (*vain, (f"see {name}", True)):
        looser = text.replace(old, new).replace(UNTIL, f"{UNTIL}  loosened: {reason}\n")
        if old == UNTIL:
            looser = text.replace(old, f"{new}  loosened: {reason}\n")
        status.write_text(looser, "utf-8")
        assert ("loosened-policy" not in rules_in(site)) == is_enough, reason
    if not is_whole:
        return
    commit(site)
    assert rules_in(site) == []
    status.write_text(text, "utf-8")
    commit(site)
    status.write_text(looser, "utf-8")
    assert "loosened-policy" not in rules_in(site)


def test_a_reason_of_an_earlier_change_covers_no_later_one(site: Path) -> None:
    status = site / "status.yml"
    text = status.read_text("utf-8").replace(UNTIL, f"{UNTIL}  loosened: fresh_for, as agreed\n")
    status.write_text(text, "utf-8")
    commit(site)
    status.write_text(text.replace("fresh_for: 30d", "fresh_for: 31d"), "utf-8")
    assert rules_in(site) == ["loosened-policy"]


def test_a_skip_that_does_not_end_soon_is_found_whatever_the_reason(site: Path) -> None:
    status = site / "status.yml"
    text = status.read_text("utf-8").replace(UNTIL, f"{UNTIL}  loosened: {ENDPOINT} is down\n")
    for until, expected in (("2026-08-01", 0), ("2026-08-02", 1), ("9999-12-31", 1)):
        status.write_text(text.replace(BODY, BODY + SKIP.format(until)), "utf-8")
        assert rules_in(site).count("loosened-policy") == expected, until
    status.write_text(text.replace(BODY, BODY + SKIP.format("2026-05-09")), "utf-8")
    commit(site)
    assert rules_in(site) == []
    again = text.replace(f"{ENDPOINT} is down", "again")
    status.write_text(again.replace(BODY, BODY + SKIP.format("2026-05-10")), "utf-8")
    assert rules_in(site) == ["loosened-policy"]


@pytest.mark.parametrize(
    ("times", "until", "problem"),
    [
        (2, TODAY, "newly suppresses typed-fact: 1"),
        (1, TODAY + timedelta(days=1), "suppresses for longer typed-fact: 1"),
        (1, TODAY - timedelta(days=1), None),
    ],
)
def test_a_baseline_only_shrinks_without_a_reason(
    times: int, until: date, problem: str | None, site: Path
) -> None:
    (site / "baseline.yml").write_text(BASELINE.format(times, until), "utf-8")
    found = [one for one in found_in(site) if one.rule == "loosened-policy"]
    assert [one.problem for one in found] == ([f"the baseline {problem}"] if problem else [])
    status = site / "status.yml"
    text = status.read_text("utf-8")
    status.write_text(text.replace(UNTIL, f"{UNTIL}  loosened: baseline.yml, as agreed\n"), "utf-8")
    assert rules_in(site) == []


def test_the_text_of_an_observed_failure_stays(site: Path) -> None:
    status = site / "status.yml"
    known = "  gone: {match: no channel, cause: Gone, replay: {status: 500, message: no channel}}\n"
    text = f"{status.read_text('utf-8')}signatures:\n{known}"
    text = text.replace("    outcome: error\n", "    outcome: error\n    signatures: [gone]\n")
    status.write_text(text, "utf-8")
    commit(site)
    assert rules_in(site) == []
    status.write_text(text.replace("match: no channel", "match: channel"), "utf-8")
    assert rules_in(site) == ["altered-observation"]


def test_a_retracted_failure_is_shown_once(site: Path) -> None:
    status = site / "status.yml"
    text = status.read_text("utf-8")
    bad = "    outcome: error\n"
    status.write_text(text.replace(bad, f"{bad}    retracted: x\n"), "utf-8")
    assert rules_in(site) == ["retracted-observation"]
    commit(site)
    assert rules_in(site) == []
    good = text.replace("    shape: b64-json\n", "    shape: b64-json\n    retracted: x\n")
    status.write_text(good.replace(bad, f"{bad}    retracted: x\n"), "utf-8")
    assert rules_in(site) == []


def moved(site: Path) -> Iterator[tuple[str, Path]]:
    """The places of a site that its base has elsewhere, or not at all."""
    (site / "sub").mkdir()
    for name in os.listdir(site):
        if name not in (".git", "sub"):
            os.replace(site / name, site / "sub" / name)
    yield "moved", site / "sub"
    git(site, "checkout", "--quiet", "main", "--", ".")
    yield "copied", site / "sub"


def test_a_status_file_that_was_elsewhere_is_found_and_compared(site: Path) -> None:
    for how, top in moved(site):
        assert rules_in(top) == ["loosened-policy"], how
        text = (top / "status.yml").read_text("utf-8")
        reason = f"{UNTIL}  loosened: /status.yml is the old site\n"
        (top / "status.yml").write_text(text.replace(UNTIL, reason), "utf-8")
        assert rules_in(top) == [], how
        if how == "moved":
            edited = text.replace("outcome: error", "outcome: mixed").replace(UNTIL, reason)
            (top / "status.yml").write_text(edited, "utf-8")
            assert rules_in(top) == ["altered-observation"]
        (top / "status.yml").write_text(text, "utf-8")


def test_only_a_base_without_any_status_file_is_nothing_to_compare_with(site: Path) -> None:
    git(site, "checkout", "--quiet", "--orphan", "first")
    git(site, "rm", "--quiet", "--cached", "-r", ".")
    assert rules_in(site, "HEAD") == ["no-history"]  # `main` is there, so HEAD is a mistake
    git(site, "add", "README.md")
    git(site, "commit", "--quiet", "--message=First")
    assert rules_in(site, "HEAD") == []
    (site / "status.yml").rename(site / "kept.yml")
    (site / "status.yml").symlink_to("kept.yml")
    git(site, "add", "status.yml")
    git(site, "commit", "--quiet", "--message=Link")
    (finding,) = found_in(site, "HEAD")
    assert finding.rule == "no-history" and "is not a plain file" in finding.problem
    shutil.rmtree(site / ".git")
    (finding,) = found_in(site, "HEAD")
    assert "is in no git repository" in finding.problem
    git(site, "init", "--quiet", "--template=")
    assert found_in(site, "HEAD") == []
    assert [one.rule for one in found_in(site, "main")] == ["no-history"]


def test_a_merge_base_is_what_a_branch_began_with(site: Path) -> None:
    git(site, "checkout", "--quiet", "-b", "change")
    status = site / "status.yml"
    text = status.read_text("utf-8")
    git(site, "checkout", "--quiet", "main")
    row = text.partition("observations:\n")[2].partition("  - at")[2]
    status.write_text(f"{text}  - at{row.partition('  - at')[0]}", "utf-8")
    commit(site)
    git(site, "checkout", "--quiet", "change")
    assert rules_in(site, "main") == ["removed-observation"]
    assert rules_in(site, "main...") == []
    for name in ("", "...", " "):
        (finding,) = found_in(site, name)
        assert "compare with is empty" in finding.problem
    git(site, "tag", "main", "change")
    for name in ("main", "main...", "main~0"):
        (finding,) = found_in(site, name)
        assert f"{name} names two refs, such as a branch and a tag" in finding.problem
    assert rules_in(site, "refs/heads/main") == ["removed-observation"]
    git(site, "tag", "--delete", "main")
    git(site, "checkout", "--quiet", "--orphan", "other")
    git(site, "commit", "--quiet", "--message=Other")
    (finding,) = found_in(site, "main...")
    assert "has a merge base with" in finding.problem


def test_a_baseline_hides_nothing_about_evidence_and_no_policy_ignores_it(site: Path) -> None:
    hidden = {name for name, rule in RULES.items() if not rule.is_suppressible}
    areas = {"the evidence", "the runs", "the history"}
    assert {name for name, rule in RULES.items() if rule.area in areas} < hidden
    assert {"bad-status", "leaked-key", "hidden-text", "site-setting", "wrong-stamp"} < hidden
    text = BASELINE.format(1, TODAY).replace("typed-fact", "changed-receipt")
    (site / "baseline.yml").write_text(text, "utf-8")
    with pytest.raises(BadInput, match="changed-receipt cannot be suppressed"):
        found_in(site)
    status = site / "status.yml"
    ignored = f"{UNTIL}  severities: {{unused-receipt: ignore}}\n"
    status.write_text(status.read_text("utf-8").replace(UNTIL, ignored), "utf-8")
    with pytest.raises(BadInput, match="unused-receipt is 'ignore', expected warning or error"):
        found_in(site)


def hostile(top: Path, mark: Path) -> None:
    """Let every setting that names a program name one that writes a file."""
    script = top / ".git" / "evil"
    script.write_text(f'#!/bin/sh\necho "$0 $*" >> {mark}\ncat\n', "utf-8")
    script.chmod(0o755)
    hooks = top / ".git" / "evil-hooks"
    hooks.mkdir()
    for name in ("post-index-change", "reference-transaction", "post-checkout", "pre-auto-gc"):
        shutil.copy(script, hooks / name)
    (top / ".gitattributes").write_text("* filter=evil diff=evil merge=evil\n", "utf-8")
    git(top, "add", ".gitattributes")
    git(top, "commit", "--quiet", "--message=Attributes")
    for name in (
        *("core.fsmonitor", "core.sshCommand", "core.pager", "core.editor", "core.gitProxy"),
        *("diff.external", "diff.evil.command", "diff.evil.textconv"),
        *("filter.evil.clean", "filter.evil.smudge", "filter.evil.process", "merge.evil.driver"),
        *("remote.origin.uploadpack", "credential.helper", "gpg.program", "pager.ls-tree"),
        *("pager.cat-file", "alias.ls-tree", "alias.ls-files"),
    ):
        git(top, "config", name, f"!{script}" if name.startswith("alias") else str(script))
    for name, value in (
        *(("core.hooksPath", str(hooks)), ("remote.origin.promisor", "true")),
        *(("remote.origin.url", f"ext::{script}"), ("extensions.partialClone", "origin")),
        *(("protocol.ext.allow", "always"), ("core.repositoryFormatVersion", "1")),
        ("core.attributesFile", str(top / ".gitattributes")),
    ):
        git(top, "config", name, value)


@pytest.mark.parametrize("is_old", [False, True])
def test_nothing_that_a_repository_names_is_executed(
    is_old: bool, site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if is_old:  # a git that does not know the variable
        monkeypatch.delitem(ENVIRONMENT, "GIT_NO_LAZY_FETCH")
    mark, page = tmp_path / "ran", site / "docs" / "en" / "index.md"
    hostile(site, mark)
    page.write_text(page.read_text("utf-8") + "\nMore.\n", "utf-8")
    os.utime(site / "status.yml")
    mark.unlink(missing_ok=True)
    gone = git_hash(site, "HEAD:docs/en/status.md")
    assert mark.exists() is False
    (site / ".git" / "objects" / gone[:2] / gone[2:]).unlink()  # as in a partial clone
    assert rules_in(site, "main") == []
    assert "status.yml" in Repository(site).files()
    assert is_old or Repository(site).read("main", "docs/en/status.md") is None
    assert not mark.exists(), mark.read_text()
    # The sample is live: git with its usual settings runs it.
    git(site, "-c", "filter.evil.process=", "status")
    assert mark.exists()


def git_hash(top: Path, name: str) -> str:
    return git(top, "-c", "core.fsmonitor=false", "rev-parse", name).strip()


@pytest.mark.parametrize("reason", ["fresh_for, as agreed", "Fresh_for: as agreed!"])
def test_a_reason_is_new_by_its_words(site: Path, reason: str) -> None:
    status = site / "status.yml"
    text = status.read_text("utf-8")
    status.write_text(text.replace(UNTIL, f'{UNTIL}  loosened: "{reason}"\n'), "utf-8")
    commit(site)
    text = status.read_text("utf-8").replace(reason, f"{reason}.")
    status.write_text(text.replace("fresh_for: 30d", "fresh_for: 300d"), "utf-8")
    assert rules_in(site) == ["loosened-policy"]
