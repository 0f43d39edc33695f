"""Replies of another API by data alone: the engine and each block read them alike (rule 10)."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import recorder
import yaml
from recorder import ENCODED, PIXEL, TEMPLATES, TODAY, Answer, Ended, Gateway, run_of

from trueup.model import Status
from trueup.protocols import PROTOCOLS
from trueup.request import protocol_of
from trueup.snippet import render_snippet

server, gateway, node_run = recorder.server, recorder.gateway, recorder.node_run
ENDPOINT, LINK = "-/rates", "https://images.example/linked"
Row = dict[str, Any]
ROWS: list[Row] = yaml.safe_load((Path(__file__).parent / "replies/json.yml").read_text("utf-8"))[
    "rows"
]
each_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])


def status_of(route: dict[str, Any], base_url: str = "https://example.com") -> Status:
    fixed = {"request": "GET /v1/rates?day=1", "protocol": "json", "auth": "query token"}
    return Status.model_validate(
        {
            "version": 2,
            "policy": {"reported_until": TODAY},
            "targets": {"production": {"base_url": base_url, "reference": True}},
            "routes": {"rates": {**fixed, **route}},
            "models": {},
            "endpoints": {ENDPOINT: {}},
        }
    )


def content_of(row: Row, link: str = LINK) -> bytes:
    text: str = row.get("raw", json.dumps(row.get("body"), ensure_ascii=False))
    return text.replace("<png>", ENCODED).replace("<link>", link).encode()


@each_row
def test_the_engine_reads_a_reply(row: Row) -> None:
    protocol = protocol_of(status_of(row["route"]), ENDPOINT, "production")
    found = protocol.read(row.get("status", 200), content_of(row))
    if "reason" in row:
        said = (found.error or "").split(" in the reply: ", 1)[-1]
        assert (said, found.content, found.url) == (row["reason"], None, None)
    elif "json" in row:
        assert (found.error, found.kind) == (None, "json")
        assert json.loads(found.content or b"") == row["json"]
    else:
        shape = "link" if "link" in row else "value"
        content = row["text"].encode() if "text" in row else PIXEL
        assert (found.error, found.shape) == (None, shape)
        link = LINK if row.get("link") is True else row.get("link")
        assert (found.content, found.url) == ((None, link) if link else (content, None))


@pytest.mark.parametrize("language", ["python", "javascript"])
@each_row
def test_a_block_reads_a_reply_as_the_engine_does(
    language: str, row: Row, gateway: Gateway, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    content = content_of(row, f"{gateway.base_url}/linked")
    gateway.answer = Answer(
        content, row.get("status", 200), "application/json", {"/linked": ("image/png", PIXEL)}
    )
    status = status_of(row["route"], gateway.base_url)
    ended = run_of(language, request)(
        render_snippet(status, ENDPOINT, language, TEMPLATES).text, tmp_path
    )
    if "reason" in row:
        said = re.fullmatch(r"rates: no output: (?:HTTP \d+: )?(.+)\n", ended.stderr)
        assert said and (ended.code, ended.stdout, ended.files) == (1, "", {}), ended
        assert re.sub(r"\s", "", said[1]) == re.sub(r"\s", "", row["reason"])
    elif "text" in row:
        assert ended == Ended(0, row["text"] + "\n", "", {})
    elif "json" in row:
        assert (ended.code, ended.stderr, ended.stdout) == (0, "", "Saved rates.json\n")
        assert json.loads(ended.files["rates.json"]) == row["json"]
    else:
        line = f"Saved rates.png ({len(PIXEL)} bytes)\n"
        assert ended == Ended(0, line, "", {"rates.png": PIXEL})


@pytest.mark.parametrize("kind", ["json", "text", "image", "audio", "video", "file"])
def test_every_kind_has_its_shapes_and_its_blocks(kind: str) -> None:
    status = status_of({"output": {"pointer": "/a/0", "kind": kind}})
    assert set(protocol_of(status, ENDPOINT).shapes.values()) == {kind}
    for language in ("curl", "python", "javascript"):
        text = render_snippet(status, ENDPOINT, language, TEMPLATES).text
        assert "token" in text and "\n\n\n\n" not in text
    assert PROTOCOLS["json"].body("m", {"a": 1}) == {"a": 1}
