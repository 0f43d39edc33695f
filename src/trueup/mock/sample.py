"""Sample: the output of a simulated reply, of each kind. It says in itself that it is simulated."""

import json

from trueup.mock.picture import EXTENSIONS, draw_picture, drawn_mime
from trueup.model import Kind
from trueup.protocols import Sample

TEXT = "Simulated: no model was asked."


def sample_of(kind: Kind, model: str, mime: str, media: str) -> Sample:
    """Return a model's sample, an image in its type; `media` is its address without the ending."""
    if kind == "image":
        mime = drawn_mime(mime)
        return Sample(draw_picture(model, mime), mime, f"{media}.{EXTENSIONS[mime]}")
    if kind == "json":
        return Sample(json.dumps({"simulated": TEXT}).encode(), "application/json", f"{media}.json")
    return Sample(TEXT.encode(), "text/plain; charset=utf-8", f"{media}.txt")
