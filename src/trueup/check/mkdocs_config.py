"""MkDocs config: no setting of the site may change the text of a page after it was checked.

A plugin, a hook or an extension could do so.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from trueup.finding import Finding
from trueup.place import Place
from trueup.site import MAIN, settings_of
from trueup.status_file import refuse_depth

KEYS = {
    *("INHERIT", "site_name", "site_url", "site_description", "site_author", "copyright"),
    *("docs_dir", "site_dir", "use_directory_urls", "strict", "theme", "extra_css"),
    *("extra_javascript", "extra", "plugins", "markdown_extensions", "validation", "nav"),
    *("repo_url", "repo_name", "edit_uri", "exclude_docs", "not_in_nav", "draft_docs", "watch"),
    *("remote_branch", "remote_name", "dev_addr"),
}
PLUGINS = {"search", "macros"}
MACROS = {"modules": ["trueup.macros"], "on_undefined": "strict", "on_error_fail": True}
EXTENSIONS = {
    *("abbr", "admonition", "attr_list", "def_list", "footnotes", "sane_lists", "tables", "toc"),
    *("pymdownx.details", "pymdownx.highlight", "pymdownx.inlinehilite", "pymdownx.superfences"),
    *("pymdownx.tabbed", "pymdownx.caret", "pymdownx.mark", "pymdownx.tilde"),
}
Entry = tuple[yaml.Node, yaml.Node]
"""Key and value."""
LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def check_settings(top: Path, languages: tuple[str, ...]) -> list[Finding]:
    """Return findings in the settings that MkDocs reads, a file for each language."""
    found: list[Finding] = []
    for language in languages:
        file = top / settings_of(language)
        try:
            text = file.read_bytes()
            refuse_depth(text)
            root = yaml.compose(text, Loader=LOADER)
            if not isinstance(root, yaml.MappingNode):
                raise ValueError("not a mapping")
        except (OSError, ValueError, yaml.YAMLError) as error:
            problem = f"the MkDocs settings cannot be read ({' '.join(str(error).split())})"
            fix = f"Write the settings of the pages in {language}."
            found.append(Finding(Place(str(file)), problem, fix, "site-setting"))
            continue
        for node, problem, fix in _problems(root, language):
            mark = node.start_mark
            where = Place(str(file), mark.line + 1, mark.column + 1)
            found.append(Finding(where, problem, fix, "site-setting"))
    return found


Problem = tuple[yaml.Node, str, str]
"""Node, problem and fix."""
NOT_ALLOWED = "is not allowed, since it could change checked text"


def _problems(root: yaml.MappingNode, language: str) -> Iterator[Problem]:
    settings = dict(_entries(root))
    for name, (key, _) in settings.items():
        if name not in KEYS:
            yield key, f"the setting {name} {NOT_ALLOWED}", "Remove it."
    yield from _listed(settings.get("plugins"), PLUGINS, "plugin")
    yield from _listed(settings.get("markdown_extensions"), EXTENSIONS, "extension")
    yield from _macros(settings.get("plugins"))
    if "docs_dir" in settings or language == MAIN:
        key, value = settings.get("docs_dir", (root, root))
        if value.value != f"docs/{language}":
            yield key, f"docs_dir is not docs/{language}", "Set it."
    if "strict" in settings or language == MAIN:
        key, value = settings.get("strict", (root, root))
        if value.value != "true":
            yield key, "strict is not true", "Set it, so that the build fails on a broken link."


def _listed(entry: Entry | None, known: set[str], kind: str) -> Iterator[Problem]:
    for node, name, _ in _items(entry):
        if name not in known:
            fix = f"Remove it, or use one of {', '.join(sorted(known))}."
            yield node, f"the {kind} {name} {NOT_ALLOWED}", fix


def _macros(entry: Entry | None) -> Iterator[Problem]:
    for node, name, options in _items(entry):
        if name != "macros":
            continue
        given = {key: _plain(value) for key, (_, value) in _entries(options)}
        for key in MACROS.keys() | given.keys():
            if key not in MACROS:
                yield node, f"the option {key} of the macros plugin {NOT_ALLOWED}", "Remove it."
            elif given.get(key) != MACROS[key]:
                problem = f"{key} of the macros plugin is {given.get(key)!r}"
                yield node, f"{problem}, expected {MACROS[key]!r}", "Set it."


def _items(entry: Entry | None) -> Iterator[tuple[yaml.Node, str, yaml.Node | None]]:
    """Return node, name and options of each item of a list such as the one of plugins."""
    if entry is None:
        return
    value = entry[1]
    for item in value.value if isinstance(value, yaml.SequenceNode) else [value]:
        if isinstance(item, yaml.MappingNode):
            yield from ((key, name, options) for name, (key, options) in _entries(item))
        else:
            yield item, str(item.value), None


def _entries(node: yaml.Node | None) -> Iterator[tuple[str, Entry]]:
    if isinstance(node, yaml.MappingNode):
        yield from ((str(key.value), (key, value)) for key, value in node.value)


def _plain(node: yaml.Node) -> Any:
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item) for item in node.value]
    return {"true": True, "false": False}.get(node.value, node.value)
