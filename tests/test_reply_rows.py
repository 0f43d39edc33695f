"""Reply rows: the engine, each published block and the official clients read alike (rule 10)."""

import base64
import json
import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import recorder
from google.genai import types
from openai.types import ImagesResponse
from recorder import REAL, ROUTES, TEMPLATES, Answer, Ended, Gateway, run_of, snippet_of, status_of
from reply_rows import Row, file_bytes, reply_rows

from trueup.model import Route
from trueup.protocols import PROTOCOLS
from trueup.protocols.image_data import ending_of
from trueup.snippet import languages_of

server, gateway, node_run = recorder.server, recorder.gateway, recorder.node_run
LINK = "https://media.example/linked"
LONGEST = 500
"""Letters of a block's reason."""
ROUTE_OF = {protocol: route for route, protocol in ROUTES.items()}
ROWS = [row for protocol in ROUTE_OF for row in reply_rows(protocol)]
each_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.protocol}-{row.id}")
Block = Callable[[str, Row], Ended]


def same(text: str) -> str:
    """Return a text without its spaces: JSON is written with and without them."""
    return re.sub(r"[\s\x00-\x1f]+", "", text)


@each_row
def test_the_engine_reads_a_reply(row: Row) -> None:
    reply = PROTOCOLS[row.protocol].read(row.status, row.content(LINK))
    assert reply.is_readable == row.readable
    if row.output:
        assert (reply.error, reply.shape) == (None, row.output["shape"])
        assert (reply.content, reply.url) in [(row.expected, None), (None, LINK)]
        assert ending_of(row.expected) == row.ending
    elif row.readable:
        said = (reply.error or "").removeprefix("no image in the reply: ")
        assert same(said) == same(row.says(LINK))


@pytest.mark.parametrize("id", ["a10", "a31"])
def test_a_wrapped_error_has_its_signature(id: str) -> None:
    (row,) = (row for row in ROWS if row.id == id)
    reply = PROTOCOLS[row.protocol].read(row.status, row.content(LINK))
    assert REAL.signatures["unknown-image-output-options"].match in (reply.error or "")


@pytest.fixture
def block(request: pytest.FixtureRequest, gateway: Gateway) -> Block:
    """Runs the block of a language, unmodified, in a process of many."""

    def run(language: str, row: Row) -> Ended:
        mime, link = row.link.get("type", "image/png"), f"{gateway.base_url}/linked"
        links = {"/linked": (mime, file_bytes(row.link["file"]))} if row.link else {}
        gateway.answer = Answer(row.content(link), row.status, row.type, links)
        with TemporaryDirectory() as folder:
            text = text_of(row.protocol, language, gateway.base_url)
            return run_of(language, request)(text, Path(folder))

    return run


@cache
def text_of(protocol: str, language: str, base_url: str) -> str:
    return snippet_of(status_of({"contents": []}, base_url), ROUTE_OF[protocol], language).text


@each_row
@pytest.mark.no_cover
def test_the_blocks_read_a_reply(row: Row, block: Block, gateway: Gateway) -> None:
    if row.output:
        name, size = f"acorn.{row.ending}", len(row.expected)
        expected = Ended(0, f"Saved{name}({size}bytes)", "", {name: row.expected})
    else:
        reason = f"HTTP {row.status}: {row.says(f'{gateway.base_url}/linked')}"
        expected = Ended(1, "", same(f"acorn: no image: {reason[:LONGEST]}"), {})
    route = Route(request="POST /x", protocol=row.protocol, auth="bearer")
    languages = [kind.name for kind in languages_of(route, TEMPLATES)]
    for language in languages:
        if language != "curl":  # it prints the reply and reads nothing
            ended = block(language, row)
            assert ended.stderr.count("\n") == expected.code, language
            said = replace(ended, stdout=same(ended.stdout), stderr=same(ended.stderr))
            assert said == expected, language


@pytest.mark.no_cover
@pytest.mark.parametrize("more", ["", "a", "ab", "abc"])
def test_a_link_is_followed_also_when_no_base64_has_its_length(
    more: str, request: pytest.FixtureRequest, gateway: Gateway, tmp_path: Path
) -> None:
    (row,) = (row for row in ROWS if row.id == "url")
    links = {f"/linked{more}": ("image/png", row.expected)}
    gateway.answer = Answer(row.content(f"{gateway.base_url}/linked{more}"), links=links)
    text = text_of(row.protocol, "python", gateway.base_url)
    ended = run_of("python", request)(text, tmp_path)
    assert (ended.code, ended.files) == (0, {"acorn.png": row.expected}), ended.stderr


@pytest.mark.parametrize(
    "row", [row for row in ROWS if row.output], ids=lambda row: f"{row.protocol}-{row.id}"
)
def test_the_official_types_hold_the_same_output(row: Row) -> None:
    body = json.loads(row.content(LINK).decode("utf-8-sig", "replace"))
    try:
        link, images = OFFICIAL[row.protocol](body)
    except ValueError:
        link, images = None, []
    is_held = row.expected in images or bool(row.link and link == LINK)
    assert is_held == (row.sdk is None)


def in_googles_types(body: Any) -> tuple[str | None, list[bytes]]:
    """Return the link in the texts of a reply, and its images, as google-genai reads them."""
    read = types.GenerateContentResponse._from_response(response=body, kwargs={})
    contents = [candidate.content for candidate in read.candidates or [] if candidate.content]
    parts = [part for content in contents for part in content.parts or []]
    text = "".join(part.text or "" for part in parts)
    uris = re.findall(r"data:[^,]+,([\w+/=\n-]+)", text, re.ASCII)
    data = [part.inline_data.data or b"" for part in parts if part.inline_data]
    link = re.search(r"https://[^\s)>]+", text)
    return link and link[0], data + [decoded(uri) for uri in uris]


def in_openais_types(body: Any) -> tuple[str | None, list[bytes]]:
    """Return the first link of a reply, and its images, as openai reads them."""
    items = ImagesResponse.construct(**body).data or []
    texts = [text for item in items for text in (item.b64_json, item.url) if text]
    links = [item.url for item in items if item.url]
    encoded = [text.rpartition(",")[2] for text in texts if text not in links or "," in text]
    return next(iter(links), None), [decoded(text) for text in encoded]


def decoded(text: str) -> bytes:
    standard = text.replace("-", "+").replace("_", "/").replace("\n", "")
    return base64.b64decode(standard.rstrip("=") + "=" * (-len(standard.rstrip("=")) % 4))


OFFICIAL = {"gemini": in_googles_types, "openai-images": in_openais_types}
