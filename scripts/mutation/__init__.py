"""Mutation: this repository's content broken on purpose, one change at a time, and who notices."""

from mutation import built, evidence, pages, record, templates
from mutation.gate import Gate, Told, complaints, load_survivors
from mutation.tree import KINDS, Mutant, Tree, area_of, mutants_of

AREAS = tuple(
    module.__name__.rpartition(".")[2] for module in (record, evidence, templates, pages, built)
)
NAMES = tuple(name for area in AREAS for name in KINDS if area_of(name) == area)
"""Every class, those of an area together."""

__all__ = [
    "AREAS",
    "NAMES",
    "Gate",
    "Mutant",
    "Told",
    "Tree",
    "area_of",
    "complaints",
    "load_survivors",
    "mutants_of",
]
