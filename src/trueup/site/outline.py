"""Outline: the name of a language's site and its pages in the order of the menu, from the settings
of MkDocs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from trueup.errors import BadInput
from trueup.place import Place
from trueup.site.page_languages import MAIN
from trueup.source_file import read_source
from trueup.status_file import refuse_depth

LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
MOST_BYTES = 1_000_000
MOST_FILES = 5
"""Files that inherit each other: one for the language and one for the site are usual."""


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


def read_settings(file: Path, top: Path) -> list[tuple[Path, yaml.MappingNode]]:
    """Return a settings file and those that it inherits, the nearest first, with their places.

    Raises BadInput for one that cannot be read, and where they are too many or inherit each other.
    """
    files: list[tuple[Path, yaml.MappingNode]] = []
    where: Place | Path = file
    while True:
        if len(files) == MOST_FILES or file.resolve() in {one.resolve() for one, _ in files}:
            problem = f"the settings inherit each other, or more than {MOST_FILES} files"
            raise BadInput(where, problem, "Inherit one file.")
        root = _compose(file, top)
        files.append((file, root))
        parents = [value for key, value in root.value if key.value == "INHERIT"]
        if not parents:
            return files
        name = parents[-1].value if isinstance(parents[-1], yaml.ScalarNode) else "."
        where, file = place_of_node(file, parents[-1]), file.parent / str(name)


def place_of_node(file: Path, node: yaml.Node) -> Place:
    """Return the place of a part of a settings file."""
    return Place(str(file), node.start_mark.line + 1, node.start_mark.column + 1)


def merge_settings(files: Sequence[tuple[Path, yaml.MappingNode]]) -> dict[str, Any]:
    """Return the values of settings files, merged as MkDocs does: mappings at all levels, all else
    replaced by the nearest. Nothing in them is run, and a tag is read as null. Raises BadInput."""
    merged: dict[str, Any] = {}
    for file, root in reversed(files):
        try:
            merged = _merged(merged, _Loader("").construct_document(root))
        except (ValueError, yaml.YAMLError) as error:
            raise _unreadable(file, error) from error
    return merged


def load_settings(file: Path, top: Path) -> dict[str, Any]:
    """Return the settings of a file with those that it inherits. Raises BadInput."""
    return merge_settings(read_settings(file, top))


def named_options(listed: Any) -> dict[str, Any]:
    """Return the options by name of a list such as that of plugins, whose items are names or
    mappings, or of a mapping; nothing of another value."""
    if isinstance(listed, dict):
        return listed
    found: dict[str, Any] = {}
    for item in listed if isinstance(listed, list) else ():
        found |= item if isinstance(item, dict) else {str(item): None}
    return found


def _compose(file: Path, top: Path) -> yaml.MappingNode:
    try:
        text = read_source(file, top, MOST_BYTES)
        refuse_depth(text)
        for event in yaml.parse(text, Loader=LOADER):
            if isinstance(event, yaml.AliasEvent):
                raise ValueError(f"an alias, *{event.anchor}")
        root = yaml.compose(text, Loader=LOADER)
        if not isinstance(root, yaml.MappingNode):
            raise ValueError("not a mapping")
    except (OSError, ValueError, yaml.YAMLError, BadInput) as error:
        raise _unreadable(file, error) from error
    return root


def _unreadable(file: Path, error: Exception) -> BadInput:
    reason = error.message.problem if isinstance(error, BadInput) else str(error)
    problem = f"the MkDocs settings cannot be read ({' '.join(reason.split())})"
    return BadInput(file, problem, "Correct the file.")


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
