"""Recording: blocks of docs that exist, recorded at a gateway over TLS and replayed offline."""

import base64
import json
import os
import shlex
import shutil
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme
import uvicorn
from audit_trees import commit_on, write_files
from browsing import some
from command import trueup
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from test_finding import SARIF

from trueup.errors import BadInput
from trueup.finding import RECORDING_RULES
from trueup.mock import listen
from trueup.recording.blocks import calls_nothing
from trueup.recording.har import parse_recording
from trueup.sandbox import Containment, landlock

KEY = "sk-" + "rec0rded-Zq81vXw27Lm93KpTy"
TODAY = datetime.now(UTC).date()
SOON = TODAY + timedelta(days=100)
CURL = """\
# Chat

=== "curl"

    ```bash
    curl -sS https://api.example.com/v1/chat \\
      -H "Authorization: Bearer YOUR_API_KEY" -H "Content-Type: application/json" \\
      -b "session=cookie-of-a-reader" \\
      -d '{"model": "boat-1", "messages": [{"role": "user", "content": "Hi"}]}'
    ```

=== "Python"

    ```py title="chat.py"
    import json, os, urllib.request
    request = urllib.request.Request(
        "https://api.example.com/v1/chat",
        json.dumps({"model": "boat-1"}).encode(),
        {"Authorization": "Bearer " + os.environ["BOAT_API_KEY"]},
    )
    print(urllib.request.urlopen(request).read())
    ```

!!! note

    1. Install it:

        ```sh
        pip install boats
        ```

```json
{"model": "boat-1"}
```
"""
MDX = """\
<Tabs>
  <Tab>
    ```js
    const reply = await fetch("https://api.example.com/v1/echo", {
      method: "POST", headers: { "x-api-key": "<your-key>" }, body: JSON.stringify({ n: 1 }),
    });
    console.log(await reply.text());
    ```
  </Tab>
</Tabs>

```bash
printf 'a small file' > note.txt
curl -sS https://api.example.com/v1/files -H "x-api-key: sk-..." -F kind=note -F file=@note.txt
```
"""
ROUTES = ("POST /v1/chat", "POST /v1/echo", "POST /v1/files", "GET /v1/tasks/{id}")


class StandIn:
    """A gateway over TLS that requires a key, keeps its requests, and repeats the key."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str]] = []
        self.meanwhile: Callable[[], object] = lambda: None
        self.url = ""

    async def reply(self, request: Request) -> Response:
        self.requests.append((request.method, request.url.path))
        await request.body()
        self.meanwhile()
        sent = " ".join(request.headers.values())
        if KEY not in sent:
            return JSONResponse({"error": {"message": "no key"}}, 401)
        if "cookie-of-a-reader" in sent:
            return JSONResponse({"error": {"message": "a cookie"}}, 400)
        encoded = base64.b64encode(KEY.encode()).decode()
        headers = {"set-cookie": f"a={KEY}", "x-request-id": KEY}
        if request.url.path == "/v1/limited":
            return JSONResponse({"error": {"message": "slow down"}}, 429)
        if request.url.path == "/v1/large":
            return JSONResponse({"text": "a" * 2_000_000})
        return JSONResponse({"id": "task_1", "echo": KEY, "again": encoded}, headers=headers)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[StandIn, Path]]:
    gateway, ca = StandIn(), tmp_path_factory.mktemp("ca") / "ca.pem"
    authority = trustme.CA()
    authority.cert_pem.write_to_path(ca)
    cert = authority.issue_cert("127.0.0.1")
    methods = ["GET", "POST", "DELETE"]
    app = Starlette(routes=[Route("/{path:path}", gateway.reply, methods=methods)])
    config = uvicorn.Config(app, log_config=None, lifespan="off")
    config.load()
    config.ssl = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    cert.configure_cert(config.ssl)
    listener, running = listen(0), uvicorn.Server(config)
    gateway.url = f"https://127.0.0.1:{listener.getsockname()[1]}"
    thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]})
    thread.start()
    while not running.started:
        time.sleep(0.01)
    yield gateway, ca
    running.should_exit = True
    thread.join()
    listener.close()


@pytest.fixture
def gateway(server: tuple[StandIn, Path], monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    gateway, ca = server
    gateway.requests.clear()
    gateway.meanwhile = lambda: None
    monkeypatch.setenv("SSL_CERT_FILE", str(ca))
    monkeypatch.setenv("TRUEUP_API_KEY", KEY)
    yield gateway


def recorded(top: Path, gateway: StandIn, *more: str, routes: tuple[str, ...] = ROUTES) -> Any:
    words = [word for route in routes for word in ("--route", route)]
    words += ["--max-calls", "20"] if routes else []
    host = ("--host", "api.example.com")
    os.environ["TRUEUP_API_KEY"] = KEY  # which a command takes out
    return trueup(top, "record", "--target", gateway.url, *host, *words, *more)


def har(top: Path, page: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((top / "recorded" / f"{page}.har").read_text())
    return loaded


def page_of(command: str) -> dict[str, str]:
    return {"a.md": f"# A\n\n```bash\n{command}\n```\n"}


CALL = "curl -sS https://api.example.com/v1/{path} -H 'Authorization: Bearer YOUR_API_KEY'"
needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="node runs a block")


@needs_node
def test_blocks_are_recorded_with_the_key_nowhere_and_replay_offline(
    gateway: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_files(tmp_path, {"docs/a.md": CURL, "docs/b.mdx": MDX})
    done = recorded(tmp_path, gateway, "docs")
    assert done.returncode == 0, done.stderr
    assert "5 blocks found: kept: 0, recorded: 4, no call: 1, other languages: 1" in done.stdout
    assert len(gateway.requests) == 4
    monkeypatch.delenv("TRUEUP_API_KEY", raising=False)
    text = "".join(file.read_text() for file in (tmp_path / "docs" / "recorded").iterdir())
    bare = KEY.removeprefix("sk-")
    for spelling in (bare, base64.b64encode(KEY.encode()).decode()[4:-4], "cookie-of-a-reader"):
        assert spelling not in text + done.stdout + done.stderr
    entries = har(tmp_path / "docs", "b.mdx")["log"]["entries"]
    (upload,) = [one["request"] for one in entries if one["request"]["url"].endswith("/files")]
    file = upload["postData"]["params"][1]
    assert (file["fileName"], file["_size"], len(file["_sha256"])) == ("note.txt", 12, 64)
    assert "a small file" not in text and upload["_auth"] == ["header x-api-key"]
    played = trueup(tmp_path, "replay", "docs")
    assert played.returncode == 0, played.stdout + played.stderr
    assert "found: 5, run: 4, failed: 0, skipped: 0, passed: 4" in played.stdout
    assert f"as recorded on {TODAY}" in played.stdout and len(gateway.requests) == 4
    again = recorded(tmp_path, gateway, "docs")
    assert "kept: 4" in again.stdout and len(gateway.requests) == 4


def test_a_changed_request_is_found_at_its_line(gateway: StandIn, tmp_path: Path) -> None:
    write_files(tmp_path, {"a.md": CURL})
    assert recorded(tmp_path, gateway).returncode == 0
    write_files(tmp_path, {"a.md": CURL.replace('"content": "Hi"', '"content": "Hello"')})
    done = trueup(tmp_path, "replay")
    assert done.returncode == 1
    assert "a.md:9: POST /v1/chat: the body /messages/0/content: got 'Hello', expected 'Hi'" in (
        done.stderr
    )
    assert "[request-mismatch]" in done.stderr and "passed: 1" in done.stdout


CHANGES = {
    "another path": ("v1/chat", "v1/chats", "the path: got '/v1/chats', expected '/v1/chat'"),
    "no key": (" -H 'Authorization: Bearer YOUR_API_KEY'", "", "the key as bearer: not sent"),
    "a query": ("v1/chat", "v1/chat?n=2", "the query n: got '2', which is not on record"),
    "one more": ("# end", f"{CALL.format(path='chat')}", "one request more"),
    "none": ("curl", "true", "on record, and not sent"),
    "another end": ("# end", "exit 3", "got exit code 3 (nothing on stderr), expected 0"),
    "a header": ("# end", "", ""),
}


@pytest.mark.parametrize("name", some(CHANGES, "another end", "a header", "none"))
def test_each_kind_of_change_is_named(name: str, gateway: StandIn, tmp_path: Path) -> None:
    old, new, said = CHANGES[name]
    command = CALL.format(path="chat") + " -d '{}'\n# end"
    write_files(tmp_path, page_of(command))
    assert recorded(tmp_path, gateway).returncode == 0
    assert old in command
    write_files(tmp_path, page_of(command.replace(old, new, 1)))
    done = trueup(tmp_path, "replay")
    assert (done.returncode == 1) is bool(said) and said in done.stderr


def test_without_a_route_nothing_is_sent(gateway: StandIn, tmp_path: Path) -> None:
    write_files(tmp_path, {"a.md": CURL + "\n```bash\ncurl https://other.example/x\n```\n"})
    done = recorded(tmp_path, gateway, routes=())
    assert done.returncode == 0 and gateway.requests == []
    assert "POST api.example.com /v1/chat: 2 (" in done.stdout
    assert "another host: other.example" in done.stdout and "--route 'POST /v1/chat'" in done.stdout
    assert not (tmp_path / "recorded").exists()


def test_the_command_to_give_next_has_one_space_between_its_words(
    gateway: StandIn, tmp_path: Path
) -> None:
    write_files(tmp_path, page_of(CALL.format(path="tasks/1")))
    done = trueup(tmp_path, "record", "--target", "https://api.example.com")
    last = done.stdout.splitlines()[-1]
    assert last == (
        "trueup record --target https://api.example.com --route 'GET /v1/tasks/1' --max-calls 1"
    )


def test_what_is_recorded_again_replaces_what_was(gateway: StandIn, tmp_path: Path) -> None:
    write_files(tmp_path, page_of(CALL.format(path="tasks/1")))
    assert recorded(tmp_path, gateway).returncode == 0
    file = tmp_path / "recorded" / "a.md.har"
    file.write_text(file.read_text().replace("task_1", "task_2"))
    assert "recorded: 1" in recorded(tmp_path, gateway, "--again").stdout
    assert len(har(tmp_path, "a.md")["log"]["entries"]) == 1 and "task_2" not in file.read_text()
    done = trueup(tmp_path, "replay")
    assert done.returncode == 0 and done.stderr == "" and "passed: 1" in done.stdout


def test_the_command_to_give_next_can_be_pasted(tmp_path: Path) -> None:
    pages = page_of(CALL.format(path="a%27%3Bid%3E%1bb") + "\n" + CALL.format(path="b -X DELETE"))
    write_files(tmp_path, pages)
    done = trueup(tmp_path, "record", "--target", "https://api.example.com")
    words = shlex.split(done.stdout.splitlines()[-1])
    assert words[2:] == [
        *("--target", "https://api.example.com", "--route", r"GET /v1/a';id>\x1bb"),
        *("--max-calls", "1"),
    ]
    assert "\x1b" not in done.stdout


REFUSED = {
    "-X DELETE": ("chat -X DELETE", ("DELETE /v1/chat",), "give --allow-changes"),
    "a route that is not given": ("other", ROUTES, "no --route matches it"),
    "management": ("organization/users", ("GET /v1/organization/users",), "--allow-changes"),
    "a placeholder": ("tasks/TASK_ID", ROUTES, "give --value TASK_ID=…"),
    "a large reply": ("large", ("GET /v1/large",), "the reply is larger than 1000000 bytes"),
    "a limit": ("limited", ("GET /v1/limited",), "status 429 is about the key, its balance or"),
    "a time": ("chat?t=$RANDOM$RANDOM", ("GET /v1/chat",), "it does not replay"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_recorded_is_said_with_the_reason(
    name: str, gateway: StandIn, tmp_path: Path
) -> None:
    path, routes, reason = REFUSED[name]
    path, _, more = path.partition(" ")
    command = CALL.format(path=path).replace(
        f"https://api.example.com/v1/{path}", f'"https://api.example.com/v1/{path}"'
    )
    write_files(tmp_path, page_of(f"{command} {more}"))
    done = recorded(tmp_path, gateway, routes=routes)
    assert done.returncode == 1 and reason in done.stderr and "not recorded: " in done.stderr
    assert len(gateway.requests) == (name in ("a large reply", "a limit", "a time"))
    assert not (tmp_path / "recorded").exists()


def test_a_value_is_filled_in_on_the_wire_alone(gateway: StandIn, tmp_path: Path) -> None:
    write_files(tmp_path, page_of(CALL.format(path="tasks/TASK_ID")))
    assert recorded(tmp_path, gateway, "--value", "TASK_ID=t/1").returncode == 0
    assert gateway.requests == [("GET", "/v1/tasks/t/1")]
    (entry,) = har(tmp_path, "a.md")["log"]["entries"]
    assert entry["request"]["url"] == "https://api.example.com/v1/tasks/TASK_ID"
    assert trueup(tmp_path, "replay").returncode == 0


def test_blocks_that_go_on_from_each_other_run_together(gateway: StandIn, tmp_path: Path) -> None:
    first = "import urllib.request\nurl = 'https://api.example.com/v1/chat'"
    second = (
        "h = {'x-api-key': 'sk-xxx'}\nurllib.request.urlopen(urllib.request.Request(url, b'1', h))"
    )
    write_files(tmp_path, {"a.md": f"```python\n{first}\n```\n\n```python\n{second}\n```\n"})
    assert "NameError" in recorded(tmp_path, gateway).stderr
    assert recorded(tmp_path, gateway, "--together").returncode == 0
    assert len(gateway.requests) == 1
    done = trueup(tmp_path, "replay")
    assert done.returncode == 0 and "found: 2, run: 1" in done.stdout


def test_a_record_that_was_edited_is_found_against_a_commit(
    gateway: StandIn, tmp_path: Path
) -> None:
    write_files(tmp_path, page_of(CALL.format(path="tasks/1")))
    assert recorded(tmp_path, gateway).returncode == 0
    commit_on(tmp_path, "2026-04-14")
    assert trueup(tmp_path, "replay", "--against", "HEAD").returncode == 0
    file = tmp_path / "recorded" / "a.md.har"
    file.write_text(file.read_text().replace("task_1", "task_2"))
    done = trueup(tmp_path, "replay", "--against", "HEAD")
    assert done.returncode == 1 and "[edited-record]" in done.stderr
    assert trueup(tmp_path, "replay", "--against", "gone").returncode == 2


def test_a_block_with_a_real_key_is_refused_and_the_key_is_not_printed(
    gateway: StandIn, tmp_path: Path
) -> None:
    key = "sk-" + "a1B2c3D4e5F6g7H8i9J0k1L2"
    write_files(tmp_path, page_of(CALL.format(path="chat").replace("YOUR_API_KEY", key)))
    done = recorded(tmp_path, gateway)
    assert done.returncode == 1 and "a.md:4: the block has a possible key" in done.stderr
    assert key not in done.stderr + done.stdout and gateway.requests == []


SKIPS = {
    f"<!-- trueup skip until {SOON}: a paid plan -->\n": "",
    f"{{/* trueup skip until {SOON}: a paid plan */}}\n\n": "",
    "<!-- trueup skip until 2020-01-01: a paid plan -->\n": "the skip ended on 2020-01-01",
    f"<!-- trueup skip until {SOON}: -->\n": "the skip has no reason",
    "<!-- trueup skip -->\n": "the skip has no date",
    f"<!-- trueup skip until {SOON + timedelta(days=99)}: long -->\n": "expected 180 days at most",
}


@pytest.mark.parametrize("comment", SKIPS)
def test_a_skip_requires_a_reason_and_a_near_date(comment: str, tmp_path: Path) -> None:
    write_files(tmp_path, {"a.md": f"# A\n\n{comment}\n```bash\nfalse\n```\n"})
    done = trueup(tmp_path, "replay")
    assert done.returncode == 1 and SKIPS[comment] in done.stderr
    assert "[nothing-replayed]" in done.stderr and ("skipped: 1" in done.stdout) is not bool(
        SKIPS[comment]
    )


def test_a_block_without_a_record_and_a_record_without_a_block_are_found(
    gateway: StandIn, tmp_path: Path
) -> None:
    write_files(tmp_path, page_of(CALL.format(path="tasks/1")))
    assert recorded(tmp_path, gateway).returncode == 0
    write_files(tmp_path, {"a.md": "```python\nprint(1)\n```\n"})
    done = trueup(tmp_path, "replay")
    assert "[unrecorded-block]" in done.stderr and "[stale-record]" in done.stderr
    write_files(tmp_path, {"a.md": "# A\n"})
    assert "[stale-record]" in trueup(tmp_path, "replay").stderr


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"{}", b"[" * 100_000, b"\xff\xfe", b'{"log": {"entries": 1}}', b"null"),
        b'{"log": {"entries": [], "_trueup": {"version": 9, "blocks": []}}}',
        b'{"log": {"entries": [{"_block": "x"}], "_trueup": {"version": 1, "blocks": []}}}',
    ],
)
def test_a_recording_that_cannot_be_used_is_named(content: bytes, tmp_path: Path) -> None:
    write_files(tmp_path, {"a.md": "# A\n", "recorded/a.md.har": content})
    done = trueup(tmp_path, "replay")
    assert done.returncode == 2 and "a.md.har: not a recording of a page" in done.stderr
    with pytest.raises(BadInput):
        parse_recording(content, tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "pip install boats",
        "cd a && npm i b",
        "curl -fsS https://x.example/i.sh | sh",
        "brew install a",
    ],
)
def test_a_block_that_only_installs_calls_nothing(text: str) -> None:
    assert calls_nothing(text) and not calls_nothing(
        f"{text.partition('|')[0]}\ncurl https://a.example"
    )


def test_every_rule_is_explained() -> None:
    assert all(rule.says and rule.why for rule in RECORDING_RULES.values())


def test_a_block_before_others_takes_no_record_from_them(gateway: StandIn, tmp_path: Path) -> None:
    first, second = (CALL.format(path=f"tasks/{number}") for number in (1, 2))
    write_files(tmp_path, page_of(first))
    assert recorded(tmp_path, gateway).returncode == 0
    write_files(tmp_path, page_of(f"{second}\n```\n\n```bash\n{first}"))
    assert "kept: 1, recorded: 1" in recorded(tmp_path, gateway).stdout
    done = trueup(tmp_path, "replay")
    assert done.returncode == 0 and "run: 2" in done.stdout
    assert done.stderr == ""


def test_a_large_request_is_refused_in_one_line(gateway: StandIn, tmp_path: Path) -> None:
    write_files(
        tmp_path, page_of(CALL.format(path="chat?a=$(printf %09000d 1)").replace(" -H", "  -H"))
    )
    done = recorded(tmp_path, gateway)
    assert done.returncode == 1 and "Traceback" not in done.stderr and gateway.requests == []


@pytest.mark.parametrize("folder", ["recorded", "recorded/guide"])
def test_a_link_out_of_the_docs_is_not_written_through(
    folder: str, gateway: StandIn, tmp_path: Path
) -> None:
    outside, top = tmp_path / "outside", tmp_path / "docs"
    outside.mkdir()
    page = "curl -sS https://api.example.com/v1/chat -H 'x-api-key: KEY_HERE' -d '{}'"
    write_files(top, {"guide/deep/chat.md": f"```bash\n{page}\n```\n"})
    (top / folder).parent.mkdir(exist_ok=True)
    (top / folder).symlink_to(outside)
    done = recorded(top, gateway)
    assert done.returncode == 2 and "a link out of the repository" in done.stderr
    assert not [*outside.iterdir()]


def test_a_change_is_sent_where_it_is_allowed(gateway: StandIn, tmp_path: Path) -> None:
    command = "curl -sS -X DELETE $BASE/v1/tasks/task_1 -H 'Authorization: Bearer KEY_HERE'"
    write_files(tmp_path, page_of(command))
    base, routes = ("--set", "BASE=https://api.example.com"), ("DELETE /v1/tasks/{id}",)
    before = len(gateway.requests)
    refused = recorded(tmp_path, gateway, *base, routes=routes)
    assert refused.returncode == 1 and "give --allow-changes" in refused.stderr
    assert len(gateway.requests) == before
    done = recorded(tmp_path, gateway, *base, "--allow-changes", routes=routes)
    assert done.returncode == 0, done.stderr
    assert gateway.requests[before:] == [("DELETE", "/v1/tasks/task_1")]
    assert trueup(tmp_path, "replay").returncode == 0


def test_a_block_with_a_line_too_long_to_be_read_is_not_run(tmp_path: Path) -> None:
    write_files(
        tmp_path, page_of(f"echo one\ncurl -d {'a' * 5000} https://api.example.com/v1/chat")
    )
    done = trueup(tmp_path, "replay")
    assert done.returncode == 1 and "a.md:5: the block has a line of 4000" in done.stderr


def test_findings_of_a_replay_are_json_and_sarif(gateway: StandIn, tmp_path: Path) -> None:
    write_files(tmp_path, page_of(CALL.format(path="tasks/1")))
    assert recorded(tmp_path, gateway).returncode == 0
    found = json.loads(trueup(tmp_path, "replay", "--format", "json").stdout)["findings"]
    assert found == []
    write_files(tmp_path, page_of(CALL.format(path="tasks/2")))
    done = trueup(tmp_path, "replay", "--format", "json")
    (found,) = json.loads(done.stdout)["findings"]
    assert (done.returncode, found["rule"], found["line"]) == (1, "request-mismatch", 4)
    file = tmp_path / "found.sarif"
    done = trueup(tmp_path, "replay", "--format", "sarif", "--output", str(file))
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "")
    log = json.loads(file.read_text())
    SARIF.validate(log)
    (result,) = log["runs"][0]["results"]
    assert (result["ruleId"], result["level"]) == ("request-mismatch", "error")
    assert "/v1/tasks/2" in result["message"]["text"]


def test_a_gateway_that_does_not_answer_gives_no_result_and_loses_none(
    gateway: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (CALL.format(path=f"tasks/{number}") for number in (1, 2))
    write_files(tmp_path, page_of(first))
    assert recorded(tmp_path, gateway).returncode == 0
    before = har(tmp_path, "a.md")
    write_files(tmp_path, page_of(f"{first}\n```\n\n```bash\n{second}"))
    with listen(0) as closed:
        url = f"https://127.0.0.1:{closed.getsockname()[1]}"
    monkeypatch.setattr(gateway, "url", url)
    done = recorded(tmp_path, gateway)
    assert done.returncode == 3 and "kept: 1" in done.stdout
    assert "a.md:8: not recorded: GET /v1/tasks/2: 127.0.0.1" in done.stderr
    assert f"--target: {url} gave no answer to any request. Check" in done.stderr
    assert har(tmp_path, "a.md") == before


def test_two_runs_at_the_same_time_keep_the_records_of_both(
    gateway: StandIn, tmp_path: Path
) -> None:
    first, second = (CALL.format(path=f"tasks/{number}") for number in (1, 2))
    here, other = tmp_path / "here", tmp_path / "other"
    for top in (here, other):
        write_files(top, page_of(f"{first}\n```\n\n```bash\n{second}"))
    assert "recorded: 1" in recorded(other, gateway, routes=("GET /v1/tasks/1",)).stdout
    gateway.meanwhile = lambda: shutil.copytree(
        other / "recorded", here / "recorded", dirs_exist_ok=True
    )
    assert "recorded: 1" in recorded(here, gateway, routes=("GET /v1/tasks/2",)).stdout
    assert len(har(here, "a.md")["log"]["entries"]) == 2
    gateway.meanwhile = lambda: None
    assert "kept: 1, recorded: 1" in recorded(other, gateway).stdout
    shutil.rmtree(here / "recorded")
    gateway.meanwhile = lambda: (
        (here / "recorded").exists() or shutil.copytree(other / "recorded", here / "recorded")
    )
    assert "recorded: 2" in recorded(here, gateway).stdout
    assert len(har(here, "a.md")["log"]["entries"]) == 2
    done = trueup(here, "replay")
    assert done.returncode == 0 and done.stderr == "" and "passed: 2" in done.stdout


@pytest.mark.parametrize("containment", ["landlock", pytest.param("none", marks=pytest.mark.long)])
def test_blocks_are_recorded_and_replayed_without_bubblewrap(
    containment: Containment, gateway: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if containment == "landlock" and landlock.abi() < landlock.NETWORK_ABI:
        pytest.skip(f"landlock: got version {landlock.abi()}, expected {landlock.NETWORK_ABI}")
    found = (containment, "bwrap is not on the PATH")
    monkeypatch.setattr("trueup.sandbox.best_containment", lambda: found)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    write_files(tmp_path, {"a.md": CURL})
    done = recorded(tmp_path, gateway, "--allow-weak-sandbox")
    if containment == "none":  # where a block could read the key of this process
        assert done.returncode == 2 and "could read the key of a target" in done.stderr
        assert gateway.requests == [] and not (tmp_path / "recorded").exists()
        return
    assert done.returncode == 0 and "recorded: 2" in done.stdout
    assert KEY not in (tmp_path / "recorded" / "a.md.har").read_text() + done.stderr
    played = trueup(tmp_path, "replay", "--allow-weak-sandbox")
    assert played.returncode == 0 and "passed: 2" in played.stdout
    assert "sandbox: bwrap is not on the PATH" in played.stderr and len(gateway.requests) == 2
