"""Site: builds the pages, extracts blocks as a reader copies them, stamps them, and writes files
for crawlers."""

from trueup.site.address import VARIABLE, parse_address, place_of
from trueup.site.blocks import Block, extract_blocks, read_blocks, trim_end
from trueup.site.build import AS_OF, SNIPPETS, build_site, unfinished_site
from trueup.site.built_pages import (
    Change,
    change_pages,
    pages_in,
    unwrap_parts,
    without_colours,
)
from trueup.site.csp import is_secured, policy_of, secure_page
from trueup.site.evidence_files import Banner, export_files, link_files
from trueup.site.macro_calls import MACROS, MacroCall, Names, calls_in, names_in, problem_of
from trueup.site.outline import Outline, Section, load_outline, load_settings, settings_of
from trueup.site.page_languages import (
    HIDDEN_ALTERNATE,
    MAIN,
    NOT_FOUND,
    TranslationLinks,
    home_of,
    language_at,
    languages_in,
)
from trueup.site.sitemap import sitemap_files
from trueup.site.source_pages import (
    STATUS_PAGE,
    Page,
    load_page,
    load_pages,
    page_files,
    parse_page,
)
from trueup.site.stamp import stamp_site, stamps_of
from trueup.site.translation_parts import NOTES, Part, note_translation, parts_of, read_notes

__all__ = [
    "AS_OF",
    "MACROS",
    "MAIN",
    "NOTES",
    "SNIPPETS",
    "STATUS_PAGE",
    "VARIABLE",
    "NOT_FOUND",
    "HIDDEN_ALTERNATE",
    "Banner",
    "Block",
    "Change",
    "MacroCall",
    "Names",
    "Outline",
    "Page",
    "Part",
    "Section",
    "TranslationLinks",
    "build_site",
    "calls_in",
    "change_pages",
    "home_of",
    "export_files",
    "extract_blocks",
    "language_at",
    "languages_in",
    "load_outline",
    "load_settings",
    "load_page",
    "load_pages",
    "page_files",
    "link_files",
    "pages_in",
    "unwrap_parts",
    "names_in",
    "note_translation",
    "parse_address",
    "unfinished_site",
    "parts_of",
    "parse_page",
    "place_of",
    "policy_of",
    "is_secured",
    "problem_of",
    "read_blocks",
    "read_notes",
    "secure_page",
    "settings_of",
    "stamp_site",
    "stamps_of",
    "trim_end",
    "without_colours",
    "sitemap_files",
]
