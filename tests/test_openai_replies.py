"""Replies of OpenAI's protocols: the engine and each block read what a row holds (rule 10)."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import recorder
import yaml
from recorder import (
    ENCODED,
    KEY,
    PIXEL,
    TEMPLATES,
    TODAY,
    Answer,
    Ended,
    Gateway,
    run_of,
    saved,
)

from trueup.model import Body, Status
from trueup.protocols import PROTOCOLS
from trueup.protocols.event_stream import render_events
from trueup.snippet import render_snippet

server, gateway, node_run = recorder.server, recorder.gateway, recorder.node_run
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


ROUTES = {
    "openai-chat": ("POST /v1/chat/completions", {"messages": [], "unheard": 1}),
    "openai-embeddings": ("POST /v1/embeddings", {"input": "a", "encoding_format": "float"}),
    "openai-models": ("GET /v1/models", None),
    "openai-responses": ("POST /v1/responses", {"input": "a"}),
}
LANGUAGES = ("python", "javascript", "openai")


def status_of(base_url: str, bodies: dict[str, Body | None] | None = None) -> Status:
    """Return a status file with an endpoint on a route of each protocol."""
    routes = {
        name: {"request": request, "protocol": name, "auth": "bearer"}
        for name, (request, _) in ROUTES.items()
    }
    usual = {name: body for name, (_, body) in ROUTES.items()}
    facts = {
        "version": 2,
        "policy": {"reported_until": TODAY},
        "targets": {"production": {"base_url": base_url, "reference": True}},
        "routes": routes,
        "models": {"acorn": {"title": "Acorn", "upstream": "oak-1.5"}},
        "endpoints": {
            endpoint_of(name): {"body": body} for name, body in (usual | (bodies or {})).items()
        },
    }
    return Status.model_validate(facts)


def endpoint_of(protocol: str) -> str:
    return f"{'-' if protocol == 'openai-models' else 'acorn'}/{protocol}"


@cache
def text_of(protocol: str, language: str, base_url: str) -> str:
    return render_snippet(status_of(base_url), endpoint_of(protocol), language, TEMPLATES).text


@pytest.mark.parametrize("language", LANGUAGES)
@each_row
def test_a_block_reads_a_reply_as_the_engine_does(
    language: str, row: Row, gateway: Gateway, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    content, kind = reply_of(row, f"{gateway.base_url}/linked")
    links = {"/linked": ("image/png", PIXEL)}
    gateway.answer = Answer(content, row["status"], kind, links)
    text = text_of(row["protocol"], language, gateway.base_url)
    ended = run_of(language, request)(text, tmp_path)
    name = row["protocol"] if row["protocol"] == "openai-models" else "acorn"
    if "reason" in row:
        said = re.fullmatch(rf"{name}: no output: (?:HTTP \d+: )?(.+)\n", ended.stderr)
        assert said and (ended.code, ended.stdout, ended.files) == (1, "", {}), ended
        assert said[1] == row["reason"]
    elif "text" in row:
        assert ended == Ended(0, row["text"] + "\n", "", {})
    elif "json" in row:
        (file,) = ended.files.items()
        assert (ended.code, ended.stderr, file[0]) == (0, "", f"{name}.json")
        assert json.loads(file[1]) == row["json"]
    else:
        assert ended == saved("acorn.png")
