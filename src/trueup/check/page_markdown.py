"""Page Markdown: a page's text to HTML as MkDocs would make it, by the site's own extensions.

Their options are read as plain data: no code, plugin, hook or theme of the repository is loaded.
"""

from collections.abc import Iterable
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from markdown import Markdown
from markdown.inlinepatterns import HTML_RE, HtmlInlineProcessor
from markdown.preprocessors import HtmlBlockPreprocessor

from trueup.check.known_settings import EXTENSIONS, Text
from trueup.errors import BadInput
from trueup.site.outline import load_settings, named_options

BUILTIN = ("toc", "tables", "fenced_code")
"""The extensions that MkDocs itself adds before those of the settings."""
FIXED = {"pymdownx.highlight": {"use_pygments": False}, "toc": {"permalink": False}}
"""Colours and links to headings add no words."""
Options = dict[str, dict[str, Any]]


class PageMarkdown:
    """A renderer of pages with some extensions, which are loaded for the first page."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self._raw: list[str] = []

    @cached_property
    def _markdown(self) -> Markdown:
        names = list(dict.fromkeys((*BUILTIN, *self.options)))
        own = {name: {**self.options.get(name, {}), **FIXED.get(name, {})} for name in names}
        try:
            markdown = Markdown(extensions=names, extension_configs=own)
        except Exception:  # an extension raises what it likes at an option; the build reports it
            markdown = Markdown(extensions=names, extension_configs=FIXED)
        markdown.inlinePatterns.register(_InlineHtml(markdown, self._raw), "html", 90)
        markdown.preprocessors.register(_HtmlBlocks(markdown, self._raw), "html_block", 20)
        return markdown

    def render(self, text: str) -> tuple[str, list[str]]:
        """Return the HTML of a text, and the pieces of HTML that were written in it.

        Raises ValueError for a text that cannot be rendered.
        """
        self._raw.clear()
        try:
            return self._markdown.reset().convert(text), list(self._raw)
        except Exception as error:  # an extension raises what it likes
            raise ValueError(f"{type(error).__name__}: {error}") from error


class _InlineHtml(HtmlInlineProcessor):  # type: ignore[misc]
    """The usual processor of HTML within a line, which notes each piece."""

    def __init__(self, markdown: Markdown, raw: list[str]) -> None:
        super().__init__(HTML_RE, markdown)
        self._raw = raw

    def handleMatch(self, found: Any, data: str) -> Any:
        self._raw.append(self.backslash_unescape(self.unescape(found[1])))
        return super().handleMatch(found, data)


class _HtmlBlocks(HtmlBlockPreprocessor):  # type: ignore[misc]
    """The usual processor of blocks of HTML, which notes each."""

    def __init__(self, markdown: Markdown, raw: list[str]) -> None:
        super().__init__(markdown)
        self._raw = raw

    def run(self, lines: list[str]) -> list[str]:
        count = len(self.md.htmlStash.rawHtmlBlocks)
        lines = super().run(lines)
        self._raw += map(str, self.md.htmlStash.rawHtmlBlocks[count:])
        return lines


def load_markdown(settings: Path, top: Path, known: Iterable[PageMarkdown] = ()) -> PageMarkdown:
    """Return the renderer of the pages with these settings, of those known if one has the same
    options; one with every extension if they are not valid, which the check of them reports."""
    try:
        listed = load_settings(settings, top).get("markdown_extensions")
    except BadInput:
        return whole_markdown()
    given = {name: one for name, one in named_options(listed).items() if name in EXTENSIONS}
    options = {name: _plain_options(name, one) for name, one in given.items()}
    # In another order, the extensions would be tried in another one.
    same = (one for one in known if list(one.options.items()) == list(options.items()))
    return next(same, None) or PageMarkdown(options)


@lru_cache(maxsize=1)
def whole_markdown() -> PageMarkdown:
    """Return a renderer with every extension that a site may have."""
    return PageMarkdown({name: {} for name in sorted(EXTENSIONS)})


def _plain_options(name: str, options: Any) -> dict[str, Any]:
    """Return the known options of an extension that are no functions; without those the same words
    are shown."""
    known = named_options(EXTENSIONS[name])
    given = named_options(options).items()
    return {key: one for key, one in given if isinstance(known.get(key), Text) and one is not None}
