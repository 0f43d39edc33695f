"""Addition: the files that a piece brings to a site, put on disk together or not at all."""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from trueup.errors import BadInput
from trueup.status_file import Stored, save, write_whole


@dataclass(frozen=True)
class Addition:
    """`new` and `changed` hold texts by path from the top of the repository; `stored` is the status
    file with the piece, where it is in that. `todo` is what is left for a person."""

    todo: tuple[str, ...]
    new: Mapping[str, str]
    changed: Mapping[str, str]
    stored: Stored | None = None

    @property
    def places(self) -> tuple[str, ...]:
        """Every file that it touches, the status file first."""
        return (*(["status.yml"] if self.stored else []), *self.new, *self.changed)


def write_addition(top: Path, made: Addition) -> None:
    """Puts a piece on disk. Raises BadInput, with all as it was, where that cannot be done."""
    for name in made.new:
        if (top / name).exists():
            raise BadInput(f"{top / name}: it is there already; a new file was expected. Move it.")
    with ExitStack() as undo:
        try:
            for name, text in made.new.items():
                _make(top, (top / name).parent, undo)
                undo.callback((top / name).unlink, missing_ok=True)
                (top / name).write_bytes(text.encode())
            for name, text in made.changed.items():
                file = top / name
                content, mode = file.read_bytes(), file.stat().st_mode & 0o7777
                write_whole(file, text.encode(), mode)
                undo.callback(write_whole, file, content, mode)
        except OSError as error:
            found = f"{error.strerror}; a file that can be written was expected"
            raise BadInput(f"{error.filename or top}: {found}. Nothing was changed.") from error
        if made.stored is not None:
            save(made.stored)
        undo.pop_all()


def _make(top: Path, folder: Path, undo: ExitStack) -> None:
    for one in reversed([folder, *folder.relative_to(top).parents]):
        place = top / one
        if not place.exists():
            place.mkdir()
            undo.callback(place.rmdir)
