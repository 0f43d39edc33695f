"""Wording: standings, risks and receipts as sentences of one language, in Markdown.

Reads the message catalogues that ship with the package; the day is passed in.
"""

from trueup.wording.assistants import Guide
from trueup.wording.bases import render_bases
from trueup.wording.board import legend, matrix, readings_table, standings
from trueup.wording.catalogue import Catalogue, load_catalogue
from trueup.wording.chain import render_chain
from trueup.wording.evidence import Evidence, standing_words
from trueup.wording.history import endpoint_history, history
from trueup.wording.listings import reply, sample, shapes, signatures, variants
from trueup.wording.mutants import Mutants, MutantsOfKind, render_mutants
from trueup.wording.pages import Pages
from trueup.wording.receipts import receipt_line
from trueup.wording.reference import render_fields
from trueup.wording.rules import Change, Pair, Sample, Samples, render_rules
from trueup.wording.sentences import Sentences
from trueup.wording.speed import Figures, render_figures
from trueup.wording.status_text import in_language, load_translations, prose_of, translations_file

__all__ = [
    "Catalogue",
    "Change",
    "Evidence",
    "Figures",
    "Guide",
    "Mutants",
    "MutantsOfKind",
    "Pages",
    "Pair",
    "Sample",
    "Samples",
    "Sentences",
    "in_language",
    "load_catalogue",
    "load_translations",
    "prose_of",
    "endpoint_history",
    "history",
    "legend",
    "load_catalogue",
    "matrix",
    "readings_table",
    "receipt_line",
    "render_bases",
    "render_chain",
    "render_fields",
    "render_figures",
    "render_mutants",
    "render_rules",
    "reply",
    "sample",
    "shapes",
    "signatures",
    "standings",
    "standing_words",
    "translations_file",
    "variants",
]
