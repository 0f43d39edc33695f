"""The runs of scripts/bench: blocks in sandboxes, beside their plain programs, an open sandbox and
pytest-examples."""

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import trustme
import uvicorn

from trueup.evidence import alternative, assess
from trueup.mock import create_app
from trueup.sandbox import Limits
from trueup.sandbox.reader_python import ReaderPython
from trueup.site import Block
from trueup.snippet import PROGRAMS, render_snippet
from trueup.status_file import load_status
from trueup.verify.cache import Cache
from trueup.verify.pool import Pool
from trueup.verify.run import open_mock

TOP = Path(__file__).parent.parent
STORED = load_status(TOP / "status.yml", datetime.now(UTC))
REFERENCE = STORED.status.targets[STORED.status.reference].base_url
BEST = alternative(STORED.status, assess(STORED.status), "nano-banana-2")
ENDPOINT = BEST.endpoint if BEST else ""
EXAMPLES = """
import pytest
from pytest_examples import CodeExample, EvalExample, find_examples

@pytest.mark.parametrize("example", find_examples("page.md"), ids=str)
def test_block(example: CodeExample, eval_example: EvalExample) -> None:
    eval_example.run(example)
"""
"""What a user of pytest-examples writes to run the blocks of a page."""


def blocks_of(language: str, count: int) -> list[Block]:
    """Distinct blocks: the published one, each with a last line of its own."""
    snippet = render_snippet(STORED.status, ENDPOINT, language, TOP / "snippets")
    fence = snippet.language.fence
    mark = "//" if fence == "javascript" else "#"
    return [
        Block("a", 1, fence, f"{snippet.text}\n{mark} {number}", snippet.id, ENDPOINT)
        for number in range(count)
    ]


def measure_runs(language: str, count: str, jobs: str, file: str) -> dict[str, float]:
    """Milliseconds a block of one whole verification, and the most memory that it held."""
    blocks = blocks_of(language, int(count))
    cache = Cache(Path(file), STORED, ["bench"], fresh=True) if file else None
    pool = Pool(partial(open_mock, STORED), int(jobs), cache)
    began = time.perf_counter()
    report = pool.verify(blocks, STORED, datetime.now(UTC).date())
    ms = (time.perf_counter() - began) * 1000 / len(blocks)
    assert report.counts["passed"] == len(blocks), str(report)
    return {"ms": ms, "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def measure_unchanged(count: str, file: str) -> dict[str, float]:
    """Seconds to find that none of the blocks needs to be run again."""
    blocks = blocks_of("curl", int(count))
    began = time.perf_counter()
    pool = Pool(partial(open_mock, STORED), 1, Cache(Path(file), STORED, ["bench"]))
    report = pool.verify(blocks, STORED, datetime.now(UTC).date())
    s = time.perf_counter() - began
    assert report.reused == len(blocks), str(report)
    return {"blocks": len(blocks), "s": s}


def measure_floor(language: str, count: str) -> dict[str, float]:
    """The same files, run one by one by their plain program, over TLS to the same mock; and in a
    sandbox that is open, without a judge. Python has what a reader has installed."""
    blocks = blocks_of(language, int(count))
    programs = {"bash": "bash", "javascript": shutil.which("node") or ""}
    endings = {"bash": "sh", "python": "py", "javascript": "mjs"}
    with tempfile.TemporaryDirectory() as folder, serving_tls(Path(folder)) as (url, ca):
        stores = ("SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
        environment = {"PATH": os.environ["PATH"], "HOME": folder} | dict.fromkeys(stores, str(ca))
        readers, took = ReaderPython(Path(folder), folder), 0.0
        for block in blocks:
            file = Path(folder) / f"block.{endings[block.language]}"
            file.write_text(block.text.replace(REFERENCE, url), encoding="utf-8")
            program = programs.get(block.language) or readers.program(file.read_bytes())
            command = [program, str(file)]
            began = time.perf_counter()
            subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
            took += time.perf_counter() - began
    with open_mock(STORED) as harness:
        began = time.perf_counter()
        fence = PROGRAMS[blocks[0].language].fence
        runs = [harness.run(fence, block.text, Limits()) for block in blocks]
        open_s = time.perf_counter() - began
    assert all(run.ran.exit_code == 0 and run.exchanges for run in runs)
    return {"ms": took * 1000 / len(blocks), "open_ms": open_s * 1000 / len(blocks)}


def measure_examples(count: str) -> dict[str, Any]:
    """Milliseconds a block of a page's Python blocks, each imported by pytest in its own process,
    with the start of pytest; over TLS to the same mock."""
    with tempfile.TemporaryDirectory() as name, serving_tls(Path(name)) as (url, ca):
        folder = Path(name)
        fences = (f"```python\n{block.text}\n```\n" for block in blocks_of("python", int(count)))
        page = "\n".join(fences).replace(REFERENCE, url)
        (folder / "page.md").write_text(page, encoding="utf-8")
        (folder / "test_page.py").write_text(EXAMPLES, encoding="utf-8")
        environment = {"PATH": os.environ["PATH"], "HOME": name, "SSL_CERT_FILE": str(ca)}
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        began = time.perf_counter()
        completed = subprocess.run(
            command, cwd=folder, env=environment, check=True, stdout=subprocess.PIPE, text=True
        )
        ms = (time.perf_counter() - began) * 1000 / int(count)
    assert f"{count} passed" in completed.stdout, completed.stdout
    return {"blocks": int(count), "ms": ms, "version": version("pytest-examples")}


@contextmanager
def serving_tls(folder: Path) -> Iterator[tuple[str, Path]]:
    """The mock over TLS on loopback, in a thread of this process as in a verification."""
    authority, ca = trustme.CA(), folder / "ca.pem"
    authority.cert_pem.write_to_path(ca)
    chain = folder / "server.pem"
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(chain)
    app = create_app(STORED.status, media_url=REFERENCE)
    config = uvicorn.Config(
        app, port=0, http="h11", lifespan="off", log_level="error", ssl_certfile=str(chain)
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"https://localhost:{port}", ca
    finally:
        server.should_exit = True
        thread.join()
