"""The measuring behind scripts/bench: each figure beside its floor, taken in turns in one run.

The parts run in processes of their own, so that the memory of one does not show in another's.
"""

import argparse
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import trustme
import uvicorn
from bench_check import generate
from figures import Build, Figures, Machine, Runs, Serving, Site, Unchanged, render_figures

from trueup.evidence import alternative, assess
from trueup.mock import create_app
from trueup.sandbox import Limits
from trueup.site import Block
from trueup.snippet import LANGUAGES, render_snippet
from trueup.status_file import load_status
from trueup.verify.cache import Cache
from trueup.verify.pool import Pool
from trueup.verify.run import open_mock

TOP = Path(__file__).parent.parent
OUTPUT = TOP / "manual" / "bench.json"
STORED = load_status(TOP / "status.yml", datetime.now(UTC))
REFERENCE = STORED.status.targets[STORED.status.reference].base_url
BEST = alternative(STORED.status, assess(STORED.status), "nano-banana-2")
ENDPOINT = BEST.endpoint if BEST else ""
ROUNDS = 3
BUILT = (0, 200)
"""The models of the sites that are built beside plain MkDocs; 0 is for this repository's."""
FLOOR_MOST = 100
PLAN = {"curl": 10_000, "python": 100, "genai": 10, "javascript": 10}
"""The most blocks of each language; an interpreter's own start is most of what the others cost."""


def main() -> None:
    """Measures all, or the one part that the first argument names."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--most", type=int, default=10_000, help="the most blocks in one run")
    sizes = "the numbers of models of whole sites"
    parser.add_argument("--models", type=int, nargs="*", default=[50, 200, 839], help=sizes)
    prism = shutil.which("prism") or ""
    parser.add_argument("--prism", default=prism, help="the command of Prism, to be measured too")
    parser.add_argument("part", nargs="*", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.part:
        name, *arguments = options.part
        print(json.dumps(PARTS[name](*arguments)))
        return
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        cache = Path(folder) / "receipts.json"
        figures = Figures(
            on=datetime.now(UTC).date(),
            machine=Machine(
                system=f"{platform.system()} {platform.release()} {platform.machine()}",
                cores=os.cpu_count() or 1,
                python=platform.python_version(),
                load=load,
            ),
            serving=Serving(**part("serving", options.prism)),
            builds=tuple(Build(**part("build", count, folder)) for count in BUILT),
            sites=tuple(Site(**part("site", count, folder)) for count in options.models),
            runs=tuple(all_runs(options.most, cache)),
            unchanged=Unchanged(**part("unchanged", min(options.most, PLAN["curl"]), cache)),
        )
    OUTPUT.write_text(json.dumps(rounded(figures), indent=2) + "\n", encoding="utf-8")
    import manual  # not above: a part is a process of its own, and its memory is measured

    manual.main()
    print(render_figures(figures))


def rounded(figures: Figures) -> Any:
    """As JSON, without digits that mean nothing."""
    text = figures.model_dump_json()
    return json.loads(text, parse_float=lambda digits: round(float(digits), 3))


def part(*arguments: object) -> dict[str, Any]:
    """What a part printed, run in a process of its own."""
    command = [sys.executable, __file__, *map(str, arguments)]
    completed = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(completed.stdout)
    print(*arguments, completed.stdout.strip(), file=sys.stderr, flush=True)
    return found


def all_runs(most: int, cache: Path) -> Iterator[Runs]:
    for language, limit in PLAN.items():
        count = 10
        while count <= min(limit, most):
            yield from some_runs(language, count, cache)
            count *= 10


def some_runs(language: str, count: int, cache: Path) -> Iterator[Runs]:
    """One job and two, the floor before, between and after, several times where that is quick."""
    floors: list[dict[str, Any]] = []
    taken: dict[int, list[dict[str, Any]]] = {1: [], 2: []}
    for _ in range(ROUNDS if count <= 10 else 1):
        for jobs, measured in taken.items():
            floors.append(part("floor", language, min(count, FLOOR_MOST)))
            kept = cache if language == "curl" and jobs == 1 else ""
            measured.append(part("runs", language, count, jobs, kept))
    floors.append(part("floor", language, min(count, FLOOR_MOST)))
    for jobs, measured in taken.items():
        yield Runs(
            language=LANGUAGES[language].label,
            jobs=jobs,
            blocks=count,
            ms=median(one["ms"] for one in measured),
            open_ms=median(one["open_ms"] for one in floors),
            floor_ms=median(one["ms"] for one in floors),
            peak_mib=max(one["peak_mib"] for one in measured),
        )


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
    sandbox that is open, without a judge."""
    blocks = blocks_of(language, int(count))
    programs = {"bash": "bash", "python": sys.executable, "javascript": shutil.which("node") or ""}
    endings = {"bash": "sh", "python": "py", "javascript": "mjs"}
    with tempfile.TemporaryDirectory() as folder, serving_tls(Path(folder)) as (url, ca):
        stores = ("SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
        environment = {"PATH": os.environ["PATH"], "HOME": folder} | dict.fromkeys(stores, str(ca))
        took = 0.0
        for block in blocks:
            file = Path(folder) / f"block.{endings[block.language]}"
            file.write_text(block.text.replace(REFERENCE, url), encoding="utf-8")
            command = [programs[block.language], str(file)]
            began = time.perf_counter()
            subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
            took += time.perf_counter() - began
    with open_mock(STORED) as harness:
        began = time.perf_counter()
        for block in blocks:
            harness.run(block.language, block.text, Limits())
        open_s = time.perf_counter() - began
    return {"ms": took * 1000 / len(blocks), "open_ms": open_s * 1000 / len(blocks)}


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


def measure_build(count: str, folder: str) -> dict[str, Any]:
    """Pages of one language, and seconds: built by Trueup, and by plain MkDocs from the Markdown
    that the macros made."""
    top = Path(folder) / f"built-{count}"
    top.mkdir()
    if int(count):
        generate(top, int(count))
    else:
        for name in ("docs", "overrides", "snippets"):
            shutil.copytree(TOP / name, top / name)
        for name in ("mkdocs.yml", "status.yml"):
            shutil.copy(TOP / name, top)
    settings = (top / "mkdocs.yml").read_text("utf-8")
    dump = "import os\ndef on_page_content(html, page, **_):\n    to = page.file.src_uri\n"
    dump += "    to = os.path.join('rendered', to)\n    open(to, 'w').write(page.markdown)\n"
    (top / "dump.py").write_text(dump)
    shutil.copytree(top / "docs" / "en", top / "rendered")
    (top / "dump.yml").write_text(f"{settings}\nhooks: [dump.py]\n")
    start = settings.index("  - macros:")
    plain = settings[:start] + settings[settings.index("\n\n", start) :]
    (top / "plain.yml").write_text(plain.replace("docs_dir: docs/en", "docs_dir: rendered"))
    build(top, "dump.yml")
    took: dict[str, list[float]] = {"mkdocs.yml": [], "plain.yml": []}
    for _ in range(ROUNDS):
        for name, seconds in took.items():
            seconds.append(build(top, name))
    pages = len([*(top / "rendered").rglob("*.md")])
    took_s = {"s": median(took["mkdocs.yml"]), "plain_s": median(took["plain.yml"])}
    return {"on": str(datetime.now(UTC).date()), "pages": pages, **took_s}


def build(top: Path, settings: str) -> float:
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "-f", settings, "-d", "site"]
    began = time.perf_counter()
    subprocess.run(command, cwd=top, check=True)
    return time.perf_counter() - began


def measure_serving(prism: str) -> dict[str, Any]:
    """The mock under load, beside a bare app and Prism."""
    import bench_serving  # not above: what it holds would show in the memory of other parts

    return bench_serving.measure_serving(prism)


def measure_site(count: str, folder: str) -> dict[str, Any]:
    import bench_sites  # not above, as with the mock

    return bench_sites.measure_site(count, folder)


PARTS: dict[str, Callable[..., dict[str, Any]]] = {
    "runs": measure_runs,
    "floor": measure_floor,
    "unchanged": measure_unchanged,
    "build": measure_build,
    "site": measure_site,
    "serving": measure_serving,
}

if __name__ == "__main__":
    main()
