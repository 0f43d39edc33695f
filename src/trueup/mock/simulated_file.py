"""Simulated file: the output of a simulated reply that is no text. It says in itself that it is
simulated: a picture by its letters, a sound by its title, a film by both."""

import wave
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path

from trueup.media_type import MEDIA_TYPES, ending_of_type
from trueup.mock.picture import draw_picture, drawn_mime
from trueup.model import Kind

SOUNDS = ("mp3", "wav", "opus", "flac", "aac")
FILMS = ("mp4", "webm")
"""The endings of the files that scripts/simulated_files.py made; the first stands in for others."""
RAW_SOUND = ("audio/pcm", "audio/l16")
NOTE = b"SIMULATED: no gateway sent this file.\n"


@dataclass(frozen=True)
class SimulatedFile:
    """A file and its media type, which is the recorded one if such a file is at hand."""

    content: bytes
    mime: str


def simulated_file(kind: Kind, model: str, mime: str | None) -> SimulatedFile:
    """Return the file of an output. `mime` is the recorded media type; only a picture shows the
    model. Raw sound is what it is called; any other file is a note, whatever it is called."""
    if kind == "image":
        drawn = drawn_mime(mime)
        return SimulatedFile(draw_picture(model, drawn), drawn)
    if kind in ("audio", "video"):
        known, wanted = SOUNDS if kind == "audio" else FILMS, ending_of_type(mime or "")
        wanted = "opus" if wanted == "ogg" else wanted
        if mime and wanted in known:
            return SimulatedFile(_sample(wanted), mime)
        return SimulatedFile(_sample(known[0]), MEDIA_TYPES[known[0]])
    if mime and mime.lower().partition(";")[0].strip() in RAW_SOUND:
        with wave.open(BytesIO(_sample("wav"))) as sound:
            return SimulatedFile(sound.readframes(sound.getnframes()), mime)
    return SimulatedFile(NOTE, mime or "application/octet-stream")


@cache
def _sample(ending: str | None) -> bytes:
    return (Path(__file__).parent / "samples" / f"simulated.{ending}").read_bytes()
