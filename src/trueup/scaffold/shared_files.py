"""Shared files: what a new site has from Trueup unchanged. In a wheel they are beside this module;
in a checkout they are those of Trueup's own site, so that each exists once."""

import re
from collections.abc import Iterator
from pathlib import Path

from trueup.errors import BadInput

PACKED = Path(__file__).with_name("shared")
CHECKOUT = Path(__file__).parents[3]
WHOLE = (".editorconfig", ".gitattributes", "docs/en/status.md", "scripts/docs", "scripts/retest")
TREES = ("overrides", "snippets/shared")
OWN_SETTINGS = ("site_name", "site_description", "extra", "nav")
"""The keys of MkDocs's settings that are about one site; the others are the same for each."""
KEY = re.compile(r"^(?=[a-z_]+:)", re.MULTILINE)


def shared_folder() -> Path:
    """Return the folder with the shared files. Raises BadInput where they were not installed."""
    for folder in (PACKED, CHECKOUT):
        if (folder / "overrides").is_dir() and (folder / "requirements.lock").is_file():
            return folder
    fix = "Install Trueup again, from a wheel or a checkout."
    raise BadInput(PACKED, "the files for a new site are not installed", fix)


def shared_files(protocol: str) -> Iterator[tuple[str, bytes]]:
    """Return each shared file by its path, with the templates of one protocol."""
    top = shared_folder()
    for name in WHOLE:
        yield name, (top / name).read_bytes()
    for tree in (*TREES, f"snippets/{protocol}"):
        for file in sorted((top / tree).rglob("*")):
            if file.is_file():
                yield file.relative_to(top).as_posix(), file.read_bytes()


def shared_settings() -> str:
    """Return the part of MkDocs's settings that every site has, as text."""
    text = (shared_folder() / "mkdocs.yml").read_text(encoding="utf-8")
    parts = [part for part in KEY.split(text) if part]
    return "".join(part for part in parts if part.partition(":")[0] not in OWN_SETTINGS)
