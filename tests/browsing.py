"""The site in a browser: served on loopback, opened in Debian's chromium, and watched."""

import gzip
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import BrowserContext, Dialog, Page, sync_playwright

PACKED = {".html", ".css", ".js", ".json", ".svg", ".xml", ".atom", ".md", ".txt"}


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
def open_browser() -> Iterator[BrowserContext]:
    """A profile of its own in chromium; a person without one skips the test, CI does not."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None and os.environ.get("CI") != "true":
        pytest.skip("chromium: not found; it opens the pages. Install it.")
    # Chromium's own sandbox does not start as root, which is who CI is.
    arguments = ["--no-sandbox", "--disable-background-networking", "--disable-sync"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        yield browser.new_context(permissions=["clipboard-read", "clipboard-write"])
        browser.close()


@contextmanager
def watched(context: BrowserContext, home: str) -> Iterator[Page]:
    """A page that must stay on its own host, open no dialog and say nothing to the console."""
    opened, odd = context.new_page(), list[str]()
    opened.on("console", lambda one: odd.append(one.text) if one.type == "error" else None)
    opened.on("pageerror", lambda error: odd.append(str(error)))
    opened.on("request", lambda one: None if one.url.startswith(home) else odd.append(one.url))

    def dismiss(dialog: Dialog) -> None:
        odd.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    opened.on("dialog", dismiss)
    yield opened
    opened.close()
    assert odd == [], odd
