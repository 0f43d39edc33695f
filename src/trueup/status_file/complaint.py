"""Complaint: how a wrong thing in the status file is worded, one line each. Judges nothing."""

import difflib
import re
from collections.abc import Iterable
from datetime import date
from itertools import islice

from trueup.errors import BadStatus
from trueup.message import Place

SHOWN = 60
MOST = 100
_KEY = re.compile(r"\b(sk-|AIza)[A-Za-z0-9_-]{8,}")


def refusal(complaints: Iterable[tuple[Place, str]]) -> BadStatus:
    """The exception for some complaints, in the order of the file, the first hundred of them."""
    taken = list(islice(complaints, MOST + 1))
    lines = [
        f"{place}: {text}"
        for place, text in sorted(taken[:MOST], key=lambda one: (one[0].line, one[0].column))
    ]
    if len(taken) > MOST:
        path = taken[0][0].path
        lines.append(f"{path}: more than {MOST} complaints; the rest is not shown. Start above.")
    return BadStatus(lines)


def shown(value: object) -> str:
    """A found value in at most 60 characters on one line; nothing that looks like a key."""
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
        return repr(_shortened(_KEY.sub(r"\1…", value[:1000])))
    return _shortened(str(value))


def listed(names: Iterable[str], joint: str = ", ") -> str:
    """Some names in a row; a long row is cut and says so."""
    names = list(names)
    more = f" and {len(names) - 8} more" if len(names) > 8 else ""
    return joint.join(_shortened(name) for name in names[:8]) + more if names else "none"


def did_you_mean(name: object, names: Iterable[str]) -> str:
    """` Did you mean 'x'?` for the name nearest to a wrong one, or nothing."""
    if not isinstance(name, str):
        return ""
    close = difflib.get_close_matches(name[:100], list(islice(names, 500)), n=1)
    return f" Did you mean {shown(close[0])}?" if close else ""


def _shortened(text: str) -> str:
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"
