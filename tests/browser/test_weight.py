"""Weight: the compressed bytes that the status page adds to an empty page of the theme."""

from pathlib import Path

import pytest
from browsing import served, watched
from mkdocs.commands.build import build
from mkdocs.config import load_config
from playwright.sync_api import Page, Request

from trueup.docs import Docs
from trueup.verify.block_receipt import Report

pytestmark = pytest.mark.no_cover

MOST = 60 * 1024
"""About a second on a slow phone connection of 0.5 Mbit/s."""
EMPTY = """
site_name: Empty
theme: {name: material, font: false, palette: {scheme: default, primary: indigo, accent: indigo}}
plugins: [search]
"""


def weight(tab: Page, site: Path, path: str) -> dict[str, int]:
    """Return the compressed bytes of each file that a browser fetches for a page at first."""
    loaded = list[Request]()

    def keep(request: Request) -> None:
        loaded.append(request)

    # The address is new to the browser, so its cache is empty.
    with served(site) as home, watched(tab, home):
        tab.on("requestfinished", keep)
        try:
            tab.goto(f"{home}/{path}", wait_until="networkidle")
            return {
                request.url.removeprefix(home): request.sizes()["responseBodySize"]
                for request in loaded
            }
        finally:
            tab.remove_listener("requestfinished", keep)


def test_the_status_page_weighs_little_more_than_an_empty_one(
    tab: Page, made: tuple[Docs, Report], tmp_path: Path
) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text("# Empty\n")
    (tmp_path / "mkdocs.yml").write_text(EMPTY)
    build(load_config(str(tmp_path / "mkdocs.yml")))
    empty = weight(tab, tmp_path / "site", "")
    full = weight(tab, made[0].site, "status/")
    assert any("/bundle" in name for name in empty) and sum(empty.values()) > MOST
    assert sum(full.values()) - sum(empty.values()) <= MOST, (full, empty)


def test_a_file_that_a_page_fetches_is_weighed(tab: Page, tmp_path: Path) -> None:
    noise = bytes(range(256)) * 8
    (tmp_path / "noise.png").write_bytes(noise)
    head = '<link rel="icon" href="data:,">'
    (tmp_path / "light.html").write_text(head)
    (tmp_path / "heavy.html").write_text(f'{head}<script>fetch("noise.png")</script>')
    light, heavy = (weight(tab, tmp_path, f"{name}.html") for name in ("light", "heavy"))
    assert sum(heavy.values()) - sum(light.values()) >= len(noise)
