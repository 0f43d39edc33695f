"""OpenAI Responses: `POST /v1/responses`, answered with a text, whole or as a stream."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from trueup.model import Body, Shape
from trueup.protocols.event_stream import DONE, Event, render_events
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
    worded,
)

ENDS = (None, "completed", "max_output_tokens")
"""Ends of a text by itself or by the request; any other broke it off."""
LAST_EVENTS = ("response.completed", "response.incomplete", "response.failed")
USAGE: Body = {
    "input_tokens": PROMPT_TOKENS,
    "input_tokens_details": {"cached_tokens": 0},
    "output_tokens": OUTPUT_TOKENS,
    "output_tokens_details": {"reasoning_tokens": 0},
    "total_tokens": PROMPT_TOKENS + OUTPUT_TOKENS,
}


class OpenAIResponses(Protocol):
    """`POST /v1/responses`: the model is in the body."""

    shapes = {"response": "text", "response-events": "text"}
    streamed = ("response-events",)
    free_texts = ("input", "instructions")

    def find_output(self, reply: Body) -> Reply:
        parts = list(_parts(reply.get("output")))
        text = "".join(text_of(part.get("text")) for part in parts)
        refusal = "".join(text_of(part.get("refusal")) for part in parts)
        end = object_of(reply.get("incomplete_details")).get("reason") or reply.get("status")
        if refusal and not text:
            return Reply(error=f"the model refused: {refusal}")
        if text and end not in ENDS:
            return Reply(error=f"the text broke off ({end})")
        return text_reply("response", text, str(end or ""))

    def read_events(self, status: int, events: Sequence[Event]) -> Reply:
        """Return the output of the last event, or else of those before it: some gateways leave it
        out there."""
        text, ended = "", None
        for event in events:
            body = event.body or {}
            kind = body.get("type")
            response = object_of(body.get("response"))
            is_error = status >= 400 or kind == "error"
            error = self.error_in(body, is_error=is_error) if body else None
            if error := error or self.error_in(response, is_error=False):
                return Reply(error=error.text, error_body=error, model=self.model_in(response))
            delta = body.get("delta")
            if kind == "response.output_text.delta" and isinstance(delta, str):
                text += delta
            if event.data != DONE:
                ended = response if kind in LAST_EVENTS else None
        if ended is None:
            return Reply(error=NO_LAST_EVENT)
        if not ended.get("output"):
            ended = {**ended, "output": [_message(text)]}
        found = self.find_output(ended)
        shape = "response-events" if found.shape else None
        return replace(found, shape=shape, model=self.model_in(ended))

    def word(
        self, shape: Shape, sample: Sample, upstream: str, *, has_usage: bool = False
    ) -> WordedReply:
        message, usage = _message(sample.text), USAGE if has_usage else None
        begun: Body = {
            **{"id": "resp_simulated", "object": "response", "created_at": 0, "model": upstream},
            **{"status": "in_progress", "error": None, "incomplete_details": None, "output": []},
            **{"parallel_tool_calls": True, "tool_choice": "auto", "tools": [], "usage": None},
        }
        done: Body = {**begun, "status": "completed", "output": [message], "usage": usage}
        if shape == "response":
            return worded(done)
        events = [
            {**event, "sequence_number": number}
            for number, event in enumerate(_events(begun, done, message, sample.text))
        ]
        return WordedReply(render_events(events, named=True), "text/event-stream")


def _message(text: str) -> Body:
    part: Body = {"type": "output_text", "text": text, "annotations": []}
    return {
        **{"id": "msg_simulated", "type": "message", "role": "assistant", "status": "completed"},
        "content": [part],
    }


def _events(begun: Body, done: Body, message: Body, text: str) -> Iterator[Body]:
    """Yield the events of a stream with one text, in OpenAI's order."""
    item: Body = {"output_index": 0}
    part: Body = {**item, "item_id": message["id"], "content_index": 0}
    whole: Body = {"type": "output_text", "text": text, "annotations": []}
    yield {"type": "response.created", "response": begun}
    yield {"type": "response.in_progress", "response": begun}
    opened: Body = {**message, "status": "in_progress", "content": []}
    yield {"type": "response.output_item.added", **item, "item": opened}
    yield {"type": "response.content_part.added", **part, "part": {**whole, "text": ""}}
    for delta in filter(None, text.partition(" ")):
        yield {"type": "response.output_text.delta", **part, "delta": delta, "logprobs": []}
    yield {"type": "response.output_text.done", **part, "text": text, "logprobs": []}
    yield {"type": "response.content_part.done", **part, "part": whole}
    yield {"type": "response.output_item.done", **item, "item": message}
    yield {"type": "response.completed", "response": done}


def _parts(output: object) -> Iterator[dict[str, Any]]:
    """Yield the parts of the messages of an output, those of an interim commentary left out."""
    for item in objects_in(output):
        if item.get("type") in (None, "message") and item.get("phase") != "commentary":
            yield from objects_in(item.get("content"))
