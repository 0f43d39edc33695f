"""The media type: each format by the bytes that its files begin with."""

import io
from mimetypes import guess_type

import pytest
from PIL import Image

from trueup.media_type import MEDIA_TYPES, ending_of, ending_of_type

ISO, OGG = b"\0\0\0\x20ftyp", b"OggS\0\x02" + b"\0" * 20 + b"\x01\x13"
EBML = b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\x82\x84"
BEGINNINGS = {
    b"RIFF\x24\0\0\0WAVEfmt ": "wav",
    b"RIFF\x24\0\0\0AVI LIST": "avi",
    b"ID3\x04\0\0\0\0\0\x23": "mp3",
    b"\xff\xfb\x90\x64": "mp3",
    b"\xff\xf3\x44\xc4": "mp3",
    b"\xff\xf1\x50\x80": "aac",
    b"\xff\xfe<\0h\0": None,  # a text in UTF-16
    OGG + b"OpusHead": "opus",
    OGG + b"\x01vorbis": "ogg",
    b"fLaC\0\0\0\x22": "flac",
    ISO + b"isom\0\0\x02\0isomiso2avc1mp41": "mp4",
    ISO + b"mif1\0\0\0\0mif1avifmiaf": "avif",
    ISO + b"mif1\0\0\0\0mif1heic": "heic",
    ISO + b"M4A \0\0\x02\0": "m4a",
    ISO + b"qt  \0\0\x02\0": "mov",
    b"\0\0\0\x08wide\0\0\0\0mdat": "mov",
    EBML + b"webm": "webm",
    EBML + b"matroska": "mkv",
    (b"G" + b"\0" * 187) * 3: "ts",
    b"%PDF-1.7\n": "pdf",
    b"PK\x03\x04\x14\0": "zip",
    b"\n<!DOCTYPE HTML>\n<title>Bad gateway</title>": "html",
    b'<?xml version="1.0"?>\n<!-- drawn -->\n<svg viewBox="0 0 1 1">': "svg",
    b' {"error": {}}\n': "json",
    b"[1, 2": None,
    b"[" * 100_000: None,
    b"12": None,
    b"": None,
    b"plain text": None,
    b"\0\x01" * 400: None,  # raw sound
}


@pytest.mark.parametrize("content", BEGINNINGS)
def test_the_ending_follows_from_the_first_bytes(content: bytes) -> None:
    assert ending_of(content) == BEGINNINGS[content]


def test_what_an_encoder_writes_is_known_and_each_ending_has_a_media_type() -> None:
    for form, ending in {"JPEG": "jpg", "TIFF": "tiff"}.items() | {
        (form.upper(), form) for form in ("png", "webp", "gif", "avif", "bmp")
    }:
        file = io.BytesIO()
        Image.new("RGB", (3, 2)).save(file, form)
        assert ending_of(file.getvalue()) == ending
        assert MEDIA_TYPES[ending] == guess_type(f"x.{ending}")[0]
    assert {ending for ending in BEGINNINGS.values() if ending} <= MEDIA_TYPES.keys()


def test_the_ending_of_a_media_type_is_known_by_its_other_names_too() -> None:
    for ending, media_type in MEDIA_TYPES.items():
        assert ending_of_type(media_type) == ending
    assert ending_of_type("Audio/X-WAV; rate=8000") == "wav"
    assert ending_of_type("audio/ogg;codecs=vorbis") == "ogg"
    assert (ending_of_type("application/x-other"), ending_of_type("")) == (None, None)
