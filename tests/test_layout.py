"""The tree is the architecture: the list in CONTRIBUTING.md against the code under src/trueup."""

import ast
import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest

TOP = Path(__file__).parent.parent
MODULE_LINES = 300
FUNCTION_LINES = 60
DOCSTRING_LINES = 3
DOORS = ("macros", "cli", "pytest_plugin")
NAMELESS = ("utils", "helpers", "common", "base", "manager")
WITH_A_TREE = ("errors",)

# A call that only the doors may make, and the module that may make it all the same, with why.
DOOR_CALLS = {
    *("print", "exit", "quit", "SystemExit", "sys.exit", "os._exit", "os.abort"),
    *("sys.stdout", "sys.stderr", "sys.argv", "click.echo", "click.secho"),
    *("os.environ", "os.environb", "os.getenv", "os.putenv", "os.path.expandvars"),
    *("datetime.now", "datetime.utcnow", "datetime.today", "date.today"),
    *("time.time", "time.time_ns", "time.localtime", "time.gmtime", "time.ctime", "time.strftime"),
}
EXCEPTIONS = {
    ("mock", "time.time_ns"): "a request id begins with the time of its request",
    ("sandbox", "sys.argv"): "inside.py is a program of its own, started in the sandbox",
    ("site", "os.environ"): "a build hides the environment from plugins and templates",
    ("sandbox", "SystemExit"): "inside.py is a program of its own, started in the sandbox",
}


def parse_tree(text: str) -> tuple[str, ...]:
    """The modules that the tree drawing under `src/trueup/` lists, in its order."""
    drawing = re.search(r"^```text\nsrc/trueup/\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert drawing, "CONTRIBUTING.md: no ```text block starts with src/trueup/; one was expected"
    lines = drawing[1].splitlines()
    names = [re.fullmatch(r"[├└]── ([a-z_]+) +\S.*", line) for line in lines]
    odd = [line for line, name in zip(lines, names, strict=True) if name is None]
    assert not odd, f"CONTRIBUTING.md: lines without a module and what it owns: {odd}"
    return tuple(name[1] for name in names if name)


def sources(folder: Path) -> Iterator[tuple[str, Path, ast.Module]]:
    """Each file of the engine with the module (or package) that it belongs to, and its syntax."""
    for path in sorted(folder.rglob("*.py")):
        entry = path.relative_to(folder).parts[0].removesuffix(".py")
        yield entry, path, syntax_of(path.read_text(encoding="utf-8"))


@cache
def syntax_of(text: str) -> ast.Module:
    return ast.parse(text)


def imported(path: Path, folder: Path, syntax: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and dotted name of each import of the engine's own, wherever in the file it stands."""
    package = ("trueup", *path.relative_to(folder).parts[:-1])
    for node in ast.walk(syntax):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) + 1 - node.level] if node.level else ()
            source = ".".join((*start, *([node.module] if node.module else [])))
            names = [f"{source}.{alias.name}" for alias in node.names]
        else:
            continue
        yield from ((node.lineno, name) for name in names if name.split(".")[0] == "trueup")


def check_listed(folder: Path, order: Sequence[str]) -> list[str]:
    """The list and the folder hold the same modules, each once."""
    there = {entry for entry, _, _ in sources(folder)} - {"__init__"}
    return [
        *(f"{name}: listed twice" for name in {n for n in order if order.count(n) > 1}),
        *(f"{name}: listed, and not in the folder" for name in order if name not in there),
        *(f"{name}: in the folder, and not listed" for name in sorted(there - set(order))),
    ]


def check_imports(folder: Path, order: Sequence[str]) -> list[str]:
    """A module imports only from above; the package's own front imports nothing."""
    rank = {name: place for place, name in enumerate(order)}
    found = []
    for entry, path, syntax in sources(folder):
        for line, name in imported(path, folder, syntax):
            other = name.split(".")[1] if "." in name else "__init__"
            if other != entry and rank.get(other, -1) >= rank.get(entry, -1) and other in rank:
                found.append(
                    f"{path.relative_to(folder)}:{line}: {entry} imports {other}, which is below it"
                )
    return found


def check_sizes(folder: Path, order: Sequence[str]) -> list[str]:
    """No module and no function is longer than it may be."""
    found = []
    for entry, path, syntax in sources(folder):
        place = path.relative_to(folder)
        lines = len(path.read_text(encoding="utf-8").splitlines())
        if lines > MODULE_LINES:
            found.append(f"{place}: {entry} has {lines} lines; at most {MODULE_LINES}")
        found += [
            f"{place}:{line}: {name} has {length} lines; at most {FUNCTION_LINES}"
            for line, name, length in functions(syntax)
            if length > FUNCTION_LINES
        ]
    return found


def functions(syntax: ast.Module) -> Iterator[tuple[int, str, int]]:
    """Line, name and length of each function, without its decorators."""
    for node in ast.walk(syntax):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.lineno, node.name, (node.end_lineno or node.lineno) - node.lineno + 1


def check_names(folder: Path, order: Sequence[str]) -> list[str]:
    """Modules are named after what they own."""
    return [
        f"{path.relative_to(folder)}: says nothing of what it owns; name it by its noun"
        for path in sorted(folder.rglob("*"))
        if path.stem.strip("_") in NAMELESS
    ]


def check_tested(folder: Path, order: Sequence[str]) -> list[str]:
    """Each module has a test file of its name."""
    tests = folder.parent.parent / "tests"
    there = {entry for entry, _, _ in sources(folder)} - {"__init__"}
    return [
        f"{name}: tests/test_{name}.py is not there"
        for name in sorted(there)
        if not (tests / f"test_{name}.py").is_file()
    ]


def check_docstrings(folder: Path, order: Sequence[str]) -> list[str]:
    """Each module says what it owns, shortly."""
    found = []
    for entry, path, syntax in sources(folder):
        text = ast.get_docstring(syntax)
        if text is None:
            found.append(f"{path.relative_to(folder)}: {entry} has no docstring")
        elif (
            len(text.split("\n")) - text.count("\n\n") > DOCSTRING_LINES
            and entry not in WITH_A_TREE
        ):
            found.append(
                f"{path.relative_to(folder)}: a docstring of more than {DOCSTRING_LINES} lines"
            )
    return found


def check_doors(folder: Path, order: Sequence[str]) -> list[str]:
    """Only the doors print, exit, or read the environment or the clock; no exception is stale."""
    found, used = [], set()
    for entry, path, syntax in sources(folder):
        for line, name in door_calls(syntax):
            if (entry, name) in EXCEPTIONS:
                used.add((entry, name))
            elif entry not in DOORS:
                found.append(
                    f"{path.relative_to(folder)}:{line}: {entry} uses {name}; only the doors may"
                )
    stale = [pair for pair in EXCEPTIONS if pair not in used]
    return found + [f"{entry}: no longer uses {name}; drop the exception" for entry, name in stale]


def check_patterns(folder: Path, order: Sequence[str]) -> list[str]:
    """No pattern has a possessive quantifier or an atomic group, which Python before 3.11.5 matches
    wrongly where a group is inside."""
    return [
        f"{path.relative_to(folder)}:{node.lineno}: {text!r} gives nothing back"
        for _, path, syntax in sources(folder)
        for node in ast.walk(syntax)
        if isinstance(node, ast.Call) and dotted(node.func).startswith("re.") and node.args
        for part in ast.walk(node.args[0])
        if isinstance(part, ast.Constant) and isinstance(text := part.value, str | bytes)
        if gives_nothing_back(text)
    ]


def gives_nothing_back(pattern: str | bytes) -> bool:
    try:
        steps = repr(import_module("re._parser").parse(pattern))
    except re.error:  # a part of a pattern alone
        return False
    return "POSSESSIVE" in steps or "ATOMIC" in steps


def door_calls(syntax: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and name of each use of what belongs to the doors, however it was imported."""
    nodes = [*ast.walk(syntax)]
    origin = {
        alias.asname or alias.name: f"{node.module}.{alias.name}" if node.module else alias.name
        for node in nodes
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    } | {
        alias.asname: alias.name
        for node in nodes
        if isinstance(node, ast.Import)
        for alias in node.names
        if alias.asname
    }
    caught = {
        part
        for node in nodes
        if isinstance(node, ast.ExceptHandler) and node.type
        for part in ast.walk(node.type)
    }
    for node in nodes:
        if isinstance(node, ast.Name | ast.Attribute) and node not in caught:
            first, *rest = dotted(node).split(".")
            name = ".".join([origin.get(first, first), *rest])
            for call in DOOR_CALLS:
                if name == call or ("." in call and name.endswith(f".{call}")):
                    yield node.lineno, call


def dotted(node: ast.expr) -> str:
    """`a.b.c` for an attribute of a name, and a text that names nothing for all else."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else "?"


Gate = Callable[[Path, Sequence[str]], list[str]]
GATES: tuple[Gate, ...] = (
    *(check_listed, check_imports, check_sizes, check_names),
    *(check_tested, check_docstrings, check_patterns, check_doors),
)
SOUND = {"model.py": '"""M."""\n', "store.py": '"""S."""\nfrom trueup.model import x\n'}
CLOCK = '"""M."""\nfrom datetime import UTC, datetime\nstamp = datetime.now(UTC)\n'
REQUEST_ID = '"""M."""\nimport time\nstamp = time.time_ns()\n'
HIDDEN = '"""S."""\nimport os\nos.environ.clear()\n'
PROGRAM = '"""S."""\nimport sys\nraise SystemExit(sys.argv[1])\n'
BROKEN: tuple[tuple[Gate, dict[str, str], str], ...] = (
    (check_listed, {"extra.py": '"""E."""\n'}, "extra: in the folder, and not listed"),
    (check_listed, {"model.py": ""}, "model: listed, and not in the folder"),
    (check_imports, {"model.py": "from trueup.store import x\n"}, "model imports store"),
    (check_imports, {"model.py": "from trueup import store\n"}, "model imports store"),
    (check_imports, {"model.py": "import trueup.store as s\n"}, "model imports store"),
    (check_imports, {"model.py": "from . import store\n"}, "model imports store"),
    (check_imports, {"model.py": "", "model/a.py": "from ..store import x\n"}, "imports store"),
    (check_imports, {"model.py": "def f():\n    import trueup.store\n"}, ":2: model imports store"),
    (check_imports, {"__init__.py": "from trueup.model import x\n"}, "__init__ imports model"),
    (check_sizes, {"model.py": "\n" * 301}, "model has 301 lines"),
    (check_sizes, {"model.py": "def f():\n" + "    g()\n" * 60}, ":1: f has 61 lines"),
    (check_sizes, {"model.py": "async def f():\n" + "    g()\n" * 60}, ":1: f has 61 lines"),
    (check_names, {"store/_utils.py": ""}, "_utils.py: says nothing"),
    (check_names, {"common/a.py": ""}, "common: says nothing"),
    (check_tested, {"extra.py": "x = 1\n"}, "tests/test_extra.py is not there"),
    (check_docstrings, {"model.py": "x = 1\n"}, "model has no docstring"),
    (check_docstrings, {"model.py": '"""1\n2\n3\n4"""\n'}, "more than 3 lines"),
    (check_doors, {"model.py": "print()\n"}, ":1: model uses print"),
    (check_doors, {"model.py": "import sys\nsys.exit(1)\n"}, ":2: model uses sys.exit"),
    (check_doors, {"model.py": "raise SystemExit(1)\n"}, "uses SystemExit"),
    (check_doors, {"model.py": "import os\nos.environ['A']\n"}, "uses os.environ"),
    (check_doors, {"model.py": "from os import getenv as g\ng('A')\n"}, "uses os.getenv"),
    (check_doors, {"model.py": "import time as t\nt.time()\n"}, "uses time.time"),
    (check_doors, {"model.py": CLOCK}, ":3: model uses datetime.now"),
    (check_doors, {"model.py": "import datetime\ndatetime.datetime.now()\n"}, "datetime.now"),
    (check_doors, {"model.py": "from datetime import date\ndate.today()\n"}, "uses date.today"),
    (check_patterns, {"model.py": "import re\nX = re.compile(r'(?:<[a-z]*+)*')\n"}, "model.py:2: "),
    (check_patterns, {"model.py": "import re\nre.match(b'(?>a|b)', b'')\n"}, "(?>a|b)"),
    (check_doors, {"mock.py": "x = 1\n"}, "mock: no longer uses time.time_ns"),
)


def write_tree(folder: Path, files: dict[str, str]) -> tuple[Path, tuple[str, ...]]:
    """A small engine with its tests: `files` over a sound one; an empty file is left out."""
    source = folder / "src" / "trueup"
    excepted = {"mock.py": REQUEST_ID, "sandbox.py": PROGRAM, "site.py": HIDDEN}
    for name, text in {"__init__.py": '"""T."""\n', **SOUND, **excepted, **files}.items():
        path = source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if text or "/" in name:
            path.write_text(text, encoding="utf-8")
    (folder / "tests").mkdir()
    modules = ("model", "store", "mock", "sandbox", "site")
    for name in modules:
        (folder / "tests" / f"test_{name}.py").touch()
    return source, modules


@pytest.mark.parametrize("gate", GATES)
def test_the_engine_keeps_to_the_rule(gate: Gate) -> None:
    order = parse_tree((TOP / "CONTRIBUTING.md").read_text(encoding="utf-8"))
    found = gate(TOP / "src" / "trueup", order)
    assert not found, "\n".join(found)


@pytest.mark.parametrize("gate", GATES)
def test_a_sound_tree_passes(gate: Gate, tmp_path: Path) -> None:
    assert gate(*write_tree(tmp_path, {})) == []


@pytest.mark.parametrize(("gate", "files", "finding"), BROKEN)
def test_a_broken_tree_is_caught(
    gate: Gate, files: dict[str, str], finding: str, tmp_path: Path
) -> None:
    assert finding in "\n".join(gate(*write_tree(tmp_path, files)))


def test_every_rule_has_a_broken_sample() -> None:
    assert {gate for gate, _, _ in BROKEN} == set(GATES)


def test_the_doors_may_read_the_clock(tmp_path: Path) -> None:
    assert check_doors(*write_tree(tmp_path, {"cli.py": CLOCK, "macros/a.py": CLOCK})) == []


def test_durations_and_caught_exits_are_free() -> None:
    text = "import time\ntry:\n    time.monotonic(); time.perf_counter()\nexcept SystemExit: pass"
    assert not list(door_calls(ast.parse(text)))


def test_a_tree_without_what_a_module_owns_is_refused() -> None:
    with pytest.raises(AssertionError, match="without a module and what it owns"):
        parse_tree("```text\nsrc/trueup/\n├── model  nouns\n└── store\n```\n")
    with pytest.raises(AssertionError, match="one was expected"):
        parse_tree("no drawing")
