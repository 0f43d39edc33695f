"""Makes the sounds and films that the mock sends, once: .venv/bin/python scripts/simulated_files.py

Each says that it is simulated, the films in their pictures and all in their title, except for the
AAC, which has no room for one. Encoders differ in their bytes, so the files are committed.
"""

import math
from array import array
from collections.abc import Iterator
from pathlib import Path

import av
from PIL import Image, ImageDraw, ImageFont

FOLDER = Path(__file__).parent.parent / "src/trueup/mock/samples"
TITLE = "SIMULATED: no gateway sent this file"
RATE, TONE = 48_000, 440
"""Samples and swings in a second."""
SOUNDS = {  # container, codec, samples in a second
    "mp3": ("mp3", "libmp3lame", 24_000),
    "wav": ("wav", "pcm_s16le", 8_000),
    "opus": ("ogg", "libopus", 48_000),
    "flac": ("flac", "flac", 8_000),
    "aac": ("adts", "aac", 24_000),
}
FILMS = {"mp4": ("mp4", "libx264", "+faststart"), "webm": ("webm", "libvpx-vp9", None)}
SIZE, FRAMES, FRAMES_A_SECOND = (256, 144), 5, 5


def sound() -> av.AudioFrame:
    """Half a second of a tone that fades."""
    count = RATE // 2
    wave = (9000 * (1 - i / count) * math.sin(TONE * math.tau * i / RATE) for i in range(count))
    frame = av.AudioFrame(format="s16", layout="mono", samples=count)
    frame.planes[0].update(array("h", map(round, wave)).tobytes())
    frame.rate, frame.pts = RATE, 0
    return frame


def pictures() -> Iterator[av.VideoFrame]:
    """A second of the word SIMULATED over a bar that grows."""
    for number in range(FRAMES):
        image = Image.new("RGB", SIZE, (40, 48, 72))
        draw = ImageDraw.Draw(image)
        draw.rectangle((0, SIZE[1] - 12, SIZE[0] * (number + 1) // FRAMES, SIZE[1]), "#ffd54a")
        font = ImageFont.load_default(38)
        draw.text((SIZE[0] / 2, SIZE[1] / 2), "SIMULATED", "#ffd54a", font, anchor="mm")
        frame = av.VideoFrame.from_image(image)  # type: ignore[no-untyped-call]
        frame.pts = number
        yield frame


def write_sound(ending: str, container: str, codec: str, rate: int) -> None:
    """Write one of SOUNDS."""
    path = str(FOLDER / f"simulated.{ending}")
    with av.open(path, "w", format=container, options={"fflags": "+bitexact"}) as file:
        file.metadata["title"] = TITLE
        stream = file.add_stream(codec, rate=rate, layout="mono")
        assert isinstance(stream, av.AudioStream)
        if codec not in ("flac", "pcm_s16le"):
            stream.bit_rate = 32_000
        file.start_encoding()
        size = stream.codec_context.frame_size or 1024
        to_codec = av.AudioResampler(stream.codec_context.format, "mono", rate, size)
        for frame in [*to_codec.resample(sound()), *to_codec.resample(None)]:
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))


def write_film(ending: str, container: str, codec: str, flags: str | None) -> None:
    """Write one of FILMS."""
    options = {"fflags": "+bitexact"} | ({"movflags": flags} if flags else {})
    path = str(FOLDER / f"simulated.{ending}")
    with av.open(path, "w", format=container, options=options) as file:
        file.metadata["title"] = TITLE
        stream = file.add_stream(codec, rate=FRAMES_A_SECOND)
        assert isinstance(stream, av.VideoStream)
        (stream.width, stream.height), stream.pix_fmt = SIZE, "yuv420p"
        for frame in pictures():
            file.mux(stream.encode(frame.reformat(format="yuv420p")))
        file.mux(stream.encode(None))


if __name__ == "__main__":
    for ending, sound_form in SOUNDS.items():
        write_sound(ending, *sound_form)
    for ending, film_form in FILMS.items():
        write_film(ending, *film_form)
