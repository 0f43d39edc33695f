"""From HTML: the article of a built page as Markdown, as it is visible without a script."""

import re
from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass, replace
from hashlib import sha256
from urllib.parse import quote

from bs4 import BeautifulSoup, Tag
from markdownify import MarkdownConverter

from trueup.site import trim_end, without_colours
from trueup.wording.markdown import code_span, fence_for

Link = Callable[[str], str | None]
"""Rewrites an address of a page for the file of the Markdown; None drops the link."""
ARTICLE, ARTICLE_END = re.compile(r"<article\b"), "</article>"
UNSEEN = frozenset(
    (
        *("headerlink", "tu-keys", "tu-markdown", "linenos"),
        *("button", "input", "script", "style", "svg", "[hidden]"),
    )
)
SEEN = frozenset(
    (
        *("tabbed-set", "tabbed-labels", "admonition-title", "summary"),
        *("admonition", "details", "tu-fresh"),
    )
)
"""Tags and classes of what Markdown has in another form, and of claims that age."""
ACTIVE = re.compile(r"([\\`*\[\]<&|~]|(?<![^\W_])_|_(?![^\W_]))")
OPENING = re.compile(r"(?m)^(\s*)([#>=+-]|[0-9]{1,9}(?=[.)]))")
"""Characters that open a block of another kind at the start of a line."""
URL_SAFE = "%/:?#[]@!$'*+,;=~"


def escape_commonmark(text: str) -> str:
    """Return the text as running text, in which no character is markup of CommonMark."""
    return OPENING.sub(_inert, ACTIVE.sub(r"\\\1", _printable(text)))


@dataclass(frozen=True)
class Article:
    """The article of a page. `title` is Markdown; `until` is the last date of its claims in the
    present tense, where it has any.

    Links of `body` stand between marks, since one conversion serves files of several folders: each
    with the number of its target. No page has its own hash as text, so `mark` is that hash.
    """

    title: str
    until: str | None
    body: str
    mark: str
    targets: Sequence[str]

    def render(self, note: str, link: Link) -> str:
        """Return the page with a note under its title; code is byte for byte as it is copied.

        Tabs follow each other, each under its label; folded parts are open.
        """
        return f"# {self.title}\n\n{note}\n\n{_with_links(self, self.body, link)}\n"


def article_text(html: str) -> str:
    """Return the HTML of a page's article, all that `article_of` reads; empty without one."""
    html = html.replace("\0", "").replace("\r\n", "\n").replace("\r", "\n")
    found = ARTICLE.search(html)
    end = html.find(ARTICLE_END, found.end()) if found else -1
    return html[found.start() : end + len(ARTICLE_END)] if found and end >= 0 else ""


def article_of(html: str) -> Article:
    """Return the article of a page. Raises ValueError for one without it, or without a title."""
    text = without_colours(article_text(html))
    soup = BeautifulSoup(text, "lxml")
    heading = soup.find("h1")
    if not isinstance(heading, Tag):
        raise ValueError("no article with a title")
    days = (voice.get("data-until") for voice in _prepare(soup))
    until = min((str(day) for day in days if day), default=None)
    converter = _Converter(mark=sha256(text.encode(errors="replace")).hexdigest())
    title = converter.convert_soup(heading.extract())
    body = converter.convert_soup(soup).strip("\n")
    article = Article("", until, body, converter.mark, converter.targets)
    title = _with_links(article, title, lambda _: None).strip("\n").removeprefix("# ")
    return replace(article, title=title)


def _with_links(article: Article, text: str, link: Link) -> str:
    """Return a text with its links rewritten by `link`; a dropped link leaves its words."""

    def written(found: re.Match[str]) -> str:
        target = link(article.targets[int(found[1])])
        if target is None:
            return found[2]
        place = quote(target, safe=URL_SAFE + "&").replace("&", "&amp;")
        return f"[{found[2].strip()}]({place})"

    return re.sub(f"(?s){article.mark}<([0-9]+)>(.*?){article.mark}", written, text)


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() or char == "\n" else " " for char in text)


def _inert(found: re.Match[str]) -> str:
    digits = found[2].isdigit()
    return f"{found[1]}{found[2]}\\" if digits else f"{found[1]}\\{found[2]}"


def _prepare(soup: BeautifulSoup) -> list[Tag]:
    """Remove invisible elements, and give labels and boxes a form that Markdown has. Return the
    claims in the present tense."""
    for unseen in [one for _, one in _named(soup, UNSEEN)]:
        unseen.decompose()
    found: dict[str, list[Tag]] = {name: [] for name in SEEN}
    for name, tag in _named(soup, SEEN):
        found[name].append(tag)
    for tabs in found["tabbed-set"]:
        labels = tabs.select(":scope > .tabbed-labels > label")
        blocks = tabs.select(":scope > .tabbed-content > .tabbed-block")
        for label, block in zip(labels, blocks, strict=False):
            block.insert(0, _bold(soup, label))
    for row in found["tabbed-labels"]:
        row.decompose()
    for title in [*found["admonition-title"], *found["summary"]]:
        title.replace_with(_bold(soup, title))
    for box in [*found["admonition"], *found["details"]]:
        box.name = "blockquote"
    return found["tu-fresh"]


def _named(soup: BeautifulSoup, names: Set[str]) -> Iterator[tuple[str, Tag]]:
    """Yield each element with its name among `names`: its tag, a class, or `[hidden]`. Selectors
    and `find_all`, which are equivalent, took a quarter of the time of a page."""
    for tag in soup.descendants:
        if isinstance(tag, Tag):
            own = {tag.name, *(tag.attrs.get("class") or ())}
            if "hidden" in tag.attrs:
                own.add("[hidden]")
            for name in own & names:
                yield name, tag


def _bold(soup: BeautifulSoup, source: Tag) -> Tag:
    paragraph, strong = soup.new_tag("p"), soup.new_tag("strong")
    strong.extend(list(source.contents))
    paragraph.append(strong)
    return paragraph


class _Converter(MarkdownConverter):
    """A converter that marks links, whose targets it collects."""

    def __init__(self, mark: str) -> None:
        super().__init__(heading_style="atx", bullets="-", autolinks=False)
        self.mark, self.targets = mark, list[str]()

    def escape(self, text: str, parent_tags: Set[str]) -> str:
        return escape_commonmark(text)

    def convert_a(self, el: Tag, text: str, parent_tags: Set[str]) -> str:
        if not text.strip() or "_noformat" in parent_tags:
            return text
        self.targets.append(str(el.get("href", "")))
        return f"{self.mark}<{len(self.targets) - 1}>{text}{self.mark}"

    def convert_code(self, el: Tag, text: str, parent_tags: Set[str]) -> str:
        if "_noformat" in parent_tags:
            return text
        span = code_span(text) if text.strip() else ""
        # A table is cut at its bars before code is looked for.
        return span.replace("|", r"\|") if {"td", "th"} & parent_tags else span

    def convert_pre(self, el: Tag, text: str, parent_tags: Set[str]) -> str:
        block = trim_end((el.find("code") or el).get_text())
        fence = fence_for(block, 3)
        return f"\n\n{fence}{_language(el)}\n{block}\n{fence}\n\n"


def _language(block: Tag) -> str:
    classes = (name for tag in (block, *block.parents) for name in tag.get_attribute_list("class"))
    named = (re.fullmatch(r"(?:language|lang)-(.+)", name or "") for name in classes)
    return next((found[1] for found in named if found), "")
