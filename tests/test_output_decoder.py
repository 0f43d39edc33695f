"""The output decoder: strangers' bytes give facts or a reason, and never end the run."""

import io
import json
import struct
import sys
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from random import Random

import av
import pytest
from drawn import decode_here
from PIL import Image
from test_sandbox import sandbox_or_skip

from trueup.mock.simulated_file import FILMS, SOUNDS, simulated_file
from trueup.model import Kind
from trueup.sandbox import decoding, output_decoder
from trueup.sandbox.contract import (
    NOTHING,
    USUAL,
    CompletedBlock,
    Containment,
    Limits,
    Sandbox,
    Stopped,
)
from trueup.sandbox.output_decoder import (
    Decode,
    NoDecoder,
    decode_output,
    missing_decoder,
    open_output_decoder,
)
from trueup.snippet import Fence

CUT = "it is cut short: it ends before the end that it declares"
HTML = b"<!doctype html><title>Bad gateway</title>"
EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n"
PLAYLIST = b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n/etc/hostname\n#EXT-X-ENDLIST\n"
MP3, WAV, OPUS = (simulated_file("audio", "", f"audio/{e}").content for e in SOUNDS[:3])
MP4, WEBM = (simulated_file("video", "", f"video/{ending}").content for ending in FILMS)


@pytest.fixture(scope="module")
def decode() -> Iterator[Decode]:
    for _ in sandbox_or_skip("namespace"):
        with open_output_decoder("namespace") as opened:
            yield opened


def drawn(form: str, frames: int = 1) -> bytes:
    file = io.BytesIO()
    images = [Image.frombytes("L", (30, 20), Random(n).randbytes(600)) for n in range(frames)]
    images = [image.convert("RGB") for image in images]
    images[0].save(file, form, save_all=frames > 1, append_images=images[1:])
    return file.getvalue()


def huge_image(side: int) -> bytes:
    """A small PNG that says it is large."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def film(codec: str = "mpeg4", container: str = "mp4", frames: int = 30) -> bytes:
    """A film of noise, each frame a key frame."""
    file = io.BytesIO()
    with av.open(file, "w", format=container) as output:
        stream = output.add_stream(codec, rate=10)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for number in range(frames):
            image = Image.frombytes("RGB", (64, 48), Random(number).randbytes(64 * 48 * 3))
            frame = av.VideoFrame.from_image(image)  # type: ignore[no-untyped-call]
            frame = frame.reformat(format="yuv420p")
            frame.pts = number
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return file.getvalue()


def spoilt(content: bytes, number: int, kept: int = 0) -> bytes:
    """The file with one of its packets overwritten behind the bytes that are kept."""
    with av.open(io.BytesIO(content), "r") as container:
        packet = [one for one in container.demux() if one.size][number]
        place, size = (packet.pos or 0) + kept, packet.size - kept
    return content[:place] + b"\xa7" * size + content[place + size :]


def huge_film() -> bytes:
    """A film whose frames say that they are 16,383 pixels wide and high."""
    content = film("libvpx", "webm", 1)
    place = content.index(b"\x9d\x01\x2a") + 3
    return content[:place] + b"\xff\x3f\xff\x3f" + content[place + 4 :]


def with_sound() -> bytes:
    """A film of one frame, with a moment of silence."""
    file = io.BytesIO()
    with av.open(file, "w", format="mov") as output:
        picture = output.add_stream("mpeg4", rate=10)
        sound = output.add_stream("pcm_s16le", rate=48_000, layout="mono")
        assert isinstance(picture, av.VideoStream) and isinstance(sound, av.AudioStream)
        picture.width, picture.height, picture.pix_fmt = 64, 48, "yuv420p"
        image, silence = av.VideoFrame(64, 48, "yuv420p"), av.AudioFrame("s16", "mono", 4800)
        image.pts, silence.pts, silence.rate = 0, 0, 48_000
        output.mux(picture.encode(image) + picture.encode(None))
        output.mux(sound.encode(silence))
    return file.getvalue()


def with_cover() -> bytes:
    """An MP3 with an image in its tag."""
    image = b"\0image/png\0\3\0" + drawn("PNG")
    frame = b"APIC" + struct.pack(">IH", len(image), 0) + image
    size = bytes(len(frame) >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\3\0\0" + size + frame + MP3


def test_the_facts_of_each_format_are_read_from_its_bytes() -> None:
    for form in ("PNG", "JPEG", "WEBP", "GIF", "AVIF"):
        content = drawn(form)
        expected = {"format": form, "width": 30, "height": 20, "bytes": len(content)}
        assert decode_here("image", content) == expected
    for form, content in {"MP3": MP3, "WAV": WAV, "OPUS": OPUS}.items():
        facts = decode_here("audio", content)
        assert isinstance(facts, dict) and 480 < facts.pop("duration_ms") < 580
        rate = {"MP3": 24_000, "WAV": 8000, "OPUS": 48_000}[form]
        codec = {"WAV": "pcm_s16le"}.get(form, form.lower())
        expected = {"format": form, "codec": codec, "sample_rate": rate, "channels": 1}
        assert facts == expected | {"bytes": len(content)}
    for form, codec, content in (("MP4", "h264", MP4), ("WEBM", "vp9", WEBM)):
        size = {"width": 256, "height": 144, "duration_ms": 1000, "has_audio": False}
        expected = {"format": form, "codec": codec, **size, "bytes": len(content)}
        assert decode_here("video", content) == expected
    facts = decode_here("video", with_sound())
    assert isinstance(facts, dict) and facts["has_audio"] is True
    facts = decode_here("video", film("libx264", "avi"))  # its packets have times of decoding alone
    assert isinstance(facts, dict) and facts["duration_ms"] == 3000
    for kind in ("file", "text", "json"):
        assert decode_here(kind, b"\0\1") == {"bytes": 2}
    assert decode_here("text", b"") == {"bytes": 0}  # the words of a silent sound


@pytest.mark.parametrize(
    ("kind", "content", "reason"),
    [
        ("image", HTML, "it is html, no image"),
        ("image", drawn("PNG")[:400], "it is damaged or no image"),
        ("image", drawn("GIF", 3)[:-300], "it is damaged or no image"),
        ("image", EPS, "it is damaged or no image"),
        ("image", huge_image(60_000), "it is damaged or no image"),
        ("image", MP4, "it is damaged or no image"),
        ("video", HTML, "it is html, no video"),
        ("video", PLAYLIST, "it is damaged or no video"),
        ("video", drawn("PNG"), "it is damaged or no video"),
        ("video", MP3, "it is damaged or no video"),
        ("video", MP4[:600], "it is damaged or no video"),
        ("video", MP4[: len(MP4) * 8 // 10], CUT),
        ("video", film("libvpx", "webm")[:9000], CUT),
        ("video", MP4[: MP4.index(b"mdat") + 4], "it is damaged or no video"),
        ("video", film()[:-1000], "it is damaged or no video"),
        ("video", huge_film(), "it is damaged or no video"),
        ("video", film("libvpx", "webm").replace(b"V_VP8", b"V_ZZ8"), "it is damaged or no video"),
        ("video", spoilt(film(), 5, kept=200), "it is damaged or no video"),
        ("audio", b"RIFF\x24\0\0\0WAVEfmt ", "it is damaged or no audio"),
        ("audio", MP3[:200] + b"\x17\x2b\xc4" * 700, "it is damaged or no audio"),
        ("audio", MP3 + b"\x17\x2b\xc4" * 700, "it is damaged or no audio"),
        ("audio", MP3[: len(MP3) // 3], CUT),
        ("audio", WAV[: len(WAV) // 3], CUT),
        ("audio", MP3[: len(MP3) * 3 // 4], CUT),
        ("audio", b"\0\1\2\3" * 2000, "it is damaged or no audio"),  # raw sound
        ("audio", with_sound(), "it is damaged or no audio"),
        ("file", b"", "it is empty"),
        ("audio", b"", "it is empty"),
    ],
)
def test_what_does_not_play_gives_a_reason(kind: Kind, content: bytes, reason: str) -> None:
    assert decode_here(kind, content) == reason


UNKNOWN_SIZE = WAV[:4] + b"\xff" * 4 + WAV[8:].replace(b"data\x40\x1f\0\0", b"data" + b"\xff" * 4)


@pytest.mark.parametrize(
    "content",
    [
        MP3 + MP3,
        with_cover(),
        MP3 + b"TAG" + b"\0" * 125,
        MP3 + b"\0" * 300,
        UNKNOWN_SIZE[:3000],
        MP3.replace(b"Info", b"\0" * 4)[:1500],
    ],
    ids=["joined", "with a cover", "tag", "filled up", "streamed WAV", "streamed MP3"],
)
def test_what_players_play_is_audio(content: bytes) -> None:
    assert isinstance(decode_here("audio", content), dict)


def test_of_a_long_film_the_first_and_the_last_frames_are_decoded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    content = film()
    monkeypatch.setattr(decoding, "FRAMES", 5)
    for number in (0, 4, 6, 23, 25, 29):
        found = decode_here("video", spoilt(content, number))
        assert isinstance(found, dict) is (number in (6, 23)), number
    facts = decode_here("video", content)
    assert isinstance(facts, dict) and facts["duration_ms"] == 3000


def test_a_frame_above_the_bound_is_not_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "LARGEST_FRAME", 64 * 48 - 1)
    assert decode_here("video", film(frames=1)) == "it is damaged or no video"


def test_a_strangers_file_is_decoded_in_the_sandbox(decode: Decode) -> None:
    outputs: dict[Kind, bytes] = {"image": drawn("PNG"), "audio": MP3, "video": MP4}
    for kind, content in outputs.items():
        assert decode(kind, content) == decode_here(kind, content)
    assert decode("video", huge_film()) == "it is damaged or no video"


@dataclass
class Broken(Sandbox):
    """A decoder that a file took over: it ends and prints as the file says."""

    exit_code: int | None = 0
    stdout: bytes = b""
    stopped: Stopped | None = None
    containment: Containment = "none"

    def run(
        self,
        language: Fence,
        source: bytes,
        limits: Limits = USUAL,
        given: Mapping[str, bytes] = NOTHING,
    ) -> CompletedBlock:
        return CompletedBlock(self.exit_code, self.stopped, self.stdout, b"", 1, {}, ())


def printing(facts: dict[str, object]) -> Broken:
    return Broken(0, json.dumps(facts).encode())


SOUND: dict[str, object] = {
    "format": "mp3",
    "codec": "mp3",
    "duration_ms": 1,
    "sample_rate": 1,
    "channels": 1,
}


@pytest.mark.parametrize(
    ("kind", "sandbox", "reason"),
    [
        ("image", Broken(None, stopped="timeout"), "its decoding took more than 60 s"),
        ("image", Broken(-11), "its decoding ended with a crash"),
        ("image", Broken(0, b"{"), "its decoding printed no facts"),
        ("image", Broken(0, b"7"), "its decoding printed no facts"),
        ("image", printing(SOUND), "its decoding printed no facts"),
        ("image", Broken(0, b"[" * 999), "its decoding printed no facts"),
        ("audio", printing(SOUND | {"channels": float("inf")}), "its decoding printed no facts"),
        ("audio", printing(SOUND | {"channels": -1}), "its decoding printed no facts"),
        ("audio", printing(SOUND | {"codec": "<b>"}), "its decoding printed no facts"),
        ("audio", printing(SOUND | {"channels": "a"}), "its decoding printed no facts"),
        ("audio", printing(SOUND | {"format": "hls"}), "it is of another format"),
        (
            "image",
            printing({"format": "<b>", "width": 1, "height": 1}),
            "it is of another format",
        ),
    ],
)
def test_what_a_decoder_prints_is_not_trusted(kind: Kind, sandbox: Sandbox, reason: str) -> None:
    assert decode_output(kind, b"x", lambda: sandbox) == reason


def test_an_image_of_another_format_than_is_decoded_is_neither_success_nor_failure() -> None:
    for content, ending in ((drawn("BMP"), "bmp"), (b'<svg viewBox="0 0 1 1"/>', "svg")):
        reason = f"the image cannot be decoded here: it is {ending}; declare it as a file"
        assert decode_here("image", content) == NoDecoder(reason)


def test_a_missing_library_is_neither_a_success_nor_a_failure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    libraries: dict[Kind, str] = {"image": "Pillow", "video": "PyAV"}
    for kind, library in libraries.items():
        found = decode_output(kind, b"x", lambda: Broken(0, b'"no library"'))
        assert isinstance(found, NoDecoder) and f"{library} does not start" in found.reason
    assert missing_decoder("audio") is None
    with monkeypatch.context() as here:
        here.setitem(sys.modules, "av", None)
        assert decoding.decode_source(b"audio\n" + MP3) == "no library"
    monkeypatch.setattr(output_decoder, "find_spec", lambda name: None)
    found = decode_here("audio", MP3)
    reason = "the audio cannot be decoded here: PyAV was not found; install trueup[media]"
    assert found == missing_decoder("audio") == NoDecoder(reason)
    assert isinstance(decode_here("image", drawn("PNG")), dict)
