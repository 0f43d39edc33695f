"""Draft: a site from what a team has already, a document or pages. What they say is not proven:
dated claims are reported rows, and what they do not say is left to a person."""

from trueup.draft.openapi import Draft, draft_openapi
from trueup.draft.pages import draft_pages
from trueup.draft.site_files import draft_files

__all__ = ["Draft", "draft_files", "draft_openapi", "draft_pages"]
