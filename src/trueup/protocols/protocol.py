"""Protocol: one kind of request and reply, and what every such reply has in common."""

import base64
import json
from abc import ABC, abstractmethod
from dataclasses import dataclass, replace

from trueup.model import Body, Shape
from trueup.protocols.error_body import ErrorBody, error_body


@dataclass(frozen=True)
class Picture:
    """An image for a reply of the mock; `url` is where the mock serves the same bytes."""

    content: bytes
    mime: str
    url: str


@dataclass(frozen=True)
class Reply:
    """The content of a reply. Without an image, `error` has the gateway's text or our own.

    `error_body` is the JSON error that the reply is; `is_readable` is false for what no API sends,
    such as a proxy's page. `model` is the name that the reply carries.
    """

    shape: Shape | None = None
    content: bytes | None = None
    url: str | None = None
    error: str | None = None
    error_body: ErrorBody | None = None
    is_readable: bool = True
    model: str | None = None


class Protocol(ABC):
    """One kind of request and reply."""

    shapes: tuple[Shape, ...]

    @abstractmethod
    def body(self, model: str, body: Body) -> Body:
        """Return the whole JSON body for a model, from that of an endpoint."""

    @abstractmethod
    def without_prompt(self, body: Body) -> Body:
        """Return the body with null for each text that a caller is free to choose."""

    @abstractmethod
    def find_image(self, reply: Body) -> Reply:
        """Return the first image of a successful reply, in the order that clients must follow."""

    @abstractmethod
    def word(self, shape: Shape, picture: Picture, upstream: str) -> Body:
        """Return a successful reply that carries the picture in the given shape."""

    def read(self, status: int, content: bytes) -> Reply:
        """Return the content of a reply of any HTTP status: an error can arrive with a 200."""
        try:
            reply = json.loads(content)
        except (ValueError, RecursionError):
            return Reply(error=f"HTTP {status} without a JSON body", is_readable=False)
        error = error_body(reply, is_error=status >= 400)
        if error is not None:
            return Reply(error=error.text, error_body=error)
        body: Body = reply if isinstance(reply, dict) else {}
        return replace(self.find_image(body), model=self.model_in(body))

    def model_in(self, reply: Body) -> str | None:
        """Return the model that a reply names, where the protocol has a place for it."""
        return None


def decoded_reply(shape: Shape, encoded: str) -> Reply:
    """Return the reply for an image in base64."""
    try:
        return Reply(shape=shape, content=base64.b64decode(encoded, validate=True))
    except ValueError:
        return Reply(error="the reply's image is not base64")
