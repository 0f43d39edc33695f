"""Gemini: the native `generateContent` request and the three shapes of its reply."""

import base64
import re
from collections.abc import Iterator
from typing import Any

from trueup.model import Body, Shape
from trueup.protocols.protocol import (
    OUTPUT_TOKENS,
    PROMPT_TOKENS,
    Protocol,
    Reply,
    Sample,
    WordedReply,
    decoded_reply,
    worded,
)

DATA_URI = re.compile(r"data:image/[a-z0-9.+-]+;base64,([A-Za-z0-9+/=]+)")
IMAGE_LINK = re.compile(r"!\[[^\]]*\]\((https?://[^\s)]+)\)")
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

    def without_prompt(self, body: Body) -> Body:
        return {key: _blank_texts(value) for key, value in body.items()}

    def find_output(self, reply: Body) -> Reply:
        parts = list(_parts(reply))
        for part in parts:
            inline = part.get("inlineData") or part.get("inline_data")
            if isinstance(inline, dict) and inline.get("data"):
                return decoded_reply("inline-data", str(inline["data"]))
        text = "".join(str(part.get("text") or "") for part in parts)
        if found := DATA_URI.search(text):
            return decoded_reply("data-uri", found[1])
        if found := IMAGE_LINK.search(text):
            return Reply(kind="image", shape="hosted-url", url=found[1])
        return Reply(error="no image in the reply")

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


def _parts(reply: Body) -> Iterator[dict[str, Any]]:
    candidates = reply.get("candidates")
    for candidate in candidates if isinstance(candidates, list) else []:
        content = candidate.get("content") if isinstance(candidate, dict) else None
        parts = content.get("parts") if isinstance(content, dict) else None
        for part in parts if isinstance(parts, list) else []:
            if isinstance(part, dict):
                yield part


def _blank_texts(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: None if key == "text" else _blank_texts(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_blank_texts(item) for item in value]
    return value
