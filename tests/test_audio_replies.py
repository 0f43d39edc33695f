"""Replies with sounds and with the words of sounds: the engine and each block read them alike."""

import base64
import json
import wave
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import recorder
import yaml
from recorder import TEMPLATES, TODAY, Answer, Ended, Gateway, run_of

from trueup.mock import simulated_file
from trueup.model import Status
from trueup.protocols import PROTOCOLS
from trueup.protocols.event_stream import render_events
from trueup.snippet import render_snippet

server, gateway, node_run = recorder.server, recorder.gateway, recorder.node_run
FOLDER = Path(__file__).parent / "replies"
SAMPLES = Path(simulated_file.__file__).parent / "samples"
LINK = "https://media.example/linked"
ROUTES = {"openai-speech": "POST /v1/audio/speech", "openai-transcriptions": "POST /v1/audio"}
Row = dict[str, Any]
ROWS: list[Row] = [
    {"status": 200, "type": "application/json", "protocol": name, **row}
    for name in ROUTES
    for row in yaml.load((FOLDER / f"{name}.yml").read_bytes(), yaml.CSafeLoader)["rows"]
]
each_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['protocol']}-{row['id']}")


@cache
def sound(ending: str) -> bytes:
    """A sample of the mock; of its WAV without the head for raw sound."""
    if ending != "pcm":
        return (SAMPLES / f"simulated.{ending}").read_bytes()
    with wave.open(BytesIO(sound("wav"))) as opened:
        return bytes(opened.readframes(opened.getnframes()))


def reply_of(row: Row, link: str = LINK) -> tuple[bytes, str]:
    """Return the bytes of a row's reply and their type."""
    if "sound" in row:
        return sound(row["sound"]), row["type"]
    text, kind = row.get("raw", json.dumps(row.get("body"))), row["type"]
    if "events" in row:
        text, kind = render_events(row["events"]).decode(), "text/event-stream"
    for ending in ("mp3", "wav", "opus"):
        if f"<{ending}>" in text:
            text = text.replace(f"<{ending}>", base64.b64encode(sound(ending)).decode())
    return text.replace("<link>", link).encode(), kind


def output_of(row: Row) -> bytes:
    """Return the sound of a row's reply, which as `raw` text has no sample."""
    return row["raw"].encode() if "raw" in row else sound(row["output"])


@each_row
def test_the_engine_reads_a_reply(row: Row) -> None:
    found = PROTOCOLS[row["protocol"]].read(row["status"], *reply_of(row))
    if "reason" in row:
        assert (found.error, found.shape, found.content) == (row["reason"], None, None)
    elif "text" in row:
        assert (found.error, found.shape, found.kind) == (None, row["shape"], "text")
        assert (found.content or b"").decode().strip() == row["text"]
    else:
        kind = PROTOCOLS[row["protocol"]].shapes[row["shape"]]
        assert (found.error, found.shape, found.kind) == (None, row["shape"], kind)
        assert (found.content, found.url) in [(output_of(row), None), (None, LINK)]


@cache
def text_of(protocol: str, language: str, base_url: str) -> str:
    content: Row = (
        {"body": {"input": "a", "voice": "b"}}
        if protocol == "openai-speech"
        else {"form": {"a": "b"}}
    )
    facts = {
        "version": 2,
        "policy": {"reported_until": TODAY},
        "targets": {"production": {"base_url": base_url, "reference": True}},
        "routes": {
            name: {"request": request, "protocol": name, "auth": "bearer"}
            for name, request in ROUTES.items()
        },
        "models": {"acorn": {"title": "Acorn"}},
        "endpoints": {f"acorn/{protocol}": content},
    }
    status = Status.model_validate(facts)
    return render_snippet(status, f"acorn/{protocol}", language, TEMPLATES).text


LANGUAGES = {
    "openai-speech": ("python", "javascript", "openai"),
    "openai-transcriptions": ("python", "javascript"),
}


@pytest.mark.parametrize(
    ("language", "row"),
    [
        pytest.param(language, row, id=f"{row['protocol']}-{row['id']}-{language}")
        for row in ROWS
        for language in LANGUAGES[row["protocol"]]
    ],
)
@pytest.mark.no_cover
def test_a_block_reads_a_reply_as_the_engine_does(
    language: str, row: Row, gateway: Gateway, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    content, kind = reply_of(row, f"{gateway.base_url}/linked")
    gateway.answer = Answer(content, row["status"], kind, {"/linked": ("audio/mpeg", sound("mp3"))})
    ended = run_of(language, request)(
        text_of(row["protocol"], language, gateway.base_url), tmp_path
    )
    if "reason" in row:
        said = ended.stderr.removeprefix("acorn: no output: ").removesuffix("\n")
        assert (ended.code, ended.stdout, ended.files) == (1, "", {}), ended
        said = said.removeprefix(f"HTTP {row['status']}: ")
        assert "".join(said.split()) == "".join(row["reason"].split())  # JSON with and without
    elif "text" in row:
        assert ended == Ended(0, row["text"] + "\n", "", {})
    else:
        name, saved = f"acorn.{row['output']}", output_of(row)
        assert ended == Ended(0, f"Saved {name} ({len(saved)} bytes)\n", "", {name: saved})
