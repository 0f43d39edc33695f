"""Site: building the pages, taking blocks out of them as a reader copies them, stamping them."""

from trueup.site.blocks import Block, extract_blocks, read_blocks, trim_end
from trueup.site.build import build_site
from trueup.site.export import export_receipts, mark_pages
from trueup.site.pages import Page, load_pages
from trueup.site.stamp import stamp_site

__all__ = [
    "Block",
    "Page",
    "build_site",
    "export_receipts",
    "extract_blocks",
    "load_pages",
    "mark_pages",
    "read_blocks",
    "stamp_site",
    "trim_end",
]
