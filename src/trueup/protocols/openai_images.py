"""OpenAI's requests for images, `POST /v1/images/generations`, and the two shapes of the reply."""

import base64

from trueup.model import Body, Shape
from trueup.protocols.image_data import decode_base64, ending_of
from trueup.protocols.json_value import objects_in
from trueup.protocols.protocol import (
    Protocol,
    Reply,
    Sample,
    WordedReply,
    without_output,
    worded,
)


class OpenAIImages(Protocol):
    """`POST /v1/images/generations`: the model is in the body."""

    shapes = {"url": "image", "b64-json": "image"}
    free = ("prompt",)

    def find_output(self, reply: Body) -> Reply:
        """Return the image of the first item with one; a data: URI in its `url` is one too."""
        for fields in objects_in(reply.get("data")):
            encoded, url = str(fields.get("b64_json") or ""), str(fields.get("url") or "")
            if ending_of(content := decode_base64(encoded)):
                return Reply(kind="image", shape="b64-json", content=content)
            if ending_of(content := decode_base64(url)):
                return Reply(kind="image", shape="url", content=content)
            if url.startswith(("https://", "http://")):
                return Reply(kind="image", shape="url", url=url)
        return without_output(reply)

    def word(
        self, shape: Shape, sample: Sample, upstream: str, *, has_usage: bool = False
    ) -> WordedReply:
        if shape == "b64-json":
            item: Body = {"b64_json": base64.b64encode(sample.content).decode()}
        else:
            item = {"url": sample.url}
        return worded({"created": 0, "data": [item]})
