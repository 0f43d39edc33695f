"""Code of a repository, and what would pass for it: settings, scripts, templates of the theme, and
links. A build begins only where none of them could run, or change what was checked."""

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from trueup.check.mkdocs_config import check_settings
from trueup.errors import BadInput
from trueup.finding import Finding
from trueup.place import Place
from trueup.site import shipped_folder
from trueup.source_file import read_source, unsafe_sources

STYLES = (".css",)
SCRIPTS = (".js", ".mjs", ".cjs", ".wasm")
IMAGES = (".svg", ".png", ".ico", ".jpg", ".jpeg", ".webp", ".gif", ".woff", ".woff2")
"""Of a site's own mark; under `assets`, they are not rendered as templates."""


def check_repository_code(
    top: Path, languages: Sequence[str], overrides: Collection[str]
) -> list[Finding]:
    """Return findings in the settings, in the files that are not read, and in the files of the
    theme that `overrides`, of the policy, does not name."""
    unsafe = [Finding.of(message, "unreadable-page") for message in unsafe_sources(top)]
    left_out = {Path(finding.where.path) for finding in unsafe}
    settings = check_settings(top, (*languages,))
    kept = [finding for finding in settings if Path(finding.where.path) not in left_out]
    return [*unsafe, *kept, *_overrides(top, overrides, left_out)]


def refuse_code(top: Path, languages: Sequence[str], overrides: Collection[str]) -> None:
    """Raise BadInput with the first of these findings that is an error."""
    for finding in sorted(check_repository_code(top, languages, overrides)):
        if finding.severity == "error":
            raise BadInput(finding.where, finding.problem, finding.fix)


def _overrides(top: Path, named: Collection[str], left_out: set[Path]) -> Iterator[Finding]:
    shipped = shipped_folder()
    folders = [top / name for name in ("overrides", "docs") if top / name not in left_out]
    files = [file for folder in folders for file in sorted(folder.rglob("*"))]
    for file in files:
        is_page = file.is_relative_to(top / "docs")
        if not file.is_file() or (is_page and file.suffix.lower() not in SCRIPTS + STYLES):
            continue
        name = file.relative_to(top).as_posix()
        if name in named or file in left_out or _is_image(name):
            continue
        if _is_equal(file, top, shipped / name):
            continue
        fix = "Restore it, or name it in overrides of the policy."
        if file.suffix.lower() in STYLES:
            problem = "the style differs from the one of this version of Trueup"
            yield Finding(Place(str(file)), problem, fix, "changed-override", "warning")
        else:
            problem = "the file could change checked text, and is not of this version of Trueup"
            yield Finding(Place(str(file)), problem, fix, "changed-override")


def _is_image(name: str) -> bool:
    is_asset = name.startswith("overrides/assets/")
    return is_asset and Path(name).suffix.lower() in IMAGES


def _is_equal(file: Path, top: Path, shipped: Path) -> bool:
    try:
        return shipped.is_file() and read_source(file, top) == shipped.read_bytes()
    except (OSError, BadInput):
        return False
