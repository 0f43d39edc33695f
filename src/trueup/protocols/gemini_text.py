"""Gemini for text: replies to a request that wants no image, whole or streamed; and the choice
between a text and an image, which is the request's."""

from collections.abc import Iterable, Sequence
from typing import Any

from trueup.model import Body, Shape
from trueup.protocols.event_stream import Event, render_events
from trueup.protocols.gemini import USAGE, Gemini
from trueup.protocols.json_value import first_choice, object_of, objects_in, text_of
from trueup.protocols.protocol import (
    NO_LAST_EVENT,
    Fields,
    Protocol,
    Reply,
    Sample,
    WordedReply,
    text_reply,
    without_output,
    worded,
)

ENDS = ("STOP", "MAX_TOKENS", "FINISH_REASON_UNSPECIFIED")
"""Reasons with which a text ends by itself or by the request; any other broke it off."""


class GeminiText(Gemini):
    """`:generateContent` and `:streamGenerateContent` for a text. A stream is of events with
    `alt=sse`, and without it a list in JSON."""

    shapes = {"text-parts": "text", "text-chunks": "text", "text-chunk-list": "text"}
    streamed = ("text-chunks", "text-chunk-list")

    def usual_shape(self, request: str, fields: Fields) -> Shape:
        is_list = self.wants_stream(request, fields) and "alt=sse" not in request
        return "text-chunk-list" if is_list else super().usual_shape(request, fields)

    def find_output(self, reply: Body) -> Reply:
        return _text_of("text-parts", [reply])

    def read_events(self, status: int, events: Sequence[Event]) -> Reply:
        chunks = [event.body for event in events if event.body is not None]
        return self._read_chunks("text-chunks", status, chunks)

    def find_in(self, reply: Any) -> Reply:
        if not isinstance(reply, list):
            return super().find_in(reply)
        return self._read_chunks("text-chunk-list", 200, map(object_of, reply))

    def _read_chunks(self, shape: Shape, status: int, chunks: Iterable[Body]) -> Reply:
        """Return the text of a stream, once its end came; an error in it is the reply's."""
        read = list[Body]()
        for chunk in chunks:
            if error := self.error_in(chunk, is_error=status >= 300):
                return Reply(error=error.text, error_body=error)
            read.append(chunk)
        return _text_of(shape, read, next(filter(None, map(self.model_in, read)), None))

    def word(
        self, shape: Shape, sample: Sample, upstream: str, *, has_usage: bool = False
    ) -> WordedReply:
        texts = [sample.text]
        if shape != "text-parts":
            texts = [*filter(None, sample.text.partition(" ")), ""]
        chunks = [_chunk(text, upstream) for text in texts]
        chunks[-1]["candidates"][0]["finishReason"] = "STOP"
        if has_usage:
            chunks[-1]["usageMetadata"] = USAGE
        if shape == "text-chunks":
            return WordedReply(render_events(chunks), "text/event-stream")
        return worded(chunks[0] if shape == "text-parts" else chunks)


class GeminiContent(Gemini):
    """`generateContent` for an image or a text, as the request says.

    The modalities in a request decide. Without them Google answers with text, but its models for
    images with an image: there a shape that is on record decides.
    """

    shapes = {**Gemini.shapes, **GeminiText.shapes}

    def reading(self, body: Body | None, seen: Iterable[Shape]) -> Protocol:
        config = (body or {}).get("generationConfig")
        wanted = config.get("responseModalities") if isinstance(config, dict) else None
        if isinstance(wanted, list) and wanted:
            is_text = {str(name).upper() for name in wanted} == {"TEXT"}
        else:
            is_text = not any(shape in Gemini.shapes for shape in seen)
        return GeminiText() if is_text else self

    def word(
        self, shape: Shape, sample: Sample, upstream: str, *, has_usage: bool = False
    ) -> WordedReply:
        if shape in GeminiText.shapes:
            return GeminiText().word(shape, sample, upstream, has_usage=has_usage)
        return super().word(shape, sample, upstream, has_usage=has_usage)


def _text_of(shape: Shape, chunks: Sequence[Body], model: str | None = None) -> Reply:
    """Return the text of a reply in chunks, thoughts aside, or why it has none."""
    text, end = "", ""
    for chunk in chunks:
        candidate = first_choice(chunk.get("candidates"))
        for part in objects_in(object_of(candidate.get("content")).get("parts")):
            text += "" if part.get("thought") else text_of(part.get("text"))
        end = text_of(candidate.get("finishReason") or candidate.get("finish_reason")) or end
    if text and end and end.upper() not in ENDS:
        return Reply(error=f"the text broke off (finishReason {end})", model=model)
    if text.strip() and not end and shape != "text-parts":
        return Reply(error=NO_LAST_EVENT, model=model)
    if not text.strip():
        return without_output(list(chunks) if len(chunks) != 1 else chunks[0], "text")
    return text_reply(shape, text, model=model)


def _chunk(text: str, upstream: str) -> Any:
    content = {"role": "model", "parts": [{"text": text}]}
    return {"candidates": [{"content": content, "index": 0}], "modelVersion": upstream}
