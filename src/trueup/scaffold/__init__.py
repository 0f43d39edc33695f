"""Scaffold: a small working site for another gateway. Writes only into the given folder."""

from trueup.scaffold.answers import KINDS, SiteAnswers
from trueup.scaffold.install_source import InstallSource, find_install_source
from trueup.scaffold.site_files import starter_files, write_starter

__all__ = [
    "KINDS",
    "InstallSource",
    "SiteAnswers",
    "find_install_source",
    "starter_files",
    "write_starter",
]
