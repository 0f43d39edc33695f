"""Gemini: the native `generateContent` request and the three shapes of its reply."""

import base64
import re
from collections.abc import Iterator
from typing import Any

from trueup.model import Body, Shape
from trueup.protocols.image_data import decode_base64, ending_of
from trueup.protocols.json_value import object_of, objects_in
from trueup.protocols.protocol import (
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

DATA_URI = re.compile(r"data:image/[^,\s]{1,99};base64,(?:[\w+/=\s-]+(?=\))|[\w+/=-]+)", re.ASCII)
"""A data: URI; in the parentheses of Markdown it may have line breaks."""
IMAGE_LINK = re.compile(r"!\[[^\]]{0,999}\]\(<?(https?://[^\s)>]+)")

USAGE = {
    "promptTokenCount": PROMPT_TOKENS,
    "candidatesTokenCount": OUTPUT_TOKENS,
    "totalTokenCount": PROMPT_TOKENS + OUTPUT_TOKENS,
}


class Gemini(Protocol):
    """`POST /v1beta/models/{upstream}:generateContent`: the model is in the path."""

    shapes = {"inline-data": "image", "data-uri": "image", "hosted-url": "image"}

    def body(self, model: str, body: Body) -> Body:
        return dict(body)

    def wants_stream(self, request: str, fields: Fields) -> bool:
        return ":stream" in request

    def without_prompt(self, body: Body) -> Body:
        return {key: _blank_texts(value) for key, value in body.items()}

    def find_output(self, reply: Body) -> Reply:
        """Return the image of the final parts, or else the last of the interim ones.

        The last image within the thoughts is the final one too, say Google's docs on image
        generation with Gemini 3.
        """
        parts = list(_parts(reply))
        final = [part for part in parts if not part.get("thought")]
        return _image_in(final) or _image_in(parts[::-1]) or without_output(reply)

    def model_in(self, reply: Body) -> str | None:
        model = reply.get("modelVersion")
        return model if isinstance(model, str) and model else None

    def word(
        self, shape: Shape, sample: Sample, upstream: str, *, has_usage: bool = False
    ) -> WordedReply:
        encoded = base64.b64encode(sample.content).decode()
        part: Body
        if shape == "inline-data":
            part = {"inlineData": {"mimeType": sample.mime, "data": encoded}}
        elif shape == "data-uri":
            part = {"text": f"![image](data:{sample.mime};base64,{encoded})"}
        else:
            part = {"text": f"![Image]({sample.url})"}
        content: Body = {"role": "model", "parts": [part]}
        body: Body = {
            "candidates": [{"content": content, "finishReason": "STOP", "index": 0}],
            "modelVersion": upstream,
        }
        return worded({**body, "usageMetadata": USAGE} if has_usage else body)


def _image_in(parts: list[dict[str, Any]]) -> Reply | None:
    """Return the first image: inline data, then a data: URI in the text, then a link in it."""
    for part in parts:
        data = object_of(part.get("inlineData") or part.get("inline_data")).get("data")
        if ending_of(content := decode_base64(str(data or ""))):
            return Reply(kind="image", shape="inline-data", content=content)
    text = "".join(str(part.get("text") or "") for part in parts)
    uri = DATA_URI.search(text)
    if uri and ending_of(content := decode_base64(uri[0])):
        return Reply(kind="image", shape="data-uri", content=content)
    link = IMAGE_LINK.search(text)
    return Reply(kind="image", shape="hosted-url", url=link[1]) if link else None


def _parts(reply: Body) -> Iterator[dict[str, Any]]:
    for candidate in objects_in(reply.get("candidates")):
        yield from objects_in(object_of(candidate.get("content")).get("parts"))


def _blank_texts(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: None if key == "text" else _blank_texts(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_blank_texts(item) for item in value]
    return value
