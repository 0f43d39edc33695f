"""Shared files: what a new site has from Trueup unchanged."""

import re
from collections.abc import Iterator

from trueup.shipped_files import shipped_folder

WHOLE = (
    *(".editorconfig", ".gitattributes", "docs/en/status.md", "scripts/docs", "scripts/retest"),
    *("scripts/retest-due", "scripts/propose"),
)
TREES = ("overrides", "snippets/shared")
OWN_SETTINGS = ("site_name", "site_description", "extra", "nav")
"""The keys of MkDocs's settings that are about one site; the others are the same for each."""
KEY = re.compile(r"^(?=[a-z_]+:)", re.MULTILINE)


def shared_files(protocol: str) -> Iterator[tuple[str, bytes]]:
    """Return each shared file by its path, with the templates of one protocol."""
    top = shipped_folder()
    for name in WHOLE:
        yield name, (top / name).read_bytes()
    for tree in (*TREES, f"snippets/{protocol}"):
        for file in sorted((top / tree).rglob("*")):
            if file.is_file():
                yield file.relative_to(top).as_posix(), file.read_bytes()


def shared_settings() -> str:
    """Return the part of MkDocs's settings that every site has, as text."""
    text = (shipped_folder() / "mkdocs.yml").read_text(encoding="utf-8")
    parts = [part for part in KEY.split(text) if part]
    return "".join(part for part in parts if part.partition(":")[0] not in OWN_SETTINGS)
