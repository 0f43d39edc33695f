"""Edit: changes to the text of the status file, each checked by reading it again, and saving.

Never dumps the file: every byte outside the edit stays as it was.
"""

import os
import re
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import yaml

from trueup.errors import BadInput, BadStatus
from trueup.lock import waited_for
from trueup.model import Mapping, Observation, Source, as_time
from trueup.status_file.load import Stored, parse_status
from trueup.status_file.row_text import render_moment, render_row, render_text
from trueup.status_file.whole_file import write_whole

Change = tuple[int, int, str]


def append_observation(stored: Stored, row: Observation, now: datetime) -> Stored:
    """The status with a row at the end of `observations`; nothing is written to disk.

    BadInput when the list is no block list, or when the text would not read as the old rows and
    the new one.
    """
    edited = _appended(stored, "observations", row, now)
    if edited.status.observations[-1] != row:
        raise _not_as_meant(stored.path)
    return edited


def append_mapping(stored: Stored, row: Mapping, now: datetime) -> Stored:
    """The status with a row at the end of `mappings`; as `append_observation` otherwise."""
    edited = _appended(stored, "mappings", row, now)
    if edited.status.mappings[-1] != row:
        raise _not_as_meant(stored.path)
    return edited


def _appended(stored: Stored, name: str, row: Observation | Mapping, now: datetime) -> Stored:
    node = stored.document.node(name)
    if not isinstance(node, yaml.SequenceNode) or node.flow_style or not node.value:
        what = f"there is no {name} list" if node is None else f"{name} is in brackets"
        message = f"{what}; a block list with a row was expected. Write the first row by hand."
        raise BadInput(f"{stored.place(name)}: {message}")
    block = render_row(row, node.start_mark.column)
    edited = _edited(stored, [_inserted(stored.text, node, block)], now)
    rows = [*stored.data[name], edited.data[name][-1]]
    _require(edited, {**stored.data, name: rows})
    return edited


def extend_observation(
    stored: Stored,
    row: Observation,
    at: date | datetime,
    now: datetime,
    source: Source | None = None,
) -> Stored:
    """The status with one more equal sighting on a row of it; nothing is written to disk.

    `source` is the receipt of that sighting, in the place of the row's own. BadInput when the row
    is of another status, could not tell, is newer than `at`, or would change otherwise.
    """
    keys = stored.keys_of(row)
    if row.outcome == "inconclusive":
        message = "a row that could not tell; silence counts by its days. Append a row instead."
        raise BadInput(f"{stored.place(*keys)}: {message}")
    if as_time(at) < as_time(row.newest):
        found = f"a sighting of {render_moment(at)}, older than the row's {row.newest}"
        message = f"{found}; a newer one was expected. Nothing was changed."
        raise BadInput(f"{stored.place(*keys)}: {message}")
    node = stored.document.node(*keys)
    assert isinstance(node, yaml.MappingNode)
    moved = _receipt(node, row.source, source) if source and row.source else []
    edited = _edited(stored, [*_sighting(stored.text, node, row, at), *moved], now)
    rows = [dict(one) for one in stored.data["observations"]]
    item = rows[keys[1]]
    if "at" in item:
        item["first"] = item.pop("at")
    item |= {"last": at, "times": row.times + 1}
    if source:
        item["source"] = source.model_dump(exclude_none=True)
    _require(edited, {**stored.data, "observations": rows})
    return edited


def save(stored: Stored) -> None:
    """Put the text on disk in one step, keeping the file's mode; load it again to edit further.

    BadInput, and nothing is lost, when the file is no longer what was loaded.
    """
    path = Path(os.path.realpath(stored.path))
    content = stored.text.encode()
    try:
        with waited_for(path.parent):
            found = path.read_bytes()
            if found == content:
                return
            if found != stored.loaded_text.encode():
                message = "it changed on disk since it was loaded; nothing was written"
                todo = "Load it again and repeat the edit."
                raise BadInput(f"{stored.path}: {message}; the loaded text was expected. {todo}")
            write_whole(path, content, os.stat(path).st_mode & 0o7777)
    except OSError as error:
        message = f"it cannot be written ({error.strerror}); a writable file was expected"
        raise BadInput(f"{stored.path}: {message}. Check the file and its folder.") from error


def _edited(stored: Stored, changes: list[Change], now: datetime) -> Stored:
    text = stored.text
    for start, stop, new in sorted(changes, reverse=True):
        text = text[:start] + new + text[stop:]
    try:
        return replace(parse_status(text, stored.path, now), loaded_text=stored.loaded_text)
    except BadStatus as error:
        found = "the file would be wrong with this edit; nothing was changed"
        raise BadInput(f"{stored.path}: {found}. It would say: {error.complaints[0]}") from error


def _require(edited: Stored, data: dict[str, Any]) -> None:
    if edited.data != data:
        raise _not_as_meant(edited.path)


def _not_as_meant(path: str) -> BadInput:
    message = "the edited text does not read as what was there and what is new; nothing was changed"
    return BadInput(f"{path}: {message}. Look at its values and at the layout of the list.")


def _inserted(text: str, node: yaml.Node, block: str) -> Change:
    """A block put on lines of its own behind a node."""
    newline, stop = _newline(text), _end_of_lines(text, node)
    block = block.replace("\n", newline)
    return stop, stop, newline + block if stop and text[stop - 1] != "\n" else block


def _end_of_lines(text: str, node: yaml.Node) -> int:
    """Where the line after a node's last one begins; comments and blank lines stay behind it."""
    while isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        node = last[1] if isinstance(last, tuple) else last
    stop = node.end_mark.index
    if isinstance(node, yaml.ScalarNode) and node.style in ("|", ">"):
        if re.match(r"[|>][0-9]*\+", text[node.start_mark.index :][:4]):
            return stop
        stop = len(text[:stop].rstrip())
    return text.find("\n", stop) + 1 or len(text)


def _newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _sighting(
    text: str, node: yaml.MappingNode, row: Observation, at: date | datetime
) -> list[Change]:
    """The changes that make `at` into `first` and `last`, or move `last`, and count up `times`."""
    pairs = {key.value: (key, value) for key, value in node.value}
    last, times = f"last: {render_moment(at)}", f"times: {row.times + 1}"
    if "at" in pairs:
        key, value = pairs["at"]
        return [_span(key, "first"), _added(text, node, value, [last, times])]
    value = pairs["last"][1]
    changes = [_span(value, render_moment(at))]
    if "times" in pairs:
        return [*changes, _span(pairs["times"][1], str(row.times + 1))]
    return [*changes, _added(text, node, value, [times])]


def _receipt(node: yaml.MappingNode, old: Source, new: Source) -> list[Change]:
    """The changes that make a row's receipt another one."""
    source = next(value for key, value in node.value if key.value == "source")
    values = {key.value: value for key, value in source.value}
    if old.receipt is None or new.receipt is None:
        return []
    return [
        _span(values["receipt"], render_text(new.receipt)),
        _span(values["sha256"], render_text(new.sha256 or "")),
    ]


def _span(node: yaml.Node, new: str) -> Change:
    return node.start_mark.index, node.end_mark.index, new


def _added(text: str, node: yaml.MappingNode, after: yaml.Node, entries: list[str]) -> Change:
    """Entries put behind a value: in the same braces, or on lines of their own."""
    if node.flow_style:
        stop = after.end_mark.index
        return stop, stop, "".join(f", {entry}" for entry in entries)
    newline, stop = _newline(text), _end_of_lines(text, after)
    indent = " " * node.start_mark.column
    block = "".join(f"{indent}{entry}{newline}" for entry in entries)
    return stop, stop, block if text[stop - 1] == "\n" else newline + block
