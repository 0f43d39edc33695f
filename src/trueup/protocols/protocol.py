"""Protocol: one kind of request and reply, and what every such reply has in common."""

import copy
import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from trueup.model import NO_FILES, Body, Files, Kind, Pointer, Route, Shape, Target
from trueup.protocols.error_body import ErrorBody, as_json, error_body, explain
from trueup.protocols.event_stream import Event, events_in, is_event_stream
from trueup.protocols.image_data import decode_base64
from trueup.protocols.json_pointer import value_at

Fields = Mapping[str, Any]
"""Fields of a body, or parts of a form."""
PROMPT_TOKENS, OUTPUT_TOKENS = 10, 100
"""Simulated counts; nobody observed any."""
NO_LAST_EVENT = "the stream ended before its last event"


@dataclass(frozen=True)
class Sample:
    """An output for a reply of the mock, which says in itself that it is simulated; `url` is where
    the mock serves the same bytes."""

    content: bytes
    mime: str
    url: str

    @property
    def text(self) -> str:
        """The content of a text."""
        return self.content.decode()


@dataclass(frozen=True)
class WordedReply:
    """The body of a successful reply of the mock."""

    content: bytes
    content_type: str = "application/json; charset=utf-8"


@dataclass(frozen=True)
class Reply:
    """The output of a reply, its bytes in `content` or behind `url`; a text is in UTF-8. Without
    one, `error` has the gateway's text or our own.

    `error_body` is the JSON error that the reply is; `is_readable` is false for what no API sends,
    such as a proxy's page. `model` is the name that the reply carries.
    """

    kind: Kind | None = None
    shape: Shape | None = None
    content: bytes | None = None
    url: str | None = None
    error: str | None = None
    error_body: ErrorBody | None = None
    is_readable: bool = True
    model: str | None = None


class Protocol(ABC):
    """One kind of request and reply."""

    shapes: Mapping[Shape, Kind]
    """The forms of the output in a reply, the usual one first, with the kind of each."""
    streamed: tuple[Shape, ...] = ()
    """Those of a stream; a protocol without any reads no stream."""
    free: tuple[str, ...] = ()
    """Fields of a body or a form that a caller is free to choose, whatever they hold."""
    free_texts: tuple[str, ...] = ()
    """Fields whose texts a caller is free to choose."""
    errors: Sequence[Pointer] = ()
    upstream_errors: Sequence[Pointer] = ()
    """The pointers of a route and of a target, as the status file has them."""

    def of_route(self, route: Route, target: Target | None = None, files: Files = NO_FILES) -> Self:
        """Return the protocol with what a route, its files and the target of a call say of
        replies."""
        bound = copy.copy(self)
        bound.errors = (*route.errors, *(target.errors if target else ()))
        bound.upstream_errors = target.upstream_errors if target else ()
        return bound

    def body(self, model: str, body: Body) -> Body:
        """Return the whole JSON body, or the parts of the form, for a model, from an endpoint's."""
        return {"model": model, **body}

    def reading(self, body: Body | None, seen: Iterable[Shape]) -> "Protocol":
        """Return the protocol that reads the replies to a request, of which these shapes are on
        record: itself, unless the request says which kind of output it wants."""
        return self

    def wants_stream(self, request: str, fields: Fields) -> bool:
        """Return whether a request, of these fields or parts, is for a stream."""
        return fields.get("stream") in (True, "true")

    def usual_shape(self, request: str, fields: Fields) -> Shape:
        """Return the usual shape of the reply to a request."""
        is_streamed = bool(self.streamed) and self.wants_stream(request, fields)
        return next(shape for shape in self.shapes if (shape in self.streamed) is is_streamed)

    def without_prompt(self, body: Body) -> Body:
        """Return the body with null for each text that a caller is free to choose."""
        return {key: self._freed(key, value) for key, value in body.items()}

    def _freed(self, key: str, value: Any) -> Any:
        if key in self.free:
            return None
        return blank_texts({"content": value})["content"] if key in self.free_texts else value

    @abstractmethod
    def find_output(self, reply: Body) -> Reply:
        """Return the output of a successful reply, in the order that clients must follow, or the
        reason that stands in its place; see `without_output`."""

    @abstractmethod
    def word(
        self, shape: Shape, sample: Sample, upstream: str, *, has_usage: bool = False
    ) -> WordedReply:
        """Return a successful reply that carries the sample in the given shape, with simulated
        counts of tokens if `has_usage` and the protocol has a place for them."""

    def read(self, status: int, content: bytes, content_type: str = "") -> Reply:
        """Return the output of a reply of any HTTP status: an error can arrive with a 200, and what
        has the form of one beside an output."""
        if is_event_stream(content_type, content):
            return self.read_events(status, events_in(content))
        try:
            reply = json.loads(content.decode("utf-8-sig", "replace"))
        except (ValueError, RecursionError):
            return Reply(error=f"HTTP {status} without a JSON body", is_readable=False)
        is_success, kind = 200 <= status < 300, next(iter(self.shapes.values()))
        found = self.find_in(reply) if is_success else without_output(reply, kind)
        if found.error is None:
            return found
        error = self.error_in(reply, is_error=not is_success)
        return found if error is None else Reply(error=error.text, error_body=error)

    def find_in(self, reply: Any) -> Reply:
        """Return the output of a successful reply of any JSON, as `find_output` does."""
        if not isinstance(reply, dict):
            return without_output(reply, next(iter(self.shapes.values())))
        return replace(self.find_output(reply), model=self.model_in(reply))

    def error_in(self, reply: object, *, is_error: bool) -> ErrorBody | None:
        """Return the error of a JSON body, by the pointers first; None where it has the form of
        none."""
        error = error_body(reply, is_error=is_error, pointers=self.errors)
        is_marked = any(value_at(reply, pointer) for pointer in self.upstream_errors)
        return replace(error, is_marked=True) if error is not None and is_marked else error

    def read_events(self, status: int, events: Sequence[Event]) -> Reply:
        """Return the output of a stream of events."""
        return Reply(error=f"HTTP {status} with a stream of events", is_readable=False)

    def model_in(self, reply: Body) -> str | None:
        """Return the model that a reply names, where the protocol has a place for it."""
        model = reply.get("model")
        return model if isinstance(model, str) and model else None


def text_reply(shape: Shape, text: str, end: str = "", model: str | None = None) -> Reply:
    """Return the reply for a text; an empty one is an error that says how it ended."""
    if not text.strip():
        return Reply(error=f"no text in the reply{f' ({end})' if end else ''}", model=model)
    return Reply(kind="text", shape=shape, content=text.encode("utf-8", "replace"), model=model)


def blank_texts(value: Any) -> Any:
    """Return messages, or what holds some, with null for each of their texts."""
    if isinstance(value, list):
        return [None if isinstance(item, str) else blank_texts(item) for item in value]
    if isinstance(value, dict):
        return {
            key: None
            if key == "text" or (key == "content" and isinstance(item, str))
            else blank_texts(item)
            for key, item in value.items()
        }
    return value


def worded(body: object) -> WordedReply:
    """Return a reply with a JSON body, as gateways write it."""
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return WordedReply(text.encode("utf-8", "replace"))


def decoded_reply(shape: Shape, encoded: str, kind: Kind = "image") -> Reply:
    """Return the reply for an output in base64."""
    content = decode_base64(encoded)
    if not content:
        return Reply(error=f"the reply's {kind} is not base64")
    return Reply(kind=kind, shape=shape, content=content)


def without_output(reply: object, kind: str = "image") -> Reply:
    """Return the reply for a successful one without an output: what it says in its place."""
    return Reply(error=f"no {kind} in the reply: {explain(reply) or as_json(reply)}")
