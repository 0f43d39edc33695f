"""Made site: whether the built and verified site, or a page, is still what its sources make."""

import json
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path

from trueup.docs import Docs
from trueup.shipped_files import shipped_folder
from trueup.site.build import KEPT
from trueup.site.outline import read_settings, settings_of
from trueup.status_file import write_whole
from trueup.verify.block_receipt import RECEIPTS, Report

SOURCES = ("REHEARSAL", "docs", "mkdocs*.yml", "overrides", "snippets", "status.yml")
"""What a site is made from, at the top of its repository and as the engine ships it."""


class MadeSite:
    """The site of a repository as it was last made whole and without a finding.

    `conditions` are those of the run that makes it, beside the files, such as the engine's mark;
    `variables` are those of the environment. Make it before a source is read that `docs` has not
    loaded: then one that is edited during the run makes the site anew.
    """

    def __init__(self, docs: Docs, conditions: Iterable[str], variables: Mapping[str, str]) -> None:
        self._file = docs.top / ".cache" / "site.json"
        self._site = docs.site
        seen = json.dumps({name: variables.get(name) for name in KEPT})
        loaded = [docs.stored.text, *(part for one in docs.pages for part in (one.front, one.text))]
        conditions = [str(docs.today), docs.address, *conditions, seen, *loaded]
        tops = dict.fromkeys((docs.top, shipped_folder()))
        sources = [one for top in tops for name in SOURCES for one in sorted(top.glob(name))]
        sources += _settings(docs)
        self._made_from = _digest((*conditions, *(part for one in sources for part in _parts(one))))

    def report(self) -> Report | None:
        """Return the report of the site that stands; None if it must be made: a source, a condition
        or one of its files has changed since, or it was never made whole."""
        try:
            known = json.loads(self._file.read_bytes())
            is_same = known["made_from"] == self._made_from
            if is_same and known["site"] == _digest(_parts(self._site)):
                return Report.parse((self._site / RECEIPTS).read_text("utf-8"))
        except (OSError, ValueError, TypeError, KeyError):
            pass
        return None

    def note(self) -> None:
        """Note that the site as it stands was made from the sources, without a finding."""
        known = {"made_from": self._made_from, "site": _digest(_parts(self._site))}
        self._file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(self._file, json.dumps(known).encode() + b"\n", 0o644)


def page_conditions(docs: Docs, mark: str, variables: Mapping[str, str]) -> tuple[str, ...]:
    """Return what the pages of a site are made from but their own Markdown: the engine's mark, the
    day, settings and overrides, and the names of all files that pages can lead to."""
    overrides = (top / "overrides" for top in dict.fromkeys((docs.top, shipped_folder())))
    made_from = [part for one in (*_settings(docs), *overrides) for part in _parts(one)]
    names = sorted(f"{one} {one.is_dir()}" for one in (docs.top / "docs").rglob("*"))
    seen = json.dumps({name: variables.get(name) for name in KEPT})
    conditions = (mark, str(docs.today), docs.published_at, str(docs.is_rehearsal), seen)
    return (*conditions, _digest([*names, *made_from]))


def _settings(docs: Docs) -> list[Path]:
    """Return the settings of all languages, and the files that they inherit."""
    read = (read_settings(docs.top / settings_of(name), docs.top) for name in docs.languages)
    return list(dict.fromkeys(file for files in read for file, _ in files))


def _parts(path: Path, above: tuple[Path, ...] = ()) -> Iterator[str]:
    """Yield the place and the hash of each file under a path; what a link leads to is read too."""
    for one in sorted([path, *path.rglob("*")]):
        if one.is_file():
            yield f"{one} {one.is_symlink()} {sha256(one.read_bytes()).hexdigest()}"
        elif one.is_symlink() and (real := one.resolve()) not in above and real.is_dir():
            yield str(one)
            yield from _parts(real, (*above, real))


def _digest(parts: Iterable[str]) -> str:
    digest = sha256()
    for part in parts:
        digest.update(part.encode(errors="surrogateescape") + b"\0")
    return digest.hexdigest()
