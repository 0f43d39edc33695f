"""Page claims: the dated statements of pages that a route works or fails, as rows. One that was
rewritten after its date is refused, since nobody made it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from trueup.audit.code import normal_path
from trueup.audit.mention import REQUEST
from trueup.audit.page import Page
from trueup.audit.past import Line
from trueup.audit.rules.evidence import claims_of
from trueup.audit.tokens import days_in
from trueup.audit.words import FAILS, STAMP, VERIFIED, WORKS
from trueup.draft.page_calls import IN_PATH

DATED = re.compile(
    r"[\s>|*+\-]*(?:\d+[.)]\s+)?(?:On\s+|am\s+|le\s+)?\**20\d\d-\d\d-\d\d", re.IGNORECASE
)
"""A line that begins with its date, as an entry of a log does."""
NEGATED = re.compile(
    r"(?:\bnot|n't|\bno longer|\bnever|\bno|\bunless|\bне|不|未|没|無)\s*(?:\w+\s)?$", re.IGNORECASE
)
AIM = re.compile(r"\]\([^)]*\)")
"""What a link leads to."""
BEFORE = 30
"""Characters before a word in which it may be negated."""
SIGNS = str.maketrans({"✅": " works ", "✔": " works ", "❌": " fails ", "✖": " fails "})
OTHER_TARGET = re.compile(r"\b(?:local|localhost|staging|sandbox|on-premise)\b", re.IGNORECASE)
REFERENCE = re.compile(r"\bproduction\b", re.IGNORECASE)
RETURNED = re.compile(
    r"\breturn(?:s|ed)\s+(?:an?\s+|only\s+)?(?:\w+\s+)?(?=errors?\b|HTTP 5)", re.IGNORECASE
)
"""A word of success that an error follows."""
CALLER = re.compile(
    r"\binconclusive\b|\b(?:401|402|403|429)\b|\brate.limit|\bwithout (?:a |an )?(?:API )?key",
    re.IGNORECASE,
)
"""What says more of the caller than of the route."""
LIKE_A_MODEL = re.compile(r"(?<![\w./\-])[A-Za-z][A-Za-z0-9]*(?:[-.][A-Za-z0-9]+)*-\d[\w.\-]*\w?")
"""A name that no call has: what is said of it is said of no other one."""
Outcome = Literal["output", "error"]


@dataclass(frozen=True)
class Claim:
    """What a line says of a date: the routes as method and path, the models, and the outcome, if
    each can be read; `rewritten` is the commit since which it says something else."""

    page: str
    line: int
    text: str
    day: date
    routes: tuple[tuple[str, str], ...]
    models: tuple[str, ...]
    outcome: Outcome | None
    rewritten: str | None


def page_claims(
    page: Page, history: list[Line | None], models: Mapping[str, re.Pattern[str]]
) -> Iterator[Claim]:
    """Yield the dated claims of a page, each in the words of its own date; `models` are the names
    to find, each with its pattern."""
    dated = {
        line: claim.day
        for claim in claims_of(page)
        if claim.last > claim.line
        for line in range(claim.line + 1, claim.last + 1)
    }
    leads = {line: one.lead for one in page.bullets for line, _ in one.items if one.lead}
    for line, text in page.prose():
        known = history[line - 1] if line <= len(history) else None
        days = set(days_in(text)) or ({dated[line]} if line in dated else set())
        is_claim = line in dated or VERIFIED.search(text) or DATED.match(text)
        is_row = page.kinds[line - 1] == "table"
        if len(days) != 1 or STAMP.search(text) or not (is_claim or is_row):
            continue
        if page.kinds[line - 1] == "heading":
            continue
        (day,) = days
        own = _own_words(known, day, text)
        said, now = _said(own, models), _said(text, models)
        lead = leads.get(line, 0)
        if not said[0] and not said[1] and lead:
            routes, names, _ = _said(page.lines[lead - 1], models)
            said = routes, names, said[2]
        if (said[0] or said[1]) and (said[2] or not is_row):
            is_same = own == text or _said(own, models) == now
            commit = None if is_same or known is None else str(known.commit)
            yield Claim(page.path, line, own, day, *said, commit)


def _own_words(known: Line | None, day: date, text: str) -> str:
    """Return a line as it was first written with its date."""
    versions = known.versions() if known else ()
    found = [one.text for one in versions if day in days_in(one.text)]
    return found[-1] if found else text


def _said(
    text: str, models: Mapping[str, re.Pattern[str]]
) -> tuple[tuple[tuple[str, str], ...], tuple[str, ...], Outcome | None]:
    """Return routes, models and outcome of a text. A model in a path is one of the models."""
    text, routes, names = AIM.sub("]", text), [], []
    for one in REQUEST.finditer(text):
        path = normal_path(one["path"])
        names += [found[1]] if (found := IN_PATH.search(path)) else []
        routes.append((one["method"], IN_PATH.sub(r"/models/{upstream}\2", path)))
    rest = REQUEST.sub(" ", text)
    for name, pattern in models.items():
        if pattern.search(rest):
            names.append(name)
            rest = pattern.sub(" ", rest)
    names += LIKE_A_MODEL.findall(rest)
    return tuple(dict.fromkeys(routes)), tuple(dict.fromkeys(names)), outcome_of(rest)


def outcome_of(text: str) -> Outcome | None:
    """Return whether a text says that something works or fails; None where it says neither, both,
    that something does not, or something of the caller or of another target alone."""
    text = RETURNED.sub(" ", re.sub(r"`[^`]*`", " ", text).translate(SIGNS))
    without = FAILS.sub(" ", text)
    works = list(WORKS.finditer(without))
    is_elsewhere = OTHER_TARGET.search(text) and not REFERENCE.search(text)
    if is_elsewhere or CALLER.search(text):
        return None
    if any(NEGATED.search(without[max(0, one.start() - BEFORE) : one.start()]) for one in works):
        return None
    if FAILS.search(text) or re.search(r"\bHTTP 5\d\d\b", text):
        return None if works else "error"
    return "output" if works else None
