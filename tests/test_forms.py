"""Forms: routes that are called with a file, from the status file to the block that was run."""

import json
import shutil
import wave
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, date, datetime
from hashlib import sha256
from io import BytesIO
from itertools import product
from pathlib import Path
from typing import Any

import openai
import pytest
import yaml
from conftest import TOP
from recorder import TEMPLATES, assert_formatted
from test_sandbox import sandbox_or_skip

from trueup.check.status_claims import check_status
from trueup.evidence import assess
from trueup.mock import create_app
from trueup.mock.picture import draw_picture
from trueup.mock.sample import TEXT
from trueup.mock.server import serving
from trueup.model import Observation
from trueup.relay import Budget, Journal
from trueup.request import differences, request_of
from trueup.retest.plan import Probe
from trueup.retest.rehearsal import open_rehearsal
from trueup.retest.session import Session
from trueup.sandbox import Limits
from trueup.site import Block, change_pages, export_files, link_files
from trueup.snippet import render_snippet
from trueup.status_file import Stored, load_status, parse_status, render_row
from trueup.verify.judge import verify_block
from trueup.verify.run import Harness, open_mock
from trueup.wording.page_macros import page_macros


def silent_wav() -> bytes:
    """Half a second of nothing."""
    with BytesIO() as file, wave.open(file, "wb") as sound:
        sound.setparams((1, 1, 8000, 4000, "NONE", ""))
        sound.writeframes(bytes([128]) * 4000)
        sound.close()
        return file.getvalue()


NOW, TODAY = datetime(2026, 3, 2, tzinfo=UTC), date(2026, 3, 2)
SQUARE = draw_picture("square", "image/png")
SILENCE = silent_wav()
FILES = {
    "square.png": SQUARE,
    "mask.png": draw_picture("mask", "image/png"),
    "silence.wav": SILENCE,
}
ROUTES = {
    "edits": ("POST /v1/images/edits", "openai-images", "b64-json"),
    "speech": ("POST /v1/audio/speech", "openai-speech", "audio"),
    "transcriptions": ("POST /v1/audio/transcriptions", "openai-transcriptions", "transcript"),
}
EDITS = "example-1/edits"
SPOKEN: dict[str, Any] = {"input": "Hello", "voice": "alloy"}
HEARD = {
    "file": {"file": "silence.wav", "mime": "audio/wav", "sha256": sha256(SILENCE).hexdigest()}
}


def file_of(name: str, mime: str = "image/png") -> dict[str, str]:
    return {"file": name, "mime": mime, "sha256": sha256(FILES[name]).hexdigest()}


HEARD = {"file": file_of("silence.wav", "audio/wav")}
CONTENTS = {
    EDITS: {
        "form": {
            "image[]": [file_of("square.png"), file_of("mask.png")],
            "mask": file_of("mask.png"),
            "prompt": 'Give it a "hat";\nkeep the rest = as it is',
            "n": "1",
        }
    },
    "example-1/speech": {"body": SPOKEN},
    "raw-audio/speech": {"body": {**SPOKEN, "response_format": "pcm"}},
    "audio-base64/speech": {"body": {**SPOKEN, "response_format": "wav"}},
    "audio-link/speech": {"body": SPOKEN},
    "audio-events/speech": {"body": {**SPOKEN, "stream_format": "sse"}},
    "example-1/transcriptions": {"form": {**HEARD, "prompt": "A greeting"}},
    "plain-text/transcriptions": {"form": {**HEARD, "response_format": "text"}},
    "transcript-events/transcriptions": {"form": {**HEARD, "stream": "true"}},
}
"""By endpoint; its model is the shape of its reply, but for the usual one."""


def write_site(top: Path, observed: bool = True) -> Stored:
    """Write the status file of the routes and the files, and return it as it was read."""
    shutil.copytree(TOP / "snippets", top / "snippets", dirs_exist_ok=True)
    (top / "snippets" / "files").mkdir(exist_ok=True)
    for name, content in FILES.items():
        (top / "snippets" / "files" / name).write_bytes(content)
    data = {
        "version": 2,
        "policy": {"reported_until": date(2026, 3, 1)},
        "targets": {"production": {"base_url": "https://gateway.example.com", "reference": True}},
        "routes": {
            name: {"request": request, "protocol": protocol, "auth": "bearer"}
            for name, (request, protocol, _) in ROUTES.items()
        },
        "models": {name.partition("/")[0]: {"title": name} for name in CONTENTS},
        "endpoints": json.loads(json.dumps(CONTENTS)),  # YAML would have anchors
        "signatures": {},
        "mappings": [],
    }
    text = yaml.safe_dump(data, sort_keys=False)
    bare = parse_status(f"{text}observations: []\n", "status.yml", NOW, top=top)
    rows = [render_row(row_of(bare, endpoint), 2) for endpoint in CONTENTS if observed]
    (top / "status.yml").write_text(f"{text}observations:\n{''.join(rows) or '  []'}")
    return load_status(top / "status.yml", NOW)


def row_of(stored: Stored, endpoint: str) -> Observation:
    model, _, route = endpoint.partition("/")
    shape = ROUTES[route][2]
    return Observation.model_validate(
        {
            "at": date(2026, 3, 1),
            "endpoint": endpoint,
            "target": "production",
            "sent": request_of(stored.status, endpoint, "production").model_dump(),
            "outcome": "output",
            "shape": shape if model == "example-1" else model,
            "mime": {"raw-audio": "audio/pcm", "audio-base64": "audio/wav"}.get(model),
            "source": {"reported": "a test"},
        }
    )


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Stored:
    return write_site(tmp_path_factory.mktemp("forms"))


@pytest.fixture(scope="module")
def harness(recorded: Stored) -> Iterator[Harness]:
    for _ in sandbox_or_skip("namespace"):
        with open_mock(recorded, "namespace") as opened:
            yield opened


def block_of(stored: Stored, endpoint: str, language: str) -> Block:
    snippet = render_snippet(stored.status, endpoint, language, TEMPLATES)
    return Block("page", 1, snippet.language.fence, snippet.text, snippet.id, endpoint)


IN_THE_GATE = [
    *((EDITS, "curl"), (EDITS, "javascript"), ("raw-audio/speech", "python")),
    *(("example-1/speech", "curl"), ("transcript-events/transcriptions", "python")),
]


BLOCKS = [
    *product(CONTENTS, ("curl", "python", "javascript")),
    *((endpoint, "openai") for endpoint in CONTENTS if endpoint.endswith("/speech")),
]


@pytest.mark.parametrize(
    ("endpoint", "language"),
    [
        pytest.param(*block, marks=[] if block in IN_THE_GATE else pytest.mark.long)
        for block in BLOCKS
    ],
)
def test_a_block_of_a_route_with_a_file_passes(
    recorded: Stored,
    harness: Harness,
    endpoint: str,
    language: str,
) -> None:
    receipt = verify_block(block_of(recorded, endpoint, language), (), recorded, harness, TODAY)
    assert receipt.reasons == () and receipt.passed


@pytest.mark.parametrize(
    ("endpoint", "language"), [one for one in BLOCKS if one[1] in ("python", "openai")]
)
def test_a_block_stays_as_black_leaves_it(recorded: Stored, endpoint: str, language: str) -> None:
    assert_formatted(render_snippet(recorded.status, endpoint, language, TEMPLATES))


def changed_by(top: Path, change: Callable[[dict[str, Any]], object]) -> Stored:
    """Return the recorded status with another form of the endpoint for edits."""
    recorded = write_site(top)
    data = deepcopy(recorded.data)
    change(data["endpoints"][EDITS]["form"])
    (top / "status.yml").write_text(yaml.safe_dump(data, sort_keys=False))
    return load_status(top / "status.yml", NOW)


@pytest.mark.parametrize(
    ("change", "difference"),
    [
        (lambda form: form.update(n="2"), 'form.n: recorded "1", now "2"'),
        (
            lambda form: form["image[]"][1].update(mime="image/webp"),
            'form.image[][1].mime: recorded "image/png", now "image/webp"',
        ),
        (
            lambda form: form.update(mask=file_of("square.png")),
            'form.mask.file: recorded "mask.png", now "square.png"; form.mask.sha256: recorded',
        ),
        (lambda form: form.update(size="1x1"), 'form.size: recorded nothing, now "1x1"'),
        (lambda form: form.pop("mask"), "form.mask: recorded {"),
    ],
)
def test_a_changed_part_of_a_form_is_named_with_both_places(
    tmp_path: Path, change: Callable[[dict[str, Any]], object], difference: str
) -> None:
    stored = changed_by(tmp_path, change)
    (found,) = check_status(stored, assess(stored.status), tmp_path, TODAY)
    assert found.rule == "drift" and difference in found.problem
    form, row = stored.place("endpoints", EDITS, "form"), stored.place("observations", 0)
    assert form.line <= found.where.line < row.line and f"{row}." in found.fix


def test_a_block_that_sends_another_file_than_the_recorded_one_fails(
    tmp_path: Path, harness: Harness
) -> None:
    def swap(form: dict[str, Any]) -> None:
        content = draw_picture("other", "image/png")
        (tmp_path / "snippets" / "files" / "mask.png").write_bytes(content)
        for file in (form["mask"], form["image[]"][1]):
            file["sha256"] = sha256(content).hexdigest()

    stored = changed_by(tmp_path, swap)
    changed = replace(harness, form_files=stored.form_files)
    receipt = verify_block(block_of(stored, EDITS, "curl"), ("page",), stored, changed, TODAY)
    place = stored.place("observations", 0)
    reasons = [one for one in receipt.reasons if f"recorded at {place}: form.mask.sha256" in one]
    assert not receipt.passed and len(reasons) == 1


def test_a_page_has_each_file_of_its_blocks(recorded: Stored, tmp_path: Path) -> None:
    top = Path(recorded.path).parent
    (top / "docs" / "en").mkdir(parents=True)
    route = page_macros(top, top / "docs" / "en", NOW, TODAY)["route"]
    shown = [endpoint for endpoint in CONTENTS if "tu-reply" in route(endpoint)]
    assert shown == [EDITS, "audio-link/speech", "example-1/transcriptions"]  # no sound, no events
    text = route(EDITS)
    link = '<a href="files:{0}" download>{0}</a>'
    both = f"{link.format('square.png')} and {link.format('mask.png')}"
    assert f"\n\nFiles to save beside the code: {both}\n\n" in text
    assert text.count("Reads square.png and mask.png in the current folder.") == 3
    (tmp_path / "en").mkdir()
    (tmp_path / "en" / "page.html").write_text(text)
    export_files(top, recorded.sent_files, tmp_path)
    change_pages(tmp_path, link_files)
    assert 'href="../files/mask.png"' in (tmp_path / "en" / "page.html").read_text()
    assert (tmp_path / "files" / "square.png").read_bytes() == SQUARE


@pytest.fixture(scope="module")
def client(recorded: Stored) -> Iterator[openai.OpenAI]:
    with (
        serving(create_app(recorded.status)) as url,
        openai.OpenAI(api_key="YOUR_API_KEY", base_url=f"{url}/v1", max_retries=0) as opened,
    ):
        yield opened


def test_the_sdk_edits_an_image(client: openai.OpenAI) -> None:
    files = [(name, FILES[name]) for name in ("square.png", "mask.png")]
    edited = client.images.edit(
        model="example-1", image=files, mask=files[1], prompt="Give it a hat", n=1
    )
    assert edited.data and (edited.data[0].b64_json or "").startswith("iVBOR")


@pytest.mark.parametrize(
    ("model", "extra", "start"),
    [
        ("example-1", {}, b"ID3"),
        ("raw-audio", {"response_format": "pcm"}, b""),
        ("audio-base64", {"response_format": "wav"}, b'{"audio":"UklGR'),
        ("audio-link", {}, b'{"url":"http'),
        ("audio-events", {"stream_format": "sse"}, b"data: "),
    ],
)
def test_the_sdk_reads_a_speech(
    client: openai.OpenAI, model: str, extra: dict[str, Any], start: bytes
) -> None:
    spoken = client.audio.speech.create(model=model, voice="alloy", input="Bye", **extra)
    assert spoken.content.startswith(start) and len(spoken.content) > 50


def test_the_sdk_reads_a_transcription(client: openai.OpenAI) -> None:
    heard: dict[str, Any] = {"file": ("silence.wav", SILENCE, "audio/wav")}
    said = client.audio.transcriptions.create(model="example-1", prompt="Other", **heard)
    assert said.text == TEXT
    plain = client.audio.transcriptions.create(model="plain-text", response_format="text", **heard)
    assert plain == TEXT
    events = client.audio.transcriptions.create(model="transcript-events", stream=True, **heard)
    assert [event.type for event in events][-1] == "transcript.text.done"


def test_the_sdk_gets_an_error_for_another_file(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError):
        client.audio.transcriptions.create(model="example-1", file=("silence.wav", b"other"))


def test_a_retest_sends_the_files_and_keeps_what_was_sent(
    recorded: Stored, harness: Harness, tmp_path: Path
) -> None:
    endpoints, names = (EDITS, "example-1/speech", "example-1/transcriptions"), recorded.status
    snippets = [render_snippet(names, endpoint, "curl", TEMPLATES) for endpoint in endpoints]
    due = [Probe(one.endpoint, "production", one, None, None) for one in snippets]
    with Journal(tmp_path / "journal.jsonl", lambda: NOW) as journal:
        budget = Budget(6, None, lambda _: None, journal)

        def open_target(target: str, label: Callable[[], str]) -> Any:
            return open_rehearsal(recorded, budget, harness.containment, True, target, label)

        session = Session(
            names, due, open_target, budget, journal, lambda: NOW, print, without_bills=True
        )
        receipts = {receipt.endpoint: receipt.attempts for receipt in session.run()}
    for endpoint in endpoints:
        (attempt,) = receipts[endpoint]
        assert (attempt.outcome, attempt.reason) == ("output", None), endpoint
        assert attempt.sent == names.seen(endpoint)[0].sent
        assert not differences(names.seen(endpoint)[0].sent, attempt.sent)


@pytest.mark.parametrize(("old", "files"), [("", []), ("; rm example-1.mp3", ["example-1.mp3"])])
def test_curl_prints_an_error_in_place_of_a_sound(
    recorded: Stored, harness: Harness, old: str, files: list[str]
) -> None:
    block = block_of(recorded, "example-1/speech", "curl")
    text = block.text.replace("alloy", "nobody").replace(old, "")
    ran = harness.run("bash", text, Limits(), "example-1/speech").ran
    assert (ran.exit_code, list(ran.files)) == (0, files) and b"No observation" in ran.stdout
    receipt = verify_block(replace(block, text=text), (), recorded, harness, TODAY)
    left = "after a failed call it saved example-1.mp3, expected no file"
    assert (left in receipt.reasons) == bool(files)
