"""Clause: whether a clause recommends the only name in it, or warns against it."""

import re
from dataclasses import dataclass, field

from trueup.audit.code import FILE, LOCALE, PLACEHOLDER, normal_path
from trueup.audit.facts import ROUTE as PATH
from trueup.audit.mention import REQUEST
from trueup.audit.tokens import CODE_SPAN, MOST_TICKS, days_in, is_name
from trueup.audit.words import pattern_of

FOR = pattern_of("advice_for")
USE = pattern_of("advice_use")
AGAINST = pattern_of("advice_against")
NEGATION = pattern_of("advice_negation")
PLEASE = pattern_of("advice_please")
FILLER = pattern_of("advice_filler")
LINK = pattern_of("advice_link")
CAUSE = pattern_of("advice_cause")
INSTEAD = pattern_of("advice_instead")
ANYWHERE = pattern_of("advice_anywhere")
WIDE = re.compile(f"({FOR.pattern})|{ANYWHERE.pattern}", re.IGNORECASE)
CONDITION = pattern_of("advice_condition")
CIRCUMSTANCE = pattern_of("advice_circumstance")

NAME = re.compile("[\ue010-\uefff]")
ROUTE = re.compile("[\uf000-\uf7ff]")
OTHER = "\ue000"
SIGN = re.compile("[\ue000-\uf7ff]")
"""Signs in place of a name, a route and any other code: letters of no language."""
MOST_SIGNS = 200
ID = re.compile(r"(?=.*[\-/:])[A-Za-z][\w.\-]*(?:/[\w.\-]+)?(?::[\w.\-]+)?")
NO_ID = re.compile(
    r"(?:application|text|image|audio|video|multipart|font)/.*"
    r"|(?-i:[A-Z][A-Za-z]*(?:-[A-Z][A-Za-z]*)+)|x-.*|(?:utf|sha|iso|rfc)-\d+|.*-(?:key|type|token|id|agent|cookie|control|header|url)",
    re.IGNORECASE,
)
"""Media types, headers and encodings: what is right for one request is wrong for the next."""
ROUTE_IN_TEXT = re.compile(rf"`?{REQUEST.pattern}`?")
ON_ROUTE = re.compile(
    rf"(?:(?:{CIRCUMSTANCE.pattern}|for|für|pour|para|для|对于|通过)\s*)?"
    rf"(?:(?:the|route|endpoint|den|die|la|le|el|a|o)\s+)*{ROUTE.pattern}"
    r"(?:\s*(?:上|中|では|で|には|において|에서는|에서))?"
    r"(?:\s*(?:with|mit|avec|con|com|с|と)\s*(?=[\ue010-\uefff]))?",
    re.IGNORECASE,
)
STRUCK = re.compile(r"~~.*?~~|!\[[^\]]*\]\([^)]*\)|<[^<>]{1,200}>")
LINKED = re.compile(r"\[([^\]]*)\]\([^)]*\)")
CLAUSE = re.compile(
    r"[,;，；、]|\b(?:and|but|und|aber|sondern|et|mais|y|pero|e|mas|и|но|а)\b|但是?|而(?!是|非)",
    re.IGNORECASE,
)
REASON = re.compile(rf"[:：—–]|(?:{CAUSE.pattern})", re.IGNORECASE)
WORD = re.compile(r"\w")
QUESTION = ("?", "？", "?)")
MOST_LABEL = 40
"""Characters of a cell, a heading or a lead that is nothing but an advice."""
UNWRITTEN = ("'", "-", "/", "’")
"""Signs by which a name is a part of something else."""


@dataclass(slots=True)
class Masked:
    """A text with signs for its code, and the line of each of its parts."""

    text: str = ""
    starts: list[tuple[int, int]] = field(default_factory=list)
    signs: dict[str, str] = field(default_factory=dict)

    def add(self, line: int, text: str) -> None:
        """Add a line of a page."""
        self.starts.append((len(self.text), line))
        text = ROUTE_IN_TEXT.sub(self._route, SIGN.sub(" ", text))
        text = CODE_SPAN.sub(self._code, text) if text.count("`") <= MOST_TICKS else ""
        text = LINKED.sub(r"\1", STRUCK.sub(" ", text)).replace("’", "'")
        self.text += re.sub(r"\*+|(?<!\w)_+|_+(?!\w)|^[ \t>]*(?:[-*+]|\d+[.)]|#+)[ \t]+", "", text)
        self.text += " "

    def line_at(self, at: int) -> int:
        """Return the line of a character."""
        return [line for start, line in self.starts if start <= at][-1]

    def _sign(self, text: str, first: int) -> str:
        known = [sign for sign, one in self.signs.items() if one == text]
        if known or len(self.signs) >= MOST_SIGNS:
            return known[0] if known else OTHER
        sign = chr(first + len(self.signs))
        self.signs[sign] = text
        return sign

    def _route(self, found: re.Match[str]) -> str:
        return self._sign(f"{found['method']} {normal_path(found['path'])}", 0xF000)

    def _code(self, found: re.Match[str]) -> str:
        text = found[2].strip()
        if ROUTE.fullmatch(text):
            return text
        if PATH.fullmatch(text):
            return self._sign(normal_path(text), 0xF000)
        is_id = ID.fullmatch(text) and is_name(text.split("/")[-1].replace(":", "-"))
        is_other = any(one.fullmatch(text) for one in (NO_ID, LOCALE, FILE))
        if not is_id or is_other or PLACEHOLDER.search(text):
            return OTHER
        return self._sign(text, 0xE010)


def is_conditioned(text: str) -> bool:
    """Return whether a text has a condition, a date or a question."""
    text = ON_ROUTE.sub(" ", FOR.sub(" ", _unlimited(text)))
    return bool(CONDITION.search(text) or days_in(text)) or text.rstrip().endswith(QUESTION)


def _unlimited(text: str) -> str:
    """Return a text without purposes so wide that they are no condition."""
    return WIDE.sub(lambda found: found[1] or " ", text)


def has_circumstance(text: str) -> bool:
    """Return whether what follows an advice, up to its cause, limits it."""
    first, *others = REASON.split(FILLER.sub(" ", _unlimited(text)))
    return bool(CIRCUMSTANCE.search(first)) or any(starts_limited(one) for one in others)


def starts_limited(text: str) -> bool:
    """Return whether a text begins with a circumstance, such as `with streaming`."""
    return bool(CIRCUMSTANCE.match(_unlimited(text).lstrip(" (")))


def side_of(clause: str) -> tuple[bool, bool] | None:
    """Return whether a clause recommends its only name, and whether it is an order; None where the
    grammar does not bind an advice to the name, or a circumstance limits it."""
    clause = _unlimited(clause)
    if (cut := INSTEAD.search(clause)) and NAME.search(clause[: cut.start()]):
        clause = clause[: cut.start()]
    if len(NAME.findall(clause)) != 1 or OTHER in clause:
        return None
    clause = ROUTE.sub(" ", ON_ROUTE.sub(" ", clause))
    name, found = NAME.search(clause), _advice_in(clause)
    if name is None or found is None:
        return None
    advice, negations, is_for, is_order = found
    spans = [name.span(), advice.span(), *(one.span() for one in negations)]
    last = max(end for _, end in spans)
    if WORD.search(_rest(_without(clause, spans)[:last])):
        return None
    if clause[name.end() : name.end() + 1] in UNWRITTEN or has_circumstance(clause[last:]):
        return None
    between = clause[name.end() : advice.start()]
    is_linked = bool(LINK.search(between)) and clause[last : last + 2].strip().isascii()
    return (is_for is not bool(negations), is_order) if is_linked or is_end(clause[last:]) else None


def label_side(text: str) -> bool | None:
    """Return whether a text that is nothing but an advice recommends; None for any other."""
    text = _unlimited(text)
    if len(text) > MOST_LABEL or NAME.search(text) or (found := _advice_in(text)) is None:
        return None
    advice, negations, is_for, is_order = found
    spans = [advice.span(), *(one.span() for one in negations)]
    if is_order or WORD.search(_rest(_without(text, spans))):
        return None
    return is_for is not bool(negations)


def _advice_in(text: str) -> tuple[re.Match[str], list[re.Match[str]], bool, bool] | None:
    """Return the only advice of a text: with its negation, and whether it recommends or orders."""
    against = list(AGAINST.finditer(text))
    inside = [one.span() for one in against]
    negations = [one for one in NEGATION.finditer(text) if not _is_within(one, inside)]
    words = [one for one in FOR.finditer(text) if not _is_within(one, inside)]
    if len(against) + len(words) > 1 or len(negations) > (0 if against else 1):
        return None
    if against or words:
        return (*against, *words)[0], negations, bool(words), False
    for order in USE.finditer(text):
        before = PLEASE.sub(" ", NEGATION.sub(" ", text[: order.start()]))
        if not WORD.search(before):
            return order, negations, True, True
    return None


def _is_within(one: re.Match[str], spans: list[tuple[int, int]]) -> bool:
    return any(start < one.end() and one.start() < end for start, end in spans)


def _without(text: str, spans: list[tuple[int, int]]) -> str:
    """Return a text with blanks in place of some spans."""
    for start, end in spans:
        text = text[:start] + " " * (end - start) + text[end:]
    return text


def _rest(text: str) -> str:
    return LINK.sub(" ", FILLER.sub(" ", text))


def is_end(text: str) -> bool:
    """Return whether what is advised ends here, and no further noun follows."""
    rest = FILLER.sub(" ", text).lstrip()
    return not rest or not WORD.match(rest) or bool(CAUSE.match(rest) or LINK.match(rest))
