"""Dependencies: a receipt is used again only where a fresh run would give the same one, and a block
is run again only where it would not."""

import asyncio
import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from trueup.errors import BadStatus
from trueup.exchange import Exchange
from trueup.mock import MEDIA_HOST, create_app
from trueup.sandbox import CompletedBlock, Limits, Sandbox
from trueup.sandbox.contract import NOTHING
from trueup.site import Block
from trueup.snippet import Fence
from trueup.status_file import Stored, parse_status
from trueup.verify.block_receipt import BlockReceipt
from trueup.verify.cache import Cache
from trueup.verify.pool import Pool
from trueup.verify.run import ExchangeLog, Harness

NOW = datetime(2026, 4, 20, tzinfo=UTC)
TODAY = NOW.date()
DAY = "2026-04-01"
LIMITS = Limits()
URL, HOST = "https://gateway.example.com", "gateway.example.com"
SQUARE = b"\x89PNG\r\n\x1a\n square"
NATIVE = "POST /v1beta/models/a:generateContent"
IMAGES, CHAT, JOBS = "POST /v1/images/generations", "POST /v1/chat/completions", "POST /v1/jobs"
PROMPT = {"prompt": "A kiwi"}
PARTS = {"contents": [{"role": "user", "parts": [{"text": "Answer: pong"}]}]}
TALK = {"messages": [{"role": "user", "content": "Answer: pong"}]}
Data = dict[str, Any]


def row(endpoint: str, request: str, body: Any = None, **fields: Any) -> Data:
    sent = {"base_url": URL, "request": request, "auth": "bearer"}
    sent |= {key: fields.pop(key) for key in ("form", "poll", "headers", "auth") if key in fields}
    if body is not None:
        sent["body"] = body
    source = {"reported": "the team"}
    made = {"endpoint": endpoint, "target": "production", "sent": sent, "outcome": "output"}
    return {"at": DAY, **made, "source": source, **fields}


def signature(match: str) -> Data:
    return {"match": match, "cause": "x", "replay": {"status": 400, "message": f"so: {match}!"}}


def data() -> Data:
    """A status file with each kind of row, route and reply."""
    task = {"id": "/id", "poll": "GET /v1/jobs/{task_id}", "state": "/state", "done": ["ok"]}
    part = {"file": "square.png", "mime": "image/png", "sha256": sha256(SQUARE).hexdigest()}
    form, form_of_a = {"image": part, **PROMPT}, {"model": "a", "image": part, "prompt": None}
    poll = {"poll": task["poll"]}
    names = ("a", "b", "c", "d", "e", "f")
    bearer = {"auth": "bearer"}
    return {
        "version": 2,
        "policy": {"reported_until": "2026-04-19"},
        "targets": {
            "production": {"base_url": URL, "reference": True},
            "local": {"base_url": "http://localhost:4000"},
        },
        "routes": {
            "images": {"request": IMAGES, "protocol": "openai-images", **bearer},
            "pictures": {"request": IMAGES, "protocol": "openai-images", **bearer},
            "edits": {"request": "POST /v1/images/edits", "protocol": "openai-images", **bearer},
            "chat": {"request": CHAT, "protocol": "openai-chat", **bearer},
            "native": {
                "request": "POST /v1beta/models/{model}:generateContent",
                "protocol": "gemini",
                **bearer,
            },
            "jobs": {
                "request": JOBS,
                "protocol": "task",
                **bearer,
                "task": {**task, "output": "/url", "kind": "video"},
            },
            "rates": {
                "request": "GET /v1/rates",
                "protocol": "json",
                "auth": "query token",
                "output": {"pointer": "/rates", "schema": "rates.json"},
            },
        },
        "signatures": {"no-channel": signature("no channel"), "no-quota": signature("no quota")},
        "models": {name: {"title": f"Model {name}", "family": "one"} for name in names},
        "endpoints": {
            **{f"{name}/images": {"body": PROMPT} for name in ("a", "b", "c", "d")},
            "a/pictures": {"body": PROMPT},
            "a/edits": {"form": form},
            "a/native": {"body": PARTS},
            **{f"{name}/chat": {"body": TALK} for name in ("a", "b", "e", "f")},
            **{f"{name}/jobs": {"body": PROMPT} for name in ("a", "b")},
            "-/rates": {},
        },
        "mappings": [],
        "holds": [],
        "observations": [
            row("a/images", IMAGES, {"model": "a", **PROMPT}, shape="b64-json"),
            row("b/images", IMAGES, {"model": "b", **PROMPT}, shape="url", mime="image/png"),
            row("a/pictures", IMAGES, {"model": "a", **PROMPT}, shape="b64-json"),
            row("d/images", IMAGES, {"*": None}, outcome="error"),
            row("a/edits", "POST /v1/images/edits", None, form=form_of_a),
            row("a/chat", CHAT, {"model": "a", **TALK}, outcome="error", signatures=["no-channel"]),
            row("b/chat", CHAT, {"model": "b", **TALK}, outcome="mixed", signatures=["no-quota"]),
            row("a/jobs", JOBS, {"model": "a", "prompt": None}, **poll),
            row("-/rates", "GET /v1/rates", auth="query token"),
            row("a/images", IMAGES, {"model": "a", **PROMPT}, target="local", shape="url"),
            row("a/native", NATIVE, PARTS),
        ],
    }


def block(endpoint: str, call: str, body: Any = None, **more: Any) -> Block:
    text = json.dumps({"call": call, "body": body, **more})
    return Block("a", 1, "bash", text, f"{endpoint}--curl", endpoint)


def with_model(model: str, body: Data) -> Data:
    return {"model": model, **body}


BLOCKS = {
    **{f"{n} images": block(f"{n}/images", IMAGES, with_model(n, PROMPT)) for n in "abcd"},
    "a pictures": block("a/pictures", IMAGES, with_model("a", PROMPT)),
    "a edits": block("a/edits", "POST /v1/images/edits", {"model": "a", **PROMPT}, form=True),
    **{f"{n} chat": block(f"{n}/chat", CHAT, with_model(n, TALK)) for n in "abef"},
    **{f"{n} jobs": block(f"{n}/jobs", JOBS, with_model(n, PROMPT), poll=True) for n in "ab"},
    "a native": block("a/native", NATIVE, PARTS),
    "rates": block("-/rates", "GET /v1/rates?token=YOUR_API_KEY"),
    "d images, not typed as JSON": block("d/images", IMAGES, {"model": "d"}, type="text/plain"),
    "d images, of another model": block("d/images", IMAGES, with_model("b", PROMPT)),
    "d images, with no model": block("d/images", IMAGES, PROMPT),
    "f chat, as e": block("f/chat", CHAT, with_model("e", TALK)),
    "a chat, with its key twice": block("a/chat", CHAT, with_model("a", TALK), twice=True),
}
NEVER = {"d images, of another model", "f chat, as e", "a chat, with its key twice"}
"""Blocks that fail, for which no receipt is kept."""


class Direct(Sandbox):
    """A sandbox whose blocks are calls in JSON, sent to a new mock of their own."""

    containment = "none"

    def __init__(self, stored: Stored, log: ExchangeLog[Exchange]) -> None:
        self._stored, self._log = stored, log

    def run(
        self,
        language: Fence,
        source: bytes,
        limits: Limits = LIMITS,
        given: Mapping[str, bytes] = NOTHING,
    ) -> CompletedBlock:
        app = create_app(
            self._stored.status,
            media_url=f"https://{MEDIA_HOST}",
            on_exchange=self._log.append,
            place_of=lambda row: str(self._stored.place_of(row)),
        )
        asyncio.run(self._call(httpx.ASGITransport(app), json.loads(source), given))
        return CompletedBlock(0, None, b"", b"", 1, {}, ())

    async def _call(
        self, transport: httpx.ASGITransport, call: Data, given: Mapping[str, bytes]
    ) -> None:
        method, path = call["call"].split(" ")
        is_keyed = "?" not in path
        headers = {"authorization": "Bearer YOUR_API_KEY"} if is_keyed else {}
        if call.get("twice"):
            headers["x-api-key"] = "another"
        sent: Data = {}
        if call.get("form"):
            files = [("image", (name, one, "image/png")) for name, one in given.items()]
            sent = {"data": call["body"], "files": files}
        elif call["body"] is not None:
            kind = call.get("type", "application/json")
            sent = {"content": json.dumps(call["body"])}
            headers["content-type"] = kind
        async with httpx.AsyncClient(transport=transport, base_url=URL, headers=headers) as client:
            reply = await client.request(method, path, **sent)
            if call.get("poll") and reply.is_success:
                reply = await client.get(f"/v1/jobs/{reply.json()['id']}", headers=headers)


@contextmanager
def direct(stored: Stored) -> Iterator[Harness]:
    log = ExchangeLog[Exchange]()
    hosts = frozenset({MEDIA_HOST})
    url = stored.status.targets[stored.status.reference].base_url
    sandbox = Direct(stored, log)
    yield Harness(
        stored.status.reference,
        url,
        url.partition("//")[2],
        True,
        sandbox,
        hosts,
        log=log,
        form_files=stored.form_files,
    )


@pytest.fixture(scope="module")
def top(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The top of a repository whose status file names files."""
    made = tmp_path_factory.mktemp("top")
    files = made / "snippets" / "files"
    files.mkdir(parents=True)
    (files / "square.png").write_bytes(SQUARE)
    for number, least in enumerate((1, 2)):
        schema = {"type": "object", "properties": {"EUR": {"minimum": least}}}
        (files / ("rates.json", "others.json")[number]).write_text(json.dumps(schema))
    return made


def stored_at(status: Data, top: Path, before: str = "") -> Stored:
    text = re.sub(r'"(2026-\d\d-\d\d)"', r"\1", json.dumps(status, indent=1))
    return parse_status(before + text, "status.yml", NOW, top=top)


def receipts(stored: Stored, file: Path | None = None) -> dict[str, BlockReceipt]:
    """The receipts of the blocks by their names, from a cache's file where one is given."""
    kept = Cache(file, stored, ["engine"]) if file else None
    report = Pool(partial(direct, stored), 1, kept).verify([*BLOCKS.values()], stored, TODAY)
    return dict(zip(BLOCKS, report.receipts, strict=True))


def plain(receipt: BlockReceipt) -> BlockReceipt:
    """A receipt without what differs from run to run."""
    return replace(receipt, reused=False, duration_ms=0, request_id=None)


@pytest.fixture(scope="module")
def first(top: Path) -> bytes:
    """The content of a cache's file after a first run."""
    file = top / "receipts.json"
    made = receipts(stored_at(data(), top), file)
    failed = {name for name, receipt in made.items() if not receipt.passed}
    assert failed == NEVER, {name: made[name].reasons for name in failed}
    return file.read_bytes()


def run_again(stored: Stored, top: Path, first: bytes) -> set[str]:
    """Return the blocks that are run again; those that are not have the receipt of a new run."""
    file = top / "again.json"
    file.write_bytes(first)
    again, fresh = receipts(stored, file), receipts(stored)
    for name in BLOCKS:
        assert plain(again[name]) == plain(fresh[name]), name
    return {name for name in BLOCKS if not again[name].reused} - NEVER


def test_a_block_that_sends_the_request_of_another_endpoint_without_rows_fails(top: Path) -> None:
    failed = receipts(stored_at(data(), top))["f chat, as e"]
    assert failed.documented and failed.reasons == (
        "the request differs from the endpoint's own, which nobody has observed:"
        ' body.model: recorded "f", now "e"',
    )


def all_but(*names: str) -> set[str]:
    return {*BLOCKS} - NEVER - {*names}


def matching(*ends: str) -> set[str]:
    return {name for name in {*BLOCKS} - NEVER if any(end in name for end in ends)}


def added(status: Data, *rows: Data) -> None:
    status["observations"] += rows


def changed(data: Any, *keys: str | int, **values: Any) -> None:
    for key in keys:
        data = data[key]
    data.update(values)


A_IMAGES = {"a images", "a pictures"}
OPEN = {"d images", "d images, not typed as JSON", "d images, with no model"}
"""Blocks of an endpoint whose row has no model, so that any row of the path may answer them."""
PICTURE = {"generationConfig": {"responseModalities": ["IMAGE"]}}
SIZED = {"model": "b", "size": "1K", **PROMPT}
CHANGES: dict[str, tuple[Callable[[Data], object], set[str]]] = {
    "a row of an endpoint": (
        lambda s: added(s, row("b/images", IMAGES, SIZED, shape="url")),
        {"b images"} | OPEN,
    ),
    "a row of a model on another path": (
        lambda s: added(s, row("b/chat", CHAT, with_model("b", TALK))),
        {"b chat"},
    ),
    "a row of an endpoint that shares its requests": (
        lambda s: added(s, row("a/pictures", IMAGES, with_model("a", PROMPT), shape="url")),
        A_IMAGES | OPEN,
    ),
    "a row without a model, which may answer any": (
        lambda s: added(s, row("d/images", IMAGES, {"size": "1K", "*": None}, outcome="error")),
        matching("images", "pictures"),
    ),
    "the first row of an endpoint": (
        lambda s: added(s, row("e/chat", CHAT, with_model("e", TALK))),
        {"e chat"},
    ),
    "a row at another target, with a shape that is known": (
        lambda s: added(s, {**row("a/images", IMAGES, SIZED, shape="url"), "target": "local"}),
        set(),
    ),
    "a row at another target, by whose shape a reply is read": (
        lambda s: added(s, row("a/native", NATIVE, PARTS, target="local", shape="inline-data")),
        {"a native"},
    ),
    "the body of an endpoint, by which a reply is read": (
        lambda s: changed(s, "endpoints", "a/native", body={**PARTS, **PICTURE}),
        {"a native"},
    ),
    "a row with another auth method": (
        lambda s: added(s, row("b/chat", CHAT, {"model": "b"}, auth="header x-api-key")),
        matching("chat"),
    ),
    "an inconclusive row": (
        lambda s: added(
            s, row("b/images", IMAGES, SIZED, outcome="inconclusive", reason="x", kind="overloaded")
        ),
        set(),
    ),
    "a retracted row": (
        lambda s: changed(s, "observations", 1, retracted="wrong"),
        {"b images"} | OPEN,
    ),
    "the date of a row": (lambda s: changed(s, "observations", 0, at="2026-04-02"), set()),
    "what a person notes of a row": (
        lambda s: changed(s, "observations", 0, note="x", billing="aligned", group="vip"),
        set(),
    ),
    "a row that is a sample": (lambda s: changed(s, "observations", 0, sample=True), set()),
    "the order of rows of endpoints that share nothing": (
        lambda s: s["observations"].insert(0, s["observations"].pop(6)),
        set(),
    ),
    "the shape of a row": (
        lambda s: changed(s, "observations", 1, shape="b64-json"),
        {"b images"} | OPEN,
    ),
    "the media type of a row": (
        lambda s: changed(s, "observations", 1, mime="image/webp"),
        {"b images"} | OPEN,
    ),
    "the signature of a row": (
        lambda s: changed(s, "observations", 5, signatures=["no-quota"]),
        {"a chat"},
    ),
    "what a signature replies": (
        lambda s: changed(s, "signatures", "no-quota", "replay", status=429),
        matching("chat", "b jobs", "c images") | OPEN,
    ),
    "the cause of a signature": (lambda s: changed(s, "signatures", "no-quota", cause="y"), set()),
    "the policy": (lambda s: changed(s, "policy", confirm_after=2, fresh_for="9d"), set()),
    "a hold": (
        lambda s: s["holds"].append(
            {"endpoint": "a/*", "to": "not-recommended", "reason": "x", "by": "y", "on": DAY}
        ),
        set(),
    ),
    "a title, a family and a price": (
        lambda s: changed(s, "models", "a", title="x", family="two", price=3),
        set(),
    ),
    "another model": (lambda s: changed(s, "models", z={"title": "z"}), set()),
    "another endpoint": (
        lambda s: s["endpoints"].update({"c/chat": {"body": TALK}}),
        set(),
    ),
    "an endpoint that shares the request of one without rows": (
        lambda s: s["endpoints"].update({"c/pictures": {"body": PROMPT}}),
        {"c images"} | OPEN,
    ),
    "the body of an endpoint without rows": (
        lambda s: changed(s, "endpoints", "c/images", body={**PROMPT, "n": 1}),
        {"c images"} | OPEN,
    ),
    "an auth method that a route accepts": (
        lambda s: changed(s, "routes", "chat", accepted_auth=["header x-api-key"]),
        matching("chat"),
    ),
    "the headers of a route": (
        lambda s: changed(s, "routes", "rates", headers={"x-version": "1"}),
        {"rates"},
    ),
    "the pointers of a route's errors": (
        lambda s: changed(s, "routes", "rates", errors=["/fault"]),
        {"rates"},
    ),
    "the state of a task": (
        lambda s: changed(s, "routes", "jobs", "task", done=["good"]),
        matching("jobs"),
    ),
    "the file of a route": (
        lambda s: changed(s, "routes", "rates", "output", schema="others.json"),
        {"rates"},
    ),
    "the title of a route": (lambda s: changed(s, "routes", "chat", title="x"), set()),
    "the pointers of a target's errors": (
        lambda s: changed(s, "targets", "production", errors=["/fault"]),
        all_but(),
    ),
    "a target's ledger": (lambda s: changed(s, "targets", "production", ledger="new-api"), set()),
    "another target": (lambda s: changed(s, "targets", other={"base_url": URL + ":8"}), set()),
    "a skip": (
        lambda s: changed(s, "endpoints", "a/edits", skip={"reason": "x", "until": "2026-04-20"}),
        {"a edits"},
    ),
    "a skip that is over": (
        lambda s: changed(s, "endpoints", "a/edits", skip={"reason": "x", "until": "2026-04-19"}),
        set(),
    ),
}
"""Changes of a status file, and the blocks that are run again after each."""


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_makes_only_those_blocks_run_again_that_depend_on_it(
    name: str, top: Path, first: bytes
) -> None:
    status = data()
    change, expected = CHANGES[name]
    change(status)
    assert run_again(stored_at(status, top), top, first) == expected


def test_no_block_is_run_again_when_nothing_or_only_a_line_changed(top: Path, first: bytes) -> None:
    for before in ("", "# a line\n" * 10):
        assert run_again(stored_at(data(), top, before), top, first) == set()


def test_a_block_is_run_again_when_a_file_that_it_depends_on_changed(
    top: Path, first: bytes
) -> None:
    for name, expected in (("square.png", {"a edits"}), ("rates.json", {"rates"})):
        status, file = data(), top / "snippets" / "files" / name
        before = file.read_bytes()
        file.write_bytes(before + b" ")
        if name == "square.png":
            own = status["endpoints"]["a/edits"]["form"]
            own["image"] = {**own["image"], "sha256": sha256(before + b" ").hexdigest()}
        try:
            assert run_again(stored_at(status, top), top, first) == expected
        finally:
            file.write_bytes(before)


parts = st.sampled_from(["a", "b", "c", "d", "e", "f"])
bodies: st.SearchStrategy[Data] = st.sampled_from(
    [PROMPT, TALK, {}, {"prompt": None}, {"*": None}, {"size": "1K", "*": None}, {"n": 1}]
)
models: st.SearchStrategy[Data] = st.sampled_from(
    [{}, {"model": None}, *({"model": name} for name in "abcde")]
)
facts: st.SearchStrategy[Data] = st.fixed_dictionaries(
    {"outcome": st.sampled_from(["output", "error", "mixed"])},
    optional={
        "signatures": st.sampled_from([["no-quota"], ["no-channel"]]),
        "shape": st.sampled_from(["url", "b64-json", "message", "link"]),
        "variant": st.just("big"),
        "target": st.just("local"),
        "auth": st.sampled_from(["header x-api-key", "none"]),
        "retracted": st.just("wrong"),
    },
)
requests = st.sampled_from([IMAGES, CHAT, JOBS, "POST /v1/images/edits", "GET /v1/rates"])


@st.composite
def edits(draw: st.DrawFn) -> Callable[[Data], object]:
    """An edit of a status file: a row added, changed, removed or moved, or a fact of another."""
    kind = draw(st.sampled_from(["add", "add", "remove", "move", "change", "table"]))
    if kind == "table":
        return CHANGES[draw(st.sampled_from(sorted(CHANGES)))][0]
    at, to = draw(st.integers(0, 9)), draw(st.integers(0, 9))
    endpoint = f"{draw(parts)}/{draw(st.sampled_from(['images', 'chat', 'jobs', 'pictures']))}"
    made = row(endpoint, draw(requests), {**draw(models), **draw(bodies)}, **draw(facts))

    def edit(status: Data) -> None:
        rows = status["observations"]
        status["endpoints"].setdefault(endpoint, {"body": TALK if "chat" in endpoint else PROMPT})
        if "variant" in made:
            changed(status, "endpoints", endpoint, variants={"big": {"title": "big"}})
        if kind == "add":
            rows.insert(to + 1, made)
        elif kind == "change":
            rows[at % len(rows)] = {**made, "endpoint": rows[at % len(rows)]["endpoint"]}
        elif kind == "move":
            rows.insert(to, rows.pop(at % len(rows)))
        else:
            del rows[at % len(rows)]

    return edit


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(edits(), min_size=1, max_size=3))
def test_a_receipt_that_is_used_again_is_that_of_a_fresh_run(
    top: Path, first: bytes, several: list[Callable[[Data], object]]
) -> None:
    status = data()
    for edit in several:
        edit(status)
    try:
        stored = stored_at(status, top)
    except BadStatus:
        assume(False)
    run_again(stored, top, first)
