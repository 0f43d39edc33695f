import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import partial
from hashlib import sha256
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from conftest import copy_repository, load_docs
from playwright.sync_api import BrowserContext, Page, sync_playwright

from trueup.crew import Crew
from trueup.docs import Docs
from trueup.receipt import Report
from trueup.run import open_mock

TABS = {
    "curl": "curl",
    "python": "Python",
    "javascript": "JavaScript",
    "genai": "Python (google-genai)",
}


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None: ...


@contextmanager
def served(site: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site)))
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Docs, Report]:
    top = copy_repository(tmp_path_factory.mktemp("browsed"))
    docs = replace(load_docs(top), today=date(2026, 4, 14))
    docs.build(os.environ)
    report, findings = docs.verify(Crew(partial(open_mock, docs.stored)))
    assert not findings
    return docs, report


@pytest.fixture(scope="module")
def home(made: tuple[Docs, Report]) -> Iterator[str]:
    with served(made[0].site) as address:
        yield address


@pytest.fixture(scope="module")
def context() -> Iterator[BrowserContext]:
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None and os.environ.get("CI") != "true":
        pytest.skip("chromium: not found; it opens the pages. Install it.")
    # Chromium's own sandbox does not start as root, which is who CI is.
    arguments = ["--no-sandbox", "--disable-background-networking", "--disable-sync"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        opened = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
        yield opened
        browser.close()


@pytest.fixture
def page(context: BrowserContext, home: str) -> Iterator[Page]:
    """A page that must stay on its own host and say nothing to the console."""
    opened, odd = context.new_page(), list[str]()
    opened.on("console", lambda one: odd.append(one.text) if one.type == "error" else None)
    opened.on("pageerror", lambda error: odd.append(str(error)))
    opened.on("request", lambda one: None if one.url.startswith(home) else odd.append(one.url))
    yield opened
    opened.close()
    assert odd == []


def test_the_clipboard_holds_what_the_receipt_hashed(
    page: Page, home: str, made: tuple[Docs, Report]
) -> None:
    receipts = {(receipt.sha256, path) for receipt in made[1].receipts for path in receipt.pages}
    copied = set()
    for path in {path for _, path in receipts}:
        page.goto(f"{home}/{path}")
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


def test_the_advice_grows_old_in_an_open_page(page: Page, home: str) -> None:
    shown = {}
    for day in ("2026-05-14", "2026-05-15"):
        page.clock.set_fixed_time(datetime.fromisoformat(day).replace(tzinfo=UTC))
        page.goto(f"{home}/nano-banana/")
        shown[day] = page.locator("article ol li").first.inner_text()
    assert shown["2026-05-14"].startswith("If you need a usable image route now, start with")
    assert "nobody has retested it since" in shown["2026-05-15"]


def test_every_page_fits_a_phone(page: Page, home: str, made: tuple[Docs, Report]) -> None:
    page.set_viewport_size({"width": 360, "height": 800})
    for source in made[0].pages:
        page.goto(f"{home}/{source.html.removesuffix('index.html')}")
        wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert wide <= 0, source.source


def test_the_sentences_and_receipts_are_there_without_javascript(
    context: BrowserContext, home: str
) -> None:
    browser = context.browser
    assert browser
    with browser.new_context(java_script_enabled=False) as plain:
        page = plain.new_page()
        page.goto(f"{home}/nano-banana/")
        text = page.locator("article").inner_text()
    assert "If you need a usable image route now, start with" in text
    assert "nobody has retested" not in text
    assert "Replays the evidence of 2026-04-14" in text
