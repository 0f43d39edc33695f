"""Audit: the command, its history, its baseline and its output, on small trees."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from audit_samples import LATER
from audit_trees import DAY, audited, clean_tree, commit_on, replaced, write_files
from command import trueup
from git_repository import git
from test_finding import SARIF

from trueup.audit import audit_tree
from trueup.errors import BadInput

OLD = {
    "a.md": "Use `boat-1` or `boat-2`.\n\nVerified on 2026-03-23: `boat-1` works.\n",
    "b.md": "# B\n\n- `boat-1`: fast\n- `boat-2`: slow\n",
}
NEW = replaced(OLD, "boat-1", "boat-2")
FOUND = [
    "replacement a.md:1 a.md:3 b.md:3 b.md:4",
    "same-names a.md:1",
    "claim-before-name a.md:3",
    "same-keys b.md:3 b.md:4",
]


@pytest.fixture
def renamed(tmp_path: Path) -> Path:
    top = tmp_path / "docs"
    commit_on(top, DAY, OLD)
    return commit_on(top, LATER, NEW)


@pytest.mark.parametrize("has_history", [False, True])
def test_a_clean_tree_of_four_languages_has_no_finding(has_history: bool, tmp_path: Path) -> None:
    files = clean_tree(10)
    if has_history:
        commit_on(tmp_path, DAY, replaced(files, "2147483647", "42"))
    assert audited(commit_on(tmp_path, LATER, files)) == []


def test_causes_come_first_and_findings_follow_by_page(renamed: Path) -> None:
    assert audited(renamed) == FOUND


def test_a_renaming_is_found_in_every_language_of_a_clean_tree(tmp_path: Path) -> None:
    files = clean_tree(4)
    commit_on(tmp_path, DAY, files)
    commit_on(tmp_path, LATER, replaced(files, "boat-3-image", "boat-3-fast"))
    found = audited(tmp_path)
    per_page = {"same-names": ["7"], "claim-before-name": ["9"], "same-keys": ["37", "38"]}
    for rule, lines in per_page.items():
        expected = [
            " ".join([rule, *(f"docs/{name}/page-3.md:{line}" for line in lines)])
            for name in ("en", "ja", "ru", "zh")
        ]
        assert [one for one in found if one.startswith(rule)] == expected
    assert found[0].startswith("replacement docs/en/page-3.md:7 ") and len(found) == 13


def test_the_command_prints_every_place_and_exits_with_1(renamed: Path) -> None:
    done = trueup(renamed.parent, "audit", "docs")
    assert done.returncode == 1 and done.stdout == ""
    first, *rest = done.stderr.replace(f"{renamed}/", "").splitlines()
    assert first.startswith("a.md:1: warning: commit ") and "3 findings follow from it" in first
    assert rest[:3] == ["    and a.md:3", "    and b.md:3", "    and b.md:4"]
    assert f"on {LATER} replaced 'boat-1' by it" in rest[3]


def test_json_and_sarif_have_the_further_places(renamed: Path) -> None:
    found = json.loads(trueup(renamed, "audit", "--format", "json").stdout)["findings"]
    assert [one["rule"] for one in found] == [one.partition(" ")[0] for one in FOUND]
    assert found[3]["others"] == [{"path": str(renamed / "b.md"), "line": 4}]
    assert "others" not in found[1]
    log = json.loads(trueup(renamed, "audit", "--format", "sarif").stdout)
    SARIF.validate(log)
    (run,) = log["runs"]
    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
    (other,) = run["results"][3]["relatedLocations"]
    assert other["physicalLocation"]["region"] == {"startLine": 4}


def test_annotations_name_the_further_places_in_their_text(renamed: Path) -> None:
    lines = trueup(renamed, "audit", "--format", "github").stdout.splitlines()
    assert lines[3].startswith("::error file=") and lines[3].endswith("b.md:4.")


def test_the_baseline_suppresses_findings_with_their_cause_until_its_date(renamed: Path) -> None:
    done = trueup(renamed, "audit", "--write-baseline", "--until", "90d")
    assert done.returncode == 0 and done.stdout.startswith("3 of 3 findings are suppressed")
    text = (renamed / "audit-baseline.yml").read_text()
    assert "`trueup audit --write-baseline`" in text and not (renamed / "baseline.yml").exists()
    done = trueup(renamed, "audit")
    assert (done.returncode, done.stdout, done.stderr) == (
        0,
        "nothing found in 2 pages and 2 commits\n",
        "",
    )
    (renamed / "audit-baseline.yml").write_text(text.replace("same-keys", "drift"))
    done = trueup(renamed, "audit")
    assert done.returncode == 2 and "drift is not a rule" in done.stderr


def test_only_pages_changed_since_a_commit_are_reported(renamed: Path) -> None:
    commit_on(renamed, "2026-04-15", {"b.md": NEW["b.md"] + "- `boat-3`: new\n"})
    assert audited(renamed)[0] == FOUND[0]
    top = renamed
    found = [one.rule for one in audit_tree(top, "HEAD~1").findings]
    assert found == ["replacement", "same-keys"]
    assert audit_tree(top, "HEAD").findings == []
    assert trueup(top, "audit", "--since", "nope").returncode == 2
    with pytest.raises(BadInput, match="no such folder"):
        audit_tree(top / "nowhere")


def test_a_change_that_is_not_committed_counts_as_since_any_commit(renamed: Path) -> None:
    write_files(renamed, {"b.md": NEW["b.md"] + "- `boat-3`: new\n"})
    assert [one.rule for one in audit_tree(renamed, "HEAD").findings] == [
        "replacement",
        "same-keys",
    ]


def test_a_folder_without_pages_is_refused(renamed: Path) -> None:
    commit_on(renamed, "2026-04-15", {".gitignore": "made/\n", "made/a.md": "x", "code/a.py": ""})
    for name in ("made", "code"):
        done = trueup(renamed, "audit", name)
        assert done.returncode == 2 and "no page with the ending .md, .mdx" in done.stderr


def test_a_shallow_clone_is_a_warning(renamed: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{renamed}", "copy")
    done = trueup(tmp_path, "audit", "copy")
    assert done.returncode == 0 and "the clone is shallow" in done.stderr
    assert (
        "fetch --unshallow" in done.stderr
        and done.stdout == "warnings: 2 in 2 pages and 1 commits\n"
    )


def test_without_a_repository_the_other_rules_run(tmp_path: Path) -> None:
    write_files(tmp_path, {"a.md": "Use `boat-1` or `boat-1`.\n"})
    done = trueup(tmp_path, "audit")
    assert done.returncode == 0 and "in no git repository" in done.stderr
    assert "[name-or-itself]" in done.stderr


def test_a_repository_without_a_commit_is_read(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "--template=")
    write_files(tmp_path, {"a.md": "Use `boat-1` or `boat-1`.\n"})
    assert audited(tmp_path) == ["name-or-itself a.md:1"]


def test_a_history_that_git_cannot_list_is_a_warning(renamed: Path) -> None:
    (tree,) = git(renamed, "rev-parse", "HEAD~1^{tree}").split()
    (renamed / ".git" / "objects" / tree[:2] / tree[2:]).unlink()
    found = [one for one in audit_tree(renamed).findings if one.rule == "short-history"]
    assert [str(one).removeprefix(f"{renamed}: ") for one in found] == [
        "warning: git ended before it had listed the history; the rules that read the history find"
        " nothing. Run git log there to see why. [short-history]"
    ]


def test_without_git_the_message_says_so_in_words(
    renamed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    (found, *_) = [one for one in audit_tree(renamed).findings if one.rule == "no-repository"]
    assert found.text == (
        "git could not be started; the rules that read the history find nothing."
        " Install git, and try again."
    )


def test_a_folder_in_the_place_of_the_baseline_is_named_and_kept(renamed: Path) -> None:
    (renamed / "audit-baseline.yml").mkdir()
    for arguments in ((), ("--write-baseline", "--until", "90d")):
        done = trueup(renamed, "audit", *arguments)
        assert done.returncode == 2 and done.stderr == (
            f"{renamed}/audit-baseline.yml: a folder, expected a file."
            " Rename it, or move it away: a file of this name is the baseline.\n"
        )


def test_what_an_option_holds_adds_no_line_and_turns_none_round(renamed: Path) -> None:
    done = trueup(renamed, "audit", "--since", "a\n::error::b\u202e")
    assert done.returncode == 2 and done.stderr == (
        "--since: a\\n::error::b\\u202e is not a commit of this repository. Check the name.\n"
    )


def test_a_check_without_a_status_file_names_the_audit(tmp_path: Path) -> None:
    done = trueup(tmp_path, "check")
    assert done.returncode == 2
    assert "`trueup init`" in done.stderr and "`trueup audit`" in done.stderr


def test_nothing_that_a_repository_names_is_executed(renamed: Path) -> None:
    program = renamed / ".git" / "spy"
    program.write_text(f"#!/bin/sh\ntouch {renamed / 'ran'}\n")
    program.chmod(0o755)
    (renamed / ".gitattributes").write_text("*.md diff=spy filter=spy\n")
    for key in (
        *("diff.external", "diff.spy.command", "diff.spy.textconv", "filter.spy.clean"),
        *("filter.spy.smudge", "core.pager", "core.fsmonitor", "gpg.program", "core.sshCommand"),
    ):
        git(renamed, "config", key, str(program))
    git(renamed, "config", "log.showSignature", "true")
    git(renamed, "config", "color.ui", "always")
    git(renamed, "config", "diff.noprefix", "true")
    git(renamed, "config", "diff.renames", "false")
    write_files(renamed, {".git/hooks/post-checkout": program.read_text()})
    assert audited(renamed) == FOUND
    assert not (renamed / "ran").exists()


def test_a_subfolder_of_a_repository_has_its_part_of_the_history(tmp_path: Path) -> None:
    commit_on(tmp_path, DAY, {f"site/docs/{name}": text for name, text in OLD.items()})
    commit_on(tmp_path, LATER, {f"site/docs/{name}": text for name, text in NEW.items()})
    assert audited(tmp_path / "site" / "docs") == FOUND


def test_the_command_runs_as_a_process_from_any_folder(renamed: Path) -> None:
    command = ["git", "-C", str(renamed), "status", "--porcelain"]
    before = subprocess.run(command, capture_output=True, check=True).stdout
    assert trueup(Path(os.path.relpath(renamed)), "audit").returncode == 1
    assert subprocess.run(command, capture_output=True, check=True).stdout == before
