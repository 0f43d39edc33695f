"""Value text: the values and names of a file as its messages show them. Checks nothing."""

import difflib
import re
from collections.abc import Iterable
from datetime import date
from itertools import islice

SHOWN = 60
"""Characters of a value: enough to recognize it, with room for the rest of the line."""
LISTED = 8
"""Names of a list: more are no help beside "Did you mean"."""
COMPARED = 500
"""Names that a wrong one is compared with, since each comparison costs time."""
_KEY = re.compile(r"\b(sk-|AIza)[A-Za-z0-9_-]{8,}")


def shown(value: object) -> str:
    """Return a value in at most 60 characters on one line, without what looks like a key."""
    if isinstance(value, dict):
        return "a mapping" if value else "an empty mapping"
    if isinstance(value, list):
        return "a list" if value else "an empty list"
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str):
        # A key that begins in the shown part ends in the searched one.
        return repr(_shortened(_KEY.sub(r"\1…", value[:1000])))
    return _shortened(str(value))


def listed(names: Iterable[str], joint: str = ", ") -> str:
    """Return names in a row, the first eight and the number of the others."""
    names = list(names)
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return joint.join(_shortened(name) for name in names[:LISTED]) + more if names else "none"


def did_you_mean(name: object, names: Iterable[str]) -> str:
    """Return `Did you mean 'x'?` with the name nearest to a wrong one, or nothing."""
    if not isinstance(name, str):
        return ""
    close = difflib.get_close_matches(name[:100], list(islice(names, COMPARED)), n=1)
    return f"Did you mean {shown(close[0])}?" if close else ""


def _shortened(text: str) -> str:
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"
