import re
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from itertools import product

import pytest
from browsing import some, watched
from playwright.sync_api import Browser, Page

from trueup.docs import Docs
from trueup.model import anchor
from trueup.verify.receipt import Report

pytestmark = pytest.mark.no_cover

EVERYWHERE = "every page"
TABS = {
    "curl": "curl",
    "python": "Python",
    "javascript": "JavaScript",
    "genai": "Python (google-genai)",
}


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
    copied = set()
    for path in {path for _, path in receipts}:
        page.goto(f"{home}/{path}")
        page.evaluate("navigator.clipboard.writeText('')")
        for block in page.locator("[data-endpoint]").all():
            block_id = block.get_attribute("id")
            tabs = block.locator("xpath=ancestor::*[contains(@class,'tabbed-set')][1]")
            name = TABS[str(block_id).rpartition("--")[2]]
            tabs.locator(".tabbed-labels").get_by_text(name, exact=True).click()
            block.hover()
            block.locator("button[data-md-type='copy']").click()
            page.wait_for_function("navigator.clipboard.readText().then(text => text.length > 0)")
            text = str(page.evaluate("navigator.clipboard.readText()"))
            copied.add((sha256(text.encode()).hexdigest(), path))
            page.evaluate("navigator.clipboard.writeText('')")
    assert copied == receipts


@pytest.fixture
def later(browser: Browser, home: str) -> Iterator[Page]:
    """A page whose clock can be set."""
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
    assert "nobody has retested it since" in shown["2026-05-15"]


@pytest.mark.long
def test_every_page_fits_a_phone(page: Page, home: str, made: tuple[Docs, Report]) -> None:
    page.set_viewport_size({"width": 360, "height": 800})
    for source in made[0].pages:
        page.goto(f"{home}/{source.html.removesuffix('index.html')}")
        wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert wide <= 0, source.html


def test_a_day_of_evidence_tells_its_age_on_the_readers_own_day(later: Page, home: str) -> None:
    later.clock.set_fixed_time(datetime(2026, 4, 24, tzinfo=UTC))
    for prefix, age in (("", "10 days ago"), ("/ja", "10 日前"), ("/ru", "10 дней назад")):
        later.goto(f"{home}{prefix}/status/")
        days = later.locator("time.tu-day", has_text="2026-04-14").all_text_contents()
        assert set(days) == {f"2026-04-14 · {age}"}


def test_each_endpoint_has_a_bookmark_on_the_status_page(
    page: Page, home: str, made: tuple[Docs, Report]
) -> None:
    for endpoint in made[0].stored.status.endpoints:
        page.goto(f"{home}/status/#{anchor(endpoint)}")
        place = page.locator(f"#{anchor(endpoint)}")
        assert place.count() == 1
        box = place.bounding_box()
        assert box and 0 <= box["y"] < 720


def test_copy_buttons_of_legacy_code_say_so_whenever_they_appear(page: Page, home: str) -> None:
    page.goto(f"{home}/nano-banana/")
    legacy = page.locator(".tu-legacy + .tabbed-set")
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


def luminance(colour: str) -> float:
    """Of `rgb(…)`, as the Web Content Accessibility Guidelines define it."""
    parts = [float(part) / 255 for part in re.findall(r"[\d.]+", colour)[:3]]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_the_contrast_of_grey_on_white_is_what_the_guidelines_say() -> None:
    assert contrast("rgb(119, 119, 119)", "rgb(255, 255, 255)") < 4.5
    assert contrast("rgb(118, 118, 118)", "rgb(255, 255, 255)") > 4.5


@pytest.mark.parametrize("scheme", ["default", "slate"])
def test_marks_differ_without_colour_and_can_be_read(scheme: str, page: Page, home: str) -> None:
    page.goto(f"{home}/status/")
    page.evaluate("scheme => document.body.dataset.mdColorScheme = scheme", scheme)
    marks = page.evaluate(
        """() => [...document.querySelectorAll('.tu-mark, .tu-standing')].map(mark => {
            const style = getComputedStyle(mark), icon = getComputedStyle(mark, '::before');
            return [mark.className, style.color, icon.content,
                    style.borderStyle + style.borderWidth + style.borderRadius];
        })"""
    )
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    looks = {}
    for name, colour, icon, border in marks:
        assert contrast(colour, paper) >= 4.5, name
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
    assert "nobody has retested" not in text
    assert "Replays the evidence of 2026-04-14" in text
    assert "2026-04-14" in text and " ago" not in text


def test_the_language_switch_keeps_the_page(page: Page, home: str) -> None:
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto(f"{home}/nano-banana-2/")
    for language, prefix in (("ja", "/ja"), ("ru", "/ru"), ("zh", "/zh"), ("en", "")):
        page.locator("button.md-header__button:has(+ .md-select__inner)").hover()
        page.locator(f"a.md-select__link[hreflang={language}]").click()
        page.wait_for_url(f"{home}{prefix}/nano-banana-2/")
        assert page.evaluate("document.documentElement.lang") == language


WORDS = {"": "mismatch", "/ja": "レシート", "/ru": "квитанция", "/zh": "推荐"}


@pytest.mark.parametrize("prefix", some(WORDS, "/ja"))
def test_each_language_has_a_search_of_its_own(prefix: str, page: Page, home: str) -> None:
    page.goto(f"{home}{prefix}/")
    field = page.locator(".md-search__input").first
    field.click()
    field.fill(WORDS[prefix])
    field.press("End")  # text that is not typed by keys alone goes unnoticed
    found = page.locator(".md-search-result__link").first
    found.wait_for()
    assert (found.get_attribute("href") or "").startswith(f"{home}{prefix}/")


@pytest.mark.parametrize("prefix", ["", "ja/"])
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
    copied = ["Copy page as Markdown", "Copied"]
    assert labels == (
        copied if not prefix else ["ページを Markdown としてコピー", "コピーしました"]
    )


def test_the_theme_and_the_tabs_are_kept_under_the_policy(page: Page, home: str) -> None:
    page.goto(f"{home}/nano-banana/")
    assert page.locator("meta[http-equiv=Content-Security-Policy]").count() == 1
    page.locator("label[for=__palette_1]").first.click()
    page.locator(".tabbed-labels label", has_text="Python").first.click()
    page.goto(f"{home}/nano-banana-2/")
    assert page.locator("body").get_attribute("data-md-color-scheme") == "slate"
    shown = page.locator(".tabbed-set").first.locator(".tabbed-block:visible")
    assert "httpx" in shown.first.inner_text()


def test_the_search_leads_to_what_was_found_by_keys_alone(page: Page, home: str) -> None:
    page.goto(f"{home}/")
    field = page.locator(".md-search__input").first
    field.click()
    field.press_sequentially("mismatch")
    page.locator(".md-search-result__link").first.wait_for()
    for key in ("Enter", "ArrowDown", "Enter"):
        page.keyboard.press(key)
    page.wait_for_url(lambda url: url != f"{home}/")
    assert "mismatch" in page.locator("article").inner_text()


def test_a_page_that_was_not_found_breaks_nothing(page: Page, home: str) -> None:
    for name in ("404.html", "ja/404.html"):
        page.goto(f"{home}/{name}")
        assert "404" in page.locator("article").inner_text()


INJECTED = {
    "a script": "<script>document.documentElement.id = 'ran'</script>",
    "a handler": "<img src='x:' onerror=\"document.documentElement.id = 'ran'\">",
    "a base": "<base href='https://example.com/'>",
    "a style": "<style>html { background: rgb(1, 2, 3) }</style>",
    "a frame": "<iframe srcdoc=\"<script>top.document.documentElement.id = 'ran'</script>\">",
}


@pytest.mark.parametrize(
    ("what", "is_secured"),
    some(
        product(INJECTED, (True, False)),
        *product(INJECTED, (True,)),
        ("a script", False),
    ),
)
def test_what_is_put_into_a_page_after_the_build_does_nothing(
    what: str, is_secured: bool, tab: Page, home: str, made: tuple[Docs, Report]
) -> None:
    text = (made[0].site / "index.html").read_text("utf-8")
    if not is_secured:
        text = re.sub('<meta http-equiv="Content-Security-Policy"[^>]*>', "", text)
    text = re.sub("(<body[^>]*>)", rf"\1{INJECTED[what]}", text, count=1)
    tab.route(
        f"{home}/injected.html",
        lambda route: route.fulfill(body=text, content_type="text/html; charset=utf-8"),
    )
    tab.goto(f"{home}/injected.html")
    did = tab.evaluate(
        "document.documentElement.id === 'ran' || !document.baseURI.startsWith(location.origin)"
        " || getComputedStyle(document.documentElement).backgroundColor === 'rgb(1, 2, 3)'"
    )
    assert did is not is_secured
