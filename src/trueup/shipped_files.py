"""Shipped files: the style, scripts and templates that a site has from Trueup. A wheel has them in
the scaffold; in a checkout they are those of Trueup's own site, so that each exists once."""

import os
from pathlib import Path

from trueup.errors import BadInput

CHECKOUT = Path(__file__).parents[2]
PACKED = Path(__file__).parent / "scaffold" / "shared"
SHARED = "shared"
"""The folder of what the templates of several protocols include."""


def shipped_folder() -> Path:
    """Return the folder with the shipped files. Raises BadInput where they were not installed."""
    for folder in (PACKED, CHECKOUT):
        if (folder / "overrides").is_dir() and (folder / "requirements.lock").is_file():
            return folder
    fix = "Install Trueup again, from a wheel or a checkout."
    raise BadInput(PACKED, "the files for a new site are not installed", fix)


def template_file(folder: Path, name: str) -> Path:
    """Return the file of a template: that in a site's own `folder`, or else Trueup's, where the
    site has no folder of its protocol or lacks a shared one."""
    protocol, own = name.partition("/")[0], folder / name
    if os.path.lexists(own if protocol == SHARED else folder / protocol):
        return own
    shipped = shipped_folder() / "snippets" / name
    return shipped if shipped.is_file() else own
