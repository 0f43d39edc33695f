"""The site: blocks as the copy button gives them, stamps, pages and builds."""

import html
import json
import os
import random
import shutil
import subprocess
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueup.errors import BadInput, Unreachable
from trueup.site import (
    Banner,
    Block,
    Page,
    build_site,
    change_pages,
    export_files,
    extract_blocks,
    link_files,
    load_pages,
    read_blocks,
    stamp_site,
    trim_end,
)

ODD = (
    "\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u180e\u2000\u2001\u2002\u2003\u2004\u2005\u2006"
    "\u2007\u2008\u2009\u200a\u200b\u2028\u2029\u202f\u205f\u2060\u3000\ufeff\0xé"
)
odd_texts = st.text(st.sampled_from(ODD) | st.characters(exclude_categories=["Cs"]), max_size=12)
STAMP = "<p>Replays</p>"


def blocks_of(page: str) -> list[Block]:
    return extract_blocks(page, "page.html")


def text_of(page: str) -> str:
    (block,) = blocks_of(page)
    return block.text


def code(text: str) -> str:
    return f"<pre><span></span><code>{text}</code></pre>"


def stamp(site: Path, content: bytes, lines: dict[str, str]) -> bytes:
    file = site / "page.html"
    file.write_bytes(content)
    stamp_site(site, {("page.html", name): line for name, line in lines.items()})
    return file.read_bytes()


def only_page(factory: pytest.TempPathFactory) -> Path:
    """A site whose one page each example writes anew; in it are no pages of other tests."""
    site = factory.getbasetemp() / "stamped"
    site.mkdir(exist_ok=True)
    return site


def page_of(docs: Path, text: str, name: str = "page.md") -> Page:
    file = docs / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text.encode())
    return next(page for page in load_pages(docs) if page.source == name)


def refused(docs: Path, content: bytes) -> str:
    (docs / "page.md").write_bytes(content)
    with pytest.raises(BadInput) as error:
        load_pages(docs)
    return str(error.value).replace(str(docs), "docs")


@pytest.mark.skipif(shutil.which("node") is None, reason="node runs trimEnd")
def test_the_end_is_trimmed_as_javascript_does() -> None:
    dice = random.Random(0)
    texts = [f"a{char}" for char in ODD] + [f"a{char}b" for char in ODD]
    texts += ["".join(dice.choices(ODD, k=dice.randrange(9))) for _ in range(3000)]
    texts += ["x" + chr(point) for point in range(0x10000) if not 0xD800 <= point < 0xE000]
    script = (
        "const all = JSON.parse(require('fs').readFileSync(0, 'utf8'));"
        "process.stdout.write(JSON.stringify(all.map(text => text.trimEnd())))"
    )
    done = subprocess.run(
        ["node", "-e", script], input=json.dumps(texts).encode(), capture_output=True, check=True
    )
    assert [trim_end(text) for text in texts] == json.loads(done.stdout)


@given(odd_texts)
def test_a_block_is_the_text_of_the_page(text: str) -> None:
    kept = text.replace("\r", "").replace("\0", "")
    assert text_of(code(f"a{html.escape(kept)}")) == trim_end(f"a{kept}")


@given(odd_texts)
def test_trimming_removes_white_space_at_the_end_and_nothing_else(text: str) -> None:
    trimmed = trim_end(text)
    assert text.startswith(trimmed)
    assert trim_end(trimmed) == trimmed
    assert trim_end(f"{text}|") == f"{text}|"


@pytest.mark.parametrize(
    ("written", "copied"),
    [
        ("&lt;a &amp;&amp; b&gt; &#39;&quot;&#x27;", "<a && b> '\"'"),
        ("&amp;lt;", "&lt;"),
        ('<span class="k">if</span> <span>a<span>b</span></span>\n', "if ab"),
        ("\n  first line is kept\n\n", "\n  first line is kept"),
        ("a\r\nb\rc\n", "a\nb\nc"),
        ('<a id="l-1" href="#l-1"></a>x', "x"),
        ("a<!-- no --><script>no</script><style>no</style>b", "ab"),
        ("a<code>b</code>c", "abc"),
        ("", ""),
    ],
)
def test_a_block_is_the_text_content_of_its_code(written: str, copied: str) -> None:
    assert text_of(code(written)) == copied


def test_line_numbers_are_not_copied() -> None:
    page = (
        '<div class="language-bash highlight"><table class="highlighttable"><tr>'
        '<td class="linenos"><div class="linenodiv"><pre><span></span>'
        '<span class="normal">1</span>\n<span class="normal">2</span></pre></div></td>'
        f'<td class="code"><div>{code("curl one&#10;curl two")}</div></td></tr></table></div>'
    )
    (block,) = blocks_of(page)
    assert (block.text, block.language) == ("curl one\ncurl two", "bash")


def test_inline_code_is_no_block() -> None:
    assert blocks_of("<p>Use <code>curl</code>.</p><pre>art</pre><code>x</code>") == []


def test_a_pre_outside_a_highlighted_block_is_a_block() -> None:
    (block,) = blocks_of("<p>a</p>\n<pre><code>curl x\n</code></pre>")
    assert (block.text, block.language, block.id, block.line) == ("curl x", "text", None, 2)
    (block,) = blocks_of('<pre><code class="language-python">x</code></pre>')
    assert block.language == "python"


def test_a_block_has_the_attributes_of_its_fence() -> None:
    page = (
        '<div class="tabbed-set"><div class="tabbed-content"><div class="tabbed-block">'
        '<div id="a--b--curl" class="language-bash highlight" data-endpoint="a/b"'
        f' data-excerpt="models">{code("x")}</div></div></div></div>'
    )
    (block,) = blocks_of(page)
    assert (block.id, block.endpoint, block.excerpt) == ("a--b--curl", "a/b", "models")
    assert (block.language, block.tabbed, block.copied) == ("bash", True, None)
    assert block.sha256 == "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"


@pytest.mark.parametrize(
    "page",
    [
        "<pre><code>one</pre><p>text <code>inline</code>",
        "<div><pre><code>one</div><p>text <code>inline</code>",
        "<p>open<div><li>open<pre><code>one</code></pre></div></section>",
        "<pre><code>one",
        "<pre><code>one<span>",
    ],
)
def test_unclosed_tags_neither_lose_a_block_nor_make_one(page: str) -> None:
    assert text_of(page) == "one"


def test_code_in_scripts_styles_and_comments_is_ignored() -> None:
    hidden = code("no")
    page = f"<script>'{hidden}'</script><style>/*{hidden}*/</style><!-- {hidden} -->{code('yes')}"
    assert text_of(page) == "yes"


def test_a_block_has_the_text_of_a_data_copy() -> None:
    nearest = f'<div data-copy="far"><div data-copy="near \n">{code("shown")}</div></div>'
    (block,) = blocks_of(nearest)
    assert (block.text, block.copied) == ("shown", "near")
    (block,) = blocks_of('<pre><code data-copy="own">shown</code></pre>')
    assert block.copied == "own"


def test_the_blocks_of_a_site_come_in_the_order_of_its_paths(tmp_path: Path) -> None:
    for name in ("b/index.html", "a.html", "404.html"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"\xff" + code(name).encode())
    (tmp_path / "sitemap.xml").write_text(code("no"))
    assert [block.page for block in read_blocks(tmp_path)] == ["404.html", "a.html", "b/index.html"]


@given(
    st.lists(st.binary(max_size=30).filter(lambda part: b"<!--" not in part), max_size=6),
    st.lists(st.booleans(), min_size=5, max_size=5),
)
def test_a_stamp_is_inserted_and_every_other_byte_stays(
    tmp_path_factory: pytest.TempPathFactory, parts: list[bytes], known: list[bool]
) -> None:
    site = only_page(tmp_path_factory)
    lines = {f"id{number}": STAMP for number, is_known in enumerate(known) if is_known}
    plain, stamped = b"", b""
    for number, part in enumerate(parts):
        marker = f"<!--stamp:id{number}-->".encode()
        line = f"{STAMP}<!--/stamp-->".encode() if f"id{number}" in lines else b""
        plain += part + marker
        stamped += part + marker + line
    once = stamp(site, plain, lines)
    assert once == stamped
    assert stamp(site, once, lines) == stamped
    assert stamp(site, once, {}) == plain


def test_a_new_stamp_replaces_the_old_one(tmp_path: Path) -> None:
    once = stamp(tmp_path, b"a<!--stamp:x-->b", {"x": "old \\1 line"})
    assert b"old \\1 line" in once
    assert stamp(tmp_path, once, {"x": "new"}) == b"a<!--stamp:x-->new<!--/stamp-->b"


def test_a_marker_without_a_line_leaves_the_next_block(tmp_path: Path) -> None:
    page = f"<!--stamp:a-->{code('first')}<!--stamp:b-->{code('second')}".encode()
    once = stamp(tmp_path, page, {"b": STAMP})
    twice = stamp(tmp_path, once, {"b": STAMP})
    assert twice == once
    assert [block.text for block in blocks_of(twice.decode())] == ["first", "second"]


def test_a_page_without_markers_is_not_written(tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    file.write_bytes(b"\r\n\xff<!--/stamp-->")
    os.utime(file, (0, 0))
    assert stamp_site(tmp_path, {("page.html", "a"): STAMP}) == 0
    assert file.read_bytes() == b"\r\n\xff<!--/stamp-->"
    assert file.stat().st_mtime == 0


def test_stamps_are_counted_and_go_to_their_own_page(tmp_path: Path) -> None:
    for name in ("a.html", "b/index.html"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("<!--stamp:x-->")
    assert stamp_site(tmp_path, {("b/index.html", "x"): STAMP, ("gone.html", "x"): STAMP}) == 1
    assert (tmp_path / "a.html").read_text() == "<!--stamp:x-->"


def test_the_front_matter_has_the_model_and_the_blocks(tmp_path: Path) -> None:
    page = page_of(tmp_path, "---\nmodel: m\nblocks: 2\ntitle: T\n---\n# T\n")
    assert (page.model, page.blocks, page.text, page.first_line) == ("m", 2, "# T\n", 6)
    assert page.front == "model: m\nblocks: 2\ntitle: T\n"


@pytest.mark.parametrize(
    "text", ["", "text\n---\nblocks: 2\n---\n", "---\nblocks: 2\n", " ---\na: 1\n---\n"]
)
def test_a_page_without_front_matter_starts_at_line_1(text: str, tmp_path: Path) -> None:
    page = page_of(tmp_path, text)
    assert (page.model, page.blocks, page.text, page.first_line) == (None, 0, text, 1)


@pytest.mark.parametrize(
    "text",
    [
        "---\r\nblocks: 2\r\n---\r\n# T\r\n",
        "\ufeff---\nblocks: 2\n---\n# T\n",
        "--- \nblocks: 2\n...\n# T\n",
    ],
)
def test_front_matter_is_found_where_mkdocs_finds_it(text: str, tmp_path: Path) -> None:
    page = page_of(tmp_path, text)
    assert (page.blocks, page.text, page.first_line) == (2, "# T\n", 4)


@pytest.mark.parametrize(
    ("source", "address"),
    [
        ("index.md", "index.html"),
        ("README.md", "index.html"),
        ("status.md", "status/index.html"),
        ("guide/index.md", "guide/index.html"),
        ("guide/a.b.md", "guide/a.b/index.html"),
        ("guide/deep/page.md", "guide/deep/page/index.html"),
        ("the-index.md", "the-index/index.html"),
    ],
)
def test_a_page_is_built_at_its_address(source: str, address: str, tmp_path: Path) -> None:
    assert page_of(tmp_path, "text", source).html == address


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"# T\n\xff\n", "docs/page.md: not valid UTF-8 (byte 4). Save the file as UTF-8."),
        (
            b"---\nblocks: many\n---\n",
            "docs/page.md: got blocks: 'many' in the front matter, expected a number. Set the"
            " number of code blocks that the page publishes.",
        ),
        (
            b"---\nmodel: m\nblocks: [1\n---\n",
            "docs/page.md:4:1: the front matter is not valid YAML (did not find expected ',' or"
            " ']'). Correct it.",
        ),
        (
            b"---\nat: 2026-13-45\n---\n",
            "docs/page.md: the front matter is not valid YAML (month must be in 1..12)."
            " Correct it.",
        ),
    ],
)
def test_a_page_that_cannot_be_used_is_refused_with_its_place(
    content: bytes, message: str, tmp_path: Path
) -> None:
    assert refused(tmp_path, content) == message


@pytest.mark.parametrize("blocks", ["true", "-1", "null"])
def test_a_number_of_blocks_that_is_no_number_is_refused(blocks: str, tmp_path: Path) -> None:
    assert "got blocks: " in refused(tmp_path, f"---\nblocks: {blocks}\n---\n".encode())


@pytest.mark.parametrize(
    ("added", "reason"),
    [
        ("{{ no_such_macro() }}", "status.md: 'no_such_macro' is undefined"),
        ("{{ no_such_name }}", "status.md: 'no_such_name' is undefined"),
        ("{{ advice( }}", "status.md: unexpected '}', expected ')'"),
        ("[gone](gone.md)", "'status.md' contains a link 'gone.md'"),
    ],
)
def test_a_failed_build_has_the_page_and_the_reason_of_mkdocs(
    added: str, reason: str, starter: Path
) -> None:
    page = starter / "docs" / "en" / "status.md"
    page.write_text(f"{page.read_text()}\n{added}\n")
    with pytest.raises(Unreachable) as error:
        build_site(starter, starter / "site", date(2026, 4, 14))
    message = str(error.value)
    assert message.startswith("mkdocs.yml: the build failed. Correct what MkDocs reports:\n  ")
    assert reason in message
    assert "Traceback" not in message


def test_a_page_is_built_at_the_path_of_its_source(starter: Path) -> None:
    build_site(starter, starter / "site", date(2026, 4, 14))
    for page in load_pages(starter / "docs" / "en"):
        assert (starter / "site" / page.html).is_file()
    assert read_blocks(starter / "site")


def test_receipts_are_exported_and_linked_from_every_depth(tmp_path: Path) -> None:
    site, receipts = tmp_path / "site", tmp_path / "evidence"
    (site / "a" / "b").mkdir(parents=True)
    receipts.mkdir()
    (receipts / "x.json").write_text("{}")
    link = '<p>\udce9</p><a href="evidence:x.json">x</a>'
    for page in (site / "index.html", site / "a" / "b" / "index.html"):
        page.write_bytes(link.encode(errors="surrogateescape"))
    export_files(receipts, {}, site)
    change_pages(site, link_files)
    assert (site / "evidence" / "x.json").read_text() == "{}"
    assert (site / "index.html").read_bytes() == b'<p>\xe9</p><a href="evidence/x.json">x</a>'
    assert b'"../../evidence/x.json"' in (site / "a" / "b" / "index.html").read_bytes()


def test_a_site_without_receipts_has_no_folder_for_them(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    export_files(tmp_path / "none", {}, tmp_path / "site")
    assert not list((tmp_path / "site").iterdir())


def test_every_page_is_marked_once_and_the_mark_is_text(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text('<body dir="ltr"><p>a</p></body>')
    change_pages(tmp_path, Banner("A <b> & c"))
    assert (tmp_path / "index.html").read_text() == (
        '<body dir="ltr"><p class="tu-rehearsal" role="note">A &lt;b&gt; &amp; c</p><p>a</p></body>'
    )
