"""Visible blocks: each word that readers get, in one block, with nothing that splits it."""

import pytest
from hypothesis import given
from strategies import hostile

from trueup.site.visible_blocks import visible_blocks

BLOCKS = {
    "<h2 id=a>Na<b>no</b>\n <i>x</i> <a href=#a>¶</a></h2>": [("h2", "Nano x")],
    "<p>a<!-- b -->c<wbr>d<script>e</script>f<br>g": [("p", "acdf g")],
    "<p>a<div>b<p>c</p>d</div>": [("p", "a"), ("div", "b"), ("p", "c"), ("div", "d")],
    "<p>g\u0435m\u0456ni\u20112\u200b\ufe0f &#8203;&shy;&#x41;": [("p", "gemini-2 A")],
    "<p title=t>a <img alt='b  c'> d": [("p", "a d t b c")],
    "<img alt=a><input placeholder=b value=c><hr aria-label=d>": [("body", "a b c"), ("hr", "d")],
    "<title>a</title><meta name=description content=b><meta name=x content=c>": [
        ("title", "a"),
        ("head", "b"),
    ],
    "<!--> a <!-- b --!> c": [("body", "a c")],
    "": [],
}  # fmt: skip


@pytest.mark.parametrize("html", BLOCKS)
def test_the_words_of_a_block_are_one_text(html: str) -> None:
    assert [(block.kind, block.text) for block in visible_blocks(html)] == BLOCKS[html]


def test_code_links_levels_groups_and_hidden_parts_are_known() -> None:
    html = (
        "<h3>A</h3>\n<p>b <code>c d</code> <a href=x><code>e</code> f</a>\n"
        "<ul><li>g<li hidden><p>h</p></ul><table><tr><td>i<td>j</table><pre>k\n  l</pre>"
    )
    found = visible_blocks(html)
    code = [block.text[start:end] for block in found for start, end in block.code]
    links = [block.text[start:end] for block in found for start, end in block.links]
    assert (code, links) == (["c d", "e", "k l"], ["e f"])
    groups = [(block.text, block.group) for block in found]
    assert groups == [
        *(("A", 1), ("b c d e f", 2), ("g", 3), ("h", 3), ("i", 4), ("j", 4), ("k l", 5)),
    ]
    assert [block.level for block in found][:2] == [3, 0] and found[1].line == 2
    assert [block.text for block in found if block.hidden] == ["h"]


@given(hostile)
def test_any_html_is_read(html: str) -> None:
    for block in visible_blocks(f"<p>{html}" * 2):
        assert block.text == " ".join(block.text.split()) != ""


def test_deep_and_open_elements_are_read_or_refused() -> None:
    with pytest.raises(ValueError, match="without end"):
        visible_blocks("<div>" * 5000 + "a")
    assert len(visible_blocks("<b><p>a" * 5000)) == 5000
