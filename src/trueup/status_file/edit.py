"""Edit: changes to the text of the status file, each checked by reading it again, and saving.

Every byte outside an edit stays as it was. What is added is proven until it is loaded again.
"""

import os
import re
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import yaml

from trueup.errors import BadInput, BadStatus
from trueup.lock import wait_for_lock
from trueup.model import Mapping, Observation, Source, as_time
from trueup.status_file.load import Stored, parse_text
from trueup.status_file.row_text import render_moment, render_row, render_scalar

Change = tuple[int, int, str]
"""Start and end of a part of the text, and the text that replaces it."""


def append_row(stored: Stored, row: Observation | Mapping, now: datetime) -> Stored:
    """Return the status with a row at the end of its list; nothing is written to disk.

    A list that is empty or missing is begun. BadInput when it has entries in flow style, or when
    the text would not read as the old rows and the new one.
    """
    name = "mappings" if isinstance(row, Mapping) else "observations"
    edited = _edit(stored, [_appended(stored, name, row)], now)
    rows = stored.data.get(name) or []
    _require(edited, {**stored.data, name: [*rows, edited.data[name][-1]]})
    if getattr(edited.status, name)[-1] != row:
        raise _changed(stored.path)
    return edited


def extend_observation(
    stored: Stored,
    row: Observation,
    at: date | datetime,
    now: datetime,
    source: Source | None = None,
) -> Stored:
    """Return the status with another equal sighting on a row of it; nothing is written to disk.

    `source` is the receipt of that sighting, in the place of the row's own. BadInput when the row
    is of another status, is inconclusive, is newer than `at`, or would change otherwise.
    """
    keys = stored.keys_of(row)
    if row.outcome == "inconclusive":
        problem = "an inconclusive row is not extended: each counts by its own date"
        raise BadInput(stored.place(*keys), problem, "Append a row instead.")
    if as_time(at) < as_time(row.newest):
        problem = f"the sighting is of {render_moment(at)}, expected {row.newest} or later"
        raise BadInput(stored.place(*keys), problem, "Append no sighting older than the row.")
    node = stored.document.node(*keys)
    assert isinstance(node, yaml.MappingNode)
    moved = _receipt(node, row.source, source) if source and row.source else []
    edited = _edit(stored, [*_sighting(stored.text, node, row, at), *moved], now)
    rows = [dict(old) for old in stored.data["observations"]]
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
        with wait_for_lock(path.parent):
            found = path.read_bytes()
            if found == content:
                return
            if found != stored.loaded_text.encode():
                problem = "changed on disk since it was loaded; nothing was written"
                raise BadInput(stored.path, problem, "Load it again and repeat the edit.")
            write_whole(path, content, os.stat(path).st_mode & 0o7777)
    except OSError as error:
        problem = f"cannot be written ({error.strerror})"
        raise BadInput(stored.path, problem, "Check the file and its folder.") from error


def write_whole(path: Path, content: bytes, mode: int) -> None:
    """Put content in a file's place, with the mode, on the disk before this returns.

    A crash leaves the old file or the new. Until it is whole it has one name beside it, which the
    next write takes over from one that was killed; the caller's lock keeps a second writer away.
    """
    name = path.with_name(f".{path.name}.part")
    try:
        with open(name, "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(name)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def require_lists(stored: Stored) -> None:
    """Raise BadInput where no row could be appended, since its list has entries in flow style."""
    for name in ("observations", "mappings"):
        node = stored.document.node(name)
        if isinstance(node, yaml.SequenceNode) and node.flow_style and node.value:
            problem = f"{name} is a list in flow style ([…]), to which no row can be added"
            fix = "Write each entry on lines of its own."
            raise BadInput(stored.place(name), problem, fix)


def _appended(stored: Stored, name: str, row: Observation | Mapping) -> Change:
    """Return the change that puts a row at the end of its list, or begins the list with it."""
    require_lists(stored)
    node, text, newline = stored.document.node(name), stored.text, _newline(stored.text)
    if isinstance(node, yaml.SequenceNode) and node.value:
        return _inserted(text, node, render_row(row, node.start_mark.column))
    block = render_row(row, 2).replace("\n", newline)
    if node is None:
        start = newline if text and not text.endswith("\n") else ""
        return len(text), len(text), f"{start}{name}:{newline}{block}"
    start_of_list = len(text[: node.start_mark.index].rstrip())
    return start_of_list, node.end_mark.index, newline + block.removesuffix(newline)


def _edit(stored: Stored, changes: list[Change], now: datetime) -> Stored:
    text = stored.text
    for start, stop, new in sorted(changes, reverse=True):
        text = text[:start] + new + text[stop:]
    try:
        edited = parse_text(text, stored.path, now).proven_by(stored.proofs)
        return replace(edited, loaded_text=stored.loaded_text, form_files=stored.form_files)
    except BadStatus as error:
        first = error.message
        problem = f"this edit would make the file invalid ({first.where}: {first.problem})"
        raise BadInput(stored.path, problem, f"{first.fix} Nothing was changed.") from error


def _require(edited: Stored, data: dict[str, Any]) -> None:
    if edited.data != data:
        raise _changed(edited.path)


def _changed(path: str) -> BadInput:
    problem = (
        "the edited file would not contain exactly the old and the new values; nothing was changed"
    )
    return BadInput(path, problem, "Check the values, and the layout of the list.")


def _inserted(text: str, node: yaml.Node, block: str) -> Change:
    """Return the change that puts a block on lines of its own behind a node."""
    newline, stop = _newline(text), _end_of_lines(text, node)
    block = block.replace("\n", newline)
    return stop, stop, newline + block if stop and text[stop - 1] != "\n" else block


def _end_of_lines(text: str, node: yaml.Node) -> int:
    """Return the start of the line after a node's last; comments and blank lines stay behind it."""
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
    """Return the changes that make `at` into `first` and `last`, or move `last`, and add one."""
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
    """Return the changes that make a row's receipt another one."""
    if old.receipt is None or new.receipt is None:
        return []
    source = next(value for key, value in node.value if key.value == "source")
    values = {key.value: value for key, value in source.value}
    return [
        _span(values["receipt"], render_scalar(new.receipt)),
        _span(values["sha256"], render_scalar(new.sha256 or "")),
    ]


def _span(node: yaml.Node, new: str) -> Change:
    return node.start_mark.index, node.end_mark.index, new


def _added(text: str, node: yaml.MappingNode, after: yaml.Node, entries: list[str]) -> Change:
    """Return the change that puts entries behind a value: in its braces, or on new lines."""
    if node.flow_style:
        stop = after.end_mark.index
        return stop, stop, "".join(f", {entry}" for entry in entries)
    newline, stop = _newline(text), _end_of_lines(text, after)
    indent = " " * node.start_mark.column
    block = "".join(f"{indent}{entry}{newline}" for entry in entries)
    return stop, stop, block if text[stop - 1] == "\n" else newline + block
