"""Replies with a text: the engine and each block read what a row holds (rule 10)."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import recorder
import yaml
from recorder import TEMPLATES, Answer, Ended, Gateway, run_of
from text_routes import text_status

from trueup.protocols import PROTOCOLS
from trueup.protocols.event_stream import render_events
from trueup.snippet import render_snippet

server, gateway, node_run = recorder.server, recorder.gateway, recorder.node_run
FOLDER = Path(__file__).parent / "replies"
PREFIX = re.compile(r"acorn: no output: (?:HTTP \d+: )?")
Row = dict[str, Any]


def rows_of(name: str, protocol: str) -> list[Row]:
    rows = yaml.load((FOLDER / f"{name}.yml").read_bytes(), yaml.CSafeLoader)["rows"]
    usual = {"status": 200, "type": "application/json", "protocol": protocol}
    return [usual | row for row in rows]


ROWS = [
    *rows_of("anthropic-messages", "anthropic-messages"),
    *rows_of("gemini-text", "gemini"),
]
SHAPES = {"anthropic-messages": "content-blocks", "gemini": "text-parts"}
each_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['protocol']}-{row['id']}")


def reply_of(row: Row) -> tuple[bytes, str]:
    """Return the bytes of a row's reply and their type."""
    if "events" in row:
        named = row["protocol"] == "anthropic-messages"
        return render_events(row["events"], named=named), "text/event-stream"
    return row.get("raw", json.dumps(row.get("body"))).encode(), row["type"]


def same(text: str) -> str:
    """Return a text without its spaces: JSON is written with and without them."""
    return re.sub(r"\s+", "", text)


@each_row
def test_the_engine_reads_a_reply(row: Row) -> None:
    reader = PROTOCOLS[row["protocol"]].reading({}, ())
    found = reader.read(row["status"], *reply_of(row))
    if "reason" in row:
        assert same(found.error or "") == same(row["reason"])
        assert (found.kind, found.shape, found.content) == (None, None, None)
        return
    shape = row.get("shape", SHAPES[row["protocol"]])
    assert (found.error, found.kind, found.shape) == (None, "text", shape)
    assert found.content == row["text"].encode()


@cache
def text_of(protocol: str, language: str, base_url: str) -> str:
    status = text_status(protocol, SHAPES[protocol], base_url=base_url)
    return render_snippet(status, "acorn/text", language, TEMPLATES).text


@pytest.mark.parametrize("language", ["python", "javascript", "sdk"])
@each_row
@pytest.mark.no_cover
def test_a_block_reads_a_reply_as_the_engine_does(
    language: str, row: Row, gateway: Gateway, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    if language == "sdk":
        language = "genai" if row["protocol"] == "gemini" else "anthropic"
    content, kind = reply_of(row)
    gateway.answer = Answer(content, row["status"], kind)
    text = text_of(row["protocol"], language, gateway.base_url)
    ended = run_of(language, request)(text, tmp_path)
    if "text" in row:
        assert ended == Ended(0, row["text"] + "\n", "", {})
    else:
        assert (ended.code, ended.stdout, ended.files) == (1, "", {}), ended
        assert PREFIX.match(ended.stderr) and ended.stderr.count("\n") == 1
        assert same(PREFIX.sub("", ended.stderr)) == same(row["reason"])
