"""Form files: a file of a form is a small plain one in its folder, and the one that was named."""

from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest

from trueup.errors import BadStatus
from trueup.status_file import load_status

NOW = datetime(2026, 3, 1, tzinfo=UTC)
CONTENT = b"\x89PNG\r\n\x1a\n\x00\r\x0b\x85\n"
SHA256 = sha256(CONTENT).hexdigest()
STATUS = """\
version: 2
policy: {{reported_until: 2026-01-01}}
targets: {{production: {{base_url: https://gateway.example.com, reference: true}}}}
routes: {{edits: {{request: POST /v1/images/edits, protocol: openai-images, auth: bearer}}}}
models: {{example-image-1: {{title: Example}}}}
endpoints:
  example-image-1/edits:
    form:
      image[]:
        - {{file: {name}, mime: image/png, sha256: {sha256}}}
      prompt: Add a hat
    variants:
      other:
        title: another picture
        form: {{"image[]": {{file: other.png, mime: image/png, sha256: {sha256}}}}}
signatures: {{}}
mappings: []
observations: []
"""


def site(tmp_path: Path, name: str = "square.png", sha: str = SHA256) -> Path:
    (tmp_path / "status.yml").write_text(STATUS.format(name=name, sha256=sha))
    folder = tmp_path / "snippets" / "files"
    folder.mkdir(parents=True)
    for file in ("square.png", "other.png"):
        (folder / file).write_bytes(CONTENT)
    return folder


def messages(top: Path) -> list[str]:
    with pytest.raises(BadStatus) as raised:
        load_status(top / "status.yml", NOW)
    return [str(message).removeprefix(f"{top}/") for message in raised.value.messages]


def test_the_files_of_an_endpoints_own_form_are_read(tmp_path: Path) -> None:
    site(tmp_path)
    stored = load_status(tmp_path / "status.yml", NOW)
    assert stored.form_files == {"example-image-1/edits": {"square.png": CONTENT}}
    assert stored.sent_files == {"square.png": CONTENT}


def test_a_changed_file_is_named_with_its_hash(tmp_path: Path) -> None:
    (site(tmp_path) / "square.png").write_bytes(b"other")
    assert messages(tmp_path) == [
        "status.yml:10:47: the sha256 is not that of snippets/files/square.png."
        f" Write {sha256(b'other').hexdigest()}, or restore the file."
    ]


def test_a_missing_file_of_a_variant_is_named(tmp_path: Path) -> None:
    (site(tmp_path) / "other.png").unlink()
    assert messages(tmp_path) == [
        "status.yml:15:28: snippets/files/other.png does not exist."
        " Put the file into snippets/files, or correct the name."
    ]


def link(folder: Path) -> None:
    (folder / "square.png").unlink()
    (folder / "square.png").symlink_to("other.png")


def link_folder(folder: Path) -> None:
    folder.rename(folder.with_name("real"))
    folder.symlink_to("real")


def grow(folder: Path) -> None:
    (folder / "square.png").write_bytes(bytes(256 * 1024 + 1))


def no_file(folder: Path) -> None:
    (folder / "square.png").unlink()
    (folder / "square.png").mkdir()


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (link, "snippets/files/square.png is a link"),
        (link_folder, "snippets/files is a link"),
        (grow, "more than 262144 bytes"),
        (no_file, "snippets/files/square.png cannot be read"),
    ],
)
def test_only_a_small_plain_file_is_read(
    tmp_path: Path, change: Callable[[Path], None], problem: str
) -> None:
    change(site(tmp_path))
    assert problem in messages(tmp_path)[0]


@pytest.mark.parametrize("name", ["page.html", "drawing.svg", "notes.TXT", "httpx.py", "noending"])
def test_a_name_that_a_browser_or_a_program_would_run_is_refused(tmp_path: Path, name: str) -> None:
    (site(tmp_path, name) / name).write_bytes(CONTENT)
    assert messages(tmp_path) == [
        f"status.yml:10:12: {name} has the ending of no image, sound, film or plain text."
        " Rename it after what it is, such as square.png."
    ]


FILE = "{file: square.png, mime: image/png, sha256: SHA256}".replace("SHA256", SHA256)


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        (
            FILE.replace("square.png", "../status.yml"),
            "file is '../status.yml', expected a file name without a folder, such as square.png",
        ),
        (FILE.replace("mime", "type"), "item 1 of image[] has no 'mime'"),
        (FILE.replace("}", ", url: x}"), "keys are file, mime, sha256"),
        ("3", "item 1 of image[] is 3, expected text or a mapping"),
    ],
)
def test_a_file_of_another_form_is_refused(tmp_path: Path, written: str, problem: str) -> None:
    site(tmp_path)
    status = tmp_path / "status.yml"
    status.write_text(status.read_text().replace(FILE, written, 1))
    assert problem in "".join(messages(tmp_path))


def test_a_part_has_a_name_and_a_value(tmp_path: Path) -> None:
    site(tmp_path)
    status = tmp_path / "status.yml"
    status.write_text(status.read_text().replace("prompt: Add", "prompt=x: []\n      a: Add"))
    assert messages(tmp_path) == [
        "status.yml:11:7: the name 'prompt=x' cannot be used."
        " Rename it: a name of a part of a form, such as prompt or image[].",
    ]
