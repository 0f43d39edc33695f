"""Code of a repository, and what would pass for it: settings, scripts, templates and styles of the
theme, files that are pages of their own, and links. A build begins only where none of them could
run, or change what was checked."""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path

from trueup.check.mkdocs_config import check_front, check_settings
from trueup.check.stylesheet import check_style
from trueup.check.vector_picture import active_content
from trueup.errors import BadInput
from trueup.finding import Finding
from trueup.message import Message
from trueup.place import Place
from trueup.shipped_files import shipped_folder
from trueup.site.source_pages import ENDINGS
from trueup.source_file import read_source, unsafe_sources

LOADED = (".css", ".js")
"""The shipped files that each page loads."""
PICTURES = (".png", ".ico", ".jpg", ".jpeg", ".webp", ".gif", ".avif")
NAMES = {
    "CNAME": re.compile(r"[\w.-]*\s*"),
    "robots.txt": re.compile(
        r"(?:[ \t]*(?:(?:user-agent:[ \t]*[\w*.-]+|(?:dis)?allow:(?:[ \t]*/\S*)?"
        r"|sitemap:[ \t]*https?://\S+)[ \t]*)?(?:#[^\r\n]*)?(?:\r?\n|\Z))*",
        re.IGNORECASE,
    ),
}
"""Files for the host of the site, and for crawlers, with what they may hold; the comments of the
second are judged as a text."""
FIX = "Remove or restore it, or name it in overrides of the policy."


def check_repository_code(
    top: Path, languages: Sequence[str], overrides: Collection[str]
) -> list[Finding]:
    """Return findings in the settings, in the files that are not read, and in the files of the
    theme and those that are copied, except those that `overrides`, of the policy, names."""
    unsafe = [Finding.of(message, "unreadable-page") for message in unsafe_sources(top)]
    left_out = {Path(finding.where.path) for finding in unsafe}
    settings = check_settings(top, (*languages,))
    kept = [finding for finding in settings if Path(finding.where.path) not in left_out]
    return [*unsafe, *kept, *_copied(top, languages, {*overrides}, left_out)]


def refuse_errors(findings: Iterable[Finding]) -> None:
    """Raise BadInput with the first finding that is an error, in the order of their places."""
    for finding in sorted(findings):
        if finding.severity == "error":
            raise BadInput(finding.where, finding.problem, finding.fix)


def _copied(
    top: Path, languages: Sequence[str], named: set[str], left_out: set[Path]
) -> Iterator[Finding]:
    """Yield findings for each file that a build copies or renders."""
    theme, shipped = top / "overrides", shipped_folder() / "overrides"
    for home in (theme, *(top / "docs" / language for language in languages)):
        if left_out & {home, *home.parents}:
            continue
        for file in sorted(home.rglob("*")):
            own = file.relative_to(home)
            is_left = file in left_out or file.relative_to(top).as_posix() in named
            is_hidden = home != theme and any(part.startswith(".") for part in own.parts)
            if is_left or is_hidden or not file.is_file():
                continue
            is_page = home != theme and own.name.endswith(ENDINGS)
            is_copied = home != theme or own.parts[0] == "assets"
            yield from _judged(file, top, None if is_page else shipped / own, is_copied)
    for file in sorted(shipped.rglob("*")):
        here = theme / file.relative_to(shipped)
        is_lost = file.suffix in LOADED and here.relative_to(top).as_posix() not in named
        if is_lost and not (here.exists() or here in left_out or theme in left_out):
            problem = "the file of this version of Trueup is missing"
            yield Finding(Place(str(here)), problem, "Restore it.", "changed-override")


def _judged(file: Path, top: Path, shipped: Path | None, is_copied: bool) -> Iterator[Finding]:
    """Yield findings for the front matter of a page, and for a file that differs from the shipped
    one in whose place it is loaded; others are templates, unless `is_copied`."""
    try:
        content = read_source(file, top)
    except OSError as error:
        message = Message(Place(str(file)), f"not readable ({error.strerror})", "Correct it.")
        yield Finding.of(message, "unreadable-page")
        return
    if shipped is None:
        yield from check_front(file, content.decode("utf-8-sig", "replace"))
        return
    ours = shipped.read_bytes() if shipped.is_file() else b""
    kind = file.suffix.lower()
    if content == ours or (is_copied and (kind in PICTURES or _is_named(file, content))):
        return
    if kind == ".css":
        text = content.decode("utf-8-sig", "replace")
        yield from check_style(file, text, ours.decode("utf-8"))
    elif kind == ".svg" and is_copied:
        for line, part in active_content(content):
            problem = f"the picture holds {part}"
            yield Finding(Place(str(file), line), problem, FIX, "changed-override")
    else:
        problem = "the file could change checked text, and is not of this version of Trueup"
        yield Finding(Place(str(file)), problem, FIX, "changed-override")


def _is_named(file: Path, content: bytes) -> bool:
    """Return whether a file has the name, and holds the lines, that a host or a crawler reads."""
    lines = NAMES.get(file.name)
    return lines is not None and lines.fullmatch(content.decode("utf-8", "replace")) is not None
