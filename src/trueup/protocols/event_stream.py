"""Event stream: the events of a `text/event-stream` body, as the HTML standard parses them."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from trueup.model import Body

DONE = "[DONE]"
"""The data of the last event of OpenAI's streams."""


@dataclass(frozen=True)
class Event:
    """An event: its data, lines joined, and its name."""

    data: str
    name: str = "message"

    @property
    def body(self) -> Body | None:
        """The JSON object that the data are; None where they are none."""
        try:
            body = json.loads(self.data)
        except (ValueError, RecursionError):
            return None
        return body if isinstance(body, dict) else None


def is_event_stream(content_type: str, content: bytes) -> bool:
    """Return whether a body is a stream of events, by its first field or else by its type, unless
    it is JSON, as errors are that come in place of a stream."""
    start = content.lstrip(b"\xef\xbb\xbf\r\n\t ")
    if start.startswith((b"data:", b"event:")):
        return True
    is_named = content_type.partition(";")[0].strip().lower() == "text/event-stream"
    return is_named and not start.startswith((b"{", b"["))


def events_in(content: bytes) -> tuple[Event, ...]:
    """Return the events of a whole stream. One that the end of the stream cuts off is dropped."""
    text = content.decode("utf-8", "replace").removeprefix("\ufeff")
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    events, data, name = [], list[str](), ""
    for line in lines[:-1]:
        if not line:
            if data:
                events.append(Event("\n".join(data), name or "message"))
            data, name = [], ""
            continue
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "data":
            data.append(value)
        elif field == "event":
            name = value
    return tuple(events)


def render_events(bodies: Iterable[Any], *, named: bool = False, done: bool = False) -> bytes:
    """Return the stream of these JSON bodies, each named by its `type` if `named`; OpenAI's last
    event follows if `done`."""
    blocks = []
    for body in bodies:
        head = f"event: {body['type']}\n" if named else ""
        blocks.append(f"{head}data: {json.dumps(body, ensure_ascii=False)}\n\n")
    return "".join([*blocks, f"data: {DONE}\n\n" if done else ""]).encode("utf-8", "replace")
