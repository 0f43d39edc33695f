"""Page: lines by kind, fences wherever they stand, tables, headings and lists."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueup.audit.page import cells_of, read_page

FENCES = {
    "plain": "```json\n{}\n```\n",
    "tilde": "~~~json\n{}\n~~~\n",
    "in a list": "- an item\n\n    ```json\n    {}\n    ```\n",
    "beside a mark": "- ```json\n  {}\n  ```\n",
    "in a quote": "> ```json\n> {}\n> ```\n",
    "in a tab": '=== "JSON"\n\n    ```json title="a.json"\n    {}\n    ```\n',
    "in a component": "<CodeGroup>\n  ```json a.json\n  {}\n  ```\n</CodeGroup>\n",
    "with attributes": "```{.json #id}\n{}\n```\n",
    "with a longer fence": "````json\n{}\n````\n",
    "with a wide end": "```json\n{}\n``````\n",
    "to the end": "```json\n{}",
    "by tabs": "\t```json\n\t{}\n\t```\n",
}


@pytest.mark.parametrize("name", FENCES)
def test_a_fence_is_read_wherever_it_stands(name: str) -> None:
    text = FENCES[name]
    (fence,) = read_page("a.mdx", text).fences
    assert (fence.language, fence.text) == ("json", "{}")
    assert "{}" in text.split("\n")[fence.first - 1]


def test_a_shorter_or_labelled_mark_ends_no_fence() -> None:
    (fence,) = read_page("a.md", "````md\n```json\n{}\n```\n````\ntext\n").fences
    assert fence.lines == ("```json", "{}", "```")
    (fence,) = read_page("a.md", "```sh\n```js\nx\n```\n").fences
    assert fence.lines == ("```js", "x")


def test_code_in_a_sentence_is_no_fence() -> None:
    assert read_page("a.md", "``` `x` ``` is code\n").fences == []


def test_a_table_has_cells_by_their_lines() -> None:
    page = read_page("a.md", "x\n\n| a | b |\n| :-- | --: |\n| `c|d` | e \\| f |\n\ny | z\n")
    (table,) = page.tables
    assert (table.line, table.head) == (3, ("a", "b"))
    assert table.rows == ((5, ("`c|d`", "e \\| f")),)
    assert page.kinds[2:5] == ["table"] * 3 and page.kinds[6] == "text"


def test_lines_in_comments_front_matter_and_imports_are_no_sentences() -> None:
    text = "---\ntitle: `a`\n---\n<!-- one\ntwo -->\nimport A from 'a'\n\nText\n{/* three */}\n"
    assert list(read_page("a.mdx", text).prose()) == [(8, "Text")]
    assert [line for line, _ in read_page("a.md", "<!-- never closed\nText\n").prose()] == [2]


def test_lists_end_by_depth_and_by_what_is_between() -> None:
    text = "Lead:\n\n- a\n  - a1\n  - a2\n- b\n  more\n\nEnd\n\n- c\n"
    found = [(one.lead, [text for _, text in one.items]) for one in read_page("a.md", text).bullets]
    assert sorted(found) == [(1, ["a", "b"]), (3, ["a1", "a2"]), (9, ["c"])]


def test_headings_part_sections() -> None:
    page = read_page("a.md", "x\n# A #\ny\n## B\nz\n```\n# no\n```\n")
    assert [(one.line, one.level, one.text) for one in page.headings] == [(2, 1, "A"), (4, 2, "B")]
    assert [page.section_of(line) for line in (1, 2, 3, 4, 7)] == [0, 1, 1, 2, 2]


@given(st.text(alphabet="`~#|-*>\t\n 1.<!{/}abc\r", max_size=200))
def test_every_text_is_read_and_every_line_has_one_kind(text: str) -> None:
    page = read_page("a.mdx", text)
    assert len(page.kinds) == len(page.lines)
    for fence in page.fences:
        assert all(kind == "code" for kind in page.kinds[fence.first - 2 : fence.first])
        assert fence.first - 1 + len(fence.lines) <= len(page.lines)


@given(st.text(alphabet="|`\\ab ", max_size=60))
def test_every_row_has_cells(line: str) -> None:
    assert len(cells_of(line)) >= 1
