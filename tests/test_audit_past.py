"""Past: the commit of each line, and the line that it replaced, from one reading of the history."""

import subprocess
from pathlib import Path

from audit_trees import commit_on, write_files
from git_repository import git

from trueup.audit.past import Line, Past, read_past
from trueup.audit.tree import read_tree
from trueup.git_repository import Repository

LONG = "".join(f"line {n} of a page that is long enough\n" for n in range(20))


def past_of(top: Path) -> Past:
    return read_past(Repository(top))


def days(line: Line | None) -> list[str]:
    return [str(version.commit.day) for version in line.versions()] if line else []


def histories(top: Path, name: str) -> list[list[str]]:
    """The dates of each line's versions, newest first."""
    tree, _ = read_tree(top)
    return [days(line) for line in past_of(top).lines_of(tree.pages[name])]


def test_each_line_has_the_commits_that_changed_it(tmp_path: Path) -> None:
    commit_on(tmp_path, "2026-01-01", {"a.md": "one two three\nfour five six\n"})
    commit_on(tmp_path, "2026-01-02", {"a.md": "one two 3\nnew\nfour five six\n"})
    commit_on(tmp_path, "2026-01-03", {"a.md": "1 two 3\nnew\nfour five six\n"})
    assert histories(tmp_path, "a.md") == [
        ["2026-01-03", "2026-01-02", "2026-01-01"],
        ["2026-01-02"],
        ["2026-01-01"],
    ]


def test_a_moved_page_keeps_its_history(tmp_path: Path) -> None:
    commit_on(tmp_path, "2026-01-01", {"a.md": LONG})
    (tmp_path / "a.md").rename(tmp_path / "b c.md")
    commit_on(tmp_path, "2026-01-02")
    assert histories(tmp_path, "b c.md")[3] == ["2026-01-01"]


def test_a_removed_page_that_comes_back_is_new(tmp_path: Path) -> None:
    commit_on(tmp_path, "2026-01-01", {"a.md": "x\n", "b.md": "y\n"})
    (tmp_path / "a.md").unlink()
    commit_on(tmp_path, "2026-01-02")
    commit_on(tmp_path, "2026-01-03", {"a.md": "x\n"})
    assert histories(tmp_path, "a.md") == [["2026-01-03"]]


def test_a_merge_is_one_change_and_the_state_is_that_of_head(tmp_path: Path) -> None:
    commit_on(tmp_path, "2026-01-01", {"a.md": LONG, "b.md": "x\n"})
    git(tmp_path, "checkout", "--quiet", "-b", "side")
    commit_on(tmp_path, "2026-01-02", {"a.md": LONG.replace("line 3 ", "line three ")})
    git(tmp_path, "checkout", "--quiet", "main")
    commit_on(tmp_path, "2026-01-03", {"a.md": LONG.replace("line 15 ", "line fifteen ")})
    git(tmp_path, "merge", "--quiet", "--no-edit", "side")
    past = past_of(tmp_path)
    assert len(past.commits) == 3
    text = "\n".join(line.text for line in past.files["a.md"])
    assert text + "\n" == (tmp_path / "a.md").read_text()


def test_lines_that_are_not_committed_have_no_commit(tmp_path: Path) -> None:
    commit_on(tmp_path, "2026-01-01", {"a.md": "one\ntwo\n"})
    write_files(tmp_path, {"a.md": "zero\none\ntwo"})
    assert histories(tmp_path, "a.md") == [[], ["2026-01-01"], ["2026-01-01"]]


def test_ends_of_lines_and_of_files_change_nothing(tmp_path: Path) -> None:
    commit_on(tmp_path, "2026-01-01", {"a.md": "\ufeffone\r\ntwo"})
    commit_on(tmp_path, "2026-01-02", {"a.md": "\ufeffone\r\ntwo\r\nthree\r\n"})
    assert histories(tmp_path, "a.md")[::2] == [["2026-01-01"], ["2026-01-02"]]


def test_text_like_a_diff_is_text(tmp_path: Path) -> None:
    text = "--- a/b.md\n+++ b/b.md\n@@ -1 +1 @@\ndiff --git a/x b/x\n\\ No newline\n-- x\n++ y\n"
    commit_on(tmp_path, "2026-01-01", {"a.md": text})
    commit_on(tmp_path, "2026-01-02", {"a.md": "".join(f"{line}!\n" for line in text.split("\n"))})
    past = past_of(tmp_path)
    assert [line.text for line in past.files["a.md"]] == [f"{line}!" for line in text.split("\n")]
    assert list(past.files) == ["a.md"]


def test_a_line_changed_very_often_keeps_its_last_versions(tmp_path: Path) -> None:
    commit = next(iter(past_of(commit_on(tmp_path, "2026-01-01", {"a.md": "x\n"})).commits))
    line = Line("0", commit)
    for number in range(1, 500):
        line = Line(str(number), commit, line)
        kept = [version.text for version in line.versions()]
        assert kept[:20] == [str(number - step) for step in range(min(20, number + 1))]
        assert len(kept) < 60


def test_a_commit_whose_date_is_beyond_the_calendar_has_that_of_the_one_before(
    tmp_path: Path,
) -> None:
    commit_on(tmp_path, "2026-01-01", {"a.md": "one two three\n"})
    write_files(tmp_path, {"a.md": "one two 3\n"})
    git(tmp_path, "add", "--all")
    tree = git(tmp_path, "write-tree").strip()
    head = git(tmp_path, "rev-parse", "HEAD").strip()
    person = "A. Person <person@example.com> 253402300800 +0000"
    raw = f"tree {tree}\nparent {head}\nauthor {person}\ncommitter {person}\n\nChange\n"
    command = ["git", "-C", str(tmp_path), "hash-object", "-t", "commit", "-w", "--stdin"]
    made = subprocess.run(command, input=raw, text=True, capture_output=True, check=True).stdout
    git(tmp_path, "update-ref", "refs/heads/main", made.strip())
    assert histories(tmp_path, "a.md") == [["2026-01-01", "2026-01-01"]]
    first = raw.replace(f"parent {head}\n", "")
    made = subprocess.run(command, input=first, text=True, capture_output=True, check=True).stdout
    git(tmp_path, "update-ref", "refs/heads/main", made.strip())
    assert histories(tmp_path, "a.md") == [["9000-01-01"]]
