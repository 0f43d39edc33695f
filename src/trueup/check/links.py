"""Links: whether each link between pages, as written, leads to a page and to a part of it."""

import re
from collections.abc import Iterable, Iterator, Mapping
from posixpath import dirname, join, normpath
from urllib.parse import unquote

from markdown.extensions.toc import slugify

from trueup.check.plain import CALL, blank, plain
from trueup.check.prose import CODE_SPAN, fences_of, is_inside
from trueup.finding import Finding
from trueup.finding.rules import RULES
from trueup.model import Status, anchor
from trueup.site import Page

LINK = re.compile(
    r"\]\(\s*<?([^)\s>]+)>?[^)]*\)|^ {0,3}\[[^\]\n]+\]:[ \t]*<?([^\s>]+)", re.MULTILINE
)
ELSEWHERE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|//")
HEADING = re.compile(r"^#{1,6}[ \t]+(.+?)[ \t]*#*[ \t]*$", re.MULTILINE)
OWN_ID = re.compile(r"\{:?[^}\n]*#([\w:.-]+)[^}\n]*\}")


def check_links(status: Status, pages: Iterable[Page]) -> list[Finding]:
    """Findings in the links of the pages; those to other files are looked at in the built site."""
    languages: dict[str, dict[str, Page]] = {}
    for page in pages:
        languages.setdefault(page.language, {})[page.source] = page
    made = {*status.models, *status.signatures, *map(anchor, status.endpoints), *RULES}
    return [
        finding
        for known in languages.values()
        for page in known.values()
        for finding in _page(page, known, made)
    ]


def _page(page: Page, known: Mapping[str, Page], made: set[str]) -> Iterator[Finding]:
    text = CALL.sub(blank, page.text)
    spans = [one.span() for one in CODE_SPAN.finditer(text)]
    fences = [(start, end) for start, end, _ in fences_of(text)]
    for found in LINK.finditer(text):
        target = unquote(found[1] or found[2])
        if ELSEWHERE.match(target) or is_inside(spans, found.start()):
            continue
        if not is_inside(fences, found.start()) and (odd := _dead(page, target, known, made)):
            before = text[: found.start()]
            line = page.first_line + before.count("\n")
            where = f"{page.path}:{line}:{found.start() - before.rfind(chr(10))}"
            yield Finding(where, "dead-link", *odd, "Correct the link.")


def _dead(
    page: Page, target: str, known: Mapping[str, Page], made: set[str]
) -> tuple[str, str] | None:
    """What is wrong with a link, and what was expected."""
    path, _, part = target.partition("#")
    if path and not path.endswith(".md"):
        return None
    name = normpath(join(dirname(page.source), path)) if path else page.source
    aim = known.get(name)
    if aim is None:
        return f"the link leads to {path}, which is not there", "a page was expected"
    if part and part not in _parts(aim) and not (part in made and CALL.search(aim.text)):
        return f"the link leads to #{part}, which {aim.path} lacks", "a heading of it was expected"
    return None


def _parts(page: Page) -> set[str]:
    """The addresses of a page's headings, as the extension `toc` makes them."""
    ids = set(OWN_ID.findall(page.text))
    for heading in HEADING.finditer(page.text):
        ids.add(slugify(plain(OWN_ID.sub("", heading[1])).text, "-"))
    return ids
