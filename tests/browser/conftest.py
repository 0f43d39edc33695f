"""Fixtures of the browser tests: the browser, one tab of it, and the address of the site."""

from collections.abc import Iterator

import pytest
from browsing import PERMISSIONS, fresh, open_browser, served, watched
from playwright.sync_api import Browser, Page

from trueup.docs import Docs
from trueup.verify.block_receipt import Report

PATIENCE_MS = 300_000
"""Five minutes: no test may fail because the machine is slow."""


@pytest.fixture(scope="session")
def home(made: tuple[Docs, Report]) -> Iterator[str]:
    """The address at which the site is served."""
    with served(made[0].site) as address:
        yield address


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """The browser of this folder: while it is open, no other test could run an event loop."""
    with open_browser() as opened:
        yield opened


@pytest.fixture(scope="package")
def _tab(browser: Browser) -> Iterator[Page]:
    with browser.new_context(permissions=PERMISSIONS) as context:
        context.set_default_timeout(PATIENCE_MS)
        yield context.new_page()


@pytest.fixture
def tab(_tab: Page) -> Iterator[Page]:
    """The one tab of most tests, cheaper than a new one, in the state of a first visit."""
    with fresh(_tab):
        yield _tab


@pytest.fixture
def page(tab: Page, home: str) -> Iterator[Page]:
    with watched(tab, home):
        yield tab
