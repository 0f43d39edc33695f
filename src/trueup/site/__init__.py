"""Site: building the pages, taking blocks out of them as a reader copies them, stamping them, and
what goes beside them for crawlers and assistants."""

from trueup.site.address import VARIABLE, parse_address, place_of
from trueup.site.blocks import Block, extract_blocks, read_blocks, trim_end
from trueup.site.build import build_site
from trueup.site.csp import policy_of, secure_pages
from trueup.site.export import export_receipts, mark_pages
from trueup.site.languages import MAIN, language_at, languages_in
from trueup.site.markdown import Article, escape_markdown
from trueup.site.outline import Outline, Section, load_outline
from trueup.site.pages import Page, load_pages
from trueup.site.parts import NOTES, Part, note_translation, parts_of, read_notes
from trueup.site.sitemap import write_sitemap
from trueup.site.stamp import stamp_site
from trueup.site.texts import Texts, leading, link_texts, text_of

__all__ = [
    "MAIN",
    "NOTES",
    "VARIABLE",
    "Article",
    "Block",
    "Outline",
    "Page",
    "Part",
    "Section",
    "Texts",
    "build_site",
    "escape_markdown",
    "export_receipts",
    "extract_blocks",
    "language_at",
    "languages_in",
    "leading",
    "link_texts",
    "load_outline",
    "load_pages",
    "mark_pages",
    "note_translation",
    "parse_address",
    "parts_of",
    "place_of",
    "policy_of",
    "read_blocks",
    "read_notes",
    "secure_pages",
    "stamp_site",
    "text_of",
    "trim_end",
    "write_sitemap",
]
