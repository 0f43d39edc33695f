"""Translations: each page against its source: the same parts in the same order, and none of them
changed in the source since it was translated."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path

from trueup.finding import Finding
from trueup.site import MAIN, NOTES, Page, Part, parts_of, read_notes
from trueup.store import shown


def check_translations(docs: Path, pages: Sequence[Page]) -> list[Finding]:
    """Findings in the pages of every language but the main one."""
    sources = {page.source: page for page in pages if page.language == MAIN}
    found: list[Finding] = []
    for language in dict.fromkeys(page.language for page in pages if page.language != MAIN):
        own = {page.source: page for page in pages if page.language == language}
        notes, wrong = _read_notes(docs / language)
        found += [*wrong, *_missing(docs / language, sources, own)]
        for name in sources.keys() & own.keys():
            found += _compared(sources[name], own[name], notes.get(name, ()))
    return sorted(found)


def _read_notes(folder: Path) -> tuple[Mapping[str, Sequence[str]], list[Finding]]:
    notes = read_notes(folder)
    if notes is not None:
        return notes, []
    wanted = f"what `trueup translated {folder.name}` writes was expected"
    told = ("it cannot be read", wanted, "Read the pages, and use it.")
    return {}, [Finding(str(folder / NOTES), "no-notes", *told)]


def _missing(
    folder: Path, sources: Mapping[str, Page], own: Mapping[str, Page]
) -> Iterator[Finding]:
    for name in sources.keys() - own.keys():
        wanted = f"a translation of {sources[name].path} was expected"
        yield Finding(str(folder / name), "missing-page", "not there", wanted, "Write it.")
    for name in own.keys() - sources.keys():
        wanted, todo = "a page of the main language was expected", "Write it, or take it away."
        yield Finding(str(own[name].path), "extra-page", "it has no source", wanted, todo)


def _compared(source: Page, page: Page, notes: Sequence[str]) -> Iterator[Finding]:
    theirs, ours = parts_of(source), parts_of(page)
    if (source.model, source.blocks) != (page.model, page.blocks):
        told = f"model and blocks of its front matter are not those of {source.path}"
        wanted = "the same were expected"
        yield Finding(f"{page.path}:1", "other-front", told, wanted, "Copy them.")
    for number, (their, our) in enumerate(zip_longest(theirs, ours)):
        if their is None or our is None or their.kept != our.kept:
            yield _parted(source, page, their, our)
            return
        if number < len(notes) and notes[number] != their.mark:
            yield Finding(
                f"{page.path}:{our.line}",
                "stale-translation",
                f"{source.path}:{their.line} changed since this was translated",
                "its translation was expected",
                "Read both, and note it with `trueup translated`.",
            )
    if notes and len(notes) != len(theirs):
        told = f"{source.path} has other parts than when this was translated"
        wanted, todo = "its translation was expected", "Read both, and note it."
        yield Finding(str(page.path), "stale-translation", told, wanted, todo)


def _parted(source: Page, page: Page, their: Part | None, our: Part | None) -> Finding:
    """The first place where a page and its source are not built alike."""
    line = our.line if our else page.first_line
    found = _told(our) if our else "the end of the page"
    expected = f"{_told(their)} as at {source.path}:{their.line}" if their else "its end"
    return Finding(
        f"{page.path}:{line}",
        "other-parts",
        f"{found} was found",
        f"{expected} was expected",
        "Give it the same parts in the same order.",
    )


def _told(part: Part) -> str:
    kept = [one for one in part.kept if one]
    text = " ".join((kept[0] if kept else part.text).split())
    return shown(text)
