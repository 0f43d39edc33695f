"""Scaffold: a small working site for another gateway. Writes only into the given folder."""

from trueup.scaffold.answers import KINDS, SiteAnswers
from trueup.scaffold.install_source import InstallSource, find_install_source
from trueup.scaffold.site_files import (
    common_files,
    render_model_page,
    require_empty,
    starter_files,
    write_site,
    write_starter,
)

__all__ = [
    "KINDS",
    "InstallSource",
    "SiteAnswers",
    "common_files",
    "find_install_source",
    "render_model_page",
    "require_empty",
    "starter_files",
    "write_site",
    "write_starter",
]
