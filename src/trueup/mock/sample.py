"""Sample: the output of a simulated reply, of each kind. It says in itself that it is simulated."""

import json

from trueup.media_type import MEDIA_TYPES, ending_of
from trueup.mock.simulated_file import SimulatedFile, simulated_file
from trueup.model import Kind
from trueup.protocols import Sample

TEXT = "Simulated: no model was called."


def sample_of(kind: Kind, model: str, mime: str | None, media: str) -> Sample:
    """Return a model's sample, in the recorded media type where the mock has it; `media` is its
    address without the ending."""
    if kind == "text":
        return Sample(TEXT.encode(), "text/plain; charset=utf-8", f"{media}.txt")
    if kind == "json":
        content = json.dumps({"simulated": TEXT}).encode()
        return Sample(content, "application/json", f"{media}.json")
    file = simulated_file(kind, model, mime)
    return Sample(file.content, file.mime, f"{media}.{ending_of(file.content) or 'bin'}")


def linked_file(model: str, ending: str) -> SimulatedFile | None:
    """Return the file behind a linked sample; None for an ending that no sample has."""
    mime = MEDIA_TYPES.get(ending, "")
    kinds: dict[str, Kind] = {"image": "image", "audio": "audio", "video": "video"}
    kind = kinds.get(mime.partition("/")[0], "file" if ending == "bin" else None)
    if kind is None:
        return None
    file = simulated_file(kind, model, mime or None)
    return file if (ending_of(file.content) or "bin") == ending else None
