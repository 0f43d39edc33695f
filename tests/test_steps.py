"""The steps over pages: what is kept of an earlier run is what a run without it would make."""

import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from browsing import some

from trueup.docs import Docs
from trueup.made_site import page_conditions
from trueup.memo import NO_MEMOS, Memos
from trueup.scaffold import write_starter
from trueup.scaffold.answers import SiteAnswers
from trueup.scaffold.install_source import InstallSource
from trueup.steps import Steps
from trueup.workers import Workers

Change = Callable[[Path], object]
DAY = date(2026, 5, 2)


def rewrite(name: str, old: str, new: str) -> Change:
    def change(top: Path) -> None:
        text = (top / name).read_text("utf-8")
        assert old in text, text
        (top / name).write_text(text.replace(old, new), "utf-8")

    return change


def add_a_page(top: Path) -> None:
    (top / "docs/en/more.md").write_text("# More\n\n[Home](index.md)\n")
    rewrite("mkdocs.yml", "  - index.md", "  - index.md\n  - more.md")(top)


def add_a_picture(top: Path) -> None:
    (top / "docs/en/more.png").write_bytes(b"\x89PNG\r\n\x1a\n")


CHANGES: dict[str, Change] = {
    "a page": rewrite("docs/en/index.md", "# ", "# New "),
    "a title in front matter": rewrite("docs/en/status.md", "---\n", "---\ntitle: News\n"),
    "a fact": rewrite("status.yml", "2026-05-02", "2026-05-01"),
    "the menu": add_a_page,
    "the settings": rewrite("mkdocs.yml", "- toc.follow", "- toc.integrate"),
    "a style": rewrite("overrides/assets/trueup.css", "}", "\n}"),
    "a template": rewrite("snippets/shared/curl.sh.j2", "\ncurl ", "\ncurl -s "),
    "a file": add_a_picture,
    "inherited settings": rewrite("conf/base.yml", "New site", "Newer site"),
    "the front matter of another page": rewrite("docs/en/page-40.md", "---\n", "---\nmodel: b\n"),
    "a rehearsal": lambda top: (top / "REHEARSAL").mkdir(),
    "nothing": lambda top: None,
}


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new site, built, with what was kept of it."""
    top = tmp_path_factory.mktemp("kept") / "top"
    write_starter(top, SiteAnswers(day=DAY), InstallSource(("trueup==0.1.0",)))
    (top / "conf").mkdir()
    (top / "conf/base.yml").write_text("site_name: New site\n")
    rewrite("mkdocs.yml", "site_name: ", "INHERIT: conf/base.yml\n# ")(top)
    pages = [f"page-{number}.md" for number in range(70)]
    for name in pages:
        (top / "docs/en" / name).write_text("---\ndescription: A page.\n---\n\n# Page\n")
    rewrite(
        "mkdocs.yml", "  - index.md\n", "".join(f"  - {one}\n" for one in ["index.md", *pages])
    )(top)
    build(top, DAY)
    return top


def build(top: Path, today: date, *, keeps: bool = True) -> dict[str, bytes]:
    """Build the docs, read the site as a verification does, and return its files."""
    docs = Docs.load(top, datetime(2026, 6, 1, tzinfo=UTC), today)
    memos = Memos(top / ".cache", page_conditions(docs, "mark", {})) if keeps else NO_MEMOS
    docs = replace(docs, steps=Steps(Workers(), memos))
    docs.build()
    read = [*docs.built_blocks(), *docs.steps.read_pages(docs.site, docs.languages)]
    files = {str(f.relative_to(top)): f.read_bytes() for f in docs.site.rglob("*") if f.is_file()}
    return {**files, "read": repr(read).encode()}


def results(top: Path, step: str) -> set[bytes]:
    table = sqlite3.connect(top / ".cache" / f"{step}-en.sqlite")
    found = {key for (key,) in table.execute("SELECT key FROM kept")}
    table.close()
    return found


@pytest.mark.parametrize("name", some(CHANGES, "a page"))
def test_a_site_from_kept_parts_is_the_site_made_from_nothing(
    name: str, kept: Path, tmp_path: Path
) -> None:
    top = Path(shutil.copytree(kept, tmp_path / "top"))
    CHANGES[name](top)
    assert build(top, DAY) == build(top, DAY, keeps=False)


@pytest.mark.long
def test_another_day_is_another_site(kept: Path, tmp_path: Path) -> None:
    top, later = Path(shutil.copytree(kept, tmp_path / "top")), date(2026, 5, 30)
    assert build(top, later) == build(top, later, keeps=False)


def test_only_the_changed_page_is_made_again(kept: Path, tmp_path: Path) -> None:
    top = Path(shutil.copytree(kept, tmp_path / "top"))
    build(top, DAY)
    steps = ("build", "blocks", "markdown", "checks")
    before = {step: results(top, step) for step in steps}
    with (top / "docs/en/index.md").open("a") as page:
        page.write("\nMore.\n")
    build(top, DAY)
    assert {step: len(results(top, step) - before[step]) for step in steps} == {
        "build": 2,  # its Markdown, and the whole page
        "blocks": 1,
        "markdown": 1,
        "checks": 1,
    }
