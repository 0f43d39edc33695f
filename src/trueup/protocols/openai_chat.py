"""OpenAI Chat: `POST /v1/chat/completions`, answered with a text, whole or as a stream."""

from collections.abc import Sequence
from typing import Any

from trueup.model import Body, Shape
from trueup.protocols.event_stream import DONE, Event, render_events
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

ENDS = ("stop", "length", "tool_calls", "function_call")
"""Reasons with which a text ends by itself or by the request; any other broke it off."""
USAGE: Body = {
    "prompt_tokens": PROMPT_TOKENS,
    "completion_tokens": OUTPUT_TOKENS,
    "total_tokens": PROMPT_TOKENS + OUTPUT_TOKENS,
}


class OpenAIChat(Protocol):
    """`POST /v1/chat/completions`: the model is in the body."""

    shapes = {"message": "text", "events": "text"}

    def body(self, model: str, body: Body) -> Body:
        return {"model": model, **body}

    def without_prompt(self, body: Body) -> Body:
        return {key: _blank(value) if key == "messages" else value for key, value in body.items()}

    def find_output(self, reply: Body) -> Reply:
        choice = _first(reply.get("choices"))
        message = choice.get("message")
        return _text_of(message if isinstance(message, dict) else {}, choice, "message")

    def model_in(self, reply: Body) -> str | None:
        model = reply.get("model")
        return model if isinstance(model, str) and model else None

    def read_events(self, status: int, events: Sequence[Event]) -> Reply:
        text, end, model = list[str](), dict[str, Any](), None
        for event in events:
            body = event.body
            if body is None:
                continue
            if error := self.error_in(body, is_error=status >= 400):
                return Reply(error=error.text, error_body=error)
            choice = _first(body.get("choices"))
            delta = choice.get("delta")
            text.append(_plain((delta if isinstance(delta, dict) else {}).get("content")))
            end = choice if choice.get("finish_reason") else end
            model = model or self.model_in(body)
        if not events or events[-1].data != DONE or not end:
            return Reply(error="the stream ended before its last event", model=model)
        return _text_of({"content": "".join(text)}, end, "events", model)

    def word(
        self, shape: Shape, sample: Sample, upstream: str, *, has_usage: bool = False
    ) -> WordedReply:
        head: Body = {"id": "chatcmpl-simulated", "created": 0, "model": upstream}
        usage: Body = {"usage": USAGE} if has_usage else {}
        if shape == "message":
            message: Body = {"role": "assistant", "content": sample.text}
            choice: Body = {"index": 0, "message": message, "finish_reason": "stop"}
            return worded({**head, "object": "chat.completion", "choices": [choice], **usage})
        head["object"] = "chat.completion.chunk"
        parts: list[tuple[Body, str | None]] = [({"role": "assistant", "content": ""}, None)]
        parts += [({"content": part}, None) for part in sample.text.partition(" ") if part]
        parts.append(({}, "stop"))
        chunks = [
            {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": end}]}
            for delta, end in parts
        ]
        return WordedReply(render_events(chunks, done=True), "text/event-stream")


def _first(choices: object) -> dict[str, Any]:
    first = choices[0] if isinstance(choices, list) and choices else None
    return first if isinstance(first, dict) else {}


def _text_of(
    message: dict[str, Any], choice: dict[str, Any], shape: Shape, model: str | None = None
) -> Reply:
    """Return the text of a message, or why it has none."""
    text, end = _plain(message.get("content")), choice.get("finish_reason")
    refusal = message.get("refusal")
    if isinstance(refusal, str) and refusal and not text:
        return Reply(error=f"the model refused: {refusal}", model=model)
    if end not in (None, *ENDS):
        return Reply(error=f"the text broke off (finish_reason {end})", model=model)
    return text_reply(shape, text, f"finish_reason {end}" if end else "", model)


def _plain(content: object) -> str:
    """Return the text of a message's content: a text, or a list with text parts."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return "".join(
        part["text"]
        for part in parts
        if isinstance(part, dict) and isinstance(part.get("text"), str)
    )


def _blank(value: Any) -> Any:
    """Return messages with null for each of their texts."""
    if isinstance(value, list):
        return [_blank(item) for item in value]
    if isinstance(value, dict):
        return {
            key: None
            if key == "text" or (key == "content" and isinstance(item, str))
            else _blank(item)
            for key, item in value.items()
        }
    return value
