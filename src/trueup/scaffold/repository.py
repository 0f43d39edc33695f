"""Repository: the files of a new site, and putting them on disk whole or not at all."""

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, time
from functools import cache
from pathlib import Path

import jinja2

from trueup.errors import BadInput
from trueup.model import Endpoint, Observation, Source, Status
from trueup.request import request_of
from trueup.scaffold.gateway import SiteAnswers, model_of
from trueup.scaffold.install_source import Origin, render_lock
from trueup.scaffold.shared_files import kit_files, kit_folder, shared_settings
from trueup.snippet import languages_of
from trueup.status_file import parse_status, render_entry, render_row, render_schema, render_text

TARGET = "production"
SAMPLE = "SAMPLE written by trueup init, seen by nobody"
PLACES = {
    "README.md": "README.md",
    "gitignore": ".gitignore",
    "pre-commit-config.yaml": ".pre-commit-config.yaml",
    "requirements.txt": "requirements.txt",
    "mkdocs.yml": "mkdocs.yml",
    "workflow.yml": ".github/workflows/docs.yml",
    "index.md": "docs/en/index.md",
    "setup": "scripts/setup",
    "test": "scripts/test",
}
"""Where what each template renders is put; the pages of models and the status file beside these."""


def write_starter(folder: Path, gateway: SiteAnswers, origin: Origin) -> None:
    """Writes a small working site into a folder that is new or empty.

    Raises BadInput, and leaves nothing behind, where it cannot be written as a whole.
    """
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise BadInput(f"{folder}: no folder; a new or an empty one was expected. Give another.")
    if folder.is_dir() and any(folder.iterdir()):
        raise BadInput(f"{folder}: not empty; a new or an empty folder was expected. Give another.")
    files = starter_files(gateway, origin)
    try:
        _write(folder, files)
    except OSError as error:
        found = f"{error.strerror}; a folder that can be written was expected"
        raise BadInput(f"{folder}: {found}. Nothing was left there; give another.") from error


def starter_files(gateway: SiteAnswers, origin: Origin) -> dict[str, bytes]:
    """The files of the new site, by their path in it."""
    files = dict(kit_files(gateway.protocol))
    texts = {
        "status.yml": _status_text(gateway),
        "status.schema.json": render_schema(),
        "requirements.lock": render_lock((kit_folder() / "requirements.lock").read_text("utf-8")),
        f"docs/en/{gateway.model}.md": page_text(
            gateway.model, [gateway.endpoint], _blocks(gateway)
        ),
    }
    values = {"title": gateway.title, "model": gateway.model, "lines": origin.lines}
    values["shared"] = shared_settings()
    for name, place in PLACES.items():
        texts[place] = render_file(name, values)
    files |= {place: text.encode() for place, text in texts.items()}
    return files | dict(origin.files)


def page_text(model: str, endpoints: list[str], blocks: int, title: str | None = None) -> str:
    """The page of a model whose endpoints publish so many blocks."""
    title = model_of(model, title).title
    values = {"model": model, "title": title, "endpoints": endpoints, "blocks": blocks}
    return render_file("model.md", values)


def render_file(name: str, values: Mapping[str, object]) -> str:
    """A file of a site from its template."""
    return _environment().get_template(f"{name}.j2").render(values)


@cache
def _environment() -> jinja2.Environment:
    """Its marks are other than those of the macros, which stand in the pages that it renders."""
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
    environment.filters["yaml"] = render_text
    return environment


def _blocks(gateway: SiteAnswers) -> int:
    return len(languages_of(gateway.protocol, kit_folder() / "snippets"))


def _status_text(gateway: SiteAnswers) -> str:
    """The status file; what the sample says was sent is what its endpoint sends today."""
    values = {
        "day": gateway.day,
        "base_url": gateway.base_url,
        "endpoint": gateway.endpoint,
        "route_text": render_entry(gateway.kind.name, gateway.route, 2),
        "model_text": render_entry(gateway.model, model_of(gateway.model), 2),
        "endpoint_text": render_entry(gateway.endpoint, Endpoint(body=gateway.kind.body), 2),
    }
    noon = datetime.combine(gateway.day, time(12), UTC)
    bare = render_file("status.yml", {**values, "row": "  []\n"})
    row = _sample(parse_status(bare, "status.yml", noon).status, gateway)
    return render_file("status.yml", {**values, "row": render_row(row, 2)})


def _sample(status: Status, gateway: SiteAnswers) -> Observation:
    return Observation(
        at=gateway.day,
        endpoint=gateway.endpoint,
        target=TARGET,
        sent=request_of(status, gateway.endpoint, TARGET),
        outcome="output",
        shape=gateway.kind.shape,
        note="a sample, to be replaced by a retest",
        source=Source(reported=SAMPLE),
    )


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    """Writes the files beside their place and moves them there; on an error all is as before."""
    made = list(_make(folder))
    moved: list[Path] = []
    try:
        with tempfile.TemporaryDirectory(prefix=".init-", dir=folder) as name:
            top = Path(name) / "site"
            for path, content in files.items():
                file = top / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(content)
                file.chmod(0o755 if path.startswith("scripts/") else 0o644)
            for one in sorted(top.iterdir()):
                os.replace(one, folder / one.name)
                moved.append(folder / one.name)
    except BaseException:
        for one in moved:
            shutil.rmtree(one) if one.is_dir() else one.unlink()
        for one in reversed(made):
            one.rmdir()
        raise


def _make(folder: Path) -> Iterator[Path]:
    """Makes a folder and those above it, and tells of each that was not there."""
    for one in reversed([folder, *folder.parents]):
        if not one.exists():
            one.mkdir()
            yield one
