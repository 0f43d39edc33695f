"""Replies of OpenAI's protocols: the engine reads what each row holds (rule 10)."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from recorder import ENCODED, KEY, PIXEL

from trueup.protocols import PROTOCOLS
from trueup.protocols.event_stream import render_events

FOLDER = Path(__file__).parent / "replies"
NAMES = ("openai-chat", "openai-embeddings", "openai-models", "openai-responses")
LINK = "https://images.example/linked"
Row = dict[str, Any]


def rows_of(protocol: str) -> list[Row]:
    rows = yaml.load((FOLDER / f"{protocol}.yml").read_bytes(), yaml.CSafeLoader)["rows"]
    return [
        {"status": 200, "type": "application/json", "protocol": protocol, **row} for row in rows
    ]


ROWS = [row for name in NAMES for row in rows_of(name)]
each_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['protocol']}-{row['id']}")


def reply_of(row: Row, link: str = LINK) -> tuple[bytes, str]:
    """Return the bytes of a row's reply and their type."""
    content, kind = row.get("raw", json.dumps(row.get("body"))).encode(), row["type"]
    if "events" in row:
        is_named = row["protocol"] == "openai-responses"
        named = is_named and all("type" in body for body in row["events"])
        content = render_events(row["events"], named=named, done=not is_named)
        kind = "text/event-stream"
    return content.replace(b"<png>", ENCODED.encode()).replace(b"<link>", link.encode()), kind


@each_row
def test_the_engine_reads_a_reply(row: Row) -> None:
    found = PROTOCOLS[row["protocol"]].read(row["status"], *reply_of(row))
    if "reason" in row:
        assert (found.error or "").replace(KEY, "***") == row["reason"]
        assert (found.shape, found.content, found.url) == (None, None, None)
        return
    assert (found.error, found.shape) == (None, row["shape"])
    if "text" in row:
        assert (found.kind, found.content) == ("text", row["text"].encode())
    elif "json" in row:
        assert found.kind == "json" and json.loads(found.content or b"") == row["json"]
    else:
        assert (found.kind, found.content or found.url) in [("image", PIXEL), ("image", LINK)]
