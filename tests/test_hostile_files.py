"""Hostile text in every free field of the status file: shown, and without effect anywhere."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import lxml.html
import pytest
import yaml
from conftest import TOP, copy_repository, load_docs
from jsonschema import Draft202012Validator
from lxml import etree
from markdown_it import MarkdownIt
from test_feed_hurl import parse as parse_hurl
from test_feed_openapi import META

from trueup.docs import Docs
from trueup.feed.openapi import OPENAPI
from trueup.markdown_export import text_of
from trueup.site import extract_blocks, policy_of

pytestmark = pytest.mark.no_cover

HERE = "https://example.com/docs/"
TEXT = (
    '"><script>bad()</script></script></style></title>--><img src=x onerror=bad()> ]]> `x` ```` '
    "{{ 7 * 7 }} {% raw %} [l](javascript:bad()) ![i](data:x) <https://evil.example> &lt;b&gt; "
    "\u202eRTL\u200f \0\x07\x1b[31m\x7f\u2028\ufffe | a\n\n# h"
    "\n\n*/ <!--stamp:x--> '; rm -rf / $(bad) \\"
)
PROMPT = (
    "\"><script>bad()</script> </code></pre> ]]> ``` ```` {{ 7 * 7 }} '; rm -rf / $(bad) `bad` \\"
)
"""Text that can be published unchanged; the rest is refused where a block is rendered."""


def made_hostile(text: str) -> str:
    """Return the status file with the text in every free field."""
    status: dict[str, Any] = yaml.safe_load(text)
    for kind, name in (("models", "title"), ("routes", "title"), ("signatures", "cause")):
        for number, entry in enumerate(status[kind].values()):
            entry[name] = f"{TEXT} {number}"  # no two models have one title
    for signature in status["signatures"].values():
        signature["replay"]["message"] = signature["match"] = TEXT
    for endpoint in status["endpoints"].values():
        for variant in endpoint.get("variants", {}).values():
            variant["title"] = TEXT
        body = endpoint["body"]
        field = body if "prompt" in body else body["contents"][0]["parts"][0]
        field["prompt" if "prompt" in body else "text"] = PROMPT
    for row in (*status["mappings"], *status["observations"]):
        row["source"] = {"reported": TEXT}
    for row in status["observations"]:
        row["note"] = TEXT
        if "reason" in row:
            row["reason"] = TEXT
    held = {"endpoint": "nano-banana-2/*", "to": "controlled-testing", "on": "@"}
    status["holds"] = [{**held, "reason": TEXT, "by": TEXT}]
    dumped = yaml.safe_dump(status, sort_keys=False, allow_unicode=False, width=10**6)
    return dumped.replace("'@'", "2026-04-14")


@pytest.fixture(scope="module")
def docs(tmp_path_factory: pytest.TempPathFactory) -> Docs:
    top = copy_repository(tmp_path_factory.mktemp("hostile"))
    (top / "status.yml").write_text(made_hostile((TOP / "tests" / "record.yml").read_text("utf-8")))
    made = replace(load_docs(top), address=HERE)
    made.build()
    return made


def pages_of(docs: Docs) -> Iterator[tuple[str, str]]:
    for page in docs.pages:
        yield page.html, (docs.site / page.html).read_text("utf-8")


def test_no_page_runs_or_loads_anything_of_it(docs: Docs) -> None:
    for name, text in pages_of(docs):
        tree = lxml.html.fromstring(text)
        assert not [node for node in tree.iter("script") if "bad()" in (node.text or "")], name
        assert not [key for node in tree.iter() for key in node.attrib if key.startswith("on")]
        links = {str(link) for link in tree.xpath("//@href | //@src")}
        assert not [link for link in links if re.match(r"(?i)javascript:|data:|.*evil", link)], name
        assert tree.xpath("count(//title[not(ancestor::*[name()='svg'])])") == 1, name
        assert len(tree.xpath("//article//img | //article//iframe")) == 0, name
        meta = '<meta http-equiv="Content-Security-Policy"'
        assert text.count(meta) == 1 and text.index(meta) < text.index("<title>")
        assert "unsafe-inline" not in policy_of(text)


def test_the_pages_show_it_as_it_is(docs: Docs) -> None:
    articles = {
        name: lxml.html.fromstring(text).find(".//article") for name, text in pages_of(docs)
    }
    shown = {name: article.text_content() for name, article in articles.items()}
    for name in ("nano-banana/index.html", "status/index.html", "signatures/index.html"):
        assert "<script>bad()</script>" in shown[name] and "{{ 7 * 7 }}" in shown[name]


def test_the_markdown_has_no_markup_of_it_and_the_same_blocks(docs: Docs) -> None:
    reader = MarkdownIt("commonmark", {"html": True}).enable("table")
    names = [*(text_of(page.html) for page in docs.pages), "llms.txt", "llms-full.txt"]
    for name in names:
        text = (docs.site / name).read_text("utf-8")
        tokens = [node for top in reader.parse(text) for node in (top, *(top.children or ()))]
        assert not {node.type for node in tokens} & {"html_inline", "html_block", "image"}, name
        links = [str(node.attrs["href"]) for node in tokens if node.type == "link_open"]
        assert not [link for link in links if "javascript:" in link or "evil" in link], name
        assert all(char.isprintable() or char in "\n\t" for char in text), name
    for page in docs.pages:
        text = (docs.site / text_of(page.html)).read_text("utf-8")
        found = [node.content for node in reader.parse(text) if node.type == "fence"]
        blocks = extract_blocks((docs.site / page.html).read_text("utf-8"), page.html)
        assert found == [f"{block.text}\n" for block in blocks], page.html


def test_every_xml_file_parses(docs: Docs) -> None:
    files = [file for kind in ("*.svg", "*.atom", "*.xml") for file in docs.site.rglob(kind)]
    assert len([file for file in files if "badges" in file.parts]) > 10
    for file in files:
        tree = etree.fromstring(file.read_bytes())
        names = {etree.QName(node).localname for node in tree.iter() if isinstance(node.tag, str)}
        assert not names & {"script", "foreignObject", "a", "image"}, file
        assert not [key for node in tree.iter() for key in node.attrib if key.startswith("on")]


def test_every_json_file_parses_and_has_the_same_facts(docs: Docs) -> None:
    data = json.loads((docs.site / "status.json").read_text("utf-8"))
    schema = json.loads((docs.site / "status.schema.json").read_text("utf-8"))
    Draft202012Validator.check_schema(schema)
    assert list(Draft202012Validator(schema).iter_errors(data)) == []
    assert data == json.loads(docs.files.data()["status.json"])
    assert data["$schema"] == schema["$id"] == f"{HERE}status.schema.json"
    assert TEXT in {endpoint["hold"] for endpoint in data["endpoints"]}
    items = json.loads((docs.site / "changes.json").read_text("utf-8"))["items"]
    assert items and all(item["url"].startswith(HERE) for item in items)


def test_every_file_for_programs_is_of_its_format(docs: Docs) -> None:
    kinds: Counter[str] = Counter()
    for name, text in docs.files.data().items():
        kind = name.rpartition(".")[2]
        kinds[kind] += 1
        assert all(char.isprintable() or char == "\n" for char in text) or kind == "json", name
        if kind == "json":
            json.loads(text)
        elif kind == "hurl":
            assert parse_hurl(text).line.startswith("POST https://")
    assert kinds["hurl"] == len(docs.stored.status.endpoints) and kinds["json"] > 10
    Draft202012Validator(META).validate(json.loads(docs.files.data()[OPENAPI]))


def test_the_search_index_holds_no_markup_of_it(docs: Docs) -> None:
    index: Path = docs.site / "search" / "search_index.json"
    for entry in json.loads(index.read_text("utf-8"))["docs"]:
        tree = lxml.html.fromstring(f"<div>{entry['title']} {entry['text']}</div>")
        assert not list(tree.iter("script", "img", "iframe")), entry["location"]
