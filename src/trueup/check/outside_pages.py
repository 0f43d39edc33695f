"""Outside pages: what people typed for readers into settings, console texts, files of forms, the
theme's templates and the comments of snippets and of `robots.txt`."""

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import jinja2

from trueup.check.banned_terms import BannedTerms
from trueup.check.claims import Near, check_text
from trueup.check.mkdocs_config import printed_settings
from trueup.errors import BadInput
from trueup.finding import Finding
from trueup.place import Place, TextPositions
from trueup.site.visible_blocks import visible_blocks
from trueup.source_file import read_source
from trueup.status_file import TEXT_ENDINGS

COMMENT = re.compile(r"(?:^|(?<=\s))(?:#|//)\s+(\S.*)$", re.MULTILINE)
FOR_CRAWLERS = re.compile(r"#[#\s]*(\S.*)")
"""A comment of `robots.txt`, which needs no space."""


def check_outside_pages(
    top: Path, terms: BannedTerms, languages: Sequence[str], sent: Iterable[str] = ()
) -> Iterator[Finding]:
    """Yield findings in the texts that readers see and no page holds, such as the files that blocks
    send (`sent`). Each could stand beside an endpoint, so it is judged as one under its heading."""
    for place, text in printed_settings(top, (*languages,)).items():
        yield from check_text(place, text, terms, Near.HEADING)
    texts = [top / "snippets" / "files" / name for name in sent if name.endswith(TEXT_ENDINGS)]
    for file in sorted((*(top / "snippets" / "console").glob("*.txt"), *texts)):
        text = _read(file, top)
        yield from check_text(TextPositions(file, text).place, text, terms, Near.HEADING)
    robots = (one for home in ("docs", "overrides") for one in (top / home).rglob("robots.txt"))
    for file in sorted((*(top / "snippets").rglob("*.j2"), *robots)):
        text = _read(file, top)
        pattern = COMMENT if file.suffix == ".j2" else FOR_CRAWLERS
        for comment in pattern.finditer(text):
            place = TextPositions(file, text).place(comment.start(1))
            yield from check_text(place, comment[1], terms, Near.HEADING)
    for file in sorted((top / "overrides").rglob("*.html")):
        try:
            blocks = visible_blocks(_without_jinja(_read(file, top)))
        except ValueError:  # elements without end: the file is refused unless it was reviewed
            continue
        for block in blocks:
            yield from check_text(Place(str(file), block.line), block.text, terms, Near.HEADING)


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
