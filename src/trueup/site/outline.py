"""Outline: the name of a language's site and its pages in the order of the menu, from the settings
of MkDocs."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from trueup.site.page_languages import MAIN
from trueup.source_file import read_source
from trueup.status_file import refuse_depth

MOST_INHERITED = 10
"""Settings files in a row that inherit each other: one for the language and one for the site are
usual, and the check refuses more than a few."""


@dataclass(frozen=True)
class Section:
    """Pages, by their sources, under one title; None for those at the menu's top."""

    title: str | None
    sources: tuple[str, ...]


@dataclass(frozen=True)
class Outline:
    """The name, description and menu of a language's site."""

    name: str
    description: str
    sections: tuple[Section, ...]

    @property
    def sources(self) -> tuple[str, ...]:
        """Every page of the menu, in its order."""
        return tuple(source for section in self.sections for source in section.sources)


def settings_of(language: str) -> str:
    """Return the name of the settings file of a language's site."""
    return "mkdocs.yml" if language == MAIN else f"mkdocs.{language}.yml"


def load_outline(top: Path, language: str) -> Outline:
    """Return the outline of a language's site, from settings with which MkDocs has built it."""
    settings = load_settings(top / settings_of(language), top)
    return Outline(
        name=str(settings["site_name"]),
        description=" ".join(str(settings.get("site_description") or "").split()),
        sections=tuple(_sections(None, settings.get("nav") or [])),
    )


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """A loader that reads the tags of MkDocs, such as `!ENV`, as null."""


_Loader.add_multi_constructor("", lambda *_: None)


def load_settings(file: Path, top: Path, most: int = MOST_INHERITED) -> dict[str, Any]:
    """Return the settings of a file with those that it inherits, merged as MkDocs does; nothing in
    them is run, and a tag is read as null.

    Beyond `most` files in a row none is inherited. Raises BadInput or OSError for a file that
    cannot be read, and YAMLError or ValueError for one that is no mapping.
    """
    text = read_source(file, top)
    refuse_depth(text)
    settings = yaml.load(text, Loader=_Loader)
    if not isinstance(settings, dict):
        raise ValueError("the settings are not a mapping")
    parent = settings.pop("INHERIT", None)
    if not parent or not most:
        return settings
    return _merged(load_settings(file.parent / str(parent), top, most - 1), settings)


def _merged(inherited: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    both = {
        name: _merged(inherited[name], value)
        for name, value in own.items()
        if isinstance(value, dict) and isinstance(inherited.get(name), dict)
    }
    return {**inherited, **own, **both}


def _sections(title: str | None, entries: list[Any]) -> Iterator[Section]:
    """Yield the runs of pages and the sections within, in their order."""
    run: list[str] = []
    for entry in entries:
        name, target = next(iter(entry.items())) if isinstance(entry, dict) else (None, entry)
        if not isinstance(target, list):
            run.append(target)
            continue
        if run:
            yield Section(title, tuple(run))
        run = []
        yield from _sections(name, target)
    if run:
        yield Section(title, tuple(run))
