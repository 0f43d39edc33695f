"""Wording: standings, risks and receipts as sentences of one language, in Markdown.

Reads the message catalogues that ship with the package; the day is passed in.
"""

from trueup.wording.assistants import AssistantLabels
from trueup.wording.catalogue import Catalogue, load_catalogue
from trueup.wording.pages import PageText
from trueup.wording.phrases import standing_words
from trueup.wording.receipt_line import receipt_line, receipt_lines
from trueup.wording.status_translation import (
    in_language,
    load_translations,
    prose_of,
    read_translations,
    texts_of,
    translations_file,
)

__all__ = [
    "AssistantLabels",
    "Catalogue",
    "PageText",
    "in_language",
    "load_catalogue",
    "load_translations",
    "prose_of",
    "read_translations",
    "receipt_line",
    "receipt_lines",
    "standing_words",
    "texts_of",
    "translations_file",
]
