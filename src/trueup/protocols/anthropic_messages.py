"""Anthropic Messages: `POST /v1/messages`, answered with a text, whole or as a stream."""

from collections.abc import Sequence
from typing import Any

from trueup.model import Body, Shape
from trueup.protocols.error_body import ErrorBody, error_body
from trueup.protocols.event_stream import Event, render_events
from trueup.protocols.protocol import (
    OUTPUT_TOKENS,
    PROMPT_TOKENS,
    Protocol,
    Reply,
    Sample,
    WordedReply,
    text_reply,
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

    def body(self, model: str, body: Body) -> Body:
        return {"model": model, **body}

    def without_prompt(self, body: Body) -> Body:
        return {
            key: _blank(value, key) if key in ("messages", "system") else value
            for key, value in body.items()
        }

    def find_output(self, reply: Body) -> Reply:
        return _reply("content-blocks", _text_in(reply.get("content")), reply, self.model_in(reply))

    def model_in(self, reply: Body) -> str | None:
        return _text(reply.get("model")) or None

    def read_events(self, status: int, events: Sequence[Event]) -> Reply:
        text, end, model = "", dict[str, Any](), None
        for event in events:
            body = event.body or {}
            kind = body.get("type") or event.name
            if status >= 400 or kind == "error" or body.get("error"):
                error = error_body(body or event.data, is_error=True) or ErrorBody(event.data)
                return Reply(error=error.text, error_body=error)
            if kind == "message_start":
                model = self.model_in(_object(body.get("message")))
            elif kind in ("content_block_start", "content_block_delta"):
                part = _object(body.get("content_block") or body.get("delta"))
                text += _text_in([part])
            elif kind == "message_delta":
                end = _object(body.get("delta"))
            elif kind == "message_stop":
                return _reply("content-block-events", text, end, model)
        return Reply(error="the stream ended before its last event", model=model)

    def word(
        self, shape: Shape, sample: Sample, upstream: str, *, has_usage: bool = False
    ) -> WordedReply:
        usage: Body = {"usage": USAGE} if has_usage else {}
        head: Body = {"id": "msg_simulated", "type": "message", "role": "assistant"}
        head |= {"model": upstream, "stop_sequence": None, **usage}
        end: Body = {"stop_reason": "end_turn", "stop_sequence": None}
        if shape == "content-blocks":
            return worded({**head, **end, "content": [{"type": "text", "text": sample.text}]})
        start, text = {"type": "text", "text": ""}, filter(None, sample.text.partition(" "))
        deltas = [{"type": "text_delta", "text": part} for part in text]
        events: list[Body] = [
            {"type": "message_start", "message": {**head, "content": [], "stop_reason": None}},
            {"type": "content_block_start", "index": 0, "content_block": start},
            {"type": "ping"},
            *({"type": "content_block_delta", "index": 0, "delta": delta} for delta in deltas),
            {"type": "content_block_stop", "index": 0},
            {"type": "message_delta", "delta": end, **usage},
            {"type": "message_stop"},
        ]
        return WordedReply(render_events(events, named=True), "text/event-stream")


def _reply(shape: Shape, text: str, message: Body, model: str | None) -> Reply:
    """Return the text of a message, or why it has none; a refused text is to be discarded."""
    end = _text(message.get("stop_reason"))
    if end == "refusal":
        said = _text(_object(message.get("stop_details")).get("explanation")) or text.strip()
        return Reply(error=f"the model refused{f': {said}' if said else ''}", model=model)
    if end and end not in ENDS:
        return Reply(error=f"the text broke off (stop_reason {end})", model=model)
    return text_reply(shape, text, f"stop_reason {end}" if end else "", model)


def _text_in(content: object) -> str:
    """Return the text of content blocks, thoughts and tools aside."""
    parts = content if isinstance(content, list) else []
    return _text(content) or "".join(_text(_object(part).get("text")) for part in parts)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _blank(value: Any, key: str = "") -> Any:
    """Return the value with null for each of its texts: of a block, or in place of blocks."""
    if isinstance(value, str) and key in ("content", "system", "text"):
        return None
    if isinstance(value, list):
        return [_blank(item) for item in value]
    if isinstance(value, dict):
        return {name: _blank(item, name) for name, item in value.items()}
    return value
