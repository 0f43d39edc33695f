"""Built article: the article of a built page, compared with what its source and the record make."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from os.path import commonprefix

from trueup.finding import Finding
from trueup.markdown_export import link_page
from trueup.place import Place
from trueup.site import link_receipts, stamp_page, stamps_of
from trueup.site.visible_blocks import visible_blocks
from trueup.status_file import shown
from trueup.wording import AssistantLabels

ARTICLE = re.compile(r"<article\b[^>]*>(.*)</article>", re.DOTALL)
UNSEARCHED = re.compile(r' data-search-exclude(?:="[^"]*")?')
"""The search of the theme takes out the attribute after it read it."""
BUTTON = re.compile(
    r'<a href="[^"<>]*" title="[^"<>]*" class="md-content__button md-icon"[^<>]*>\s*'
    r"<svg[^<>]*>(?:<path [^<>]*/>)*</svg>\s*</a>"
)
"""The theme's links to the source of a page."""
MOST = 5
"""Findings of a page: a page that is wholly another need not be listed whole."""
LEAD = 25
"""Characters before a difference that show where it is."""
AGAIN = "Remove what changes the page after its macros, such as a hook or an override; build again"


@dataclass(frozen=True)
class BuiltPage:
    """A built page. `shell` is all of it outside the text of the article."""

    page: str
    text: str
    shell: str

    def place(self, line: int = 0) -> Place:
        """Return the place of a line of the page, or of the whole."""
        return Place(f"site/{self.page}", line)


def expected_article(page: str, text: str, rendered: str, guide: AssistantLabels) -> str:
    """Return the article that a page of the built site must have: the rendered source with what the
    steps after the build add. Its stamps are those of the page's text, which are checked by their
    receipts."""
    whole = link_receipts(page, f"<article>{rendered}</article>")
    linked = link_page(page, stamp_page(whole, stamps_of(text)), guide)
    return UNSEARCHED.sub("", linked)[len("<article>") : -len("</article>")].strip()


def check_article(page: str, text: str, expected: str) -> tuple[BuiltPage, list[Finding]]:
    """Return the page without its article, and findings for the differences of that."""
    found = ARTICLE.search(text)
    if found is None:
        problem, fix = "the page has no article", f"{AGAIN}."
        built = BuiltPage(page, text, text)
        return built, [Finding(built.place(), problem, fix, "changed-text")]
    inner = UNSEARCHED.sub("", found[1])
    at = inner.find(expected)
    around = inner[:at] + inner[at + len(expected) :] if at >= 0 else ""
    built = BuiltPage(page, text, text[: found.start(1)] + around + text[found.end(1) :])
    if at >= 0:
        parts = [inner[:at], inner[at + len(expected) :]]
        got = "".join(f"<div>{BUTTON.sub('', part)}</div>" for part in parts)
        differences = list(_differences("", got))
    else:
        differences = list(_differences(expected, inner)) or [
            ("the HTML of the article differs from what its source renders", AGAIN)
        ]
    line = text.count("\n", 0, found.start(1)) + 1
    return built, [
        Finding(built.place(line), problem, f"{fix}.", "changed-text")
        for problem, fix in differences[:MOST]
    ]


def _differences(expected: str, got: str) -> Iterator[tuple[str, str]]:
    """Yield problem and fix for each visible block that is changed, missing or added."""
    wanted = [block.text for block in visible_blocks(expected)]
    seen = [block.text for block in visible_blocks(got)]
    for kind, start, end, first, last in SequenceMatcher(
        None, wanted, seen, autojunk=False
    ).get_opcodes():
        if kind == "equal":
            continue
        missing, added = wanted[start:end], seen[first:last]
        for number in range(max(len(missing), len(added))):
            there = added[number] if number < len(added) else None
            due = missing[number] if number < len(missing) else None
            if there is None:
                yield f"the page lacks the text {shown(due)}", AGAIN
            elif due is None:
                yield f"the page shows {shown(there)}, which its source does not render", AGAIN
            else:
                yield "got the text {}, expected {}".format(*_from_difference(there, due)), AGAIN


def _from_difference(there: str, due: str) -> tuple[str, str]:
    """Return both texts as shown, from some words before the first difference on."""
    start = max(len(commonprefix((there, due))) - LEAD, 0)
    first, second = (f"…{text[start:]}" if start else text for text in (there, due))
    return shown(first), shown(second)
