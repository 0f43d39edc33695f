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

from trueup.errors import BadInput, BadStatus
from trueup.status_file import Stored, load_status, parse_status, render_schema
from trueup.status_file.yaml_text import LOADER, parse_yaml

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
ROOT = Path(__file__).parents[1]
TEXT = """\
version: 2
policy: {reported_until: 2026-04-14}
targets:
  production: {base_url: https://example.com, reference: true}
routes:
  images-generations:
    request: POST /v1/images/generations
    protocol: openai-images
    auth: {documented: bearer}
models:
  nano-banana: {title: Nano Banana, upstream: gemini-image}
endpoints:
  nano-banana/images-generations:
    body: {prompt: a banana}
holds:
  - endpoint: nano-banana/*
    to: controlled-testing
    reason: it is slow
    by: Ann
    on: 2026-04-20
"""


def parsed(text: str) -> Stored:
    return parse_status(text, "status.yml", NOW)


def complaints(text: str) -> tuple[str, ...]:
    with pytest.raises(BadStatus) as refused:
        parsed(text)
    return refused.value.complaints


def real_data() -> Any:
    data = load_status(ROOT / "status.yml", NOW).data
    return json.loads(json.dumps(data, default=date.isoformat))


def test_the_file_of_this_repository_loads() -> None:
    stored = load_status(ROOT / "status.yml", NOW)
    assert stored.status.observations
    assert stored.text == (ROOT / "status.yml").read_bytes().decode()


def test_a_place_is_that_of_a_key_an_item_or_the_nearest_parent() -> None:
    stored = parsed(TEXT)
    assert str(stored.place("endpoints", "nano-banana/images-generations")) == "status.yml:13:3"
    assert str(stored.place("holds", 0)) == "status.yml:16:5"
    assert str(stored.place("holds", 0, "on")) == "status.yml:20:5"
    assert str(stored.place("holds", 7, "on")) == "status.yml:15:1"
    assert str(stored.place("observations")) == "status.yml:1:1"
    assert str(stored.place_of(stored.status.holds[0])) == "status.yml:16:5"


def test_a_row_of_another_status_has_no_place() -> None:
    with pytest.raises(BadInput, match="a row of another status"):
        parsed(TEXT).place_of(parsed(TEXT).status.holds[0])


@pytest.mark.parametrize("before", ["# é😀\r\n", "# \u2028# \x85# x\n", '"x": "\u2028"\n'])
def test_lines_and_columns_are_those_of_an_editor(before: str) -> None:
    (line,) = complaints(f'{before}"é😀": &x 1')
    assert line.startswith("status.yml:2:7: an anchor, &x;")


def test_a_hold_may_write_its_date_as_on() -> None:
    assert parsed(TEXT).status.holds[0].on == date(2026, 4, 20)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadStatus, match=r"status\.yml: no such file; a status file was expected"):
        load_status(tmp_path / "status.yml", NOW)


def test_a_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadStatus, match="it is a directory; a status file was expected"):
        load_status(tmp_path, NOW)


def test_a_device_is_not_read() -> None:
    with pytest.raises(BadStatus, match="it is no regular file"):
        load_status(Path("/dev/zero"), NOW)


@pytest.mark.parametrize("name", ["loop", "zero\0"])
def test_an_unreadable_file_is_refused_with_the_reason(tmp_path: Path, name: str) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(BadStatus, match=r"it cannot be read \(.+\); a readable file was expected"):
        load_status(tmp_path / name, NOW)


def test_a_file_over_one_megabyte_is_refused_by_its_size(tmp_path: Path) -> None:
    path = tmp_path / "status.yml"
    with path.open("wb") as file:
        file.truncate(10**12)
    with pytest.raises(BadStatus, match=r"it is too big \(1000000000000 bytes\); at most 1000000"):
        load_status(path, NOW)
    assert "too big" in complaints("é" * 600_000)[0]


def test_invalid_utf_8_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "status.yml"
    path.write_bytes(b"a: 1\nb: \xc3\xa9\xff\n")
    with pytest.raises(BadStatus, match=r"status\.yml:2:5: the byte 0xff is no UTF-8"):
        load_status(path, NOW)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "1:1: the file is empty; the keys of a status file were expected."),
        ("# nothing\n", "1:1: the file is empty;"),
        ("- a\n", "1:1: the file holds a list; a mapping was expected."),
        ("a\n", "1:1: the file holds one bare value; a mapping was expected."),
        ("\ufeffa: 1\n", "1:1: the file begins with a byte order mark; plain UTF-8 was expected."),
        ("a: \x00\n", "1:4: the character U+0000 is not allowed;"),
        ("a: \ud800\n", "1:4: the character U+D800 is not allowed;"),
        ('a: "\\ud800"\n', "1:"),
        ("a: 1\n---\nb: 1\n", "2:1: a second document begins; one was expected."),
        ("a: b: c\n", "1:5: a colon stands where no key can end; YAML was expected."),
        ("a: 1\n\tb: 1\n", "2:1: a tab; spaces were expected. Replace it"),
        ('a: "x\n', ": a quoted text has no closing quote; YAML was expected."),
        ("a: [1\n", ": did not find expected ',' or ']'; YAML was expected."),
        ("a: &x 1\n", "1:4: an anchor, &x; plain values were expected."),
        ("a: *x\n", "1:4: an alias, *x; plain values were expected."),
        ("a: !!str 1\n", "1:4: a tag, 'tag:yaml.org,2002:str'; plain values were expected."),
        ("a: !x [1]\n", "1:4: a tag, '!x'; plain values were expected."),
        ("a: {<<: {b: 1}}\n", "1:5: a merge key, <<; plain keys were expected."),
        ("a: " + "[" * 41 + "]" * 41, "1:43: more than 40 levels; a flatter file was expected."),
        ("a: " + "[" * 900_000, "1:43: more than 40 levels;"),
        ("- " * 450_000, "1:81: more than 40 levels;"),
        ("a: [" + "1," * 400_000 + "]", "more than 200000 parts; fewer were expected."),
        (
            "a: 1\nb: 2\na: 3\n",
            "3:1: the key 'a' stands here again; it is already at status.yml:1:1; "
            "each key was expected once. Keep one.",
        ),
        ("1: a\n", "1:1: the key '1' is no text (int); text was expected. Quote it."),
        ("null: a\n", "1:1: the key 'null' is no text (null); text was expected. Quote it."),
        ("true: a\n", "1:1: the key 'true' is no text (bool); text was expected. Quote it."),
        ("2026-01-01: a\n", "1:1: the key '2026-01-01' is no text (timestamp);"),
        ("? [a]\n: a\n", "1:3: a key that is a collection; text was expected."),
        ("a: .nan\n", "1:4: the value is '.nan'; a finite number of usual length was expected."),
        ("a: -.INF\n", "1:4: the value is '-.INF'; a finite number"),
        ("a: 1.0e+999\n", "1:4: the value is '1.0e+999'; a finite number"),
        ("a: " + "9" * 5000, "1:4: the value is '999"),
        ("a: 0x" + "9" * 5000, "1:4: the value is '0x999"),
        ("a: 2026-13-01\n", "1:4: the value is '2026-13-01'; a date, or a time with its zone,"),
        ("a: 2026-01-01T10:00:00\n", "a date, or a time with its zone, was expected."),
        ("a: 0001-01-01T00:00:00+14:00\n", "a date, or a time with its zone, was expected."),
        ("a: 2026-01-01T00:00:00+99:99\n", "a date, or a time with its zone, was expected."),
    ],
)
def test_text_that_is_no_plain_yaml_is_refused(text: str, complaint: str) -> None:
    (line,) = complaints(text)
    assert line.startswith("status.yml:")
    assert complaint in line
    assert len(line) < 250
    assert "\n" not in line


@pytest.mark.parametrize("value", ["16:9", "yes", "Off", "010", "08", "1_000", "1e3", "0o7", "="])
def test_a_value_that_yaml_1_1_and_1_2_read_differently_is_refused(value: str) -> None:
    (line,) = complaints(f"a: {value}\n")
    found = f"'{value}' means different things to different readers of YAML"
    assert line.startswith(f"status.yml:1:4: {found}; a plain value was expected. Quote it")


def test_quoted_text_that_looks_like_something_else_stays_text() -> None:
    data = parse_yaml("a: '16:9'\nb: \"yes\"\nc: '<<'\n'1': '2026-01-01'\n", "x").data
    assert data == {"a": "16:9", "b": "yes", "c": "<<", "1": "2026-01-01"}


def test_all_wrong_things_are_told_at_once_in_the_order_of_the_file() -> None:
    lines = complaints(TEXT.replace("by: Ann", "by: 3").replace("version: 2", "version: 3"))
    assert lines == (
        "status.yml:1:1: version is 3; 2 was expected. Change it.",
        "status.yml:19:5: by is 3; text was expected. Quote it.",
    )


def test_after_a_hundred_complaints_the_rest_is_only_counted_as_more() -> None:
    lines = complaints("".join(f"k{index}: 1\n" for index in range(300)))
    assert len(lines) == 101
    assert lines[-1].startswith("status.yml: more than 100 complaints; the rest is not shown.")


@given(st.text())
def test_any_text_parses_or_is_refused(text: str) -> None:
    for tried in (text, TEXT + text, TEXT.replace("Ann", text), TEXT.replace("1", text)):
        try:
            parsed(tried)
        except BadStatus as refused:
            assert all(line.startswith("status.yml:") for line in refused.complaints)
            assert all(len(line.splitlines()) == 1 for line in refused.complaints)


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
    schema = json.loads(render_schema())
    Draft202012Validator.check_schema(schema)
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


def test_the_schema_ends_in_one_newline_and_is_indented_by_two() -> None:
    assert render_schema().startswith('{\n  "$schema"')
    assert render_schema().endswith("}\n")
