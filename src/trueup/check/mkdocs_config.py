"""Settings: what the site's own settings may do to its pages: nothing that the rules cannot read.

A plugin, a hook or an extension that writes text writes it after the pages were checked.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from trueup.finding import Finding
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
LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def check_settings(top: Path, languages: tuple[str, ...]) -> list[Finding]:
    """Findings in the files of settings that MkDocs reads, one for each language."""
    found = []
    for language in languages:
        file = top / settings_of(language)
        try:
            text = file.read_bytes()
            refuse_depth(text)
            root = yaml.compose(text, Loader=LOADER)
            if not isinstance(root, yaml.MappingNode):
                raise ValueError("no mapping")
        except (OSError, ValueError, yaml.YAMLError) as error:
            told = " ".join(str(error).split())
            wanted = f"the settings of the pages in {language} were expected"
            found.append(Finding(str(file), "site-setting", told, wanted, "Write them."))
            continue
        found += [_finding(file, *one) for one in _odd(root, language)]
    return found


Odd = tuple[yaml.Node, str, str]


def _odd(root: yaml.MappingNode, language: str) -> Iterator[Odd]:
    settings = dict(_entries(root))
    for name, (key, _) in settings.items():
        if name not in KEYS:
            yield key, f"the setting {name}", "one that changes no text of a page was expected"
    yield from _listed(settings.get("plugins"), PLUGINS, "plugin")
    yield from _listed(settings.get("markdown_extensions"), EXTENSIONS, "extension")
    yield from _macros(settings.get("plugins"))
    if "docs_dir" in settings or language == MAIN:
        key, value = settings.get("docs_dir", (root, root))
        if value.value != f"docs/{language}":
            yield key, "docs_dir is another folder", f"docs/{language} was expected"
    if "strict" in settings or language == MAIN:
        key, value = settings.get("strict", (root, root))
        if value.value != "true":
            yield key, "strict is not true", "a build that fails on a dead link was expected"


def _listed(entry: tuple[yaml.Node, yaml.Node] | None, known: set[str], kind: str) -> Iterator[Odd]:
    for node, name, _ in _items(entry):
        if name not in known:
            wanted = f"one of {', '.join(sorted(known))} was expected"
            yield node, f"the {kind} {name}", wanted


def _macros(entry: tuple[yaml.Node, yaml.Node] | None) -> Iterator[Odd]:
    for node, name, options in _items(entry):
        if name != "macros":
            continue
        given = {key: _plain(value) for key, (_, value) in _entries(options)}
        for key in MACROS.keys() | given.keys():
            if given.get(key) != MACROS.get(key):
                wanted = f"{MACROS[key]!r} was expected" if key in MACROS else "none was expected"
                yield node, f"{key} of the macros is {given.get(key)!r}", wanted


def _items(
    entry: tuple[yaml.Node, yaml.Node] | None,
) -> Iterator[tuple[yaml.Node, str, yaml.Node | None]]:
    """Node, name and options of each item of a list such as the one of plugins."""
    if entry is None:
        return
    value = entry[1]
    for item in value.value if isinstance(value, yaml.SequenceNode) else [value]:
        if isinstance(item, yaml.MappingNode):
            yield from ((key, name, options) for name, (key, options) in _entries(item))
        else:
            yield item, str(item.value), None


def _entries(node: yaml.Node | None) -> Iterator[tuple[str, tuple[yaml.Node, yaml.Node]]]:
    if isinstance(node, yaml.MappingNode):
        yield from ((str(key.value), (key, value)) for key, value in node.value)


def _plain(node: yaml.Node) -> Any:
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item) for item in node.value]
    return {"true": True, "false": False}.get(node.value, node.value)


def _finding(file: Path, node: yaml.Node, found: str, expected: str) -> Finding:
    where = f"{file}:{node.start_mark.line + 1}:{node.start_mark.column + 1}"
    return Finding(where, "site-setting", found, expected, "Take it out, or set it so.")
