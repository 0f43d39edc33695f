"""Portable: the published blocks of one source, built by MkDocs and by what could follow it.

Ends with 1 where ProperDocs builds another block; what Zensical builds otherwise is only told.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path

from trueup.site import MAIN, Block, languages_in, read_blocks

TOP = Path(__file__).parent.parent
SOURCES = (
    "docs",
    "overrides",
    "snippets",
    "status.yml",
    *(p.name for p in TOP.glob("mkdocs*.yml")),
)


@dataclass(frozen=True)
class Builder:
    """A program that builds the site; `must` tells whether its blocks have to be the same."""

    name: str
    strict: bool
    must: bool


MKDOCS = Builder("mkdocs", strict=True, must=True)
OTHERS = (
    Builder("properdocs", strict=True, must=True),
    Builder("zensical", strict=False, must=False),
)


def build(builder: Builder, packages: Path, folder: Path) -> Path:
    """The site that a builder makes, every language in the place where readers find it."""
    for name in SOURCES:
        copy = shutil.copytree if (TOP / name).is_dir() else shutil.copy
        copy(TOP / name, folder / name)
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    environment["PYTHONPATH"] = f"{(packages / builder.name).absolute()}:{TOP / 'src'}"
    whole = folder / "whole"
    for language in languages_in(folder / "docs"):
        settings = "mkdocs.yml" if language == MAIN else f"mkdocs.{language}.yml"
        command = [sys.executable, "-m", builder.name, "build", "--config-file", settings]
        command += ["--strict"] if builder.strict else []
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode != 0 or not (folder / "site").is_dir():
            told = (done.stdout + done.stderr).strip().splitlines()[-20:]
            raise RuntimeError(f"{builder.name}, {settings}: ended with {done.returncode}", *told)
        shutil.move(folder / "site", whole if language == MAIN else whole / language)
    return whole


def by_page(site: Path) -> dict[str, list[Block]]:
    """The blocks of each page that has any."""
    pages: dict[str, list[Block]] = {}
    for block in read_blocks(site):
        pages.setdefault(block.page, []).append(block)
    return pages


def compare(wanted: Mapping[str, list[Block]], found: Mapping[str, list[Block]]) -> list[str]:
    """Each page whose blocks differ, with the lines that do."""
    told = []
    for page in sorted({*wanted, *found}):
        old, new = (_lines(side.get(page, [])) for side in (wanted, found))
        if old != new:
            lines = list(unified_diff(old, new, lineterm="", n=0))
            told.append("\n    ".join([page, *(line[:160] for line in lines[2:14])]))
    return told


def _lines(blocks: list[Block]) -> list[str]:
    return [
        line
        for block in blocks
        for line in (f"[{block.language} {block.id} {block.endpoint}]", *block.text.split("\n"))
    ]


def main(packages: Path) -> int:
    """Builds and compares; the exit code."""
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        wanted = by_page(build(MKDOCS, packages, _fresh(folder, MKDOCS)))
        print(f"mkdocs: {sum(map(len, wanted.values()))} blocks on {len(wanted)} pages")
        for builder in OTHERS:
            try:
                found = by_page(build(builder, packages, _fresh(folder, builder)))
            except RuntimeError as error:
                print(*error.args, sep="\n    ")
                failed |= builder.must
                continue
            told = compare(wanted, found)
            count = sum(map(len, found.values()))
            print(f"{builder.name}: {count} blocks on {len(found)} pages, {len(told)} pages differ")
            print(*(f"  {one}" for one in told), sep="\n", end="\n" if told else "")
            failed |= builder.must and bool(told)
    return int(failed)


def _fresh(folder: str, builder: Builder) -> Path:
    place = Path(folder, builder.name)
    place.mkdir()
    return place


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
