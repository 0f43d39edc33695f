"""Browsing: the site served on loopback, opened in Debian's chromium, and watched."""

import gzip
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Dialog,
    Error,
    Locator,
    Page,
    Request,
    ViewportSize,
    sync_playwright,
)

PERMISSIONS = ["clipboard-read", "clipboard-write"]
WINDOW = ViewportSize(width=1280, height=720)
PACKED = {".html", ".css", ".js", ".json", ".svg", ".xml", ".atom", ".md", ".txt"}
TABS = {
    "curl": "curl",
    "python": "Python",
    "javascript": "JavaScript",
    "genai": "Python (google-genai)",
}
"""The labels of the tabs, by the last part of a block's id."""


def some(cases: Iterable[Any], *gate: Any) -> list[Any]:
    """Return cases for `parametrize`; those not in `gate` are in the long run alone."""
    cases = list(cases)
    assert set(gate) <= set(cases)
    return [case if case in gate else _long(case) for case in cases]


def _long(case: Any) -> Any:
    values = case if isinstance(case, tuple) else (case,)
    return pytest.param(*values, marks=pytest.mark.long)


class Quiet(SimpleHTTPRequestHandler):
    """A static server that compresses texts; a browser may keep all but the pages."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None: ...

    def do_GET(self) -> None:
        file = Path(self.translate_path(urlsplit(self.path).path))
        file = file / "index.html" if file.is_dir() and self.path.endswith("/") else file
        if file.suffix not in PACKED or not file.is_file():
            return super().do_GET()
        packed = gzip.compress(file.read_bytes(), mtime=0)
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(str(file)))
        self.send_header("Content-Encoding", "gzip")
        if file.suffix != ".html":
            self.send_header("Cache-Control", "max-age=600")
        self.send_header("Content-Length", str(len(packed)))
        self.end_headers()
        with suppress(ConnectionError):  # the browser went on to another page
            self.wfile.write(packed)


@contextmanager
def served(site: Path) -> Iterator[str]:
    """Serve the built site; yields its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site)))
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def open_browser() -> Iterator[Browser]:
    """Open Chromium; without one the test is skipped, but not in CI."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None and os.environ.get("CI") != "true":
        pytest.skip("chromium: not found; it opens the pages. Install it.")
    # Chromium's own sandbox does not start as root, the user of CI.
    arguments = ["--no-sandbox", "--disable-background-networking", "--disable-sync"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        yield browser
        browser.close()


@contextmanager
def fresh(page: Page) -> Iterator[None]:
    """Reset a page's window, media, storage and routes; without motion.

    The clipboard, which all pages share, is left to each test.
    """
    page.set_viewport_size(WINDOW)
    page.emulate_media(
        media="null", color_scheme="null", reduced_motion="reduce", forced_colors="null"
    )
    page.bring_to_front()  # the tab key may have led out of it
    try:
        yield
    finally:
        page.unroute_all()
        page.context.clear_cookies()
        if page.url.startswith("http"):
            # From a page without scripts: the theme stores the colours again when they change.
            empty = '<link rel="icon" href="data:,">'  # without one, a browser requests its own
            page.route(
                "**/empty", lambda route: route.fulfill(body=empty, content_type="text/html")
            )
            page.goto(urljoin(page.url, "/empty"))
            page.evaluate("localStorage.clear(), sessionStorage.clear()")
            page.unroute_all()


@contextmanager
def watched(page: Page, home: str) -> Iterator[None]:
    """Check that the page stays on its own host, opens no dialog and logs no error."""
    problems = list[str]()

    def on_dialog(dialog: Dialog) -> None:
        problems.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def on_console(message: ConsoleMessage) -> None:
        if message.type == "error":
            problems.append(f"{message.text} {message.location}")

    def on_request(request: Request) -> None:
        if not request.url.startswith(home):
            problems.append(request.url)

    def on_error(error: Error) -> None:
        problems.append(str(error))

    page.on("console", on_console)
    page.on("pageerror", on_error)
    page.on("request", on_request)
    page.on("dialog", on_dialog)
    try:
        yield
    finally:
        page.remove_listener("console", on_console)
        page.remove_listener("pageerror", on_error)
        page.remove_listener("request", on_request)
        page.remove_listener("dialog", on_dialog)
    assert problems == [], problems


def copied(page: Page, block: Locator) -> str:
    """Open a block's tab, in its box if it is folded, click its copy button, and return the text on
    the clipboard."""
    block.evaluate("block => { const box = block.closest('details'); if (box) box.open = true; }")
    page.evaluate("navigator.clipboard.writeText('')")
    tabs = block.locator("xpath=ancestor::*[contains(@class,'tabbed-set')][1]")
    name = TABS[str(block.get_attribute("id")).rpartition("--")[2]]
    tabs.locator(".tabbed-labels").get_by_text(name, exact=True).click()
    block.hover()
    block.locator("button[data-md-type='copy']").click()
    is_there = "navigator.clipboard.readText().then(text => text.length > 0)"
    page.wait_for_function(is_there, polling=50)
    return str(page.evaluate("navigator.clipboard.readText()"))
