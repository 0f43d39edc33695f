"""Page shell: what a built page shows outside its article: title, description, menu, footer.

It has no word of standing or advice but in titles and texts that are checked as written.
"""

import re
from collections.abc import Collection, Iterator
from html import unescape

from trueup.check.banned_terms import BannedTerms
from trueup.check.built_article import BuiltPage
from trueup.finding import Finding
from trueup.site import RUN, banner_of
from trueup.site.visible_blocks import fold_confusables, visible_blocks

BODY = re.compile(r"<body\b[^>]*>")
DATA = re.compile(r"<script\b([^>]*)>(.*?)</script>", re.DOTALL)
TYPE = re.compile(r"""\btype=["']?([^"'\s>]*)""")
ESCAPES = re.compile(r"\\u([0-9a-fA-F]{4})")
HEADINGS = re.compile(r"<h[1-6]\b[^>]*>(.*?)</h[1-6]>", re.DOTALL)


def check_shell(
    page: BuiltPage, article: str, known: Collection[str], terms: BannedTerms, mark: str | None
) -> Iterator[Finding]:
    """Return findings for a page outside its article; `known` are the titles and texts that it may
    have besides the headings of the article, and `mark` is the sentence of a rehearsal."""
    titles = "".join(f"<p>{one}</p>" for one in HEADINGS.findall(article))
    own = {*map(fold_confusables, known), *(block.text for block in visible_blocks(titles))}
    allowed = sorted(own - {""}, key=len, reverse=True)
    for line, text in _texts(page.shell):
        left = text
        for one in allowed:
            left = left.replace(one, " ")
        for _, word in terms.standing.find(left):
            problem = f"{word!r} is outside the article of the page"
            fix = "Remove it from the settings, the override or the plugin that puts it there."
            yield Finding(page.place(line), problem, fix, "typed-standing")
    body = BODY.search(page.text)
    banner = banner_of(mark) if mark else ""
    if mark and (body is None or not page.text.startswith(banner, body.end())):
        problem = "the page has no mark of a rehearsal"
        yield Finding(page.place(), problem, "Build the site again.", "changed-text")


def _texts(html: str) -> Iterator[tuple[int, str]]:
    """Yield line and text of each visible block, and of each script that is data."""
    for block in visible_blocks(html):
        yield block.line, block.text
    for script in DATA.finditer(html):
        kind = TYPE.search(script[1])
        if kind is not None and kind[1].lower() not in RUN:
            text = ESCAPES.sub(lambda found: chr(int(found[1], 16)), unescape(script[2]))
            yield html.count("\n", 0, script.start()) + 1, fold_confusables(text)
