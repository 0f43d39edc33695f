"""A gateway of another family, as a stand-in in another process: its site, and live retests."""

import ast
import io
import json
import os
import shutil
import ssl
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import av
import httpx
import pytest
import trustme
import yaml
from command import trueup
from conftest import TOP
from test_output_decoder import film
from test_scaffold import INDEXED, verify

from trueup.evidence import assess
from trueup.scaffold import SiteAnswers, write_starter
from trueup.scaffold.answers import silence
from trueup.status_file import load_status

HERE = TOP / "tests" / "lantern"
PUBLIC = "https://api.lantern.example"
KEY = "lk-3f9a1c7e5b2d8046af13c9e7b5d2f804"
PAGES = {
    "Lantern Glow 1": ("images-generations", "images-edits"),
    "Lantern Glow 0": ("images-generations",),
    "Lantern Chat 1": ("chat", "chat-stream", "messages"),
    "Lantern Embed 1": ("embeddings",),
    "Lantern Film 1": ("videos",),
    "Lantern Voice 1": ("audio-speech",),
    "Lantern Ear 1": ("audio-transcriptions",),
}
BLOCKS = {"Glow 1": 6, "Glow 0": 3, "Chat 1": 12, "Embed 1": 4, "Film 1": 2, "Voice 1": 4}
BLOCKS |= {"Ear 1": 3}
LISTS = {"models": 4, "styles": 3}
TOTAL = sum(BLOCKS.values()) + sum(LISTS.values())
COUNTS = f"found {TOTAL}, run {TOTAL}, passed {TOTAL}, failed 0, skipped 0"
TRUTH = {
    "lantern-glow-1/images-generations": ("output", "b64-json", "image/png"),
    "lantern-glow-0/images-generations": ("error", None, None),
    "lantern-glow-1/images-edits": ("output", "b64-json", "image/png"),
    "lantern-chat-1/chat": ("output", "message", None),
    "lantern-chat-1/chat-stream": ("output", "events", None),
    "lantern-embed-1/embeddings": ("output", "float-vectors", None),
    "lantern-film-1/videos": ("output", "content", "video/mp4"),
    "lantern-voice-1/audio-speech": ("output", "audio", "audio/mpeg"),
    "lantern-ear-1/audio-transcriptions": ("output", "transcript", None),
    "-/models": ("output", "models", None),
    "lantern-chat-1/messages": ("output", "content-blocks", None),
    "-/styles": ("output", "value", None),
}
RETIRED = "model lantern-glow-0 was retired on 2026-09-01; use lantern-glow-1"
VIDEO = "/v1/videos/vid_00000001"
CALLS = {
    ("POST", "/v1/images/generations", 200): 1,
    ("POST", "/v1/images/generations", 422): 2,
    ("POST", "/v1/images/edits", 200): 1,
    ("POST", "/v1/chat/completions", 200): 2,
    ("POST", "/v1/embeddings", 200): 1,
    ("POST", "/v1/videos", 202): 1,
    ("GET", VIDEO, 200): 3,
    ("GET", f"{VIDEO}/content", 200): 1,
    ("POST", "/v1/audio/speech", 200): 1,
    ("POST", "/v1/audio/transcriptions", 200): 1,
    ("GET", "/v1/models", 200): 1,
    ("POST", "/v1/messages", 200): 1,
    ("GET", "/v1/styles", 200): 1,
}
"""Every request of one retest: a failure is tried once more, and a task is submitted once."""
CHEAP = (
    *("--endpoint", "lantern-chat-1/chat"),
    *("--endpoint", "lantern-chat-1/messages"),
    *("--endpoint", "-/styles"),
)
"""An endpoint of each place of a key, for the gate."""
NO_REPLY = "without a JSON body, so not a reply of the gateway itself"


def voice() -> bytes:
    """A moment of silence, as MP3."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp3") as output:
        stream = output.add_stream("mp3", rate=24_000, layout="mono")
        frame = av.AudioFrame("s16p", "mono", 12_000)
        frame.rate = 24_000
        output.mux(stream.encode(frame) + stream.encode(None))
    return file.getvalue()


@dataclass(frozen=True)
class Lantern:
    """The running gateway: its address, and its folder with the file of its CA and its log."""

    url: str
    folder: Path

    def turn(self, truth: str) -> None:
        """Let the gateway differ from its documentation from now on."""
        (self.folder / "truth").write_text(truth)

    def calls(self) -> Counter[tuple[str, str, int]]:
        """Every request so far by method, path and status, with how often it came."""
        log = self.folder / "log"
        lines = log.read_text("utf-8").splitlines() if log.exists() else []
        return Counter(tuple(json.loads(line).values()) for line in lines)


@contextmanager
def lantern(folder: Path) -> Iterator[Lantern]:
    folder.mkdir()
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    certificate = authority.issue_cert("localhost").private_key_and_cert_chain_pem
    certificate.write_to_path(folder / "certificate.pem")
    (folder / "voice.mp3").write_bytes(voice())
    (folder / "film.mp4").write_bytes(film(frames=3))
    command = [sys.executable, str(HERE / "server.py"), "--key", KEY, "--folder", str(folder)]
    command += ["--certificate", str(folder / "certificate.pem")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            port = int(process.stdout.readline())
            yield Lantern(f"https://localhost:{port}", folder)
        finally:
            process.terminate()


def write_site(top: Path, url: str = PUBLIC) -> None:
    """Write the site that `trueup init` makes, grown to all routes as the manual says."""
    answers = SiteAnswers(day=date(2026, 9, 1), title="Lantern", base_url=PUBLIC)
    answers = SiteAnswers(**{**vars(answers), "model": "lantern-glow-1"})
    write_starter(top, answers, INDEXED)
    text = (HERE / "status.yml").read_text("utf-8")
    (top / "status.yml").write_text(text.replace(PUBLIC, url), "utf-8")
    for route in yaml.safe_load(text)["routes"].values():
        templates = f"snippets/{route['protocol']}"
        shutil.copytree(TOP / templates, top / templates, dirs_exist_ok=True)
    shutil.copytree(HERE / "files", top / "snippets" / "files")
    (top / "snippets" / "files" / "silence.wav").write_bytes(silence())
    docs = top / "docs" / "en"
    page = (docs / "lantern-glow-1.md").read_text("utf-8")
    for title, routes in PAGES.items():
        model = title.lower().replace(" ", "-")
        calls = "\n\n".join(f'{{{{ route("{model}/{name}") }}}}' for name in routes)
        own = page.replace('{{ route("lantern-glow-1/images-generations") }}', calls)
        own = own.replace("blocks: 3", f"blocks: {BLOCKS[title.removeprefix('Lantern ')]}")
        own = own.replace("lantern-glow-1", model).replace("Lantern Glow 1", title)
        (docs / f"{model}.md").write_text(own, "utf-8")
    for name, count in LISTS.items():
        head = f"---\ndescription: The {name} of this gateway.\nblocks: {count}\n---\n"
        call = f'{{{{ route("-/{name}") }}}}'
        (docs / f"{name}.md").write_text(f"{head}\n# All {name}\n\n{call}\n", "utf-8")
    names = [*(title.lower().replace(" ", "-") for title in PAGES), *LISTS]
    menu = "".join(f"      - {name}.md\n" for name in names)
    settings = (top / "mkdocs.yml").read_text("utf-8")
    (top / "mkdocs.yml").write_text(settings.replace("      - lantern-glow-1.md\n", menu), "utf-8")


@dataclass(frozen=True)
class Retested:
    """A retest of the site: the end of the command, and the rows that it added."""

    done: subprocess.CompletedProcess[str]
    rows: list[dict[str, Any]]


def retest(top: Path, *options: str) -> Retested:
    """Retest the site and record it, with its own summary."""
    before = len(yaml.safe_load((top / "status.yml").read_text("utf-8"))["observations"])
    summary = ["--summary", str(top.parent / "summary.md")]
    os.environ["TRUEUP_PRODUCTION_API_KEY"] = KEY  # the command takes it out
    done = trueup(top, "retest", "--max-calls", "30", "--write", *summary, *options)
    after = yaml.safe_load((top / "status.yml").read_text("utf-8"))["observations"]
    return Retested(done, after[before:])


def standings(top: Path) -> dict[str, str]:
    stored = load_status(top / "status.yml", datetime.now(UTC))
    return {name: one.standing for name, one in assess(stored.status).items()}


@contextmanager
def site_of(folder: Path) -> Iterator[tuple[Lantern, Path]]:
    """The running gateway, trusted, and its site without an observation."""
    with lantern(folder / "gateway") as gateway, pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(gateway.folder / "ca.pem"))
        write_site(folder / "site", gateway.url)
        yield gateway, folder / "site"


@pytest.mark.parametrize(
    "language",
    [
        "curl",
        *(pytest.param(name, marks=pytest.mark.long) for name in ("python", "javascript")),
    ],
)
def test_a_retest_records_the_truth_of_each_route(language: str, tmp_path: Path) -> None:
    with site_of(tmp_path) as (gateway, top):
        found = retest(top, "--language", language)
        assert (found.done.returncode, found.done.stderr) == (0, "")
        assert gateway.calls() == CALLS
        rows = {row["endpoint"]: row for row in found.rows}
        assert len(rows) == len(found.rows)
        seen = {
            name: (row["outcome"], row.get("shape"), row.get("mime")) for name, row in rows.items()
        }
        assert seen == TRUTH
        assert standings(top) == {
            name: "recommended" if outcome == "output" else "not-recommended"
            for name, (outcome, _, _) in TRUTH.items()
        }
        again = retest(top, "--language", language, "--endpoint", "-/models")
        assert (again.done.returncode, again.rows) == (0, [])
        assert "times: 2" in (top / "status.yml").read_text("utf-8")
    assert f"Request not valid: {RETIRED}" in found.done.stdout
    assert trueup(top, "check").stdout == "nothing found\n"
    assert KEY not in (top / "status.yml").read_text("utf-8") + found.done.stdout


@pytest.mark.parametrize(
    ("truth", "reason"),
    [
        (
            "key-expired",
            "HTTP 401 is about the key, its balance or its limits, not about the route",
        ),
        pytest.param("page", f"HTTP 502 {NO_REPLY}", marks=pytest.mark.long),
        pytest.param("page-200", f"HTTP 200 {NO_REPLY}", marks=pytest.mark.long),
    ],
)
def test_what_is_not_about_a_route_changes_nothing(truth: str, reason: str, tmp_path: Path) -> None:
    with site_of(tmp_path) as (gateway, top):
        assert [row["outcome"] for row in retest(top, *CHEAP).rows] == ["output"] * 3
        before, clean = (top / "status.yml").read_bytes(), gateway.calls()
        gateway.turn(truth)
        done = retest(top, *CHEAP).done
        assert sum((gateway.calls() - clean).values()) == 3
    assert done.returncode == 3
    assert done.stdout.count(f"inconclusive ({reason})") == 3
    assert f"no conclusive result for any of 3 endpoints (first reason: {reason})" in done.stderr
    assert (top / "status.yml").read_bytes() == before
    assert {standings(top)[name] for name in CHEAP[1::2]} == {"recommended"}


@pytest.mark.long
def test_a_lost_field_lowers_at_once_and_no_other_route(tmp_path: Path) -> None:
    with site_of(tmp_path) as (gateway, top):
        retest(top, *CHEAP)
        gateway.turn("lost-fields")
        found = retest(top, *CHEAP)
    assert 'the json does not match styles.schema.json: /0 lacks "price"' in found.done.stdout
    assert "no text in the reply (finish_reason stop)" in found.done.stdout
    now = standings(top)
    assert [now[name] for name in CHEAP[1::2]] == [
        *("not-recommended", "recommended", "not-recommended"),
    ]


@pytest.mark.long
@pytest.mark.parametrize(
    ("truth", "posts", "error"),
    [
        ("lost-fields", {202: 1}, "the renderer ran out of film"),
        ("no-film", {422: 2}, "Request not valid: this month has no more films"),
    ],
)
def test_a_film_that_fails_is_a_failure_and_is_never_billed_twice(
    truth: str,
    posts: dict[int, int],
    error: str,
    tmp_path: Path,
) -> None:
    with site_of(tmp_path) as (gateway, top):
        gateway.turn(truth)
        found = retest(top, "--endpoint", "*/videos")
        calls = gateway.calls()
    made = {status: times for (method, _, status), times in calls.items() if method == "POST"}
    assert made == posts and f"error ({error})" in found.done.stdout
    assert [row["outcome"] for row in found.rows] == ["error"]
    assert standings(top)["lantern-film-1/videos"] == "not-recommended"


@pytest.mark.long
def test_a_fixed_header_arrives(tmp_path: Path) -> None:
    with site_of(tmp_path) as (gateway, top):
        status = (top / "status.yml").read_text("utf-8")
        assert retest(top, "--endpoint", "*/messages").rows[0]["outcome"] == "output"
        without = status.replace('    headers: {anthropic-version: "2023-06-01"}\n', "")
        (top / "status.yml").write_text(without, "utf-8")
        found = retest(top, "--endpoint", "*/messages")
        calls = gateway.calls()
    assert calls == {("POST", "/v1/messages", 200): 1, ("POST", "/v1/messages", 422): 2}
    assert "anthropic-version is required, as 2023-06-01" in found.done.stdout


@pytest.mark.long
def test_the_site_is_clean_and_every_block_passes(tmp_path: Path) -> None:
    top = tmp_path / "site"
    write_site(top)
    assert verify(top) == (COUNTS, [])
    page = (top / "site" / "lantern-film-1" / "index.html").read_text("utf-8")
    assert page.count("Reply as documented, never seen") == 2


@pytest.mark.long
def test_a_rehearsal_leaves_out_what_was_inconclusive(tmp_path: Path) -> None:
    with site_of(tmp_path) as (_, top):
        found = retest(top, "--endpoint", "*/images-generations", "--max-calls", "2")
    assert [row["outcome"] for row in found.rows] == ["output", "inconclusive"]
    done = trueup(top, "rehearse", str(tmp_path / "rehearsal"))
    assert (done.returncode, done.stderr) == (0, "")
    assert [line for line in done.stdout.splitlines() if line.startswith("production")] == [
        "production lantern-glow-1/images-generations: output (b64-json)"
    ]


@pytest.mark.long
def test_the_pages_follow_from_a_retest(tmp_path: Path) -> None:
    with site_of(tmp_path) as (gateway, top):
        retest(top)
        assert verify(top) == (COUNTS, [])
        before = gateway.calls()
        os.environ["TRUEUP_PRODUCTION_API_KEY"] = KEY
        done = trueup(top, "verify", "--target", "production", "--max-calls", str(TOTAL))
        made = gateway.calls() - before
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{COUNTS}\n", "")
    assert made["POST", "/v1/videos", 202] == 2, "one film for the block of each language"
    posted = sum(times for (method, _, _), times in made.items() if method == "POST")
    assert posted == TOTAL - LISTS["models"] - LISTS["styles"]
    page = (top / "site" / "lantern-film-1" / "index.html").read_text("utf-8")
    assert "billing not measured" in page and "recommended" in page
    assert "not recommended" in (top / "site" / "lantern-glow-0" / "index.html").read_text("utf-8")


BEARER, JSON = {"authorization": f"Bearer {KEY}"}, {"content-type": "application/json"}
CHAT = {"model": "lantern-chat-1", "messages": [{"role": "user", "content": "a"}], "max_tokens": 1}


@pytest.mark.parametrize(
    ("request_", "status", "detail"),
    [
        (("GET", "/api/user/self", {"headers": BEARER}), 404, "is no path of this gateway"),
        (("GET", "/v1/chat/completions", {"headers": BEARER}), 404, "no path"),
        (("POST", "/v1/chat/completions", {"json": CHAT}), 401, "This key has expired."),
        (("POST", "/v1/messages", {"json": CHAT, "headers": BEARER}), 422, "authorization"),
        (("GET", "/v1/styles", {"headers": BEARER}), 422, "authorization"),
        (("GET", f"/v1/models?token={KEY}", {"headers": BEARER}), 422, "no query"),
        (("POST", "/v1/chat/completions", {"data": {}, "headers": BEARER}), 422, "content-type"),
        (("POST", "/v1/images/edits", {"json": CHAT, "headers": BEARER}), 422, "content-type"),
        (
            ("POST", "/v1/embeddings", {"json": {"model": "lantern-embed-1"}, "headers": BEARER}),
            *(422, "input is required"),
        ),
    ],
)
def test_the_stand_in_is_strict(
    request_: tuple[str, str, dict[str, Any]], status: int, detail: str, running: Lantern
) -> None:
    method, path, content = request_
    tls = ssl.create_default_context(cafile=running.folder / "ca.pem")
    reply = httpx.request(method, f"{running.url}{path}", verify=tls, **content)
    assert (reply.status_code, reply.headers["content-type"]) == (
        status,
        "application/problem+json",
    )
    assert reply.json()["status"] == status and detail in reply.json()["detail"]
    assert running.calls()[method, path.partition("?")[0], status] >= 1


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lantern]:
    with lantern(tmp_path_factory.mktemp("strict") / "gateway") as gateway:
        yield gateway


def test_the_stand_in_has_nothing_of_trueup() -> None:
    tree = ast.parse((HERE / "server.py").read_text("utf-8"))
    names = {
        name.partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or "."]
        )
    }
    assert len(names) > 10 and names <= sys.stdlib_module_names
