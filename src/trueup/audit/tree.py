"""Tree: the pages under a folder, the languages they are in, and which page says what another says
in another language."""

import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from trueup.audit.left_out import about_left_out, left_out_as
from trueup.audit.page import Page, read_page
from trueup.errors import BadInput
from trueup.finding import Finding
from trueup.git_repository import Repository
from trueup.message import Message
from trueup.place import Place
from trueup.source_file import read_source

ENDINGS = (".md", ".mdx", ".markdown")
MOST_BYTES = 1_000_000
"""About a book: more than a page has, and little enough that each is read in a moment."""
CODE = re.compile(
    r"(?:ar|bg|bn|ca|cs|da|de|el|en|es|et|fa|fi|fr|he|hi|hr|hu|id|it|ja|jp|ko|kr|lt|lv|ms|nb|nl|no"
    r"|pl|pt|ro|ru|sk|sl|sr|sv|th|tr|uk|ur|vi|zh|cn)(?:[-_](?:[A-Za-z]{2}|han[st]|419))?",
    re.IGNORECASE,
)
LEAST_SHARED = 0.5
"""Part of a language's pages that must have a twin: else a folder named so is no language."""
MAIN = ""
"""The language of pages whose path names none."""


@dataclass(frozen=True)
class Tree:
    """The pages by path; `twins` are the pages that say the same, by language, for each that is in
    more than one."""

    top: Path
    pages: Mapping[str, Page]
    twins: tuple[Mapping[str, Page], ...]
    languages: Mapping[str, str]
    """Language of each page that has a twin, by path."""
    files: frozenset[str]
    """All files of the repository, whatever their kind, relative to the top."""
    left_out: tuple[Message, ...] = ()
    """What below the top was not read on purpose, or is not there."""

    def first_twin(self, path: str) -> str:
        """Return the path that stands for a page in all languages: the first of its twins, its own
        where it has none."""
        return self._first_twins.get(path, path)

    @cached_property
    def _first_twins(self) -> Mapping[str, str]:
        groups = [sorted(page.path for page in group.values()) for group in self.twins]
        return {path: paths[0] for paths in groups for path in paths}

    def place(self, path: str, line: int = 0) -> Place:
        """Return a place in a page, as it is named from the current folder."""
        return Place(os.path.join(str(self.top), path) if str(self.top) != "." else path, line)


def read_tree(top: Path) -> tuple[Tree, list[Finding]]:
    """Return the tree under a folder, and a finding for each page that cannot be read."""
    repository = Repository(top)
    files = repository.files()
    paths, notes = _paths(top, files, _above(repository, top))
    pages, findings = {}, []
    for path in paths:
        try:
            if (text := _text(top, path)) is not None:
                pages[path] = read_page(path, text)
        except BadInput as error:
            findings.append(Finding.of(error.message, "unread-page"))
        except OSError as error:
            problem = f"not readable ({error.strerror})"
            findings.append(
                Finding(Place(str(top / path)), problem, "Check the file.", "unread-page")
            )
    twins = _twins(pages)
    languages = {page.path: name for group in twins for name, page in group.items()}
    return Tree(top, pages, twins, languages, frozenset(files), notes), findings


def _paths(
    top: Path, files: Iterable[str], above: Sequence[str]
) -> tuple[list[str], tuple[Message, ...]]:
    """Return the files that are pages, and what there is to say of the other Markdown files."""
    paths, left_out, absent = [], Counter[str](), []
    for path in (path for path in files if path.lower().endswith(ENDINGS)):
        if (name := left_out_as(path, above)) is not None:
            left_out[name] += 1
        elif os.path.lexists(top / path):
            paths.append(path)
        else:
            absent.append(path)
    return paths, tuple(about_left_out(top, left_out, absent))


def _above(repository: Repository, top: Path) -> tuple[str, ...]:
    """Return the folders from the top of the repository to that of the pages."""
    root = repository.root
    here, start = top.resolve(), None if root is None else root.resolve()
    return here.relative_to(start).parts if start and here.is_relative_to(start) else ()


def _text(top: Path, path: str) -> str | None:
    """Return the text of a page, None for a link to another one. Raises BadInput."""
    file = top / path
    content = read_source(file, top, MOST_BYTES)
    if file.is_symlink():
        return None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(
            file, f"not valid UTF-8 (byte {error.start})", "Save it as UTF-8."
        ) from error
    if "\0" in text:
        raise BadInput(file, "contains a NUL character", "Save it as text.")
    return text


def _twins(pages: Mapping[str, Page]) -> tuple[Mapping[str, Page], ...]:
    """Return the groups of pages that differ only by language."""
    by_key: dict[str, dict[str, str]] = defaultdict(dict)
    for path in pages:
        for key, language in _keys(path):
            by_key[key].setdefault(language, path)
    for key in [key for key, group in by_key.items() if len(group) < 2]:
        del by_key[key]
    counted = _confirmed(by_key, pages)
    taken: set[str] = set()
    groups = []
    for key in sorted(by_key, key=lambda key: (-len(by_key[key]), key)):
        group = {
            name: pages[path]
            for name, path in sorted(by_key[key].items())
            if (name == MAIN or (_style(path, name), name) in counted) and path not in taken
        }
        if len(group) > 1:
            taken.update(page.path for page in group.values())
            groups.append(group)
    return tuple(sorted(groups, key=lambda group: min(page.path for page in group.values())))


def _keys(path: str) -> Iterable[tuple[str, str]]:
    """Return what a page may be in other languages as well: its path without each language that it
    names, with that language."""
    folder, _, file = path.rpartition("/")
    parts = folder.split("/") if folder else []
    yield _key(parts, file), MAIN
    for index, part in enumerate(parts):
        if CODE.fullmatch(part):
            rest = parts[:index] + parts[index + 1 :]
            yield _key(rest, file), part.lower().replace("_", "-")
            if index and parts[index - 1] == "i18n":  # as Docusaurus keeps translations
                below = parts[index + 1 :]
                if below[:1] == ["docusaurus-plugin-content-docs"]:
                    below = ["docs", *below[2:]]
                yield _key(parts[: index - 1] + below, file), part.lower().replace("_", "-")
    stem, _, ending = file.rpartition(".")
    found = re.fullmatch(r"(.+[._]|readme-)([A-Za-z]{2}(?:[-_][A-Za-z]{2,4})?)", stem, re.I)
    if found and CODE.fullmatch(found[2]):
        yield _key(parts, f"{found[1][:-1]}.{ending}"), found[2].lower().replace("_", "-")


def _key(parts: Iterable[str], file: str) -> str:
    stem = file.rpartition(".")[0]
    return "/".join([*parts, stem]).lower()


def _style(path: str, language: str) -> str:
    """Return where a path names its language: the folders above it, or the name of the file."""
    head, found, _ = f"/{path.lower().replace('_', '-')}".partition(f"/{language}/")
    return head if found else "by its file"


def _confirmed(
    by_key: Mapping[str, Mapping[str, str]], pages: Mapping[str, Page]
) -> set[tuple[str, str]]:
    """Return the languages, with where paths name them, of which enough pages have a twin."""
    have: dict[tuple[str, str], set[str]] = defaultdict(set)
    all_of: dict[tuple[str, str], set[str]] = defaultdict(set)
    for path in pages:
        for _, language in _keys(path):
            if language != MAIN:
                all_of[_style(path, language), language].add(path)
    for group in by_key.values():
        for language, path in group.items():
            if language != MAIN:
                have[_style(path, language), language].add(path)
    return {one for one, paths in have.items() if len(paths) >= LEAST_SHARED * len(all_of[one])}
