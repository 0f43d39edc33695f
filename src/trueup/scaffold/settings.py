"""Settings: lines put into the settings that MkDocs reads, as text; every other byte stays."""

from collections.abc import Collection, Iterator
from pathlib import Path

import yaml

from trueup.errors import BadInput
from trueup.status_file import render_text


def with_page(file: Path, page: str, beside: Collection[str]) -> str:
    """The settings with a page in the menu, behind the last of the pages that are like it.

    Where there is none of these it ends the menu. Raises BadInput where the menu is no block.
    """
    text, root = _read(file)
    menu = _value(root, "nav")
    if not isinstance(menu, yaml.SequenceNode) or menu.flow_style or not menu.value:
        raise _refused(file, "no menu of pages, one a line", "nav")
    entries = list(_pages(menu))
    if any(node.value == page for node, _ in entries):
        return text
    like = [pair for pair in entries if pair[0].value in beside]
    last, column = like[-1] if like else (menu.value[-1], menu.start_mark.column)
    return _with_lines(text, last, [f"{' ' * column}- {render_text(page)}"])


def has_menu(file: Path) -> bool:
    """Whether the settings have a menu of their own."""
    return _value(_read(file)[1], "nav") is not None


def with_language(file: Path, language: str, name: str, main: tuple[str, str]) -> str:
    """The settings with a language among those that a reader can choose; `main` is the first one's
    code and name, for settings that have no such list yet. Raises BadInput where it is no block.
    """
    text, root = _read(file)
    extra = _value(root, "extra")
    line = f"- {{name: {render_text(name)}, link: {language}/, lang: {render_text(language)}}}"
    if extra is None:
        return f"{text.rstrip()}\n\nextra:\n  alternate:\n    {_first(main)}\n    {line}\n"
    if not isinstance(extra, yaml.MappingNode) or extra.flow_style or not extra.value:
        raise _refused(file, "no block of settings", "extra")
    column = extra.start_mark.column
    listed = _value(extra, "alternate")
    if listed is None:
        lines = ["alternate:", f"  {_first(main)}", f"  {line}"]
        return _with_lines(text, extra, [f"{' ' * column}{one}" for one in lines])
    if not isinstance(listed, yaml.SequenceNode) or listed.flow_style or not listed.value:
        raise _refused(file, "no list of languages, one a line", "extra.alternate")
    return _with_lines(text, listed, [f"{' ' * listed.start_mark.column}{line}"])


def site_names(file: Path) -> tuple[str, str]:
    """What the site is called and what it says of itself."""
    _, root = _read(file)
    values = [_value(root, name) for name in ("site_name", "site_description")]
    name, told = (node.value if isinstance(node, yaml.ScalarNode) else "" for node in values)
    return str(name), str(told)


def _first(main: tuple[str, str]) -> str:
    code, name = main
    return f"- {{name: {render_text(name)}, link: ., lang: {code}}}"


def _read(file: Path) -> tuple[str, yaml.MappingNode]:
    try:
        text = file.read_bytes().decode("utf-8")  # with its line ends as they are
        root = yaml.compose(text, yaml.SafeLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise BadInput(f"{file}: {reason}; settings in YAML were expected. Mend them.") from error
    if not isinstance(root, yaml.MappingNode):
        raise BadInput(f"{file}: no mapping; the settings of MkDocs were expected. Mend it.")
    return text, root


def _refused(file: Path, found: str, key: str) -> BadInput:
    return BadInput(f"{file}: {found} under {key}; one was expected. Write the line by hand.")


def _value(node: yaml.MappingNode, name: str) -> yaml.Node | None:
    return next((value for key, value in node.value if key.value == name), None)


def _pages(menu: yaml.SequenceNode) -> Iterator[tuple[yaml.ScalarNode, int]]:
    """Each page of a menu with the column of its line's dash."""
    for item in menu.value:
        if isinstance(item, yaml.ScalarNode):
            yield item, menu.start_mark.column
        elif isinstance(item, yaml.MappingNode):
            for _, value in item.value:
                if isinstance(value, yaml.ScalarNode):
                    yield value, menu.start_mark.column
                elif isinstance(value, yaml.SequenceNode) and not value.flow_style:
                    yield from _pages(value)


def _with_lines(text: str, node: yaml.Node, lines: list[str]) -> str:
    """The text with lines behind the last one of a node."""
    while isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        node = last[1] if isinstance(last, tuple) else last
    newline = "\r\n" if "\r\n" in text else "\n"
    stop = text.find("\n", node.end_mark.index) + 1 or len(text)
    block = "".join(f"{line}{newline}" for line in lines)
    start = "" if text[:stop].endswith("\n") else newline
    return text[:stop] + start + block + text[stop:]
