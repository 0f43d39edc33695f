"""The figures on the page are those of the file, and the file is what `scripts/bench` writes."""

import importlib
import json
import os
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from conftest import TOP, load_docs
from figures import Figures, render_figures
from starlette.testclient import TestClient
from test_repository import check_script

from trueup.docs import Docs
from trueup.site import note_translation
from trueup.verify.pool import Pool
from trueup.verify.run import open_mock

FILE = TOP / "manual" / "bench.json"


def measured(*part: str) -> dict[str, float]:
    command = [sys.executable, str(TOP / "scripts" / "bench.py"), *part]
    found: dict[str, float] = json.loads(subprocess.check_output(command, env=os.environ))
    return found


def test_the_page_shows_what_was_measured() -> None:
    figures = Figures.model_validate_json(FILE.read_bytes())
    text = render_figures(figures)
    assert f"Measured on {figures.on}" in text
    runs = text.partition("**Unchanged blocks.**")[0]
    assert runs.count(" × |") == 2 * len(figures.runs) >= 24
    assert {1, 2} == {run.jobs for run in figures.runs}
    first = figures.runs[0]
    for floor in (first.open_ms, first.floor_ms):
        assert f"| {floor:.0f} | {first.ms / floor:.2f} × |" in text


def test_each_load_of_the_mock_stands_beside_the_bare_app_and_prism() -> None:
    figures = Figures.model_validate_json(FILE.read_bytes())
    for load in figures.serving.loads:
        assert load.prism and figures.serving.prism_version
        ratios = (load.mock.per_s / load.bare.per_s, load.mock.per_s / load.prism.per_s)
        (row,) = (
            line
            for line in render_figures(figures).splitlines()
            if f"| {load.mock.per_s:,.0f} |" in line
        )
        assert [cell.strip() for cell in row.split("|")][6:10:3] == [
            f"{ratio:.2f} ×" for ratio in ratios
        ]
    alone = load.model_copy(update={"prism": None})
    serving = figures.serving.model_copy(update={"prism_version": None, "loads": (alone,)})
    text = render_figures(figures.model_copy(update={"serving": serving}))
    assert "Prism is" not in text and "| – | – | – |" in text


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The module that loads the mock."""
    monkeypatch.syspath_prepend(TOP / "scripts")
    return importlib.import_module("bench_serving")


@pytest.mark.parametrize("size", [0, 100 * 1024])
def test_the_bare_app_and_prism_have_the_reply_of_the_mock(size: int, served: Any) -> None:
    body = served.body_of(size or 1024)
    assert len(body) == (size or 1024)
    replies = []
    for make in served.APPS.values():
        client = TestClient(make(size), headers={"content-type": "application/json"})
        reply = client.post(served.PATH + served.QUERY, content=body)
        assert reply.status_code == 200 and size <= len(reply.content) < size + 400
        replies.append((reply.content, reply.headers.keys()))
    assert replies[0] == replies[1]
    operation = served.document_of(size)["paths"][served.PATH]["post"]
    media = operation["responses"]["200"]["content"]["application/json"]
    assert json.loads(replies[0][0]) == media["example"]
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    jsonschema.validate(json.loads(body), schema)


@pytest.mark.long
def test_blocks_and_floor_can_be_measured(tmp_path: Path) -> None:
    kept = str(tmp_path / "receipts.json")
    floor = measured("floor", "curl", "2")
    assert floor["ms"] > 0 and floor["open_ms"] > 0
    assert measured("runs", "curl", "2", "1", kept)["peak_mib"] > 0
    assert measured("unchanged", "2", kept)["blocks"] == 2


@pytest.mark.long
def test_the_build_and_its_plain_twin_can_be_measured(tmp_path: Path) -> None:
    found = measured("build", "0", str(tmp_path))
    assert found["s"] > 0 and found["plain_s"] > 0
    shutil.rmtree(tmp_path / "built-0" / "site")


@pytest.fixture
def generated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Docs:
    """The docs that scripts/bench-check measures, with two models."""
    monkeypatch.syspath_prepend(TOP / "scripts")
    bench_check = importlib.import_module("bench_check")
    bench_check.generate(tmp_path, 2)
    docs = load_docs(tmp_path)
    for language in bench_check.LANGUAGES[1:]:
        note_translation(tmp_path / "docs", language, docs.pages)
    return docs


def test_the_generated_docs_have_no_finding(generated: Docs) -> None:
    assert len(generated.pages) == 6 * len(generated.languages) == 24
    assert generated.check() == []


@pytest.mark.long
def test_the_generated_docs_can_be_built_and_run(generated: Docs) -> None:
    generated.build(to_be_verified=True)
    report, findings = generated.verify(Pool(partial(open_mock, generated.stored)))
    assert (report.counts["passed"], findings) == (6, [])


def test_the_script_is_a_script_like_the_others() -> None:
    assert not list(check_script(TOP / "scripts" / "bench"))
