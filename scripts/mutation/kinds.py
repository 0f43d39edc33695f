"""Kinds: the classes of mutants, each a function from the tree to its changes."""

from collections.abc import Callable, Iterator
from functools import partial

from mutation.tree import Edits, Mutant, Tree

Changes = Iterator[tuple[str, Edits]]
"""Names and edits."""
KINDS: dict[str, tuple[Callable[[Tree], Changes], bool]] = {}
"""By name: what makes its changes, and whether they are of the built site."""


def kind(
    name: str, *, built: bool = False
) -> Callable[[Callable[[Tree], Changes]], Callable[[Tree], Changes]]:
    """Puts the function that makes a class's changes among the classes."""

    def known(make: Callable[[Tree], Changes]) -> Callable[[Tree], Changes]:
        assert name not in KINDS, name
        KINDS[name] = (make, built)
        return make

    return known


def mutants_of(tree: Tree, name: str) -> Iterator[Mutant]:
    """The mutants of a class. None is like the tree, and no two are alike."""
    make, built = KINDS[name]
    seen: set[str] = set()
    for told, edits in make(tree):
        assert told not in seen, f"{name}: {told} twice"
        seen.add(told)
        raw = {path: new.encode() if isinstance(new, str) else new for path, new in edits.items()}
        yield Mutant(name, told, raw, built)


def area_of(name: str) -> str:
    """What a class is about: the module that it is in."""
    make = KINDS[name][0]
    made = make.func if isinstance(make, partial) else make
    return made.__module__.rpartition(".")[2]
