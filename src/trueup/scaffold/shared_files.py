"""Kit: the files that a new site has from Trueup as they are. In a wheel they lie beside this
module; in a checkout they are the ones of Trueup's own site, so that each is there once."""

import re
from collections.abc import Iterator
from pathlib import Path

from trueup.errors import BadInput

PACKED = Path(__file__).with_name("kit")
CHECKOUT = Path(__file__).parents[3]
WHOLE = (".editorconfig", ".gitattributes", "docs/en/status.md", "scripts/docs", "scripts/retest")
TREES = ("overrides", "snippets/shared")
OWN_SETTINGS = ("site_name", "site_description", "extra", "nav")
"""The keys of MkDocs's settings that tell of one site; the others are the same for each."""
KEY = re.compile(r"^(?=[a-z_]+:)", re.MULTILINE)


def kit_folder() -> Path:
    """Where the files of the kit are. Raises BadInput where they were not installed."""
    for folder in (PACKED, CHECKOUT):
        if (folder / "overrides").is_dir() and (folder / "requirements.lock").is_file():
            return folder
    raise BadInput(
        f"{PACKED}: not there; the files of a new site were expected. Install Trueup again, from a"
        " wheel or a checkout."
    )


def kit_files(protocol: str) -> Iterator[tuple[str, bytes]]:
    """Each file that a new site has unchanged, by its path, with the templates of one protocol."""
    top = kit_folder()
    for name in WHOLE:
        yield name, (top / name).read_bytes()
    for tree in (*TREES, f"snippets/{protocol}"):
        for file in sorted((top / tree).rglob("*")):
            if file.is_file():
                yield file.relative_to(top).as_posix(), file.read_bytes()


def shared_settings() -> str:
    """What MkDocs is told for every site alike, as text."""
    text = (kit_folder() / "mkdocs.yml").read_text(encoding="utf-8")
    parts = [part for part in KEY.split(text) if part]
    return "".join(part for part in parts if part.partition(":")[0] not in OWN_SETTINGS)
