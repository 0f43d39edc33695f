"""Mapping: the evidence of the model behind an alias."""

from dataclasses import dataclass
from typing import Literal

from trueup.model import Mapping, Status, as_time

MappingWord = Literal["confirmed", "stated", "contradicted", "varies"]


@dataclass(frozen=True)
class MappingState:
    """The evidence of the model behind an alias; `row` is the newest sighting."""

    word: MappingWord
    row: Mapping


def mapping_of(status: Status, alias: str) -> MappingState | None:
    """Return the state of an alias's mapping, or None without an upstream or a sighting.

    `varies`: the sightings of the newest date differ. `contradicted`: the newest differs from the
    model's `upstream`. `stated`: no call has shown it. A row that is not proven only contradicts.
    """
    model = status.models.get(alias)
    if model is None or (upstream := model.upstream) is None:
        return None
    rows = [row for row in status.mappings if row.alias == alias]
    rows = [row for row in rows if row.is_proven or row.upstream != upstream]
    if not rows:
        return None
    seen = [row for row in rows if row.how == "seen"]
    newest = (seen or rows)[-1]
    same_day = {row.upstream for row in seen if as_time(row.at).date() == as_time(newest.at).date()}
    if len(same_day) > 1:
        return MappingState("varies", newest)
    if newest.upstream != upstream:
        return MappingState("contradicted", newest)
    return MappingState("confirmed" if seen else "stated", newest)
