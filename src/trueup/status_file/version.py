"""Version: the words of version 1 of the status file, for a comparison with an older commit.

Reads no file. To be removed with the release after the first.
"""

from collections.abc import Mapping
from typing import Any

VERSION = 2
"""The version that this engine reads and writes."""
_KEYS = {"others_told": "others_conclusive"}
_WORDS: Mapping[str, Mapping[str, str]] = {
    "outcome": {"image": "output", "cannot-tell": "inconclusive"},
    "billing": {
        "cannot-tell": "inconclusive",
        "charged-without-image": "charged-without-output",
    },
}
_RULES = {
    "odd-receipt": "receipt-mismatch",
    "stray-receipt": "unused-receipt",
    "other-front": "front-matter-mismatch",
    "other-parts": "structure-mismatch",
    "silent-page": "missing-advice",
    "newer-claim": "untested-date",
    "overtaken-hold": "outdated-hold",
    "loose-block": "block-outside-tabs",
    "no-notes": "untracked",
    "copied-text": "copy-mismatch",
}
UPGRADE = (
    f"Write version: {VERSION}. In the observations, replace outcome image by output, billing"
    " charged-without-image by charged-without-output, cannot-tell by inconclusive in both, and the"
    " key others_told by others_conclusive."
)


def is_version_1(data: Mapping[str, Any]) -> bool:
    """Return whether the data of a status file are of version 1."""
    return type(data.get("version")) is int and data["version"] == 1


def upgrade(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the data of a version 1 file in the words of this version."""
    rows, policy = data.get("observations"), data.get("policy")
    upgraded = {**data, "version": VERSION}
    if isinstance(policy, dict) and isinstance(policy.get("severities"), dict):
        severities = {_RULES.get(name, name): one for name, one in policy["severities"].items()}
        upgraded["policy"] = {**policy, "severities": severities}
    if isinstance(rows, list):
        upgraded["observations"] = [_row(row) if isinstance(row, dict) else row for row in rows]
    return upgraded


def _row(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        _KEYS.get(key, key): _WORDS.get(key, {}).get(value, value)
        if isinstance(value, str)
        else value
        for key, value in row.items()
    }
