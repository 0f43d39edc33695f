"""Portable: the published blocks of one source, built by MkDocs and by its possible successors.

Exits with 1 where a block of ProperDocs differs; differences of Zensical are only printed.
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
PATTERNS = ("docs", "overrides", "snippets", "status.yml", "mkdocs*.yml")


@dataclass(frozen=True)
class Builder:
    """A program that builds the site.

    `is_strict` is whether it takes `--strict`, and whether its blocks are required to be the same.
    """

    name: str
    is_strict: bool


MKDOCS = Builder("mkdocs", is_strict=True)
OTHERS = (Builder("properdocs", is_strict=True), Builder("zensical", is_strict=False))


def build(builder: Builder, packages: Path, folder: Path) -> Path:
    """Build the site and return its folder, with every language in its place."""
    for source in (path for pattern in PATTERNS for path in TOP.glob(pattern)):
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, folder / source.name)
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    environment["PYTHONPATH"] = f"{(packages / builder.name).absolute()}:{TOP / 'src'}"
    whole = folder / "whole"
    for language in languages_in(folder / "docs"):
        settings = "mkdocs.yml" if language == MAIN else f"mkdocs.{language}.yml"
        command = [sys.executable, "-m", builder.name, "build", "--config-file", settings]
        command += ["--strict"] if builder.is_strict else []
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode != 0 or not (folder / "site").is_dir():
            lines = (done.stdout + done.stderr).strip().splitlines()[-20:]
            raise RuntimeError(f"{builder.name}, {settings}: ended with {done.returncode}", *lines)
        shutil.move(folder / "site", whole if language == MAIN else whole / language)
    return whole


def by_page(site: Path) -> dict[str, list[Block]]:
    """Return the blocks of each page that has any."""
    pages: dict[str, list[Block]] = {}
    for block in read_blocks(site):
        pages.setdefault(block.page, []).append(block)
    return pages


def compare(expected: Mapping[str, list[Block]], found: Mapping[str, list[Block]]) -> list[str]:
    """Return each page whose blocks differ, with the lines that do."""
    differences = []
    for page in sorted({*expected, *found}):
        old, new = (_lines(side.get(page, [])) for side in (expected, found))
        if old != new:
            lines = list(unified_diff(old, new, lineterm="", n=0))
            differences.append("\n    ".join([page, *(line[:160] for line in lines[2:14])]))
    return differences


def _lines(blocks: list[Block]) -> list[str]:
    return [
        line
        for block in blocks
        for line in (f"[{block.language} {block.id} {block.endpoint}]", *block.text.split("\n"))
    ]


def main(packages: Path) -> int:
    """Build, compare and print; return the exit code."""
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        expected = by_page(build(MKDOCS, packages, _fresh(folder, MKDOCS)))
        print(f"mkdocs: {sum(map(len, expected.values()))} blocks on {len(expected)} pages")
        for builder in OTHERS:
            try:
                found = by_page(build(builder, packages, _fresh(folder, builder)))
            except RuntimeError as error:
                print(*error.args, sep="\n    ")
                failed |= builder.is_strict
                continue
            pages = compare(expected, found)
            count, all_pages = sum(map(len, found.values())), len(found)
            print(f"{builder.name}: {count} blocks on {all_pages} pages, {len(pages)} pages differ")
            for page in pages:
                print(f"  {page}")
            failed |= builder.is_strict and bool(pages)
    return int(failed)


def _fresh(folder: str, builder: Builder) -> Path:
    fresh = Path(folder, builder.name)
    fresh.mkdir()
    return fresh


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
