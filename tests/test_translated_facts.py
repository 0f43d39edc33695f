"""Translations of the status file: no fact of their own, and no file of the machine."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from conftest import TOP

from trueup.check.banned_terms import banned_terms
from trueup.check.status_translations import check_status_text
from trueup.errors import BadInput
from trueup.status_file import parse_status
from trueup.wording import read_translations

NOW = datetime(2026, 4, 20, tzinfo=UTC)
STORED = parse_status((TOP / "tests" / "record.yml").read_text("utf-8"), "status.yml", NOW)


@pytest.mark.parametrize(
    ("translation", "count"),
    [("画像", 0), ("2026-04-14 の画像", 1), ("gemini-2.5-flash-image の画像", 1)],
)
def test_a_fact_that_only_a_translation_has_is_found(
    translation: str, count: int, tmp_path: Path
) -> None:
    text = f'msgid "OpenAI Images"\nmsgstr "{translation}"\n'
    (tmp_path / "ja.po").write_text(text, "utf-8")
    found = check_status_text(STORED, banned_terms(STORED.status), tmp_path, ("ja",))
    assert [one.rule for one in found].count("typed-fact") == count


def test_translations_are_not_read_through_a_link_out_of_the_repository(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "ja.po").symlink_to("/etc/hostname")
    with pytest.raises(BadInput, match="a link out of the repository"):
        read_translations(tmp_path / "docs" / "ja")
