"""Kept pages: a page is made again only when something differs that it is made from."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

from mkdocs.commands import build as build_command
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure import StructureItem
from mkdocs.structure.files import Files
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page
from mkdocs.structure.toc import AnchorLink, get_toc
from pydantic_core import to_json

from trueup.memo import Memo


@contextmanager
def keeping_pages(memo: Memo, finish: Callable[[Path, str], str]) -> Iterator[set[Path]]:
    """Let MkDocs take pages from a memo where it has them. `finish` gets the file of each page and
    its HTML, and returns the HTML to be published. Yields the files of the pages so far.

    The conditions of the memo are all that pages are made from but their own Markdown and the menu.
    """
    render, build_page = Page.render, build_command._build_page
    menus: dict[int, str] = {}
    made_files = set[Path]()

    def render_once(page: Page, config: MkDocsConfig, files: Files) -> None:
        def rendered() -> dict[str, Any]:
            render(page, config, files)
            return _rendered(page)

        made = memo.get(["markdown", page.file.src_uri, page.markdown or ""], rendered)
        page.content, page.toc = made["content"], get_toc(made["toc"])
        page._title_from_render = made["title"]
        page.present_anchor_ids = set(made["ids"])
        links = {files.get_file_from_path(name): to for name, to in made["links"].items()}
        page.links_to_anchors = {file: to for file, to in links.items() if file is not None}

    def build_once(page: Page, config: MkDocsConfig, *others: Any, **options: Any) -> None:
        nav: Navigation = others[1]
        if id(nav) not in menus:
            menus[id(nav)] = sha256(_json(list(_entries(nav.items))).encode()).hexdigest()
        indexes = map(_search_entries, config.plugins.values())
        found = [entries for entries in indexes if entries is not None]
        file = Path(page.file.abs_dest_path)

        def built() -> dict[str, Any]:
            starts = [len(entries) for entries in found]
            build_page(page, config, *others, **options)
            added = [entries[start:] for entries, start in zip(found, starts, strict=True)]
            for entries, start in zip(found, starts, strict=True):
                del entries[start:]
            html = finish(file, file.read_bytes().decode()) if file.exists() else None
            return {"html": html, "search": added}

        seen = [page.url, page.content, page.meta, page.title, [_token(one) for one in page.toc]]
        around = [one and [one.url, one.title] for one in (page.previous_page, page.next_page)]
        made = memo.get(["page", menus[id(nav)], _json([seen, around])], built)
        if made["html"] is not None:  # MkDocs writes no page that is empty
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(made["html"], encoding="utf-8")
            made_files.add(file)
        for entries, added in zip(found, made["search"], strict=True):
            entries += added

    vars_of_page: Any = Page
    vars_of_build: Any = build_command
    vars_of_page.render, vars_of_build._build_page = render_once, build_once
    try:
        yield made_files
    finally:
        vars_of_page.render, vars_of_build._build_page = render, build_page


def _json(value: Any) -> str:
    return to_json(value, bytes_mode="base64", fallback=repr).decode()


def _rendered(page: Page) -> dict[str, Any]:
    """Return what MkDocs makes of the Markdown of a page."""
    return {
        "content": page.content,
        "title": page._title_from_render,
        "toc": [_token(link) for link in page.toc],
        "ids": sorted(page.present_anchor_ids or ()),
        "links": {file.src_uri: to for file, to in (page.links_to_anchors or {}).items()},
    }


def _token(link: AnchorLink) -> dict[str, Any]:
    """Return a part of the contents of a page as `get_toc` reads it."""
    children = [_token(child) for child in link.children]
    return {"name": link.title, "id": link.id, "level": link.level, "children": children}


def _entries(items: Iterable[StructureItem]) -> Iterator[list[Any]]:
    """Yield the titles, addresses and front matter of a menu."""
    for item in items:
        own = [type(item).__name__, item.title, getattr(item, "url", None)]
        own.append(getattr(item, "meta", None))
        yield [*own, *_entries(getattr(item, "children", None) or ())]


def _search_entries(plugin: Any) -> list[Any] | None:
    """Return the entries of the theme's search, to which each page adds its own."""
    return getattr(getattr(plugin, "search_index", None), "entries", None)
