"""The mock answers what the record says, refuses all else, and records no key."""

import asyncio
import base64
import io
import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from starlette.applications import Starlette
from starlette.types import ASGIApp

from trueup.errors import BadInput
from trueup.exchange import Exchange
from trueup.mock import DOCUMENTED, MEDIA_HOST, Faulty, create_app, draw_picture
from trueup.mock.incoming_request import BODY_LIMIT
from trueup.mock.replay_index import Called, ReplayIndex
from trueup.model import Observation, Status
from trueup.protocols import PROTOCOLS
from trueup.request import differences, request_in

FILE = Path(__file__).parent / "record.yml"
FACTS: dict[str, Any] = yaml.safe_load(FILE.read_text("utf-8"))
STATUS = Status.model_validate(FACTS)
SITE = "https://crazyrouter.com"
KEY = "YOUR_API_KEY"
NATIVE = "/v1beta/models/gemini-2.5-flash-image:generateContent"
IMAGES = "/v1/images/generations"
BEARER = {"Authorization": f"Bearer {KEY}"}
PROMPT = "Generate an IMAGE of a clean banana icon on a white background. Return image output."
NATIVE_BODY: dict[str, Any] = {
    "contents": [{"role": "user", "parts": [{"text": PROMPT}]}],
    "generationConfig": {"responseModalities": ["TEXT", "IMAGE"]},
}
LEGACY = {"model": "nano-banana", "prompt": "..."}


def call(app: Starlette, method: str, path: str, **request: Any) -> httpx.Response:
    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url=SITE) as client:
            return await client.request(method, path, **request)

    return asyncio.run(send())


def post(path: str, app: Starlette | None = None, **request: Any) -> httpx.Response:
    return call(app or create_app(STATUS), "POST", path, **request)


def send_native(app: Starlette | None = None) -> httpx.Response:
    return post(f"{NATIVE}?key={KEY}", app, json=NATIVE_BODY)


def send_images(app: Starlette | None = None, **body: Any) -> httpx.Response:
    return post(IMAGES, app, headers=BEARER, json={**LEGACY, **body})


def app_of(*rows: dict[str, Any], **facts: Any) -> Starlette:
    """Return a mock of the file's facts with other observations."""
    return create_app(Status.model_validate({**FACTS, "observations": list(rows), **facts}))


def seen_row(endpoint: str, /, **fields: Any) -> dict[str, Any]:
    """Return the reference's row of an endpoint with other fields; None leaves one out."""
    rows = [row for row in FACTS["observations"] if row["target"] == "production"]
    row = next(row for row in rows if row["endpoint"] == endpoint and "variant" not in row)
    changed = {**row, "billing": None, **fields}
    return {key: value for key, value in changed.items() if value is not None}


def native_row(**fields: Any) -> dict[str, Any]:
    return seen_row("nano-banana/generate-content", **fields)


def images_row(**fields: Any) -> dict[str, Any]:
    return seen_row("nano-banana/images-generations", **fields)


def routes_with(**fields: Any) -> dict[str, Any]:
    """Return the file's routes, the native one with other fields."""
    routes = FACTS["routes"]
    return {**routes, "generate-content": {**routes["generate-content"], **fields}}


def send_recorded(row: Observation, app: Starlette) -> httpx.Response:
    """Send the request of a row again."""
    method, path = row.sent.request.split(" ")
    if row.sent.auth == "query key":
        return call(app, method, f"{path}?key={KEY}", json=row.sent.body)
    return call(app, method, path, headers=BEARER, json=row.sent.body)


def error_of(reply: httpx.Response) -> dict[str, Any]:
    error = reply.json()["error"]
    assert isinstance(error, dict)
    return error


def is_not_on_record(reply: httpx.Response) -> bool:
    return reply.status_code == 404 and error_of(reply)["code"] == "not_on_record"


def test_the_native_request_of_the_docs_gets_an_image_as_a_data_uri_in_text() -> None:
    reply = send_native()
    part = reply.json()["candidates"][0]["content"]["parts"][0]
    assert reply.status_code == 200
    assert part["text"].startswith("![image](data:image/png;base64,")
    content = base64.b64decode(part["text"].split(",")[1].rstrip(")"), validate=True)
    assert Image.open(io.BytesIO(content)).format == "PNG"
    assert reply.json()["modelVersion"] == "gemini-2.5-flash-image"
    assert "usageMetadata" in reply.json()


def test_the_images_request_of_the_docs_gets_the_recorded_error() -> None:
    reply = send_images()
    assert reply.status_code == 400
    assert list(error_of(reply)) == ["message", "type", "code"]
    assert error_of(reply)["code"] == 400
    assert error_of(reply)["message"] == (
        'Invalid JSON payload received. Unknown name "imageOutputOptions" at '
        "'generation_config.image_config': Cannot find field."
    )


@pytest.mark.parametrize("target", ["production", "local"])
def test_every_row_of_the_status_file_is_answered_as_recorded(target: str) -> None:
    seen: list[Exchange] = []
    app = create_app(STATUS, target=target, on_exchange=seen.append)
    rows = [row for row in STATUS.observations if (row.target, row.variant) == (target, None)]
    assert rows
    for row in rows:
        reply = send_recorded(row, app)
        protocol = PROTOCOLS[STATUS.route_of(row.endpoint).protocol]
        found = protocol.read(reply.status_code, reply.content)
        index = next(n for n, item in enumerate(STATUS.observations) if item is row)
        assert seen[-1].answered_from == f"observations[{index}]"
        if row.outcome == "output":
            assert reply.status_code == 200 and found.shape == row.shape
        else:
            assert STATUS.signatures[row.signatures[0]].match in (found.error or "")


def test_every_variant_on_record_is_answered_by_a_row_that_it_repeats() -> None:
    rows = [row for row in STATUS.observations if row.variant]
    assert rows
    for row in rows:
        seen: list[Exchange] = []
        app = create_app(STATUS, target=row.target, on_exchange=seen.append)
        reply = send_recorded(row, app)
        assert (reply.status_code, row.outcome) == (200, "output")
        assert seen[0].answered_from


def test_the_rows_of_one_target_do_not_answer_for_another() -> None:
    assert is_not_on_record(send_native(create_app(STATUS, target="local")))


def test_an_unknown_target_is_refused_with_the_known_ones() -> None:
    with pytest.raises(BadInput, match="targets are production, local"):
        create_app(STATUS, target="prodution")


@pytest.mark.parametrize(
    "path",
    [
        NATIVE.replace("gemini-2.5-flash-image", "nano-banana"),
        f"{NATIVE}?alt=json",
        NATIVE.replace("generateContent", "streamGenerateContent"),
        "/v1/chat/completions",
    ],
)
def test_a_changed_path_is_not_on_record(path: str) -> None:
    joint = "&" if "?" in path else "?"
    assert is_not_on_record(
        post(
            f"{path}{joint}key={KEY}", headers=BEARER, json={**NATIVE_BODY, "model": "nano-banana"}
        )
    )


def test_a_changed_model_body_or_auth_method_is_not_on_record() -> None:
    assert is_not_on_record(send_images(model="nano-banana-pro", n=1))
    assert is_not_on_record(send_images(n=1))
    assert is_not_on_record(post(IMAGES, headers=BEARER, json={"model": "nano-banana"}))
    deep = {**NATIVE_BODY, "generationConfig": {"responseModalities": ["IMAGE", "TEXT"]}}
    assert is_not_on_record(post(f"{NATIVE}?key={KEY}", json=deep))
    assert is_not_on_record(post(NATIVE, headers=BEARER, json=NATIVE_BODY))


def test_a_changed_prompt_still_answers() -> None:
    body = {**NATIVE_BODY, "contents": [{"role": "user", "parts": [{"text": "Вареник 🥟"}]}]}
    assert post(f"{NATIVE}?key={KEY}", json=body).status_code == 200
    assert send_images(prompt="").status_code == 400


def test_an_auth_method_that_the_route_accepts_is_answered_and_recorded_as_different() -> None:
    seen: list[Exchange] = []
    app = create_app(STATUS, on_exchange=seen.append)
    assert post(NATIVE, app, headers={"x-goog-api-key": KEY}, json=NATIVE_BODY).status_code == 200
    assert send_native(app).status_code == 200
    assert [exchange.auth for exchange in seen] == [("header x-goog-api-key",), ("query key",)]
    assert seen[0].answered_from == seen[1].answered_from
    row = next(row for row in STATUS.seen("nano-banana/generate-content", "production"))
    requests = [request_in(exchange, SITE) for exchange in seen]
    assert [[str(one) for one in differences(row.sent, sent)] for sent in requests if sent] == [
        ["auth: recorded query key, now header x-goog-api-key"],
        [],
    ]


def test_an_auth_method_that_no_route_accepts_any_more_is_not_answered() -> None:
    app = app_of(native_row(), routes=routes_with(auth="query key", accepted_auth=[]))
    assert is_not_on_record(post(NATIVE, app, headers={"x-goog-api-key": KEY}, json=NATIVE_BODY))


def test_facts_of_today_do_not_change_what_the_record_answers() -> None:
    models = {**FACTS["models"], "nano-banana": {"title": "N", "upstream": "other"}}
    endpoints = {**FACTS["endpoints"], "nano-banana/generate-content": {"body": {}}}
    auth = "bearer"
    routes = routes_with(request="POST /v2/{upstream}", protocol="openai-images", auth=auth)
    app = app_of(native_row(), models=models, endpoints=endpoints, routes=routes)
    assert send_native(app).content == send_native().content
    moved = post("/v2/m", app, headers=BEARER, json={**NATIVE_BODY, "model": "m"})
    assert is_not_on_record(moved), "a path that only today's routes have"


def test_a_row_outlives_its_route_unless_its_shape_is_unknown() -> None:
    app = app_of(native_row(endpoint="nano-banana/gone"), images_row(endpoint="n/gone"))
    assert send_native(app).status_code == 200
    assert send_images(app, prompt=None).status_code == 400
    assert is_not_on_record(
        send_native(app_of(native_row(endpoint="nano-banana/gone", shape=None), endpoints={}))
    )


def test_an_image_without_a_recorded_shape_or_mime_is_a_png_in_the_protocols_first_shape() -> None:
    for mime in (None, "image/x-unheard-of"):
        reply = send_native(app_of(native_row(shape=None, mime=mime)))
        part = reply.json()["candidates"][0]["content"]["parts"][0]
        assert part["inlineData"]["mimeType"] == "image/png"


def test_the_newest_row_answers_unless_it_is_inconclusive_or_retracted() -> None:
    failed = native_row(outcome="error", shape=None, signatures=["get-channel-failed"])
    silent = native_row(outcome="inconclusive", reason="429", shape=None)
    assert send_native(app_of(native_row(), failed, silent)).status_code == 500
    assert send_native(app_of(failed, native_row(), silent)).status_code == 200
    assert is_not_on_record(send_native(app_of(silent, endpoints={})))
    assert is_not_on_record(send_native(app_of(native_row(retracted="wrong key"), endpoints={})))


def test_an_endpoint_that_nobody_observed_is_answered_as_documented() -> None:
    seen: list[Exchange] = []
    for rows in ([], [native_row(outcome="inconclusive", reason="429", shape=None)]):
        status = Status.model_validate({**FACTS, "observations": rows})
        assert send_native(create_app(status, on_exchange=seen.append)).status_code == 200
    assert {exchange.answered_from for exchange in seen} == {DOCUMENTED}
    routes = {"chat": {"request": "POST /v1/chat", "protocol": "openai-chat", "auth": "bearer"}}
    body = {"messages": [{"role": "user", "content": "pong"}], "stream": True}
    chat = {"routes": routes, "endpoints": {"nano-banana/chat": {"body": body}}}
    app = create_app(Status.model_validate({**FACTS, **chat, "observations": [], "holds": []}))
    reply = post("/v1/chat", app, headers=BEARER, json={"model": "nano-banana", **body})
    assert reply.headers["content-type"].startswith("text/event-stream")
    changed: dict[str, Any] = {"nano-banana/generate-content": {"body": {"contents": []}}}
    app = app_of(native_row(), endpoints=changed)
    assert is_not_on_record(post(f"{NATIVE}?key={KEY}", app, json={"contents": []}))


def test_a_mixed_row_fails_first_and_then_alternates_in_each_app_anew() -> None:
    mixed = native_row(outcome="mixed", signatures=["get-channel-failed"])
    for _ in range(2):
        app = app_of(mixed)
        assert [send_native(app).status_code for _ in range(4)] == [500, 200, 500, 200]


def test_an_error_without_a_text_on_record_says_so() -> None:
    error = error_of(send_native(app_of(native_row(outcome="error", shape=None))))
    assert error["code"] == "no_text_on_record"
    assert "no text of the failure" in error["message"]


def test_an_images_reply_counts_no_tokens() -> None:
    reply = send_images(app_of(images_row(outcome="output", shape="url", signatures=None)))
    assert list(reply.json()) == ["created", "data"]


@pytest.mark.parametrize(
    ("path", "headers", "code"),
    [
        (IMAGES, {}, "missing_key"),
        (IMAGES, {"Authorization": "Bearer "}, "missing_key"),
        (IMAGES, {"Authorization": "Bearer sk-wrong"}, "invalid_key"),
        (f"{IMAGES}?key={KEY}", {"x-api-key": KEY, "x-goog-api-key": KEY}, "missing_key"),
        (f"{NATIVE}?key=wrong", BEARER, "invalid_key"),
        (f"{NATIVE}?key={KEY}", {"x-goog-api-key": "wrong"}, "invalid_key"),
    ],
)
def test_a_missing_or_unknown_key_is_refused(path: str, headers: dict[str, str], code: str) -> None:
    reply = post(path, headers=headers, json=NATIVE_BODY)
    assert (reply.status_code, error_of(reply)["code"]) == (401, code)
    assert error_of(reply)["type"] == "authentication_error"


@pytest.mark.parametrize("value", [KEY, f"bearer {KEY}", f"Bearer sk-{KEY}"])
def test_a_bearer_key_may_have_its_prefixes_or_not(value: str) -> None:
    assert post(IMAGES, headers={"Authorization": value}, json=LEGACY).status_code == 400


def test_a_later_auth_method_overrides_an_earlier_one() -> None:
    wrong = {"Authorization": "Bearer wrong"}
    assert post(f"{NATIVE}?key={KEY}", headers=wrong, json=NATIVE_BODY).status_code == 200
    goog = {"x-goog-api-key": KEY}
    assert post(f"{NATIVE}?key=wrong", headers=goog, json=NATIVE_BODY).status_code == 200


def test_other_keys_can_be_valid() -> None:
    app = create_app(STATUS, keys=["sk-abc-def"])
    assert post(f"{NATIVE}?key=abc-def", app, json=NATIVE_BODY).status_code == 200
    assert send_native(app).status_code == 401


def test_the_record_can_add_an_auth_method_that_the_family_does_not_read() -> None:
    app = app_of(images_row(sent={**images_row()["sent"], "auth": "query key"}))
    assert post(f"{IMAGES}?key={KEY}", app, json=LEGACY).status_code == 400


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"\xff", b'{"model": NaN}', b"[" * 100_000, b'{"model": 3}']
)
def test_a_body_that_is_no_json_object_with_a_model_is_refused(content: bytes) -> None:
    headers = {**BEARER, "Content-Type": "application/json"}
    reply = post(IMAGES, headers=headers, content=content)
    assert reply.status_code == 400
    assert error_of(reply)["code"] == "invalid_body"


@pytest.mark.parametrize(
    ("path", "body"),
    [("/v1/chat/completions", {"messages": []}), ("/v1beta/models/:generateContent", NATIVE_BODY)],
)
def test_a_call_without_a_model_is_not_on_record(path: str, body: dict[str, Any]) -> None:
    assert is_not_on_record(post(f"{path}?key={KEY}", headers=BEARER, json=body))


def test_a_native_call_whose_body_is_no_json_is_not_on_record() -> None:
    reply = post(f"/v1beta/models/m:generateContent?key={KEY}", content=b"{")
    assert is_not_on_record(reply)


def test_a_body_whose_type_is_not_json_is_not_read() -> None:
    # As the gateway family does it: `curl -d` alone sends a form.
    content = json.dumps(LEGACY).encode()
    for kind in ({}, {"Content-Type": "application/x-www-form-urlencoded"}):
        reply = post(IMAGES, headers={**BEARER, **kind}, content=content)
        assert is_not_on_record(reply), kind
    said = {**BEARER, "Content-Type": "application/json; charset=utf-8"}
    assert not is_not_on_record(post(IMAGES, headers=said, content=content))


def test_a_body_of_any_depth_can_be_compared() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    index = ReplayIndex(STATUS, "production")
    assert (
        index.find(Called(f"POST {IMAGES}", ["bearer"], (), {"body": {**LEGACY, "n": deep}}))
        is None
    )


def test_a_lone_surrogate_in_a_model_is_not_on_record() -> None:
    headers = {**BEARER, "Content-Type": "application/json"}
    content = b'{"model": "\\ud800", "prompt": "..."}'
    assert is_not_on_record(post(IMAGES, headers=headers, content=content))


def test_a_body_over_the_limit_is_refused() -> None:
    seen: list[Exchange] = []
    app = create_app(STATUS, on_exchange=seen.append)
    reply = post(IMAGES, app, headers=BEARER, content=b" " * (BODY_LIMIT + 1))
    assert reply.status_code == 413
    assert error_of(reply)["code"] == "body_too_large"
    assert seen[0].request_body == b""
    assert post(IMAGES, headers=BEARER, content=b" " * BODY_LIMIT).status_code == 400


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", IMAGES),
        ("DELETE", NATIVE),
        ("POST", "/v1/images/generation"),
        ("GET", "/api/status"),
        ("GET", "/v1/models"),
        ("OPTIONS", IMAGES),
        ("GET", "/foo"),
        ("POST", "/"),
        ("GET", "/assets/x.js"),
        ("GET", "/simulated-media/dall-e-9.png"),
        ("POST", "/simulated-media/nano-banana.png"),
    ],
)
def test_an_unknown_path_or_method_is_refused_as_json(method: str, path: str) -> None:
    reply = call(create_app(STATUS), method, f"{path}?key={KEY}")
    assert reply.status_code == 404
    assert error_of(reply) == {
        "message": f"No such method and path: {method} {path}.",
        "type": "invalid_request_error",
        "code": "not_found",
    }


def test_the_root_is_a_page_that_says_that_it_is_simulated() -> None:
    reply = call(create_app(STATUS), "GET", "/")
    assert reply.status_code == 200
    assert reply.headers["content-type"].startswith("text/html")
    assert "Simulated gateway" in reply.text


def test_every_reply_has_a_request_id_and_is_marked_as_simulated() -> None:
    for reply in (send_native(), post(IMAGES), call(create_app(STATUS), "GET", "/v1/x")):
        assert reply.headers["x-trueup-mock"] == "simulated"
        assert re.fullmatch(r"[0-9a-f]{24}", reply.headers["x-request-id"])
        assert not [name for name in reply.headers if "api-" in name], "no header of a family"


@pytest.mark.parametrize("media_url", [f"https://{MEDIA_HOST}", None])
def test_a_linked_image_is_fetchable_without_a_key(media_url: str | None) -> None:
    app = create_app(STATUS, media_url=media_url)
    path = "/v1beta/models/gemini-2.5-flash-image-preview:generateContent"
    reply = post(f"{path}?key={KEY}", app, json=NATIVE_BODY).json()
    url = reply["candidates"][0]["content"]["parts"][0]["text"][len("![Image](") : -1]
    assert url == f"{media_url or SITE}/simulated-media/gemini-2.5-flash-image-preview.png"
    for extension, drawn in (("png", "PNG"), ("jpg", "JPEG")):
        image = call(app, "GET", url.replace("png", extension)).content
        assert Image.open(io.BytesIO(image)).format == drawn


@pytest.mark.parametrize(
    ("mime", "drawn"), [("image/jpeg", "JPEG"), ("image/webp", "WEBP"), ("image/new", "PNG")]
)
def test_a_picture_decodes_in_its_mime_and_differs_between_models(mime: str, drawn: str) -> None:
    pictures = [draw_picture(model, mime) for model in ("nano-banana", "nano-banana-2")]
    for content in pictures:
        image = Image.open(io.BytesIO(content))
        image.load()
        assert (image.format, image.size) == (drawn, (512, 256))
    assert pictures[0] != pictures[1]
    draw_picture.cache_clear()
    assert draw_picture("nano-banana", mime) == pictures[0]


@pytest.mark.parametrize("model", ["n", "long-name-" * 3, "W" * 999, "", "模型", "a\nb\x00"])
def test_a_name_of_any_length_leaves_the_margin_of_the_picture_free(model: str) -> None:
    image = Image.open(io.BytesIO(draw_picture(model, "image/png")))
    ground = image.getpixel((0, 0))
    edges = [image.crop((0, 0, 12, 256)), image.crop((500, 0, 512, 256))]
    assert all(edge.getcolors() == [(12 * 256, ground)] for edge in edges)


def exchange_of(method: str, path: str, **request: Any) -> Exchange:
    seen: list[Exchange] = []
    place_of = "status.yml: {0.endpoint}".format
    call(create_app(STATUS, on_exchange=seen.append, place_of=place_of), method, path, **request)
    (exchange,) = seen
    return exchange


def test_an_exchange_holds_the_request_and_the_reply() -> None:
    headers = {"Host": "CrazyRouter.com:443"}
    exchange = exchange_of(
        "POST", f"{NATIVE}?alt=&key={KEY}&b=%20c", headers=headers, json=NATIVE_BODY
    )
    assert (exchange.method, exchange.path) == ("POST", NATIVE)
    assert exchange.host == "crazyrouter.com:443"
    assert exchange.query == (("alt", ""), ("b", " c"))
    assert exchange.auth == ("query key",)
    assert json.loads(exchange.request_body) == NATIVE_BODY
    assert exchange.status == 404 and exchange.answered_from is None
    assert exchange.request_id


def test_an_exchange_names_the_row_by_the_callers_place_and_every_auth_method() -> None:
    headers = {**BEARER, "x-goog-api-key": KEY}
    exchange = exchange_of("POST", f"{IMAGES}?key={KEY}", headers=headers, json=LEGACY)
    assert exchange.auth == ("bearer", "query key", "header x-goog-api-key")
    assert exchange.answered_from == "status.yml: nano-banana/images-generations"
    exchange = exchange_of("POST", IMAGES, headers={"Authorization": KEY}, json=LEGACY)
    assert (exchange.auth, exchange.status) == (("header authorization",), 400), (
        "a key without its scheme is read"
    )


def test_the_fetch_of_an_image_is_an_exchange_too() -> None:
    exchange = exchange_of("GET", "/simulated-media/nano-banana.png")
    assert exchange.response_body == draw_picture("nano-banana", "image/png")
    assert (exchange.content_type, exchange.auth) == ("image/png", ())
    assert exchange.answered_from is None


@pytest.mark.parametrize("key", [KEY, "sk-a-secret-of-somebody"])
def test_no_key_is_ever_in_an_exchange(key: str) -> None:
    calls: list[tuple[str, dict[str, str]]] = [
        (f"{NATIVE}?key={key}&key={key}", {}),
        (f"{IMAGES}?key={key}&also={key}", {}),
        (f"/v1beta/models/{key}:generateContent?key={key}", {}),
        (NATIVE, {"x-goog-api-key": key}),
        (NATIVE, {"x-api-key": key}),
        (IMAGES, {"Authorization": f"Bearer {key}"}),
        (f"/v1/{key}", {"Authorization": key}),
    ]
    for path, headers in calls:
        for body in (NATIVE_BODY, {"model": key, "prompt": f"my key is {key}"}):
            text = repr(exchange_of("POST", path, headers=headers, json=body))
            assert key.removeprefix("sk-") not in text


def raw_statuses(app: ASGIApp, event: dict[str, Any], **scope: Any) -> list[int]:
    """Return the statuses that the app sends for the ASGI scope of a hostile client."""
    sent: list[int] = []
    whole: dict[str, Any] = {"type": "http", "method": "POST", "scheme": "https", "path": IMAGES}
    whole |= {"query_string": b"", "headers": [], "server": None, **scope}

    async def receive() -> dict[str, Any]:
        return event

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            sent.append(message["status"])

    async def serve() -> None:
        await app(whole, receive, send)

    asyncio.run(serve())
    return sent


@given(
    path=st.text().map(lambda text: f"/{text}"),
    query=st.binary(),
    value=st.binary(),
    method=st.text(min_size=1),
    body=st.binary(),
)
def test_no_request_raises(path: str, query: bytes, value: bytes, method: str, body: bytes) -> None:
    seen: list[Exchange] = []
    app = create_app(STATUS, on_exchange=seen.append)
    names = (b"host", b"authorization", b"x-goog-api-key", b"x-api-key", b"content-length")
    headers = [(name, value) for name in names]
    for line in ((method, path), ("POST", f"/v1beta/models{path}"), ("POST", IMAGES)):
        scope = {"method": line[0], "path": line[1], "query_string": query, "headers": headers}
        (status,) = raw_statuses(app, {"type": "http.request", "body": body}, **scope)
        assert status in (200, 400, 401, 404)
    assert len(seen) == 3


@pytest.mark.parametrize("server", [("127.0.0.1", 8080), ("/tmp/socket", None)])
def test_malformed_escapes_and_a_server_without_a_port_are_no_error(server: Any) -> None:
    query = b"key=%zz%&%%=&&=&%FF"
    event = {"type": "http.request", "body": b"{}"}
    assert raw_statuses(create_app(STATUS), event, query_string=query, server=server) == [401]


def test_a_client_that_leaves_gets_no_answer_and_leaves_no_exchange() -> None:
    seen: list[Exchange] = []
    app = create_app(STATUS, on_exchange=seen.append)
    for gateway in (app, Faulty(app, ["html-502"])):
        assert raw_statuses(gateway, {"type": "http.disconnect"}) == []
    assert seen == []
