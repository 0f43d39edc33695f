"""Light pages: the pages of a large site without the bytes that no reader sees, of which each page
has a fifth."""

import re

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.plugins import BasePlugin
from mkdocs.structure.files import Files
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page

LARGE = 200
"""Pages of a language from which on each kilobyte of a page counts."""
KEPT = re.compile(r"<(script|style|textarea|pre)\b.*?</\1>", re.DOTALL)
LINES = re.compile(r"\s*\n\s*")
SIGN = re.compile(r'<span class="[op]">([^<]*)</span>')
"""The colour of a sign of code, which the theme gives a little less contrast than the others."""


class LightPages(BasePlugin):  # type: ignore[no-untyped-call,type-arg]
    """The plugin that writes the pages of a large site without blank lines, indents and the colour
    of signs of code. The pages of others stay as they are."""

    def __init__(self) -> None:
        self._is_large = False

    def on_nav(self, nav: Navigation, /, *, config: MkDocsConfig, files: Files) -> Navigation:
        """Count the pages."""
        self._is_large = len(files.documentation_pages()) > LARGE
        return nav

    def on_post_page(self, output: str, /, *, page: Page, config: MkDocsConfig) -> str:
        """Return the HTML of a page, lighter where the site is large."""
        return lightened(output) if self._is_large else output


def lightened(html: str) -> str:
    """Return a page that shows the same with fewer bytes; its code has the same text."""
    parts, end = [], 0
    for kept in KEPT.finditer(html):
        parts.append(LINES.sub("\n", html[end : kept.start()]))
        parts.append(SIGN.sub(r"\1", kept[0]) if kept[1] == "pre" else kept[0])
        end = kept.end()
    return "".join([*parts, LINES.sub("\n", html[end:])])
