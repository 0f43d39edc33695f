"""Reader's Python: virtual environments of what `pip install` brings for a block, and no more. The
engine's own has packages that no reader has, such as those that it prints and builds pages with."""

import ast
import re
import shlex
import sys
import sysconfig
import threading
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.metadata import Distribution, PackageNotFoundError, distribution, distributions
from importlib.util import find_spec
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

_INSTALL = re.compile(rb"^[ \t]*#.*?\b(?:pip3? install|uv add|poetry add)[ \t]+(.+)$", re.MULTILINE)
_BY_NAME = re.compile(rb"\b(?:__import__|import_module|exec|eval|run_module|run_path)\b")
"""What may import a package that no import statement names."""

_MOST_BYTES, _MOST_MODULES = 50_000, 50
"""More than any block has; a larger one may be made to take long."""
_DEPTH = 4
"""The most folders of a package that others share, as `google.cloud`, and one."""
_QUIET = threading.Lock()
"""Held while warnings are silenced, which is for all threads."""
Wanted = frozenset[Requirement]


@dataclass(frozen=True)
class ReaderPython:
    """The environments in a folder of ours, which blocks see at `seen_at`."""

    folder: Path
    seen_at: str

    def program(self, source: bytes) -> str:
        """Return the Python for a block: that of the engine itself where it is unknown which
        packages the block uses, or what an installed one consists of."""
        try:
            wanted = _wanted(source)
            entries = None if wanted is None else _entries(wanted)
        except (InvalidRequirement, TypeError):  # of a package that is not whole
            entries = None
        if entries is None:
            return sys.executable
        name = sha256("\n".join(map(str, entries)).encode()).hexdigest()[:16]
        if not (self.folder / name).exists():
            _make(self.folder / name, entries)
        return f"{self.seen_at}/{name}/bin/python"


def _make(place: Path, entries: Iterable[Path]) -> None:
    """Make an environment as `venv` does, with links in place of packages."""
    packages = Path(sysconfig.get_path("purelib", "venv", {"base": str(place)}))
    packages.mkdir(parents=True)
    for entry in entries:
        (packages / entry.name).symlink_to(entry)
    settings = f"home = {sys.base_exec_prefix}/bin\ninclude-system-site-packages = false\n"
    (place / "pyvenv.cfg").write_text(settings, encoding="utf-8")
    (place / "bin").mkdir()
    (place / "bin" / "python").symlink_to(sys.executable)


def _wanted(source: bytes) -> Wanted | None:
    """Return the packages that a block imports and those that its comments install; None where
    these are unknown."""
    if len(source) > _MOST_BYTES or _BY_NAME.search(source):
        return None
    try:
        with _QUIET, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of Python about the block; its own run prints them
            modules = set(_modules(ast.parse(source)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    if len(modules) > _MOST_MODULES:
        return None
    wanted = _installs(source)
    for module in modules:
        if (owners := _owners(module)) is None:
            return None
        wanted |= owners
    return wanted


def _modules(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@cache
def _owners(module: str) -> Wanted | None:
    """Return the installed packages that a module is of, by the longest part of its name that any
    has; None for a module that is here without one, as when it is installed in place."""
    parts = module.split(".")[:_DEPTH]
    if parts[0] in sys.stdlib_module_names:
        return frozenset()
    for length in range(len(parts), 0, -1):
        path = "/".join(parts[:length])
        starts = (f"\n{path}/", f"\n{path}.")
        if owners := [one for one, text in _listed() if any(start in text for start in starts)]:
            return frozenset(Requirement(one.name) for one in owners)
    return None if _is_here(parts[0]) else frozenset()


@cache
def _listed() -> list[tuple[Distribution, str]]:
    """Return each installed package with the lines that list its files, behind a line end."""
    return [(one, f"\n{one.read_text('RECORD')}") for one in distributions()]


def _is_here(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ValueError:  # of one that is loaded, such as `__main__`
        return True


def _installs(source: bytes) -> Wanted:
    """Return what the comments of a block say to install."""
    found: set[Requirement] = set()
    for line in _INSTALL.findall(source):
        try:
            words = shlex.split(line.decode(), comments=True)
            found.update(map(Requirement, (word for word in words if not word.startswith("-"))))
        except (ValueError, InvalidRequirement):
            continue  # prose, or a command for a folder or an address
    return frozenset(found)


@cache
def _entries(wanted: Wanted) -> tuple[Path, ...] | None:
    """Return the files and folders of packages and of all that they require; None where one that
    is installed does not say which these are, or where two folders have parts of one name."""
    entries: set[Path] = set()
    seen: set[tuple[str, frozenset[str]]] = set()
    left = [*wanted]
    while left:
        one = left.pop()
        key = (canonicalize_name(one.name), frozenset(one.extras))
        package = _package(one.name)
        if key in seen or package is None:
            continue
        seen.add(key)
        tops = _tops(package)
        if not tops:
            return None
        entries.update(Path(str(package.locate_file(top))) for top in tops)
        left += _required(package, one.extras)
    has_twins = len({entry.name for entry in entries}) < len(entries)
    return None if has_twins else tuple(sorted(entries))


def _required(package: Distribution, extras: Iterable[str]) -> Iterator[Requirement]:
    for line in package.requires or []:
        required = Requirement(line)
        contexts = [{"extra": extra} for extra in ("", *extras)]
        if required.marker is None or any(map(required.marker.evaluate, contexts)):
            yield required


@cache
def _tops(package: Distribution) -> frozenset[str]:
    """Return the names of a package's files and folders beside other packages'; none for one that
    does not list them, or is installed in place."""
    tops = {file.parts[0] for file in package.files or [] if file.parts[0] not in ("..", "/")}
    if any(top.endswith(".pth") for top in tops):
        return frozenset()
    # Beside a module of one file there is the folder in which all of them are kept compiled.
    return frozenset(tops)


@cache
def _package(name: str) -> Distribution | None:
    try:
        return distribution(name)
    except (PackageNotFoundError, ValueError):
        return None
