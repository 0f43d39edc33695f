"""The site in a browser: served on loopback, opened in Debian's chromium, and watched."""

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
    Page,
    Request,
    ViewportSize,
    sync_playwright,
)

PERMISSIONS = ["clipboard-read", "clipboard-write"]
WINDOW = ViewportSize(width=1280, height=720)
PACKED = {".html", ".css", ".js", ".json", ".svg", ".xml", ".atom", ".md", ".txt"}


def some(cases: Iterable[Any], *gate: Any) -> list[Any]:
    """Cases for `parametrize`: those of the gate, and the others, which only the long run has."""
    cases = list(cases)
    assert set(gate) <= set(cases)
    return [one if one in gate else _long(one) for one in cases]


def _long(case: Any) -> Any:
    values = case if isinstance(case, tuple) else (case,)
    return pytest.param(*values, marks=pytest.mark.long)


class Quiet(SimpleHTTPRequestHandler):
    """Files as a plain host serves them, texts packed."""

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
        self.send_header("Content-Length", str(len(packed)))
        self.end_headers()
        with suppress(ConnectionError):  # the browser went on to another page
            self.wfile.write(packed)


@contextmanager
def served(site: Path) -> Iterator[str]:
    """The address of a server of the built site."""
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
    """Chromium; a person without one skips the test, CI does not."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None and os.environ.get("CI") != "true":
        pytest.skip("chromium: not found; it opens the pages. Install it.")
    # Chromium's own sandbox does not start as root, which is who CI is.
    arguments = ["--no-sandbox", "--disable-background-networking", "--disable-sync"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        yield browser
        browser.close()


@contextmanager
def fresh(page: Page) -> Iterator[None]:
    """Leaves a page without a trace of what was kept, set or routed meanwhile.

    Nothing moves in it. Of the clipboard, which all pages have in common, each test takes care.
    """
    page.set_viewport_size(WINDOW)
    page.emulate_media(media="null", color_scheme="null", reduced_motion="reduce")
    page.bring_to_front()  # the tab key may have led out of it
    try:
        yield
    finally:
        page.unroute_all()
        page.context.clear_cookies()
        if page.url.startswith("http"):
            # From a page without scripts: the theme keeps the colours again when they change.
            empty = '<link rel="icon" href="data:,">'  # without one, a browser looks for its own
            page.route(
                "**/empty", lambda route: route.fulfill(body=empty, content_type="text/html")
            )
            page.goto(urljoin(page.url, "/empty"))
            page.evaluate("localStorage.clear(), sessionStorage.clear()")
            page.unroute_all()


@contextmanager
def watched(page: Page, home: str) -> Iterator[None]:
    """The page must stay on its own host, open no dialog and say nothing to the console."""
    odd = list[str]()

    def dismiss(dialog: Dialog) -> None:
        odd.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def hear(message: ConsoleMessage) -> None:
        if message.type == "error":
            odd.append(f"{message.text} {message.location}")

    def see(request: Request) -> None:
        if not request.url.startswith(home):
            odd.append(request.url)

    def fail(error: Error) -> None:
        odd.append(str(error))

    page.on("console", hear)
    page.on("pageerror", fail)
    page.on("request", see)
    page.on("dialog", dismiss)
    try:
        yield
    finally:
        page.remove_listener("console", hear)
        page.remove_listener("pageerror", fail)
        page.remove_listener("request", see)
        page.remove_listener("dialog", dismiss)
    assert odd == [], odd
