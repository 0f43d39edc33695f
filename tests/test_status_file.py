import json
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from status_sample import NOW, TEXT, parsed, refused

from trueup.errors import BadInput, BadStatus
from trueup.model import Frozen
from trueup.status_file import load_status, parse_as, render_schema
from trueup.status_file.yaml_text import LOADER, parse_yaml

ROOT = Path(__file__).parents[1]


def real_data() -> Any:
    data = load_status(ROOT / "status.yml", datetime.now(UTC)).data
    return json.loads(json.dumps(data, default=date.isoformat))


def test_the_file_of_this_repository_loads() -> None:
    stored = load_status(ROOT / "status.yml", datetime.now(UTC))
    assert stored.status.observations
    assert stored.text == (ROOT / "status.yml").read_bytes().decode()


def test_a_place_is_that_of_a_key_an_item_or_the_nearest_parent() -> None:
    stored = parsed(TEXT)
    assert str(stored.place("endpoints", "nano-banana/images-generations")) == "status.yml:25:3"
    assert str(stored.place("holds", 0)) == "status.yml:34:5"
    assert str(stored.place("holds", 0, "on")) == "status.yml:38:5"
    assert str(stored.place("holds", 7, "on")) == "status.yml:33:1"
    assert str(stored.place("nothing")) == "status.yml:1:1"
    assert str(stored.place_of(stored.status.holds[0])) == "status.yml:34:5"


def test_a_row_of_another_status_has_no_place() -> None:
    with pytest.raises(BadInput, match="the row belongs to another version"):
        parsed(TEXT).place_of(parsed(TEXT).status.holds[0])


@pytest.mark.parametrize("before", ["# é😀\r\n", "# \u2028# \x85# x\n", '"x": "\u2028"\n'])
def test_lines_and_columns_are_those_of_an_editor(before: str) -> None:
    (line,) = refused(f'{before}"é😀": &x 1')
    assert line.startswith("status.yml:2:7: the anchor &x is not allowed.")


def test_a_hold_may_write_its_date_as_on() -> None:
    assert parsed(TEXT).status.holds[0].on == date(2026, 4, 20)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadStatus, match=r"status\.yml: no such file\. .*trueup init.*trueup audit"):
        load_status(tmp_path / "status.yml", NOW)


def test_a_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadStatus, match=r": cannot be read \(Is a directory\)"):
        load_status(tmp_path, NOW)


def test_a_device_is_not_read() -> None:
    with pytest.raises(BadStatus, match=": not a file"):
        load_status(Path("/dev/zero"), NOW)


@pytest.mark.parametrize("name", ["loop", "zero\0"])
def test_an_unreadable_file_is_refused_with_the_reason(tmp_path: Path, name: str) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(BadStatus, match=r": cannot be read \(.+\)\. Check the path\."):
        load_status(tmp_path / name, NOW)


def test_a_file_over_one_megabyte_is_refused_by_its_size(tmp_path: Path) -> None:
    path = tmp_path / "status.yml"
    with path.open("wb") as file:
        file.truncate(10**12)
    with pytest.raises(BadStatus, match=r": more than 1000000 bytes"):
        load_status(path, NOW)
    assert "more than 1000000 bytes" in refused("é" * 600_000)[0]


def test_invalid_utf_8_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "status.yml"
    path.write_bytes(b"a: 1\nb: \xc3\xa9\xff\n")
    with pytest.raises(BadStatus, match=r"status\.yml:2:5: not valid UTF-8 \(byte 0xff\)\. Save"):
        load_status(path, NOW)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "1:1: the file is empty. Start with version: 2."),
        ("- a\n", "1:1: the file is a list, expected a mapping. Start with"),
        ("a\n", "1:1: the file is one bare value, expected a mapping. Start with"),
        (
            "\ufeffa: 1\n",
            "1:1: the file starts with a byte order mark. Save the file as UTF-8 without one.",
        ),
        ("a: \x00\n", "1:4: the character U+0000 is not allowed. Remove it, or"),
        ("a: \ud800\n", "1:4: the character U+D800 is not allowed."),
        ("a: 1\n---\nb: 1\n", "2:1: a second document is not allowed. Remove the --- line."),
        ("a: b: c\n", "1:5: not valid YAML (a colon where no key can end). Check the quotes,"),
        (
            "a: 1\n\tb: 1\n",
            "2:1: a tab is not allowed. Replace it with spaces, or write \\t in double quotes.",
        ),
        ("a: [1\n", ": not valid YAML (did not find expected ',' or ']'). Check"),
        ("a: &x 1\n", "1:4: the anchor &x is not allowed. Remove it."),
        ("a: *x\n", "1:4: the alias *x is not allowed. Write the value out."),
        ("a: !x [1]\n", "1:4: the tag '!x' is not allowed. Remove it."),
        ("a: {<<: {b: 1}}\n", "1:5: the merge key << is not allowed. Write the values out."),
        ("a: " + "[" * 41 + "]" * 41, "1:43: more than 40 levels of nesting. Flatten them."),
        ("a: " + "[" * 900_000, "1:43: more than 40 levels of nesting."),
        ("a: [" + "1," * 400_000 + "]", "more than 200000 parts. Check that it is the right file."),
        ("a: 1\na: 3\n", "2:1: the key 'a' is already at status.yml:1:1. Keep one."),
        ("1: a\n", "1:1: the key '1' reads as int, expected text. Quote it."),
        ("true: a\n", "1:1: the key 'true' reads as bool, expected text. Quote it."),
        ("? [a]\n: a\n", "1:3: the key is a collection, expected text. Write a name."),
        ("a: .nan\n", "1:4: the value is '.nan', expected a finite number of usual length. Corr"),
        ("a: 1.0e+999\n", "1:4: the value is '1.0e+999', expected a finite number"),
        ("a: " + "9" * 5000, "1:4: the value is '999"),
        ("a: 0x" + "9" * 5000, "1:4: the value is '0x999"),
        ("a: 2026-13-01\n", "1:4: the value is '2026-13-01', expected a date, or a time with its"),
        ("a: 2026-01-01T10:00:00\n", "expected a date, or a time with its zone."),
        ("a: 0001-01-01T00:00:00+14:00\n", "expected a date, or a time with its zone."),
    ],
)
def test_text_that_is_no_plain_yaml_is_refused(text: str, message: str) -> None:
    (line,) = refused(text)
    assert message in line
    assert len(line) < 250


@pytest.mark.parametrize("value", ["16:9", "yes", "010", "1_000", "1e3", "0o7", "="])
def test_a_value_that_yaml_1_1_and_1_2_read_differently_is_refused(value: str) -> None:
    assert refused(f"a: {value}\n") == [
        f"status.yml:1:4: '{value}' has another meaning in YAML 1.1 than in 1.2. Quote it, or write"
        " it out."
    ]


def test_quoted_text_that_looks_like_something_else_stays_text() -> None:
    data = parse_yaml("a: '16:9'\nb: \"yes\"\nc: '<<'\n'1': '2026-01-01'\n", "x").data
    assert data == {"a": "16:9", "b": "yes", "c": "<<", "1": "2026-01-01"}


def test_all_problems_are_reported_at_once_in_the_order_of_the_file() -> None:
    assert refused(TEXT.replace("by: Ann", "by: 3").replace("version: 2", "version: 3")) == [
        "status.yml:1:1: version is 3, expected 2. Change it.",
        "status.yml:37:5: by is 3, expected text. Quote it.",
    ]


def test_after_a_hundred_problems_the_rest_is_not_listed() -> None:
    lines = refused("".join(f"k{index}: 1\n" for index in range(300)))
    assert len(lines) == 101
    assert lines[-1] == (
        "status.yml: more than 100 problems; only these are listed. Fix these first."
    )


def test_an_unknown_key_of_another_noun_lists_the_keys_of_that_noun() -> None:
    class Row(Frozen):
        name: str

    class Table(Frozen):
        rows: tuple[Row, ...]

    with pytest.raises(BadStatus, match=r"item 1 of rows has the unknown key 'x'; keys are name\."):
        parse_as(parse_yaml("rows:\n  - {name: a, x: 1}\n", "rows.yml"), Table)


@given(st.text())
def test_any_text_parses_or_is_refused(text: str) -> None:
    for tried in (text, TEXT + text, TEXT.replace("Ann", text), TEXT.replace("1", text)):
        try:
            parsed(tried)
        except BadStatus:
            refused(tried)


def test_half_a_surrogate_pair_from_an_escape_is_refused_by_either_loader() -> None:
    for loader in (yaml.SafeLoader, LOADER):
        with pytest.raises(BadStatus, match="surrogate|escape"):
            parse_yaml('a: "\\ud800"', "status.yml", loader)


@given(st.text(alphabet="ab:-[]{}#&*!|>'\"%@` \n\r\u20280179.~<=?,", max_size=40))
def test_what_the_c_loader_and_the_pure_one_both_accept_they_read_alike(text: str) -> None:
    read = []
    for loader in (yaml.SafeLoader, LOADER):
        with suppress(BadStatus):
            read.append(parse_yaml(f"a: {text}", "x", loader).data)
    assert len(read) < 2 or read[0] == read[1]


def test_the_schema_accepts_the_file_of_this_repository() -> None:
    text = render_schema()
    schema = json.loads(text)
    Draft202012Validator.check_schema(schema)
    assert text.startswith('{\n  "$schema"') and text.endswith("}\n")
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert not list(Draft202012Validator(schema).iter_errors(real_data()))


@pytest.mark.parametrize("table", ["policy", "targets", "routes", "models", "endpoints"])
def test_the_schema_refuses_a_misspelt_key(table: str) -> None:
    data = real_data()
    row = data[table] if table == "policy" else next(iter(data[table].values()))
    row["bodi"] = {}
    errors = Draft202012Validator(json.loads(render_schema())).iter_errors(data)
    assert any("'bodi' was unexpected" in error.message for error in errors)


def test_every_property_of_the_schema_is_described() -> None:
    schema = json.loads(render_schema())
    tables = {**schema["$defs"], "Status": schema}
    bare = [
        f"{table}.{name}"
        for table, form in tables.items()
        for name, field in form.get("properties", {}).items()
        if not field.get("description")
    ]
    assert bare == []
