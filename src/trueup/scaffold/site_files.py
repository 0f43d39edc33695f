"""Repository: the files of a new site, written to disk as a whole or not at all."""

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, time
from functools import cache
from pathlib import Path

import jinja2

from trueup.errors import BadInput
from trueup.model import Model, Observation, Source, Status
from trueup.request import request_of
from trueup.scaffold.answers import SiteAnswers
from trueup.scaffold.install_source import InstallSource, render_lock
from trueup.scaffold.shared_files import shared_files, shared_settings
from trueup.shipped_files import shipped_folder
from trueup.snippet import languages_of
from trueup.status_file import (
    FOLDER,
    parse_status,
    render_entry,
    render_row,
    render_scalar,
    render_schema,
)

TARGET = "production"
SAMPLE = "SAMPLE written by trueup init, seen by nobody"
PLACES = {
    "README.md": "README.md",
    "gitignore": ".gitignore",
    "pre-commit-config.yaml": ".pre-commit-config.yaml",
    "requirements.txt": "requirements.txt",
    "mkdocs.yml": "mkdocs.yml",
    "workflow.yml": ".github/workflows/docs.yml",
    "retest.yml": ".github/workflows/retest.yml",
    "index.md": "docs/en/index.md",
    "setup": "scripts/setup",
    "test": "scripts/test",
}
"""Path of each template's text in the new site."""


def write_starter(folder: Path, answers: SiteAnswers, origin: InstallSource) -> None:
    """Write a small working site into a folder that is new or empty.

    Raises BadInput, and leaves nothing behind, where it cannot be written as a whole.
    """
    require_empty(folder)
    write_site(folder, starter_files(answers, origin))


def require_empty(folder: Path) -> None:
    """Raise BadInput for a path that is neither new nor an empty folder."""
    fix = "Give a new or an empty folder."
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise BadInput(folder, "not a folder", fix)
    if folder.is_dir() and any(folder.iterdir()):
        raise BadInput(folder, "not empty", fix)


def write_site(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write the files of a new site into a folder that is new or empty, all or none of them.

    Raises BadInput where they cannot be written.
    """
    try:
        _write(folder, files)
    except OSError as error:
        fix = "Nothing was left there. Give a folder that can be written."
        raise BadInput(folder, str(error.strerror), fix) from error


def starter_files(answers: SiteAnswers, origin: InstallSource) -> dict[str, bytes]:
    """Return the files of the new site, by their path in it."""
    page = f"{answers.model}.md"
    blocks = len(languages_of(answers.route, shipped_folder() / "snippets"))
    files = common_files(answers, {"Models": [page]}, {answers.protocol}, origin)
    texts = {
        "status.yml": _status_text(answers),
        f"docs/en/{page}": render_model_page(answers.model, answers.model_title, blocks),
    }
    if answers.kind.file is not None:
        name, _, content = answers.kind.file
        files[f"{FOLDER}/{name}"] = content
    return files | {place: text.encode() for place, text in texts.items()}


def common_files(
    answers: object,
    menu: Mapping[str, Sequence[str]],
    protocols: Iterable[str],
    origin: InstallSource,
) -> dict[str, bytes]:
    """Return what each new site has beside its status file and the pages of its `menu`, which are
    by section. `answers` have a `title`, and the `model` of a sample where there is one."""
    files = {path: content for one in protocols for path, content in shared_files(one)}
    lock = (shipped_folder() / "requirements.lock").read_text("utf-8")
    values = {"answers": answers, "menu": menu, "lines": origin.lines, "shared": shared_settings()}
    texts = {"status.schema.json": render_schema(), "requirements.lock": render_lock(lock)}
    texts |= {place: _render_file(name, values) for name, place in PLACES.items()}
    return files | {place: text.encode() for place, text in texts.items()} | dict(origin.files)


def render_model_page(model: str, title: str, blocks: int) -> str:
    """Return the page of a model, which publishes a number of blocks."""
    return _render_file("model.md", {"model": model, "title": title, "blocks": blocks})


def _render_file(name: str, values: Mapping[str, object]) -> str:
    return _environment().get_template(f"{name}.j2").render(values)


@cache
def _environment() -> jinja2.Environment:
    """Return the environment; its marks are not those of the macros in the pages it renders."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("trueup.scaffold", "files"),
        undefined=jinja2.StrictUndefined,
        block_start_string="[%",
        block_end_string="%]",
        variable_start_string="[[",
        variable_end_string="]]",
        comment_start_string="[#",
        comment_end_string="#]",
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["yaml"] = render_scalar
    return environment


def _status_text(answers: SiteAnswers) -> str:
    """Return the status file; `sent` of its sample is what its endpoint sends today."""
    values = {
        "answers": answers,
        "route_text": render_entry(answers.kind.name, answers.route, 2),
        "model_text": render_entry(answers.model, Model(title=answers.model_title), 2),
        "endpoint_text": render_entry(answers.endpoint, answers.kind.endpoint, 2),
    }
    noon = datetime.combine(answers.day, time(12), UTC)
    bare = _render_file("status.yml", {**values, "row": "  []\n"})
    row = _sample(parse_status(bare, "status.yml", noon).status, answers)
    return _render_file("status.yml", {**values, "row": render_row(row, 2)})


def _sample(status: Status, answers: SiteAnswers) -> Observation:
    return Observation(
        at=answers.day,
        endpoint=answers.endpoint,
        target=TARGET,
        sent=request_of(status, answers.endpoint, TARGET),
        outcome="output",
        shape=answers.kind.shape,
        note="a sample, to be replaced by a retest",
        sample=True,
        source=Source(reported=SAMPLE),
    )


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write the files beside their places and move them there; undo all of it on an error."""
    made = list(_make(folder))
    moved: list[Path] = []
    try:
        with tempfile.TemporaryDirectory(prefix=".init-", dir=folder) as name:
            top = Path(name) / "site"
            for place, content in files.items():
                file = top / place
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(content)
                file.chmod(0o755 if place.startswith("scripts/") else 0o644)
            for entry in sorted(top.iterdir()):
                os.replace(entry, folder / entry.name)
                moved.append(folder / entry.name)
    except BaseException:
        for path in moved:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        for parent in reversed(made):
            parent.rmdir()
        raise


def _make(folder: Path) -> Iterator[Path]:
    """Make a folder and its missing parents; return each that was made."""
    for parent in reversed([folder, *folder.parents]):
        if not parent.exists():
            parent.mkdir()
            yield parent
