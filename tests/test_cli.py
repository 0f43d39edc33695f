import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest
from browsing import some
from command import trueup
from conftest import TOP

from trueup.mock import listen
from trueup.status_file import render_schema

CLI = [sys.executable, "-m", "trueup.cli"]


def test_the_schema_beside_the_status_file_is_current() -> None:
    assert (TOP / "status.schema.json").read_text() == render_schema()
    assert (TOP / "status.yml").read_text().startswith("# yaml-language-server: $schema=status.sch")


def test_the_version_waits_for_no_module_that_a_command_uses() -> None:
    code = (
        "import atexit, sys; from trueup.cli import main;"
        "atexit.register(lambda: print(*sys.modules)); main(['--version'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "trueup.cli.group" in loaded
    assert not {"pydantic", "jinja2", "yaml", "lxml", "trueup.model", "trueup.site"} & loaded


WRONG = {
    ("docs", "--as-of", "yesterday"): "got 'yesterday', expected a date such as 2026-04-14",
    ("verify", "--target", "nowhere"): "--target: got 'nowhere', expected one of mock, production",
    ("verify", "--target", "local"): "TRUEUP_LOCAL_API_KEY: not set",
    (
        "translated",
        "xx",
    ): "LANGUAGE: got 'xx', expected a language other than the main one, with a folder under",
    ("frobnicate",): "No such command",
    ("mock", "--port", "99999"): "99999 is not in the range",
    ("mock", "--fault", "gremlins"): "'gremlins' is not one of 'batch-lag', ",
    ("mock", "--fault", "lost-flush"): "needs the ledger or the channels of new-api; the dialect",
    ("mock", "--dialect", "new-api"): "'new-api' is not one of 'plain', 'new-api-b', ",
    ("mock", "--target", "nowhere"): "targets are production, local",
    ("verify", "--max-calls", "0"): "0 is not in the range",
}


@pytest.mark.parametrize("arguments", WRONG)
def test_an_argument_that_cannot_be_used_is_named(
    arguments: tuple[str, ...], repository: Path
) -> None:
    (repository / "site").mkdir()
    done = trueup(repository, *arguments)
    assert done.returncode == 2 and WRONG[arguments] in done.stderr


def test_a_live_target_without_a_cap_is_refused(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (repository / "site").mkdir()
    monkeypatch.setenv("TRUEUP_LOCAL_API_KEY", "sk-very-5ecret-key")
    done = trueup(repository, "verify", "--target", "local")
    assert done.returncode == 2 and "Give --max-calls N." in done.stderr
    assert "secret" not in done.stdout + done.stderr


def test_a_missing_site_or_status_file_is_named(repository: Path) -> None:
    assert "Build it first." in trueup(repository, "verify").stderr
    (repository / "status.yml").unlink()
    done = trueup(repository, "check")
    assert done.returncode == 2 and "status.yml: no such file" in done.stderr


def test_a_missing_tool_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.symlink(str(shutil.which("bash")), tmp_path / "bash")
    monkeypatch.setenv("PATH", str(tmp_path))
    done = trueup(TOP, "build")
    assert done.returncode == 2
    assert done.stderr == "curl: not found. Install it: it runs the blocks.\n"


def test_a_page_that_cannot_be_built_ends_with_3_and_the_message_of_mkdocs(
    repository: Path,
) -> None:
    page = repository / "docs" / "en" / "index.md"
    page.write_text(page.read_text() + '\n{{ route("nano-banana/nothing") }}\n')
    done = trueup(repository, "build")
    assert done.returncode == 3
    assert "index.md: route got 'nano-banana/nothing'" in done.stderr


SEED = {
    "native": (
        "/v1beta/models/gemini-2.5-flash-image:generateContent?key=YOUR_API_KEY",
        [],
        '{"contents": [{"role": "user", "parts": [{"text": "Generate an IMAGE of a clean banana'
        ' icon on a white background. Return image output."}]}],'
        ' "generationConfig": {"responseModalities": ["TEXT", "IMAGE"]}}',
    ),
    "Images": (
        "/v1/images/generations",
        ["-H", "Authorization: Bearer YOUR_API_KEY"],
        '{"model": "nano-banana", "prompt": "..."}',
    ),
}


@contextmanager
def mock(pattern: str, *options: str) -> Iterator[re.Match[str]]:
    """A mock as a process, with the match of the line that it prints first."""
    command = [*CLI, "--top", str(TOP), "mock", "--port", "0", *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr
            found = re.match(pattern, process.stderr.readline())
            assert found
            yield found
        finally:
            process.terminate()


def curl(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["curl", "-sS", *arguments], capture_output=True, text=True, check=False)


def test_the_mock_answers_curl_as_the_observations_say() -> None:
    replies = {}
    with mock(r"http://127\.0\.0\.1:(\d+): a sim") as found:
        for name, (path, more, body) in SEED.items():
            url = f"http://localhost:{found[1]}{path}"
            done = curl(url, *more, "-H", "Content-Type: application/json", "-d", body)
            replies[name] = json.loads(done.stdout)
    text = replies["native"]["candidates"][0]["content"]["parts"][0]["text"]
    assert re.match(r"!\[image\]\(data:image/png;base64,[A-Za-z0-9+/=]+\)$", text)
    assert replies["Images"]["error"]["message"].startswith(
        'Invalid JSON payload received. Unknown name "imageOutputOptions"'
        " at 'generation_config.image_config'"
    )


def test_a_busy_port_is_named_and_ends_with_2(repository: Path) -> None:
    with closing(listen(0)) as listener:
        port = str(listener.getsockname()[1])
        done = trueup(repository, "mock", "--port", port)
    assert done.returncode == 2 and done.stderr.startswith(f"port {port}: Address already in use")


@pytest.mark.parametrize(
    "options",
    [
        ["--tls", "--dialect", "new-api-c", "--fault", "html-502", "--fault", "unlimited"],
        pytest.param(["--fault", "expired-certificate"], marks=pytest.mark.long),
    ],
)
def test_the_mock_prints_its_address_and_fails_as_its_faults_say(
    options: list[str],
) -> None:
    dialect = "new-api-c" if "--dialect" in options else "plain"
    address = rf"https://127\.0\.0\.1:(\d+) \(its CA: (\S+)\): a simulated gateway, {dialect} dial"
    with mock(address, *options) as found:
        url = f"https://127.0.0.1:{found[1]}/v1/images/generations"
        done = curl("--cacert", found[2], url, "-d", "{}")
    if "expired-certificate" in options:
        assert done.returncode == 60 and "expired" in done.stderr
    else:
        assert "502 Bad Gateway" in done.stdout


def test_the_site_is_served_on_loopback_when_all_is_well(starter: Path) -> None:
    command = [*CLI, "--top", str(starter), "docs", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as serving:
        try:
            assert serving.stdout
            home = next(line.split()[0] for line in serving.stdout if line.startswith("http"))
            page = until_up(f"{home}example-image-1/")
        finally:
            serving.terminate()
    assert "Replays a sample" in page.text


def until_up(url: str) -> httpx.Response:
    for _ in range(600):
        try:
            return httpx.get(url)
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError(f"{url} did not come up")


@pytest.mark.parametrize("what", some(["full", "closed"], "full"))
@pytest.mark.parametrize("is_buffered", [False, True])
def test_a_stream_that_cannot_be_written_is_no_finding(what: str, is_buffered: bool) -> None:
    unbuffered = "" if is_buffered else "1"  # an empty value counts as none
    command = [*CLI, "--top", str(TOP), "schema"]
    reader, writer = os.pipe()
    os.close(reader)
    with open("/dev/full", "w") as full, open(writer, "w") as closed:
        stream = {"full": full, "closed": closed}[what]
        environment = os.environ | {"PYTHONUNBUFFERED": unbuffered}
        ended = subprocess.run(command, stdout=stream, stderr=stream, env=environment)
        assert ended.returncode == 2
