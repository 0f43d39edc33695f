"""Translations: each page against its source: the same parts in the same order, and none of them
changed in the source since it was translated."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path

from trueup.check.page_summary import Kept, PageSummary
from trueup.finding import Finding
from trueup.site import MAIN, NOTES, read_notes
from trueup.status_file import shown

NOTED = (
    "what `trueup translated` writes for each page was expected",
    "Translate the page, and note it.",
)


def check_translations(docs: Path, pages: Sequence[PageSummary]) -> list[Finding]:
    """Findings in the pages of every language but the main one."""
    sources = {page.source: page for page in pages if page.language == MAIN}
    found: list[Finding] = []
    for language in dict.fromkeys(page.language for page in pages if page.language != MAIN):
        own = {page.source: page for page in pages if page.language == language}
        notes, wrong = _read_notes(docs / language)
        found += [*wrong, *_missing(docs / language, sources, own)]
        found += [
            Finding(own[name].path, "no-notes", "it has no note of what was translated", *NOTED)
            for name in (sources.keys() & own.keys()) - notes.keys()
            if not wrong
        ]
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
    folder: Path, sources: Mapping[str, PageSummary], own: Mapping[str, PageSummary]
) -> Iterator[Finding]:
    for name in sources.keys() - own.keys():
        wanted = f"a translation of {sources[name].path} was expected"
        yield Finding(str(folder / name), "missing-page", "not there", wanted, "Write it.")
    for name in own.keys() - sources.keys():
        wanted, todo = "a page of the main language was expected", "Write it, or take it away."
        yield Finding(str(own[name].path), "extra-page", "it has no source", wanted, todo)


def _compared(source: PageSummary, page: PageSummary, notes: Sequence[str]) -> Iterator[Finding]:
    theirs, ours = source.parts, page.parts
    if (source.model, source.blocks) != (page.model, page.blocks):
        told = f"model and blocks of its front matter are not those of {source.path}"
        wanted = "the same were expected"
        yield Finding(f"{page.path}:1", "other-front", told, wanted, "Copy them.")
    for number, (their, our) in enumerate(zip_longest(theirs, ours)):
        if their is None or our is None or their[2] != our[2]:
            yield _parted(source, page, their, our)
            return
        if number < len(notes) and notes[number] != their[1]:
            yield Finding(
                f"{page.path}:{our[0]}",
                "stale-translation",
                f"{source.path}:{their[0]} changed since this was translated",
                "its translation was expected",
                "Read both, and note it with `trueup translated`.",
            )
    if notes and len(notes) != len(theirs):
        told = f"{source.path} has other parts than when this was translated"
        wanted, todo = "its translation was expected", "Read both, and note it."
        yield Finding(str(page.path), "stale-translation", told, wanted, todo)


def _parted(
    source: PageSummary, page: PageSummary, their: Kept | None, our: Kept | None
) -> Finding:
    """The first place where a page and its source are not built alike."""
    line = our[0] if our else page.first_line
    found = _told(our) if our else "the end of the page"
    expected = f"{_told(their)} as at {source.path}:{their[0]}" if their else "its end"
    return Finding(
        f"{page.path}:{line}",
        "other-parts",
        f"{found} was found",
        f"{expected} was expected",
        "Give it the same parts in the same order.",
    )


def _told(part: Kept) -> str:
    first = next((line for line in part[2].split("\n") if line), None)
    return shown(first) if first else "a paragraph"
