"""Draft: a site from a document that a team has already. Nobody observed what it says, so nothing
of it is evidence; what it does not say is left to a person."""

from trueup.draft.openapi import Draft, draft_openapi
from trueup.draft.site_files import draft_files

__all__ = ["Draft", "draft_files", "draft_openapi"]
