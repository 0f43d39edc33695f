"""Blocks: what people write in docs as JSON, YAML and Python, and what does not parse."""

from pathlib import Path

import pytest
from audit_samples import fenced
from audit_trees import audited, commit_on
from hypothesis import given, settings
from hypothesis import strategies as st

from trueup.audit.blocks import json_problem, json_values, python_problem, yaml_problem
from trueup.audit.comments import without_blocks

JSON = [
    '{"a": 1}',
    '{"a": 1,}',
    '{\n  "a": 1, // one\n  /* two */ "b": 2\n}',
    '{"a": 1, # one\n "b": "x # y // z"}',
    '{"a": 1, ...}',
    '{\n  "a": [\n    1,\n    ...\n  ],\n  ...\n}',
    '[{"a": 1}, ...',
    '{"a": "...", "b": …}',
    '{"a": 1}\n\n{"b": 2}',
    'data: {"a": 1}\n\ndata: [DONE]',
    '"a": 1,\n"b": 2',
    '{"a": <number>, "b": {{ value }}, "c": ${X}, "d": $KEY}',
    '{"a": {...}}',
    '{"a": <длина>, "b": $size_1, "c": YOUR_NUMBER}',
    '{"a": "line\nbreak"}',
]
BROKEN_JSON = {'{"a": 1\n"b": 2}': 2, "{'a': 1}": 1, '{"a": True}': 1, '{"a": 1}}': 1, '{"a" 1}': 1}
YAML = [
    "a: 1\nb: [1, 2]",
    "---\na: 1\n---\nb: 2",
    "a: {{ value }}\nb: <your key>\nc: ${X}",
    "a:\n  ...\n  b: 1",
    "  a: 1\n  b: 2",
    "a: !custom 1",
]
PYTHON = [
    "routes = [\n    ...\n    Mount('/static')\n]",
    "options = {\n    …\n    'a': 1,\n}",
    "f(\n    ...\n    a=1,\n)",
    "a = 1",
    "    return 1",
    "await a()\nasync with b as c:\n    pass",
    "def f(a, ...):\n    ...",
    "for a in b:",
    "@route('/')",
    ">>> a\n1",
    "$ pip install x",
    "a = {...}\nb = [1, ...]",
    "client = Client(key=<your key>)",
    "class A:\n    x: int\n    ...",
    "\tif a:\n\t\tb()",
    "%load_ext x\na = 1",
    "a = f(\n    1,\n    …\n)",
]


@pytest.mark.parametrize("text", JSON)
def test_json_as_people_shorten_it_parses(text: str) -> None:
    assert json_problem(text) is None


@pytest.mark.parametrize("text", BROKEN_JSON)
def test_json_that_does_not_parse_has_its_line(text: str) -> None:
    problem = json_problem(text)
    assert problem is not None and problem[0] == BROKEN_JSON[text]


@pytest.mark.parametrize("text", YAML)
def test_yaml_as_people_shorten_it_parses(text: str) -> None:
    assert yaml_problem(text) is None


def test_yaml_that_does_not_parse_has_its_line() -> None:
    problem = yaml_problem("a: 1\nb: [1\nc: 2")
    assert problem is not None and problem[0] == 3
    assert yaml_problem("a:\n\t- 1") is not None


@pytest.mark.parametrize("text", PYTHON)
def test_python_as_people_shorten_it_parses(text: str) -> None:
    assert python_problem(text) is None


def test_python_that_does_not_parse_has_its_line() -> None:
    assert (python_problem("a = 1\nb = )") or (0,))[0] == 2
    assert (python_problem("const a = 1;") or (0,))[0] == 1


BODIES = {
    '-d \'{"a": 1,}"}\'': 4,
    '-sSd \'{"a": 1,}"}\'': 4,
    '--data-raw \'{\n  "a": 1\n  "b": 2\n}\' | jq': 6,
    "-H 'A: b' \\\n  --json \\\n  '{\"a\": True}'": 6,
    "-d '{\\\"a\\\": 1}'": 4,
    '-d \'{\n  "a": [1],\n  "b": 2,\n}\'': 6,
}
WHOLE = [
    "-d '{\"a\": 1, ...}'",
    '-d \'{"a": ",}", // more\n}\'',
    "-d '{\"a\": 1, # and others\n}'",
    '-d \'{"a": <size>, // one\n "b": $N}\'',
    '-d \'{"a": "\'"$N"\'", "b" 1}\'',
    '-d \'{"a": "it\'\\\'\'s", "b" 1}\'',
    "-d $'{\"a\" 1}'",
    "-d '{a}&b={c}'",
    "-d 'a=1' -d '[1'",
    '-d "{\\"a\\" 1}"',
    "-d '{\"a\": {}}' -H 'x: {1}'",
    "-d @body.json -H '{a}'",
    "-d '\n> {\n> \"a\": 1\n> }'",
]


@pytest.mark.parametrize("body", BODIES)
def test_a_quoted_body_that_is_no_json_has_its_line(body: str, tmp_path: Path) -> None:
    page = f"# A\n\n```bash\ncurl https://x.example {body}\n```\n"
    commit_on(tmp_path, "2026-01-01", {"a.md": page})
    assert audited(tmp_path) == [f"broken-body a.md:{BODIES[body]}"]


@pytest.mark.parametrize("body", WHOLE)
def test_a_body_that_is_shortened_or_put_together_is_well(body: str, tmp_path: Path) -> None:
    page = f"# A\n\n```bash\ncurl https://x.example {body}\n```\n"
    commit_on(tmp_path, "2026-01-01", {"a.md": page})
    assert audited(tmp_path) == []


PARSED = ['{"a": 1}'] * 8
WITH_COMMA = '{\n  "a": [1],\n  "b": 2,\n}'
"""JSON but for the comma of its third line."""


def test_json_with_a_comma_too_many_has_its_line(tmp_path: Path) -> None:
    page = fenced("json", WITH_COMMA, *PARSED)
    commit_on(tmp_path, "2026-01-01", {f"{name}/a.md": page for name in ("en", "ja")})
    assert audited(tmp_path) == ["broken-json en/a.md:6", "broken-json ja/a.md:6"]


@pytest.mark.parametrize(
    "page",
    [
        fenced("json", WITH_COMMA),
        fenced("json", WITH_COMMA, WITH_COMMA, *PARSED * 3),
        fenced("json", WITH_COMMA.replace("2,", "2, // two"), *PARSED),
        fenced("json", WITH_COMMA.replace("2,", "2, ..."), *PARSED),
        fenced("json", WITH_COMMA.replace("2,", '"2,\n}"').replace("],", "]"), *PARSED),
        fenced("jsonc", WITH_COMMA) + fenced("json", *PARSED),
        "In `tsconfig.json`:\n" + fenced("json", WITH_COMMA, *PARSED).removeprefix("# A\n"),
        "This is invalid:\n" + fenced("json", WITH_COMMA, *PARSED).removeprefix("# A\n"),
        fenced("json", '"a": 1,', *PARSED),
    ],
)
def test_a_comma_is_well_where_json_is_shortened_or_may_have_it(page: str, tmp_path: Path) -> None:
    commit_on(tmp_path, "2026-01-01", {"a.md": page})
    assert audited(tmp_path) == []


def test_values_keep_what_is_in_strings() -> None:
    text = '{"url": "https://a.example/#x", "more": "a, ...", "c": "/* d */"}'
    assert json_values(text) == [{"url": "https://a.example/#x", "more": "a, ...", "c": "/* d */"}]


def test_comments_are_taken_out_and_lines_stay() -> None:
    marks = {"/*": "*/", "<!--": "-->"}
    assert without_blocks("a /* b\nc */ d <!-- e", marks) == "a \n d <!-- e"
    assert json_values('{"a": "/*", "b": 1 /* " */}') == [{"a": "/*", "b": 1}]


@pytest.mark.parametrize(
    "text",
    [
        "[" * 45_000,
        "{" * 100,
        "- " * 20_000,
        "-" * 40_000 + "1",
        "not " * 10_000 + "1",
        "(" * 20_000,
    ]
    + ["a" + ".b" * 20_000, "1" + "+1" * 20_000, '\\"' * 20_000, "/* " * 15_000, "\0", "\ud800"],
)
def test_deep_and_endless_code_ends_without_an_error(text: str) -> None:
    for problem_of in (json_problem, yaml_problem, python_problem):
        problem_of(text)


@settings(deadline=None)
@given(st.text(alphabet="{}[]\",:1a./*# \n'-<>$", max_size=80))
def test_any_text_ends_without_an_error(text: str) -> None:
    for problem_of in (json_problem, yaml_problem, python_problem):
        problem = problem_of(text)
        assert problem is None or 1 <= problem[0] <= text.count("\n") + 3


@pytest.mark.parametrize("indent", ["", "    "])
@pytest.mark.parametrize(
    ("label", "code"),
    [
        ("json", '{"data": "' + "A" * 6000 + '"}'),
        ("json", "[" + "0.125, " * 800 + "1]"),
        ("python", "x = '" + "A" * 6000 + "'"),
        ("yaml", "a: [" + "one, " * 1000 + "two]"),
    ],
)
def test_a_block_whose_line_is_too_long_to_be_read_is_not_called_broken(
    label: str, code: str, indent: str, tmp_path: Path
) -> None:
    page = f"{indent}```{label}\n{indent}{code}\n{indent}```\n"
    commit_on(tmp_path, "2026-01-01", {"a.md": page})
    assert audited(tmp_path) == []


OPEN = {
    "plain": "```python\na = 1\n\n```bash\nls\n```\n",
    "tildes": "~~~python\na = 1\n\n~~~bash\nls\n~~~\n",
    "a longer one": "```python\na = 1\n\n````bash\nls\n````\n",
    "with a title": '```python\na = 1\n\n```bash title="a"\nls\n```\n',
    "with attributes": "```{.python}\na = 1\n\n``` { .bash #x }\nls\n```\n",
    "in a list": "1. ```python\n   a = 1\n\n   ```bash\n   ls\n   ```\n",
    "in a quote": "> ```python\n> a = 1\n>\n> ```bash\n> ls\n> ```\n",
    "in a tab": "    ```python\n    a = 1\n\n    ```bash\n    ls\n    ```\n",
    "after a whole here-document": "```sh\na <<'EOF'\nb\nEOF\n\n```bash\nls\n```\n",
    "after a whole text": '```python\n"""a\n"""\n\n```bash\nls\n```\n',
}
CLOSED = {
    "a longer fence": "````python\n```bash\nls\n```\n````\n",
    "the other sign": "~~~python\n```bash\n~~~\n",
    "Markdown": "```markdown\n```bash\nls\n```\n",
    "text": "```text\n```bash\nls\n```\n",
    "a change": "```diff\n```bash\nls\n```\n",
    "no language": "```\n```bash\nls\n```\n",
    "a directive": "```{note}\n```bash\nls\n```\n",
    "deeper": "```python\n    ```bash\n    ls\n```\n",
    "the next item": "- ```python\n  a = 1\n- ```bash\n  ls\n  ```\n",
    "a comment": "```ts\n/**\n * ```bash\n * ls\n */\n```\n",
    "a here-document": "```bash\ncat > a.md <<'EOF'\n```bash\nEOF\n```\n",
    "a text": '```python\nx = """\n```bash\n"""\n```\n',
    "no label": "```python\na\n``` 1\n```\n",
}


@pytest.mark.parametrize("name", OPEN)
def test_a_block_is_open_where_another_one_begins(name: str, tmp_path: Path) -> None:
    (found,) = audited(commit_on(tmp_path, "2026-03-25", {"a.md": f"# A\n\n{OPEN[name]}"}))
    line = 3 + OPEN[name].split("bash")[0].count("\n")
    assert found == f"open-block a.md:3 a.md:{line}"


@pytest.mark.parametrize("name", CLOSED)
def test_what_a_block_shows_opens_no_other_one(name: str, tmp_path: Path) -> None:
    found = audited(commit_on(tmp_path, "2026-03-25", {"a.md": f"# A\n\n{CLOSED[name]}"}))
    assert not [one for one in found if "open-block" in one]


def test_where_many_blocks_are_open_they_are_of_another_kind(tmp_path: Path) -> None:
    text = "# A\n\n" + OPEN["plain"] * 2 + "```sh\nls\n```\n\n" * 17
    assert audited(commit_on(tmp_path, "2026-03-25", {"a.md": text})) == []


def test_an_open_block_is_not_said_to_be_broken_too(tmp_path: Path) -> None:
    text = OPEN["plain"].replace("python\na = 1", 'json\n{"a": 1}')
    assert audited(commit_on(tmp_path, "2026-03-25", {"a.md": text})) == [
        "open-block a.md:1 a.md:4"
    ]
