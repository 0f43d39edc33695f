"""OpenAI Chat: `POST /v1/chat/completions`, with a text or an image, whole or as a stream."""

import base64
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from trueup.model import Body, Shape
from trueup.protocols.event_stream import DONE, Event, render_events
from trueup.protocols.gemini import DATA_URI, IMAGE_LINK
from trueup.protocols.image_data import decode_base64, ending_of
from trueup.protocols.json_value import first_choice, object_of, objects_in, text_of
from trueup.protocols.protocol import (
    NO_LAST_EVENT,
    OUTPUT_TOKENS,
    PROMPT_TOKENS,
    Protocol,
    Reply,
    Sample,
    WordedReply,
    blank_texts,
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
    """`POST /v1/chat/completions`: the model is in the body.

    An image is in the `images` of the message, as gateways add them, or else a data: URI or a
    Markdown link in its text.
    """

    shapes = {
        "message": "text",
        "events": "text",
        "message-images": "image",
        "message-data-uri": "image",
        "message-link": "image",
        "events-images": "image",
        "events-data-uri": "image",
        "events-link": "image",
    }
    streamed = ("events", "events-images", "events-data-uri", "events-link")

    def without_prompt(self, body: Body) -> Body:
        return {
            key: blank_texts(value) if key == "messages" else value for key, value in body.items()
        }

    def find_output(self, reply: Body) -> Reply:
        choice = first_choice(reply.get("choices"))
        return _output_of(object_of(choice.get("message")), choice.get("finish_reason"), "message")

    def read_events(self, status: int, events: Sequence[Event]) -> Reply:
        """Return the output of the first choice, once its end and that of the stream came."""
        content, end, model = list[Any](), None, None
        refusal = ""
        for event in events:
            body = event.body
            if body is None:
                continue
            if error := self.error_in(body, is_error=status >= 400):
                return Reply(error=error.text, error_body=error)
            choice = first_choice(body.get("choices"))
            delta = object_of(choice.get("delta"))
            content += _parts(delta)
            refusal += text_of(delta.get("refusal"))
            end = choice.get("finish_reason") or end
            model = model or self.model_in(body)
        if not events or events[-1].data != DONE or not end:
            return Reply(error=NO_LAST_EVENT, model=model)
        message = {"content": content, "refusal": refusal}
        return replace(_output_of(message, end, "events"), model=model)

    def word(
        self, shape: Shape, sample: Sample, upstream: str, *, has_usage: bool = False
    ) -> WordedReply:
        carried, _, form = shape.partition("-")
        head: Body = {"id": "chatcmpl-simulated", "created": 0, "model": upstream}
        usage: Body = {"usage": USAGE} if has_usage else {}
        said = _message(form, sample)
        if carried == "message":
            message: Body = {"role": "assistant", **said}
            choice: Body = {"index": 0, "message": message, "finish_reason": "stop"}
            return worded({**head, "object": "chat.completion", "choices": [choice], **usage})
        head["object"] = "chat.completion.chunk"
        text = said.pop("content")
        parts: list[tuple[Body, str | None]] = [({"role": "assistant", "content": ""}, None)]
        parts += [({"content": part}, None) for part in str(text).partition(" ") if part]
        parts += [(said, None)] if said else []
        parts.append(({}, "stop"))
        chunks: list[Body] = [
            {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": end}]}
            for delta, end in parts
        ]
        return WordedReply(render_events(chunks, done=True), "text/event-stream")


def _message(form: str, sample: Sample) -> Body:
    """Return the content of a message, and its images, with the sample in a form."""
    if not form:
        return {"content": sample.text}
    uri = f"data:{sample.mime};base64,{base64.b64encode(sample.content).decode()}"
    if form == "images":
        image: Body = {"type": "image_url", "image_url": {"url": uri}, "index": 0}
        return {"content": "", "images": [image]}
    return {"content": f"![image]({uri if form == 'data-uri' else sample.url})"}


def _output_of(message: dict[str, Any], end: object, carried: Shape) -> Reply:
    """Return the output of a message that was `carried` whole or by events."""
    parts = _parts(message)
    for address in _addresses(parts):
        if found := _image(f"{carried}-images", address):
            return found
    text = "".join(text_of(part.get("text")) for part in parts)
    uri, link = DATA_URI.search(text), IMAGE_LINK.search(text)
    if uri and (found := _image(f"{carried}-data-uri", uri[0])):
        return found
    if link:
        return Reply(kind="image", shape=f"{carried}-link", url=link[1])
    refusal = text_of(message.get("refusal"))
    if refusal and not text:
        return Reply(error=f"the model refused: {refusal}")
    if end not in (None, *ENDS):
        return Reply(error=f"the text broke off (finish_reason {end})")
    return text_reply(carried, text, f"finish_reason {end}" if end else "")


def _parts(message: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the parts of a message's content, a text as one, and then its images."""
    content, images = message.get("content"), message.get("images")
    values = [{"text": content}] if isinstance(content, str) else content
    return [*objects_in(values), *objects_in(images)]


def _addresses(parts: list[dict[str, Any]]) -> Iterator[str]:
    for part in parts:
        image = part.get("image_url")
        yield text_of(image.get("url") if isinstance(image, dict) else image)


def _image(shape: Shape, address: str) -> Reply | None:
    """Return the image at an address: in a data: URI, or behind a link."""
    if address.startswith("data:") and ending_of(content := decode_base64(address)):
        return Reply(kind="image", shape=shape, content=content)
    is_link = address.startswith(("https://", "http://"))
    return Reply(kind="image", shape=shape, url=address) if is_link else None
