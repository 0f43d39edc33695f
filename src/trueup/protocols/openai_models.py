"""OpenAI Models: `GET /v1/models`, answered with the list of the models that a key can call."""

import json

from trueup.model import Body, Shape
from trueup.protocols.protocol import Protocol, Reply, Sample, WordedReply, worded


class OpenAIModels(Protocol):
    """`GET /v1/models`: a route without a body, by itself an endpoint."""

    shapes = {"models": "json"}

    def find_output(self, reply: Body) -> Reply:
        data = reply.get("data")
        models = data if isinstance(data, list) else []
        if not models or not all(isinstance(item, dict) and item.get("id") for item in models):
            return Reply(error="no models in the reply")
        return Reply(kind="json", shape="models", content=json.dumps(models).encode())

    def word(
        self, shape: Shape, sample: Sample, upstream: str, *, has_usage: bool = False
    ) -> WordedReply:
        model: Body = {"id": "simulated-model", "object": "model"}
        model |= {"created": 0, "owned_by": "simulated"}
        return worded({"object": "list", "data": [model]})
