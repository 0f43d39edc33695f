"""The measuring behind scripts/bench: each figure beside its floor, taken in turns in one run.

The parts run in processes of their own, so that the memory of one does not show in another's.
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from statistics import median
from typing import Any

from figures import (
    Build,
    Examples,
    Figures,
    Machine,
    Runs,
    Serving,
    Site,
    Unchanged,
    render_figures,
)

from trueup.snippet import LANGUAGES

TOP = Path(__file__).parent.parent
OUTPUT = TOP / "manual" / "bench.json"
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
    zensical = shutil.which("zensical") or ""
    parser.add_argument("--zensical", default=zensical, help="the command of Zensical, likewise")
    parser.add_argument("part", nargs="*", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.part:
        name, *arguments = options.part
        measure = getattr(import_module(PARTS[name]), f"measure_{name}")
        print(json.dumps(measure(*arguments)))
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
                node=subprocess.check_output(["node", "--version"], text=True).strip(),
                load=load,
            ),
            serving=Serving(**part("serving", options.prism)),
            builds=tuple(
                Build(**part("build", count, folder, options.zensical)) for count in BUILT
            ),
            sites=tuple(Site(**part("site", count, folder)) for count in options.models),
            runs=tuple(all_runs(options.most, cache)),
            examples=Examples(**part("examples", PLAN["python"])),
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


PARTS = {
    "runs": "bench_runs",
    "floor": "bench_runs",
    "unchanged": "bench_runs",
    "examples": "bench_runs",
    "build": "bench_builds",
    "site": "bench_sites",
    "serving": "bench_serving",
}
"""The module of each part, imported by that part alone: what it holds would show in the memory of
the others."""

if __name__ == "__main__":
    main()
