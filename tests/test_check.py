"""Check: each rule is red on a broken sample, at its place, and silent on a sound one."""

import hashlib
import re
import string
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from conftest import TOP, load_docs

from trueup.check.banned_terms import banned_terms
from trueup.check.hidden import check_hidden
from trueup.check.leaked_keys import check_key
from trueup.check.links import check_links
from trueup.check.model_page import check_model_page
from trueup.check.page_markdown import whole_markdown
from trueup.check.page_summary import PageSummary, summarize_page, summarize_pages
from trueup.check.prose import check_prose
from trueup.check.published_blocks import check_published
from trueup.check.status_claims import check_status
from trueup.check.templates import check_templates
from trueup.check.typed_page import TypedPage, read_typed_page
from trueup.evidence import assess
from trueup.finding import Finding
from trueup.memo import Memo
from trueup.model import Standing
from trueup.site import Block, Page, calls_in, load_pages
from trueup.snippet import Snippet, Snippets, languages_of, render_snippet
from trueup.status_file import Stored, parse_status

TEXT = (Path(__file__).parent / "record.yml").read_text("utf-8")
NOW = datetime(2026, 4, 20, tzinfo=UTC)
TODAY = NOW.date()
WORDS = [standing.replace("-", " ") for standing in Standing]
NATIVE = "nano-banana/generate-content"
IMAGES = "nano-banana/images-generations"
ROW_TEXT = "  - at: 2026-04-14\n    endpoint: {}\n    target: {}\n"


def stored_of(*changes: tuple[str, str], added: str = "") -> Stored:
    text = TEXT
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return parse_status(text + added, "status.yml", NOW)


TERMS = banned_terms(stored_of().status, WORDS)


def findings_of(stored: Stored, top: Path, today: date) -> list[Finding]:
    return check_status(stored, assess(stored.status), top, today)


def place_in(text: str, part: str, after: str = "") -> str:
    """Place of a part of the status file's text, behind another part."""
    before = text[: text.index(part, text.index(after))]
    return f"status.yml:{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"


def row_place(stored: Stored, endpoint: str, target: str) -> str:
    line = stored.text[: stored.text.index(ROW_TEXT.format(endpoint, target))].count("\n") + 1
    return f"status.yml:{line}:"


def recorded(stored: Stored, rule: str, today: date = TODAY, top: Path = TOP) -> list[Finding]:
    found = findings_of(stored, top, today)
    assert {one.rule for one in found} <= {rule, "drift"}
    return [one for one in found if one.rule == rule]


def page_of(folder: Path, text: str) -> Page:
    (folder / "page.md").write_text(text, encoding="utf-8")
    (page,) = load_pages(folder)
    return replace(page, path=Path("page.md"))


def prose(folder: Path, text: str) -> list[str]:
    """Places and rules of the findings in a page of the sample status file."""
    return [f"{one.where} {one.rule}" for one in check_prose(TERMS, typed_of(folder, text))]


def typed_of(folder: Path, text: str) -> TypedPage:
    return read_typed_page(page_of(folder, text), whole_markdown())


def of_rule(found: Sequence[Finding], rule: str) -> list[Finding]:
    return [one for one in found if one.rule == rule]


@pytest.fixture(scope="module")
def snippets() -> list[Snippet]:
    status, folder = stored_of().status, TOP / "snippets"
    return [
        render_snippet(status, endpoint, language.name, folder)
        for endpoint in status.endpoints
        for language in languages_of(status.route_of(endpoint), folder)
    ]


@pytest.fixture(scope="module")
def good(snippets: list[Snippet]) -> Block:
    """The first snippet's block, published as it should be."""
    first = snippets[0]
    return Block(
        page="page/index.html",
        line=7,
        language=first.language.fence,
        text=first.text,
        id=first.id,
        endpoint=first.endpoint,
        tabbed=True,
    )


def published(
    blocks: Sequence[Block], snippets: Sequence[Snippet], count: int = 1
) -> list[Finding]:
    page = Page(Path("page.md"), "en", "page.md", "page/index.html", "", "", 1, None, count)
    return check_published(stored_of().status, [page], blocks, snippets)


def test_this_repository_has_no_finding_at_all() -> None:
    assert [str(one) for one in load_docs(TOP).check()] == []


# rule drift: the change, endpoint and target of the row that then differs, its text and its place
DRIFTS = {
    "upstream": (
        ("upstream: gemini-2.5-flash-image\n", "upstream: gemini-2.5-flash-imagf\n"),
        NATIVE,
        "production",
        "gemini-2.5-flash-imagf:generateContent",
        "upstream: gemini-2.5-flash-imagf",
    ),
    "a shorter upstream": (
        ("    title: Gemini 2.5 Flash Image Preview\n", "    title: G\n    upstream: gemini-2.5\n"),
        "gemini-2.5-flash-image-preview/generate-content",
        "production",
        "now POST /v1beta/models/gemini-2.5:generateContent",
        "upstream: gemini-2.5\n",
    ),
    "path": (
        ("{upstream}:generateContent", "{upstream}:generate"),
        NATIVE,
        "production",
        "request: recorded POST /v1beta/models/gemini-2.5-flash-image:generateContent, now",
        "request: POST /v1beta",
    ),
    "auth": (
        ("openai-images\n    auth: bearer", "openai-images\n    auth: query key"),
        IMAGES,
        "production",
        "auth: recorded bearer, now query key",
        "auth: query key\n\n",
    ),
    "field of the body": (
        ("body: {prompt: A", "body: {size: 1k, prompt: A"),
        IMAGES,
        "local",
        'body.size: recorded nothing, now "1k"',
        "size: 1k",
    ),
    "name of a field": (
        ("generationConfig: {responseModalities: [TEXT", "generationConfig: {modes: [TEXT"),
        NATIVE,
        "production",
        'body.generationConfig.responseModalities: recorded ["TEXT", "IMAGE"], now nothing',
        "generationConfig: {modes",
    ),
    "value in the body": (
        ("text: Generate an IMAGE of a", "text: Generate an IMAGE of two"),
        NATIVE,
        "production",
        "body.contents[0].parts[0].text: recorded",
        "text: Generate an IMAGE of two",
    ),
    "base URL of the reference": (
        ("base_url: https://crazyrouter.com", "base_url: https://crazyrouter.net"),
        IMAGES,
        "production",
        "base_url: recorded https://crazyrouter.com, now https://crazyrouter.net",
        "base_url: https://crazyrouter.net",
    ),
}


@pytest.mark.parametrize("what", DRIFTS)
def test_drift_names_the_endpoint_what_differs_and_both_places(what: str) -> None:
    change, endpoint, target, difference, there = DRIFTS[what]
    stored = stored_of(change)
    found = [
        one
        for one in of_rule(findings_of(stored, TOP, TODAY), "drift")
        if one.text.startswith(f"the request of {endpoint} ")
        and f"Retest it at {target}," in one.text
    ]
    assert len(found) == 1
    assert str(found[0].where) == place_in(stored.text, there), found[0]
    assert f"restore the request of {row_place(stored, endpoint, target)}" in found[0].text
    assert difference in found[0].text


def test_drift_of_a_renamed_model_is_placed_at_the_model() -> None:
    text = TEXT.replace("nano-banana:\n    title", "nano:\n    title")
    text = text.replace("nano-banana/", "nano/").replace("alias: nano-banana\n", "alias: nano\n")
    stored = parse_status(text, "status.yml", NOW)
    drifts = of_rule(findings_of(stored, TOP, TODAY), "drift")
    assert {str(one.where) for one in drifts} == {place_in(text, "nano:")}
    assert "nano/images-generations differs" in drifts[0].text
    assert 'body.model: recorded "nano-banana", now "nano"' in drifts[0].text


VARIANT = "        body: {size: 4K}\n"
VARIANTS = f"    variants:\n      large:\n        title: 4K\n{VARIANT}"
VARIANT_ROW = """\
  - at: 2026-04-14
    endpoint: nano-banana-2/images-generations
    variant: large
    target: production
    sent:
      base_url: https://crazyrouter.com
      request: POST /v1/images/generations
      auth: bearer
      body: {model: nano-banana-2, prompt: null, size: 4K}
    outcome: error
"""


@pytest.mark.parametrize(
    ("sent", "difference"),
    [
        ("size: 4K", None),
        ("size: 2K", 'body.size: recorded "2K", now "4K"'),
        ("other: 1", 'body.other: recorded 1, now nothing; body.size: recorded nothing, now "4K"'),
    ],
)
def test_drift_of_a_variant_is_found_too(sent: str, difference: str | None) -> None:
    body = "  nano-banana-2/images-generations:\n    body: {prompt: A clean"
    rest = TEXT[TEXT.index(body) + len(body) :].split("\n", 1)[0] + "\n"
    changes = (f"{body}{rest}", f"{body}{rest}{VARIANTS}")
    stored = stored_of(changes, added=VARIANT_ROW.replace("size: 4K", sent))
    found = [str(one) for one in findings_of(stored, TOP, TODAY)]
    assert len(found) == (1 if difference else 0)
    for one in found:
        assert "nano-banana-2/images-generations, variant large, differs" in one
        assert difference and difference in one
        if "other" not in sent:
            assert one.startswith(place_in(stored.text, "size: 4K", VARIANTS))


def test_a_record_that_is_repeated_has_no_drift() -> None:
    assert of_rule(findings_of(stored_of(), TOP, TODAY), "drift") == []


def test_an_older_row_of_the_same_request_is_no_drift() -> None:
    body = "body: {model: nano-banana, prompt: null, size: 1k}"
    later = f"""\
  - at: 2026-04-14
    endpoint: {IMAGES}
    target: production
    sent:
      base_url: https://crazyrouter.com
      request: POST /v1/images/generations
      auth: bearer
      {body}
    outcome: error
"""
    assert findings_of(stored_of(added=later), TOP, TODAY) == []


def test_an_inconclusive_row_does_not_hide_drift() -> None:
    later = f"""\
  - at: 2026-04-15
    endpoint: {IMAGES}
    target: production
    sent:
      base_url: https://crazyrouter.com
      request: POST /v1/images/generations
      auth: query key
      body: {{model: nano-banana, prompt: null}}
    outcome: inconclusive
    reason: the network was down
"""
    stored = stored_of(
        ("openai-images\n    auth: bearer", "openai-images\n    auth: query key"), added=later
    )
    named = [
        one
        for one in findings_of(stored, TOP, TODAY)
        if one.text.startswith(f"the request of {IMAGES} ")
    ]
    assert [one.rule for one in named] == ["drift", "drift"]


HOLD = """\
holds:
  - endpoint: {}
    to: not-recommended
    reason: a bill in dispute
    by: someone
    on: {}
"""


@pytest.mark.parametrize(
    ("endpoint", "on", "warnings"),
    [
        ("nano-banana-2/*", "2026-04-13", 1),
        ("nano-banana/generate-content", "2026-04-13", 0),
    ],
)
def test_a_hold_older_than_clean_evidence_is_a_warning(
    endpoint: str, on: str, warnings: int
) -> None:
    stored = stored_of(added=HOLD.format(endpoint, on))
    found = recorded(stored, "outdated-hold")
    assert [one.severity for one in found] == ["warning"] * warnings
    for one in found:
        assert str(one.where).startswith(place_in(TEXT + "holds:\n  - x", "- x")[:-1])


RECEIPT_ROW = """\
  - at: 2026-04-15T10:00:00Z
    endpoint: nano-banana/images-generations
    target: production
    sent:
      base_url: https://crazyrouter.com
      request: POST /v1/images/generations
      auth: bearer
      body: {{model: nano-banana, prompt: null}}
    outcome: error
    source: {{receipt: "{}", sha256: "{}"}}
"""
HASH = hashlib.sha256(b"{}").hexdigest()


@pytest.mark.parametrize(
    ("receipt", "sha256", "rule"),
    [
        ("evidence/a.json", HASH, "receipt-mismatch"),
        ("evidence", HASH, "missing-receipt"),
        ("../outside.json", HASH, "missing-receipt"),
        ("evidence/link.json", HASH, "missing-receipt"),
        ("evidence/loop.json", HASH, "missing-receipt"),
        ("a\\0b", HASH, "missing-receipt"),
        ("x" * 400, HASH, "missing-receipt"),
        ("/absolute", HASH, "missing-receipt"),
    ],
)
def test_a_receipt_must_be_in_the_repository_as_it_was_written(
    receipt: str, sha256: str, rule: str, tmp_path: Path
) -> None:
    top = tmp_path / "top"
    (top / "evidence").mkdir(parents=True)
    for file in (top / "evidence" / "a.json", tmp_path / "outside.json"):
        file.write_text("{}")
    (top / "evidence" / "link.json").symlink_to(tmp_path / "outside.json")
    (top / "evidence" / "loop.json").symlink_to(top / "evidence" / "loop.json")
    receipt = receipt.replace("/absolute", str(tmp_path / "outside.json"))
    text = TEXT + RECEIPT_ROW.format(receipt, sha256)
    stored = parse_status(text, "status.yml", NOW, top=top)
    (found,) = findings_of(stored, top, TODAY)
    assert (found.rule, found.where.line) == (rule, TEXT.count("\n") + 1)


@pytest.mark.parametrize(
    ("typed", "column"),
    [
        ("Behind it is gemini-2.5-flash-image today.", 14),
        ("Behind it is _Gemini-2.5-Flash-Image_ today.", 15),
        ("モデルgemini-2.5-flash-imageを使う", 4),
        ("Use `nano-banana` here.", 6),
        ("Use ``nano-banana`` here.", 7),
        ('Send `"model": "nano-banana"` there.', 17),
        ("Send `nano-banana/generate-content` there.", 7),
        ("Use <code>nano-banana-2</code> here.", 11),
        ("Get crazyrouter.com for it.", 5),
        ("Get `https://crazyrouter.com/v2` for it.", 14),
        ("Get localhost:4000 for it.", 5),
        ("Call /v1beta/models/x.", 6),
        ("Call `POST /v1/images/generations`.", 12),
        ("It says get_channel_failed then.", 9),
        ("It says NOT supported  model for image generation.", 9),
        ("Seen on 2026-04-14.", 9),
        ("Seen on _2026-04-14_ and at 10.", 10),
        ("Seen at 2026-04-14T10:00Z.", 9),
        ("日付は2026-04-14です", 4),
        ("Text <!-- gemini-2.5-flash-image --> more.", 11),
        ('<span title="gemini-2.5-flash-image">x</span>', 14),
        ("![gemini-2.5-flash-image](x.png)", 3),
        ("## Since 2026-04-14", 10),
        ("## Get crazyrouter.com", 8),
        ("It is gemini-2.5-**flash**-image.", 7),
        ("It is `gemini-2.5`-flash-image.", 8),
        ("It is gemini&#45;2.5-flash-image.", 7),
        ("It is gemini\\-2.5-flash-image.", 7),
        ("It is gem<b></b>ini-2.5-flash-image.", 0),
        ("It is gemini-<!-- -->2.5-flash-image.", 7),
        ("It is gemini-2.5-fla\u200bsh-image.", 7),
        ("It is [gemini](a.md)-2.5-flash-image.", 8),
        ("Seen on 2026/4/14.", 9),
        ("Seen on 14 April 2026.", 9),
        ("Seen on April 14th, 2026.", 9),
        ("2026年4月14日に", 1),
        ("14 апреля 2026 года", 1),
        ("14.04.2026", 1),
        ("crazyrouter.com\n---", 1),
        ("- Get crazyrouter.com", 7),
        ("> Get crazyrouter.com", 7),
        ("| crazyrouter.com |\n| --- |\n| a |", 3),
        ('??? note "crazyrouter.com"\n    a', 11),
        ("!!! note crazyrouter.com", 10),
        ("<details><summary>a</summary>crazyrouter.com</details>", 30),
    ],
)
def test_a_typed_fact_is_found_at_its_place(typed: str, column: int, tmp_path: Path) -> None:
    place = f"page.md:5:{column}" if column else "page.md:5"
    assert prose(tmp_path, f"---\nblocks: 0\n---\n\n{typed}\n") == [f"{place} typed-fact"]


SPELLED = [
    "gemini-2.5-f~~lash~~-image",
    "gemini-2.5-f<wbr>lash-image",
    "[gemini-2.5-f][a]lash-image\n\n[a]: status.md",
    "gemini-2.5-f{# #}lash-image",
    "gemini-2.5-flash-image{: .a }",
    *(f"gemini-2.5-f{sign}lash-image" for sign in "\u00ad\u2060\u034f\ufe0f"),
    *(f"gemini-2.5-f&{name};lash-image" for name in ("#8203", "ZeroWidthSpace", "shy")),
    "g&#x65;mini-2.5-flash-imag&#x65;",
    "gemini&hyphen;2&period;5-flash-image",
    "GEMINI-2.5-FLASH-IMAGE",
    "".join(chr(ord(sign) + 0xFEE0) for sign in "gemini-2.5-flash-image"),
    "g\u0435mini-2.5-flash-imag\u0435",
    "gem\u0456ni\u20112.5\u2011flash\u2011image",
    "gem\U0001d5c2ni-2.5-flash-image",
]
"""An upstream as readers see it, in spellings that a plain search misses."""


@pytest.mark.parametrize("fact", SPELLED, ids=ascii)
def test_a_fact_is_found_however_it_is_spelled(fact: str, tmp_path: Path) -> None:
    (found,) = prose(tmp_path, f"It is {fact}.\n")
    assert re.fullmatch(r"page\.md:1(:[78])? typed-fact", found)


DAYS = [
    *("April 14, 2026", "Apr. 14, 2026", "14th of April 2026", "the fourteenth of April 2026"),
    *("14/04/2026", "4-14-2026", "14-Apr-2026", "2026–04–14", "April 2026", "April 14"),
    *("２０２６年４月１４日", "2026 年 4 月 14 日", "令和8年4月14日", "二〇二六年四月十四日"),
    *("4月14日", "4 月 14 号", "2026年4月", "2026/04/14", "2026.4.14"),
    *("14 апр. 2026 г.", "14-го апреля 2026 года", "четырнадцатого апреля 2026 года"),
    *("14 апреля", "апрель 2026", "апреля 14, 2026"),
]


@pytest.mark.parametrize("day", DAYS)
def test_a_day_is_found_as_people_write_it(day: str, tmp_path: Path) -> None:
    (found,) = prose(tmp_path, f"# A\n\nSo it was, {day}.\n")
    assert re.fullmatch(r"page\.md:3:[0-9]+ typed-fact", found)


@pytest.mark.parametrize(
    "fact",
    [
        *("https://images.example.com/v1", "https://crazyrouter.com", "gemini-2.5-flash-image"),
        *('"nano-banana"', "/v1/images/generations", "Tested on 2026-04-14", "get_channel_failed"),
        "This way is recommended",
    ],
)
def test_a_fact_typed_in_a_template_is_found(fact: str, tmp_path: Path) -> None:
    (tmp_path / "shared.py.j2").write_text(f"x = 1\n# {fact}\n", "utf-8")
    stored = stored_of()
    snippets = Snippets(stored.status, tmp_path)
    found = of_rule(check_templates(stored, TERMS, snippets), "typed-in-template")
    assert {one.where.line for one in found} == {2}


@pytest.mark.parametrize(
    "text",
    [
        "# Native gemini-2.5-flash-image, `nano-banana`",
        "[the page](https://crazyrouter.com/v1/images/generations)",
        "[the page][gemini-2.5-flash-image]\n\n[gemini-2.5-flash-image]: https://example.com",
        "<https://crazyrouter.com>",
        '<a href="https://crazyrouter.com/2026-04-14">x</a>',
        "[page]: https://crazyrouter.com/docs",
        '{{ advice("gemini-2.5-flash-image-preview") }}',
        '{{ route("nano-banana/generate-content") | indent(4) }}',
        "{# gemini-2.5-flash-image, 2026-04-14 #}",
        "Crazyrouter and OpenAI Images are titles.",
        "gemini-2.5-flash-image-preview-2 and notcrazyrouter.com are others.",
        "The path /v1/images alone, 2026-04 and 12026-04-14.",
        "`banana` and `nano-banana-3` are no models.",
    ],
)
def test_titles_links_and_macros_are_no_typed_facts(text: str, tmp_path: Path) -> None:
    assert prose(tmp_path, f"{text}\n") == []


def test_lone_marks_of_two_paragraphs_make_no_code_of_what_is_between(tmp_path: Path) -> None:
    text = "A ` lone mark, nano-banana, and\n\nanother ` mark."
    assert prose(tmp_path, text) == ["page.md:1:16 typed-name"]


def test_a_base_url_that_nothing_was_tested_with_is_a_fact_too(
    tmp_path: Path, snippets: list[Snippet]
) -> None:
    also = ("    reference: true\n", "    reference: true\n    also: [https://other.example]\n")
    status = stored_of(also).status
    (found,) = check_prose(banned_terms(status, WORDS), typed_of(tmp_path, "Or other.example.\n"))
    assert (str(found.where), found.rule) == ("page.md:1:4", "typed-fact")
    typed = data_block("text", "curl https://other.example/v1")
    page = Page(Path("page.md"), "en", "page.md", "page/index.html", "", "", 1, None, 0)
    rules = [one.rule for one in check_published(status, [page], [typed], snippets)]
    assert rules == ["no-blocks", "untested-request"]


def test_a_failure_text_is_found_though_a_line_breaks_it(tmp_path: Path) -> None:
    assert prose(tmp_path, "# T\n\nIt says not supported\nmodel for image generation.\n") == [
        "page.md:3:9 typed-fact"
    ]
    assert prose(tmp_path, "> It says not supported\n> model for image generation.\n") == [
        "page.md:1:11 typed-fact"
    ]


def test_places_are_right_after_front_matter_and_calls_of_several_lines(tmp_path: Path) -> None:
    text = (
        "---\nmodel: nano-banana\nblocks: 1\n---\n"
        '{{ advice(\n  "nano-banana"\n) }} on 2026-04-14\n\n[x](2026-04-14) 2026-04-15\n'
    )
    assert prose(tmp_path, text) == ["page.md:7:9 typed-fact", "page.md:9:17 typed-fact"]


def test_the_front_matter_is_read_too(tmp_path: Path) -> None:
    text = (
        "---\ntitle: 2026-04-14\nmodel: gemini-2.5-flash-image-preview\n"
        "description: Since 2026-04-14 it is recommended.\n---\ntext\n"
    )
    assert prose(tmp_path, text) == [
        "page.md:2 typed-fact", "page.md:4 typed-fact", "page.md:4 typed-standing",
    ]  # fmt: skip


def test_a_description_names_a_model_on_its_own_page_alone(tmp_path: Path) -> None:
    about = "description: How to call gemini-2.5-flash-image.\n"
    assert prose(tmp_path, f"---\nmodel: nano-banana\n{about}---\ntext\n") == []
    assert prose(tmp_path, f"---\n{about}---\ntext\n") == ["page.md:2 typed-fact"]


def test_facts_and_model_names_inside_data_blocks_are_typed_facts(tmp_path: Path) -> None:
    text = "```yaml\n# gemini-2.5-flash-image\nmodel: nano-banana\n```\n"
    assert prose(tmp_path, text) == ["page.md:2:3 typed-fact", "page.md:3:8 typed-fact"]


def test_a_route_whose_path_starts_with_a_name_forbids_no_slash(tmp_path: Path) -> None:
    changes = ("request: POST /v1/images/generations", "request: POST /{model}/images")
    stored = stored_of(changes)
    page = typed_of(tmp_path, "Either / or, and this is recommended.\n")
    assert list(check_prose(banned_terms(stored.status, WORDS), page)) == []


@pytest.mark.parametrize(
    "text",
    [
        "nano-banana is recommended",
        "Nano Banana is **not recommended** today",
        "Nano\nBanana is _Recommended_ today",
        "We recommend gemini-2.5-flash-image-preview",
        "OpenAI Images is controlled\ntesting",
        "> OpenAI Images is controlled\n> testing",
        "- POST /v1/images/generations\n- unverified",
        "Call /v1beta/models/x: unverified",
        '{{ advice("nano-banana") }}\nwhich is not-recommended',
        "| Nano Banana 2 |\n|---|\n| recommended |",
        "### Nano Banana: recommended",
        "## Nano Banana\n\nIt is recommended.",
        "# Nano Banana\n\n## Notes\n\ntext\n\nIt is recommended.",
        "Start with Nano Banana",
        "Nano Banana: do **not** use it",
        "请使用 Nano Banana。",
        "Nano Banana を使ってください",
        "Используйте Nano Banana",
        "Nano Banana is recom&#109;ended",
        "Nano Banana is **r**ecommended",
        "Na**no Banana** is unverified",
        "# Guide\n\n## OpenAI Images\n\n```yaml\n# A\n```\n\nIt is recommended.",
    ],
)
def test_a_standing_beside_an_endpoint_is_found(text: str, tmp_path: Path) -> None:
    found = prose(tmp_path, f"{text}\n")
    assert [one for one in found if one.endswith("typed-standing")]


def test_a_model_page_may_say_no_standing_at_all(tmp_path: Path) -> None:
    text = "---\nmodel: nano-banana\n---\n# T\n\nThis way is recommended.\n"
    assert prose(tmp_path, text) == ["page.md:6:13 typed-standing"]


@pytest.mark.parametrize(
    "text",
    [
        "A standing is recommended, unverified or not recommended.",
        "| Standing |\n|---|\n| recommended |\n\nNano Banana is a model.",
        "Nano Banana: [how it is decided](decides.md#recommended)",
        "Nano Banana: {{ standing('recommended') }}",
        "## Nano Banana\n\ntext\n\n## Words\n\nrecommended is the best.",
        "Nano Banana has a recommendation; nothing here is unrecommended.",
        "```yaml\n# Nano Banana\n```\n\nrecommended is the best.",
    ],
)
def test_a_standing_in_general_prose_is_free(text: str, tmp_path: Path) -> None:
    found = prose(tmp_path, f"{text}\n")
    assert not [one for one in found if one.endswith("typed-standing")]


ADVICE = [
    *("Start with {}.", "Use {} for new projects.", "You can safely build on {} today."),
    *("Do not call {} in production.", "{} works without problems.", "Stay away from {}."),
    *("{} is the better choice.", "{} is unreliable.", "{} is stable.", "{} is broken."),
    *("{} is ready for production.", "Choose {} for new projects.", "{} has been fixed."),
    *("{} keeps failing.", "We advise against {}.", "We suggest {}.", "Go with {}."),
    *("Prefer {}.", "Avoid {}.", "{} can be trusted again.", "Migrate away from {}."),
    *("Never rely on {}.", "{} is the best option.", "{} is a good default."),
    *("{} をお勧めします。", "{} は安心して使えます。", "{} は本番環境で利用できます。"),
    *("{} は動作しません。", "{} の利用は控えてください。", "{} が最適です。"),
    *("{} は安定しています。", "まず {} を試してください。", "{} を選んでください。"),
    *("{} は使えません。", "{} は修正されました。", "{} を使ってください。"),
    *("{} は使用しないでください。", "{} は避けるべきです。", "{} をご利用ください。"),
    *("{} を推奨します。", "{} は非推奨です。", "{} は問題なく動きます。"),
    *("建议使用 {}。", "{} 可以放心使用。", "{} 已可用于生产环境。", "{} 无法使用。"),
    *("请避开 {}。", "{} 是最佳选择。", "{} 很稳定。", "先从 {} 开始。", "不建议使用 {}。"),
    *("{} 已经修复。", "推荐 {}。", "请勿使用 {}。", "不要用 {}。", "{} 不可用。"),
    *("首选 {}。", "请选择 {}。", "{} 运行正常。"),
    *("Советуем {}.", "{} можно смело использовать.", "{} готова к работе в продакшене."),
    *("{} сломана.", "Не стоит использовать {}.", "{} — лучший выбор.", "Начните с {}."),
    *("{} работает стабильно.", "Выбирайте {}.", "{} исправлена.", "Избегайте {}."),
    *("Рекомендуем {}.", "Используйте {}.", "Не используйте {}.", "{} не работает."),
    *("Откажитесь от {}.", "{} работает без сбоев.", "На {} можно положиться."),
]


def test_advice_beside_a_name_is_found_in_every_language(tmp_path: Path) -> None:
    texts = [form.format("Nano Banana") for form in ADVICE]
    assert [text for text in texts if "typed-standing" not in str(prose(tmp_path, text))] == []


CONTEXTUAL_ADVICE = [
    "Choose {}.",
    "This runs in production: {}.",
    "{} 很稳定。",
    "{} は安定しています。",
]


@pytest.mark.parametrize("text", CONTEXTUAL_ADVICE)
def test_a_word_that_may_be_advice_is_it_beside_a_name_alone(text: str, tmp_path: Path) -> None:
    page = "---\nmodel: nano-banana\n---\n# Nano Banana\n\n{}\n"
    assert prose(tmp_path, page.format(text.format("a size"))) == []
    assert "typed-standing" in str(prose(tmp_path, page.format(text.format("Nano Banana"))))
    called = page.format(text.format('{{ title("nano-banana") }}'))
    assert "typed-standing" in str(prose(tmp_path, called))


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("Nothing beats Nano Banana.", "1:15"),
        ("Nano\nBanana 2 is a dead end.", "1:1"),
        ("*Nano* **Banana** is a dead end.", "1:2"),
        ("| Nano Banana |\n|---|\n| new |", "1:3"),
        ("[Nano Banana is a dead end](a.md)", "1:2"),
        ("[All of them](nano.md) but nano-banana", "1:28"),
        ("{{ title('a') }} and\nNano Banana", "2:1"),
        ("- Nano Banana\n- others", "1:3"),
        ("> It is Nano\n> Banana again", "1:9"),
    ],
)
def test_a_sentence_about_a_model_is_found(text: str, place: str, tmp_path: Path) -> None:
    assert prose(tmp_path, f"{text}\n")[0] == f"page.md:{place} typed-name"


@pytest.mark.parametrize(
    "text",
    [
        "# Nano Banana\n\nThe siblings: [Nano Banana 2](a.md), [`Nano Banana`](b.md)",
        "---\ntitle: Nano Banana\ndescription: What Nano Banana does.\n---\ntext",
        '{{ title("nano-banana") }} and <!-- Nano Banana -->',
        "```yaml\n# Nano Banana\n```",
        "Bananas are no nano technology, nor is OpenAI Images a model.",
    ],
)
def test_a_name_that_is_in_no_sentence_is_free(text: str, tmp_path: Path) -> None:
    assert prose(tmp_path, f"{text}\n") == []


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('{{ "a" }}', "1:1"),
        ('It is {{ "gem" ~ "ini" }}.', "1:7"),
        ('{{ advice("a") | upper }}', "1:1"),
        ("{% if true %}A{% endif %}", "1:1"),
        ("{% raw %}{{ a }}{% endraw %}", "1:1"),
        ('{{ as_of() | replace("x", "2026-04-14") }}', "1:1"),
        ('{{ console("x") ~ "2026-04-14" }}', "1:1"),
        ("{{ advice('a') }}\n{: .hidden }", "2:5"),
        ("---\ntitle: '{{ as_of() }}'\n---\na", "2"),
        ("a&#8203;b `&shy;` &shy;", "1:2"),
        ("g\u0435mini", "1:1"),
        ('A <span title="b">c</span>.', "1:3"),
        ("<script>\nx()\n</script>", "1:1"),
        ('<a href="b" title="c">d</a>', "1:1"),
        ("<details><summary>a</summary></details>", "1:1"),
        ('[a](b){ title="caption" }', "1:16"),
        ("## A {: data-copy='text' }", "1:20"),
        ('[a](b.md "gemini")', "1:11"),
        ("a\u200bb", "1:2"),
        ("a\u202eb", "1:2"),
        ("`a`{: data-copy='text' }", "1:18"),
        ("<code data-copy='b'>a</code>", "1:1"),
        ('a\n{: style="display:none" }', "2:11"),
        ("<span hidden>a</span>", "1:1"),
        ("<a href='b' onclick='x()'>a</a>", "1:1"),
    ],
)
def test_what_could_hide_a_text_is_found(text: str, place: str, tmp_path: Path) -> None:
    found = check_hidden(typed_of(tmp_path, text))
    assert f"page.md:{place} hidden-text" in [f"{one.where} {one.rule}" for one in found]


@pytest.mark.parametrize(
    "text",
    [
        '{{ route("a/b") }}\n\n    {{ best("c") | indent(4) }}\n\n{# why #}',
        "See <a href='../x.json'>it</a>, `<b>`, `{: a=b }` and 1 < 2 > 0.",
        "```html\n<b title='c'>\n```",
        "## A { #b .c }",
        "Call `f(a=b)` {with care}.",
        "https://a.example/?b=c {d}",
    ],
)
def test_plain_text_hides_nothing(text: str, tmp_path: Path) -> None:
    assert list(check_hidden(typed_of(tmp_path, text))) == []


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("```bash\ncurl x\n```", "1"),
        ("text\n\n```python\nx\n```", "3"),
        ("~~~\nx\n~~~", "1"),
        ("~~~python\nx\n~~~", "1"),
        ("```\nx\n```", "1"),
        ('=== "A"\n\n    ```bash\n    x\n    ```', "3"),
        ("> ```bash\n> x\n> ```", "1"),
        ("``` { .bash #id data-endpoint=a/b }\nx\n```", "1"),
        ("```{.bash}\nx\n```", "1"),
        ("```{ #id .python }\nx\n```", "1"),
        ("````bash\n```yaml\n````", "1"),
        ("```yaml\na: 1\n```\n```sh\nx\n```", "4"),
        ("```yaml```\n\n```bash\nx\n```", "3"),
        ("Text.\n\n    curl x\n    more\n", "3"),
        ("Text.\n\n\tcurl x\n", "3"),
        ("<pre><code>x</code></pre>", "1"),
        ("```js\nx\n```", "1"),
        ("- a\n\n    ```bash\n    x\n    ```", "3"),
    ],
)
def test_typed_code_is_found(text: str, place: str, tmp_path: Path) -> None:
    assert prose(tmp_path, text) == [f"page.md:{place} typed-code"]


@pytest.mark.parametrize(
    "text",
    [
        "```yaml\na: 1\n```\n\n```json\n{}\n```\n\n~~~ {.yaml}\na: 1\n~~~",
        "```yaml\n```bash\n```",
        "Inline ```code``` and `code`.",
        "1. item\n   goes on\nand on\n\n    its second\n\n2. item\n\n    more",
        "- item\n\n    its second paragraph\n\n1. item\n\n    more",
        '=== "A"\n\n    text\n\n    {{ best("x") }}\n\n!!! note\n\n    text',
        "Text that goes\n    on here.",
        '{{ route("nano-banana/generate-content") }}',
    ],
)
def test_data_and_prose_are_no_typed_code(text: str, tmp_path: Path) -> None:
    assert [one for one in prose(tmp_path, text) if one.endswith("typed-code")] == []


def test_a_link_to_a_script_is_no_link(tmp_path: Path) -> None:
    page = summarize_page(page_of(tmp_path, "[a](javascript:x)\n"), TERMS, whole_markdown())
    (found,) = check_links([page], set())
    assert (str(found.where), found.rule) == ("page.md:1:5", "dead-link")


def test_the_findings_of_a_page_are_kept_until_it_or_a_banned_term_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text, made = "# About { #two }\n\nUse [it](b.md) on 2026-04-01: {{ legend() }}\n", []
    page = page_of(tmp_path, text)
    cases = [
        (page, TERMS),
        (page, replace(TERMS, titles=TERMS.titles | {"about"})),
        (replace(page, path=Path("other.md")), TERMS),
        (page_of(tmp_path, f"{text}\nIt is 2026-04-02.\n"), TERMS),
    ]
    markdown = whole_markdown()
    expected = [[summarize_page(one, terms, markdown)] for one, terms in cases]
    assert all(one.findings and one.links and one.ids and one.calls for (one,) in expected)

    def noted(page: Page, *parts: Any) -> PageSummary:
        made.append(page)
        return summarize_page(page, *parts)

    monkeypatch.setattr("trueup.check.page_summary.summarize_page", noted)
    for _ in range(2):
        with Memo(tmp_path / "kept.sqlite") as memo:
            found = [list(summarize_pages([one], terms, markdown, memo)) for one, terms in cases]
        assert found == expected
    assert made == [one for one, _ in cases]


@pytest.mark.parametrize("macro", ["advice", "model_status", "risks"])
def test_a_model_page_without_a_required_macro_is_found(macro: str, tmp_path: Path) -> None:
    calls = [f'{{{{ {name}("nano-banana") }}}}' for name in ("advice", "model_status", "risks")]
    page = replace(page_of(tmp_path, "\n\n".join(calls)), model="nano-banana")
    assert list(check_model_page(page, {"nano-banana"}, calls_in(page))) == []
    whole = replace(page, text='{{ model_page("nano-banana") }}')
    assert list(check_model_page(whole, {"nano-banana"}, calls_in(whole))) == []
    (found,) = check_model_page(replace(whole, model=None), {"nano-banana"}, calls_in(whole))
    assert found.fix == "Add model: nano-banana to it."
    silent = replace(page, text=page.text.replace(f"{macro}(", "history("))
    (found,) = check_model_page(silent, {"nano-banana"}, calls_in(silent))
    assert found.rule == "missing-advice" and found.problem.endswith(f"does not call {macro}")
    assert (macro == "model_status") != bool(
        [*check_model_page(replace(silent, model=None), {"nano-banana"}, calls_in(silent))]
    )


RISKS = '{{ risks("nano-banana") }}'


@pytest.mark.parametrize(
    "text",
    [
        *(f"~~{RISKS}~~", f"a\n{RISKS}", f"- {RISKS}", f"> a\n{RISKS}", f"# {RISKS}", f"*{RISKS}*"),
        *(f"a[^1]\n\n[^1]: {RISKS}", f"??? note\n\n    {RISKS}", f"!!! md-toggle\n    {RISKS}"),
        *(f'=== "A"\n\n    a\n\n=== "B"\n\n    {RISKS}', f"<!--\n\n{RISKS}\n\n-->"),
        *(
            f"```text\n\n{RISKS}\n```",
            f"| a |\n|---|\n| {RISKS} |",
            f"    {RISKS}",
            f"a\n:   {RISKS}",
        ),
    ],
)
def test_a_call_within_other_text_is_found(text: str, tmp_path: Path) -> None:
    found = [one.problem for one in check_hidden(typed_of(tmp_path, text))]
    assert any(one.startswith("the call of risks is within other text") for one in found)
    kept = f"# A\n\n{RISKS}\n\na, as of {{{{ as_of() }}}}\n\n{RISKS}\n"
    assert list(check_hidden(typed_of(tmp_path, kept))) == []


def letters(seed: str, count: int, alphabet: str = string.ascii_letters + string.digits) -> str:
    digest = hashlib.shake_256(seed.encode()).digest(count)
    return "".join(alphabet[byte % len(alphabet)] for byte in digest)


# In pieces, so that this file holds none: a key of each issuer as it would write it, of nobody.
KEYS = {
    "gateway": "sk" + "-" + letters("gateway", 48),
    "gateway, of a project": "sk" + "-proj-" + letters("project", 60),
    "google": "AI" + "za" + letters("google", 35),
    "github": "gh" + "p_" + letters("github", 36),
    "github, fine-grained": "github" + "_pat_" + letters("fine", 60),
    "gitlab": "glp" + "at-" + letters("gitlab", 20),
    "amazon": "AK" + "IA" + letters("amazon", 16, string.ascii_uppercase + "234567"),
    "slack": "xo" + "xb-" + letters("slack", 40),
    "token": ".".join("eyJ" + letters(f"token{n}", 40) for n in range(3)),
    "private": "-----BEGIN " + "PRIVATE KEY-----\n" + letters("private", 64) + "\n",
}


@pytest.mark.parametrize("form", ["{}\n", "Use {}, then.\n", '{{"key": "{}"}}\n', "# {}\n"])
@pytest.mark.parametrize("what", KEYS)
def test_a_key_of_each_issuer_is_found(what: str, form: str, tmp_path: Path) -> None:
    key = KEYS[what].replace("\n", "\\n") if "key" in form else KEYS[what]
    key = key.replace("\n", "\n# ") if form.startswith("#") else key
    (tmp_path / "file").write_text(form.format(key))
    (found,) = check_key(tmp_path / "file", tmp_path)
    assert found.rule == "leaked-key" and f"({what.partition(',')[0]})" in found.text


def test_a_published_snippet_has_no_finding(good: Block, snippets: list[Snippet]) -> None:
    assert published([good], snippets) == []


def test_a_site_without_blocks_is_found(snippets: list[Snippet]) -> None:
    assert [one.rule for one in published([], snippets, count=0)] == ["no-blocks"]
    console = Block("page/index.html", 1, "console", "$ scripts/docs")
    assert [one.rule for one in published([console], snippets, count=0)] == ["no-blocks"]


def test_a_block_that_is_published_twice_is_found(good: Block, snippets: list[Snippet]) -> None:
    (found,) = published([good, good], snippets, count=2)
    assert (str(found.where), found.rule) == ("site/page/index.html", "repeated-block")
    assert published([good, replace(good, page="other/index.html")], snippets) == []


def test_a_block_must_be_what_a_template_renders(good: Block, snippets: list[Snippet]) -> None:
    broken: dict[str, list[dict[str, Any]]] = {
        "unknown-block": [{"id": None}, {"id": "other"}, {"endpoint": None}, {"endpoint": IMAGES}],
        "changed-block": [{"text": f"{good.text} "}, {"language": "python"}],
        "block-outside-tabs": [{"tabbed": False}],
        "copy-mismatch": [{"copied": "rm -rf /"}, {"copied": ""}],
    }
    for rule, changes in broken.items():
        for change in changes:
            (found,) = published([replace(good, **change)], snippets)
            assert (str(found.where), found.rule) == ("site/page/index.html:7", rule), change
    assert published([replace(good, copied=good.text)], snippets) == []


def data_block(language: str, text: str, excerpt: str | None = None) -> Block:
    return Block("page/index.html", 3, language, text, excerpt=excerpt)


EXCERPT = "observations:\n" + "".join(
    re.findall(r"(?ms)^observations:\n(  - at: .*?)(?=^  - at: )", TEXT)
)


@pytest.mark.parametrize(
    ("language", "text", "rule"),
    [
        ("ruby", "puts 1", "unknown-language"),
        ("sh", "curl x", "unknown-language"),
        ("text", "curl https://crazyrouter.com/v1", "untested-request"),
        ("text", "GET localhost:4000", "untested-request"),
        ("console", "$ curl https://crazyrouter.com/v1", "untested-request"),
        ("json", "{'a': 1}", "unreadable-data"),
        ("yaml", "a: [", "unreadable-data"),
        ("yaml", "at: 2026-13-45", "unreadable-data"),
        ("text", "any text", None),
        ("console", "$ scripts/docs", None),
        ("mermaid", "graph TD", None),
        ("json", '{"url": "https://crazyrouter.com/a.png"}', None),
        ("yaml", "a: 1", None),
    ],
)
def test_a_block_that_is_not_run_is_valid_data(
    language: str, text: str, rule: str | None, good: Block, snippets: list[Snippet]
) -> None:
    found = published([good, data_block(language, text)], snippets)
    expected = [("site/page/index.html:3", rule)] if rule else []
    assert [(str(one.where), one.rule) for one in found] == expected


@pytest.mark.parametrize(
    ("excerpt", "text", "problem"),
    [
        ("observations", EXCERPT, None),
        ("policy", "policy: {reported_until: 2026-04-14}", None),
        ("observations", EXCERPT.replace("target:", "taget:"), "0.target: Field required"),
        ("observations", EXCERPT.replace("outcome: output", "outcome: fine"), "0.outcome: Input"),
        ("observations", "observations: 1", "the whole: Input should be a valid tuple"),
        ("observations", "mappings: []", "is not the part observations"),
        ("observations", "observations: []\nmappings: []", "is not the part observations"),
        ("observations", "text", "is not the part observations"),
        ("observation", "observation: []", "is not the part observation of"),
        ("reference", "reference: production", "is not the part reference of"),
    ],
)
def test_an_excerpt_is_a_part_of_a_status_file(
    excerpt: str, text: str, problem: str | None, good: Block, snippets: list[Snippet]
) -> None:
    found = published([good, data_block("yaml", text, excerpt)], snippets)
    assert [one.rule for one in found] == (["wrong-excerpt"] if problem else [])
    assert all(problem in one.problem for one in found if problem)
