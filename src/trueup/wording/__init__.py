"""Wording: standings, risks and receipts as sentences of one language, in Markdown.

Reads the message catalogues that ship with the package; the day is passed in.
"""

from trueup.wording.assistants import AssistantLabels
from trueup.wording.bases import render_bases
from trueup.wording.catalogue import Catalogue, load_catalogue
from trueup.wording.evidence import Evidence, standing_words
from trueup.wording.history import endpoint_history, history
from trueup.wording.pages import PageText
from trueup.wording.receipts import receipt_line
from trueup.wording.sentences import Sentences
from trueup.wording.status_page import legend, matrix, readings_table, standings
from trueup.wording.status_text import in_language, load_translations, prose_of, translations_file
from trueup.wording.tables import reply, sample, shapes, signatures, variants

__all__ = [
    "Catalogue",
    "Evidence",
    "AssistantLabels",
    "PageText",
    "Sentences",
    "in_language",
    "load_catalogue",
    "load_translations",
    "prose_of",
    "endpoint_history",
    "history",
    "legend",
    "matrix",
    "readings_table",
    "receipt_line",
    "render_bases",
    "reply",
    "sample",
    "shapes",
    "signatures",
    "standings",
    "standing_words",
    "translations_file",
    "variants",
]
