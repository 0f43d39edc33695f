"""Wording: standings, risks and receipts as sentences of one language, in Markdown.

Reads the message catalogues that ship with the package; the day is passed in.
"""

from trueup.wording.assistants import AssistantLabels
from trueup.wording.bases import render_bases
from trueup.wording.catalogue import Catalogue, load_catalogue
from trueup.wording.endpoint_history import endpoint_history, history
from trueup.wording.model_parts import (
    advice,
    best,
    changes,
    heading,
    is_legacy,
    legacy_label,
    model_status,
    risk_notes,
    standing_box,
    start_here,
)
from trueup.wording.pages import PageText
from trueup.wording.phrases import standing_words
from trueup.wording.receipt_line import receipt_line
from trueup.wording.sentences import start
from trueup.wording.status_page import legend, matrix, readings_table, standings
from trueup.wording.status_translation import (
    in_language,
    load_translations,
    prose_of,
    translations_file,
)
from trueup.wording.tables import reply, sample, shapes, signatures, variants

__all__ = [
    "AssistantLabels",
    "Catalogue",
    "PageText",
    "advice",
    "best",
    "changes",
    "endpoint_history",
    "heading",
    "history",
    "in_language",
    "is_legacy",
    "legacy_label",
    "legend",
    "load_catalogue",
    "load_translations",
    "matrix",
    "model_status",
    "prose_of",
    "readings_table",
    "receipt_line",
    "render_bases",
    "reply",
    "risk_notes",
    "sample",
    "shapes",
    "signatures",
    "standing_box",
    "standing_words",
    "standings",
    "start",
    "start_here",
    "translations_file",
    "variants",
]
