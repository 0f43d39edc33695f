"""Site comparison: a built site against a second build of its sources, file by file.

No code of a repository runs in a build, so the sources decide every byte of a site.
"""

import re
from collections.abc import Iterator
from filecmp import cmp
from os.path import commonprefix
from pathlib import Path

from trueup.finding import Finding
from trueup.place import Place
from trueup.site.visible_blocks import visible_blocks
from trueup.status_file import shown
from trueup.verify.block_receipt import RECEIPTS

AGAIN = "Build and verify the site again, with the same SITE_URL, and change no file afterwards."
OWN = "Remove it, or put it into docs/ or overrides/, and build again."
AROUND = "Let the overrides change a page only around its article, and build again."
ARTICLE = re.compile(rb"<article\b.*</article>", re.DOTALL)
LEAD = 25
"""Characters before a difference that show where it is."""


def check_file_kinds(site: Path) -> list[Finding]:
    """Return a finding for each link, pipe or device in a site, and each folder with the name of a
    page, which no build writes."""
    return [
        Finding(_place(file.relative_to(site).as_posix()), "no plain file", OWN, "unknown-file")
        for file in sorted(site.rglob("*"))
        if file.is_symlink() or not (file.is_file() or file.is_dir() and file.suffix != ".html")
    ]


def compare_sites(site: Path, fresh: Path) -> Iterator[Finding]:
    """Return a finding for each file of `site` that is other than in `fresh`, but for the receipts,
    which only a verification writes. Both have plain files alone."""
    got, expected = _files(site), _files(fresh)
    for name in sorted(got | expected):
        rule = "changed-text" if name.endswith(".html") else "stale-site"
        if name not in expected:
            problem = "no step of the build writes this file"
            yield Finding(_place(name), problem, OWN, "unknown-file")
        elif name not in got:
            yield Finding(_place(name), "the file is missing", AGAIN, rule)
        elif cmp(site / name, fresh / name, shallow=False):
            continue
        elif rule == "changed-text":
            yield _changed(name, (site / name).read_bytes(), (fresh / name).read_bytes(), AGAIN)
        else:
            problem = "the file differs from what the status file and the pages make"
            yield Finding(_place(name), problem, AGAIN, rule)


def compare_articles(fresh: Path, plain: Path) -> Iterator[Finding]:
    """Return a finding for each page whose article is other than in `plain`, which was built
    without the templates of the repository."""
    for name in sorted(_files(plain)):
        if name.endswith(".html"):
            got, expected = ((folder / name).read_bytes() for folder in (fresh, plain))
            article, due = ARTICLE.search(got), ARTICLE.search(expected)
            if (article and article[0]) != (due and due[0]):
                yield _changed(name, article[0] if article else b"", due[0] if due else b"", AROUND)


def _changed(name: str, got: bytes, expected: bytes, fix: str) -> Finding:
    """Return the finding for the first difference of a page or of a part of it."""
    line = got.count(b"\n", 0, len(commonprefix((got, expected)))) + 1
    there, due = _visible(got), _visible(expected)
    problem = "the HTML differs from what the source of the page makes"
    if there != due:
        start = max(len(commonprefix((there, due))) - LEAD, 0)
        first, second = (f"…{text[start:]}" if start else text for text in (there, due))
        problem = f"got the text {shown(first)}, expected {shown(second)}"
    return Finding(Place(f"site/{name}", line), problem, fix, "changed-text")


def _visible(html: bytes) -> str:
    try:
        return " ".join(block.text for block in visible_blocks(html.decode(errors="replace")))
    except ValueError:  # only an edit nests elements without end
        return ""


def _files(site: Path) -> set[str]:
    files = (file for file in site.rglob("*") if file.is_file())
    return {file.relative_to(site).as_posix() for file in files} - {RECEIPTS}


def _place(name: str) -> Place:
    return Place(f"site/{name}")
