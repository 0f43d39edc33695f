"""Site: building the pages, taking blocks out of them as a reader copies them, stamping them."""

from trueup.site.blocks import Block, extract_blocks, read_blocks, trim_end
from trueup.site.build import build_site
from trueup.site.pages import Page, load_pages
from trueup.site.stamp import stamp_site

__all__ = [
    "Block",
    "Page",
    "build_site",
    "extract_blocks",
    "load_pages",
    "read_blocks",
    "stamp_site",
    "trim_end",
]
