"""OpenAI Transcriptions: `POST /v1/audio/transcriptions`, answered with the words of a sound."""

from collections.abc import Sequence

from trueup.media_type import ending_of
from trueup.model import Body, Shape
from trueup.protocols.event_stream import DONE, Event, is_event_stream, render_events
from trueup.protocols.protocol import (
    NO_LAST_EVENT,
    OUTPUT_TOKENS,
    PROMPT_TOKENS,
    Protocol,
    Reply,
    Sample,
    WordedReply,
    without_output,
    worded,
)

PLAIN = ("text/plain", "text/vtt", "text/srt", "application/x-subrip")
"""Media types of a `response_format` that is no JSON."""


class OpenAITranscriptions(Protocol):
    """`POST /v1/audio/transcriptions` and `translations`: the model is a part of the form.

    A sound without words has an empty text, which is an output.
    """

    shapes = {"transcript": "text", "plain-text": "text", "transcript-events": "text"}
    streamed = ("transcript-events",)
    free = ("prompt",)

    def read(self, status: int, content: bytes, content_type: str = "") -> Reply:
        """Return the text that the reply is; any other reply is read as JSON or events."""
        mime = content_type.partition(";")[0].strip().lower()
        is_plain = mime in PLAIN and not is_event_stream("", content)
        if 200 <= status < 300 and is_plain and ending_of(content) is None:
            text = content.decode("utf-8-sig", "replace")
            return Reply(kind="text", shape="plain-text", content=text.encode())
        return super().read(status, content, content_type)

    def find_output(self, reply: Body) -> Reply:
        text = reply.get("text")
        if not isinstance(text, str):
            return without_output(reply, "text")
        return _text_reply("transcript", text)

    def read_events(self, status: int, events: Sequence[Event]) -> Reply:
        """Return the text of the last event, or else of those before it."""
        parts, done = list[str](), None
        for event in events:
            body = event.body or {}
            kind = body.get("type") or event.name
            is_error = status >= 400 or kind == "error"
            error = self.error_in(body, is_error=is_error) if body else None
            if error is not None:
                return Reply(error=error.text, error_body=error)
            delta = body.get("delta")
            if kind == "transcript.text.delta" and isinstance(delta, str):
                parts.append(delta)
            if kind == "transcript.text.done" or event.data == DONE:
                text = body.get("text")
                done = done or (text if isinstance(text, str) and text else "".join(parts))
        return (
            Reply(error=NO_LAST_EVENT) if done is None else _text_reply("transcript-events", done)
        )

    def word(
        self, shape: Shape, sample: Sample, upstream: str, *, has_usage: bool = False
    ) -> WordedReply:
        usage: Body = {
            **{"type": "tokens", "input_tokens": PROMPT_TOKENS, "output_tokens": OUTPUT_TOKENS},
            "total_tokens": PROMPT_TOKENS + OUTPUT_TOKENS,
        }
        spent: Body = {"usage": usage} if has_usage else {}
        if shape == "plain-text":
            return WordedReply(sample.content, "text/plain; charset=utf-8")
        if shape == "transcript":
            return worded({"text": sample.text, **spent})
        parts = filter(None, sample.text.partition(" "))
        events: list[Body] = [{"type": "transcript.text.delta", "delta": part} for part in parts]
        events.append({"type": "transcript.text.done", "text": sample.text, **spent})
        return WordedReply(render_events(events), "text/event-stream")


def _text_reply(shape: Shape, text: str) -> Reply:
    return Reply(kind="text", shape=shape, content=text.encode("utf-8", "replace"))
