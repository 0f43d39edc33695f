"""Baselines that `check --write-baseline` writes and the next check reads, whatever they quote."""

import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st
from strategies import hostile

from trueup.check.baseline import NAME, apply_baseline, load_baseline, write_baseline
from trueup.cli.group import cli
from trueup.errors import BadInput
from trueup.finding import Finding
from trueup.place import Place

PAGE = Path("docs", "en", "index.md")
UNTIL = datetime.now(UTC).date() + timedelta(days=300)
SPOKEN = [
    *("a: b", "'single'", 'a "double" one', "a #comment", "#", "- a", "-", "&id001", "*id001"),
    *("!tag", "|", ">-", "%YAML", "@at", "`a`", "{a: b}", "[a, b]", "? a", "<<", "null", "~", ""),
    *("yes", "2026-04-14", "2026-04-14T10:00:00Z", "12", "1e3", "0x1f", "1:30", ".nan", "=", "..."),
    *("---", "two\nlines", "\r\n", "a\ttab", " led and trailed ", "\\", "\\n", "\0", "\x1b[31m"),
    *("😀", "图像模型", "モデル", "\u2028", "\x85", "\ufeff", "\ufffe", "\u202e", "é" * 1100),
    *("word " * 400, "x" * 5000, "'" * 2500),
]
"""Texts that YAML, a terminal or an editor could misread."""


def check(top: Path, *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["--top", str(top), "check", *arguments])


def adopt(top: Path, count: int) -> str:
    """Write the baseline of so many findings, check by it, and return its text."""
    before = check(top)
    assert before.exit_code == 1, before.output
    done = check(top, "--write-baseline", "--until", str(UNTIL))
    assert done.output == f"{count} of {count} findings are suppressed until {UNTIL}\n"
    after = check(top)
    assert (after.exit_code, after.output) == (0, "nothing found\n")
    return (top / NAME).read_text("utf-8")


@pytest.mark.no_cover
@pytest.mark.parametrize("count", [200, pytest.param(2000, marks=pytest.mark.long)])
def test_a_site_with_any_number_of_findings_can_be_adopted(count: int, starter: Path) -> None:
    days = [date.fromordinal(date(2000, 1, 1).toordinal() + at).isoformat() for at in range(count)]
    with (starter / PAGE).open("a", encoding="utf-8") as file:
        file.write("".join(f"\nSeen on {day}.\n" for day in days))
    text = adopt(starter, count)
    assert all(f"problem: \"the date '{day}' is hard-coded in the page\"" in text for day in days)


def test_findings_that_quote_anything_can_be_adopted_and_are_read_from_any_folder(
    starter: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    links = [f"[there](index.md#{quote(text)}_)" for text in SPOKEN]
    other = os.fsdecode(os.fsencode(starter / PAGE.parent) + b"/caf\xe9: #.md")
    for file in (starter / PAGE, other):
        with open(file, "a", encoding="utf-8") as opened:
            opened.write("".join(f"\n{link}\n" for link in links))
    text = adopt(starter, 2 * len(links))
    assert str(starter) not in text
    monkeypatch.chdir(starter)
    assert check(Path()).output == "nothing found\n"


def test_a_rule_that_the_policy_makes_an_error_is_adopted_too(starter: Path) -> None:
    status = starter / "status.yml"
    severities = "policy:\n  severities: {typed-name: error}\n"
    status.write_text(status.read_text("utf-8").replace("policy:\n", severities, 1), "utf-8")
    with (starter / PAGE).open("a", encoding="utf-8") as file:
        file.write("\nExample Image 1 paints.\n")
    assert "typed-name" in adopt(starter, 1)


def test_what_would_not_be_read_is_not_written(
    starter: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Place(f"{starter}/a.md", 1)
    found = [Finding(place, f"{at}", "C.", "dead-link") for at in range(30)]
    assert write_baseline(found[:1], starter, UNTIL) == 1
    before = (starter / NAME).read_bytes()
    monkeypatch.setattr("trueup.status_file.yaml_text.MOST_PARTS", 200)
    with pytest.raises(BadInput, match=r"baseline\.yml: 30 findings do not fit into the file"):
        write_baseline(found, starter, UNTIL)
    assert (starter / NAME).read_bytes() == before


def test_a_baseline_of_nothing_is_read_as_nothing(tmp_path: Path) -> None:
    assert write_baseline([], tmp_path, UNTIL) == 0
    assert load_baseline(tmp_path) == ()


paths = st.one_of(hostile, st.sampled_from(["docs/en/a.md", "caf\udce9.md"]))
long = st.sampled_from(SPOKEN).map(lambda text: text * 3)


@given(
    st.lists(
        st.builds(
            Finding,
            where=st.builds(Place, paths, st.integers(1, 9)),
            problem=hostile | long | st.text("\ud800\udfff'\"\n ", max_size=5),
            fix=st.just("C."),
            rule=st.sampled_from(["drift", "dead-link", "typed-fact", "outdated-hold"]),
        ),
        max_size=8,
    )
)
def test_a_baseline_is_read_back_and_suppresses_its_findings(
    tmp_path_factory: pytest.TempPathFactory, found: list[Finding]
) -> None:
    top = tmp_path_factory.getbasetemp()
    errors = [one for one in dict.fromkeys(found) if one.severity == "error"]
    assert write_baseline(found, top, UNTIL) == len(errors)
    entries = load_baseline(top)
    assert sum(entry.times for entry in entries) == len(errors)
    assert {entry.until for entry in entries} <= {UNTIL}
    kept = apply_baseline(found, entries, top, UNTIL)
    assert kept == [one for one in dict.fromkeys(found) if one.severity != "error"]
