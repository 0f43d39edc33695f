"""Evidence: everything that is derived from the observations of each endpoint.

Pure functions of the status file; they read no clock, network or file.
"""

from trueup.evidence.assessment import Assessment, Seen, alternative, assess, latest_changes
from trueup.evidence.changes import Change
from trueup.evidence.mapping import MappingState, MappingWord, mapping_of
from trueup.evidence.risks import Risk, agree
from trueup.evidence.standing import holds_of

__all__ = [
    "Assessment",
    "Change",
    "MappingState",
    "MappingWord",
    "Risk",
    "Seen",
    "agree",
    "alternative",
    "assess",
    "holds_of",
    "latest_changes",
    "mapping_of",
]
