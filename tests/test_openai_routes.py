"""Routes of OpenAI's protocols from the status file to the run of their blocks on the mock."""

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import openai
import pytest
import uvicorn
import yaml
from recorder import KEY, TEMPLATES, TODAY, assert_formatted, block_of, judged

from trueup.mock import create_app
from trueup.model import split
from trueup.protocols import PROTOCOLS
from trueup.request import request_of
from trueup.snippet import languages_of, render_snippet
from trueup.status_file import Stored, parse_status
from trueup.verify.run import Harness, open_mock

TEXT = "Simulated: no model was called."
ROUTES: dict[str, dict[str, Any]] = {
    name: {"request": request, "protocol": name, "auth": "bearer"}
    for name, request in {
        "openai-chat": "POST /v1/chat/completions",
        "openai-embeddings": "POST /v1/embeddings",
        "openai-models": "GET /v1/models",
        "openai-responses": "POST /v1/responses",
    }.items()
}
ROUTES["openai-responses"]["headers"] = {"x-tenant": "docs"}
PICTURE = {"type": "image_url", "image_url": {"url": "https://images.example/a.png"}}
QUESTION = {"role": "user", "content": [{"type": "text", "text": "What is it?"}, PICTURE]}
BODIES: dict[str, dict[str, Any]] = {
    "openai-chat": {"messages": [QUESTION], "max_tokens": 16, "unheard": {"of": None}},
    "openai-embeddings": {"input": ["a", "b"], "encoding_format": "float"},
    "openai-responses": {"input": "Answer with one word: pong", "unheard": 1},
}
FORMS = [(name, shape) for name in ROUTES for shape in PROTOCOLS[name].shapes]


def endpoint_of(protocol: str, shape: str) -> str:
    return f"{'-' if protocol == 'openai-models' else shape}/{protocol}"


def facts_of() -> dict[str, Any]:
    """Return a status file with an endpoint for each shape, named by it, without observations."""
    endpoints: dict[str, Any] = {}
    for protocol, shape in FORMS:
        streamed = {"stream": True} if "events" in shape else {}
        body = BODIES.get(protocol)
        endpoints[endpoint_of(protocol, shape)] = {} if body is None else {"body": body | streamed}
    return {
        "version": 2,
        "policy": {"reported_until": TODAY},
        "targets": {
            "production": {
                "base_url": "https://gateway.example",
                "reference": True,
                "media_hosts": ["images.example"],
            }
        },
        "routes": ROUTES,
        "models": {shape: {"title": shape} for name, shape in FORMS if name != "openai-models"},
        "endpoints": endpoints,
        "observations": [],
    }


class Plain(yaml.SafeDumper):
    def ignore_aliases(self, data: object) -> bool:
        return True


def stored_of(facts: dict[str, Any]) -> Stored:
    text = yaml.dump(facts, Dumper=Plain)
    return parse_status(text, "status.yml", datetime(2026, 4, 20, tzinfo=UTC))


def seen() -> dict[str, Any]:
    """Return the facts with an observation of each endpoint, in its shape."""
    facts = facts_of()
    status = stored_of(facts).status
    for protocol, shape in FORMS:
        endpoint = endpoint_of(protocol, shape)
        sent = request_of(status, endpoint, "production")
        row = {"at": TODAY, "endpoint": endpoint, "target": "production", "outcome": "output"}
        row |= {"shape": shape, "source": {"reported": "Text of a test"}}
        facts["observations"].append(
            row | {"sent": sent.model_dump(mode="json", exclude_defaults=True)}
        )
    return facts


STORED = stored_of(seen())
STATUS = STORED.status


@pytest.fixture(scope="module")
def harness() -> Iterator[Harness]:
    with open_mock(STORED) as opened:
        yield opened


BLOCKS = [
    (endpoint, language.name)
    for endpoint in STATUS.endpoints
    for language in languages_of(STATUS.route_of(endpoint), TEMPLATES)
]
IN_THE_GATE = [
    *(("events-data-uri", "openai"), ("base64-vectors", "javascript")),
]
"""tests/test_verify.py runs those of the plain replies, and tests/test_openai_replies.py every
reply in this process."""


@pytest.mark.parametrize(
    ("endpoint", "language"),
    [
        pytest.param(*block, marks=[] if key in IN_THE_GATE else pytest.mark.long)
        for block in BLOCKS
        if (key := (split(block[0])[0], block[1]))
    ],
)
def test_a_block_passes_on_the_mock(endpoint: str, language: str, harness: Harness) -> None:
    receipt = judged(block_of(endpoint, language, status=STATUS), harness, STORED)
    assert receipt.reasons == () and receipt.passed
    assert receipt.shape == STATUS.seen(endpoint, "production")[0].shape


DRIFTS = {
    "header": ("openai-responses", ('"x-tenant": "docs"', '"x-tenant": "other"')),
    "body": ("openai-chat", ("MAX_TOKENS = 16", "MAX_TOKENS = 17")),
}
SAYS = {
    "header": "headers.x-tenant: recorded docs, now other",
    "body": "body.max_tokens: recorded 16, now 17",
}


@pytest.mark.parametrize("part", ["header", pytest.param("body", marks=pytest.mark.long)])
def test_a_changed_part_is_named_with_the_place_of_its_record(part: str, harness: Harness) -> None:
    protocol, change = DRIFTS[part]
    endpoint = endpoint_of(protocol, next(iter(PROTOCOLS[protocol].shapes)))
    receipt = judged(block_of(endpoint, "openai", change, status=STATUS), harness, STORED)
    place = STORED.place_of(STATUS.seen(endpoint, "production")[0])
    assert f"recorded at {place}: {SAYS[part]}" in "; ".join(receipt.reasons)


@pytest.mark.parametrize("language", ["python", "openai"])
@pytest.mark.parametrize("protocol", ROUTES)
def test_a_block_stays_as_black_leaves_it(protocol: str, language: str) -> None:
    endpoint = endpoint_of(protocol, next(iter(PROTOCOLS[protocol].shapes)))
    assert_formatted(render_snippet(STATUS, endpoint, language, TEMPLATES))


@pytest.fixture(scope="module")
def client() -> Iterator[openai.OpenAI]:
    """The official client, in front of the mock behind a real server."""
    config = uvicorn.Config(
        create_app(STATUS), port=0, log_level="error", lifespan="off", ws="none"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.005)
    base_url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/v1"
    with openai.OpenAI(api_key=KEY, base_url=base_url, max_retries=0) as opened:
        yield opened
    server.should_exit = True
    thread.join()


@pytest.mark.parametrize("shape", PROTOCOLS["openai-chat"].shapes)
def test_the_sdk_reads_a_chat_of_the_mock(shape: str, client: openai.OpenAI) -> None:
    body: Any = {"model": shape, "messages": [QUESTION], "max_tokens": 16}
    extra = {"unheard": {"of": None}}
    if "events" in shape:
        stream = client.chat.completions.create(**body, stream=True, extra_body=extra)
        choices = [chunk.choices[0] for chunk in stream]
        assert choices[-1].finish_reason == "stop"
        messages: list[Any] = [choice.delta for choice in choices]
    else:
        completion = client.chat.completions.create(**body, extra_body=extra)
        assert completion.usage and completion.usage.total_tokens == 110
        messages = [completion.choices[0].message]
    text = "".join(message.content or "" for message in messages)
    images = [image for message in messages for image in getattr(message, "images", ())]
    if shape.endswith("images"):
        assert images[0]["image_url"]["url"].startswith("data:image/png;base64,iVBOR")
    elif shape.endswith("data-uri"):
        assert text.startswith("![image](data:image/png;base64,iVBOR")
    elif shape.endswith("link"):
        assert text.startswith("![image](http")
    else:
        assert text == TEXT


@pytest.mark.parametrize("shape", PROTOCOLS["openai-responses"].shapes)
def test_the_sdk_reads_a_response_of_the_mock(shape: str, client: openai.OpenAI) -> None:
    body: Any = {"model": shape, "input": "Answer with one word: pong"}
    options: Any = {"extra_body": {"unheard": 1}, "extra_headers": {"x-tenant": "docs"}}
    if shape == "response":
        response = client.responses.create(**body, **options)
        assert response.usage and response.usage.total_tokens == 110
    else:
        with client.responses.stream(**body, **options) as stream:
            response = stream.get_final_response()
    assert (response.status, response.output_text, response.model) == ("completed", TEXT, shape)


@pytest.mark.parametrize("shape", PROTOCOLS["openai-embeddings"].shapes)
def test_the_sdk_reads_the_vectors_of_the_mock(shape: str, client: openai.OpenAI) -> None:
    made = client.embeddings.create(model=shape, input=["a", "b"], encoding_format="float")
    vector: Any = made.data[0].embedding
    assert vector in ([0.25, -0.5, 0.75], "AACAPgAAAL8AAEA/")
    assert isinstance(vector, list) == (shape == "float-vectors")


def test_the_sdk_reads_the_models_of_the_mock(client: openai.OpenAI) -> None:
    assert [model.id for model in client.models.list()] == ["simulated-model"]
