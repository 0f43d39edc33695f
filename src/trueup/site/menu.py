"""Menu: the part of a long menu that a page shows. Else each page would hold links to all others,
and a site would grow with the square of its pages."""

from collections.abc import Iterator, Sequence
from copy import copy

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.plugins import BasePlugin
from mkdocs.structure import StructureItem
from mkdocs.structure.nav import Link, Navigation, Section
from mkdocs.structure.pages import Page
from mkdocs.utils.templates import TemplateContext

MOST = 60
"""Siblings that a menu shows whole: about three screens, which readers still look through."""
FIRST, NEAR = 30, 5
"""Of more siblings, those shown besides models: the first, and those on each side of the page."""
MODELS = 10
"""Models shown where the page is none of them."""
CLOSED = 10
"""Pages of a section elsewhere that is left whole in a menu of more than MOST pages."""


class Menu(BasePlugin):  # type: ignore[no-untyped-call,type-arg]
    """The plugin that gives each page its part of a long menu. A short one stays as it is.

    `title` is that of the link to the page of all standings, whose source is `listing`. It stands
    behind models where some are left out.
    """

    def __init__(self, title: str, listing: str) -> None:
        self._title, self._listing = title, listing

    def on_page_context(
        self, context: TemplateContext, /, *, page: Page, config: MkDocsConfig, nav: Navigation
    ) -> TemplateContext:
        """Return the context of a page, with its part of the menu."""
        context["nav"] = self._shortened(nav)
        return context

    def on_template_context(
        self, context: TemplateContext, /, *, template_name: str, config: MkDocsConfig
    ) -> TemplateContext:
        """Return the context of a page without a source, such as the one of a missing page."""
        context["nav"] = self._shortened(context["nav"])
        return context

    def _shortened(self, nav: Navigation) -> Navigation:
        if len(nav.pages) <= MOST:
            return nav
        found = (page for page in nav.pages if page.file.src_uri == self._listing)
        link = next((Link(self._title, page.url) for page in found), None)
        part = copy(nav)
        part.items = list(_part(nav.items, link))
        return part


def _part(items: Sequence[StructureItem], all_models: Link | None) -> Iterator[StructureItem]:
    """Yield the items that are shown, in their order, and the link behind the last model."""
    models = [number for number, item in enumerate(items) if _is_model(item)]
    kept = set(range(len(items)))
    if len(items) > MOST:
        kept = set(_kept(items, models))
    last = max((number for number in models if number in kept), default=None)
    for number in sorted(kept):
        item = items[number]
        yield _opened(item, all_models) if isinstance(item, Section) else item
        if number == last and all_models is not None and not kept.issuperset(models):
            yield all_models


def _kept(items: Sequence[StructureItem], models: Sequence[int]) -> Iterator[int]:
    """Yield the places of the items that are shown of too many; `models` are those of models."""
    others = sorted(set(range(len(items))).difference(models))
    yield from others[:FIRST]
    near = [_near(run, items) for run in (others, models)]
    yield from near[0]
    yield from near[1] or models[:MODELS]


def _near(run: Sequence[int], items: Sequence[StructureItem]) -> Sequence[int]:
    """Return the places of the active item of a run and its neighbours; none where none is."""
    at = next((at for at, number in enumerate(run) if _is_active(items[number])), None)
    return () if at is None else run[max(at - NEAR, 0) : at + NEAR + 1]


def _opened(section: Section, all_models: Link | None) -> Section:
    """Return a section with the children that are shown; of a long one elsewhere, the first."""
    part = copy(section)
    if section.active or _count(section) <= CLOSED:
        part.children = list(_part(section.children, all_models))
        return part
    first = section.children[0]
    part.children = [_opened(first, all_models) if isinstance(first, Section) else first]
    if all_models is not None and _is_model(first):
        part.children.append(all_models)
    return part


def _count(section: Section) -> int:
    sections = (one for one in section.children if isinstance(one, Section))
    return len(section.children) + sum(map(_count, sections))


def _is_active(item: StructureItem) -> bool:
    return bool(getattr(item, "active", False))


def _is_model(item: StructureItem) -> bool:
    """Return whether an item is the page of a model, by its front matter, or a section of one."""
    if isinstance(item, Section):
        return any(map(_is_model, item.children[:1]))
    return isinstance(item, Page) and bool(item.meta.get("model"))
