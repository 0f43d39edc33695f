"""Source files: what is read, and what a link, a pipe, a device or a size refuses."""

import os
from pathlib import Path

import pytest

from trueup.errors import BadInput
from trueup.source_file import read_source, unsafe_sources

LINKS = {
    "/etc/passwd": "a link out of the repository",
    "/proc/self/environ": "a link out of the repository",
    "/dev/zero": "a link out of the repository",
    "../../outside.txt": "a link out of the repository",
    "../../top/../outside.txt": "a link out of the repository",
    "/": "a link out of the repository",
    "../.env": "a link to a hidden file or folder",
    "../.git": "a link to a hidden file or folder",
}


@pytest.fixture
def top(tmp_path: Path) -> Path:
    for name in ("top/docs", "top/.git", "top/snippets"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "outside.txt").write_text("outside")
    (tmp_path / "top" / ".env").write_text("KEY=1")
    (tmp_path / "top" / "CHANGELOG.md").write_text("# Changes")
    return tmp_path / "top"


@pytest.mark.parametrize("to", LINKS)
def test_a_link_out_of_the_repository_is_not_read(to: str, top: Path) -> None:
    file = top / "docs" / "a.txt"
    file.symlink_to(to)
    with pytest.raises(BadInput, match=LINKS[to]):
        read_source(file, top)
    assert [one.problem for one in unsafe_sources(top)] == [LINKS[to]]


def test_a_link_to_a_link_or_through_a_linked_folder_is_followed_to_its_end(top: Path) -> None:
    (top / "docs" / "a").symlink_to("b")
    (top / "docs" / "b").symlink_to("../..")
    for name in ("a", "b", "a/outside.txt"):
        with pytest.raises(BadInput, match="a link out of the repository"):
            read_source(top / "docs" / name, top)
    (top / "snippets").rmdir()
    (top / "snippets").symlink_to("/etc")
    assert str(top / "snippets") in {one.where.path for one in unsafe_sources(top)}


def test_a_pipe_and_a_large_file_are_not_read_and_a_link_inside_is(top: Path) -> None:
    os.mkfifo(top / "docs" / "pipe")
    with pytest.raises(BadInput, match="pipe: not a file"):
        read_source(top / "docs" / "pipe", top)
    with open(top / "docs" / "big", "wb") as file:
        file.truncate(20_000_001)
    with pytest.raises(BadInput, match="big: more than 20000000 bytes"):
        read_source(top / "docs" / "big", top)
    assert len([*unsafe_sources(top)]) == 2
    (top / "docs" / "changes.md").symlink_to("../CHANGELOG.md")
    assert read_source(top / "docs" / "changes.md", top) == b"# Changes"


def test_a_clone_behind_a_link_is_read_as_any_other(top: Path, tmp_path: Path) -> None:
    (tmp_path / "clone").symlink_to("top")
    assert read_source(tmp_path / "clone" / "CHANGELOG.md", tmp_path / "clone") == b"# Changes"
    assert not [*unsafe_sources(tmp_path / "clone")]


@pytest.mark.parametrize("way", ["../outside.txt", "docs/../../outside.txt"])
@pytest.mark.parametrize("is_relative", [True, False])
def test_a_way_up_out_of_the_repository_is_refused(
    way: str, is_relative: bool, top: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(top)
    here = Path() if is_relative else top
    for file in (here / way, (top / way).resolve()):
        with pytest.raises(BadInput, match="a link out of the repository"):
            read_source(file, here)
    assert read_source(here / "docs" / "../CHANGELOG.md", here) == b"# Changes"
