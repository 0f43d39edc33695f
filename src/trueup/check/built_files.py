"""Built files: every file of a built site, each compared with the one that made it.

A file is a page of the sources, an export, a file of the theme, of overrides/ or of docs/, or the
index of the search; another is a finding.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

from lxml import etree

from trueup.finding import Finding
from trueup.place import Place
from trueup.site import NOT_FOUND, Page, home_of, language_at, load_settings, settings_of
from trueup.site.visible_blocks import parse_html, visible_blocks

INDEX = "search/search_index.json"
AGAIN = "Remove what changes it, and build the site again, with the same SITE_URL."
OWN = "Remove it, or put it into docs/ or overrides/."
MOST = 5


class BuiltFiles:
    """The files of the site that was built from the repository at `top`."""

    def __init__(
        self, top: Path, site: Path, pages: Sequence[Page], languages: Sequence[str]
    ) -> None:
        self.top, self.site, self.pages, self.languages = top, site, pages, languages
        settings = {name: load_settings(top / settings_of(name), top) for name in languages}
        self.theme = _theme_folder(settings[languages[0]])
        self.sources = {
            language: [top / _custom(settings[language]), top / "docs" / language, self.theme]
            for language in languages
        }

    def check(
        self, exports: Mapping[str, str | Path], written: Collection[str]
    ) -> Iterator[Finding]:
        """Return findings for files other than they must be; `exports` are compared with their
        texts or files, `written` are known by other checks."""
        homes = [home_of(language) for language in self.languages]
        known = {*written, *(home + name for home in homes for name in (INDEX, NOT_FOUND))}
        known |= {page.html for page in self.pages}
        files = {
            path.relative_to(self.site).as_posix(): path
            for path in sorted(self.site.rglob("*"))
            if path.is_symlink() or not path.is_dir()
        }
        for name, path in files.items():
            if path.is_symlink():
                yield Finding(_place(name), "the file is a link", OWN, "unknown-file")
            elif name not in known and name not in exports:
                yield from self._copied(name, path.read_bytes())
        for name, made in exports.items():
            expected = made.read_bytes() if isinstance(made, Path) else made.encode()
            if name not in files:
                yield Finding(_place(name), "the file is missing", AGAIN, "stale-site")
            elif files[name].read_bytes() != expected:
                problem = "the file differs from what the status file and the pages make"
                yield Finding(_place(name), problem, AGAIN, "stale-site")
        for page in self.pages:
            if page.html not in files:
                problem = "the page is missing"
                yield Finding(_place(page.html), problem, "Build the site again.", "changed-text")

    def _copied(self, name: str, content: bytes) -> Iterator[Finding]:
        """Return findings for a file that MkDocs would have copied."""
        language = language_at(name, self.languages)
        own = name.removeprefix(home_of(language))
        copied = [folder / own for folder in self.sources[language]]
        source = next((file for file in copied if file.is_file()), None)
        if source is None or name.endswith((".html", ".md")):
            problem = "no step of the build writes this file"
            yield Finding(_place(name), problem, OWN, "unknown-file")
        elif source.read_bytes() != content:
            problem = "the file differs from the one that was copied"
            yield Finding(_place(name), problem, AGAIN, "unknown-file")

    def check_search(self, pages: Mapping[str, str]) -> Iterator[Finding]:
        """Return findings for texts of the search that its pages lack; `pages` are their articles
        as rendered, by their paths."""
        texts = {name: _letters(html) for name, html in pages.items()}
        for language in self.languages:
            name = home_of(language) + INDEX
            try:
                entries = json.loads((self.site / name).read_bytes())["docs"]
                found = [one for one in entries if not _is_of_a_page(one, language, texts)]
            except FileNotFoundError:
                continue
            except (OSError, ValueError, KeyError, TypeError, AttributeError):
                yield Finding(_place(name), "no valid index of the search", AGAIN, "stale-site")
                continue
            for entry in found[:MOST]:
                problem = f"the search shows a text of {entry['location']} that the page lacks"
                yield Finding(_place(name), problem, AGAIN, "stale-site")


def _place(name: str) -> Place:
    return Place(f"site/{name}")


def _theme_folder(settings: Mapping[str, object]) -> Path:
    from mkdocs.utils import get_theme_dir

    theme = settings.get("theme")
    name = theme.get("name") if isinstance(theme, dict) else theme
    return Path(get_theme_dir(str(name)))


def _custom(settings: Mapping[str, object]) -> str:
    theme = settings.get("theme")
    return str(theme.get("custom_dir") or "overrides") if isinstance(theme, dict) else "overrides"


def _is_of_a_page(entry: Mapping[str, str], language: str, texts: Mapping[str, str]) -> bool:
    """Return whether the page of an entry of the search has each of its blocks."""
    location = home_of(language) + entry["location"].partition("#")[0]
    page = location + "index.html" if not location or location.endswith("/") else location
    blocks = visible_blocks(f"<div>{entry['title']}</div><div>{entry['text']}</div>")
    return page in texts and all(_compact(block.text) in texts[page] for block in blocks)


def _letters(html: str) -> str:
    """Return the text of an article that the search reads, without white space."""
    root = parse_html(html)
    if root is None:
        return ""
    for element in root.xpath("//*[@data-search-exclude]"):
        element.clear(keep_tail=True)
    left = etree.tostring(root, encoding="unicode")
    return _compact("".join(block.text for block in visible_blocks(left)))


def _compact(text: str) -> str:
    return "".join(text.split())
