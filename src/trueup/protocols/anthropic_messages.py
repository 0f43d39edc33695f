"""Anthropic Messages: `POST /v1/messages`, answered with a text, whole or as a stream."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from trueup.model import Body, Shape
from trueup.protocols.event_stream import Event, render_events
from trueup.protocols.json_value import object_of, objects_in, text_of
from trueup.protocols.protocol import (
    NO_LAST_EVENT,
    OUTPUT_TOKENS,
    PROMPT_TOKENS,
    Protocol,
    Reply,
    Sample,
    WordedReply,
    text_reply,
    without_output,
    worded,
)

ENDS = (
    *("end_turn", "max_tokens", "stop_sequence", "tool_use", "pause_turn"),
    *("model_context_window_exceeded", "stop", "length"),
)
"""Reasons with which a text ends by itself or by the request, the last two as gateways pass them on
from OpenAI's form; any other broke it off."""
USAGE: Body = {"input_tokens": PROMPT_TOKENS, "output_tokens": OUTPUT_TOKENS}


class AnthropicMessages(Protocol):
    """`POST /v1/messages`: the model is in the body."""

    shapes = {"content-blocks": "text", "content-block-events": "text"}
    streamed = ("content-block-events",)
    free_texts = ("messages", "system")

    def find_output(self, reply: Body) -> Reply:
        content = reply.get("content")
        blocks = [{"text": content}] if isinstance(content, str) else content
        return _reply("content-blocks", _text_in(blocks), reply)

    def read_events(self, status: int, events: Sequence[Event]) -> Reply:
        """Return the text of each block, once the last event came; what follows it is left out."""
        text, end, model = "", dict[str, Any](), None
        for event in events:
            body = event.body or {}
            kind = body.get("type")
            is_error = status >= 300 or kind == "error"
            error = self.error_in(body, is_error=is_error) if body else None
            if error:
                return Reply(error=error.text, error_body=error, model=model)
            if kind == "message_start":
                model = self.model_in(object_of(body.get("message")))
            elif kind in ("content_block_start", "content_block_delta"):
                text += _text_in([body.get("content_block") or body.get("delta")])
            elif kind == "message_delta":
                end = object_of(body.get("delta"))
            elif kind == "message_stop":
                return replace(_reply("content-block-events", text, end), model=model)
        return Reply(error=NO_LAST_EVENT, model=model)

    def word(
        self, shape: Shape, sample: Sample, upstream: str, *, has_usage: bool = False
    ) -> WordedReply:
        usage: Body = {"usage": USAGE} if has_usage else {}
        head: Body = {"id": "msg_simulated", "type": "message", "role": "assistant"}
        head |= {"model": upstream, "stop_sequence": None, **usage}
        end: Body = {"stop_reason": "end_turn", "stop_sequence": None}
        if shape == "content-blocks":
            return worded({**head, **end, "content": [{"type": "text", "text": sample.text}]})
        start: Body = {"type": "text", "text": ""}
        text = filter(None, sample.text.partition(" "))
        deltas: list[Body] = [{"type": "text_delta", "text": part} for part in text]
        events: list[Any] = [
            {"type": "message_start", "message": {**head, "content": [], "stop_reason": None}},
            {"type": "content_block_start", "index": 0, "content_block": start},
            {"type": "ping"},
            *({"type": "content_block_delta", "index": 0, "delta": delta} for delta in deltas),
            {"type": "content_block_stop", "index": 0},
            {"type": "message_delta", "delta": end, **usage},
            {"type": "message_stop"},
        ]
        return WordedReply(render_events(events, named=True), "text/event-stream")


def _reply(shape: Shape, text: str, message: Body) -> Reply:
    """Return the text of a message, or why it has none; a refused text is to be discarded."""
    end = text_of(message.get("stop_reason"))
    if end == "refusal":
        said = text_of(object_of(message.get("stop_details")).get("explanation")) or text.strip()
        return Reply(error=f"the model refused{f': {said}' if said else ''}")
    if end and end not in ENDS:
        return Reply(error=f"the text broke off (stop_reason {end})")
    if not (end or text.strip()):
        return without_output(message, "text")
    return text_reply(shape, text, f"stop_reason {end}")


def _text_in(blocks: object) -> str:
    """Return the text of content blocks, thoughts and tools aside."""
    return "".join(text_of(block.get("text")) for block in objects_in(blocks))
