"""The run behind scripts/mutants: every mutant through the gate, and the figures."""

import argparse
import multiprocessing
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from mutation import (
    NAMES,
    Gate,
    Mutant,
    Result,
    Tree,
    area_of,
    complaints,
    load_survivors,
    mutants_of,
)
from mutation.figures import Mutants, MutantsOfKind
from mutation.tree import JOBS, TOP

import manual
from trueup.errors import TrueupError

OUTPUT = TOP / "manual" / "mutants.json"


def main() -> None:
    """Run all classes, or those that the arguments name; only a whole run is recorded."""
    parser = argparse.ArgumentParser()
    parser.add_argument("kinds", nargs="*", help="classes of mutants; all by default")
    names = parser.parse_args().kinds or list(NAMES)
    if unknown := [name for name in names if name not in NAMES]:
        sys.exit(f"mutants: unknown class {unknown[0]}. Use one of {', '.join(NAMES)}.")
    began, now = time.monotonic(), datetime.now(UTC)
    try:
        results = run(names, now)
    except TrueupError as error:
        sys.exit(f"mutants: {error}")
    figures = count(results, names, now)
    print_table(figures)
    s = time.monotonic() - began
    print(f"{figures.killed} of {figures.mutants} killed ({figures.rate:.1%}), in {s:.0f} s")
    is_whole = names == list(NAMES)
    wrong = complaints(results, load_survivors(), now.date(), is_whole=is_whole)
    if is_whole:
        OUTPUT.write_text(figures.model_dump_json(indent=2) + "\n", encoding="utf-8")
        manual.main()
    print("\n".join(wrong), file=sys.stderr)
    sys.exit(1 if wrong else 0)


def run(names: Sequence[str], now: datetime) -> list[Result]:
    """Return the results of all mutants of some classes. Raises TrueupError where the docs
    themselves are refused."""
    with tempfile.TemporaryDirectory(prefix="trueup-mutants-") as folder:
        tree = Tree.copy(Path(folder) / "tree", now)
        mutants = [mutant for name in names for mutant in mutants_of(tree, name)]
        shares = [(tree, Path(folder) / str(job), mutants[job::JOBS]) for job in range(JOBS)]
        with ProcessPoolExecutor(JOBS, multiprocessing.get_context("fork")) as pool:
            parts = pool.map(judge, *zip(*shares, strict=True))
            return [one for part in parts for one in part]


def judge(tree: Tree, folder: Path, mutants: Sequence[Mutant]) -> list[Result]:
    """Return the results of a share of the mutants, in a copy of its own."""
    results = []
    with Gate(tree, folder) as gate:
        for mutant in mutants:
            result = gate.judge(mutant)
            if result is None:
                print(f"equivalent: {mutant.kind}, {mutant.name}", flush=True)
                continue
            results.append(result)
            if result.step is None:
                print(f"survived: {mutant.kind}, {mutant.name}", flush=True)
    return results


def count(results: Sequence[Result], names: Sequence[str], now: datetime) -> Mutants:
    """Return the figures of a run, in the order of the classes."""
    kinds = []
    for name in names:
        own = [one for one in results if one.mutant.kind == name]
        rules = Counter(rule for one in own if one.step for rule in one.rules)
        kinds.append(
            MutantsOfKind(
                area=area_of(name),
                name=name,
                mutants=len(own),
                killed=sum(one.step is not None for one in own),
                by=tuple(rule for rule, _ in sorted(rules.items(), key=lambda it: (-it[1], it[0]))),
            )
        )
    return Mutants(on=now.date(), kinds=tuple(kinds))


def print_table(figures: Mutants) -> None:
    width = max(len(kind.name) for kind in figures.kinds)
    for kind in figures.kinds:
        print(f"{kind.name:{width}} {kind.killed:4} of {kind.mutants:4}  {', '.join(kind.by)}")


if __name__ == "__main__":
    main()
