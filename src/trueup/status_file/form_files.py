"""Form files: the files that forms send, read from `snippets/files` and held to their hashes."""

from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path

from trueup.errors import BadInput
from trueup.media_type import MEDIA_TYPES
from trueup.message import Message
from trueup.model import Form, FormFile, Status, form_items
from trueup.place import Place
from trueup.source_file import read_source
from trueup.status_file.validation import Keys

FOLDER = "snippets/files"
MOST_BYTES = 256 * 1024
"""Room for a small picture or some seconds of sound; it is in the repository and on the site."""
TEXT_ENDINGS = ("csv", "json", "jsonl", "txt")
ENDINGS = ({*MEDIA_TYPES, *TEXT_ENDINGS, "jpeg"}) - {"html", "svg"}
"""No ending that a browser opens as a page, and none that a program beside it would run."""

Contents = Mapping[str, bytes]
"""Bytes of files by their names."""


def read_form_files(
    status: Status, place: Callable[..., Place], top: Path
) -> tuple[dict[str, Contents], list[Message]]:
    """Return the files of each endpoint's own form, and a message for each file of a form that is
    not as it is named, variants included. `place` returns that of a key in the status file."""
    contents: dict[str, dict[str, bytes]] = {}
    problems: list[Message] = []
    for endpoint, variant, keys, file in _named(status):
        try:
            content = _read(place(*keys, "file"), file, top)
            actual = sha256(content).hexdigest()
            if actual != file.sha256:
                problem = f"the sha256 is not that of {FOLDER}/{file.file}"
                fix = f"Write {actual}, or restore the file."
                raise BadInput(place(*keys, "sha256"), problem, fix)
            if variant is None:
                contents.setdefault(endpoint, {})[file.file] = content
        except BadInput as error:
            problems.append(error.message)
    return dict(contents), problems


def _named(status: Status) -> Iterator[tuple[str, str | None, Keys, FormFile]]:
    """Yield each file of a form, with its endpoint, its variant, and the keys that lead to it."""
    for endpoint, own in status.endpoints.items():
        keys = ("endpoints", endpoint)
        for file_keys, file in _files_in(own.form or {}, (*keys, "form")):
            yield endpoint, None, file_keys, file
        for name, variant in own.variants.items():
            for file_keys, file in _files_in(variant.form, (*keys, "variants", name, "form")):
                yield endpoint, name, file_keys, file


def _files_in(form: Form, keys: Keys) -> Iterator[tuple[Keys, FormFile]]:
    for part, items in form_items(form):
        for index, item in enumerate(items):
            if isinstance(item, FormFile):
                yield (*keys, part, *((index,) if isinstance(form[part], list) else ())), item


def _read(where: Place, file: FormFile, top: Path) -> bytes:
    """Return the bytes of a file. Raises BadInput for what is no plain small file of a medium."""
    if file.file.rpartition(".")[2] not in ENDINGS:
        problem = f"{file.file} has the ending of no image, sound, film or plain text"
        raise BadInput(where, problem, "Rename it after what it is, such as square.png.")
    path = top / FOLDER / file.file
    for link in (path, path.parent, path.parent.parent):
        if link.is_symlink():
            raise BadInput(where, f"{link.relative_to(top)} is a link", "Replace it by a copy.")
    try:
        return read_source(path, top, MOST_BYTES)
    except OSError as error:
        reason = "does not exist" if isinstance(error, FileNotFoundError) else "cannot be read"
        fix = f"Put the file into {FOLDER}, or correct the name."
        raise BadInput(where, f"{FOLDER}/{file.file} {reason}", fix) from error
