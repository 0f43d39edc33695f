"""Shipped files: the style, scripts and templates that a site has from Trueup. A wheel has them in
the scaffold; in a checkout they are those of Trueup's own site, so that each exists once."""

from pathlib import Path

from trueup.errors import BadInput

CHECKOUT = Path(__file__).parents[3]
PACKED = Path(__file__).parents[1] / "scaffold" / "shared"


def shipped_folder() -> Path:
    """Return the folder with the shipped files. Raises BadInput where they were not installed."""
    for folder in (PACKED, CHECKOUT):
        if (folder / "overrides").is_dir() and (folder / "requirements.lock").is_file():
            return folder
    fix = "Install Trueup again, from a wheel or a checkout."
    raise BadInput(PACKED, "the files for a new site are not installed", fix)
