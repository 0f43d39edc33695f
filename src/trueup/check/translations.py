"""Translations: whether each page has the parts of its source, in the same order, and whether the
source changed since it was translated."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path

from trueup.finding import Finding
from trueup.place import Place
from trueup.site import MAIN, NOTES, Page, Part, parts_of, read_notes
from trueup.status_file import shown


def check_translations(docs: Path, pages: Sequence[Page]) -> list[Finding]:
    """Return findings in the pages of every language but the main one."""
    sources = {page.source: page for page in pages if page.language == MAIN}
    found: list[Finding] = []
    for language in dict.fromkeys(page.language for page in pages if page.language != MAIN):
        own = {page.source: page for page in pages if page.language == language}
        notes = read_notes(docs / language)
        found += _missing(docs / language, sources, own)
        fix = f"Review the translation, then run `trueup translated {language}`."
        if notes is None:
            problem = "the notes of translated pages are missing or not valid"
            found.append(Finding(Place(str(docs / language / NOTES)), problem, fix, "untracked"))
        for name in sources.keys() & own.keys():
            if notes is not None and name not in notes:
                problem = "no note says which source was translated"
                found.append(Finding(own[name].place(), problem, fix, "untracked"))
            found += _compared(sources[name], own[name], (notes or {}).get(name, ()), fix)
    return sorted(found)


def _missing(
    folder: Path, sources: Mapping[str, Page], own: Mapping[str, Page]
) -> Iterator[Finding]:
    for name in sources.keys() - own.keys():
        problem = f"no translation of {sources[name].path}"
        yield Finding(Place(str(folder / name)), problem, "Add one.", "missing-page")
    for name in own.keys() - sources.keys():
        fix = f"Write its source in docs/{MAIN}, or remove the page."
        yield Finding(own[name].place(), "the page has no source", fix, "extra-page")


def _compared(source: Page, page: Page, notes: Sequence[str], fix: str) -> Iterator[Finding]:
    if (source.model, source.blocks) != (page.model, page.blocks):
        problem = f"model and blocks in the front matter differ from {source.path}"
        yield Finding(page.place(1), problem, "Copy them from there.", "front-matter-mismatch")
    theirs, ours = parts_of(source), parts_of(page)
    for number, (their, our) in enumerate(zip_longest(theirs, ours)):
        if their is None or our is None or their.kept != our.kept:
            yield _different_part(source, page, their, our)
            return
        if number < len(notes) and notes[number] != their.mark:
            problem = f"{source.path}:{their.line} changed since this was translated"
            yield Finding(page.place(our.line), problem, fix, "stale-translation")
    if notes and len(notes) != len(theirs):
        problem = f"{source.path} gained or lost parts since this was translated"
        yield Finding(page.place(), problem, fix, "stale-translation")


def _different_part(source: Page, page: Page, their: Part | None, our: Part | None) -> Finding:
    """Return the finding for the first part of a page that differs from its source's."""
    got = _label(our) if our else "the end of the page"
    expected = _label(their) if their else "its end"
    place = source.place(their.line if their else 0)
    return Finding(
        page.place(our.line if our else page.first_line),
        f"got {got}, expected {expected}",
        f"Use the same parts in the same order as {place}.",
        "structure-mismatch",
    )


def _label(part: Part) -> str:
    lines = "\n".join(part.kept).split("\n")
    first = next((line for line in lines if line), None)
    return shown(first) if first else "a paragraph"
