"""Mapping: what is known of the model behind an alias."""

from dataclasses import dataclass
from typing import Literal

from trueup.model import Mapping, Status, as_time

MappingWord = Literal["confirmed", "stated", "contradicted", "varies"]


@dataclass(frozen=True)
class MappingState:
    """What is known of the model behind an alias; `row` is the newest sighting."""

    word: MappingWord
    row: Mapping


def mapping_of(status: Status, alias: str) -> MappingState | None:
    """What is known of an alias's upstream, or None when it has none or nothing was recorded.

    `varies`: sightings of the newest day part from each other. `contradicted`: the newest parts
    from the model's `upstream`. `stated`: it was never seen on a call.
    """
    rows = [row for row in status.mappings if row.alias == alias]
    if not rows or status.models[alias].upstream is None:
        return None
    seen = [row for row in rows if row.how == "seen"]
    newest = (seen or rows)[-1]
    same_day = {row.upstream for row in seen if as_time(row.at).date() == as_time(newest.at).date()}
    if len(same_day) > 1:
        return MappingState("varies", newest)
    if newest.upstream != status.upstream(alias):
        return MappingState("contradicted", newest)
    return MappingState("confirmed" if seen else "stated", newest)
