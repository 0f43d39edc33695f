"""Sitemap: the list of all pages for crawlers, and `robots.txt` with its address."""

from collections.abc import Collection, Sequence
from xml.etree import ElementTree

from trueup.site.address import place_of
from trueup.site.page_languages import DEFAULT, MAIN, translations_of

SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"
XHTML = "http://www.w3.org/1999/xhtml"


def sitemap_files(languages: Sequence[str], pages: Collection[str], address: str) -> dict[str, str]:
    """Return `sitemap.xml` with every page and its translations, and `robots.txt` naming it."""
    robots = f"User-agent: *\nAllow: /\n\nSitemap: {address}sitemap.xml\n"
    return {"sitemap.xml": _sitemap(languages, pages, address), "robots.txt": robots}


def _sitemap(languages: Sequence[str], pages: Collection[str], address: str) -> str:
    root = ElementTree.Element("urlset", {"xmlns": SITEMAP, "xmlns:xhtml": XHTML})
    for page in pages:
        url = ElementTree.SubElement(root, "url")
        ElementTree.SubElement(url, "loc").text = address + place_of(page)
        translations = translations_of(pages, languages, page)
        if MAIN in translations:
            translations[DEFAULT] = translations[MAIN]
        for name, translation in translations.items():
            link = {"rel": "alternate", "hreflang": name, "href": address + place_of(translation)}
            ElementTree.SubElement(url, "xhtml:link", link)
    ElementTree.indent(root, " ")
    text = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'
