"""A task: created once, polled on the same host, fetched, and never submitted again."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
import recorder
from drawn import decode_here
from recorder import assert_formatted
from status_sample import NOW, TEXT, parsed, refused
from test_mock import call
from test_verify import CURLED, harness_of

from trueup.check.status_claims import check_status
from trueup.evidence import assess
from trueup.exchange import Exchange
from trueup.mock.replay_index import ReplayIndex
from trueup.mock.simulated_file import simulated_file
from trueup.protocols import PROTOCOLS, TaskOutput
from trueup.receipts.retest_receipt import Attempt, RetestReceipt, row_of
from trueup.relay import Budget, Journal, create_relay
from trueup.request import protocol_of, request_of
from trueup.retest.plan import Probe, plan
from trueup.retest.rehearsal import open_rehearsal
from trueup.retest.session import Session
from trueup.site import Block
from trueup.snippet import Snippets, render_snippet
from trueup.status_file import Stored
from trueup.verify.judge import verify_block
from trueup.verify.reply_verdict import ReplyVerdict, polls_in, read_run, request_sent
from trueup.verify.run import Run, open_mock

server, gateway, node_run = recorder.server, recorder.gateway, recorder.node_run
TOP = Path(__file__).parents[1]
TODAY = date(2026, 5, 1)
ENDPOINT = "nano-banana/videos"
POLL = "GET /v1/videos/{task_id}"
ROUTE = f"""\
  videos:
    request: POST /v1/videos
    protocol: task
    auth: bearer
    task:
      id: /task_id
      poll: {POLL}
      state: /data/status
      done: [SUCCESS]
      failed: [FAILURE]
      output: /data/url
      kind: video
      error: /data/fail_reason
signatures:
  no"""
STATED = TEXT.replace("signatures:\n  no", ROUTE).replace(
    "mappings:", f"  {ENDPOINT}:\n    body: {{prompt: a boat}}\nmappings:"
)
STORED = parsed(STATED)
ROW = f"""\
  - at: 2026-04-14
    endpoint: {ENDPOINT}
    target: production
    sent:
      base_url: https://example.com
      request: POST /v1/videos
      auth: bearer
      body: {{model: nano-banana, prompt: a boat}}
      poll: {POLL}
    outcome: output
    shape: link
    source: {{reported: a page}}
"""


def exchange(method: str, path: str, status: int, body: Any, **fields: Any) -> Exchange:
    content = json.dumps(body).encode()
    sent = b'{"model": "nano-banana", "prompt": "a boat"}' if method == "POST" else b""
    made = Exchange(
        method, "example.com", path, (), ("bearer",), sent, status, "application/json", content
    )
    return replace(made, request_type="application/json", **fields)


CREATED = exchange("POST", "/v1/videos", 200, {"task_id": "a/b"})
PATH = "/v1/videos/a/b"


def polled(state: Any, status: int = 200, **data: Any) -> Exchange:
    return exchange("GET", PATH, status, {"data": {"status": state, **data}})


def verdict_on(*exchanges: Exchange, stored: Stored = STORED) -> ReplyVerdict:
    harness = replace(
        harness_of(CURLED, exchanges, replays=False), target="production", gateway="example.com"
    )
    return read_run(Run(CURLED, exchanges), ENDPOINT, stored.status, harness)


LINK = "https://media.example/a.mp4"
DONE = polled("SUCCESS", url=LINK)


@pytest.mark.parametrize(
    ("exchanges", "outcome", "text"),
    [
        ([CREATED, DONE], "output", LINK),
        ([CREATED, polled("RUNNING"), polled("RUNNING"), DONE], "output", LINK),
        ([CREATED, polled("FAILURE", fail_reason="no channel")], "error", "no channel"),
        ([CREATED, polled("SUCCESS", message="gone")], "error", "no video in the reply: gone"),
        ([exchange("POST", "/v1/videos", 500, {"message": "down"})], "error", "down"),
        ([exchange("POST", "/v1/videos", 200, {"message": "full"})], "error", "full"),
        ([exchange("POST", "/v1/videos", 200, {"task_id": ".."})], "error", "no task in the reply"),
        ([CREATED, polled("SUCCESS", 404)], "error", "SUCCESS"),
        ([CREATED, polled("RUNNING")], "inconclusive", "still RUNNING at the last poll"),
        ([CREATED], "inconclusive", "it was not polled"),
        ([CREATED, polled("SUCCESS", 429)], "inconclusive", "not about the route"),
        ([CREATED, replace(DONE, path="/v1/videos/other")], "inconclusive", "not polled"),
        ([CREATED, replace(DONE, auth=())], "inconclusive", "not polled"),
    ],
)
def test_a_task_is_read_from_its_creation_and_its_last_poll(
    exchanges: Sequence[Exchange], outcome: str, text: str
) -> None:
    found = verdict_on(*exchanges)
    assert found.outcome == outcome and found.exchange == exchanges[0]
    assert text in (found.reply.url or found.reply.error or found.inconclusive or "")
    if text == "no channel":
        assert found.signatures == ("no-channel",)


FETCH = "GET /v1/videos/{task_id}/content"
FETCHING = STATED.replace("output: /data/url", f"output: {FETCH}")
FETCHED = ROW.replace("shape: link", "shape: content").replace(
    f"poll: {POLL}", f"poll: {POLL}\n      fetch: {FETCH}"
)
FILM = simulated_file("video", "", "video/mp4").content
PAGE = b"<!doctype html><title>Bad gateway</title>"


def content(status: int, body: bytes) -> Exchange:
    reply = exchange("GET", f"{PATH}/content", status, {})
    return replace(reply, response_body=body, content_type="video/mp4")


@pytest.mark.parametrize(
    ("exchanges", "outcome", "text"),
    [
        ([DONE, content(200, FILM)], "output", ""),
        ([DONE, content(200, b'{"error": {"message": "gone"}}')], "error", "gone"),
        ([DONE, content(404, b'{"detail": "no such film"}')], "error", "no such film"),
        ([DONE, content(200, b"\0\0\0\x18ftypmp42")], "error", "does not decode"),
        ([DONE, content(200, PAGE)], "inconclusive", "not a reply of the gateway itself"),
        ([DONE, content(401, b'{"detail": "expired"}')], "inconclusive", "about the key"),
        ([DONE], "inconclusive", "the task was done, and its output was not fetched"),
        ([polled("RUNNING")], "inconclusive", "still RUNNING at the last poll"),
        ([polled("FAILURE", fail_reason="no channel")], "error", "no channel"),
        ([DONE, replace(content(200, FILM), auth=())], "inconclusive", "was not fetched"),
    ],
)
def test_an_output_that_the_route_fetches_is_read_from_its_own_reply(
    exchanges: Sequence[Exchange], outcome: str, text: str
) -> None:
    stored, run = parsed(FETCHING), Run(CURLED, (CREATED, *exchanges))
    harness = replace(harness_of(CURLED, run.exchanges, replays=False), target="production")
    harness = replace(harness, gateway="example.com", decode=decode_here)
    verdict = read_run(run, ENDPOINT, stored.status, harness)
    assert verdict.outcome == outcome, verdict
    assert text in (verdict.reply.error or verdict.inconclusive or "")
    assert (verdict.content == FILM) == (outcome == "output")
    sent = request_sent(run, ENDPOINT, stored.status, harness)
    is_fetched = len(exchanges) == 2 and exchanges[1].auth
    assert sent is not None and sent.fetch == (FETCH if is_fetched else None)


@pytest.mark.parametrize(
    "kind",
    ["text", *(pytest.param(kind, marks=pytest.mark.long) for kind in ("json", "image", "file"))],
)
def test_an_output_of_each_kind_is_fetched(kind: str) -> None:
    auth = "query key" if kind == "json" else "bearer"
    text = FETCHING.replace("task\n    auth: bearer", f"task\n    auth: {auth}")
    text = text.replace("{task_id}/content", "content?of={task_id}")
    stored = parsed(text.replace("kind: video", f"kind: {kind}"))
    assert_formatted(render_snippet(stored.status, ENDPOINT, "python", TOP / "snippets"))
    with open_mock(stored) as mock:
        for block in blocks_of(stored):
            receipt = verify_block(block, ("page",), stored, mock, TODAY)
            assert (receipt.reasons, receipt.shape) == ((), "content")


@pytest.mark.parametrize("language", ["python", "javascript"])
@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (FILM, ""),
        (b'{"detail": "no such film"}', "no such film"),
        (b"[]", "[]"),
        (PAGE, "HTTP 200 without a JSON body"),
        (b" \n", "HTTP 200 without a JSON body"),
    ],
    ids=["film", "error", "list", "page", "nothing"],
)
def test_a_block_reads_what_it_fetches_as_the_engine_does(
    body: bytes,
    reason: str,
    language: str,
    gateway: recorder.Gateway,
    request: pytest.FixtureRequest,
    tmp_path: Path,
) -> None:
    created = b'{"task_id": "a", "data": {"status": "SUCCESS"}}'
    links = {"/v1/videos/a/content": ("video/mp4", body)}
    gateway.answer = recorder.Answer(created, links=links)
    stored = parsed(FETCHING)
    read = protocol_of(stored.status, ENDPOINT)
    assert isinstance(read, TaskOutput)
    found = read.read_fetched(200, body, "video/mp4")
    assert (found.content, (found.error or "").split("reply: ")[-1]) == (
        None if reason else FILM,
        reason,
    )
    text = render_snippet(stored.status, ENDPOINT, language, TOP / "snippets").text
    text = text.replace("https://example.com", gateway.base_url)
    ended = recorder.run_of(language, request)(text, tmp_path)
    if reason:
        assert (ended.stderr, ended.files) == (f"nano-banana: no output: {reason}\n", {})
    else:
        assert ended.files == {"nano-banana.mp4": FILM}


def test_a_changed_fetch_is_found_with_both_places() -> None:
    stored = parsed(FETCHING.replace("/content", "/film") + FETCHED)
    found = check_status(stored, assess(stored.status), TOP, TODAY)
    (line,) = [str(one) for one in found if "fetch" in str(one)]
    now = FETCH.replace("/content", "/film")
    assert "status.yml:25:" in line and f"recorded {FETCH}, now {now}" in line


def test_the_record_holds_both_ends() -> None:
    harness = replace(harness_of(CURLED, ()), target="production", gateway="example.com")
    run = Run(CURLED, (CREATED, polled("RUNNING"), DONE))
    sent = request_sent(run, ENDPOINT, STORED.status, harness)
    assert sent is not None and (sent.request, sent.poll) == ("POST /v1/videos", POLL)
    assert sent.poll == request_of(STORED.status, ENDPOINT, "production").poll


def blocks_of(stored: Stored) -> list[Block]:
    return [
        Block("page", 1, one.language.fence, one.text, one.id, one.endpoint)
        for one in Snippets(stored.status, TOP / "snippets").all()
        if one.endpoint == ENDPOINT
    ]


def test_its_blocks_pass_as_documented_and_as_recorded() -> None:
    blocks = blocks_of(STORED)
    assert [block.language for block in blocks] == ["python", "javascript"]
    recorded = parsed(STATED + ROW)
    for stored, is_documented in ((STORED, True), (recorded, False)):
        with open_mock(stored) as mock:
            receipts = [verify_block(block, ("page",), stored, mock, TODAY) for block in blocks]
        assert [(one.reasons, one.passed, one.documented) for one in receipts] == [
            ((), True, is_documented)
        ] * 2
    for stored, is_documented in ((parsed(FETCHING), True), (parsed(FETCHING + FETCHED), False)):
        with open_mock(stored) as mock:
            receipts = [
                verify_block(block, ("page",), stored, mock, TODAY) for block in blocks_of(stored)
            ]
        assert [(one.reasons, one.passed, one.documented) for one in receipts] == [
            ((), True, is_documented)
        ] * 2
    drifted = parsed(STATED + ROW.replace("videos/{task_id}", "tasks/{task_id}"))
    with open_mock(drifted) as mock:
        receipt = verify_block(blocks[0], ("page",), drifted, mock, TODAY)
    assert any(
        f"poll: recorded GET /v1/tasks/{{task_id}}, now {POLL}" in one for one in receipt.reasons
    )


def test_each_endpoint_that_nobody_observed_has_a_task_of_its_own() -> None:
    other = ENDPOINT.replace("nano-banana", "other")
    stored = parsed(
        STATED.replace(
            f"  {ENDPOINT}:", f"  {other}: {{body: {{prompt: x}}}}\n  {ENDPOINT}:"
        ).replace("models:\n", "models:\n  other: {title: Other}\n")
    )
    tasks = [one for one in ReplayIndex(stored.status, "production").rows if one.sent.poll]
    assert {one.row.endpoint for one in tasks} == {ENDPOINT, other}
    assert len({one.task_id for one in tasks}) == 2


def test_a_changed_poll_path_is_found_with_both_places() -> None:
    stored = parsed(STATED.replace("videos/{task_id}", "jobs/{task_id}") + ROW)
    found = check_status(stored, assess(stored.status), TOP, TODAY)
    (line,) = [str(one) for one in found if "poll" in str(one)]
    assert "status.yml:21:" in line and f"recorded {POLL}, now GET /v1/jobs/{{task_id}}" in line


@pytest.mark.parametrize(
    ("outcome", "standing", "drifts"),
    [
        ("outcome: error\n    signatures: [no-channel]", "not-recommended", 0),
        ("outcome: output\n    shape: link", "unverified", 1),
    ],
)
def test_a_refusal_to_create_a_task_counts_without_a_poll(
    outcome: str, standing: str, drifts: int
) -> None:
    row = ROW.replace(f"      poll: {POLL}\n", "")
    stored = parsed(STATED + row.replace("outcome: output\n    shape: link", outcome))
    assessments = assess(stored.status)
    assert assessments[ENDPOINT].standing == standing
    found = [one for one in check_status(stored, assessments, TOP, TODAY) if one.rule == "drift"]
    assert len(found) == drifts


def test_a_failed_task_is_a_failure_at_once_and_is_not_submitted_again() -> None:
    sent = request_of(STORED.status, ENDPOINT, "production")
    for status, poll, outcome in ((200, sent.poll, "error"), (500, None, "inconclusive")):
        attempt = Attempt(
            at=NOW,
            outcome="error",
            status=status,
            error="no channel",
            sent=sent.model_copy(update={"poll": poll}),
        )
        assert attempt.has_task == (status == 200)
        receipt = RetestReceipt(
            endpoint=ENDPOINT,
            target="production",
            language="python",
            block="",
            sha256="0" * 64,
            containment="namespace",
            attempts=(attempt,),
        )
        assert row_of(receipt).outcome == outcome


def probes_of(stored: Stored, language: str) -> tuple[Probe, ...]:
    return plan(
        stored.status,
        Snippets(stored.status, TOP / "snippets").all(),
        ["production"],
        [ENDPOINT],
        language,
        TODAY,
        only_due=False,
        price_of=lambda _: lambda _: None,
    )


def test_a_retest_calls_the_first_language_where_the_chosen_one_is_not_published() -> None:
    probes = probes_of(STORED, "curl")
    assert [probe.snippet.language.name for probe in probes] == ["python"]


def test_a_task_is_for_this_protocol_alone() -> None:
    (line,) = refused(STATED.replace("protocol: task", "protocol: gemini"))
    assert "a task is for the protocol task, and not for gemini" in line
    (line,) = refused(STATED.replace(POLL, "GET /v1/videos"))
    assert "a GET whose path or query has {task_id}" in line
    assert polls_in([], PROTOCOLS["task"]) == []


def test_the_relay_counts_the_creation_alone_and_adds_the_key_to_its_polls() -> None:
    sent: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(200, json={})

    app = create_relay(
        STORED.status.targets["production"],
        key="sk-secret-of-the-target",
        max_calls=1,
        on_exchange=lambda _: None,
        transport=httpx.MockTransport(answer),
        polls=[POLL],
    )
    bearer = {"Authorization": "Bearer YOUR_API_KEY"}

    def status_of(method: str, path: str) -> int:
        return call(app, method, path, headers=bearer).status_code

    assert status_of("POST", "/v1/videos") == 200
    assert [status_of("GET", "/v1/videos/a%2Fb") for _ in range(3)] == [200] * 3
    assert {request.headers["authorization"] for request in sent} == {
        "Bearer sk-secret-of-the-target"
    }
    assert sent[-1].url.raw_path == b"/v1/videos/a%2Fb"
    for method, path in (("POST", "/v1/videos"), ("GET", "/v1/videos/a/b"), ("GET", "/v1/models")):
        assert status_of(method, path) == 504


@pytest.mark.parametrize("outcome", ["output", "error"])
def test_a_retest_submits_one_task_and_resumes_without_another(
    outcome: str, tmp_path: Path
) -> None:
    failed = "outcome: error\n    signatures: [no-channel]"
    row = ROW if outcome == "output" else ROW.replace("outcome: output\n    shape: link", failed)
    stored = parsed(STATED + row)
    probes = probes_of(stored, "python")
    for _ in range(2):
        with Journal(tmp_path / "journal", lambda: NOW) as journal:
            budget = Budget(5, journal=journal)
            session = Session(
                status=stored.status,
                probes=probes,
                open_target=partial(open_rehearsal, stored, budget, None, True),
                budget=budget,
                journal=journal,
                clock=lambda: NOW,
                say=lambda _: None,
                without_bills=True,
            )
            (receipt,) = session.run()
            made = len(journal.calls)
    assert [one.outcome for one in receipt.attempts] == [outcome] * made
    assert made == (1 if outcome == "output" else 2)
    assert [one.has_task for one in receipt.attempts] == [outcome == "output"] * made
    assert receipt.attempts[0].sent.request == "POST /v1/videos"


@pytest.mark.parametrize(("status", "is_waiting"), [(200, False), (500, True)])
def test_after_an_accepted_task_that_failed_no_attempt_is_due(
    status: int, is_waiting: bool, tmp_path: Path
) -> None:
    snippets = Snippets(STORED.status, TOP / "snippets").all()
    (probe,) = plan(
        STORED.status,
        snippets,
        ["production"],
        [ENDPOINT],
        "python",
        TODAY,
        only_due=False,
        price_of=lambda _: lambda _: None,
    )
    sent = request_of(STORED.status, ENDPOINT, "production")
    failed = Attempt(at=NOW, outcome="error", status=status, error="no channel", sent=sent)
    with Journal(tmp_path / "journal", lambda: NOW) as journal:
        ordinal = journal.intend(probe.label, "POST", "/v1/videos", None).ordinal
        journal.answer(ordinal, status, None, None)
        kept: dict[str, Any] = {"label": probe.label, "ordinal": ordinal, "containment": "none"}
        journal.keep({**kept, "attempt": failed.model_dump(mode="json")})
        session = Session(
            status=STORED.status,
            probes=[probe],
            open_target=partial(open_rehearsal, STORED, Budget(5), None, True),
            budget=Budget(5, journal=journal),
            journal=journal,
            clock=lambda: NOW,
            say=lambda _: None,
        )
        assert session._is_waiting(probe) is is_waiting
