"""Claims: a price, a limit, an ability or a path that no fact carries is found in any page."""

from pathlib import Path

import pytest

from trueup.check.banned_terms import BannedTerms, banned_terms
from trueup.check.page_markdown import whole_markdown
from trueup.check.prose import check_prose
from trueup.check.typed_page import read_typed_page
from trueup.site import parse_page
from trueup.status_file import Stored

CLAIMS = [
    *("It costs 2 cents an image.", "Each is $0.04.", "价格为 0.3 元。", "1 枚 5 円です。"),
    "Цена 3 руб.",
    *("It is free of charge.", "It takes half a cent.", "Up to 4096 pixels.", "At 1024x1024."),
    *("It allows 600 requests a minute.", "Two images per second.", "每分钟 60 次。"),
    "毎分 60 回まで。",
    *("Не более 600 запросов.", "Files of 20 MB.", "60 RPM at most.", "It is 99.9% available."),
    *("It never fails.", "It works well.", "Rock solid; ship it.", "Zero downtime."),
    *("`stream=true` is supported.", "The route supports masks.", "Call `POST /v1/images/edits`."),
    *("See /v1beta2/files.", "```text\nPOST /v1/images/edits\n```", "![up to 8 images](a.png)"),
    *("---\ndescription: What works today.\n---\na", "---\ndescription: 今使えるもの。\n---\na"),
    *("---\ndescription: 今天哪些可用。\n---\na", "---\ndescription: Что сейчас верно.\n---\na"),
    "---\ntags: &a [*a, Only $1]\n---\na",
    *("It is *2*&nbsp;**cents**.", "| $0.04 |\n|---|\n| a |"),
]  # fmt: skip
PLAIN = [
    *("Retry twice, then wait.", "HTTP 429 and 503 are errors.", "Version 2 has 3 parts."),
    *("The field n takes a number.", "The path /v1/images alone.", "See [the price list](a.md)."),
    *("It says what works today.", "Read 10 lines.", "`data[0].url` or `x=1`."),
    "1 バイトも違わない。",
    *("It is not free of errors.", "The key is 1 of 2.", "{{ sample('gemini', 'url') }}"),
    "```json\n{\"price\": \"$1\", \"size\": \"1024x1024\"}\n```",
]  # fmt: skip


@pytest.fixture(scope="module")
def terms(stored: Stored) -> BannedTerms:
    return banned_terms(stored.status)


def rules(text: str, terms: BannedTerms) -> list[str]:
    page = parse_page(f"{text}\n".encode(), Path("a.md"))
    return [one.rule for one in check_prose(terms, read_typed_page(page, whole_markdown()))]


@pytest.mark.parametrize("text", CLAIMS)
def test_a_claim_that_no_fact_carries_is_found(text: str, terms: BannedTerms) -> None:
    assert "undocumented-claim" in rules(text, terms)


@pytest.mark.parametrize("text", PLAIN)
def test_plain_prose_claims_nothing(text: str, terms: BannedTerms) -> None:
    assert rules(text, terms) == []


def test_words_under_the_heading_that_a_macro_makes_are_beside_its_endpoint(
    terms: BannedTerms,
) -> None:
    text = '{{ route("nano-banana/generate-content") }}\n\ntext\n\nStart with this.\n\n## Other\n\n'
    assert rules(text, terms) == ["typed-standing"]
    assert rules(f"{text.replace('Start with this.', '')}Start with this.", terms) == []
