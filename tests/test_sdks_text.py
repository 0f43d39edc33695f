"""SDKs of text: the official clients, unmodified, against the mock, for each shape of a reply."""

from typing import TYPE_CHECKING, Any, cast

import httpx
import pytest
from google.genai import Client, types
from text_routes import BASE_URL, BODIES, ROUTES, served, text_status

from trueup.exchange import Exchange
from trueup.mock.sample import TEXT
from trueup.model import Status
from trueup.protocols import OUTPUT_TOKENS
from trueup.request import differences, request_in, request_of

if TYPE_CHECKING:
    import anthropic

KEY = "YOUR_API_KEY"
MESSAGES = BODIES["anthropic-messages"]
CONTENTS: Any = BODIES["gemini"]["contents"]
HEADERS = ROUTES["anthropic-messages"]["headers"]


def claude(site: str, key: str = KEY) -> "anthropic.Anthropic":
    """The client as the route documents it: of itself it sends the key as bearer."""
    import anthropic  # here, as it takes seconds: each worker imports each file

    headers = {**HEADERS, "x-api-key": key, "Authorization": anthropic.Omit()}
    return anthropic.Anthropic(
        api_key=key, base_url=site, max_retries=0, default_headers=cast(dict[str, str], headers)
    )


@pytest.fixture
def seen() -> list[Exchange]:
    return []


def assert_as_documented(exchange: Exchange, status: Status) -> None:
    """The client sent what the endpoint sends, and the mock answered from its row."""
    sent = request_in(exchange, BASE_URL)
    assert sent and differences(request_of(status, "acorn/text", "production"), sent) == ()
    assert exchange.answered_from


def test_anthropic_reads_a_message_of_the_mock(seen: list[Exchange]) -> None:
    status = text_status("anthropic-messages", "content-blocks")
    with served(status, seen) as site, claude(site) as client:
        message = client.messages.create(model="acorn", **MESSAGES)
    assert [(part.type, part.text) for part in message.content if part.type == "text"] == [
        ("text", TEXT)
    ]
    assert (message.type, message.role, message.stop_reason) == ("message", "assistant", "end_turn")
    assert message.model == "acorn" and message.usage.output_tokens == OUTPUT_TOKENS
    assert_as_documented(seen[-1], status)


def test_anthropic_reads_a_stream_of_the_mock(seen: list[Exchange]) -> None:
    status = text_status("anthropic-messages", "content-block-events")
    with (
        served(status, seen) as site,
        claude(site) as client,
        client.messages.stream(model="acorn", **MESSAGES) as stream,
    ):
        assert "".join(stream.text_stream) == TEXT
        message = stream.get_final_message()
    assert (message.stop_reason, message.usage.output_tokens) == ("end_turn", OUTPUT_TOKENS)
    assert_as_documented(seen[-1], status)


@pytest.mark.parametrize(
    ("key", "model", "kind"),
    [("wrong", "acorn", "AuthenticationError"), (KEY, "maple", "NotFoundError")],
)
def test_anthropic_raises_the_error_of_the_reply(
    key: str, model: str, kind: str, seen: list[Exchange]
) -> None:
    import anthropic

    status = text_status("anthropic-messages", "content-blocks")
    with (
        served(status, seen) as site,
        claude(site, key) as client,
        pytest.raises(anthropic.APIStatusError) as caught,
    ):
        client.messages.create(model=model, **MESSAGES)
    assert type(caught.value).__name__ == kind
    assert caught.value.status_code == seen[-1].status


def google(site: str) -> Client:
    options = types.HttpOptions(base_url=site, api_version="v1beta")
    return Client(api_key=KEY, http_options=options)


def test_google_reads_a_text_of_the_mock(seen: list[Exchange]) -> None:
    status = text_status("gemini", "text-parts")
    with served(status, seen) as site, google(site) as client:
        reply = client.models.generate_content(model="oak-1.5", contents=CONTENTS)
    assert reply.text == TEXT and reply.model_version == "oak-1.5"
    assert reply.usage_metadata and reply.usage_metadata.candidates_token_count == OUTPUT_TOKENS
    assert_as_documented(seen[-1], status)


def test_google_reads_a_stream_of_the_mock(seen: list[Exchange]) -> None:
    status = text_status("gemini", "text-chunks")
    with served(status, seen) as site, google(site) as client:
        stream = client.models.generate_content_stream(model="oak-1.5", contents=CONTENTS)
        chunks = [*stream]
    assert "".join(chunk.text or "" for chunk in chunks) == TEXT and len(chunks) > 1
    assert chunks[-1].candidates and chunks[-1].candidates[0].finish_reason == "STOP"
    assert_as_documented(seen[-1], status)


def test_the_list_of_the_mock_holds_googles_replies(seen: list[Exchange]) -> None:
    status = text_status("gemini", "text-chunk-list")
    with served(status, seen) as site:
        path = "/v1beta/models/oak-1.5:streamGenerateContent"
        reply = httpx.post(site + path, json=BODIES["gemini"], headers={"x-goog-api-key": KEY})
    chunks = [types.GenerateContentResponse.model_validate(chunk) for chunk in reply.json()]
    assert "".join(chunk.text or "" for chunk in chunks) == TEXT and len(chunks) > 1
    assert_as_documented(seen[-1], status)
