import json
import os
import re
import shutil
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from conftest import TOP

from trueup.mock import listen
from trueup.status_file import render_schema

CLI = [sys.executable, "-m", "trueup.cli"]


def trueup(
    *arguments: str, top: Path = TOP, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*CLI, "--top", str(top), *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )


def test_the_schema_beside_the_status_file_is_in_step() -> None:
    assert (TOP / "status.schema.json").read_text() == render_schema() == trueup("schema").stdout
    assert (TOP / "status.yml").read_text().startswith("# yaml-language-server: $schema=status.sch")


def test_a_sound_repository_is_said_to_be_so() -> None:
    done = trueup("check")
    assert (done.returncode, done.stdout, done.stderr) == (0, "nothing found\n", "")


WRONG = {
    ("docs", "--as-of", "yesterday"): "got 'yesterday', expected a date such as 2026-04-14",
    (
        "verify",
        "--target",
        "nowhere",
    ): "--target: got 'nowhere', expected one of mock",
    ("verify", "--target", "local"): "TRUEUP_LOCAL_API_KEY: not set",
    ("frobnicate",): "No such command",
    ("mock", "--port", "99999"): "99999 is not in the range",
    ("docs", "--port", "-1"): "-1 is not in the range",
    ("mock", "--fault", "gremlins"): "'gremlins' is not one of 'batch-lag', ",
    ("mock", "--target", "nowhere"): "targets are production, local",
    ("verify", "--max-calls", "0"): "0 is not in the range",
}


@pytest.mark.parametrize("arguments", WRONG)
def test_what_cannot_be_used_is_named_and_ends_with_2(
    arguments: tuple[str, ...], repository: Path
) -> None:
    (repository / "site").mkdir()
    done = trueup(*arguments, top=repository)
    assert done.returncode == 2
    assert WRONG[arguments] in done.stderr
    assert "Traceback" not in done.stderr


def test_a_live_target_without_a_cap_is_refused(repository: Path) -> None:
    (repository / "site").mkdir()
    environment = {**os.environ, "TRUEUP_LOCAL_API_KEY": "sk-very-secret"}
    done = trueup("verify", "--target", "local", top=repository, environment=environment)
    assert done.returncode == 2 and "Give --max-calls N." in done.stderr
    assert "secret" not in done.stdout + done.stderr


def test_a_missing_site_or_status_file_is_named(repository: Path) -> None:
    assert "Build it first." in trueup("verify", top=repository).stderr
    (repository / "status.yml").unlink()
    done = trueup("check", top=repository)
    assert done.returncode == 2 and "no such file; a status file was expected" in done.stderr


def test_a_missing_tool_is_named(tmp_path: Path) -> None:
    os.symlink(str(shutil.which("bash")), tmp_path / "bash")
    done = trueup("build", environment={"PATH": str(tmp_path)})
    assert done.returncode == 2
    assert done.stderr == "curl: not found. Install it: it runs the blocks.\n"


def test_setup_names_a_missing_tool(tmp_path: Path) -> None:
    for tool in ("bash", "python3", "dirname", "env"):
        os.symlink(str(shutil.which(tool)), tmp_path / tool)
    done = subprocess.run(
        [str(TOP / "scripts" / "setup")],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": str(tmp_path)},
    )
    assert done.returncode == 2 and "curl was not found" in done.stderr


def test_a_page_that_cannot_be_built_ends_with_3_and_what_mkdocs_said(repository: Path) -> None:
    page = repository / "docs" / "en" / "index.md"
    page.write_text(page.read_text() + '\n{{ route("nano-banana/nothing") }}\n')
    done = trueup("build", top=repository)
    assert done.returncode == 3
    found = "index.md: route is called with 'nano-banana/nothing'; an endpoint of the status file"
    assert found in done.stderr
    assert "Traceback" not in done.stderr


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


def test_the_mock_on_its_own_answers_curl_as_the_record_says(tmp_path: Path) -> None:
    command = [*CLI, "--top", str(TOP), "mock", "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as mock:
        try:
            assert mock.stderr
            found = re.match(r"http://127\.0\.0\.1:(\d+): a sim", mock.stderr.readline())
            assert found
            told = {}
            for name, (path, more, body) in SEED.items():
                command = ["curl", "-s", f"http://localhost:{found[1]}{path}", *more]
                command += ["-H", "Content-Type: application/json", "-d", body]
                done = subprocess.run(command, capture_output=True, text=True, check=True)
                told[name] = json.loads(done.stdout)
        finally:
            mock.terminate()
    text = told["native"]["candidates"][0]["content"]["parts"][0]["text"]
    assert re.match(r"!\[image\]\(data:image/png;base64,[A-Za-z0-9+/=]+\)$", text)
    assert told["Images"]["error"]["message"].startswith(
        'Invalid JSON payload received. Unknown name "imageOutputOptions"'
        " at 'generation_config.image_config'"
    )


def test_a_busy_port_is_named_and_ends_with_2() -> None:
    with closing(listen(0)) as listener:
        port = str(listener.getsockname()[1])
        done = trueup("mock", "--port", port)
    assert (done.returncode, done.stderr) == (
        2,
        f"port {port}: Address already in use; a free one was expected. Use --port.\n",
    )


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (
            ["--fault", "html-502", "--fault", "unlimited"],
            r"http://\S+:(\d+): a simulated",
        ),
        (
            ["--fault", "expired-certificate"],
            r"https://\S+:(\d+) \(its CA: (\S+)\): a sim",
        ),
        (["--tls"], r"https://127\.0\.0\.1:(\d+) \(its CA: (\S+)\): a simulated gateway; stop"),
    ],
)
def test_the_mock_says_where_it_is_and_goes_wrong_as_told(options: list[str], told: str) -> None:
    command = [*CLI, "--top", str(TOP), "mock", "--port", "0", *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as mock:
        try:
            assert mock.stderr
            found = re.match(told, mock.stderr.readline())
            assert found
            ca = ["--cacert", found[2]] if len(found.groups()) > 1 else []
            scheme = "https" if ca else "http"
            url = f"{scheme}://127.0.0.1:{found[1]}/v1/images/generations"
            ask = ["curl", "-sS", *ca, url, "-d", "{}"]
            done = subprocess.run(ask, capture_output=True, text=True, check=False)
        finally:
            mock.terminate()
    if "expired-certificate" in options:
        assert done.returncode == 60 and "expired" in done.stderr
    else:
        assert ("502 Bad Gateway" in done.stdout) == ("html-502" in options)


def test_the_site_is_served_on_loopback_when_all_is_well(starter: Path) -> None:
    command = [*CLI, "--top", str(starter), "docs", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as serving:
        try:
            assert serving.stdout
            home = next(line.split()[0] for line in serving.stdout if line.startswith("http"))
            page = until_up(f"{home}example-image-1/")
        finally:
            serving.terminate()
    assert "Replays the evidence of" in page.text


def until_up(url: str) -> httpx.Response:
    for _ in range(600):
        try:
            return httpx.get(url)
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError(f"{url} did not come up")
