import re
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import yaml
from browsing import some
from command import trueup
from conftest import copy_repository, load_docs

from trueup.site import Block, read_blocks
from trueup.verify.judge import verify_block
from trueup.verify.pool import Pool
from trueup.verify.run import Harness, open_mock

NATIVE = "nano-banana/generate-content"
IMAGES = "nano-banana/images-generations"


def change(top: Path, name: str, old: str, new: str) -> None:
    file = top / name
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


def line_of(top: Path, text: str, start: str = "") -> int:
    whole = (top / "status.yml").read_text()
    return whole[: whole.index(text, whole.index(start))].count("\n") + 1


def docs_command(top: Path) -> subprocess.CompletedProcess[str]:
    return trueup(top, "docs", "--no-serve")


def test_a_renamed_model_is_refused_where_an_endpoint_has_the_old_name(repository: Path) -> None:
    change(repository, "status.yml", "  nano-banana:\n", "  nano-banane:\n")
    done = docs_command(repository)
    assert done.returncode == 2
    assert "status.yml:84:3: endpoint 'nano-banana/generate-content' names no model" in done.stderr


TEMPLATES = {
    "path, curl": ("shared/curl.sh.j2", "{{ (url ~", '{{ (url ~ "x" ~', "bash", NATIVE),
    "upstream": ("shared/curl.sh.j2", "(url ~ (", '((url | replace("flash", "flush")) ~ (', "bash",
                 NATIVE),
    "query key": ("shared/curl.sh.j2", "~ key_query ~", '~ "kez" ~', "bash", NATIVE),
    "bearer": ("shared/curl.sh.j2", "{{ (key_header ~", '{{ ("X-" ~ key_header ~', "bash", IMAGES),
    "method": ("shared/curl.sh.j2", "curl ", "curl -X PUT ", "bash", NATIVE),
    "model": ("shared/constants.py.j2", "BODY = {{ body | py }}",
              'BODY = {{ dict(body, model="nano-banano") | py }}', "python", IMAGES),
    "host": ("shared/curl.sh.j2", "{{ (url ~", '{{ (url | replace("router", "rooter") ~', "bash",
             NATIVE),
    "shape": ("gemini/find_image.py.j2", "data:image", "data:imago", "python", NATIVE),
    "exit code": ("shared/report.py.j2", "    sys.exit(f", "    print(f", "python", IMAGES),
    "saved name": ("shared/reading.py.j2", "Path(f\"{{", 'Path(f"image{{', "python", NATIVE),
}  # fmt: skip


@pytest.fixture
def broken(request: pytest.FixtureRequest, repository: Path) -> tuple[Path, str, str]:
    name, old, new, language, endpoint = TEMPLATES[request.param]
    change(repository, f"snippets/{name}", old, new)
    return repository, language, endpoint


@pytest.fixture(scope="module")
def mock_of_record(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harness]:
    """The mock of the record, whose templates alone the tests change."""
    docs = load_docs(copy_repository(tmp_path_factory.mktemp("record")))
    with open_mock(docs.stored) as harness:
        yield harness


@pytest.mark.parametrize(
    "broken", some(TEMPLATES, "path, curl", "model", "exit code", "saved name"), indirect=True
)
def test_a_template_that_sends_another_request_fails_its_block(
    broken: tuple[Path, str, str], mock_of_record: Harness
) -> None:
    top, language, endpoint = broken
    docs = load_docs(top)
    snippet = next(
        one
        for one in docs.snippets()
        if one.endpoint == endpoint and one.language.fence == language
    )
    block = Block("index.html", 1, language, snippet.text, snippet.id, endpoint)
    receipt = verify_block(block, ("index.html",), docs.stored, mock_of_record, docs.today)
    assert not receipt.passed
    assert receipt.record == str(docs.stored.place_of(docs.stored.status.seen(endpoint)[-1]))


@pytest.mark.long
def test_the_command_fails_on_a_changed_status_file_and_names_both_places(repository: Path) -> None:
    change(repository, "status.yml", "upstream: gemini-2.5-flash-image\n", "upstream: gemini-x\n")
    done = docs_command(repository)
    assert done.returncode == 1
    recorded = line_of(repository, "at: 2026-04-14\n    endpoint: nano-banana/generate-content")
    places = [f"status.yml:{line_of(repository, 'upstream: gemini-x')}:", f"status.yml:{recorded}:"]
    assert all(place in done.stderr for place in (*places, NATIVE, "failed-block"))


@pytest.mark.long
def test_the_command_fails_on_a_changed_template_and_names_both_places(repository: Path) -> None:
    change(repository, "snippets/shared/curl.sh.j2", "{{ (url ~", '{{ (url ~ "x" ~')
    done = docs_command(repository)
    assert done.returncode == 1
    assert f"{Path('snippets', 'gemini', 'curl.sh.j2')}: {NATIVE} (bash)" in done.stderr
    assert "status.yml:" in done.stderr and "now POST" in done.stderr
    counts = re.search(r"found (\d+), run \1, passed (\d+), failed (\d+), skipped 0$", done.stdout)
    assert counts and int(counts[2]) + int(counts[3]) == int(counts[1]) and int(counts[3]) > 0


def test_a_standing_cannot_be_typed_into_the_status_file(repository: Path) -> None:
    change(repository, "status.yml", f"  {IMAGES}:\n", f"  {IMAGES}:\n    standing: recommended\n")
    done = docs_command(repository)
    assert done.returncode == 2
    assert "standing" in done.stderr and "derived" in done.stderr


def test_a_row_that_raises_a_standing_needs_a_source(repository: Path) -> None:
    text = (repository / "status.yml").read_text()
    rows = yaml.safe_load(text)["observations"]
    lifting = {**rows[0], "endpoint": IMAGES, "sent": rows[1]["sent"], "shape": "url"}
    del lifting["source"]
    row = yaml.safe_dump([lifting], sort_keys=False)
    (repository / "status.yml").write_text(text + "".join(f"  {one}\n" for one in row.splitlines()))
    done = docs_command(repository)
    assert done.returncode == 2
    assert "the row can raise a standing and has no source" in done.stderr


@pytest.mark.long
def test_a_page_that_lost_its_blocks_is_found(repository: Path) -> None:
    page = repository / "docs" / "en" / "index.md"
    change(repository, "docs/en/index.md", '{{ best("nano-banana") }}', "")
    published = next(one.blocks for one in load_docs(repository).pages if one.path == page)
    docs = load_docs(repository)
    docs.build(to_be_verified=True)
    report, findings = docs.verify(Pool(partial(open_mock, docs.stored)))
    assert report.counts["failed"] == 0
    assert [(str(one.where), one.rule) for one in findings] == [(str(page), "lost-blocks")]
    assert findings[0].problem.endswith(f"expected {published}")


def test_braces_inside_a_body_reach_the_page_as_they_are(starter: Path) -> None:
    status = (starter / "status.yml").read_text()
    old = "prompt: A clean icon of a paper boat on a white background"
    assert status.count(old) == 2
    new = 'prompt: "{{ 7 * 7 }} {% raw %} A clean icon"'
    (starter / "status.yml").write_text(status.replace(old, new))
    docs = load_docs(starter)
    docs.build()
    block = read_blocks(docs.site)[0]
    with open_mock(docs.stored) as harness:
        receipt = verify_block(block, (block.page,), docs.stored, harness, docs.today)
    assert receipt.passed and "{{ 7 * 7 }} {% raw %}" in block.text
    html = (docs.site / "example-image-1" / "index.html").read_text()
    assert "{{ 7 * 7 }} {% raw %} A clean" in html


def test_findings_are_printed_though_the_build_fails(starter: Path) -> None:
    (starter / "docs/en/more.md").write_text('Seen on 2026-04-14.\n\n{{ advice("none") }}\n')
    done = docs_command(starter)
    assert done.returncode == 3
    assert "more.md:1:9: the date '2026-04-14' is hard-coded" in done.stderr
