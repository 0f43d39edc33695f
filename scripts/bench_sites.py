"""The part of scripts/bench that makes whole sites of many models, in the languages of this
repository, with a route and three blocks each."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench_check import CLI, LANGUAGES, generate

EVERY_S = 0.25
OBSERVED = """\
  - at: 2026-04-15
    endpoint: model-001-image/images-generations
    target: production
    sent:
      base_url: https://gateway.example.com
      request: POST /v1/images/generations
      auth: bearer
      body: {model: model-001-image, prompt: A kiwi}
    outcome: output
    shape: url
    billing: aligned
    source: {reported: the team}
"""


def measure_site(count: str, folder: str) -> dict[str, Any]:
    """Return what a site of so many models costs: built alone, made from nothing, made again
    unchanged, with an observation more, and with a template of one language changed."""
    top = Path(folder) / f"site-{count}"
    top.mkdir()
    generate(top, int(count))
    for language in LANGUAGES[1:]:
        subprocess.run([*CLI, str(top), "translated", language], check=True)
    built = _run(top, "build")
    pages = len([*(top / "site").rglob("index.html")])
    shutil.rmtree(top / "site")
    shutil.rmtree(top / ".cache")
    made = _run(top, "docs", "--no-serve", weighs=True)
    sizes = [(file.suffix, file.stat().st_size) for file in (top / "site").rglob("*.*")]
    unchanged = _run(top, "docs", "--no-serve")
    with (top / "status.yml").open("a", encoding="utf-8") as status:
        status.write(OBSERVED)
    observed = _run(top, "docs", "--no-serve")
    template = top / "snippets" / "openai-images" / "curl.sh.j2"
    template.write_text(template.read_text("utf-8").rstrip() + "\n\n# as recorded\n", "utf-8")
    changed = _run(top, "docs", "--no-serve")
    shutil.rmtree(top)
    return {
        "on": str(datetime.now(UTC).date()),
        "models": int(count),
        "pages": pages,
        "blocks": _number(made["out"], "run "),
        "build_cpu_s": built["cpu_s"],
        "s": made["s"],
        "cpu_s": made["cpu_s"],
        "peak_mib": made["peak_mib"],
        "site_mb": sum(size for _, size in sizes) / 1e6,
        "largest_page_kb": max(size for kind, size in sizes if kind == ".html") / 1e3,
        "unchanged_s": unchanged["s"],
        "observed_s": observed["s"],
        "observed_blocks": _run_now(observed["out"]),
        "template_s": changed["s"],
        "template_blocks": _run_now(changed["out"]),
    }


def _run(top: Path, *arguments: str, weighs: bool = False) -> dict[str, Any]:
    """Run a command; return its seconds on the clock and of the processor, and if it `weighs`, the
    most memory that it and all its processes held at a time, pages that they share counted once.
    Weighing takes the processor's time too."""
    environment = {name: value for name, value in os.environ.items() if name != "CI"}
    before, began, peak = os.times(), time.perf_counter(), 0.0
    command = [*CLI, str(top), *arguments]
    running = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=environment, stderr=subprocess.DEVNULL
    )
    while weighs and running.poll() is None:
        peak = max(peak, sum(map(_memory_mib, _processes(running.pid))))
        time.sleep(EVERY_S)
    out, _ = running.communicate()
    took, after = time.perf_counter() - began, os.times()
    if running.returncode != 0:
        sys.exit(f"{' '.join(arguments)} ended with {running.returncode}: {out}")
    spent = after.children_user + after.children_system
    spent -= before.children_user + before.children_system
    return {"s": took, "cpu_s": spent, "peak_mib": peak, "out": out}


def _processes(process: int) -> Iterator[int]:
    """Yield a process and all below it."""
    yield process
    try:
        for thread in os.listdir(f"/proc/{process}/task"):
            children = Path(f"/proc/{process}/task/{thread}/children").read_text().split()
            for child in map(int, children):
                yield from _processes(child)
    except OSError:  # it has ended
        return


def _memory_mib(process: int) -> float:
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def _number(out: str, before: str) -> int:
    return int(out.partition(before)[2].partition(",")[0])


def _run_now(out: str) -> int:
    """Return how many blocks were run, and not taken from an earlier run."""
    return _number(out, "run ") - (int(out[1:].split()[0]) if out.startswith("(") else 0)
