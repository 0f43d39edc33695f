"""Simulated files: each says that it is simulated, and decodes as what it is called."""

from pathlib import Path

import pytest
from drawn import decode_here

from trueup.media_type import MEDIA_TYPES
from trueup.mock import simulated_file as module
from trueup.mock.simulated_file import FILMS, NOTE, SOUNDS, simulated_file
from trueup.model import Kind


@pytest.mark.parametrize(
    ("kind", "mime", "sent", "form"),
    [
        ("image", "image/webp", "image/webp", "WEBP"),
        ("image", "image/heic", "image/png", "PNG"),
        ("audio", None, "audio/mpeg", "MP3"),
        ("audio", "audio/mp3", "audio/mp3", "MP3"),
        ("audio", "audio/x-wav", "audio/x-wav", "WAV"),
        ("audio", "Audio/OGG; codecs=opus", "Audio/OGG; codecs=opus", "OPUS"),
        ("audio", "audio/ogg", "audio/ogg", "OPUS"),
        ("audio", "audio/flac", "audio/flac", "FLAC"),
        ("audio", "audio/aac", "audio/aac", "AAC"),
        ("audio", "audio/amr", "audio/mpeg", "MP3"),
        ("video", None, "video/mp4", "MP4"),
        ("video", "video/webm", "video/webm", "WEBM"),
        ("video", "video/quicktime", "video/mp4", "MP4"),
    ],
)
def test_an_output_is_of_the_recorded_media_type_where_one_is_at_hand(
    kind: Kind, mime: str | None, sent: str, form: str
) -> None:
    file = simulated_file(kind, "nano-banana", mime)
    facts = decode_here(kind, file.content)
    assert isinstance(facts, dict) and (file.mime, facts["format"]) == (sent, form)


def test_raw_sound_has_no_container_and_any_other_file_is_a_note() -> None:
    for mime in ("audio/pcm", "audio/L16; rate=24000; channels=1"):
        file = simulated_file("file", "", mime)
        assert (file.mime, len(file.content)) == (mime, 8000)
    assert simulated_file("file", "", "text/csv") == module.SimulatedFile(NOTE, "text/csv")
    assert simulated_file("file", "", None).mime == "application/octet-stream"


def test_each_sample_is_small_and_says_that_it_is_simulated() -> None:
    folder = Path(module.__file__).parent / "samples"
    assert {path.suffix[1:] for path in folder.iterdir()} == {*SOUNDS, *FILMS} <= {*MEDIA_TYPES}
    for path in folder.iterdir():
        content = path.read_bytes()
        assert len(content) < 12_000
        assert b"SIMULATED" in content or path.suffix == ".aac"  # ADTS has no room for a title
