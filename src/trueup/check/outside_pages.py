"""Outside pages: what people typed for readers into settings, console texts, files of forms, the
theme's templates and the comments of snippets and of `robots.txt`."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path

import jinja2

from trueup.check.banned_terms import BannedTerms
from trueup.check.claims import Near, Where, check_text
from trueup.check.mkdocs_config import printed_settings
from trueup.errors import BadInput
from trueup.finding import Finding, kept_findings
from trueup.memo import NO_MEMO, Memo
from trueup.place import Place, TextPositions
from trueup.site.visible_blocks import visible_blocks
from trueup.source_file import read_source
from trueup.status_file import TEXT_ENDINGS

COMMENT = re.compile(r"(?:^|(?<=\s))(?:#|//)\s+(\S.*)$", re.MULTILINE)
FOR_CRAWLERS = re.compile(r"#[#\s]*(\S.*)")
"""A comment of `robots.txt`, which needs no space."""
Reader = Callable[[Path, str], Iterator[tuple[Where, str]]]
"""Gets a file and its text, and yields place and text of what readers see."""


def check_outside_pages(
    top: Path,
    terms: BannedTerms,
    languages: Sequence[str],
    sent: Iterable[str] = (),
    memo: Memo = NO_MEMO,
) -> list[Finding]:
    """Return findings in the texts that readers see and no page holds, such as the files that
    blocks send (`sent`); from the memo where all are the same. Each could stand beside an endpoint,
    so it is judged as one under its heading."""
    settings = printed_settings(top, (*languages,))
    files = [(file, _read(file, top), reader) for file, reader in _files(top, sent)]

    def found() -> Iterator[Finding]:
        typed = (one for file, text, reader in files for one in reader(file, text))
        for place, text in chain(settings.items(), typed):
            yield from check_text(place, text, terms, Near.HEADING)

    known = [
        "outside",
        terms.mark,
        repr(settings),
        repr([(str(file), text) for file, text, _ in files]),
    ]
    return kept_findings(memo, known, found)


def _files(top: Path, sent: Iterable[str]) -> Iterator[tuple[Path, Reader]]:
    """Yield each file with the reader of what it shows."""
    snippets, overrides = top / "snippets", top / "overrides"
    texts = [snippets / "files" / name for name in sent if name.endswith(TEXT_ENDINGS)]
    for file in sorted((*(snippets / "console").glob("*.txt"), *texts)):
        yield file, _whole
    robots = (one for home in (top / "docs", overrides) for one in home.rglob("robots.txt"))
    for file in sorted((*snippets.rglob("*.j2"), *robots)):
        yield file, _comments
    for file in sorted(overrides.rglob("*.html")):
        yield file, _blocks


def _whole(file: Path, text: str) -> Iterator[tuple[Where, str]]:
    yield TextPositions(file, text).place, text


def _comments(file: Path, text: str) -> Iterator[tuple[Where, str]]:
    pattern, lines = COMMENT if file.suffix == ".j2" else FOR_CRAWLERS, TextPositions(file, text)
    for comment in pattern.finditer(text):
        yield lines.place(comment.start(1)), comment[1]


def _blocks(file: Path, text: str) -> Iterator[tuple[Where, str]]:
    try:
        blocks = visible_blocks(_without_jinja(text))
    except ValueError:  # elements without end: the file is refused unless it was reviewed
        return
    for block in blocks:
        yield Place(str(file), block.line), block.text


def _read(file: Path, top: Path) -> str:
    """Return the text of a file, empty for one that cannot be read, which others report."""
    try:
        return read_source(file, top).decode(errors="replace")
    except (OSError, BadInput):
        return ""


def _without_jinja(text: str) -> str:
    """Return the text of a template with its code blanked, but for the texts in quotes."""
    parts = []
    try:
        for _, kind, value in jinja2.Environment().lex(text):
            is_text = kind in ("data", "string")
            parts.append(value if is_text else re.sub(r"[^\n]", " ", value))
    except jinja2.TemplateSyntaxError:
        return text
    return "".join(parts)
