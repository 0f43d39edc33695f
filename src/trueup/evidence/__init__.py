"""Evidence: everything that is derived from the observations of each endpoint.

Pure functions of the status file; they read no clock, network or file.
"""

from trueup.evidence.assessment import Assessment, EndpointRow, alternative, assess, latest_changes
from trueup.evidence.changes import Change
from trueup.evidence.mapping import MappingState, MappingWord, mapping_of
from trueup.evidence.risks import Risk, same_result
from trueup.evidence.standing import holds_of

__all__ = [
    "Assessment",
    "Change",
    "MappingState",
    "MappingWord",
    "Risk",
    "EndpointRow",
    "same_result",
    "alternative",
    "assess",
    "holds_of",
    "latest_changes",
    "mapping_of",
]
