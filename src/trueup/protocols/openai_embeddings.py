"""OpenAI Embeddings: `POST /v1/embeddings`, answered with a list of vectors."""

import base64
import json
import math
import struct
from typing import Any

from trueup.model import Body, Shape
from trueup.protocols.json_value import objects_in
from trueup.protocols.protocol import (
    PROMPT_TOKENS,
    Protocol,
    Reply,
    Sample,
    WordedReply,
    worded,
)

VECTOR = (0.25, -0.5, 0.75)
"""A simulated vector, far too short for a real one."""
USAGE: Body = {"prompt_tokens": PROMPT_TOKENS, "total_tokens": PROMPT_TOKENS}


class OpenAIEmbeddings(Protocol):
    """`POST /v1/embeddings`: the model is in the body. The output is the list of all vectors, in
    the order of their `index`."""

    shapes = {"float-vectors": "json", "base64-vectors": "json"}
    free_texts = ("input",)

    def find_output(self, reply: Body) -> Reply:
        rows = sorted(objects_in(reply.get("data")), key=_index)
        if not rows:
            return Reply(error="no vectors in the reply")
        vectors = list[Any]()
        for number, row in enumerate(rows):
            vector = _vector(row.get("embedding"))
            if isinstance(vector, str):
                return Reply(error=f"vector {number} of the reply {vector}")
            vectors.append(vector)
        if len({len(vector) for vector in vectors}) > 1:
            return Reply(error="the vectors of the reply differ in length")
        is_base64 = isinstance(rows[0]["embedding"], str)
        shape = "base64-vectors" if is_base64 else "float-vectors"
        return Reply(kind="json", shape=shape, content=json.dumps(vectors).encode())

    def word(
        self, shape: Shape, sample: Sample, upstream: str, *, has_usage: bool = False
    ) -> WordedReply:
        packed = base64.b64encode(struct.pack(f"<{len(VECTOR)}f", *VECTOR)).decode()
        vector = packed if shape == "base64-vectors" else list(VECTOR)
        row: dict[str, object] = {"object": "embedding", "index": 0, "embedding": vector}
        usage: Body = {"usage": USAGE} if has_usage else {}
        return worded({"object": "list", "data": [row], "model": upstream, **usage})


def _index(row: dict[str, Any]) -> int:
    index = row.get("index")
    return index if isinstance(index, int) else 0


def _vector(value: object) -> list[float] | str:
    """Return the numbers of a vector, of 32 bits each in base64, or what is wrong with it."""
    if isinstance(value, str):
        try:
            packed = base64.b64decode(value, validate=True)
            value = list(struct.unpack(f"<{len(packed) // 4}f", packed))
        except (ValueError, struct.error):
            return "is not base64"
    if not isinstance(value, list) or not value:
        return "is empty"
    if not all(type(item) in (int, float) and math.isfinite(item) for item in value):
        return "has a value that is no number"
    return value
