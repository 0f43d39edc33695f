"""Mutation: this repository's content broken on purpose, one change at a time, and who notices."""

from mutation import built, evidence, languages, prose, record, settings, templates
from mutation.gate import Gate, Told
from mutation.kinds import KINDS, area_of, mutants_of
from mutation.survivors import complaints, load_survivors
from mutation.tree import Mutant, Tree

AREAS = tuple(
    module.__name__.rpartition(".")[2]
    for module in (record, evidence, templates, prose, languages, settings, built)
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
