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
    run_here,
    run_of,
    saved,
)

from trueup.errors import BadInput
from trueup.model import Body, Status
from trueup.protocols import PROTOCOLS
from trueup.protocols.event_stream import render_events
from trueup.request import request_of
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


@pytest.mark.no_cover
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


SENT: list[tuple[str, Body]] = [
    ("openai-chat", {"messages": [], "temperature": None, "stop": [], "stream": True}),
    ("openai-chat", {"messages": [{"role": "user", "content": "a", "unheard": None}], "n": 1.0}),
    ("openai-chat", {"messages": [], "tools": [{"type": "function"}], "extra_body": {"a": 1}}),
    ("openai-chat", {"messages": [], "model": "another", "timeout": 1, "TEXT": {"text": "a\n'\""}}),
    ("openai-responses", {"input": [{"role": "user", "content": []}], "text": {"format": None}}),
    ("openai-responses", {"instructions": None, "unheard": [None, 1.5, "é"]}),
    ("openai-embeddings", {"input": [[1, 2]], "encoding_format": None, "dimensions": 8}),
]


@pytest.mark.parametrize(("protocol", "body"), SENT)
def test_the_sdk_sends_a_body_unchanged(
    protocol: str, body: Body, gateway: Gateway, tmp_path: Path
) -> None:
    gateway.answer = Answer(b"{}")
    status = status_of(gateway.base_url, {protocol: body})
    snippet = render_snippet(status, endpoint_of(protocol), "openai", TEMPLATES)
    ended = run_here(snippet.text, tmp_path)
    assert len(gateway.requests) == 1, ended.stderr
    command, path, headers, sent = gateway.requests[0]
    expected = request_of(status, endpoint_of(protocol), "production")
    assert (f"{command} {path}", json.loads(sent)) == (expected.request, expected.body)
    assert {name.lower(): value for name, value in headers.items()}["authorization"]


@pytest.mark.parametrize(
    ("protocol", "request_line", "says"),
    [
        ("openai-chat", "POST /v1/chat", "the path does not end with /chat/completions"),
        ("openai-embeddings", "POST /v1/embeddings", "the OpenAI SDK adds encoding_format"),
    ],
)
def test_a_request_that_the_sdk_cannot_send_is_refused(
    protocol: str, request_line: str, says: str
) -> None:
    status = status_of("https://gateway.example", {"openai-embeddings": {"input": "a"}})
    route = status.routes[protocol].model_copy(update={"request": request_line})
    status = status.model_copy(update={"routes": {**status.routes, protocol: route}})
    with pytest.raises(BadInput, match=says):
        render_snippet(status, endpoint_of(protocol), "openai", TEMPLATES)
