"""Hostile: pages that are made to take long end in time; none of them ends in an error."""

import time
from pathlib import Path

import pytest
from audit_trees import audited, commit_on, write_files

UNITS = {
    "ticks": "` `` ",
    "spans": "`a-1` or ",
    "links": "](",
    "pipes": "|-",
    "comments": "<!-- {/* ",
    "fences": "~~~ ",
    "dates": "2026-03-23 tested `a-1` ",
    "amounts": "20 MB 1,000 000 s ",
    "stamps": "updated on 2026-03-23 © ",
    "braces": "{{<a $",
    "addresses": "https://a.b/c?d=e&",
    "calls": "curl -d 'x ",
    "methods": "GET /v1/",
    "quotes": '\\"',
    "marks": "/* ",
    "names": "[a](#b-1 {# <A :x: &",
    "targets": "(#",
    "titles": "# [:a:&{",
    "equal": "A=b curl ",
    "bodies": "curl -d '{\"a\" }' ",
    "constants": "{A_B_",
    "headers": "curl https://a.b/c -H 'd: Bearer e' -d '{\"f\": 1}' -sH ",
}
LINE = 3_900
"""Characters, near to the most that are read of a line."""


@pytest.mark.parametrize("name", UNITS)
def test_a_page_of_one_endless_thing_ends_in_time(name: str, tmp_path: Path) -> None:
    line = UNITS[name] * (LINE // len(UNITS[name]))
    text = "\n".join([line] * 25)
    blocks = "".join(f"```{label}\n{text}\n```\n" for label in ("bash", "json", "python", "yaml"))
    small = "".join(f"```{label}\n{line}\n```\n" for label in ("bash", "json", "python", "yaml"))
    files = {
        f"docs/{language}/{number}.md": page.replace("a", letter)
        for language, letter in (("en", "a"), ("ja", "b"))
        for number, page in enumerate((text, blocks, small))
    }
    write_files(tmp_path, files)
    start = time.process_time()
    audited(tmp_path)
    assert time.process_time() - start < 6


def test_a_page_of_calls_and_headings_ends_in_time(tmp_path: Path) -> None:
    call = "```bash\ncurl https://a.example/v1/b\n```\n\n## Python\n\n```python\nx\n```\n\n"
    write_files(tmp_path, {"a.md": "# A\n\n" + call * 3_000})
    start = time.process_time()
    audited(tmp_path)
    assert time.process_time() - start < 6


def test_a_command_whose_quote_never_ends_is_read_in_time(tmp_path: Path) -> None:
    lines = "xxxx\n" * 150_000
    write_files(tmp_path, {"a.md": f"# A\n\n```bash\ncurl https://a.example '\n{lines}```\n"})
    start = time.process_time()
    audited(tmp_path)
    assert time.process_time() - start < 6


def test_a_line_of_ten_million_characters_is_one_warning(tmp_path: Path) -> None:
    commit_on(tmp_path, "2026-03-25", {"a.md": "x" * 10_000_000, "b.md": "Text.\n"})
    assert audited(tmp_path) == ["unread-page a.md"]


def test_deep_folders_and_deep_lists_are_read(tmp_path: Path) -> None:
    deep = "/".join(["d"] * 200)
    text = "\n".join(f"{'  ' * (n % 300)}- item {n}" for n in range(3_000))
    assert audited(commit_on(tmp_path, "2026-03-25", {f"{deep}/a.md": text})) == []


@pytest.mark.parametrize("name", ["sections", "anchors", "blocks"])
def test_a_page_that_lacks_one_of_endless_parts_is_compared_in_time(
    name: str, tmp_path: Path
) -> None:
    part = {
        "sections": "## A\n\nText.\n\n",
        "anchors": f"## {'{:' * 1_900}\n\nText.\n\n",
        "blocks": "```bash\nrun a\nrun b\n```\n\n",
    }[name]
    files = {f"docs/{language}/a.md": part * 280 for language in ("en", "ja", "ru")}
    files["docs/ja/a.md"] = part * 278
    write_files(tmp_path, files)
    start = time.process_time()
    audited(tmp_path)
    assert time.process_time() - start < 6


@pytest.mark.parametrize("part", ["# [a](b) & <i>:c:{{d é\n", "[x](#y{n})\n", "x\n", "(#a'\"\n"])
def test_a_page_of_names_and_links_to_them_ends_in_time(part: str, tmp_path: Path) -> None:
    text = "".join(part.replace("{n}", str(n)) for n in range(300_000 // len(part)))
    write_files(tmp_path, {"a.md": f"# A\n\n[x](#y)\n{text}", "b.md": "# B\n\n[x](a.md#z)\n"})
    start = time.process_time()
    audited(tmp_path)
    assert time.process_time() - start < 6


@pytest.mark.parametrize("line", ["```x 1", '"""```bash', "<<\n```bash", "~~~bash"])
def test_a_block_of_openings_ends_in_time(line: str, tmp_path: Path) -> None:
    lines = f"{line}\n" * (300_000 // len(line))
    write_files(tmp_path, {"a.md": f"# A\n\n```python\n{lines}```\n"})
    start = time.process_time()
    audited(tmp_path)
    assert time.process_time() - start < 6
