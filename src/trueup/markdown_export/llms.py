"""llms.txt: each page as Markdown beside it, and the lists of them by that convention."""

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

from trueup.errors import BadInput
from trueup.markdown_export.from_html import (
    Article,
    Link,
    article_of,
    article_text,
    escape_commonmark,
)
from trueup.memo import NO_MEMO, Memo
from trueup.site import HIDDEN_ALTERNATE, Outline, Page, Section, home_of, place_of
from trueup.wording import AssistantLabels

LIST, WHOLE = "llms.txt", "llms-full.txt"
FOLLOWED = ("http", "https", "mailto")
FORMATS = {"openapi.json": "OpenAPI 3.1", "summary.json": "Statuspage"}
"""Files for programs whose format is known by its name in every language."""
FOUND_BY = {
    "status.json": f'{HIDDEN_ALTERNATE} type="application/json"',
    "changes.atom": f'{HIDDEN_ALTERNATE} type="application/atom+xml"',
    "changes.json": f'{HIDDEN_ALTERNATE} type="application/feed+json"',
    "openapi.json": 'rel="service-desc" type="application/vnd.oai.openapi+json"',
}
"""The relation and media type by which programs find a file in the head of each page."""
HEAD_END, TITLE_END = "</head>", re.compile(r"<article\b.*?</h1>", re.DOTALL)


def text_of(page: str) -> str:
    """Return the path of a page's Markdown: beside the page."""
    return page.removesuffix(".html") + ".md"


@dataclass(frozen=True)
class MarkdownFiles:
    """The pages of one language as Markdown, and the lists of them.

    `address` is that of the published site, if known; `mark` is a sentence for the top of every
    file.
    """

    site: Path
    language: str
    outline: Outline
    pages: Sequence[Page]
    guide: AssistantLabels
    today: date
    address: str = ""
    mark: str | None = None
    memo: Memo = NO_MEMO

    def render(self, guides: Mapping[str, AssistantLabels]) -> dict[str, str]:
        """Return the Markdown of each page, `llms.txt` and `llms-full.txt`, by paths in the site.

        `guides` are those of all languages, by their names. Raises BadInput for a page that was
        changed after the build.
        """
        mark = f"{escape_commonmark(self.mark)}\n\n" if self.mark else ""
        return {name: mark + text for name, text in self._files(guides)}

    def _files(self, guides: Mapping[str, AssistantLabels]) -> Iterator[tuple[str, str]]:
        home = home_of(self.language)
        titles, whole = {}, []
        for page in self._in_order():
            made = self._made(page)
            yield from made["files"].items()
            titles[page.source] = made["title"]
            whole.append(made["whole"])
        yield home + WHOLE, "\n".join(whole)
        yield home + LIST, "\n".join(self._list(titles, guides))

    def _in_order(self) -> list[Page]:
        """Return the pages in the order of the menu, those outside it last."""
        rank = {source: number for number, source in enumerate(self.outline.sources)}
        return sorted(self.pages, key=lambda page: rank.get(page.source, len(rank)))

    def _made(self, page: Page) -> dict[str, Any]:
        """Return the title of a page, its files by path, and its text in the file of all."""
        file = self.site / page.html
        try:
            html = file.read_bytes().decode(errors="replace")
            made_from = (article_text(html), page.html, self.address, str(self.today))
            made: dict[str, Any] = self.memo.get(made_from, lambda: self._make(page, html))
        except (OSError, ValueError) as error:
            problem = error.strerror if isinstance(error, OSError) else error
            raise BadInput(file, str(problem), "Build the site again.") from error
        return made

    def _make(self, page: Page, html: str) -> dict[str, Any]:
        article, (place, name) = article_of(html), posixpath.split(page.html)
        files = {text_of(page.html): self._render(page, article, place, "")}
        if place and name == "index.html":  # readers add `.md` to the address of a page
            files[f"{place}.md"] = self._render(page, article, posixpath.dirname(place), "")
        whole = self._render(page, article, home_of(self.language), self.address)
        return {"title": article.title, "files": files, "whole": whole}

    def _render(self, page: Page, article: Article, folder: str, address: str) -> str:
        link = link_rewriter(page.html, folder, address)
        return article.render(self.guide.note(link("./") or "", self.today, article.until), link)

    def _list(
        self, titles: Mapping[str, str], guides: Mapping[str, AssistantLabels]
    ) -> Iterator[str]:
        home = home_of(self.language)
        link = link_rewriter(home, home, self.address)
        yield f"# {escape_commonmark(self.outline.name)}\n"
        if self.outline.description:
            yield f"> {escape_commonmark(self.outline.description)}\n"
        pages = {page.source: page for page in self.pages}
        sections = _by_title(self.outline.sections, pages)
        for section in sorted(
            sections, key=lambda one: not any(pages[name].model for name in one.sources)
        ):
            yield f"## {escape_commonmark(section.title or self.guide.pages)}\n"
            for source in section.sources:
                page = pages[source]
                about = f": {escape_commonmark(page.description)}" if page.description else ""
                place = link(f"/{quote(text_of(page.html))}")
                yield f"- [{titles[source]}]({place}){about}"
            yield ""
        yield f"## {self.guide.programs}\n"
        for name, about in {**self.guide.files(), **FORMATS}.items():
            yield f"- [{name}]({link('/' + name)}): {about}"
        # By the convention, the files under this title can be left out.
        yield "\n## Optional\n"
        yield f"- [{WHOLE}]({link('/' + home + WHOLE)}): {self.guide.whole}"
        for language, guide in guides.items():
            if language != self.language:
                yield f"- [{guide.language}]({link('/' + home_of(language) + LIST)})"
        yield ""


def link_rewriter(page: str, folder: str, address: str = "") -> Link:
    """Return the rewriting of a page's links for a file of a folder: absolute with an address.

    Links of other schemes than those of the web and of mail are dropped.
    """

    def link(href: str) -> str | None:
        try:
            parts = urlsplit(href)
        except ValueError:
            return None
        if parts.scheme or parts.netloc:
            return href if parts.scheme in FOLLOWED else None
        whole = urljoin(f"/{place_of(page)}", href)
        if address:
            return address + whole.removeprefix("/")
        path = re.split("[?#]", whole, maxsplit=1)[0]
        near = posixpath.relpath(path, f"/{quote(folder)}") + ("/" if path.endswith("/") else "")
        return near + whole.removeprefix(path)

    return link


def _by_title(sections: Sequence[Section], known: Mapping[str, Page]) -> list[Section]:
    """Return one section for each title, in the order of their first place."""
    found: dict[str | None, list[str]] = {}
    for section in sections:
        found.setdefault(section.title, []).extend(s for s in section.sources if s in known)
    return [Section(title, tuple(sources)) for title, sources in found.items() if sources]


@dataclass(frozen=True)
class MarkdownLinks:
    """The change that links a page to its Markdown, in its head and visibly under its title, and in
    its head to the files for programs.

    `labels` are the words of the link, by page. The link works without JavaScript; with it, a click
    copies the Markdown.
    """

    labels: Mapping[str, tuple[str, str, str]]

    def __call__(self, page: str, text: str) -> str:
        if page not in self.labels:
            return text
        name = posixpath.basename(text_of(page))
        top = "../" * page.count("/")
        head = f'<link {HIDDEN_ALTERNATE} type="text/markdown" href="{name}">' + "".join(
            f'<link {kind} href="{top}{file}">' for file, kind in FOUND_BY.items()
        )
        reads, copies, copied = map(escape, self.labels[page])
        paragraph = (
            f'<p class="tu-markdown"><a href="{name}" data-copies="{copies}"'
            f' data-copied="{copied}">{reads}</a></p>'
        )
        text = text.replace(HEAD_END, head + HEAD_END, 1)
        return TITLE_END.sub(lambda found: found[0] + paragraph, text, count=1)
