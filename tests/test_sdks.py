"""SDKs: the official clients, unmodified, against the mock; Google's classes on our bodies."""

import base64
import threading
import time
from collections.abc import Iterator
from typing import Any

import openai
import pytest
import uvicorn
from google.ai import generativelanguage
from google.genai import Client, errors, types
from google.protobuf import json_format  # type: ignore[import-untyped]
from test_mock import KEY, STATUS

from trueup.exchange import Exchange
from trueup.mock import create_app, ledger_with
from trueup.model import split
from trueup.request import differences, request_in, request_of

SEEN: list[Exchange] = []
NATIVE = [name for name in STATUS.endpoints if split(name)[1] == "generate-content"]
MESSAGE = (
    'Invalid JSON payload received. Unknown name "imageOutputOptions" at'
    " 'generation_config.image_config': Cannot find field."
)


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    """The mock behind a real server, as clients use it."""
    app = create_app(STATUS, on_exchange=SEEN.append, ledger=ledger_with((), [KEY], "new-api-c"))
    config = uvicorn.Config(app, port=0, log_level="error", lifespan="off", ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.005)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


def google(site: str, key: str = KEY) -> Client:
    options = types.HttpOptions(base_url=site, api_version="v1beta")
    return Client(api_key=key, http_options=options)


def config_of(endpoint: str) -> tuple[str, types.GenerateContentConfig]:
    """Return the upstream's name and the config of the endpoint's request."""
    body = (STATUS.endpoints[endpoint].body or {})["generationConfig"]
    assert isinstance(body, dict) and isinstance(body["responseModalities"], list)
    modalities = [str(name) for name in body["responseModalities"]]
    config = types.GenerateContentConfig(response_modalities=modalities)
    return STATUS.upstream(split(endpoint)[0]), config


def shape_of(parts: list[types.Part]) -> str:
    """Return the shape of the image: data, data in the text, or a link in the text."""
    for part in parts:
        if part.inline_data and part.inline_data.data:
            return "inline-data"
        if part.text and ";base64," in part.text:
            encoded = part.text.partition(";base64,")[2].rstrip(")")
            return "data-uri" if base64.b64decode(encoded, validate=True) else "nothing"
        if part.text and "](http" in part.text:
            return "hosted-url"
    return "nothing"


@pytest.mark.parametrize(
    ("key", "model", "status", "kind", "says"),
    [
        (
            *(KEY, "nano-banana", 400, openai.BadRequestError),
            {"message": MESSAGE, "type": "upstream_error", "code": 400},
        ),
        ("sk-wrong", "nano-banana", 401, openai.AuthenticationError, {}),
        (KEY, "dall-e-9", 503, openai.InternalServerError, {"code": "model_not_found"}),
    ],
)
def test_openai_raises_the_error_of_the_reply(
    key: str,
    model: str,
    status: int,
    kind: type[openai.APIStatusError],
    says: dict[str, Any],
    site: str,
) -> None:
    with (
        openai.OpenAI(api_key=key, base_url=f"{site}/v1", max_retries=0) as client,
        pytest.raises(kind) as caught,
    ):
        client.images.generate(model=model, prompt="a banana")
    assert isinstance(caught.value.body, dict)
    assert caught.value.body.items() >= says.items()
    assert caught.value.status_code == status
    assert ("Invalid token" in str(caught.value)) == (key != KEY)


def test_there_are_four_native_models() -> None:
    assert len(NATIVE) == 4


@pytest.mark.parametrize("endpoint", NATIVE)
def test_google_gets_the_recorded_shape_and_its_auth_method_differs(
    site: str, endpoint: str
) -> None:
    model, config = config_of(endpoint)
    with google(site) as client:
        reply = client.models.generate_content(model=model, contents="a banana", config=config)
    row = STATUS.seen(endpoint, "production")[0]
    assert reply.parts and shape_of(reply.parts) == row.shape
    assert reply.usage_metadata and reply.usage_metadata.total_token_count
    exchange = SEEN[-1]
    assert exchange.auth == ("header x-goog-api-key",) and exchange.answered_from
    sent = request_in(exchange, "https://crazyrouter.com")
    assert sent and "auth: recorded query key" in str(differences(row.sent, sent)[0])


@pytest.mark.parametrize(("key", "model", "code"), [("wrong", "m", 401), (KEY, "m", 503)])
def test_google_raises_with_the_code_of_the_reply(
    site: str, key: str, model: str, code: int
) -> None:
    with google(site, key) as client, pytest.raises(errors.APIError) as caught:
        client.models.generate_content(model=model, contents="a banana")
    assert isinstance(caught.value, errors.ClientError) is (code < 500)
    assert caught.value.code == SEEN[-1].status == code


@pytest.mark.parametrize("endpoint", NATIVE)
def test_googles_own_classes_take_our_native_bodies(endpoint: str) -> None:
    body = request_of(STATUS, endpoint, "production").body
    message = generativelanguage.GenerateContentRequest.pb()()
    json_format.ParseDict(body, message)
    assert message.contents[0].parts[0].text


def test_googles_own_classes_refuse_the_field_that_the_gateway_adds() -> None:
    body = {"generationConfig": {"imageConfig": {"imageOutputOptions": {"mimeType": "image/png"}}}}
    message = generativelanguage.GenerateContentRequest.pb()()
    with pytest.raises(json_format.ParseError, match='has no field named "imageOutputOptions"'):
        json_format.ParseDict(body, message)
    fine = {"generationConfig": {"imageConfig": {"aspectRatio": "1:1"}}}
    json_format.ParseDict(fine, message)
