import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from hashlib import sha256
from pathlib import Path

import lxml.html
import pytest
from conftest import TOP
from pytest_examples import CodeExample, EvalExample
from pytest_examples.config import ExamplesConfig

from trueup.docs import Docs
from trueup.mock import MEDIA_HOST, create_app
from trueup.mock.sample import TEXT
from trueup.model import form_files
from trueup.pytest_plugin import published_in
from trueup.pytest_plugin.published import Case
from trueup.sandbox.gateway_server import open_folder, open_server
from trueup.sandbox.tunnel import open_tunnel
from trueup.site import build_site, trim_end
from trueup.status_file import Stored
from trueup.verify.block_receipt import Report


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test with `python_block` runs once for each published block in Python."""
    if "python_block" in metafunc.fixturenames:
        cases = published_in(metafunc.config).cases
        found = [case for case in cases if case.block().language == "python"]
        assert found, "no published block in Python was found"
        metafunc.parametrize("python_block", found, ids=[case.name for case in found])


@pytest.fixture(scope="module")
def wire(stored: Stored) -> Iterator[dict[str, str]]:
    """The environment in which this very process reaches the mock by the gateway's name."""
    app = create_app(stored.status, media_url=f"https://{MEDIA_HOST}")
    hosts = ["crazyrouter.com", MEDIA_HOST]
    with (
        open_folder(hosts) as gateway,
        open_server(app, gateway) as loop,
        open_tunnel(gateway, loop) as tunnel,
    ):
        proxy = f"http://127.0.0.1:{tunnel.port}"
        yield {"HTTPS_PROXY": proxy, "SSL_CERT_FILE": str(gateway.ca)}


def test_a_published_python_block_is_clean_and_does_what_the_record_says(
    python_block: Case,
    wire: dict[str, str],
    eval_example: EvalExample,
    stored: Stored,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    block = python_block.block()
    example = CodeExample.create(block.text + "\n")
    eval_example.config = ExamplesConfig(
        line_length=88,
        target_version="py311",
        ruff_select=["E", "F", "I", "B", "UP"],
        ruff_ignore=["C901", "E501", "T201"],
    )
    eval_example.lint(example)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("urllib.request._opener", None)  # it keeps the first proxy that it saw
    for name, value in wire.items():
        monkeypatch.setenv(name, value)
    endpoint = str(block.endpoint)
    files = form_files(stored.status.endpoints[endpoint].form or {})
    for name in files:
        shutil.copy(TOP / "snippets" / "files" / name, tmp_path)
    rows = stored.status.seen(endpoint, stored.status.reference)
    conclusive = next((row for row in rows if row.outcome != "inconclusive"), None)
    if (
        conclusive is None or conclusive.outcome == "output"
    ):  # as documented, if nobody has observed it
        eval_example.run(example)
        name = endpoint.removeprefix("-/").partition("/")[0]
        made = [file.name for file in tmp_path.glob(f"{name}.*")]
        said = capsys.readouterr().out
        assert said.startswith(f"Saved {made[0]}") if made else said == f"{TEXT}\n"
    else:
        with pytest.raises(SystemExit) as ended:
            eval_example.run(example)
        assert stored.status.signatures[conclusive.signatures[0]].match in str(ended.value.code)


def test_the_readme_says_how_many_blocks_are_published(pytestconfig: pytest.Config) -> None:
    number = len(published_in(pytestconfig).cases)
    assert f"found {number}, run {number}, passed {number}, " in (TOP / "README.md").read_text()


def _blocks_by_another_program(site: Path) -> list[str]:
    found = []
    for file in site.rglob("*.html"):
        page = lxml.html.fromstring(file.read_bytes())
        for language in ("bash", "python", "javascript"):
            query = f"//*[contains(@class, 'language-{language}')]//pre//code"
            found += [trim_end(code.text_content()) for code in page.xpath(query)]
    return found


def test_every_block_has_a_passed_receipt_with_its_hash(made: tuple[Docs, Report]) -> None:
    docs, report = made
    passed = {receipt.sha256 for receipt in report.receipts if receipt.passed}
    blocks = _blocks_by_another_program(docs.site)
    assert len(blocks) >= sum(page.blocks for page in docs.pages) > 0
    assert report.counts["run"] == report.counts["passed"] == len(set(blocks))
    assert {sha256(text.encode()).hexdigest() for text in blocks} == passed


def test_every_block_is_stamped_with_the_evidence_that_it_replays(
    made: tuple[Docs, Report],
) -> None:
    docs, _ = made
    page = lxml.html.fromstring((docs.site / "nano-banana" / "index.html").read_bytes())
    stamps = [stamp.text_content() for stamp in page.xpath("//p[contains(@class,'tu-receipt')]")]
    blocks = page.xpath("//*[@data-endpoint]")
    assert len(stamps) == len(blocks) > 0
    assert all("Replays the evidence of 2026-04-14; nothing was sent to" in line for line in stamps)
    failing = page.xpath("//*[@data-endpoint='nano-banana/images-generations']")
    assert sum(line.startswith("Fails as recorded") for line in stamps) == len(failing) > 0


SAID = (
    "is for controlled testing only, not for a stable production integration",
    "not recommended fails; production and local, 2026-04-14",
    "If you need a usable image route now, start with Nano Banana 2",
    "To try nano-banana, use only POST /v1beta/models/gemini-2.5-flash-image:generateContent",
    "Do not send production traffic to nano-banana before 3 production retests in a row",
    "Do not use POST /v1/images/generations with model nano-banana",
    "a fault of the route, not only of its documentation",
    "Raised to recommended by 3 production retests in a row that are billed correctly (0 so far).",
    "Raised to controlled testing by one production retest that returns an image, and to"
    " recommended by 3 production retests in a row that are billed correctly (0 so far).",
    "Legacy pattern, not recommended, as of 2026-04-14",
    "Legacy: OpenAI Images",
    "'https://crazyrouter.com/v1/images/generations'",
)
"""Advice and marks; the facts of each page are in test_facts."""


@pytest.mark.parametrize("sentence", SAID)
def test_the_page_advises_by_its_evidence(sentence: str, made: tuple[Docs, Report]) -> None:
    assert sentence in _shown(made[0].site / "nano-banana" / "index.html")


def _shown(file: Path) -> str:
    page = lxml.html.fromstring(file.read_bytes())
    for hidden in page.xpath("//*[@hidden]"):
        hidden.drop_tree()
    return " ".join(page.xpath("//article")[0].text_content().split())


def test_past_its_time_the_page_says_that_nobody_retested(
    tmp_path: Path, made: tuple[Docs, Report]
) -> None:
    docs = replace(made[0], site=tmp_path / "site", today=date(2026, 5, 15))
    build_site(docs.top, docs.site, docs.today)
    text = _shown(docs.site / "nano-banana" / "index.html")
    assert "Last tested on 2026-04-14. Before you build on it, run a block" in text
    assert "was the working choice when last tested, on 2026-04-14." in text
    assert "start with Nano Banana 2" not in text


def test_no_paragraph_holds_another_or_a_figure(made: tuple[Docs, Report]) -> None:
    texts = [file.read_text("utf-8") for file in made[0].site.rglob("*.html")]
    assert any('<p class="tu-legacy"' in text for text in texts)
    assert not [
        text for text in texts if re.search(r"<p>\s*<(p|figure)\b|</(p|figure)>\s*</p>", text)
    ]
