"""The image decoder: strangers' bytes give facts or a reason, and never end the run."""

import io
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from PIL import Image
from test_sandbox import sandbox_or_skip

from trueup.sandbox.contract import USUAL, CompletedBlock, Limits, Sandbox, Stopped
from trueup.sandbox.image_decoder import Decode, decode_image, open_image_decoder
from trueup.snippet import Fence


@pytest.fixture(scope="module")
def decode() -> Iterator[Decode]:
    for _ in sandbox_or_skip("namespace"):
        with open_image_decoder("namespace") as opened:
            yield opened


def drawn(form: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (3, 2)).save(file, form)
    return file.getvalue()


def bomb(side: int) -> bytes:
    """A small PNG that says it is large."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def test_the_facts_of_each_format_are_read_from_its_bytes(decode: Decode) -> None:
    for form in ("PNG", "JPEG", "WEBP", "GIF"):
        content = drawn(form)
        expected = {"format": form, "width": 3, "height": 2, "bytes": len(content)}
        assert decode(content) == expected


def test_a_strangers_bytes_give_a_reason_and_the_next_image_decodes(decode: Decode) -> None:
    eps = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n"
    for content in (b"", b"<html>", drawn("PNG")[:40], drawn("BMP"), eps, bomb(60_000)):
        assert decode(content) == "it is damaged or no image"
    assert not isinstance(decode(drawn("PNG")), str)


@dataclass
class Broken(Sandbox):
    """A decoder that an image took over: it ends and prints as the image says."""

    exit_code: int | None
    stdout: bytes = b""
    stopped: Stopped | None = None

    def run(self, language: Fence, source: bytes, limits: Limits = USUAL) -> CompletedBlock:
        return CompletedBlock(self.exit_code, self.stopped, self.stdout, b"", 1, {}, ())


@pytest.mark.parametrize(
    ("sandbox", "reason"),
    [
        (Broken(None, stopped="timeout"), "its decoding took more than 60 s"),
        (Broken(-11), "its decoding ended with a crash"),
        (Broken(0, b'["PNG", "a", 1]'), "its decoding printed no facts"),
        (Broken(0, b"[1]"), "its decoding printed no facts"),
        (Broken(0, b"7"), "its decoding printed no facts"),
        (Broken(0, b'["<b>", 1, 1]'), "it is of another format"),
    ],
)
def test_what_a_decoder_prints_is_not_trusted(sandbox: Sandbox, reason: str) -> None:
    assert decode_image(b"", sandbox) == reason
