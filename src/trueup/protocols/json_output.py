"""JSON by data alone: the replies of another API, whose output the route points to."""

import base64
import json
import re
from dataclasses import replace
from typing import Any, Self

from trueup.model import NO_FILES, Body, Files, Kind, Route, RouteOutput, Shape, Target
from trueup.protocols.json_pointer import value_at, with_value
from trueup.protocols.json_schema import least_value, violation
from trueup.protocols.protocol import (
    Fields,
    Protocol,
    Reply,
    Sample,
    WordedReply,
    decoded_reply,
    text_reply,
    without_output,
    worded,
)

LINK = re.compile(r"https?://|/(?!/|9j/)")
"""A link, or a path on the gateway's own host; base64 of an MP3 can begin with two slashes, and
that of a JPEG begins with /9j/."""


class JsonOutput(Protocol):
    """A reply in JSON with the output at a pointer: the value itself, or a link to it."""

    shapes = {"value": "json", "link": "file"}
    output = RouteOutput(pointer="")
    schema: dict[str, Any] | None = None
    sample: Any = None
    base_url = ""

    def of_route(self, route: Route, target: Target | None = None, files: Files = NO_FILES) -> Self:
        bound = super().of_route(route, target, files)
        bound.output = output = route.output or self.output
        kind: Kind = output.kind
        bound.shapes = {"value": kind}
        if kind not in ("json", "text"):
            bound.shapes = {"value": kind, "link": kind}
        bound.base_url = target.base_url if target else ""
        bound.schema = _document(files, output.schema_file)
        bound.sample = _document(files, output.sample)
        return bound

    def wants_stream(self, request: str, fields: Fields) -> bool:
        return False  # of another API, whose fields mean what they mean there

    def body(self, model: str, body: Body) -> Body:
        return body

    def find_output(self, reply: Body) -> Reply:
        return self._found(reply)

    def find_in(self, reply: Any) -> Reply:
        body = reply if isinstance(reply, dict) else {}
        return replace(self._found(reply), model=self.model_in(body))

    def _found(self, reply: object) -> Reply:
        value, kind = value_at(reply, self.output.pointer), self.output.kind
        if value is None:
            return without_output(reply, kind)
        if self.schema is not None and (problem := violation(self.schema, value)):
            return Reply(error=f"the {kind} does not match {self.output.schema_file}: {problem}")
        if kind == "json":
            text = json.dumps(value, ensure_ascii=False)
            return Reply(kind=kind, shape="value", content=text.encode("utf-8", "replace"))
        if not isinstance(value, str) or not value.strip():
            return without_output(reply, kind)
        if kind == "text":
            return text_reply("value", value)
        if LINK.match(value):
            url = f"{self.base_url}{value}" if value.startswith("/") else value
            return Reply(kind=kind, shape="link", url=url)
        return decoded_reply("value", value, kind)

    def model_in(self, reply: object) -> str | None:
        pointer = self.output.model
        model = value_at(reply, pointer) if pointer is not None else None
        return model if isinstance(model, str) and model else None

    def word(
        self, shape: Shape, sample: Sample, upstream: str, *, has_usage: bool = False
    ) -> WordedReply:
        reply, kind = self.sample, self.output.kind
        if kind not in ("json", "text") or value_at(reply, self.output.pointer) is None:
            reply = with_value(reply, self.output.pointer, self._value(shape, sample))
        if self.output.model is not None:
            reply = with_value(reply, self.output.model, upstream)
        return worded(reply)

    def _value(self, shape: Shape, sample: Sample) -> Any:
        if self.output.kind in ("json", "text") and self.schema is not None:
            return least_value(self.schema)
        if self.output.kind == "json":
            return json.loads(sample.content or b"{}")
        if self.output.kind == "text":
            return sample.text
        return sample.url if shape == "link" else base64.b64encode(sample.content).decode()


def _document(files: Files, name: str | None) -> Any:
    content = files.get(name) if name is not None else None
    return None if content is None else json.loads(content)
