"""Protocols: what a request carries, how an image is found in a reply, how the mock words one.

One module for each, in `PROTOCOLS` under the name that routes use; a site may install its own.
"""

import base64
import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.metadata import EntryPoint, entry_points

from trueup.errors import BadInput
from trueup.model import Body, Shape

GROUP = "trueup.protocols"
"""The entry points under which a protocol of one site is found."""


@dataclass(frozen=True)
class Picture:
    """An image on its way into a mock's reply: `url` is where the mock serves the same bytes."""

    content: bytes
    mime: str
    url: str


@dataclass(frozen=True)
class Reply:
    """What a reply says. Without an image, `error` holds the gateway's text or our own words.

    `is_refusal` tells an error in the gateway's own shape; `is_readable` is false for what no
    gateway of the family says, such as a proxy's page. `model` is the one that says it answered.
    """

    shape: Shape | None = None
    content: bytes | None = None
    url: str | None = None
    error: str | None = None
    is_refusal: bool = False
    is_readable: bool = True
    model: str | None = None


class Protocol(ABC):
    """One kind of request and reply."""

    shapes: tuple[Shape, ...]

    @abstractmethod
    def body(self, model: str, body: Body) -> Body:
        """The whole JSON body for a model, from an endpoint's own."""

    @abstractmethod
    def without_prompt(self, body: Body) -> Body:
        """The body with null in place of the texts that a caller is free to choose."""

    @abstractmethod
    def find_image(self, reply: Body) -> Reply:
        """The first image in a successful reply, in the order in which clients must look."""

    @abstractmethod
    def word(self, shape: Shape, picture: Picture, upstream: str) -> Body:
        """A successful reply that carries the picture in the given shape."""

    def read(self, status: int, content: bytes) -> Reply:
        """What a reply says, whatever its HTTP status: an error can arrive with a 200."""
        try:
            reply = json.loads(content)
        except (ValueError, RecursionError):
            return Reply(error=f"HTTP {status} without a JSON body", is_readable=False)
        text = error_text(reply)
        if text is not None:
            return Reply(error=text, is_refusal=True)
        if not isinstance(reply, dict) or status >= 400:
            return Reply(error=f"HTTP {status} without an error text", is_readable=False)
        return replace(self.find_image(reply), model=self.model_in(reply))

    def model_in(self, reply: Body) -> str | None:
        """The model that a reply says it is of, where the protocol has a place for that."""
        return None


def decoded(shape: Shape, encoded: str) -> Reply:
    """A reply that carried its image as base64 in a shape."""
    try:
        return Reply(shape=shape, content=base64.b64decode(encoded, validate=True))
    except ValueError:
        return Reply(error="the reply's image is not base64")


def error_text(reply: object) -> str | None:
    """The text of an error body of the gateway family, or None when it is none.

    The shapes are `{"error": {"message": …}}`, `{"error": "…"}` and the flat
    `{"code": …, "message": …}`; the code is put before a message that does not carry it.
    """
    if not isinstance(reply, dict):
        return None
    error = reply.get("error")
    if error is None and "message" in reply:
        error = reply
    if isinstance(error, str):
        return error
    if not isinstance(error, dict):
        return None
    message, code = str(error.get("message") or "no message"), error.get("code")
    return f"{code}: {message}" if isinstance(code, str) and code not in message else message


class Registry(Mapping[str, Protocol]):
    """The protocols by the names that routes use: the engine's own, and what is installed beside it
    under the entry points of `GROUP`. BadInput, once one is asked for, where such a one is broken.
    """

    def __init__(self, own: Mapping[str, Protocol]) -> None:
        self._own = own

    def __getitem__(self, name: str) -> Protocol:
        return self._all[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    @cached_property
    def _all(self) -> Mapping[str, Protocol]:
        known = dict(self._own)
        for entry in entry_points(group=GROUP):
            if entry.name in known:
                raise _unusable(entry, "a name that is taken", "another name")
            known[entry.name] = _loaded(entry)
        return known


def _loaded(entry: EntryPoint) -> Protocol:
    try:
        made = entry.load()()
    except Exception as error:
        found = f"{type(error).__name__}: {' '.join(str(error).split())}"
        raise _unusable(entry, found, "a class that can be made without arguments") from error
    if not isinstance(made, Protocol):
        raise _unusable(entry, f"a {type(made).__name__}", "a trueup.protocols.Protocol")
    return made


def _unusable(entry: EntryPoint, found: str, expected: str) -> BadInput:
    where = f"protocol {entry.name} ({entry.value})"
    return BadInput(f"{where}: {found}; {expected} was expected. Correct its file, or remove it.")


def _own() -> Mapping[str, Protocol]:
    from trueup.protocols.gemini import Gemini
    from trueup.protocols.openai_images import OpenAIImages

    return {"gemini": Gemini(), "openai-images": OpenAIImages()}


PROTOCOLS = Registry(_own())
