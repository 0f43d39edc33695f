"""OpenAI Speech: `POST /v1/audio/speech`, answered with a sound, or with one in JSON or events."""

import base64
from collections.abc import Iterator, Sequence
from typing import Any

from trueup.media_type import MEDIA_TYPES, ending_of
from trueup.model import Body, Shape
from trueup.protocols.error_body import DEEPEST
from trueup.protocols.event_stream import DONE, Event, is_event_stream, render_events
from trueup.protocols.image_data import decode_base64
from trueup.protocols.protocol import (
    NO_LAST_EVENT,
    OUTPUT_TOKENS,
    PROMPT_TOKENS,
    Fields,
    Protocol,
    Reply,
    Sample,
    WordedReply,
    without_output,
    worded,
)

RAW = ("audio/pcm", "audio/l16", "audio/l24")
"""Media types of sound without a container, whose bytes have no mark of their own."""
BINARY = ("", "application/octet-stream", "binary/octet-stream")
CHUNK = 3000
"""Bytes of an event's sound; each event has a base64 of its own."""


class OpenAISpeech(Protocol):
    """`POST /v1/audio/speech`: the model is in the body, and the reply is the file."""

    shapes = {
        "audio": "audio",
        "audio-base64": "audio",
        "audio-events": "audio",
        "audio-link": "audio",
        "raw-audio": "file",
    }
    streamed = ("audio-events",)
    free = ("input", "instructions")

    def wants_stream(self, request: str, fields: Fields) -> bool:
        return fields.get("stream_format") == "sse"

    def read(self, status: int, content: bytes, content_type: str = "") -> Reply:
        """Return the sound that the reply is; any other reply is read as JSON or events."""
        mime, form = content_type.partition(";")[0].strip().lower(), ending_of(content)
        if form in ("json", "html") or not 200 <= status < 300:
            return super().read(status, content, content_type)
        if mime in RAW and content:
            return Reply(kind="file", shape="raw-audio", content=content)
        if is_event_stream(content_type, content):
            return super().read(status, content, content_type)
        if _is_sound(content) or mime.startswith("audio/") or (mime in BINARY and content):
            return Reply(kind="audio", shape="audio", content=content)
        return super().read(status, content, content_type)

    def find_output(self, reply: Body) -> Reply:
        """Return the first sound in base64 of any field, or else the first link of one."""
        for _, text in _texts(reply):
            if _is_sound(content := decode_base64(text)):
                return Reply(kind="audio", shape="audio-base64", content=content)
        for key, text in _texts(reply):
            if key in ("url", "audio", "audio_url") and text.startswith(("https://", "http://")):
                return Reply(kind="audio", shape="audio-link", url=text)
        return without_output(reply, "audio")

    def read_events(self, status: int, events: Sequence[Event]) -> Reply:
        """Return the sound of all events, each of which has a part of it in base64."""
        content, is_done = b"", False
        for event in events:
            body = event.body or {}
            kind = body.get("type") or event.name
            is_error = status >= 400 or kind == "error"
            error = self.error_in(body, is_error=is_error) if body else None
            if error is not None:
                return Reply(error=error.text, error_body=error)
            delta = body.get("audio") or body.get("delta")
            content += decode_base64(delta) if isinstance(delta, str) else b""
            is_done = is_done or kind == "speech.audio.done" or event.data == DONE
        if not is_done:
            return Reply(error=NO_LAST_EVENT)
        if not content:
            return Reply(error="no audio in the reply")
        return Reply(kind="audio", shape="audio-events", content=content)

    def word(
        self, shape: Shape, sample: Sample, upstream: str, *, has_usage: bool = False
    ) -> WordedReply:
        if shape == "audio-base64":
            return worded({"audio": base64.b64encode(sample.content).decode()})
        if shape == "audio-link":
            return worded({"url": sample.url})
        if shape == "audio-events":
            parts = [sample.content[at : at + CHUNK] for at in range(0, len(sample.content), CHUNK)]
            events: list[Body] = [
                {"type": "speech.audio.delta", "audio": base64.b64encode(part).decode()}
                for part in parts
            ]
            usage: Body = {"input_tokens": PROMPT_TOKENS, "output_tokens": OUTPUT_TOKENS}
            events.append({"type": "speech.audio.done", "usage": usage if has_usage else None})
            return WordedReply(render_events(events), "text/event-stream")
        return WordedReply(sample.content, sample.mime)


def _is_sound(content: bytes) -> bool:
    """Return whether the bytes are those of a file of sound, whatever type was claimed."""
    return MEDIA_TYPES.get(ending_of(content) or "", "").startswith("audio/")


def _texts(value: Any, key: str = "", depth: int = 0) -> Iterator[tuple[str, str]]:
    """Yield each text of a reply with its key."""
    if isinstance(value, str):
        yield key, value
    if depth < DEEPEST and isinstance(value, dict):
        for name, item in value.items():
            yield from _texts(item, name, depth + 1)
    if depth < DEEPEST and isinstance(value, list):
        for item in value:
            yield from _texts(item, key, depth + 1)
