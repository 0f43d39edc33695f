"""A memo keeps what a run made and used, and is as good as none where it cannot be read."""

import sqlite3
from pathlib import Path

import pytest

from trueup.memo import NO_MEMO, Memo, Memos

RESULT = {"html": "<p>é\u2028</p>", "links": [["a", 1], None]}


def made_by(file: Path | None, *made_from: str, conditions: tuple[str, ...] = ()) -> list[bool]:
    """Return for each part whether a run had to make it."""
    found = []
    with Memo(file, conditions) as memo:
        for part in made_from:
            calls: list[str] = []

            def make(part: str = part, calls: list[str] = calls) -> object:
                calls.append(part)
                return RESULT

            assert memo.get([part], make) == RESULT
            found.append(bool(calls))
    return found


def test_a_result_is_made_once_and_again_when_its_conditions_differ(tmp_path: Path) -> None:
    file = tmp_path / "pages" / "build-en.sqlite"
    assert made_by(file, "a", "b", "a") == [True, True, False]
    assert made_by(file, "a", "b", "c") == [False, False, True]
    assert made_by(file, "a", conditions=("other",)) == [True]


def test_what_a_run_did_not_use_is_dropped(tmp_path: Path) -> None:
    file = tmp_path / "a.sqlite"
    made_by(file, "a", "b")
    made_by(file, "a")
    assert made_by(file, "a", "b") == [False, True]


def test_the_bounds_between_parts_count() -> None:
    with Memo(Path(":memory:")) as memo:
        assert memo.get(["ab", "c"], lambda: 1) == 1
        assert memo.get(["a", "bc"], lambda: 2) == 2
        assert memo.get(["abc"], lambda: 3) == 3


def test_a_run_that_fails_keeps_nothing(tmp_path: Path) -> None:
    file = tmp_path / "a.sqlite"
    made_by(file, "a")
    with pytest.raises(OSError), Memo(file) as memo:
        memo.get(["b"], lambda: RESULT)
        raise OSError
    assert made_by(file, "a", "b") == [False, True]


def test_without_a_file_nothing_is_kept_and_the_result_is_the_same() -> None:
    assert NO_MEMO.get(["a"], lambda: (1, 2)) == [1, 2]
    assert made_by(None, "a", "a") == [True, True]
    with Memos().of("build", "en") as memo:
        assert memo.get(["a"], lambda: {"b": (3,)}) == {"b": [3]}


@pytest.mark.parametrize("content", [b"", b"no database", b"SQLite format 3\0" + b"\xff" * 200])
def test_a_file_that_is_no_memo_is_made_anew(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "a.sqlite"
    file.write_bytes(content)
    assert made_by(file, "a") == [True]
    assert made_by(file, "a") == [False]


def test_a_result_that_cannot_be_read_is_made_again(tmp_path: Path) -> None:
    file = tmp_path / "a.sqlite"
    made_by(file, "a")
    with sqlite3.connect(file) as table:
        table.execute("UPDATE kept SET result = ?", (b"broken",))
    table.close()
    assert made_by(file, "a") == [True]
    assert made_by(file, "a") == [False]


def test_a_place_that_cannot_be_written_is_as_good_as_none(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert made_by(tmp_path / "file" / "a.sqlite", "a", "a") == [True, True]
    (tmp_path / "folder.sqlite").mkdir()
    assert made_by(tmp_path / "folder.sqlite", "a", "a") == [True, True]


def test_a_fresh_run_makes_all_anew_and_keeps_it(tmp_path: Path) -> None:
    file = tmp_path / "a.sqlite"
    made_by(file, "a", "b")
    with Memo(file, (), is_fresh=True) as memo:
        assert memo.get(["a"], lambda: "new") == memo.get(["a"], lambda: "newer") == "new"
    with Memo(file) as memo:
        assert memo.get(["a"], lambda: "newest") == "new"


def test_a_file_that_is_damaged_inside_is_made_anew(tmp_path: Path) -> None:
    file, parts = tmp_path / "a.sqlite", [str(number) for number in range(2000)]
    made_by(file, *parts)
    content = bytearray(file.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 8192] = b"\xff" * 8192
    file.write_bytes(content)
    made_by(file, *parts)
    made_by(file, *parts)
    assert made_by(file, *parts) == [False] * 2000


@pytest.mark.parametrize("file", [None, "a.sqlite"])
def test_a_name_that_is_not_utf_8_is_returned_and_not_kept(
    file: str | None, tmp_path: Path
) -> None:
    with Memo(tmp_path / file if file else None) as memo:
        assert [memo.get(["a"], lambda: ["\udcff"]) for _ in range(2)] == [["\udcff"]] * 2
