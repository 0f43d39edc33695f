"""Page Markdown: a page's text to HTML as MkDocs would make it, by the site's own extensions.

Their options are read as plain data: no code, plugin, hook or theme of the repository is loaded.
"""

from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from markdown import Markdown
from markdown.inlinepatterns import HTML_RE, HtmlInlineProcessor
from markdown.preprocessors import HtmlBlockPreprocessor

from trueup.check.known_settings import EXTENSIONS
from trueup.errors import BadInput
from trueup.site import load_settings

BUILTIN = ("toc", "tables", "fenced_code")
"""The extensions that MkDocs itself adds before those of the settings."""
CALLABLE = {"slugify", "format", "validator", "custom_fences", "custom_inline"}
"""Options whose value is a function; without them the same words are shown."""
FIXED = {"pymdownx.highlight": {"use_pygments": False}, "toc": {"permalink": False}}
"""Colours and links to headings add no words."""
Options = dict[str, dict[str, Any]]


class PageMarkdown:
    """A renderer of pages with some extensions."""

    def __init__(self, options: Options) -> None:
        names = list(dict.fromkeys((*BUILTIN, *options)))
        own = {name: {**options.get(name, {}), **FIXED.get(name, {})} for name in names}
        try:
            self._markdown = Markdown(extensions=names, extension_configs=own)
        except Exception:  # an extension raises what it likes at an option; the build reports it
            fixed = {name: FIXED.get(name, {}) for name in names}
            self._markdown = Markdown(extensions=names, extension_configs=fixed)
        self._raw: list[str] = []
        inline, block = (
            _InlineHtml(self._markdown, self._raw),
            _HtmlBlocks(self._markdown, self._raw),
        )
        self._markdown.inlinePatterns.register(inline, "html", 90)
        self._markdown.preprocessors.register(block, "html_block", 20)

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


def load_markdown(settings: Path, top: Path) -> PageMarkdown:
    """Return the renderer of the pages with these settings; one with every extension if they are
    not valid, which the check of the settings reports."""
    try:
        options = _options(load_settings(settings, top).get("markdown_extensions") or [])
    except (BadInput, OSError, ValueError, TypeError, AttributeError, yaml.YAMLError):
        return whole_markdown()
    return PageMarkdown(options)


@lru_cache(maxsize=1)
def whole_markdown() -> PageMarkdown:
    """Return a renderer with every extension that a site may have."""
    return PageMarkdown({name: {} for name in sorted(EXTENSIONS)})


def _options(listed: Any) -> Options:
    """Return the options of each known extension of a list or mapping as MkDocs reads it."""
    items = listed.items() if isinstance(listed, dict) else listed
    found: Options = {}
    for item in items:
        pairs = item.items() if isinstance(item, dict) else [(item, None)]
        pairs = [item] if isinstance(item, tuple) else pairs
        for name, options in pairs:
            if name in EXTENSIONS:
                given = options if isinstance(options, dict) else {}
                found[name] = {key: given[key] for key in given.keys() - CALLABLE}
    return found
