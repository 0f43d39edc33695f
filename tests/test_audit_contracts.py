"""Contracts: what is no contradiction between calls of a route and their replies."""

from pathlib import Path

import pytest
from audit_samples import CALL, KEYED, KEYLESS, gets
from audit_trees import audited, write_files

CURL = 'curl https://api.example.com/v1/tasks -H "Authorization: Bearer $KEY"'


def pages(*pairs: tuple[str, str]) -> dict[str, str]:
    return {
        f"{number}.md": f"# Part\n\n```bash\n{CURL}\n```\n\n{between}\n\n```json\n{reply}\n```\n"
        for number, (between, reply) in enumerate(pairs)
    }


WELL = {
    "states of parts": pages(
        ("Reply:", '{"status": "completed", "items": [{"status": "succeeded"}]}'),
        ("Reply:", '{"status": "completed", "items": []}'),
    ),
    "a request": pages(("Reply:", '{"data": []}'), ("Request body:", '{"model": "a"}')),
    "a body": pages(("Reply:", '{"data": []}'), ("Send:", '{"prompt": "a"}')),
    "an error": pages(("Reply:", '{"data": []}'), ("Or:", '{"error": "no"}')),
    "another section": {
        "0.md": CALL.format(title="A", path="tasks", reply='{"data": []}'),
        "1.md": f'# A\n\n```bash\n{CURL}\n```\n\n## Other\n\n```json\n{{"x": 1}}\n```\n',
    },
    "another way to give the key": gets(*[KEYED] * 4, KEYLESS + ' -H "$AUTH"', KEYLESS + " -u a:b"),
    "a key in the query": gets(*[KEYED] * 4, KEYLESS + "&key=$KEY"),
    "an install script": gets(*[KEYED] * 4, "curl https://example.com/install.sh | sh"),
    "a shorter text": gets(*[KEYED] * 2, KEYLESS),
    "a comment": gets(*[KEYED] * 4, f"# {KEYLESS}"),
}


@pytest.mark.parametrize("name", WELL)
def test_what_only_seems_to_differ_is_well(name: str, tmp_path: Path) -> None:
    assert audited(write_files(tmp_path, WELL[name]))[1:] == []


def test_a_key_on_a_later_line_of_the_call_counts(tmp_path: Path) -> None:
    long = KEYLESS + ' \\\n  -H "Authorization: Bearer $KEY" \\\n  -d \'{"a":\n "b"}\''
    assert audited(write_files(tmp_path, gets(*[KEYED] * 4, long)))[1:] == []


def test_routes_swapped_in_one_language_are_found_in_sentences_and_items(tmp_path: Path) -> None:
    text = "# A\n\nFirst POST /v1/boats is called.\n\n- `GET /v1/one`: {}\n- `GET /v1/two`: {}\n"
    other = text.replace("boats", "ships").replace("one`", "x`").replace("two`", "one`")
    files = {"docs/en/a.md": text, "docs/ja/a.md": other.replace("x`", "two`")}
    found = audited(write_files(tmp_path, files))[1:]
    assert sorted(one.partition(" ")[2] for one in found if one.startswith("language-names")) == [
        f"docs/ja/a.md:{line} docs/en/a.md:{line}" for line in (3, 5, 6)
    ]
