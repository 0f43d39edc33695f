"""MkDocs config: no setting may run code, or change the text of a page after it was checked.

Each file is held to the known settings by itself, and those of each language as merged.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from html import unescape
from pathlib import Path
from typing import Any

import yaml

from trueup.check.known_settings import (
    FRONT,
    LABELS,
    LINK,
    REQUIRED_PARTS,
    REQUIRED_VALUES,
    SETTINGS,
    TAGS,
    Menu,
    Named,
    Text,
)
from trueup.errors import BadInput
from trueup.finding import Finding
from trueup.place import Place
from trueup.shipped_files import shipped_folder
from trueup.site import STATUS_PAGE, load_page, page_files, settings_of
from trueup.site.outline import (
    LOADER,
    load_settings,
    merge_settings,
    named_options,
    place_of_node,
    read_settings,
)
from trueup.site.source_pages import FRONT_MATTER
from trueup.status_file import refuse_depth

Problem = tuple[yaml.Node, str, str]
"""Node, problem and fix."""
META = re.compile(r" {0,3}[A-Za-z0-9_-]+:")
"""The beginning of a page that MkDocs reads as settings, as MultiMarkdown does."""
RULE = "site-setting"


def check_settings(top: Path, languages: tuple[str, ...]) -> list[Finding]:
    """Return findings in the settings that MkDocs reads, a file for each language, and in a module
    that its macros plugin would load."""
    found: dict[Finding, None] = {}
    for language in languages:
        try:
            files = read_settings(top / settings_of(language), top)
            for file, root in files:
                for node, problem, fix in (*_tags(root), *_unknown(root, SETTINGS, "")):
                    found[Finding(place_of_node(file, node), problem, fix, RULE)] = None
            for name, problem, fix in _missing(merge_settings(files), top, language):
                found[Finding(_place(files, name), problem, fix, RULE)] = None
        except BadInput as error:
            found[Finding.of(error.message, RULE)] = None
    for name in ("main.py", "main"):
        if (top / name).exists() or (top / name).is_symlink():
            problem = "mkdocs-macros would run this module"
            fix = "Rename it; a page calls the macros of Trueup alone."
            found[Finding(Place(str(top / name)), problem, fix, RULE)] = None
    return list(found)


def printed_settings(top: Path, languages: tuple[str, ...]) -> dict[Place, str]:
    """Return the text of each setting that pages print, such as a title of the menu."""
    found: dict[Place, str] = {}
    for language in languages:
        with suppress(BadInput):
            for file, root in read_settings(top / settings_of(language), top):
                for node in _labels(root, "", is_menu=False):
                    found[place_of_node(file, node)] = unescape(node.value)
    return found


def _labels(node: yaml.Node, name: str, is_menu: bool) -> Iterator[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if is_menu:
                yield key
            yield from _labels(value, key.value, is_menu or key.value == "nav")
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _labels(item, name, is_menu)
    elif name in LABELS and not is_menu:
        yield node


def check_front(file: Path, text: str) -> Iterator[Finding]:
    """Return findings in the front matter of a page; what is not valid is reported elsewhere."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    found = FRONT_MATTER.match(text)
    try:
        refuse_depth(found[1] if found else "")
        root = yaml.compose(found[1], Loader=LOADER) if found else None
    except (ValueError, yaml.YAMLError):
        return
    if isinstance(root, yaml.MappingNode):
        for node, problem, fix in _unknown(root, FRONT, ""):
            where = place_of_node(file, node)
            yield Finding(replace(where, line=where.line + 1), problem, fix, RULE)
    elif found or META.match(text):
        problem = "the page is shown otherwise than it is written: its beginning is "
        problem += "front matter without keys" if found else "read as front matter"
        fix = "Begin with keys and values between two lines of ---, or with a heading."
        yield Finding(Place(str(file), 1), problem, fix, RULE)


def _place(files: Sequence[tuple[Path, yaml.MappingNode]], name: str) -> Place:
    """Return the place of the nearest setting of a name, or of the whole of the nearest file."""
    nodes = ((file, key) for file, root in files for key, _ in root.value if key.value == name)
    return next((place_of_node(file, key) for file, key in nodes), Place(str(files[0][0])))


def _tags(node: yaml.Node) -> Iterator[Problem]:
    """Yield the tags that run code, read the environment or merge what is written elsewhere."""
    kind = str(node.tag).removeprefix("tag:yaml.org,2002:")
    if kind not in TAGS and not _is_address(node):
        yield node, f"the tag {node.tag} is not allowed", "Write the value without it."
    parts = [] if isinstance(node, yaml.ScalarNode) else node.value
    for part in parts:
        for one in part if isinstance(part, tuple) else (part,):
            yield from _tags(one)


def _is_address(node: yaml.Node) -> bool:
    """Return whether a node is `!ENV SITE_URL`, or `!ENV [SITE_URL, default]`."""
    parts = node.value if isinstance(node, yaml.SequenceNode) else [node]
    first, *others = [str(one.value) for one in parts] or [""]
    fits = first == "SITE_URL" and len(others) < 2 and all(map(LINK.pattern.fullmatch, others))
    return node.tag == "!ENV" and fits


def _unknown(node: yaml.Node, shape: Any, path: str) -> Iterator[Problem]:
    """Yield the settings that are not known, and values that are not allowed, of a node that must
    have a shape; the path is that of the node within the settings."""
    if node.tag == "!ENV" or node.tag == "tag:yaml.org,2002:null":
        return
    items = node.value if isinstance(node, yaml.SequenceNode) else [node]
    if isinstance(shape, list):
        for item in items:
            yield from _unknown(item, shape[0], path)
    elif isinstance(shape, Menu):
        yield from _menu(node, shape, path)
    elif isinstance(shape, Named):
        for item in items:
            is_name = isinstance(item, yaml.ScalarNode)
            pairs = [(item, None)] if is_name else item.value
            yield from _keys(pairs, shape, path)
    elif isinstance(shape, dict) and isinstance(node, yaml.MappingNode):
        yield from _keys(node.value, shape, path)
    else:
        text = shape[""] if isinstance(shape, dict) and "" in shape else shape
        yield from _value(node, text, path)


def _keys(pairs: Any, shape: Mapping[str, Any], path: str) -> Iterator[Problem]:
    for key, value in pairs:
        name = f"{path}.{key.value}".lstrip(".")
        if key.value == "" or key.value not in shape:
            others = f", or use one of {', '.join(sorted({*shape} - {''}))}" if path else ""
            problem = f"the setting {name} is not allowed, since it could change checked text"
            yield key, problem, f"Remove it{others}."
        elif value is not None:
            yield from _unknown(value, shape[key.value], name)


def _menu(node: yaml.Node, menu: Menu, path: str) -> Iterator[Problem]:
    if isinstance(node, yaml.ScalarNode):
        yield from _value(node, menu.page, path)
    for part in [] if isinstance(node, yaml.ScalarNode) else node.value:
        title, target = part if isinstance(part, tuple) else (None, part)
        if title is not None:
            yield from _value(title, menu.title, path)
        yield from _menu(target, menu, path)


def _value(node: yaml.Node, text: Any, path: str) -> Iterator[Problem]:
    if not (isinstance(node, yaml.ScalarNode) and isinstance(text, Text)):
        yield node, f"{path} is of another kind", "Write it as the manual of MkDocs does."
    elif not text.pattern.fullmatch(unescape(node.value)):
        yield node, f"{path} is {node.value!r}", text.fix


def _missing(merged: Mapping[str, Any], top: Path, language: str) -> Iterator[tuple[str, str, str]]:
    """Yield name, problem and fix of each setting that is missing or wrong once all are merged."""
    merged = {"use_directory_urls": True, **merged}
    expected = {path: _at(_shipped(), path) for path in REQUIRED_VALUES}
    for path, value in {"docs_dir": f"docs/{language}", **expected}.items():
        if _at(merged, path) != value:
            shown = str(value).lower() if isinstance(value, bool) else value
            yield path.partition(".")[0], f"{path} is not {shown}", "Set it."
    for name in REQUIRED_PARTS:
        if lost := [one for one in _parts(_shipped()[name]) if one not in _parts(merged.get(name))]:
            fix = f"Add {', '.join(map(str, lost))}."
            yield name, f"{name} lacks a part that the pages need", fix
    menu = merged.get("nav")
    for source in _standing_pages(top / "docs" / language) if menu else ():
        if not _is_in(menu, source):
            yield "nav", f"the menu lacks {source}", "Add it."


def _standing_pages(docs: Path) -> Iterator[str]:
    """Yield the pages that a menu may not leave out: that of all standings, and those of models."""
    for file in page_files(docs):
        with suppress(BadInput):
            page = load_page(docs, file)
            if page.model is not None or page.source == STATUS_PAGE:
                yield page.source


def _at(value: Any, path: str) -> Any:
    for name in path.split("."):
        value = named_options(value).get(name)
    return value


def _parts(value: Any) -> list[Any]:
    """Return the files of a list of scripts or styles as written, or the names of extensions."""
    items = value if isinstance(value, list) else list(named_options(value))
    return [one if not isinstance(one, dict) or "path" in one else next(iter(one)) for one in items]


def _is_in(menu: Any, source: str) -> bool:
    parts = menu.values() if isinstance(menu, dict) else menu if isinstance(menu, list) else ()
    return menu == source or any(_is_in(part, source) for part in parts)


@lru_cache(maxsize=1)
def _shipped() -> dict[str, Any]:
    return load_settings(shipped_folder() / "mkdocs.yml", shipped_folder())
