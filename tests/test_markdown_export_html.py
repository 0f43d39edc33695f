"""A page as Markdown: what is seen, nothing else; code byte for byte; no text that is markup."""

import html

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from trueup.markdown_export import article_of, escape_commonmark, link_rewriter
from trueup.site import extract_blocks

READER = MarkdownIt("commonmark", {"html": True}).enable("table")
HOSTILE = (
    '"><script>alert(1)</script>', "</article></p>", "]]>", "\n```\n# x", "\n````\n", "a | b",
    "a\\|b", "[x](javascript:a)", "<https://a>", "![x](y)", "&lt;b&gt;", "{{ 7 * 7 }}", "\\", "`",
    "# x", "- x", "+ x", "1. x", "2) x", "> x", "===", "---", "a\n===", "*x* _x_ ~~x~~ __x__",
    "\u202ex", "\0\x07", "\u2028",
)  # fmt: skip
texts = st.lists(st.sampled_from(HOSTILE) | st.text(max_size=5), max_size=4).map("".join)


def tokens_of(text: str) -> list[Token]:
    return [one for token in READER.parse(text) for one in (token, *(token.children or []))]


def page(body: str) -> str:
    return (
        f'<main><article class="a">\n<h1 id="t">T<a class="headerlink">¶</a></h1>\n{body}</article>'
    )


def render(body: str, note: str = "note") -> str:
    text = article_of(page(body)).render(note, lambda href: href)
    assert text.startswith(f"# T\n\n{note}\n\n") and text.endswith("\n")
    return text.removeprefix(f"# T\n\n{note}\n\n").removesuffix("\n")


def fences_of(text: str) -> list[tuple[str, str]]:
    found = [one for one in READER.parse(text) if one.type == "fence"]
    return [(one.info, one.content.removesuffix("\n")) for one in found]


def seen(text: str) -> str:
    """The text that a reader of the rendered Markdown sees, white space aside."""
    kinds = ("text", "code_inline", "fence")
    return "".join("".join(one.content for one in tokens_of(text) if one.type in kinds).split())


@given(texts)
def test_a_text_is_never_markup(text: str) -> None:
    body = f"<p>{html.escape(text)}</p><ul><li>{html.escape(text)}</li></ul>"
    allowed = {"paragraph", "inline", "text", "softbreak", "heading", "bullet_list", "list_item"}
    allowed |= {"text_special", "hardbreak"}
    kinds = {
        one.type.removesuffix("_open").removesuffix("_close") for one in tokens_of(render(body))
    }
    assert kinds <= allowed
    printable = "".join(char for char in text if char.isprintable())
    assert seen(render(body)) == "".join((printable * 2).split())


@given(texts)
def test_a_cell_stays_one_cell(text: str) -> None:
    cell = html.escape(text)
    row = f"<tr><td>{cell}</td><td><code>{cell}</code></td></tr>"
    head = "<thead><tr><th>a</th><th>b</th></tr></thead>"
    found = tokens_of(render(f"<table>{head}<tbody>{row}</tbody></table>"))
    assert sum(one.type == "td_open" for one in found) == 2
    assert not [one for one in found if one.type in ("html_inline", "html_block", "link_open")]


@given(texts, st.sampled_from(["language-bash highlight", "highlight", "language-text highlight"]))
def test_code_comes_out_as_the_copy_button_gives_it(text: str, classes: str) -> None:
    text = "a" + text.replace("\0", "").replace("\r", "")
    span = f'<span class="k">{html.escape(text)}</span>'
    code = f'<div class="{classes}"><pre><span></span><code>{span}\n</code></pre></div>'
    (block,) = extract_blocks(code, "page.html")
    ((language, found),) = fences_of(render(f"<p>x</p>{code}<p>y</p>"))
    assert found == block.text
    assert language in (block.language, "")


def test_what_is_not_seen_is_left_out() -> None:
    body = (
        '<p>a<span hidden="hidden">old</span><button>copy</button><svg><path/></svg></p>'
        '<p class="tu-markdown"><a href="x">link</a></p><script>s</script><style>t</style>'
        "<!--stamp:x--><p class='tu-receipt'>Receipt</p>"
    )
    assert render(body) == "a\n\nReceipt"


def test_tabs_follow_each_other_under_their_labels() -> None:
    tabs = (
        '<div class="tabbed-set"><input checked><input><div class="tabbed-labels">'
        '<label>curl</label><label><span>Py*thon</span></label></div><div class="tabbed-content">'
        '<div class="tabbed-block"><pre><code>one</code></pre></div>'
        '<div class="tabbed-block"><pre><code>two</code></pre><p>after</p></div></div></div>'
    )
    assert render(tabs) == "**curl**\n\n```\none\n```\n\n**Py\\*thon**\n\n```\ntwo\n```\n\nafter"


def test_boxes_become_quotes_with_their_title_and_all_that_a_click_would_show() -> None:
    body = (
        '<div class="admonition"><p class="admonition-title">Mind</p><p>this</p></div>'
        "<details><summary>More</summary><pre><code>a\n\n  b</code></pre></details>"
    )
    text = render(body)
    assert text.startswith("> **Mind**\n>\n> this\n\n> **More**\n")
    assert fences_of(text) == [("", "a\n\n  b")]


def test_the_last_day_is_that_of_the_claim_that_ages_first() -> None:
    fresh = '<span class="tu-fresh" data-until="{}"{}>x</span>'
    late = fresh.format("2026-01-01", ' hidden="hidden"')
    both = fresh.format("2026-05-14", "") + fresh.format("2026-04-14", "")
    assert article_of(page(late + both)).until == "2026-04-14"
    assert article_of(page(late)).until is None


@pytest.mark.parametrize("text", ["<p>no article</p>", "<article><p>no title</p></article>"])
def test_a_page_without_an_article_or_title_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no article"):
        article_of(text)


@pytest.mark.parametrize(
    ("href", "near", "absolute"),
    [
        ("../b/", "../b/", "https://h/b/"),
        ("../b/#x", "../b/#x", "https://h/b/#x"),
        ("#x", "./#x", "https://h/a/#x"),
        ("./", "./", "https://h/a/"),
        ("..", "../", "https://h/"),
        ("../receipts.json", "../receipts.json", "https://h/receipts.json"),
        ("https://e/x?a=b", "https://e/x?a=b", "https://e/x?a=b"),
        ("//e/x", None, None),
        ("javascript:alert(1)", None, None),
        ("data:text/html,x", None, None),
        ("http://[", None, None),
    ],
)
def test_a_link_leads_from_anywhere_to_the_same_place(
    href: str, near: str | None, absolute: str | None
) -> None:
    assert link_rewriter("a/index.html", "a")(href) == near
    assert link_rewriter("a/index.html", "", "https://h/")(href) == absolute


def test_links_lead_to_the_same_place_from_the_folder_of_a_language() -> None:
    link = link_rewriter("ja/a/index.html", "ja/")
    assert [link(one) for one in ("../b/", "#x", "../../receipts.json", "..")] == [
        "b/", "a/#x", "../receipts.json", "./",
    ]  # fmt: skip


def test_an_address_in_a_link_cannot_end_it() -> None:
    body = '<p><a href="a) [x](b &quot;&lt;&amp;amp;">one</a></p>'
    (link,) = (one for one in tokens_of(render(body)) if one.type == "link_open")
    assert str(link.attrs["href"]).startswith("a%29%20")


def test_running_text_keeps_names_readable() -> None:
    assert (
        escape_commonmark("get_channel_failed, a.b-c: 20 > 3")
        == "get_channel_failed, a.b-c: 20 > 3"
    )
