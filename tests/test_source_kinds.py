"""Source files of each name and kind: links at the top, pipes, and files that change while read."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from test_receipts import kept, named

from trueup.receipts import read_chain
from trueup.source_file import read_source, unsafe_sources


class Waited(BaseException):
    """A pipe was opened, and nobody writes into it."""


@pytest.fixture(autouse=True)
def limited() -> Iterator[None]:
    """End a test that waits for a pipe."""

    def late(*_: object) -> None:
        raise Waited

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(10)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize(
    "name",
    [
        *("status.yml", "baseline.yml", "mkdocs.yml", "mkdocs.ja.yml", "site", ".cache"),
        *("docs/a.txt", "snippets/a.j2", "overrides/main.html", "docs", "snippets", "overrides"),
    ],
)
def test_a_link_in_the_place_of_any_source_is_one_message(name: str, tmp_path: Path) -> None:
    top, outside = tmp_path / "top", tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_text("x")
    (top / name).parent.mkdir(parents=True)
    (top / name).symlink_to(outside)
    (message,) = unsafe_sources(top)
    assert (message.where.path, message.problem) == (
        str(top / name),
        "a link out of the repository",
    )


def test_what_becomes_a_pipe_or_grows_once_it_was_judged_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trueup.source_file.problem_of_source", lambda *_: None)
    os.mkfifo(tmp_path / "pipe")
    assert read_source(tmp_path / "pipe", tmp_path) == b""
    (tmp_path / "file").write_bytes(b"12345")
    assert read_source(tmp_path / "file", tmp_path, 3) == b"123"


def test_a_pipe_in_the_place_of_a_receipt_is_none(tmp_path: Path) -> None:
    source = kept(tmp_path, 10)
    file = tmp_path / (source.receipt or "")
    assert named(tmp_path, file) == source
    file.unlink()
    os.mkfifo(file)
    assert [link.fault for link in read_chain(source, tmp_path)] == ["missing"]
