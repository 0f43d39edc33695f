"""Decoding: the program that decodes one output inside a sandbox, by Pillow or by FFmpeg (PyAV).

Its source is all that goes in, so it imports no other module of Trueup.
"""

from collections import deque
from collections.abc import Mapping
from fractions import Fraction
from io import BytesIO
from typing import Any, Literal

FRAMES, PIXELS = 500, 10**9
"""The bounds of each of the two parts of a stream that are decoded, its first and its last frames:
twenty seconds of a film or ten of speech, and some seconds of a processor."""
LARGEST_FRAME = 1 << 26
"""Pixels: 8,192 by 8,192. Several frames are held at a time, in a gigabyte."""
IMAGE_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "AVIF")
"""Pillow's other readers are not for strangers' files: the one for EPS starts a program."""
CONTAINERS: Mapping[str, tuple[str, ...]] = {
    "mov,mp4,m4a,3gp,3g2,mj2": ("mp4", "mov", "m4a"),
    "matroska,webm": ("webm", "mkv"),
    "ogg": ("ogg", "opus"),
    "mp3": ("mp3",),
    "wav": ("wav",),
    "flac": ("flac",),
    "aac": ("aac",),
    "aiff": ("aiff",),
    "amr": ("amr",),
    "avi": ("avi",),
    "mpegts": ("ts",),
}
"""The endings of each container, by FFmpeg's name of its reader. Its readers of playlists, which
open other files, are not for strangers' files either."""
_SHORTFALL_S = Fraction(1, 4)
"""A file may end before its declared duration by as much, or a tenth of it, and a frame: encoders
round it."""
_UNKNOWN_SIZE = 0x7FFF0000
"""The least size in the head of a WAV that was sent before its end was known."""

_SKIPPED = (b"ID3", b"TAG", b"APETAGEX")
"""The first bytes of the tags that players of sound skip, as they do zeros: they stand between two
joined files too."""

Undecoded = Literal["damaged", "cut short", "no library"]


class _CutShortError(Exception):
    """The file ends before the end that it declares."""


def decode_source(source: bytes) -> Mapping[str, Any] | Undecoded:
    """Return the facts of an output, or why there are none. `source` is its kind as a line, and
    then its bytes."""
    kind, _, content = source.partition(b"\n")
    try:
        if kind == b"image":
            return _image_facts(content)
        return _media_facts(content, is_video=kind == b"video")
    except ImportError:
        return "no library"
    except _CutShortError:
        return "cut short"
    except Exception:  # of any kind that the libraries have, and always about this file
        return "damaged"


def _image_facts(content: bytes) -> dict[str, Any]:
    from PIL import Image, ImageSequence

    with Image.open(BytesIO(content), formats=IMAGE_FORMATS) as image:
        pixels = 0
        for number, frame in enumerate(ImageSequence.Iterator(image), 1):
            frame.load()
            pixels += frame.width * frame.height
            if number == FRAMES or pixels >= PIXELS:
                break
        name = "JPEG" if image.format == "MPO" else image.format  # a JPEG with others behind it
        return {"format": name, "width": image.width, "height": image.height}


def _media_facts(content: bytes, *, is_video: bool) -> dict[str, Any]:
    import av

    options = {"format_whitelist": ",".join(CONTAINERS)}
    with av.open(BytesIO(content), "r", options=options) as container:
        cover = av.stream.Disposition.attached_pic
        streams = [one for one in container.streams if not one.disposition & cover]
        tracks = {one.index: _Track(one) for one in streams if one.type in ("audio", "video")}
        name = container.format.name
        is_declared = _is_duration_declared(name, content)
        for packet in container.demux([track.stream for track in tracks.values()]):
            if packet.is_corrupt and is_declared:
                raise _CutShortError
            if packet.size:
                tracks[packet.stream_index].take(packet)
        for track in tracks.values():
            track.finish()
        if is_declared:
            _check_end(list(tracks.values()), Fraction(container.duration or 0, 1_000_000))
        sounds = [track for track in tracks.values() if track.stream.type == "audio"]
        pictures = [track for track in tracks.values() if track.stream.type == "video"]
        if is_video:
            facts = pictures[0].facts("width", "height")
            return {"format": name, **facts, "has_audio": bool(sounds)}
        if pictures:
            raise ValueError("a film is no sound")
        return {"format": name, **sounds[0].facts("sample_rate", "channels")}


def _is_duration_declared(name: str, content: bytes) -> bool:
    """Return False for a file whose duration FFmpeg can only estimate."""
    if name == "wav":
        return int.from_bytes(content[4:8], "little") < _UNKNOWN_SIZE
    if name == "mp3":
        head = content[: 1 << 17]  # with room for a cover
        return b"Xing" in head or b"Info" in head
    return name not in ("aac", "amr")


def _check_end(tracks: list["_Track"], declared_s: Fraction) -> None:
    """Raise an error if a track ends before the end that it or, for all, the file declares."""
    declaring = [track for track in tracks if track.declared_s]
    if any(_is_short(track.declared_s, track.duration_s, track.frame_s) for track in declaring):
        raise _CutShortError
    latest = max(tracks, key=lambda track: track.end_s)
    if not declaring and _is_short(declared_s, latest.end_s, latest.frame_s):
        raise _CutShortError


def _is_short(declared_s: Fraction, found_s: Fraction, frame_s: Fraction) -> bool:
    return declared_s - found_s > frame_s + min(_SHORTFALL_S, declared_s / 10)


class _Track:
    """A stream of sound or pictures, whose first and last frames are decoded."""

    def __init__(self, stream: Any) -> None:
        self.stream, self._context = stream, stream.codec_context
        if self._context is None:
            raise ValueError("FFmpeg knows no such codec")
        self._context.thread_count = 1  # each thread holds frames of its own
        if stream.type == "video":
            self._context.options = {"max_pixels": str(LARGEST_FRAME)}
        self._packets = self._end = 0
        self._start: int | None = None
        self._frames = self._pixels = 0
        self._last: deque[Any] | None = None  # until the first frames are decoded

    def take(self, packet: Any) -> None:
        """Decode a packet of the first frames, or keep it if it may be of the last ones."""
        self._packets += 1
        time = packet.dts if packet.pts is None else packet.pts
        if time is not None:
            begins = max(time, 0)  # an encoder's lead-in has times below 0
            self._start = begins if self._start is None else min(self._start, begins)
            self._end = max(self._end, time + (packet.duration or 0))
        if self._last is not None:
            self._last.append(packet)
            return
        self._decode(packet)
        if self._frames >= FRAMES or self._pixels >= PIXELS:
            frame_pixels = self._pixels // self._frames or 1
            self._last = deque(maxlen=max(1, min(FRAMES, PIXELS // frame_pixels)))

    def finish(self) -> None:
        """Decode the last frames, from the first key frame on that the bounds reach back to."""
        if self._last is not None:
            self._context.flush_buffers()
            while self._last and not self._last[0].is_keyframe:
                self._last.popleft()
            for packet in self._last:
                self._decode(packet)
        self._decode(None)
        if not self._frames:
            raise ValueError("there is no frame")

    @property
    def declared_s(self) -> Fraction:
        """The duration that the file declares for this stream; 0 if it declares none."""
        return Fraction((self.stream.duration or 0) * self.stream.time_base)

    @property
    def end_s(self) -> Fraction:
        """The time at which the last packet ends."""
        return Fraction(self._end * self.stream.time_base)

    @property
    def duration_s(self) -> Fraction:
        """The duration from the first packet to the end of the last."""
        return self.end_s - (self._start or 0) * Fraction(self.stream.time_base)

    @property
    def frame_s(self) -> Fraction:
        """The mean duration of a packet."""
        return self.duration_s / max(self._packets, 1)

    def facts(self, *names: str) -> dict[str, Any]:
        """Return codec, duration in milliseconds, and the named numbers of the stream."""
        numbers = {name: getattr(self._context, name) for name in names}
        duration_ms = round(self.duration_s * 1000)
        return {"codec": self._context.codec.canonical_name, "duration_ms": duration_ms} | numbers

    def _decode(self, packet: Any) -> None:
        try:
            frames = self._context.decode(packet)
        except ValueError:
            content = bytes(packet or b"")
            is_filler = content.startswith(_SKIPPED) or not any(content)
            if not (packet and is_filler and self.stream.type == "audio"):
                raise
            return
        for frame in frames:
            if frame.is_corrupt:
                raise ValueError("a frame is damaged")
            self._frames += 1
            if self.stream.type == "video":
                self._pixels += frame.width * frame.height
