"""The menu of a page is bounded, whatever the settings say of it."""

import importlib
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import lxml.html
import pytest
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.nav import Navigation, get_navigation

from trueup.site import build_site
from trueup.site.menu import MOST, Menu

TOP = Path(__file__).parent.parent


def names(items: Sequence[Any]) -> list[Any]:
    """The names of pages and links, a section with what is in it."""
    return [
        (one.title, names(one.children))
        if one.is_section
        else one.file.src_uri.removesuffix(".md")
        if one.is_page
        else one.title
        for one in items
    ]


def menu_of(sources: Sequence[str], nav: Any, active: str | None) -> tuple[Navigation, list[Any]]:
    """The whole menu of a site, and what is shown of it on a page. Pages with a number are of
    models."""
    config = MkDocsConfig()
    config.load_dict({"site_name": "Kiwis", "nav": nav})
    assert not any(config.validate())
    files = Files([File(one, "docs", "site", use_directory_urls=True) for one in sources])
    whole = get_navigation(files, config)
    for page in whole.pages:
        source = page.file.src_uri
        page.meta = {"model": source} if source[-4].isdigit() else {}
        if source == active:
            page.active = True
    context: Any = {"nav": whole}
    page = next((one for one in whole.pages if one.file.src_uri == active), whole.pages[0])
    plugin = Menu("All models", "status.md")
    if active:
        shown: Any = plugin.on_page_context(context, page=page, config=config, nav=whole)
    else:
        shown = plugin.on_template_context(context, template_name="404.html", config=config)
    return whole, names(shown["nav"].items)


MODELS = [f"m{number:03}.md" for number in range(100, 400)]
FLAT = ["index.md", "about.md", *MODELS, "status.md"]


def test_a_flat_folder_shows_a_model_among_its_neighbours_and_every_other_page() -> None:
    _, shown = menu_of(FLAT, None, "m200.md")
    near = [f"m{number}" for number in range(195, 206)]
    assert shown == ["index", "about", *near, "All models", "status"]


@pytest.mark.parametrize("active", ["status.md", None])
def test_a_page_of_no_model_shows_the_first_ones_and_where_all_are(active: str | None) -> None:
    _, shown = menu_of(FLAT, None, active)
    first = [f"m{number}" for number in range(100, 110)]
    assert shown == ["index", "about", *first, "All models", "status"]


def test_the_link_to_all_models_leads_to_the_status_page() -> None:
    whole, _ = menu_of(FLAT, None, "m200.md")
    context: Any = {"nav": whole}
    plugin = Menu("All models", "status.md")
    shown = plugin.on_template_context(context, template_name="404.html", config=MkDocsConfig())
    assert shown is not None
    links = [one.url for one in shown["nav"].items if one.is_link]
    assert links == ["status/"] and shown["nav"].homepage is whole.homepage


def test_without_a_status_page_there_is_no_link_to_it() -> None:
    _, shown = menu_of(["index.md", *MODELS], None, "m100.md")
    assert shown == ["index", *(f"m{number}" for number in range(100, 106))]


def test_a_section_is_bounded_too_and_one_elsewhere_shows_its_first_page() -> None:
    nav = ["index.md", {"A": MODELS[:150]}, {"B": [{"C": MODELS[150:]}]}, "status.md"]
    _, shown = menu_of(["index.md", "status.md", *MODELS], nav, "m251.md")
    near = [f"m{number}" for number in range(250, 257)]
    first = ("A", ["m100", "All models"])
    assert shown == ["index", first, ("B", [("C", [*near, "All models"])]), "status"]


def test_many_sections_and_many_other_pages_are_bounded() -> None:
    sections = [{f"S{number}": [name]} for number, name in enumerate(MODELS)]
    nav = ["index.md", *sections, "status.md"]
    _, shown = menu_of(["index.md", "status.md", *MODELS], nav, "m200.md")
    assert [one[0] for one in shown[1:-2]] == [f"S{number}" for number in range(95, 106)]
    assert shown[-2:] == ["All models", "status"]
    others = [f"{chr(97 + number // 26)}{chr(97 + number % 26)}.md" for number in range(200)]
    _, shown = menu_of(["index.md", *others], None, others[150])
    assert len(shown) == 30 + 11 and others[150][:-3] in shown and "All models" not in shown


def test_a_menu_of_so_many_pages_is_left_as_it_is() -> None:
    sources = ["index.md", *MODELS[: MOST - 1]]
    whole, shown = menu_of(sources, None, "m100.md")
    assert len(whole.pages) == MOST and shown == [source[:-3] for source in sources]


@pytest.mark.long
def test_no_page_of_a_large_site_links_to_all_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(TOP / "scripts"))
    bench_check = importlib.import_module("bench_check")
    monkeypatch.setattr(bench_check, "LANGUAGES", ("en",))
    bench_check.generate(tmp_path, 70)
    site = tmp_path / "site"
    build_site(tmp_path, site, date(2026, 5, 1))
    links = {}
    for file in site.rglob("*.html"):
        tree = lxml.html.parse(file).getroot()
        links[file.parent.name or ""] = {str(one) for one in tree.xpath("//nav//a/@href")}
    assert max(len([one for one in found if "model-" in one]) for found in links.values()) < 30
    status = lxml.html.parse(site / "status" / "index.html").getroot()
    rows = {str(one) for one in status.xpath("//article//li/a/@href")}
    assert len([one for one in rows if "model-" in one]) == 70
    assert not status.xpath("//details")
