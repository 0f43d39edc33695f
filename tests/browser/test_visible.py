"""What the record warns of is visible in a browser; a style that hides it is seen."""

import pytest
from conftest import is_long_run
from playwright.sync_api import Page

pytestmark = pytest.mark.no_cover

PAGES = (*([""] if is_long_run() else []), "nano-banana/", "status/")
UNSEEN = """() => {
  const shown = document.querySelector("article").getBoundingClientRect();
  const rgb = color => color.match(/[0-9.]+/g).map(Number);
  const paper = element => {
    for (; element; element = element.parentElement) {
      const color = rgb(getComputedStyle(element).backgroundColor);
      if (color[3] !== 0) return color;
    }
    return [255, 255, 255];
  };
  const isSeen = element => {
    const style = getComputedStyle(element), box = element.getBoundingClientRect();
    const ink = rgb(style.color), ground = paper(element);
    return element.checkVisibility({opacityProperty: true, visibilityProperty: true})
      && parseFloat(style.fontSize) >= 8 && box.width > 1 && box.height > 1
      && box.right > 0 && box.bottom + scrollY > 0 && box.left < shown.right
      && style.clipPath === "none" && ink[3] !== 0
      && ink.slice(0, 3).some((part, at) => Math.abs(part - ground[at]) > 40)
      && (!element.innerText || element.innerText.trim() !== "");
  };
  const risks = document.querySelectorAll("h2[id=risks] ~ ul:first-of-type li, .admonition p");
  return [...document.querySelectorAll(".tu-standing, .tu-mark, .tu-legacy"), ...risks]
    .filter(one => one.textContent.trim())
    .filter(one => !one.closest("[hidden], details:not([open]), .tu-fresh"))
    .filter(one => !one.closest(".tabbed-block:not(:first-child)"))
    .filter(one => !isSeen(one)).map(one => one.textContent.trim());
}"""
STYLES = (
    ".tu-risk,.tu-mark,.tu-legacy{display:none!important}",
    ".tu-standing{opacity:0}",
    ".tu-standing{font-size:0}",
    ".tu-standing{position:absolute;left:-9999px}",
    ".tu-standing{color:#fff}",
    ".tu-standing{clip-path:inset(50%)}",
)


def test_every_mark_and_risk_is_visible_and_none_under_a_hiding_style(
    page: Page, home: str
) -> None:
    for name in PAGES:
        page.goto(f"{home}/{name}")
        assert page.locator(".tu-standing, .admonition").count() > 0
        assert page.evaluate(UNSEEN) == []
    for css in STYLES:
        style = "sheet => {const s = new CSSStyleSheet(); s.replaceSync(sheet);"
        page.evaluate(f"{style} document.adoptedStyleSheets = [s];}}", css)
        assert page.evaluate(UNSEEN) != [], css
