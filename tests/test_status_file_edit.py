import os
import stat
from datetime import UTC, date, datetime
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from status_sample import ENDPOINT, NOW, TEXT, parsed
from strategies import hostile, json_values

from trueup.errors import BadInput
from trueup.model import Observation, Sent, Source
from trueup.status_file import (
    Stored,
    append_row,
    extend_observation,
    load_status,
    render_row,
    save,
)

LATER = datetime(2026, 4, 30, 10, tzinfo=UTC)
HEAD = TEXT[: TEXT.index("mappings:")]
ROW = dedent(TEXT[TEXT.index("  - at: 2026-04-14\n    endpoint") : TEXT.index("    signatures: [")])
ENDS = (
    "  source: {reported: a page}\n",
    "  source: {reported: a page} # a comment that stays\n",
    "  source:\n    reported: a page\n    # about the source\n",
    "  retracted: |\n    a block\n\n",
    "  retracted: >-\n    a block\n  \n\n",
    "  retracted: |+\n    a block that keeps its end\n\n",
    "  retracted: 'over\n\n    two lines'\n",
    "  billing:\n",
    "  signatures: []\n",
)
TAILS = (
    "",
    "\n",
    "\n# the end\n",
    "# at once\n\nmappings: []\n",
    "holds: [] # and more\n",
    "...\n",
)


def laid_out(indent: int = 2, end: str = ENDS[0], tail: str = "", comment: str = "") -> str:
    lines = (ROW + end).splitlines(keepends=True)
    row = "".join(f"{' ' * indent}{line}" if line.strip() else line for line in lines)
    return f"{HEAD}observations:{comment}\n{row}{tail}"


def new_row(**given: Any) -> Observation:
    sent = Sent(
        base_url="https://example.com",
        request="POST /v1/images/generations",
        auth="bearer",
        body=given.pop("body", {"model": "nano-banana", "prompt": None}),
    )
    fields: dict[str, Any] = {
        "at": LATER,
        "endpoint": ENDPOINT,
        "target": "production",
        "sent": sent,
        "outcome": "error",
        "source": Source(receipt="docs/evidence/a.json", sha256="0" * 64),
    }
    return Observation(**(fields | given))


@given(
    bodies=st.lists(st.dictionaries(hostile, json_values, max_size=3), min_size=1, max_size=3),
    reason=hostile,
    indent=st.sampled_from([0, 2, 4]),
    end=st.sampled_from(ENDS),
    tail=st.sampled_from(TAILS),
    comment=st.sampled_from(["", " # newest last", "\n\n  # newest last"]),
    crlf=st.booleans(),
    cut=st.booleans(),
)
def test_appended_rows_leave_every_other_byte_and_read_back(
    bodies: list[Any],
    reason: str,
    indent: int,
    end: str,
    tail: str,
    comment: str,
    crlf: bool,
    cut: bool,
) -> None:
    text = laid_out(indent, end, tail, comment)
    if cut and not end.startswith("  retracted: |"):
        text = text.removesuffix("\n")
    stored = parsed(text.replace("\n", "\r\n") if crlf else text)
    rows = [new_row(body=body, reason=reason) for body in bodies]
    edited = stored
    for row in rows:
        edited = append_row(edited, row, NOW)
    start = len(os.path.commonprefix([stored.text, edited.text]))
    behind = stored.text[start:]
    assert edited.text.endswith(behind)
    assert edited.status.observations == (*stored.status.observations, *rows)
    assert {**edited.data, "observations": []} == {**stored.data, "observations": []}
    assert not crlf or edited.text.count("\n") == edited.text.count("\r\n")
    assert edited.loaded_text == stored.text


def test_a_row_is_written_as_a_person_would() -> None:
    row = new_row(
        outcome="output",
        shape="url",
        mime="image/png",
        billing="aligned",
        body={"a": {"b": [{"c": None}], "d": ["TEXT", "IMAGE"]}, "size": "16:9", "n": 1, "t": 1e16},
    )
    text = laid_out(tail="\n# the end\n")
    edited = append_row(parsed(text), row, NOW).text
    assert (
        edited.removeprefix(text.removesuffix("\n# the end\n"))
        == """\
  - at: 2026-04-30T10:00:00Z
    endpoint: nano-banana/images-generations
    target: production
    sent:
      base_url: https://example.com
      request: POST /v1/images/generations
      auth: bearer
      body:
        a:
          b:
            - {c: null}
          d: [TEXT, IMAGE]
        size: "16:9"
        n: 1
        t: 1.0e+16
    outcome: output
    shape: url
    mime: image/png
    billing: aligned
    source:
      receipt: docs/evidence/a.json
      sha256: "0000000000000000000000000000000000000000000000000000000000000000"

# the end
"""
    )


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("", ""),
        ("observations: []\n", ""),
        ("observations: []  # none yet\n\n# the end\n", "  # none yet\n\n# the end\n"),
        ("observations:\n  []\nmappings: []\n", "\nmappings: []\n"),
    ],
)
def test_an_empty_list_is_begun(start: str, end: str) -> None:
    row = render_row(new_row(), 2)
    edited = append_row(parsed(HEAD + start), new_row(), NOW)
    assert edited.text == f"{HEAD}observations:\n{row.removesuffix(end and chr(10))}{end}"
    twice = append_row(edited, new_row(), NOW)
    assert len(twice.status.observations) == 2


def test_a_row_is_not_put_into_a_list_in_flow_style() -> None:
    row = "{at: 2026-04-14, endpoint: nano-banana/generate-content, target: production, sent:"
    row += " {base_url: https://example.com, request: POST /a, auth: bearer}, outcome: error}"
    with pytest.raises(BadInput) as refused:
        append_row(parsed(f"{HEAD}observations: [{row}]\n"), new_row(), NOW)
    assert str(refused.value) == (
        "status.yml:27:1: observations is a list in flow style ([…]), to which no row can be added."
        " Write each entry on lines of its own."
    )


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (new_row(endpoint="nano-banana/x"), "endpoint 'nano-banana/x' is not known"),
        (new_row(at=datetime(2026, 5, 2, tzinfo=UTC)), "expected 2026-05-01T12:00:00Z or earlier"),
        (new_row(body={"a": float("nan")}), "would not contain exactly the old and the new values"),
        (new_row(body={"a": "\ud800"}), "surrogate|escape"),
        (new_row(body={"k" * 2000: 1}), "not valid YAML"),
    ],
)
def test_a_row_that_would_break_the_file_is_refused(row: Observation, why: str) -> None:
    with pytest.raises(BadInput, match=why):
        append_row(parsed(laid_out()), row, NOW)


def test_an_edit_that_would_change_an_old_value_is_refused() -> None:
    text = laid_out(end="  retracted: |\n    a block").removesuffix("\n")
    with pytest.raises(BadInput, match="would not contain exactly the old and the new values"):
        append_row(parsed(text), new_row(), NOW)


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_an_equal_retest_makes_one_row_of_both(newline: str) -> None:
    text = laid_out(tail="# end\n").replace("2026-04-14\n  ", "2026-04-14 # seen\n  ")
    text = text.replace("  source: {reported: a page}\n", "")
    stored = parsed(text.replace("\n", newline))
    once = extend_observation(stored, stored.status.observations[0], LATER, NOW)
    new = "- first: 2026-04-14 # seen\n    last: 2026-04-30T10:00:00Z\n    times: 2\n"
    assert once.text == text.replace("- at: 2026-04-14 # seen\n", new).replace("\n", newline)
    twice = extend_observation(once, once.status.observations[0], NOW, NOW)
    newest = once.text.replace("last: 2026-04-30T10", "last: 2026-05-01T12")
    assert twice.text == newest.replace("times: 2", "times: 3")
    assert twice.status.observations[0].times == 3


def test_times_is_added_where_a_row_left_it_out() -> None:
    text = laid_out(end="").replace("at: 2026-04-14", "first: 2026-04-13\n    last: 2026-04-14")
    stored = parsed(text)
    edited = extend_observation(stored, stored.status.observations[0], date(2026, 4, 15), NOW)
    assert edited.text == text.replace("last: 2026-04-14\n", "last: 2026-04-15\n    times: 2\n")


def test_a_row_in_braces_is_extended_in_its_braces() -> None:
    text = (
        f"{HEAD}observations:\n  - {{at: 2026-04-14, endpoint: {ENDPOINT}, target: production, "
        "sent: {base_url: 'http://a', request: POST /x, auth: bearer, body: {}}, outcome: error}"
    )
    stored = parsed(text)
    edited = extend_observation(stored, stored.status.observations[0], date(2026, 4, 15), NOW)
    new = "first: 2026-04-14, last: 2026-04-15, times: 2,"
    assert edited.text == text.replace("at: 2026-04-14,", new)


def test_a_row_is_extended_only_by_what_is_newer_and_in_its_own_status() -> None:
    stored = parsed(laid_out())
    row = stored.status.observations[0]
    with pytest.raises(BadInput, match="is of 2026-04-13, expected 2026-04-14 or later"):
        extend_observation(stored, row, date(2026, 4, 13), NOW)
    with pytest.raises(BadInput, match="later than reported_until"):
        extend_observation(stored, row, date(2026, 4, 15), NOW)
    with pytest.raises(BadInput, match="the row belongs to another version"):
        extend_observation(parsed(laid_out()), row, LATER, NOW)


def on_disk(folder: Path) -> Stored:
    path = folder / "status.yml"
    path.write_bytes(laid_out().replace("\n", "\r\n").encode())
    return load_status(path, NOW)


def test_saving_keeps_the_mode_and_leaves_no_litter(tmp_path: Path) -> None:
    edited = append_row(on_disk(tmp_path), new_row(reason="é"), NOW)
    path = tmp_path / "status.yml"
    path.chmod(0o640)
    save(edited)
    assert path.read_bytes() == edited.text.encode()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert [file.name for file in tmp_path.iterdir()] == ["status.yml"]
    save(edited)
    assert path.read_bytes() == edited.text.encode()


def test_saving_through_a_link_changes_the_file_it_leads_to(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    on_disk(tmp_path / "real")
    link = tmp_path / "link.yml"
    link.symlink_to("real/status.yml")
    edited = append_row(load_status(link, NOW), new_row(), NOW)
    save(edited)
    assert link.is_symlink()
    assert (tmp_path / "real" / "status.yml").read_bytes() == edited.text.encode()


def test_a_file_that_changed_since_it_was_loaded_is_not_overwritten(tmp_path: Path) -> None:
    edited = append_row(on_disk(tmp_path), new_row(), NOW)
    path = tmp_path / "status.yml"
    path.write_bytes(b"someone else's\n")
    with pytest.raises(BadInput, match="changed on disk since it was loaded"):
        save(edited)
    assert path.read_bytes() == b"someone else's\n"
    assert [file.name for file in tmp_path.iterdir()] == ["status.yml"]


def test_a_file_that_is_gone_is_not_made_again(tmp_path: Path) -> None:
    stored = on_disk(tmp_path)
    (tmp_path / "status.yml").unlink()
    with pytest.raises(BadInput, match=r"cannot be written \(No such file or directory\)"):
        save(stored)
    assert not list(tmp_path.iterdir())
