"""Looks: tabs, paper, motion and focus, and the choice of a base URL, in a real browser."""

import os
import re
import shutil
import subprocess
import sys
from operator import sub
from pathlib import Path
from typing import Any

import picture
import pytest
from browsing import TABS, copied, some
from conftest import OTHERS, TESTED, TOP, is_long_run
from PIL import Image
from playwright.sync_api import Browser, Locator, Page

from trueup.docs import Docs
from trueup.snippet import render_snippet
from trueup.verify.block_receipt import Report

pytestmark = pytest.mark.no_cover

OTHER = OTHERS[-1]
PREFIXES = {"en": "", "ja": "/ja", "zh": "/zh", "ru": "/ru"}
NOTES = {
    "en": f"Tested with {TESTED}; this base URL has no evidence of its own.",
    "ja": f"{TESTED} でテストしたものです。このベース URL 自体のエビデンスはありません。",
}


CONTRAST = 4.5
"""The least ratio of text to its background: WCAG 2.2, 1.4.3."""
FAINT = """least => {
  const pen = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
  const mixed = (colours) => {
    pen.fillStyle = "#fff";
    pen.fillRect(0, 0, 1, 1);
    for (const colour of colours) { pen.fillStyle = colour; pen.fillRect(0, 0, 1, 1); }
    return [...pen.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const light = (rgb) => rgb.map(v => v / 255)
    .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const faint = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode.data.trim(), holder = walker.currentNode.parentElement;
    const shown = holder.checkVisibility({visibilityProperty: true, opacityProperty: true});
    if (!text || !shown || holder.closest("script, style, svg, .md-skip, .md-search__output")) {
      continue;
    }
    const behind = [], ink = getComputedStyle(holder).color;
    for (let at = holder; at; at = at.parentElement) {
      behind.unshift(getComputedStyle(at).backgroundColor);
    }
    const [a, b] = [light(mixed(behind)), light(mixed([...behind, ink]))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < least) faint.add(`${ratio.toFixed(2)} ${holder.className} ${text.slice(0, 40)}`);
  }
  return [...faint];
}"""


def at(home: str, language: str, name: str = "") -> str:
    return f"{home}{PREFIXES[language]}/{name and f'{name}/'}"


@pytest.mark.parametrize("name", some(("", "status", "nano-banana"), "nano-banana"))
def test_text_on_paper_has_enough_contrast(name: str, page: Page, home: str) -> None:
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    page.goto(at(home, "en", name))
    page.emulate_media(media="print")
    assert page.evaluate(FAINT, CONTRAST) == []


def test_text_with_too_little_contrast_is_found(tab: Page) -> None:
    tab.goto("about:blank")  # or the policy of the page before would hold
    tab.set_content('<p style="color: #888">faint</p><p style="color: #666">plain</p>')
    assert tab.evaluate(FAINT, CONTRAST) == ["3.54  faint"]


KEY_BOUNDS = """() => [...document.querySelectorAll("[data-endpoint] pre > code")].map(code => {
  const walker = document.createTreeWalker(code, NodeFilter.SHOW_TEXT), box = code.parentElement;
  const shown = box.getBoundingClientRect();
  while (walker.nextNode()) {
    const at = walker.currentNode.data.indexOf("YOUR_API_KEY"), range = document.createRange();
    if (at < 0) continue;
    range.setStart(walker.currentNode, at);
    range.setEnd(walker.currentNode, at + 12);
    return [...range.getClientRects()].every(one => one.width && one.left >= shown.left
      && one.right <= Math.min(shown.right, innerWidth)) && code.scrollWidth <= code.clientWidth;
  }
  return false;
})"""
BUTTONS = """() => [...document.querySelectorAll("button[data-md-type=copy]")]
  .filter(one => one.checkVisibility())
  .map(one => {
    const box = one.getBoundingClientRect(), hit = document.elementFromPoint(
      box.left + box.width / 2, box.top + box.height / 2);
    return [Math.min(box.width, box.height) >= 24, getComputedStyle(one).color, hit === one];
  })"""


@pytest.mark.parametrize("width", some((360, 390, 768, 1440), 360))
def test_the_key_and_the_copy_button_of_each_block_are_in_sight(
    width: int, page: Page, home: str
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(at(home, "en", "nano-banana-2"))
    for index, _ in enumerate(page.locator("article .tabbed-set").first.locator("> input").all()):
        tab = f"article .tabbed-set > input:nth-child({index + 1})"
        page.locator(tab).first.evaluate("one => one.click()")
        block = page.locator("article .tabbed-set").first.locator(".tabbed-block:visible")
        block.locator("button[data-md-type=copy]").scroll_into_view_if_needed()
        bounds = page.evaluate(KEY_BOUNDS)
        assert bounds[index] is True, (index, bounds)
        assert page.evaluate(BUTTONS)[0] == [True, "rgba(0, 0, 0, 0.64)", True]


def test_the_logo_and_the_icon_of_the_tab_are_drawn(page: Page, home: str) -> None:
    page.goto(at(home, "ja", "nano-banana"))
    loaded = page.locator("header .md-logo img").evaluate("one => one.naturalWidth > 0")
    icon = page.locator("link[rel=icon]").evaluate("one => one.href")
    assert loaded and icon.endswith("/assets/favicon.svg")
    assert page.request.get(icon).headers["content-type"] == "image/svg+xml"


def chosen_tabs(page: Page) -> Any:
    return page.locator(".tabbed-set > input:checked").evaluate_all(
        "all => all.map(one => document.querySelector(`label[for=${one.id}]`).innerText)"
    )


def test_a_tab_stays_chosen_on_other_pages_and_in_other_languages(page: Page, home: str) -> None:
    page.goto(at(home, "en"))
    for name in ("JavaScript", "Python (google-genai)"):
        page.locator(".tabbed-labels").get_by_text(name, exact=True).click()
    page.goto(at(home, "ja", "nano-banana-pro"))
    page.locator("details:has(.tabbed-labels) > summary").click()
    # The second set has no such tab: what was chosen before that counts.
    assert chosen_tabs(page) == ["Python (google-genai)", "JavaScript"]


def test_paper_has_every_block_and_address_and_nothing_to_click(page: Page, home: str) -> None:
    page.goto(at(home, "en", "nano-banana"))
    page.emulate_media(media="print")
    blocks = page.locator("[data-endpoint]")
    assert blocks.count() == 7
    assert all(block.is_visible() for block in blocks.all())
    gone = ".md-header, .md-sidebar, .md-footer, .md-code__nav, .tu-bases, .headerlink"
    assert not [one for one in page.locator(gone).all() if one.is_visible()]
    page.locator("article").evaluate(
        'one => one.insertAdjacentHTML("beforeend", "<p><a href=https://a.example/>a</a></p>'
        '<details><summary>more</summary><p id=inside>inside</p></details>")'
    )
    link = page.locator("a[href='https://a.example/']")
    after = link.evaluate("one => getComputedStyle(one, '::after').content")
    assert "https://a.example/" in after
    assert page.locator("#inside").evaluate("one => one.checkVisibility()")


def test_nothing_moves_with_reduced_motion(page: Page, home: str) -> None:
    moving = """[...document.querySelectorAll("*")].filter(one => {
      const style = getComputedStyle(one);
      const longest = (all) => Math.max(...all.split(",").map(parseFloat));
      return longest(style.transitionDuration) > 0.001 || longest(style.animationDuration) > 0.001
        || style.scrollBehavior === "smooth";
    }).length"""
    page.emulate_media(reduced_motion="no-preference")
    page.goto(at(home, "en"))
    page.evaluate(
        "css => { const sheet = new CSSStyleSheet(); sheet.replaceSync(css);"
        " document.adoptedStyleSheets = [sheet]; }",
        "@keyframes fade {} h1 { animation: fade 5s; } html { scroll-behavior: smooth; }",
    )
    assert page.evaluate(moving) > 2
    page.emulate_media(reduced_motion="reduce")
    assert page.evaluate(moving) == 0


def test_the_colours_of_the_system_keep_the_copy_button_and_the_chosen_tab(
    page: Page, home: str
) -> None:
    page.emulate_media(forced_colors="active", reduced_motion="reduce")
    page.goto(at(home, "en", "nano-banana"))
    page.locator("article button[data-md-type=copy]").first.wait_for()
    paper, icon, *tabs = page.evaluate(
        """() => [
          getComputedStyle(document.body).backgroundColor,
          getComputedStyle(document.querySelector(".md-code__button"), "::after").backgroundColor,
          ...[...document.querySelector(".tabbed-labels").children]
            .map(one => getComputedStyle(one).borderBottomColor),
        ]"""
    )
    assert icon != paper
    assert [colour == paper for colour in tabs] == [False, True, True, True]


def test_the_keyboard_shows_where_it_is(page: Page, home: str) -> None:
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto(at(home, "en", "nano-banana"))
    seen = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        name, outline = page.evaluate(
            """() => {
              const one = document.activeElement, set = one.closest(".tabbed-set");
              const radio = one.matches(".tabbed-set > input");
              const shown = radio ? set.querySelector(".tabbed-labels")
                : one.matches(".md-option") ? one.nextElementSibling : one;
              const style = getComputedStyle(shown);
              return [radio ? "tab" : one.tagName, [style.outlineStyle, style.outlineWidth]];
            }"""
        )
        seen.add(name)
        if name == "BODY" or ({"tab", "A", "SELECT"} <= seen and not is_long_run()):
            break
        assert outline[0] == "solid" and outline[1] != "0px", name
    assert {"tab", "A", "SELECT"} <= seen


def code_of(block: Locator) -> str:
    return str(block.locator("pre > code").text_content()).rstrip()


def expected(docs: Docs, endpoint: str, language: str, url: str) -> str:
    """Return the snippet of a target that itself has this base URL."""
    status = docs.stored.status
    target = status.targets["production"].model_copy(update={"base_url": url})
    moved = status.model_copy(update={"targets": {**status.targets, "production": target}})
    return render_snippet(moved, endpoint, language, docs.top / "snippets").text


@pytest.mark.parametrize("name", some(["nano-banana", "nano-banana-2"], "nano-banana-2"))
def test_a_chosen_base_url_is_all_that_changes_in_a_block(
    name: str, page: Page, home: str, made: tuple[Docs, Report]
) -> None:
    docs = made[0]
    page.goto(at(home, "en", name))
    chooser = page.get_by_label("Base URL").first
    article = page.locator("article")
    before, languages = article.text_content(), set()
    for url in (*(OTHERS[::-1] if is_long_run() else [OTHER]), TESTED):
        chooser.select_option(url)
        for block in page.locator("[data-endpoint]").all():
            endpoint = str(block.get_attribute("data-endpoint"))
            language = str(block.get_attribute("id")).rpartition("--")[2]
            text = expected(docs, endpoint, language, url)
            assert code_of(block) == text
            if language == "curl" or is_long_run():
                assert copied(page, block) == text
            assert (url in text) and (TESTED in text or url != TESTED or name != "nano-banana-2")
            languages.add(language)
        notes = page.locator(".tu-elsewhere")
        # One beside each choice, and one in the box of the standing above it.
        assert notes.count() == (0 if url == TESTED else 2 * page.get_by_label("Base URL").count())
        assert set(notes.all_text_contents()) == (set() if url == TESTED else {NOTES["en"]})
        assert {one.input_value() for one in page.get_by_label("Base URL").all()} == {url}
    assert languages == set(TABS)
    assert article.text_content() == before


@pytest.mark.long
def test_the_note_stands_beside_the_choice_and_in_the_box_of_the_standing(
    page: Page, home: str
) -> None:
    page.goto(at(home, "en", "nano-banana"))
    page.get_by_label("Base URL").first.select_option(OTHER)
    holders = page.locator(".tu-elsewhere").evaluate_all(
        "all => all.map(one => one.parentElement.className)"
    )
    assert holders == ["admonition warning", "tu-bases", "admonition danger", "tu-bases"]
    chooser, note = page.locator(".tu-bases").first, page.locator(".tu-bases .tu-elsewhere").first
    assert chooser.get_attribute("aria-live") == "polite"
    below = (note.bounding_box() or {"y": 0})["y"] - (chooser.bounding_box() or {"y": 0})["y"]
    assert 0 <= below < 60


def test_the_keyboard_chooses_and_the_choice_holds_on_other_pages(page: Page, home: str) -> None:
    page.goto(at(home, "en", "nano-banana"))
    page.get_by_label("Base URL").first.focus()
    page.keyboard.press("End")
    assert page.locator(".tu-elsewhere").count() == 4
    page.goto(at(home, "ja", "nano-banana-2"))
    assert page.get_by_label("ベース URL").first.input_value() == OTHER
    assert set(page.locator(".tu-elsewhere").all_text_contents()) == {NOTES["ja"]}
    assert OTHER in code_of(page.locator("[data-endpoint]").first)


def test_a_choice_that_is_no_longer_offered_is_dropped(page: Page, home: str) -> None:
    page.goto(at(home, "en"))
    page.evaluate("localStorage.setItem('trueup.base-url', 'https://attacker.example')")
    page.goto(at(home, "en", "nano-banana"))
    assert page.get_by_label("Base URL").first.input_value() == TESTED
    assert "attacker" not in str(page.locator("article").text_content())


@pytest.mark.long
def test_without_storage_the_choice_holds_for_the_page(browser: Browser, home: str) -> None:
    with browser.new_context() as context:
        page = context.new_page()  # the theme's own scripts complain to the console
        page.add_init_script(
            "Object.defineProperty(window, 'localStorage', {get() { throw Error() }})"
        )
        page.goto(at(home, "en", "nano-banana"))
        page.get_by_label("Base URL").first.select_option(OTHER)
        assert OTHER in code_of(page.locator("[data-endpoint]").first)


def picture_is_right(file: Path) -> None:
    with Image.open(file) as image:
        assert image.size == (1860, 960) and file.stat().st_size < 150_000
        dots = image.convert("RGB").tobytes()
    seen = {tuple(dots[start : start + 3]) for start in range(0, len(dots), 3)}
    stale = (69, 90, 100)
    assert min(max(map(abs, map(sub, stale, other))) for other in seen) <= 16


@pytest.mark.long
def test_the_picture_of_the_status_page_has_its_colours(
    browser: Browser, home: str, tmp_path: Path
) -> None:
    picture.write(picture.taken(browser, f"{home}/status/"), tmp_path / "status.png")
    picture_is_right(tmp_path / "status.png")


@pytest.mark.long
def test_the_picture_is_of_a_site_built_for_it(tmp_path: Path) -> None:
    chromium = shutil.which("chromium") or pytest.skip("chromium: not found. Install it.")
    file = tmp_path / "status.png"
    command = [sys.executable, str(TOP / "scripts" / "picture.py"), chromium, str(file)]
    environment = os.environ | {"PYTHONPATH": str(TOP / "tests")}
    assert str(file) in subprocess.check_output(command, env=environment, text=True)
    picture_is_right(file)


def test_no_page_needs_a_style_or_a_script_of_its_own(made: tuple[Docs, Report]) -> None:
    parts: list[Any] = []
    for file in made[0].site.rglob("index.html"):
        text = file.read_text("utf-8")
        parts += re.findall(
            r'<figure class="tu-timeline".*?</figure>|<p class="tu-bases".*?</p>', text
        )
    assert parts
    assert not [part for part in parts if re.search(r"\bstyle=|<script|\bon\w+=", part)]
