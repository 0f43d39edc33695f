"""Markdown export: the built pages as Markdown, for assistants and for readers who copy a page."""

from trueup.markdown_export.from_html import Article, escape_commonmark
from trueup.markdown_export.llms import Texts, link_rewriter, link_texts, text_of

__all__ = ["Article", "Texts", "escape_commonmark", "link_rewriter", "link_texts", "text_of"]
