"""Scaffold: a small working site for another gateway. Writes only into the given folder."""

from trueup.scaffold.answers import KINDS, SiteAnswers
from trueup.scaffold.install_source import Origin, find_origin
from trueup.scaffold.repository import starter_files, write_starter

__all__ = ["KINDS", "Origin", "SiteAnswers", "find_origin", "starter_files", "write_starter"]
