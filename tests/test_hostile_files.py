"""Hostile text in every free field of the status file: it is shown, and does nothing anywhere."""

import json
import re
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

from trueup.docs import Docs
from trueup.evidence import assess
from trueup.feed import feed_of
from trueup.markdown_export import text_of
from trueup.site import extract_blocks, policy_of

pytestmark = pytest.mark.no_cover

HERE = "https://example.com/docs/"
TEXT = (
    '"><script>bad()</script></script></style></title>--><img src=x onerror=bad()> ]]> `x` ```` '
    "{{ 7 * 7 }} {% raw %} [l](javascript:bad()) ![i](data:x) <https://evil.example> &lt;b&gt; "
    "\u202eRTL\u200f \0\x07\x1b[31m\x7f\u2028\ufffe | a\n\n# h"
    "\n\n<!--stamp:x--> '; rm -rf / $(bad) \\"
)
PROMPT = (
    "\"><script>bad()</script> </code></pre> ]]> ``` ```` {{ 7 * 7 }} '; rm -rf / $(bad) `bad` \\"
)
"""What can be published unchanged; the rest is refused where a block is rendered."""


def made_hostile(text: str) -> str:
    """A status file with the text in every free field."""
    status: dict[str, Any] = yaml.safe_load(text)
    for kind, name in (("models", "title"), ("routes", "title"), ("signatures", "cause")):
        for one in status[kind].values():
            one[name] = TEXT
    for one in status["signatures"].values():
        one["replay"]["message"] = one["match"] = TEXT
    for one in status["endpoints"].values():
        for variant in one.get("variants", {}).values():
            variant["title"] = TEXT
        if "prompt" in one["body"]:
            one["body"]["prompt"] = PROMPT
        else:
            one["body"]["contents"][0]["parts"][0]["text"] = PROMPT
    for one in (*status["mappings"], *status["observations"]):
        one["source"] = {"reported": TEXT}
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


def test_no_page_runs_or_loads_what_it_did_not_before(docs: Docs) -> None:
    for name, text in pages_of(docs):
        tree = lxml.html.fromstring(text)
        assert not [one for one in tree.iter("script") if "bad()" in (one.text or "")], name
        assert not [one for one in tree.iter() if any(key.startswith("on") for key in one.attrib)]
        links = {str(one) for one in tree.xpath("//@href | //@src")}
        assert not [one for one in links if re.match(r"(?i)javascript:|data:|.*evil", one)], name
        assert tree.xpath("count(//title[not(ancestor::*[name()='svg'])])") == 1, name
        assert len(tree.xpath("//article//img | //article//iframe")) == 0, name
        meta = '<meta http-equiv="Content-Security-Policy"'
        assert text.count(meta) == 1 and text.index(meta) < text.index("<title>")
        assert "unsafe-inline" not in policy_of(text)


def test_the_pages_show_it_as_it_is(docs: Docs) -> None:
    articles = {
        name: lxml.html.fromstring(text).find(".//article") for name, text in pages_of(docs)
    }
    shown = {name: one.text_content() for name, one in articles.items()}
    for name in ("nano-banana/index.html", "status/index.html", "signatures/index.html"):
        assert "<script>bad()</script>" in shown[name] and "{{ 7 * 7 }}" in shown[name]


def test_the_markdown_has_no_markup_of_it_and_the_same_blocks(docs: Docs) -> None:
    reader = MarkdownIt("commonmark", {"html": True}).enable("table")
    names = [*(text_of(page.html) for page in docs.pages), "llms.txt", "llms-full.txt"]
    for name in names:
        text = (docs.site / name).read_text("utf-8")
        tokens = [one for token in reader.parse(text) for one in (token, *(token.children or ()))]
        assert not {one.type for one in tokens} & {"html_inline", "html_block", "output"}, name
        targets = [str(one.attrs["href"]) for one in tokens if one.type == "link_open"]
        assert not [one for one in targets if "javascript:" in one or "evil" in one], name
        # Of what does not print, only the code has any, and there it is what is copied.
        assert all(char.isprintable() or char in "\n\t" for char in text), name
    for page in docs.pages:
        text = (docs.site / text_of(page.html)).read_text("utf-8")
        found = [one.content for one in reader.parse(text) if one.type == "fence"]
        blocks = extract_blocks((docs.site / page.html).read_text("utf-8"), page.html)
        assert found == [f"{block.text}\n" for block in blocks], page.html


def test_everything_that_is_xml_parses(docs: Docs) -> None:
    files = [file for kind in ("*.svg", "*.atom", "*.xml") for file in docs.site.rglob(kind)]
    assert len([file for file in files if "badges" in file.parts]) > 10
    for file in files:
        tree = etree.fromstring(file.read_bytes())
        names = {etree.QName(one).localname for one in tree.iter() if isinstance(one.tag, str)}
        assert not names & {"script", "foreignObject", "a", "output"}, file
        assert not [key for one in tree.iter() for key in one.attrib if key.startswith("on")]


def test_everything_that_is_json_parses_and_says_the_same(docs: Docs) -> None:
    feed = feed_of(docs.stored.status, assess(docs.stored.status), docs.today)
    data = json.loads((docs.site / "status.json").read_text("utf-8"))
    schema = json.loads((docs.site / "status.schema.json").read_text("utf-8"))
    Draft202012Validator.check_schema(schema)
    assert list(Draft202012Validator(schema).iter_errors(data)) == []
    assert data == feed.model_dump(mode="json")
    assert TEXT in {one["hold"] for one in data["endpoints"]}
    items = json.loads((docs.site / "changes.json").read_text("utf-8"))["items"]
    assert items and all(item["url"].startswith(HERE) for item in items)


def test_the_search_index_holds_no_markup_of_it(docs: Docs) -> None:
    index: Path = docs.site / "search" / "search_index.json"
    for entry in json.loads(index.read_text("utf-8"))["docs"]:
        tree = lxml.html.fromstring(f"<div>{entry['title']} {entry['text']}</div>")
        assert not list(tree.iter("script", "img", "iframe")), entry["location"]
