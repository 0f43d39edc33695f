"""Languages: the languages of a site, their folders, and the translations of a page."""

import re
from collections.abc import Container, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from trueup.site.address import place_of

MAIN = "en"
"""Its pages are the sources of all translations, at the site's top."""
DEFAULT = "x-default"
"""The `hreflang` of the page for readers of any other language."""
HIDDEN_ALTERNATE = 'rel=" alternate"'
"""An alternate to browsers and crawlers, but not to the theme's script, which would fetch a sitemap
beside each."""
NOT_FOUND = "404.html"
HEAD = re.compile(r'<link rel="alternate" href="[^"]*" hreflang="([A-Za-z-]+)">')
SWITCH = re.compile(r'<a href="[^"]*" hreflang="([A-Za-z-]+)"')
"""The theme's links to other languages, in the head and in the switcher."""
UNTRANSLATED = re.compile(
    '<a class="headerlink"|<div class="md-copyright"|<h1(?=>404 - Not found</h1>)'
)
"""The starts of what the theme words in English in every language."""


def languages_in(docs: Path) -> tuple[str, ...]:
    """Return the languages with pages under `docs`, the main one first."""
    pages = docs.glob("*/index.md")
    others = sorted(page.parent.name for page in pages if not page.parent.is_symlink())
    return (MAIN, *(name for name in others if name != MAIN))


def home_of(language: str) -> str:
    """Return the folder of a language's pages in the site, with its slash; empty for the main."""
    return "" if language == MAIN else f"{language}/"


def language_at(html: str, languages: Sequence[str]) -> str:
    """Return the language of a page of the built site."""
    first = html.partition("/")[0]
    return first if first in languages and first != MAIN else MAIN


def translations_of(known: Container[str], languages: Sequence[str], page: str) -> dict[str, str]:
    """Return the translations of a page among known pages by language, itself included."""
    own = page.removeprefix(home_of(language_at(page, languages)))
    pages = {language: home_of(language) + own for language in languages}
    return {language: html for language, html in pages.items() if html in known}


@dataclass(frozen=True)
class TranslationLinks:
    """The change that points a page's links to other languages to the same page there, or to their
    first page.

    They work without JavaScript. In the head they are absolute if the address is known, as search
    engines require, and relative otherwise; there a page names only its own translations. What the
    theme words in English is marked as English on the pages of other languages.
    """

    pages: Container[str]
    languages: Sequence[str]
    address: str = ""

    def __call__(self, page: str, text: str) -> str:
        found = page.rpartition("/")[2] != NOT_FOUND
        translations = translations_of(self.pages, self.languages, page) if found else {}
        # A page that was not found is shown at any place, so its links start from the host.
        root = "../" * page.count("/") if found else urlsplit(self.address).path or "/"

        def alternate(language: str) -> str:
            if language not in translations:
                return ""
            place = place_of(translations[language])
            href = self.address + place if self.address else root + place or "./"
            names = [language, DEFAULT] if self.address and language == MAIN else [language]
            return "".join(
                f'<link {HIDDEN_ALTERNATE} href="{href}" hreflang="{name}">' for name in names
            )

        def switch(language: str) -> str:
            place = place_of(translations.get(language, home_of(language)))
            return f'<a href="{root + place or "./"}" hreflang="{language}"'

        text = HEAD.sub(lambda link: alternate(link[1]), text)
        if language_at(page, self.languages) != MAIN:
            text = UNTRANSLATED.sub(rf'\g<0> lang="{MAIN}"', text)
        return SWITCH.sub(lambda link: switch(link[1]), text)
