"""The choice between a text and an image in a reply of `generateContent`."""

from typing import Any

import pytest
from text_routes import BODIES, text_status

from trueup.mock.replay_index import ReplayIndex
from trueup.protocols import PROTOCOLS
from trueup.protocols.event_stream import render_events
from trueup.request import protocol_of


def wanting(*modalities: str) -> dict[str, Any]:
    return {**BODIES["gemini"], "generationConfig": {"responseModalities": [*modalities]}}


@pytest.mark.parametrize(
    ("body", "seen", "kind"),
    [
        (wanting("TEXT"), ["inline-data"], "text"),
        (wanting("text"), [], "text"),
        (wanting("TEXT", "IMAGE"), ["text-parts"], "image"),
        (wanting("IMAGE"), [], "image"),
        (wanting("AUDIO"), [], "image"),
        (wanting(), [], "text"),
        ({"generationConfig": {"temperature": 0}}, [], "text"),
        ({"generationConfig": None}, ["data-uri"], "image"),
        ({}, ["text-chunks", "hosted-url"], "image"),
        ({}, ["text-chunks"], "text"),
        (None, [], "text"),
    ],
)
def test_the_modalities_decide_or_else_a_shape_on_record(
    body: dict[str, Any] | None, seen: list[str], kind: str
) -> None:
    shapes = PROTOCOLS["gemini"].reading(body, seen).shapes
    assert next(iter(shapes.values())) == kind


@pytest.mark.parametrize(
    ("body", "kind"), [(BODIES["gemini"], "text"), (wanting("IMAGE"), "image")]
)
def test_the_mock_answers_a_row_without_a_shape_as_the_engine_reads_it(
    body: dict[str, Any], kind: str
) -> None:
    status = text_status("gemini", "text-parts", body)
    row = status.observations[0].model_copy(update={"shape": None})
    status = status.model_copy(update={"observations": (row,)})
    index = ReplayIndex(status, "production")
    (found,) = index.rows
    assert found.protocol and next(iter(found.protocol.shapes.values())) == kind
    assert next(iter(protocol_of(status, "acorn/text").shapes.values())) == kind


@pytest.mark.parametrize("protocol", ["anthropic-messages", "gemini"])
def test_an_error_at_a_pointer_of_the_route_is_read_in_a_stream(protocol: str) -> None:
    status = text_status(protocol, {"gemini": "text-chunks"}.get(protocol, "content-block-events"))
    route = status.routes["text"].model_copy(update={"errors": ("/fault/why",)})
    reader = PROTOCOLS[protocol].reading(BODIES[protocol], ()).of_route(route)
    content = render_events([{"type": "message_start"}, {"fault": {"why": "no channel"}}])
    assert reader.read(200, content, "text/event-stream").error == "no channel"
