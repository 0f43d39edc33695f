"""Left out: Markdown files that are no pages, since they say what was or what is planned, instruct
a tool, or are the work of others. What is left out is said."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from trueup.message import Message
from trueup.place import Place
from trueup.status_file import listed

RECORD = re.compile(
    r"change[-_]?logs?|release[-_]notes|whats[-_]?new|roadmap|code[-_]of[-_]conduct", re.IGNORECASE
)
"""Files and folders that are records or plans wherever they stand."""
RECORD_AT_TOP = re.compile(
    r"changes|history|releases?|news|todo|plan|licen[cs]e|agents|claude|gemini", re.IGNORECASE
)
"""Files that are so at the top of a repository, or with a name in upper case. Elsewhere each of
them may be the page of a route, of a model or of a feature."""
RECORDS = re.compile(r"changes|history|releases?|news", re.IGNORECASE)
"""Folders in which a file that is named by a version or a day is a record."""
VERSION_OR_DAY = re.compile(
    r"(?:v|version[-_]?|release[-_]?)?\d+(?:[._-]\d+)*(?:[._-]?(?:alpha|beta|rc)[._-]?\d*)?"
    r"|\d{4}[._-]\d\d(?:[._-].*)?",
    re.IGNORECASE,
)
DEPENDENCIES = re.compile("node_modules|third_party", re.IGNORECASE)
OTHERS = re.compile("vendor|third-party", re.IGNORECASE)
"""Folders of dependencies, too; within docs they are about vendors and what works with them."""
DOCS = re.compile("docs?|documentation|content|pages|website", re.IGNORECASE)


def left_out_as(path: str, above: Sequence[str]) -> str | None:
    """Return the file, or the folder with a slash at its end, for which a page is left out; None
    for a page. `above` are the folders from the top of the repository to that of the paths."""
    *folders, file = path.split("/")
    ending = file.rpartition(".")[0]
    for at, name in enumerate(folders):
        is_record = RECORDS.fullmatch(name) and VERSION_OR_DAY.fullmatch(ending)
        if is_record or _is_left_out(name, [*above, *folders[:at]]):
            return "/".join(folders[: at + 1]) + "/"
    stem = file.partition(".")[0]
    is_at_top = not above and not folders
    if not stem or RECORD.fullmatch(stem):
        return path
    return path if RECORD_AT_TOP.fullmatch(stem) and (is_at_top or stem.isupper()) else None


def _is_left_out(folder: str, above: Iterable[str]) -> bool:
    if folder.startswith(".") or RECORD.fullmatch(folder) or DEPENDENCIES.fullmatch(folder):
        return True
    return bool(OTHERS.fullmatch(folder)) and not any(map(DOCS.fullmatch, above))


def about_left_out(top: Path, left_out: Counter[str], absent: Sequence[str]) -> Iterator[Message]:
    """Yield what is not read below a folder: what was left out, with its number of files, and what
    git tracks and is not there."""
    if count := left_out.total():
        names = [f"{name} ({n})" if name.endswith("/") else name for name, n in left_out.items()]
        problem = f"{_files(count)} left out, as records, plans, hidden files or the work of others"
        fix = "If one of them is a page, rename it."
        yield Message(Place(str(top)), f"{problem}: {listed(names)}", fix)
    if absent:
        problem = f"{_files(len(absent))} tracked by git and not in the working tree"
        fix = "If one of them is a page, restore it."
        yield Message(Place(str(top)), f"{problem}: {listed(absent)}", fix)


def _files(count: int) -> str:
    return f"{count} Markdown file{'' if count == 1 else 's'}"
