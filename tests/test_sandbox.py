"""The sandbox: a block reaches the given hosts and nothing else, and leaves nothing behind."""

import asyncio
import json
import logging
import os
import re
import shutil
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from trueup.errors import BadInput, Unreachable
from trueup.sandbox import (
    Containment,
    Limits,
    Sandbox,
    best_containment,
    fallback,
    landlock,
    namespace,
    open_sandbox,
)

HOST = "some-host.example"
LISTED = {
    "PATH",
    "HOME",
    "LANG",
    "SSL_CERT_FILE",
    "CURL_CA_BUNDLE",
    "REQUESTS_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
}
PROXIES = {"HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "https_proxy", "http_proxy", "all_proxy"}
SET_BY_BASH = {"PWD", "SHLVL", "_"}
SECRET = "a-secret-of-the-parent"
HALF_A_SECOND = Limits(timeout_s=0.5)


def answer(request: Request) -> JSONResponse:
    return JSONResponse({"host": request.headers["host"], "path": request.url.path})


APP = Starlette(routes=[Route("/{path:path}", answer, methods=["GET", "POST"])])


@pytest.fixture(scope="module", autouse=True)
def secret() -> Iterator[None]:
    os.environ["TRUEUP_TEST_SECRET"] = SECRET
    yield
    del os.environ["TRUEUP_TEST_SECRET"]


def sandbox_or_skip(containment: Containment) -> Iterator[Sandbox]:
    try:
        with open_sandbox(APP, [HOST, "other.example:8443"], containment) as sandbox:
            yield sandbox
    except Unreachable as error:
        if containment == "namespace" and os.environ.get("CI") == "true":
            raise
        if containment == "landlock" and landlock.abi() >= landlock.NETWORK_ABI:
            raise
        pytest.skip(str(error))


KINDS = ["namespace", "landlock", pytest.param("none", marks=pytest.mark.long)]
"""The two fallbacks differ by Landlock alone."""


@pytest.fixture(scope="module", params=KINDS)
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    yield from sandbox_or_skip(request.param)


@pytest.fixture(scope="module")
def contained() -> Iterator[Sandbox]:
    yield from sandbox_or_skip("namespace")


@pytest.fixture(scope="module")
def landlocked() -> Iterator[Sandbox]:
    yield from sandbox_or_skip("landlock")


@pytest.fixture(scope="module", params=["namespace", "landlock"])
def confined(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """The containments that a block cannot leave by ignoring its proxy variables."""
    yield from sandbox_or_skip(request.param)


def output(sandbox: Sandbox, source: str) -> str:
    ran = sandbox.run("bash", source.encode())
    return (ran.stdout + ran.stderr).decode()


def test_a_block_has_further_variables_and_none_that_changes_how_programs_start() -> None:
    with open_sandbox(APP, [HOST], environment={"BOAT_KEY": "x"}) as sandbox:
        assert output(sandbox, 'printf %s "$BOAT_KEY"') == "x"
    kept = ("PATH", "LD_PRELOAD", "NODE_OPTIONS", "PYTHONPATH", "BASH_ENV", "https_proxy", "A B")
    for name in (*kept, "SSL_CERT_FILE"):
        with (
            pytest.raises(BadInput, match="variable"),
            open_sandbox(APP, [HOST], environment={name: "x"}),
        ):
            pass


def test_curl_reaches_the_app_by_the_real_name_of_the_host(sandbox: Sandbox) -> None:
    ran = sandbox.run("bash", f"curl -sS https://{HOST}/v1/images".encode())
    assert (ran.exit_code, ran.stopped, ran.stderr) == (0, None, b"")
    assert ran.stdout == b'{"host":"some-host.example","path":"/v1/images"}'
    assert ran.refused == ()


def test_a_second_name_and_port_reach_the_app_too(sandbox: Sandbox) -> None:
    assert "other.example:8443" in output(sandbox, "curl -sS https://other.example:8443/")


def test_httpx_reaches_the_app_and_every_certificate_check_passes(sandbox: Sandbox) -> None:
    block = (
        "import httpx, ssl\n"
        "strict = ssl.create_default_context()\n"
        "strict.verify_flags |= ssl.VERIFY_X509_STRICT\n"
        f"print(httpx.get('https://{HOST}/a', verify=strict).json()['path'])\n"
        f"print(httpx.post('https://{HOST}/b', content=b'x' * 300_000).json()['host'])\n"
    )
    ran = sandbox.run("python", block.encode())
    assert (ran.exit_code, ran.stdout) == (0, b"/a\nsome-host.example\n"), ran.stderr


def test_a_given_file_is_an_output_only_where_the_block_changed_it(sandbox: Sandbox) -> None:
    block = b"cat a.bin; printf x >> b.bin; rm c.bin; printf new > d.bin"
    given = {"a.bin": bytes(range(256)), "b.bin": b"y", "c.bin": b"z"}
    ran = sandbox.run("bash", block, given=given)
    assert (ran.stdout, ran.files) == (given["a.bin"], {"b.bin": b"yx", "d.bin": b"new"})
    assert output(sandbox, "ls") == ""


def test_a_block_is_run_byte_for_byte(sandbox: Sandbox) -> None:
    ran = sandbox.run("bash", "printf '%s' 'é\t\\ '; cat \"$0\"".encode())
    assert ran.stdout == "é\t\\ printf '%s' 'é\t\\ '; cat \"$0\"".encode()


def test_another_host_is_not_reached(sandbox: Sandbox) -> None:
    ran = sandbox.run("bash", b"curl -sS https://example.com/; curl -sS http://example.org/x?k=1")
    if sandbox.containment == "namespace":
        assert ran.stderr.count(b"Could not resolve host") == 2
        assert ran.refused == ()
    else:
        assert b"response 403" in ran.stderr
        assert ran.refused == ("example.com:443", "example.org")
    assert sandbox.run("bash", b"true").refused == ()


def test_the_given_port_of_a_host_is_the_only_one(sandbox: Sandbox) -> None:
    assert sandbox.run("bash", f"curl -sS https://{HOST}:8444/".encode()).exit_code != 0


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_a_listener_on_the_host_is_not_reached(confined: Sandbox, address: str) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        listener = socket.create_server((address, 0), family=family)
    except OSError as error:
        pytest.skip(f"no listener on {address} here: {error}")
    with listener:
        port = listener.getsockname()[1]
        block = f"import socket; socket.create_connection(({address!r}, {port}), 2)"
        ran = confined.run("python", block.encode())
        assert ran.exit_code == 1
        assert b"refused" in ran.stderr or b"Permission" in ran.stderr or b"assign" in ran.stderr


def test_a_unix_socket_of_the_host_is_not_reached(contained: Sandbox) -> None:
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{folder}/s")
        listener.listen()
        block = f"import socket; socket.socket(socket.AF_UNIX).connect('{folder}/s')"
        assert b"FileNotFoundError" in contained.run("python", block.encode()).stderr


def test_an_abstract_socket_of_the_host_is_not_reached(confined: Sandbox) -> None:
    name = f"\0trueup-{os.getpid()}-{confined.containment}"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(name)
        listener.listen()
        block = f"import socket; socket.socket(socket.AF_UNIX).connect({name!r})"
        ran = confined.run("python", block.encode())
    if confined.containment == "namespace" or landlock.abi() >= landlock.SCOPE_ABI:
        assert b"refused" in ran.stderr or b"not permitted" in ran.stderr


def test_home_folders_and_this_repository_are_not_visible(contained: Sandbox) -> None:
    here = Path(__file__)
    hidden = [here, here.parent, Path.home() / ".bashrc", Path("/etc/shadow"), Path("/home")]
    for path in hidden:
        assert "No such file" in output(contained, f"ls -d '{path}'"), path
    assert "pytest" not in output(contained, "ls -A /tmp")
    system = {"bin", "dev", "etc", "lib", "lib32", "lib64", "libx32", "proc", "run", "sbin", "usr"}
    python = {Path(folder).parts[1] for folder in (sys.prefix, sys.base_prefix)}
    assert set(output(contained, "ls -A /").split()) <= system | python | {"tmp"}


def test_nothing_outside_can_be_written(contained: Sandbox) -> None:
    places = ["/", "/usr", "/etc", "/run", "/dev", sys.prefix]
    for place in places:
        assert "Read-only file system" in output(contained, f"touch '{place}/trueup'"), place
    # Neither does harm if it is allowed, which only a test run as root would see.
    for change in ("chmod 666 /dev/null", "exec 3>> /proc/sys/kernel/core_pattern"):
        error = output(contained, change)
        assert "Read-only" in error or "denied" in error or "not permitted" in error, change


def test_landlock_leaves_only_temporary_folders_to_write_in(
    landlocked: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Permission denied" in output(landlocked, "touch /written-by-a-block")
    # Of two folders that we may write in, wherever they lie, the block may write in one.
    monkeypatch.setattr(fallback, "_TEMPORARY", ("/dev",))
    with tempfile.TemporaryDirectory(dir="/tmp") as temporary:  # short enough for a socket in it
        monkeypatch.setattr(tempfile, "tempdir", temporary)
        for sandbox in sandbox_or_skip("landlock"):
            assert "Permission denied" in output(sandbox, f"touch '{tmp_path}/a'")
            assert output(sandbox, f"touch '{temporary}/b'; echo c > d; cat d") == "c\n"


def test_under_landlock_a_block_cannot_listen(landlocked: Sandbox) -> None:
    ran = landlocked.run("python", b"import socket; socket.create_server(('127.0.0.1', 0))")
    assert b"Permission denied" in ran.stderr


def test_a_block_has_no_capability_and_is_not_root(contained: Sandbox) -> None:
    shown = output(contained, "id -u; grep -E 'Cap(Inh|Prm|Eff|Amb)|NoNewPrivs' /proc/self/status")
    assert shown.split() == [
        "1000",
        *(word for kind in ("Inh", "Prm", "Eff") for word in (f"Cap{kind}:", "0" * 16)),
        *("CapAmb:", "0" * 16, "NoNewPrivs:", "1"),
    ]


def test_a_block_cannot_look_into_the_program_that_runs_it(contained: Sandbox) -> None:
    for name in ("environ", "mem", "root/run/inside.py"):
        assert "Permission denied" in output(contained, f"cat /proc/1/{name}"), name


def test_the_environment_holds_only_the_listed_names(sandbox: Sandbox) -> None:
    names = output(sandbox, "env -0 | cut -z -d= -f1 | tr '\\0' '\\n'")
    proxies = set() if sandbox.containment == "namespace" else PROXIES
    assert set(names.split()) - SET_BY_BASH == LISTED | proxies


def test_a_secret_of_the_parent_is_not_seen(confined: Sandbox) -> None:
    seen = output(confined, "env; cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline | tr '\\0' '\\n'")
    assert "CURL_CA_BUNDLE" in seen
    assert SECRET not in seen


def test_the_folder_is_empty_and_is_the_home(sandbox: Sandbox) -> None:
    assert output(sandbox, 'ls -A; [ "$PWD" = "$HOME" ] && cat').strip() == ""


def test_a_block_starts_as_from_a_shell_of_its_own(sandbox: Sandbox) -> None:
    block = (
        "grep -E 'Sig(Blk|Ign)|NoNew' /proc/self/status | cut -f2; echo /proc/self/fd/*\n"
        'readlink /proc/self/fd/0; cut -d" " -f1,5,6 /proc/$$/stat'
    )
    blocked, ignored, no_new, descriptors, stdin, ids = output(sandbox, block).splitlines()
    assert int(blocked, 16) == 0 and no_new == "1"
    # Those that our programs change for themselves; a test run under nohup ignores one more.
    changed = (signal.SIGINT, signal.SIGPIPE, signal.SIGXFSZ)
    assert not int(ignored, 16) & sum(1 << number - 1 for number in changed)
    assert re.fullmatch(r"(/proc/self/fd/(0|1|2|3|255) ?)+", descriptors)  # two are of bash
    assert stdin == "/dev/null"
    assert len(set(ids.split())) == 1  # the head of a group and of a session


def test_the_limits_of_a_block_hold_before_its_first_line(sandbox: Sandbox) -> None:
    block = "for kind in c t f u; do ulimit -S$kind; ulimit -H$kind; done"
    ran = sandbox.run("bash", block.encode(), Limits(timeout_s=20, file_bytes=10 << 10))
    limits = ran.stdout.split()
    assert limits[:6] == [b"0", b"0", b"25", b"25", b"10", b"10"]
    if sandbox.containment == "namespace":
        assert limits[6:] == [b"512", b"512"]


def test_a_signal_that_ends_a_block_is_its_exit_code(sandbox: Sandbox) -> None:
    assert sandbox.run("bash", b"kill -SEGV $$").exit_code == -signal.SIGSEGV


def test_a_block_that_closes_its_output_is_waited_for(sandbox: Sandbox) -> None:
    ran = sandbox.run("bash", b"echo ok; exec >&- 2>&-; env true; touch after; exit 3")
    assert (ran.exit_code, ran.stopped, ran.stdout) == (3, None, b"ok\n")
    assert ran.files == {"after": b""}


def test_a_block_out_of_time_is_stopped_and_keeps_its_output(sandbox: Sandbox) -> None:
    ran = sandbox.run("bash", b"echo before; touch a; sleep 60", Limits(timeout_s=0.3))
    assert (ran.exit_code, ran.stopped, ran.stdout) == (None, "timeout", b"before\n")
    assert ran.files == {"a": b""}
    assert 300 <= ran.duration_ms < 60_000


@pytest.mark.parametrize("redirect", ["", " >&2"])
def test_endless_output_is_stopped_and_cut_at_the_limit(sandbox: Sandbox, redirect: str) -> None:
    ran = sandbox.run("bash", f"yes{redirect}".encode(), Limits(output_bytes=1001))
    assert (ran.exit_code, ran.stopped) == (None, "output")
    assert (ran.stderr if redirect else ran.stdout) == b"y\n" * 500 + b"y"


def test_much_output_on_both_pipes_is_read_in_full(sandbox: Sandbox) -> None:
    ran = sandbox.run("bash", b"yes | head -c 500000; yes no | head -c 500000 >&2; exit 3")
    assert (ran.exit_code, ran.stopped) == (3, None)
    assert (len(ran.stdout), len(ran.stderr)) == (500_000, 500_000)


def test_no_process_survives_its_block(sandbox: Sandbox) -> None:
    name = f"sleep 7{os.getpid()}"
    ran = sandbox.run(
        "bash", f"{name} & setsid {name} & (setsid bash -c '{name} & {name}' &) ; echo ok".encode()
    )
    assert (ran.exit_code, ran.stopped, ran.stdout) == (0, None, b"ok\n")
    commands = output(sandbox, "for f in /proc/[0-9]*/cmdline; do tr '\\0' ' ' < $f; echo; done")
    assert "bash" in commands
    assert name not in commands


def test_no_more_files_than_the_limit_are_returned(sandbox: Sandbox) -> None:
    ran = sandbox.run("bash", b"for i in {1000..1999}; do echo $i > $i; done", Limits(files=3))
    assert ran.files == {"1000": b"1000\n", "1001": b"1001\n", "1002": b"1002\n"}


def test_files_are_returned_by_content_and_links_are_not_followed(sandbox: Sandbox) -> None:
    block = (
        "ln -s /etc/passwd link; ln -s / root; mkfifo fifo; mkdir -p a/b\n"
        "printf '\\0\\377' > a/b/image.png; chmod 000 a/b; chmod 755 a/b; echo x > 'a name'"
    )
    ran = sandbox.run("bash", block.encode())
    assert ran.files == {"a/b/image.png": b"\0\xff", "a name": b"x\n"}


def test_no_part_of_a_file_over_the_limit_is_returned(sandbox: Sandbox) -> None:
    block = b"head -c 900 /dev/zero > a; head -c 900 /dev/zero > b; head -c 5000 /dev/zero > c"
    ran = sandbox.run("bash", block, Limits(file_bytes=1000))
    assert ran.files == {"a": bytes(900)}
    assert b"File size limit exceeded" in ran.stderr


def test_two_blocks_share_nothing(sandbox: Sandbox) -> None:
    places = ["$HOME", "$HOME/.."]
    if sandbox.containment == "namespace":
        places += ["/tmp", "/dev/shm"]
    marks = "; ".join(f'mkdir -p "{place}/left/x"; chmod 000 "{place}/left"' for place in places)
    sandbox.run("bash", marks.encode())
    process = sandbox._process  # type: ignore[attr-defined]
    assert "left" not in output(sandbox, "; ".join(f'ls -A "{place}"' for place in places))
    assert sandbox._process is process  # type: ignore[attr-defined]


def test_a_very_deep_folder_is_removed(sandbox: Sandbox) -> None:
    block = b"import os\nfor _ in range(1500):\n    os.mkdir('d'); os.chdir('d')\n"
    assert sandbox.run("python", block).exit_code == 0
    assert output(sandbox, "ls -A") == ""


def test_a_block_cannot_end_the_sandbox_from_inside(contained: Sandbox) -> None:
    for kill in ("kill -9 1", "kill -INT 1; kill -TERM 1; kill -STOP 1", "kill -9 -1; kill -9 $$"):
        ran = contained.run("bash", kill.encode(), Limits(timeout_s=5))
        assert ran.stopped is None and output(contained, "echo alive") == "alive\n", kill


def test_a_block_that_kills_its_parent_does_not_hang_us(sandbox: Sandbox) -> None:
    name = f"sleep 6{os.getpid()}"
    ran = sandbox.run(
        "bash", f"[ $PPID = 1 ] || kill -9 $PPID; exec {name}".encode(), HALF_A_SECOND
    )
    is_scoped = landlock.abi() >= landlock.SCOPE_ABI and sandbox.containment == "landlock"
    is_out_of_reach = sandbox.containment == "namespace" or is_scoped
    assert (ran.exit_code, ran.stopped) == (None, "timeout" if is_out_of_reach else "sandbox")
    commands = output(sandbox, "for f in /proc/[0-9]*/cmdline; do tr '\\0' ' ' < $f; echo; done")
    assert "bash" in commands and name not in commands


def test_a_sandbox_whose_runner_ended_starts_a_new_one(sandbox: Sandbox) -> None:
    process = sandbox._process  # type: ignore[attr-defined]
    process.kill()
    process.wait()
    assert HOST in output(sandbox, f"curl -sS https://{HOST}/again")


def test_a_block_ends_with_the_process_that_sent_it(sandbox: Sandbox) -> None:
    output(sandbox, "true")
    process, channel = sandbox._process, sandbox._channel  # type: ignore[attr-defined]
    order = {"command": ["bash"], "name": "block", "size": 8} | vars(Limits())
    channel.sendall(json.dumps(order).encode() + b"\nsleep 20")
    channel.shutdown(socket.SHUT_RDWR)
    process.wait(10)


def test_closing_leaves_no_thread_and_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = threading.active_count()
    with open_sandbox(APP, [HOST]) as sandbox:
        output(sandbox, f"curl -sS https://{HOST}/")
        assert threading.active_count() > before
    assert threading.active_count() == before
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The server's log of answers that it waited for in vain, which is not printed."""
    logger, waits = logging.getLogger("uvicorn.error"), list[str]()

    def note(record: logging.LogRecord) -> bool:
        waits.extend([record.msg] if "shutdown exceeded" in record.msg else [])
        return True

    monkeypatch.setattr(logger, "filters", [note, *logger.filters])
    return waits


@pytest.mark.parametrize("kind", KINDS)
def test_a_client_that_resets_its_connection_is_not_waited_for(
    kind: Containment, caplog: pytest.LogCaptureFixture, waits: list[str]
) -> None:
    block = f"import urllib.request\nurllib.request.urlopen('https://{HOST}/').read()\n"
    for sandbox in sandbox_or_skip(kind):
        assert sandbox.run("python", block.encode()).exit_code == 0
    assert waits == [] and caplog.records == []


def test_a_server_that_waits_for_an_answer_at_its_end_is_noticed(waits: list[str]) -> None:
    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(60)

    with open_sandbox(slow, [HOST], "none") as sandbox:
        assert sandbox.run("bash", f"curl -sm 0.2 https://{HOST}/".encode()).exit_code == 28
    assert len(waits) == 1


def test_the_best_containment_has_the_reason_for_no_better_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    monkeypatch.setattr(landlock, "abi", lambda: 3)
    containment, why = best_containment()
    assert containment == "none"
    assert "bwrap is not on the PATH" in why
    assert "Install the package bubblewrap" in why
    assert "landlock: got version 3 in this kernel, expected 4 or newer" in why


def test_a_named_containment_that_does_not_start_is_unreachable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(namespace, "_rules", lambda: ["--no-such-option"])
    expected = "^sandbox: namespace: .*no-such-option.* Install the package bubblewrap"
    with pytest.raises(Unreachable, match=expected), open_sandbox(APP, [HOST], "namespace"):
        pass


def test_a_url_is_not_a_host() -> None:
    expected = "^host: got 'https://some-host.example', expected `name` or `name:port`. Give"
    with (
        pytest.raises(BadInput, match=expected),
        open_sandbox(APP, ["https://some-host.example"]),
    ):
        pass
