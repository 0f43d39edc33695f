"""Markdown export: the built pages as Markdown, for assistants and for readers who copy a page."""

from trueup.markdown_export.from_html import Article, article_of, escape_commonmark
from trueup.markdown_export.llms import (
    MarkdownFiles,
    MarkdownLinks,
    link_rewriter,
    text_of,
)

__all__ = [
    "Article",
    "article_of",
    "MarkdownFiles",
    "escape_commonmark",
    "link_rewriter",
    "MarkdownLinks",
    "text_of",
]
