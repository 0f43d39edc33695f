"""Markdown: the article of a built page as Markdown, as it is seen without running a script."""

import re
from collections.abc import Callable, Set
from hashlib import sha256
from urllib.parse import quote

from bs4 import BeautifulSoup, Tag
from markdownify import MarkdownConverter

from trueup.site import trim_end, without_colours
from trueup.wording.markdown import code_span, fence_for

Link = Callable[[str], str | None]
"""An address of a page as it is written where the Markdown lies; None where nothing is to lead."""
ARTICLE = re.compile(r"<article\b.*?</article>", re.DOTALL)
UNSEEN = ("headerlink", "tu-markdown", "linenos", "button", "input", "script", "style", "svg")
ACTIVE = re.compile(r"([\\`*\[\]<&|~]|(?<![^\W_])_|_(?![^\W_]))")
OPENING = re.compile(r"(?m)^(\s*)([#>=+-]|[0-9]{1,9}(?=[.)]))")
"""What would open a block of another kind at the start of a line."""
URL_SAFE = "%/:?#[]@!$'*+,;=~"


def escape_commonmark(text: str) -> str:
    """The text as running text: no character of it means anything to Markdown."""
    return OPENING.sub(_inert, ACTIVE.sub(r"\\\1", _printable(text)))


class Article:
    """The article of a page. `title` is Markdown; `until` is the last day on which all that it says
    in the present tense may be said, where it has one."""

    def __init__(self, html: str) -> None:
        """Raises ValueError for a page without an article, or without a title in it."""
        found = ARTICLE.search(re.sub("\r\n?", "\n", html))
        text = without_colours(found[0] if found else "")
        soup = BeautifulSoup(text, "html.parser")
        heading = soup.find("h1")
        if not isinstance(heading, Tag):
            raise ValueError("no article with a title")
        _prepare(soup)
        days = (voice.get("data-until") for voice in _named(soup, "tu-fresh"))
        self.until = min((str(day) for day in days if day), default=None)
        self._converter = _Converter(mark=sha256(text.encode(errors="replace")).hexdigest())
        title = self._converter.convert_soup(heading.extract())
        self.title = self._converter.led(title, lambda _: None).strip("\n").removeprefix("# ")
        self._body = self._converter.convert_soup(soup).strip("\n")

    def render(self, note: str, link: Link) -> str:
        """The page with a note under its title; code is byte for byte as the copy button gives it.

        Tabs follow each other, each under its label; what a click would open is open.
        """
        return f"# {self.title}\n\n{note}\n\n{self._converter.led(self._body, link)}\n"


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() or char == "\n" else " " for char in text)


def _inert(found: re.Match[str]) -> str:
    digits = found[2].isdigit()
    return f"{found[1]}{found[2]}\\" if digits else f"{found[1]}\\{found[2]}"


def _prepare(soup: BeautifulSoup) -> None:
    """Takes away what is not seen, and gives labels and boxes a form that Markdown has."""
    for odd in [*_named(soup, *UNSEEN), *soup.find_all(hidden=True)]:
        odd.decompose()
    for tabs in _named(soup, "tabbed-set"):
        labels = tabs.select(":scope > .tabbed-labels > label")
        blocks = tabs.select(":scope > .tabbed-content > .tabbed-block")
        for label, block in zip(labels, blocks, strict=False):
            block.insert(0, _bold(soup, label))
    for row in _named(soup, "tabbed-labels"):
        row.decompose()
    for title in _named(soup, "admonition-title", "summary"):
        title.replace_with(_bold(soup, title))
    for box in _named(soup, "admonition", "details"):
        box.name = "blockquote"


def _named(soup: BeautifulSoup, *names: str) -> list[Tag]:
    """The elements whose tag or one of whose classes is among the names. CSS selectors, which
    could say the same, took a quarter of the time of a page."""
    wanted = set(names)
    return soup.find_all(
        lambda tag: tag.name in wanted or not wanted.isdisjoint(tag.get_attribute_list("class"))
    )


def _bold(soup: BeautifulSoup, source: Tag) -> Tag:
    paragraph, strong = soup.new_tag("p"), soup.new_tag("strong")
    strong.extend(list(source.contents))
    paragraph.append(strong)
    return paragraph


class _Converter(MarkdownConverter):
    """Marks links, since one conversion serves files of several folders. No page has its own hash
    as text, so `mark` is the hash of the page."""

    def __init__(self, mark: str) -> None:
        super().__init__(heading_style="atx", bullets="-", autolinks=False)
        self._mark, self._targets = mark, list[str]()

    def led(self, text: str, link: Link) -> str:
        """The text with its links as `link` writes them; where one leads nowhere, its words."""

        def written(found: re.Match[str]) -> str:
            target = link(self._targets[int(found[1])])
            if target is None:
                return found[2]
            place = quote(target, safe=URL_SAFE + "&").replace("&", "&amp;")
            return f"[{found[2].strip()}]({place})"

        return re.sub(f"(?s){self._mark}<([0-9]+)>(.*?){self._mark}", written, text)

    def escape(self, text: str, parent_tags: Set[str]) -> str:
        return escape_commonmark(text)

    def convert_a(self, el: Tag, text: str, parent_tags: Set[str]) -> str:
        if not text.strip() or "_noformat" in parent_tags:
            return text
        self._targets.append(str(el.get("href", "")))
        return f"{self._mark}<{len(self._targets) - 1}>{text}{self._mark}"

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
