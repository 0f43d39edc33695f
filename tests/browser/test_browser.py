"""The pages in a browser: copy buttons, ages, languages, search and the policy."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from itertools import product

import pytest
from browsing import copied, some, watched
from playwright.sync_api import Browser, Page

from trueup.docs import Docs
from trueup.model import anchor
from trueup.site import MAIN, home_of
from trueup.verify.block_receipt import Report

pytestmark = pytest.mark.no_cover

EVERYWHERE = "every page"


@pytest.mark.parametrize(
    "place", some(["nano-banana/index.html", EVERYWHERE], "nano-banana/index.html")
)
def test_the_clipboard_holds_what_the_receipt_hashed(
    place: str, page: Page, home: str, made: tuple[Docs, Report]
) -> None:
    receipts = {
        (receipt.sha256, path)
        for receipt in made[1].receipts
        for path in receipt.pages
        if place in (path, EVERYWHERE)
    }
    assert receipts
    hashes = set()
    for path in {path for _, path in receipts}:
        page.goto(f"{home}/{path}")
        for block in page.locator("[data-endpoint]").all():
            text = copied(page, block)
            hashes.add((sha256(text.encode()).hexdigest(), path))
    assert hashes == receipts


@pytest.fixture(scope="module")
def later(browser: Browser, home: str) -> Iterator[Page]:
    """A page whose clock each test sets."""
    with browser.new_context() as context:
        page = context.new_page()
        with watched(page, home):
            yield page


def test_the_advice_grows_old_in_an_open_page(later: Page, home: str) -> None:
    shown = {}
    for day in ("2026-05-14", "2026-05-15"):
        later.clock.set_fixed_time(datetime.fromisoformat(day).replace(tzinfo=UTC))
        later.goto(f"{home}/nano-banana/")
        shown[day] = later.locator("article ol li").first.inner_text()
    assert shown["2026-05-14"].startswith("If you need a usable image route now, start with")
    assert "was the working choice when last tested" in shown["2026-05-15"]


def test_old_evidence_has_another_outline_and_icon_than_recent(later: Page, home: str) -> None:
    looks = {}
    for day in ("2026-05-14", "2026-05-15"):
        later.clock.set_fixed_time(datetime.fromisoformat(day).replace(tzinfo=UTC))
        later.goto(f"{home}/nano-banana/")
        looks[day] = later.evaluate(
            """() => ["article .tu-controlled-testing", "article .admonition.warning"].map(name => {
              const one = document.querySelector(name), style = getComputedStyle(one);
              const holder = one.querySelector(".admonition-title") ?? one;
              const title = getComputedStyle(holder, "::before");
              return [style.borderTopStyle, style.borderTopColor, title.content];
            })"""
        )
    fair, quiet = "rgb(138, 75, 0)", "rgb(69, 90, 100)"
    assert looks["2026-05-14"][0] == ["solid", fair, '"△"']
    assert looks["2026-05-14"][1][::2] == ["solid", '""']
    assert looks["2026-05-15"] == [["dashed", quiet, '"△"'], ["dashed", quiet, '"◷"']]


SMALL = """() => {
  const small = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const holder = walker.currentNode.parentElement, size = getComputedStyle(holder).fontSize;
    const shown = holder.checkVisibility({visibilityProperty: true, opacityProperty: true});
    if (!walker.currentNode.data.trim() || !shown || holder.closest("script, style, svg")) continue;
    if (parseFloat(size) < 12) small.push(`${size} ${holder.outerHTML.slice(0, 80)}`);
  }
  for (const link of document.querySelectorAll("a:has(> .tu-standing)")) {
    if (link.getBoundingClientRect().height < 24) small.push(link.outerHTML.slice(0, 80));
  }
  return small;
}"""


@pytest.mark.parametrize("path", some(("", "status/", "nano-banana/", "signatures/"), "status/"))
def test_a_phone_shows_no_text_that_is_too_small(path: str, page: Page, home: str) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(f"{home}/{path}")
    assert page.evaluate(SMALL) == []


@pytest.mark.long
@pytest.mark.parametrize("width", [320, 640])
def test_every_page_fits_a_phone_and_a_window_at_twice_its_size(
    width: int, page: Page, home: str, made: tuple[Docs, Report]
) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    for source in made[0].pages:
        page.goto(f"{home}/{source.html.removesuffix('index.html')}")
        wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert wide <= 0, source.html


AGES = {"": "10 days ago", "/ja": "10 日前", "/ru": "10 дней назад"}


def test_a_date_of_evidence_has_its_age_on_the_readers_date(
    later: Page, home: str, made: tuple[Docs, Report]
) -> None:
    later.clock.set_fixed_time(datetime(2026, 4, 24, tzinfo=UTC))
    for prefix, age in AGES.items():
        if prefix.removeprefix("/") not in ("", *made[0].languages):
            continue
        later.goto(f"{home}{prefix}/status/")
        days = later.locator("time", has_text="2026-04-14").all_text_contents()
        assert set(days) == {"2026-04-14", f"2026-04-14 · {age}"}
        assert later.locator("time:visible", has_text=age).count() == 1


@pytest.mark.long
def test_each_endpoint_has_a_bookmark_on_the_status_page(
    page: Page, home: str, made: tuple[Docs, Report]
) -> None:
    for endpoint in made[0].stored.status.endpoints:
        page.goto(f"{home}/status/#{anchor(endpoint)}")
        place = page.locator(f"#{anchor(endpoint)}")
        assert place.count() == 1
        box = place.bounding_box()
        assert box and 0 <= box["y"] < 720


def test_evidence_is_folded_until_an_address_leads_into_it_and_never_on_paper(
    page: Page, home: str
) -> None:
    page.goto(f"{home}/status/#nano-banana-2--generate-content")
    facts = page.locator(".tu-evidence dl")
    assert facts.count() > 5 and not any(one.is_visible() for one in facts.all())
    page.emulate_media(media="print")
    assert all(one.is_visible() for one in facts.all())
    page.emulate_media(media="screen")
    facts.nth(1).evaluate("one => { one.id = 'inside'; location.hash = 'inside'; }")
    page.wait_for_function("document.querySelector('#inside').checkVisibility()")
    assert page.locator("details[open]").count() == 1


def test_counts_and_folded_marks_turn_grey_with_the_evidence(later: Page, home: str) -> None:
    colours = []
    for day in ("2026-05-14", "2026-05-15"):
        later.clock.set_fixed_time(datetime.fromisoformat(day).replace(tzinfo=UTC))
        later.goto(f"{home}/status/")
        count = later.locator("article > p > .tu-recommended").first
        mark = later.locator("#nano-banana-2--generate-content + p + details .tu-mark-good").first
        found = [one.evaluate("one => getComputedStyle(one).color") for one in (count, mark)]
        assert len(set(found)) == 1
        colours.append(found[0])
    assert colours[0] != colours[1]


def test_copy_buttons_of_legacy_code_are_labelled_whenever_they_appear(
    page: Page, home: str
) -> None:
    page.goto(f"{home}/nano-banana/")
    legacy = page.locator(".tu-legacy ~ .tabbed-set")
    label = page.locator(".tu-legacy").get_attribute("data-copy-label")
    assert label == "Copy legacy code that is not recommended"
    for block in page.locator("[data-endpoint]").all():
        button = block.locator("button[data-md-type='copy']")
        is_legacy = block.get_attribute("data-endpoint") == "nano-banana/images-generations"
        assert (button.get_attribute("title") == label) is is_legacy
        assert (button.get_attribute("aria-label") == label) is is_legacy
    legacy.first.evaluate(
        "set => { const late = document.createElement('button');"
        " late.dataset.mdType = 'copy'; late.id = 'late'; set.append(late); }"
    )
    page.wait_for_selector(f"#late[aria-label='{label}']", state="attached")


def test_marks_differ_without_colour(page: Page, home: str) -> None:
    page.goto(f"{home}/status/")
    marks = page.evaluate(
        """() => [...document.querySelectorAll('.tu-mark, .tu-standing')].map(mark => {
            const style = getComputedStyle(mark), icon = getComputedStyle(mark, '::before');
            return [mark.className, icon.content,
                    style.borderStyle + style.borderWidth + style.borderRadius];
        })"""
    )
    looks = {}
    for name, icon, border in marks:
        assert icon not in ("none", '""'), name
        looks[name] = (icon, border)
    assert {"absent", "inconclusive", "partly", "stale", "held"} <= {
        name.rpartition("-")[2] for name in looks
    }
    assert len(set(looks.values())) == len(looks)


def test_the_sentences_and_receipts_are_there_without_javascript(
    browser: Browser, home: str
) -> None:
    with browser.new_context(java_script_enabled=False) as plain:
        page = plain.new_page()
        page.goto(f"{home}/nano-banana/")
        text = page.locator("article").inner_text()
        assert page.locator(".tu-bases").count() and not page.locator(".tu-bases:visible").count()
    assert "If you need a usable image route now, start with" in text
    assert "Before you build" not in text
    assert "Replays the evidence of 2026-04-14" in text
    assert "2026-04-14" in text and " ago" not in text


@pytest.mark.long
def test_the_language_switch_keeps_the_page_and_its_part(
    page: Page, home: str, made: tuple[Docs, Report]
) -> None:
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto(f"{home}/nano-banana-2/#history")
    for language in (*made[0].languages[1:], MAIN):
        page.locator("button.md-header__button:has(+ .md-select__inner)").hover()
        page.locator(f"a.md-select__link[hreflang={language}]").click()
        page.wait_for_url(f"{home}/{home_of(language)}nano-banana-2/#history")
        assert page.evaluate("document.documentElement.lang") == language


SOUGHT = {
    "": {
        "get a key": "start/",
        "failed call cost": "signatures/",
        "401": "signatures/",
        "pricing": "start/",
        "imageOutputOptions": "signatures/",
        '"imageOutputOptions"': "signatures/",
        "imageoutputoptions": "signatures/",
        "generation_config": "signatures/",
        "channel_failed": "signatures/",
        "not supported model for image generation": "signatures/",
        "receipt": "receipts/",
        "mismatch": "",
    },
    "ja/": {
        "キー": "start/",
        "失敗 課金": "signatures/",
        "認証": "start/",
        "再テスト": "receipts/",
        "レシート": "receipts/",
        "画像生成": "",
        "ゲートウェイ": "",
        "課金": "",
        "推奨": "",
        "imageOutputOptions": "signatures/",
        "supported": "signatures/",
    },
    "zh/": {
        "密钥": "start/",
        "失败 计费": "signatures/",
        "鉴权": "start/",
        "图片": "",
        "失败": "signatures/",
        "回执": "receipts/",
        "状态": "status/",
        "网关": "",
        "错误": "",
        "复测": "",
        "generation_config": "signatures/",
    },
    "ru/": {
        "ключ": "start/",
        "сколько стоит ошибка": "signatures/",
        "ошибка": "signatures/",
        "цена": "start/",
        "квитанция": "receipts/",
        "шлюз": "",
        "статус": "status/",
        "imageOutputOptions": "signatures/",
    },
}
"""Queries with the page that is found first; any page that has the words where it is empty."""


@pytest.mark.parametrize("prefix", some(SOUGHT, "ja/"))
def test_what_readers_paste_is_found(prefix: str, page: Page, home: str) -> None:
    page.goto(f"{home}/{prefix}")
    field = page.locator(".md-search__input").first
    field.click()
    found = page.locator(".md-search-result__item")
    firsts, lacking = {}, set()
    for query, expected in SOUGHT[prefix].items():
        field.fill(query)
        field.press("End")  # text that is not typed by keys alone goes unnoticed
        link = found.first.locator(".md-search-result__link").first
        link.wait_for()
        place = (link.get_attribute("href") or "").partition("?")[0]
        text = found.first.inner_text().replace("\u200b", "").replace("\n", " ").lower()
        lacking |= {query} if not expected and query.lower() not in text else set()
        firsts[query] = place.removeprefix(f"{home}/{prefix}") if expected else ""
        field.fill("")
        field.press("End")
        found.first.wait_for(state="detached")
    assert (firsts, lacking) == (SOUGHT[prefix], set())


@pytest.mark.parametrize("prefix", some(["", "ja/"], "ja/"))
def test_a_click_copies_the_page_as_markdown(
    prefix: str, page: Page, home: str, made: tuple[Docs, Report]
) -> None:
    page.goto(f"{home}/{prefix}nano-banana/")
    page.evaluate("navigator.clipboard.writeText('')")
    link = page.locator(".tu-markdown a")
    labels = [link.inner_text()]
    link.click()
    page.wait_for_function(
        "link => link.textContent === link.dataset.copied", arg=link.element_handle()
    )
    labels.append(link.inner_text())
    text = page.evaluate("navigator.clipboard.readText()")
    assert text == (made[0].site / prefix / "nano-banana" / "index.md").read_text("utf-8")
    assert ("Replays the evidence of 2026-04-14" in text) is (prefix == "")
    english = ["Copy page as Markdown", "Copied"]
    assert labels == (
        english if not prefix else ["ページを Markdown としてコピー", "コピーしました"]
    )


def test_the_theme_is_kept_under_the_policy(page: Page, home: str) -> None:
    page.goto(f"{home}/nano-banana/")
    assert page.locator("meta[http-equiv=Content-Security-Policy]").count() == 1
    page.locator("label[for=__palette_1]").first.click()
    page.goto(f"{home}/nano-banana-2/")
    assert page.locator("body").get_attribute("data-md-color-scheme") == "slate"


@pytest.mark.long
def test_keys_alone_open_a_search_result(page: Page, home: str) -> None:
    page.goto(f"{home}/")
    field = page.locator(".md-search__input").first
    field.click()
    field.press_sequentially("mismatch")
    page.locator(".md-search-result__link").first.wait_for()
    for key in ("Enter", "ArrowDown", "Enter"):
        page.keyboard.press(key)
    page.wait_for_url(lambda url: url != f"{home}/")
    assert "mismatch" in page.locator("article").inner_text()


def test_a_page_that_was_not_found_leads_to_the_others(page: Page, home: str) -> None:
    page.goto(f"{home}/ja/404.html")
    article = page.locator("article")
    assert "404: ページが見つかりません" in article.inner_text()
    links = article.locator("a").evaluate_all("all => all.map(one => one.getAttribute('href'))")
    assert {"/", "/status/", "/nano-banana/"} <= {link.rstrip(".") for link in links}
    article.locator("label[for=__search]").click()
    assert page.locator("#__search").is_checked()


def test_a_link_that_is_shared_has_the_title_and_the_description_of_its_page(
    page: Page, home: str
) -> None:
    for path, title in {"nano-banana/": "Nano Banana", "": "Crazyrouter API"}.items():
        page.goto(f"{home}/{path}")
        card = page.locator("meta[property^='og:']").evaluate_all(
            "all => all.map(one => [one.getAttribute('property'), one.content])"
        )
        described = page.locator("meta[name=description]").get_attribute("content")
        assert dict(card) == {
            "og:type": "website",
            "og:site_name": "Crazyrouter API",
            "og:title": title,
            "og:description": described,
        }
        assert page.locator("meta[name='twitter:card'][content=summary]").count() == 1


INJECTED = {
    "a script": "<script>document.documentElement.id = 'ran'</script>",
    "a handler": "<img src='x:' onerror=\"document.documentElement.id = 'ran'\">",
    "a base": "<base href='https://example.com/'>",
    "a style": "<style>html { background: rgb(1, 2, 3) }</style>",
    "a frame": "<iframe srcdoc=\"<script>top.document.documentElement.id = 'ran'</script>\">",
}


INJECTED["all of them"] = "".join(INJECTED.values())


@pytest.mark.parametrize(
    ("part", "is_secured"),
    some(product(INJECTED, (True, False)), *product(["all of them"], (True, False))),
)
def test_a_part_that_is_added_after_the_build_does_nothing(
    part: str, is_secured: bool, tab: Page, home: str, made: tuple[Docs, Report]
) -> None:
    text = (made[0].site / "index.html").read_text("utf-8")
    if not is_secured:
        text = re.sub('<meta http-equiv="Content-Security-Policy"[^>]*>', "", text)
    text = re.sub("(<body[^>]*>)", rf"\1{INJECTED[part]}", text, count=1)
    tab.route(
        f"{home}/injected.html",
        lambda route: route.fulfill(body=text, content_type="text/html; charset=utf-8"),
    )
    tab.goto(f"{home}/injected.html")
    has_effect = tab.evaluate(
        "document.documentElement.id === 'ran' || !document.baseURI.startsWith(location.origin)"
        " || getComputedStyle(document.documentElement).backgroundColor === 'rgb(1, 2, 3)'"
    )
    assert has_effect is not is_secured
