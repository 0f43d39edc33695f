"""OpenAI's requests for images, `POST /v1/images/generations`, and the two shapes of the reply."""

import base64

from trueup.model import Body, Shape
from trueup.protocols.protocol import Protocol, Reply, Sample, WordedReply, decoded_reply, worded


class OpenAIImages(Protocol):
    """`POST /v1/images/generations`: the model is in the body."""

    shapes = {"url": "image", "b64-json": "image"}

    def without_prompt(self, body: Body) -> Body:
        return {key: None if key == "prompt" else value for key, value in body.items()}

    def find_output(self, reply: Body) -> Reply:
        data = reply.get("data")
        for item in data if isinstance(data, list) else []:
            if isinstance(item, dict) and item.get("b64_json"):
                return decoded_reply("b64-json", str(item["b64_json"]))
            if isinstance(item, dict) and item.get("url"):
                return Reply(kind="image", shape="url", url=str(item["url"]))
        return Reply(error="no image in the reply")

    def word(
        self, shape: Shape, sample: Sample, upstream: str, *, has_usage: bool = False
    ) -> WordedReply:
        if shape == "b64-json":
            item: Body = {"b64_json": base64.b64encode(sample.content).decode()}
        else:
            item = {"url": sample.url}
        return worded({"created": 0, "data": [item]})
