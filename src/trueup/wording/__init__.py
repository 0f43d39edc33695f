"""Wording: standings, risks and receipts as sentences of one language, in Markdown.

Reads the message catalogues that ship with the package; the day is passed in.
"""

from trueup.wording.catalogue import Catalogue, load_catalogue
from trueup.wording.evidence import Evidence
from trueup.wording.listings import sample, shapes, signatures, variants
from trueup.wording.pages import Pages
from trueup.wording.receipts import receipt_line
from trueup.wording.reference import render_fields
from trueup.wording.sentences import Sentences
from trueup.wording.speed import Figures, render_figures

__all__ = [
    "Catalogue",
    "Evidence",
    "Figures",
    "Pages",
    "Sentences",
    "load_catalogue",
    "receipt_line",
    "render_fields",
    "render_figures",
    "sample",
    "shapes",
    "signatures",
    "variants",
]
