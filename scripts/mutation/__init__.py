"""Mutation: changes that break this repository's content, and the gate that should refuse them."""

from mutation import built, evidence, pages, record, templates
from mutation.gate import Gate, Result, complaints, load_survivors
from mutation.tree import KINDS, Mutant, Tree, area_of, mutants_of

AREAS = tuple(
    module.__name__.rpartition(".")[2] for module in (record, evidence, templates, pages, built)
)
NAMES = tuple(name for area in AREAS for name in KINDS if area_of(name) == area)
"""All classes, grouped by area."""

__all__ = [
    "AREAS",
    "NAMES",
    "Gate",
    "Mutant",
    "Result",
    "Tree",
    "area_of",
    "complaints",
    "load_survivors",
    "mutants_of",
]
