"""MkDocs config: no setting may run code, or change the text of a page after it was checked.

The settings of each language are judged as merged, and each file that they inherit by itself.
"""

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import yaml

from trueup.check.known_settings import (
    EXTENSIONS,
    EXTRA,
    FENCE,
    LINKS,
    PLUGINS,
    REQUIRED,
    SETTINGS,
    TAGS,
    THEME,
)
from trueup.errors import BadInput
from trueup.finding import Finding
from trueup.place import Place
from trueup.site import settings_of
from trueup.source_file import read_source
from trueup.status_file import refuse_depth

LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
MOST_BYTES = 1_000_000
MOST_FILES = 5
"""Files that inherit each other: one for the language and one for the site are usual."""
SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
Node = yaml.Node
Entry = tuple[Node, Node]
"""Key and value."""
Problem = tuple[Node, str, str]
"""Node, problem and fix."""
NOT_ALLOWED = "is not allowed, since it could change checked text"


def check_settings(top: Path, languages: tuple[str, ...]) -> list[Finding]:
    """Return findings in the settings that MkDocs reads, a file for each language, and in a module
    that its macros plugin would load."""
    found: dict[Finding, None] = {}
    for language in languages:
        files: list[tuple[Path, yaml.MappingNode]] = []
        try:
            _load_chain(top, top / settings_of(language), files)
        except BadInput as error:
            found[Finding.of(error.message, "site-setting")] = None
            continue
        for file, root in files:
            found.update(dict.fromkeys(_findings(file, _problems(root))))
        found.update(dict.fromkeys(_missing(files, language)))
    for name in ("main.py", "main"):
        if (top / name).exists() or (top / name).is_symlink():
            problem = "mkdocs-macros would run this module"
            fix = "Rename it; a page calls the macros of Trueup alone."
            found[Finding(Place(str(top / name)), problem, fix, "site-setting")] = None
    return list(found)


def _findings(file: Path, problems: Iterator[Problem]) -> Iterator[Finding]:
    for node, problem, fix in problems:
        yield Finding(_place(file, node), problem, fix, "site-setting")


def _place(file: Path, node: Node) -> Place:
    return Place(str(file), node.start_mark.line + 1, node.start_mark.column + 1)


def _load_chain(top: Path, file: Path, files: list[tuple[Path, yaml.MappingNode]]) -> None:
    """Add a settings file and those that it inherits, the nearest first. Raises BadInput."""
    root = _load(top, file)
    files.append((file, root))
    parent = dict(_entries(root)).get("INHERIT")
    if parent is None:
        return
    value = parent[1]
    name = str(value.value) if isinstance(value, yaml.ScalarNode) else "."
    following = file.parent / name
    if len(files) == MOST_FILES or following.resolve() in {one.resolve() for one, _ in files}:
        problem = f"the settings inherit each other, or more than {MOST_FILES} files"
        raise BadInput(_place(file, value), problem, "Inherit one file.")
    _load_chain(top, following, files)


def _load(top: Path, file: Path) -> yaml.MappingNode:
    try:
        text = read_source(file, top, MOST_BYTES)
        refuse_depth(text)
        root = yaml.compose(text, Loader=LOADER)
        if not isinstance(root, yaml.MappingNode):
            raise ValueError("not a mapping")
    except (OSError, ValueError, yaml.YAMLError, BadInput) as error:
        reason = error.message.problem if isinstance(error, BadInput) else str(error)
        problem = f"the MkDocs settings cannot be read ({' '.join(reason.split())})"
        raise BadInput(file, problem, "Correct the file.") from error
    return root


def _problems(root: yaml.MappingNode) -> Iterator[Problem]:
    yield from _syntax(root)
    settings = dict(_entries(root))
    for name, (key, _) in settings.items():
        if name not in SETTINGS:
            yield key, f"the setting {name} {NOT_ALLOWED}", "Remove it."
    for name, known in (("theme", THEME), ("extra", EXTRA)):
        for option, (key, _) in _entries(settings[name][1] if name in settings else None):
            if option not in known:
                yield key, f"the setting {name}.{option} {NOT_ALLOWED}", "Remove it."
    yield from _listed(settings.get("plugins"), PLUGINS, "plugin")
    yield from _listed(settings.get("markdown_extensions"), EXTENSIONS, "extension")
    yield from _macros(settings.get("plugins"))
    yield from _texts(root)
    for name in ("extra_css", "extra_javascript"):
        yield from _assets(name, settings.get(name))


def _syntax(root: Node) -> Iterator[Problem]:
    """Yield the tags that run code or read the environment, and what hides a setting: aliases and
    merge keys."""
    seen: set[int] = set()
    nodes = [root]
    while nodes:
        node = nodes.pop()
        if id(node) in seen:
            yield node, "the settings use an alias", "Write the value out."
            continue
        seen.add(id(node))
        tag = str(node.tag)
        kind = tag.removeprefix("tag:yaml.org,2002:")
        if kind == "merge":
            yield node, "the merge key << is not allowed", "Write the values out."
        elif not (kind in TAGS or _is_address(node)):
            yield node, f"the tag {tag} is not allowed", "Write the value without it."
        if isinstance(node, yaml.MappingNode):
            nodes += [part for pair in node.value for part in pair]
        elif isinstance(node, yaml.SequenceNode):
            nodes += node.value


def _is_address(node: Node) -> bool:
    """Return whether a node is `!ENV SITE_URL`, or `!ENV [SITE_URL, default]`."""
    if node.tag != "!ENV":
        return False
    if isinstance(node, yaml.ScalarNode):
        return str(node.value) == "SITE_URL"
    *names, last = [str(one.value) for one in node.value] or [""]
    return (set(names) or {last}) == {"SITE_URL"}


def _listed(entry: Entry | None, known: dict[str, tuple[str, ...]], kind: str) -> Iterator[Problem]:
    for node, name, options in _items(entry):
        if name not in known:
            fix = f"Remove it, or use one of {', '.join(sorted(known))}."
            yield node, f"the {kind} {name} {NOT_ALLOWED}", fix
            continue
        for option, (key, value) in _entries(options):
            if option not in known[name]:
                problem = f"the option {option} of the {name} {kind} {NOT_ALLOWED}"
                yield key, problem, "Remove it."
            elif option == "custom_fences":
                items = value.value if isinstance(value, yaml.SequenceNode) else [value]
                for item in items:
                    if _plain(item) != FENCE:
                        yield item, f"custom_fences {NOT_ALLOWED}", "Keep mermaid alone."


def _macros(entry: Entry | None) -> Iterator[Problem]:
    required = REQUIRED["macros"]
    for node, name, options in _items(entry):
        if name != "macros":
            continue
        given = {key: _plain(value) for key, (_, value) in _entries(options)}
        for key, expected in required.items():
            if given.get(key) != expected:
                problem = f"{key} of the macros plugin is {given.get(key)!r}"
                yield node, f"{problem}, expected {expected!r}", "Set it."


def _texts(root: Node) -> Iterator[Problem]:
    """Yield texts that the theme would print as HTML, and links to other than a page."""
    for path, node in _scalars(root, ()):
        text = unescape(str(node.value))
        is_menu = path[0] == "nav"
        is_printed = path[0] != "plugins"
        if is_printed and ("<" in text or ('"' in text and not is_menu)):
            fix = "Write plain text, without < and quotes."
            yield node, "the setting could be printed as HTML", fix
        scheme = SCHEME.match(text.strip())
        is_link = path[-1] in LINKS or (is_menu and path[-1] != "key")
        if is_link and scheme and scheme[0].lower() not in ("http:", "https:", "mailto:"):
            yield node, f"the link begins with {scheme[0]}", "Use https."
        is_path = path[-1] in ("logo", "favicon", "site_dir", "docs_dir")
        if is_path and (scheme or text.startswith("/") or ".." in Path(text).parts):
            yield node, f"{path[-1]} is not a path in the repository", "Correct it."


def _assets(name: str, entry: Entry | None) -> Iterator[Problem]:
    """Yield styles and scripts that are not files of the site; a page's policy blocks others."""
    items = entry[1].value if entry and isinstance(entry[1], yaml.SequenceNode) else []
    for item in items:
        path = dict(_entries(item)).get("path", (item, item))[1]
        text = str(path.value)
        if SCHEME.match(text) or text.startswith(("/", "\\")) or ".." in Path(text).parts:
            fix = "Keep the file under overrides; the pages load nothing from elsewhere."
            yield path, f"{name} names a file that is not in the site", fix


def _missing(files: list[tuple[Path, yaml.MappingNode]], language: str) -> Iterator[Finding]:
    """Yield the settings that are missing or wrong once all files are merged."""
    merged: dict[str, Any] = {}
    nodes: dict[str, tuple[Path, Node]] = {}
    for file, root in reversed(files):
        for name, (key, value) in _entries(root):
            nodes[name] = file, key
            _merge(merged, name, _plain(value))
    expected = {**REQUIRED["settings"], "docs_dir": f"docs/{language}"}
    for name, value in expected.items():
        got = merged.get(name, "true" if name == "use_directory_urls" else None)
        if got not in (value, *([True] if value == "true" else [])):
            file, node = nodes.get(name, files[0])
            problem = f"{name} is not {value}"
            yield Finding(_place(file, node), problem, "Set it.", "site-setting")
    theme = merged.get("theme")
    theme = theme if isinstance(theme, dict) else {"name": theme}
    for name, value in REQUIRED["theme"].items():
        if theme.get(name, "overrides" if name == "custom_dir" else None) != value:
            file, node = nodes.get("theme", files[0])
            shown = str(value).lower() if isinstance(value, bool) else value
            problem = f"theme.{name} is not {shown}"
            yield Finding(_place(file, node), problem, "Set it.", "site-setting")


def _merge(merged: dict[str, Any], name: str, value: Any) -> None:
    """Set a value as MkDocs inherits it: mappings are merged at all levels, all else replaced."""
    before = merged.get(name)
    if isinstance(before, dict) and isinstance(value, dict):
        for key, one in value.items():
            _merge(before, key, one)
    else:
        merged[name] = value


def _items(entry: Entry | None) -> Iterator[tuple[Node, str, Node | None]]:
    """Return node, name and options of each item of a list such as the one of plugins."""
    if entry is None:
        return
    value = entry[1]
    for item in value.value if isinstance(value, yaml.SequenceNode) else [value]:
        if isinstance(item, yaml.MappingNode):
            yield from ((key, name, options) for name, (key, options) in _entries(item))
        else:
            yield item, str(item.value), None


def _entries(node: Node | None) -> Iterator[tuple[str, Entry]]:
    if isinstance(node, yaml.MappingNode):
        yield from ((str(key.value), (key, value)) for key, value in node.value)


def _scalars(node: Node, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Node]]:
    """Return each scalar value and key, with the keys above it."""
    if isinstance(node, yaml.MappingNode):
        for name, (key, value) in _entries(node):
            yield (*(path or (name,)), "key"), key
            yield from _scalars(value, (*path, name))
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _scalars(item, path)
    elif path:
        yield path, node


def _plain(node: Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return {name: _plain(value) for name, (_, value) in _entries(node)}
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item) for item in node.value]
    if node.tag.startswith("tag:yaml.org,2002:python/name:"):
        return node.tag.rpartition(":")[2]
    return {"true": True, "false": False}.get(node.value, node.value)
