"""Text routes: a status file of one endpoint that answers with a text, and its mock as a server."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import uvicorn

from trueup.exchange import Exchange
from trueup.mock import create_app
from trueup.model import Observation, Source, Status
from trueup.request import request_of

BASE_URL = "https://gateway.example"
DAY = date(2026, 4, 14)
PROMPT = "Answer with one word: pong"
CONTENT = "/v1beta/models/{upstream}:"
ROUTES: dict[str, dict[str, Any]] = {
    "anthropic-messages": {
        "request": "POST /v1/messages",
        "auth": "header x-api-key",
        "headers": {"anthropic-version": "2023-06-01"},
    },
    "gemini": {
        "request": f"POST {CONTENT}generateContent",
        "auth": "header x-goog-api-key",
    },
}
STREAMS = {
    "text-chunks": f"POST {CONTENT}streamGenerateContent?alt=sse",
    "text-chunk-list": f"POST {CONTENT}streamGenerateContent",
}
BODIES: dict[str, dict[str, Any]] = {
    "anthropic-messages": {
        "max_tokens": 16,
        "messages": [{"role": "user", "content": PROMPT}],
    },
    "gemini": {"contents": [{"role": "user", "parts": [{"text": PROMPT}]}]},
}


def body_of(protocol: str, shape: str) -> dict[str, Any]:
    """Return the usual body of a request that is answered with a shape."""
    is_streamed = shape == "content-block-events"
    return {**BODIES[protocol], **({"stream": True} if is_streamed else {})}


def text_status(
    protocol: str,
    shape: str,
    body: dict[str, Any] | None = None,
    base_url: str = BASE_URL,
    **route: Any,
) -> Status:
    """Return a status file with the model acorn on a route of a protocol, seen with a shape."""
    route = {**ROUTES[protocol], "protocol": protocol, **route}
    route["request"] = STREAMS.get(shape, route["request"])
    if shape == "text-chunk-list":  # the SDK of Google streams events alone
        route["languages"] = ["curl", "python", "javascript"]
    status = Status.model_validate(
        {
            "version": 2,
            "policy": {"reported_until": DAY},
            "targets": {"production": {"base_url": base_url, "reference": True}},
            "routes": {"text": route},
            "models": {"acorn": {"title": "Acorn", "upstream": "oak-1.5"}},
            "endpoints": {"acorn/text": {"body": body or body_of(protocol, shape)}},
        }
    )
    row = Observation(
        at=DAY,
        endpoint="acorn/text",
        target="production",
        sent=request_of(status, "acorn/text", "production"),
        outcome="output",
        shape=shape,
        source=Source(reported="Text of a test"),
    )
    return status.model_copy(update={"observations": (row,)})


@contextmanager
def served(status: Status, seen: list[Exchange]) -> Iterator[str]:
    """Serve the mock of a status file on loopback, as clients use it."""
    app = create_app(status, on_exchange=seen.append)
    config = uvicorn.Config(app, port=0, log_level="error", lifespan="off", ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.005)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
