"""Tree: which files are pages, which pages are twins, and what is not read."""

import os
from pathlib import Path

import pytest
from audit_trees import audited, commit_on, write_files
from command import trueup

from trueup.audit.left_out import left_out_as
from trueup.audit.tree import read_tree
from trueup.finding import FORMATS

LAYOUTS = {
    "folders": ["docs/en/a.md", "docs/ja/a.md"],
    "regions": ["docs/en/a.md", "docs/zh-CN/a.md", "docs/pt_BR/a.md"],
    "main language above": ["a.mdx", "ja/a.mdx", "zh/a.mdx"],
    "endings": ["docs/a.md", "docs/a.ja.md", "docs/a.zh.md"],
    "readmes": ["README.md", "README_cn.md", "README.ru.md"],
    "Docusaurus": ["docs/a.md", "i18n/ja/docusaurus-plugin-content-docs/current/a.md"],
    "versions": ["v1/en/a.md", "v1/ja/a.md"],
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_pages_in_several_languages_are_found_in_each_layout(name: str, tmp_path: Path) -> None:
    files = LAYOUTS[name]
    (group,) = read_tree(write_files(tmp_path, dict.fromkeys(files, "# A\n")))[0].twins
    assert sorted(page.path for page in group.values()) == sorted(files)


def test_a_folder_that_is_named_like_a_language_is_none_without_twins(tmp_path: Path) -> None:
    files = {f"docs/it/{n}.md": "x" for n in range(5)} | {"docs/0.md": "x", "docs/b.md": "x"}
    assert read_tree(write_files(tmp_path, files))[0].twins == ()


def test_versions_of_a_page_are_no_languages(tmp_path: Path) -> None:
    files = dict.fromkeys(("v1/en/a.md", "v1/ja/a.md", "v2/en/a.md", "v2/ja/a.md"), "x")
    groups = read_tree(write_files(tmp_path, files))[0].twins
    assert [sorted(group) for group in groups] == [["en", "ja"]] * 2


def test_a_link_to_a_page_that_only_another_language_has_is_alive(tmp_path: Path) -> None:
    files = dict.fromkeys(("docs/en/a.md", "docs/en/b.md", "docs/ja/b.md"), "# A\n")
    files["docs/ja/b.md"] = "See [a](a.md) and [c](c.md).\n"
    assert audited(write_files(tmp_path, files))[1:] == ["dead-page-link docs/ja/b.md:1"]


def test_records_and_plans_are_no_pages(tmp_path: Path) -> None:
    names = ("CHANGELOG.md", "docs/release-notes.md", "releases/1.md", "CLAUDE.md", ".github/x.md")
    files = {**dict.fromkeys(names, "x"), "node_modules/a/b.md": "x", "docs/a.md": "x", "b.py": ""}
    assert list(read_tree(write_files(tmp_path, files))[0].pages) == ["docs/a.md"]


LEFT_OUT = {
    "CHANGELOG.md": "CHANGELOG.md",
    "docs/release-notes.md": "docs/release-notes.md",
    "changes.md": "changes.md",
    "packages/a/HISTORY.md": "packages/a/HISTORY.md",
    "docs/AGENTS.ja.md": "docs/AGENTS.ja.md",
    "Claude.md": "Claude.md",
    "docs/releases/v1.2.0.md": "docs/releases/",
    "docs/news/2026-03-boats.md": "docs/news/",
    ".github/a.md": ".github/",
    "docs/.draft.md": "docs/.draft.md",
    "web/node_modules/a/b.md": "web/node_modules/",
    "backend/vendor/a.md": "backend/vendor/",
}
PAGES = [
    *("docs/models/claude.md", "docs/providers/gemini.md", "docs/guide/agents.md"),
    *("docs/claude/start.md", "agents/overview.mdx", "docs/api/releases.md", "docs/plan.md"),
    *("docs/api/releases/create.md", "docs/api/history.md", "docs/news/list.md", "docs/changes.md"),
    *("docs/vendor/list.md", "docs/third-party/a.md", "docs/api/license.md", "docs/todo.ja.md"),
]


@pytest.mark.parametrize("path", LEFT_OUT)
def test_a_record_is_left_out_by_the_name_that_makes_it_one(path: str) -> None:
    assert left_out_as(path, ()) == LEFT_OUT[path]


@pytest.mark.parametrize("path", PAGES)
def test_a_page_that_is_only_named_like_a_record_is_read(path: str) -> None:
    assert left_out_as(path, ()) is None


def test_what_is_a_record_at_the_top_of_a_repository_is_a_page_in_its_docs(tmp_path: Path) -> None:
    commit_on(tmp_path, "2026-03-25", {"docs/agents.md": "x", "agents.md": "x"})
    assert list(read_tree(tmp_path)[0].pages) == ["docs/agents.md"]
    assert list(read_tree(tmp_path / "docs")[0].pages) == ["agents.md"]


def test_what_is_left_out_or_gone_is_said_at_the_end_in_every_format(tmp_path: Path) -> None:
    files = dict.fromkeys(("a.md", "b.md", "PLAN.md", ".github/a.md", ".github/b.md"), "Text.\n")
    commit_on(tmp_path, "2026-03-25", files)
    (tmp_path / "b.md").unlink()
    for form in FORMATS:
        done = trueup(tmp_path, "audit", "--format", form)
        assert done.returncode == 0
        assert done.stderr.replace(str(tmp_path), "top").splitlines() == [
            "top: 3 Markdown files left out, as records, plans, hidden files or the work of others:"
            " .github/ (2), PLAN.md. If one of them is a page, rename it.",
            "top: 1 Markdown file tracked by git and not in the working tree: b.md."
            " If one of them is a page, restore it.",
        ]
    (tmp_path / "a.md").unlink()
    done = trueup(tmp_path, "audit")
    assert done.returncode == 2 and ".github/ (2), PLAN.md" in done.stderr


def test_what_cannot_be_read_is_one_warning_each(tmp_path: Path) -> None:
    write_files(tmp_path.parent / "outside", {"secret.md": "Use `boat-1` or `boat-1`.\n"})
    top = write_files(
        tmp_path,
        {"bad.md": b"caf\xe9", "null.md": "a\0b", "large.md": "x" * 1_000_001, "good.md": "x"},
    )
    os.symlink(tmp_path.parent / "outside" / "secret.md", top / "link.md")
    os.symlink(tmp_path.parent / "outside", top / "folder")
    os.symlink("good.md", top / "same.md")
    os.symlink("nowhere.md", top / "lost.md")
    os.mkfifo(top / "pipe.md")
    tree, findings = read_tree(top)
    assert list(tree.pages) == ["good.md"]
    assert sorted(Path(one.where.path).name for one in findings) == [
        *("bad.md", "large.md", "link.md", "lost.md", "null.md", "pipe.md"),
    ]
    assert {one.rule for one in findings} == {"unread-page"}


def test_names_that_are_not_utf8_or_have_line_ends_are_read(tmp_path: Path) -> None:
    names = [b"a\xff.md", b"b\n.md", b"c d.md", b'e"f.md', b"-g.md", "h\u202e.md".encode()]
    for name in names:
        (tmp_path / os.fsdecode(name)).write_text("Use `boat-1` or `boat-2`.\n")
    commit_on(tmp_path, "2026-03-25")
    for name in names:
        (tmp_path / os.fsdecode(name)).write_text("Use `boat-2` or `boat-2`.\n")
    commit_on(tmp_path, "2026-04-14")
    found = audited(tmp_path)
    assert len(found) == len(names) + 1 and found[0].startswith("replacement ")
    assert sum(one.startswith("same-names") for one in found) == len(names)
