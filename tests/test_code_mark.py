"""The mark of the engine: another one for any change of its files."""

from pathlib import Path

import pytest

import trueup
from trueup import code_mark


def test_a_changed_engine_file_has_another_mark(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sandbox").mkdir()
    (tmp_path / "sandbox" / "a.py").write_text("x = 1\n")
    monkeypatch.setattr(code_mark, "ENGINE", tmp_path)
    first = code_mark.code_mark()
    assert code_mark.code_mark() == first
    (tmp_path / "sandbox" / "a.py").write_text("x = 2\n")
    second = code_mark.code_mark()
    (tmp_path / "sandbox" / "a.py").rename(tmp_path / "sandbox" / "b.py")
    third = code_mark.code_mark()
    (tmp_path / "sandbox" / "tunnel.cjs").write_text("// a preload")
    assert len({first, second, third, code_mark.code_mark()}) == 4


def test_the_engine_is_the_whole_package() -> None:
    assert Path(trueup.__file__).parent == code_mark.ENGINE
