"""Accessibility: axe-core finds nothing on any kind of page, and the keyboard reaches all."""

from collections.abc import Sequence
from itertools import product

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from browsing import some
from playwright.sync_api import Page

from trueup.docs import Docs
from trueup.verify.block_receipt import Report

pytestmark = pytest.mark.no_cover

PAGES = {
    "home": "",
    "status": "status/",
    "model": "nano-banana/",
    "prose": "decides/",
    "samples": "gemini-image-generation/",
    "lost": "404.html",
}
TRANSLATED = ("ja/status/", "ru/status/", "zh/signatures/")
SCHEMES = {"light": "default", "dark": "slate"}
WINDOWS = {"desktop": (1280, 900), "phone": (360, 800)}
VIEWS = tuple(product(SCHEMES, WINDOWS))
VISUAL = ("color-contrast", "link-in-text-block", "scrollable-region-focusable")
"""The rules that depend on colours and widths."""
STILL = "document.getAnimations().every(one => one.playState !== 'running')"


def findings(page: Page, rules: Sequence[str] = (), within: str | None = None) -> list[str]:
    """Return the findings of axe-core, a line for each element, by its default or given rules;
    with a selector, in what it names alone."""
    page.wait_for_function(STILL)
    options = {"resultTypes": ["violations"], **({"runOnly": list(rules)} if rules else {})}
    return [
        f"{rule['id']}: {node['target'][0]}: {' '.join(node['failureSummary'].split())}"
        for rule in Axe().run(page, within, options).response["violations"]
        for node in rule["nodes"]
    ]


def open_in(page: Page, address: str, scheme: str, window: str) -> None:
    width, height = WINDOWS[window]
    page.set_viewport_size({"width": width, "height": height})
    page.emulate_media(
        color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce"
    )
    page.goto(address)


def search(page: Page, window: str) -> None:
    """Open the search with a result."""
    if window == "phone":
        page.locator("label.md-header__button[for=__search]").first.click()
    field = page.locator(".md-search__input").first
    field.click()
    field.fill("billing")
    field.press("End")  # text that is not typed by keys alone goes unnoticed
    page.locator(".md-search-result__link").first.wait_for()


@pytest.mark.parametrize(
    ("name", "scheme", "window"),
    some(
        [(name, *view) for name in (*PAGES, "search") for view in VIEWS],
        ("model", "light", "desktop"),
        ("home", "dark", "phone"),
    ),
)
def test_axe_finds_nothing(name: str, scheme: str, window: str, page: Page, home: str) -> None:
    open_in(page, f"{home}/{PAGES.get(name, '')}", scheme, window)
    assert page.locator("body").get_attribute("data-md-color-scheme") == SCHEMES[scheme]
    if name == "search":
        search(page, window)
    assert findings(page, () if (scheme, window) == ("light", "desktop") else VISUAL) == []
    page.wait_for_function("document.documentElement.scrollWidth <= window.innerWidth")


@pytest.mark.long
@pytest.mark.parametrize("path", TRANSLATED)
def test_axe_finds_nothing_in_other_languages(path: str, page: Page, home: str) -> None:
    open_in(page, f"{home}/{path}", "light", "desktop")
    assert findings(page) == []


@pytest.mark.long
@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("window", WINDOWS)
def test_axe_finds_nothing_on_any_page(
    scheme: str, window: str, page: Page, home: str, made: tuple[Docs, Report]
) -> None:
    found = {}
    for source in made[0].pages:
        open_in(page, f"{home}/{source.html.removesuffix('index.html')}", scheme, window)
        found[source.html] = findings(page)
    assert {name: lines for name, lines in found.items() if lines} == {}


@pytest.mark.long
@pytest.mark.parametrize("name", ("nano-banana", "nano-banana-2", ""))
def test_axe_finds_no_faint_code_in_any_tab(name: str, page: Page, home: str) -> None:
    open_in(page, f"{home}/{name}", "dark", "desktop")
    inputs = page.locator("article .tabbed-set > input")
    opened = (
        "(all, tab) => all.filter(one => one.matches(`:nth-child(${tab})`))"
        ".map(one => one.click()).length"
    )
    tab = 1
    while inputs.evaluate_all(opened, tab):
        assert findings(page, ["color-contrast"], "article .tabbed-set") == []
        tab += 1
    assert tab > 3


BROKEN = {
    "image-alt": '<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=">',
    "color-contrast": '<p style="color: #999; background: #fff">pale</p>',
    "heading-order": "<h2>two</h2><h4>four</h4>",
    "link-name": '<a href="#x"></a>',
    "label": '<input type="text">',
}


def test_axe_finds_broken_parts(tab: Page) -> None:
    sound = '<!doctype html><html lang="en"><title>t</title><main><h1>a</h1>{}</main></html>'
    tab.goto("about:blank")  # or the policy of the page before would hold
    tab.set_content(sound.format("<p>dark</p>"))
    assert findings(tab) == []
    tab.set_content(sound.format("".join(BROKEN.values())))
    assert sorted(line.partition(":")[0] for line in findings(tab)) == sorted(BROKEN)
    assert [line.partition(":")[0] for line in findings(tab, within="p")] == ["color-contrast"]


# The parts that a reader must reach. Of radio buttons the tab key reaches one, and other keys the
# others; the links within tabs are beside them.
REACHED = {
    "skip link": "a.md-skip",
    "copy button": "article button[data-md-type=copy]",
    "tabs": "article .tabbed-set:not(details:not([open]) *) > input:checked",
    "colour switch": "header form:has(> input[name=__palette])",
    "search": "header input.md-search__input",
    "languages": "header .md-select > button",
    "a language": "header a.md-select__link",
    "pages": ".md-sidebar--primary a.md-nav__link[href]",
    "headings": ".md-sidebar--secondary a.md-nav__link[href]",
    "links": "article a[href]:not(.tabbed-labels a)",
    "folded parts": "article summary",
}
MAY_BE_ABSENT = {"folded parts"}
FOCUSED = """() => {
  const element = document.activeElement;
  window.reached ??= new Set();
  const known = window.reached.has(element);
  window.reached.add(element);
  return known || element === document.body;
}"""
FOUND = """selector => [...document.querySelectorAll(selector)]
  .filter(one => one.tagName === "INPUT" || one.checkVisibility())
  .map(one => [
    [one, ...(one.tagName === "FORM" ? one.elements : [])].some(part => window.reached.has(part)),
    one.outerHTML.slice(0, 120),
  ])"""


def walk(page: Page) -> None:
    """Press the tab key from the top of a page until it returns there."""
    for _ in range(1000):
        page.keyboard.press("Tab")
        if page.evaluate(FOCUSED):
            return
    raise AssertionError("the tab key did not return to the top")


def missed(page: Page, kind: str) -> list[str]:
    """Return the elements of a kind that the tab key did not reach, or that the page lacks."""
    found = page.evaluate(FOUND, REACHED[kind])
    if not found and kind not in MAY_BE_ABSENT:
        return [f"{kind}: none is there"]
    return [str(text) for reached, text in found if not reached]


def test_the_tab_key_reaches_everything_but_a_part_that_cannot_be_reached(
    page: Page, home: str
) -> None:
    open_in(page, f"{home}/nano-banana/", "light", "desktop")
    page.locator("article button[data-md-type=copy]").first.wait_for()
    page.evaluate(
        "document.querySelector('article').insertAdjacentHTML('beforeend',"
        " '<button data-md-type=copy tabindex=-1 id=unreachable></button>')"
    )
    walk(page)
    (button,) = missed(page, "copy button")
    assert "unreachable" in button
    page.evaluate("document.querySelector('#unreachable').remove()")
    assert {kind: missed(page, kind) for kind in REACHED} == {kind: [] for kind in REACHED}
    page.evaluate("document.querySelector('.md-select').remove()")
    assert missed(page, "languages") == ["languages: none is there"]


def focus(page: Page, selector: str) -> None:
    """Focus an element that the tab key reaches."""
    page.locator(selector).first.focus()


@pytest.mark.long
def test_keys_alone_choose_a_tab_and_copy_its_block(page: Page, home: str) -> None:
    open_in(page, f"{home}/nano-banana/", "light", "desktop")
    focus(page, "article .tabbed-set > input:checked")
    page.keyboard.press("ArrowRight")
    shown = page.locator("article .tabbed-set").first.locator(".tabbed-block:visible")
    assert shown.locator("[data-endpoint]").get_attribute("id") == (
        "nano-banana--generate-content--python"
    )
    shown.locator("button[data-md-type=copy]").wait_for()
    page.evaluate("navigator.clipboard.writeText('')")
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.dataset.mdType === 'copy'"):
            break
    page.keyboard.press("Enter")
    page.wait_for_function("navigator.clipboard.readText().then(text => text.length > 0)")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == shown.locator("pre code").inner_text().rstrip()


@pytest.mark.long
def test_keys_alone_change_the_colours(page: Page, home: str) -> None:
    open_in(page, f"{home}/nano-banana/", "light", "desktop")
    seen = dict.fromkeys(SCHEMES.values(), False)
    focus(page, "header input[name=__palette]")
    for _ in range(3):  # one of the choices may be to follow the system
        page.keyboard.press("Enter")
        seen[str(page.locator("body").get_attribute("data-md-color-scheme"))] = True
    assert all(seen.values())


@pytest.mark.long
def test_keys_alone_open_another_language(page: Page, home: str) -> None:
    open_in(page, f"{home}/nano-banana/", "light", "desktop")
    focus(page, "header .md-select > button")
    page.keyboard.press("Tab")
    while page.evaluate("document.activeElement.hreflang") != "ja":
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{home}/ja/nano-banana/")
