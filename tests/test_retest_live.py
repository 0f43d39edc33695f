"""The whole command against a gateway that is another process behind TLS, and the secrecy of the
key."""

import difflib
import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest
from conftest import copy_repository
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from trueup.cli import main
from trueup.mock import GatewayLedger, Options, Token, User, create_app, serving
from trueup.status_file import load_status

CLI = [sys.executable, "-m", "trueup.cli"]
IMPATIENT = """
import time
now, slept = time.monotonic, []
time.monotonic = lambda: now() + sum(slept)
time.sleep = slept.append
from trueup.cli import main
main()
"""
"""The command, whose waiting for a ledger takes no time."""
NATIVE = "nano-banana-2/generate-content"
KEY = "sk-canary/0123456789+abcdefghijklmnopqrstuvwxyzABCDEFG"
ACCESS_TOKEN = "canary-access-token-0123456789"
SECRETS = (KEY.removeprefix("sk-"), KEY.removeprefix("sk-").replace("/", "%2F"), ACCESS_TOKEN)


@dataclass(frozen=True)
class Stranger:
    """A gateway that is another process, and the file of the CA that vouches for it."""

    port: int
    ca: str


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stranger]:
    top = copy_repository(tmp_path_factory.mktemp("stranger"))
    command = [*CLI, "--top", str(top), "mock", "--tls", "--port", "0"]
    command += ["--dialect", "new-api-b"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr
            line = process.stderr.readline()
            found = re.match(r"https://127\.0\.0\.1:(\d+) \(its CA: (\S+)\)", line)
            assert found, line
            yield Stranger(int(found[1]), found[2])
        finally:
            process.terminate()


def local_at(top: Path, url: str) -> bytes:
    """Puts the local target of a copy at an address; the status file then."""
    file = top / "status.yml"
    before = rb"http://(localhost:4000|127\.0\.0\.1:\d+)"
    file.write_bytes(re.sub(before, url.encode(), file.read_bytes()))
    return file.read_bytes()


def environment(**more: str) -> dict[str, str]:
    own = {"TRUEUP_LOCAL_API_KEY": "YOUR_API_KEY", "TRUEUP_LOCAL_USER_ID": "1"}
    return {**os.environ, **own, "TRUEUP_LOCAL_ACCESS_TOKEN": "YOUR_ACCESS_TOKEN", **more}


def retest(top: Path, env: Mapping[str, str], *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", IMPATIENT, "--top", str(top), "retest", "--target", "local"]
    return subprocess.run(
        [*command, *options], capture_output=True, text=True, check=False, env=dict(env)
    )


@pytest.mark.long  # in the gate tests/test_retest_faults.py has TLS, and the test below the command
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_retest_of_a_stranger_behind_tls_is_recorded(
    host: str, stranger: Stranger, repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = local_at(repository, f"https://{host}:{stranger.port}")
    env = environment(SSL_CERT_FILE=stranger.ca)
    report = repository / "summary.md"
    options = ["--endpoint", "nano-banana*/*", "--max-calls", "3", "--write"]
    done = retest(repository, env, *options, "--summary", str(report))
    assert (done.returncode, done.stderr) == (0, "")
    assert "calls: 3, spent or reserved: $0.04. Recorded in" in done.stdout
    after = (repository / "status.yml").read_text("utf-8")
    changed = difflib.ndiff(before.decode().splitlines(True), after.splitlines(True))
    assert {line[0] for line in changed} == {" ", "+"}
    stored = load_status(repository / "status.yml", datetime.now(UTC))
    new = stored.status.observations[before.count(b"\n    outcome: ") :]
    assert [(row.endpoint, row.outcome, row.billing) for row in new] == [
        ("nano-banana/generate-content", "output", "aligned"),
        ("nano-banana/images-generations", "error", "aligned"),
    ]
    for row in new:
        assert row.target == "local" and row.sent.base_url == f"https://{host}:{stranger.port}"
        assert row.source and row.source.receipt
        content = (repository / row.source.receipt).read_bytes()
        assert sha256(content).hexdigest() == row.source.sha256
        assert json.loads(content)["rehearsal"] is False
    assert "| `nano-banana/generate-content` |" in report.read_text("utf-8")
    with pytest.raises(SystemExit, match="^0$"):
        main(["--top", str(repository), "check"])
    assert capsys.readouterr() == ("nothing found\n", "")


def echoing(app: ASGIApp) -> ASGIApp:
    """A gateway that repeats the key in every failure, and the access token in its ledger."""
    request_id = {"x-oneapi-request-id": KEY}

    async def call(scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name: value.decode() for name, value in scope.get("headers", [])}
        echo = f"{scope.get('query_string', b'').decode()} {headers.get(b'authorization')}"
        if scope.get("method") == "POST":
            time.sleep(0.2)  # so that the block is seen while it runs
            refusal = JSONResponse({"error": {"message": f"no: {echo}"}}, 400, request_id)
            await refusal(scope, receive, send)
        elif scope.get("path") == "/api/user/self":
            await JSONResponse({"success": False, "message": echo})(scope, receive, send)
        else:
            await app(scope, receive, send)

    return call


NAMES = ("cmdline", "environ")


class Watcher:
    """Reads arguments and environments of all that a process starts, while it runs."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self.seen: set[bytes] = set()

    @contextmanager
    def watching(self) -> Iterator[None]:
        self._thread.start()
        try:
            yield
        finally:
            self._is_over.set()
            self._thread.join()

    def _watch(self) -> None:
        while not self._is_over.wait(0.01):
            for pid in self._descendants():
                folder = Path(f"/proc/{pid}")
                with suppress(OSError):
                    # A fork that has not become its program yet is still its parent.
                    own = Path(f"/proc/{self._pid}/cmdline").read_bytes()
                    if (folder / "cmdline").read_bytes() != own:
                        self.seen |= {(folder / name).read_bytes() for name in NAMES}

    def _descendants(self) -> Iterator[int]:
        """The running processes below the process."""
        waiting = [self._pid]
        while waiting:
            with suppress(OSError):
                for task in Path(f"/proc/{waiting.pop()}/task").iterdir():
                    children = [int(pid) for pid in (task / "children").read_text().split()]
                    waiting += children
                    yield from children


def files_of(top: Path) -> Iterator[tuple[Path, bytes]]:
    return ((path, path.read_bytes()) for path in top.rglob("*") if path.is_file())


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
def test_a_key_that_a_gateway_repeats_is_found_nowhere(repository: Path) -> None:
    user, options = User(access_token=ACCESS_TOKEN), Options("new-api-b")
    ledger = GatewayLedger(user, [Token(KEY, 1, name="own")], options)
    app = create_app(
        load_status(repository / "status.yml", datetime.now(UTC)).status, ledger=ledger
    )
    report = repository / "summary.md"
    command = [*CLI, "--top", str(repository), "retest", "--target", "local", "--max-calls", "4"]
    command += ["--endpoint", "nano-banana/*", "--write", "--summary", str(report)]
    env = environment(TRUEUP_LOCAL_API_KEY=KEY, TRUEUP_LOCAL_ACCESS_TOKEN=ACCESS_TOKEN)
    with serving(echoing(app)) as url:
        local_at(repository, url)
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env, text=False
        )
        watcher = Watcher(process.pid)
        with watcher.watching():
            out, err = process.communicate()
    assert process.returncode == 0, err
    assert any(b"curl" in seen for seen in watcher.seen), "no block was seen while it ran"
    assert out.count(b"***") >= 4 and b"billing inconclusive" in out
    written = dict(files_of(repository))
    assert sum(path.match("docs/evidence/*.json") for path in written) == 2
    assert any(path.match(".cache/retest/*.jsonl") for path in written)
    assert b"***" in written[report]
    for secret in map(str.encode, SECRETS):
        assert secret not in out + err
        assert not [path for path, content in written.items() if secret in content]
        assert not [seen for seen in watcher.seen if secret in seen]
