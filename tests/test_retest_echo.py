"""A gateway that repeats the key, encoded: no file and no line holds it, and the row is kept."""

import base64
import codecs
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from conftest import TOP
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import Receive, Scope, Send
from test_relay_key_search import ENCODED, KEY, picture
from test_retest_live import files_of, local_at

from trueup.cli import main
from trueup.errors import BadInput
from trueup.mock import serving
from trueup.relay import WITHHELD, KeySearch
from trueup.request import request_of
from trueup.retest.billing.records import Inconclusive
from trueup.retest.session import Session
from trueup.status_file import load_status, parse_status

SAID = ("JSON escapes", "percent", "hex", "base32", "full width", "zlib, base64")
GITHUB = "ghs_" + "16C7e42F292c6912E7710c838347Ae178B4a"


def echo(path: str) -> Response:
    """The reply of each endpoint: its key in another encoding, in another place."""
    number = [*ENDPOINTS].index(next(part for part in ENDPOINTS if part in path))
    if number == 0:
        headers = {"x-oneapi-request-id": KEY[::-1], "content-type": f"text/{KEY.upper()}"}
        words = [str(ENCODED[name](KEY)) for name in SAID]
        return JSONResponse({"error": {"message": " ".join(words)}}, 400, headers)
    if number == 1:
        escaped = str(ENCODED["JSON escapes"](KEY))
        return Response(f'{{"error": {{"message": "\\u001b[31m no {escaped}"}}}}', 500)
    if number == 2:
        return RedirectResponse(
            f"https://{KEY.encode().hex()}.example/{codecs.encode(KEY, 'rot13')}"
        )
    data = base64.b64encode(picture(KEY, zip=True)).decode()
    part = {"inlineData": {"mimeType": "image/png", "data": data}}
    reply = {"candidates": [{"content": {"parts": [part]}}], "modelVersion": KEY[::-1]}
    return JSONResponse(reply, headers={"x-oneapi-request-id": GITHUB})


ENDPOINTS: Mapping[str, tuple[str, str]] = {
    "gemini-2.5-flash-image-preview:": ("gemini-2.5-flash-image-preview", "error"),
    "gemini-2.5-flash-image:": ("nano-banana", "error"),
    "gemini-3.1-flash-image-preview:": ("nano-banana-2", "inconclusive"),
    "gemini-3-pro-image-preview:": ("nano-banana-pro", "output"),
}


async def echoing(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["method"] == "POST":
        await Request(scope, receive).body()
        await echo(scope["path"])(scope, receive, send)
    else:
        refusal = {"success": False, "message": f"no terms for {KEY.swapcase()}"}
        await JSONResponse(refusal, 403)(scope, receive, send)


def test_a_key_that_is_repeated_is_withheld_and_its_row_is_kept(
    repository: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TRUEUP_LOCAL_API_KEY", KEY)
    monkeypatch.setenv("GH_TOKEN", GITHUB)
    before, report = dict(files_of(repository)), repository / "summary.md"
    command = ["retest", "--target", "local", "--endpoint", "*/generate*", "--max-calls", "9"]
    with serving(echoing) as url:
        local_at(repository, url)
        with pytest.raises(SystemExit, match="^0$"):
            main(["--top", str(repository), *command, "--write", "--summary", str(report)])
    shown = "".join(capfd.readouterr())
    written = {path: text for path, text in files_of(repository) if before.get(path) != text}
    status = load_status(repository / "status.yml", datetime.now(UTC)).status
    rows = [row for row in status.observations if row.at and row.source and row.source.receipt]
    assert {(row.endpoint.split("/")[0], row.outcome) for row in rows} == {*ENDPOINTS.values()}
    receipts = [json.loads(text) for path, text in written.items() if path.suffix == ".json"]
    tried = [attempt for receipt in receipts for attempt in receipt["attempts"]]
    withheld = ("error", "error", "error", "error", "reason", "request_id")
    assert len(receipts) == 4
    assert sorted(
        field
        for one in tried
        for field in ("error", "reason", "request_id")
        if one.get(field) == WITHHELD
    ) == sorted((*withheld, "request_id", "request_id"))
    assert WITHHELD in shown and "\x1b[31m" not in shown and WITHHELD in report.read_text()
    for search in (KeySearch([KEY]), KeySearch([GITHUB])):
        assert not search.holds(shown)
        assert [path for path, content in written.items() if search.holds(content)] == []


@pytest.mark.parametrize(
    ("reason", "shown"),
    [
        (f"no terms for {KEY.encode().hex()}.", WITHHELD),
        ("no\x1b[31m terms\n for\u202e you.", "no [31m terms for you"),
    ],
)
def test_a_reason_of_the_ledger_is_shown_without_the_key_and_what_a_terminal_obeys(
    reason: str, shown: str
) -> None:
    session: Any = SimpleNamespace(search=KeySearch([KEY]), without_bills=False)
    target: Any = SimpleNamespace(account=Inconclusive("unreadable", reason))
    with pytest.raises(BadInput) as error:
        Session._require_bills(session, "local", target)
    assert f"no bill can be read ({shown}); " in str(error.value)


@pytest.mark.parametrize(("spoken", "kept"), [("gemini-x", "gemini-x"), (f"x-{KEY[::-1]}", None)])
def test_a_model_behind_an_alias_that_repeats_the_key_is_not_kept(
    spoken: str, kept: str | None
) -> None:
    status = parse_status(
        (TOP / "tests" / "record.yml").read_text("utf-8"), "a.yml", datetime.now(UTC)
    ).status
    endpoint = "nano-banana/generate-content"
    session: Any = SimpleNamespace(search=KeySearch([KEY]), status=status)
    verdict: Any = SimpleNamespace(reply=SimpleNamespace(model=spoken))
    probe: Any = SimpleNamespace(endpoint=endpoint)
    sent = request_of(status, endpoint, status.reference)
    by_alias = sent.model_copy(update={"body": {"model": "nano-banana"}})
    assert Session._upstream(session, probe, verdict, None, by_alias) == kept
