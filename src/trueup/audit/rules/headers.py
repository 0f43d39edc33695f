"""Headers: calls that send a key or a JSON body with another header than nearly all others."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches

from trueup.audit.as_curl import SHORTENED
from trueup.audit.body import HEADER_FLAGS, body_of, split_command, values_of
from trueup.audit.found import Found, Spot, quoted, report
from trueup.audit.gates import LEAST_CASES, is_nearly_kept
from trueup.audit.mention import CURL, SHELLS, Call
from trueup.audit.tree import Tree

MOST_ODD = 0.05
"""Part of the calls that differ by mistake; of few, one may."""
LEAST_BODIES = 5
"""Bodies of JSON that show that their type is sent."""
MOST_OTHERS = 3
END = frozenset(("|", "||", "&&", "&", ";", ">", ">>"))
UNREAD = re.compile(
    r"\$\{?\w+(?:\[[@*]\])?\}?(?::.*)?|\$\(.*|@.*|-[GK]|--(?:get|config|json)(?:=.*)?"
)
"""A word that may stand for headers, or that sends the body in its own way."""
NAME = re.compile(r"[\w-]+")
KEYED = re.compile(r"bearer\s+\S", re.IGNORECASE)
AUTHORIZATION = frozenset(("authorization", "proxy-authorization"))
TYPE = "content-type"
ON_PURPOSE = re.compile(
    r"without (?:a |an |any )?(?:api )?(?:key|token|auth)|no (?:key|auth|token)|unauthori[sz]ed"
    r"|public|anonymous|\b401\b|\b403\b|wrong|bad example|don'?t",
    re.IGNORECASE,
)
FIX = "Find out which header the server reads; these disagree."
Key = tuple[str, int]
"""A call over its languages: the path of one of them, and the number of the call on it."""


def odd_headers(tree: Tree, calls: Iterable[tuple[Key, Call]]) -> Iterator[Found]:
    """Return the findings about headers of all calls in a tree, each with its key."""
    keyed: dict[Key, list[tuple[Call, str]]] = defaultdict(list)
    typed: dict[Key, list[tuple[Call, str]]] = defaultdict(list)
    for key, call in calls:
        if (words := _words(call)) is None:
            continue
        headers = dict(_headers(words))
        bearers = [name for name, value in headers.items() if KEYED.match(value)]
        if bearers:
            is_usual = any(name.lower() in AUTHORIZATION for name in headers)
            keyed[key].append((call, "" if is_usual else bearers[0]))
        if call.fence.language in SHELLS and isinstance(body_of(call.command), dict):
            near = get_close_matches(TYPE, [name.lower() for name in headers], 1, 0.8)
            odd = next((name for name in headers if name.lower() in near), TYPE)
            typed[key].append((call, "" if odd.lower() == TYPE in near else odd))
    text = "the key is sent {} here, and with 'Authorization' by {} calls"
    yield from _odd(tree, keyed, LEAST_CASES, text)
    text = "a JSON body is sent {} here, and with 'Content-Type' by {} calls"
    yield from _odd(tree, typed, LEAST_BODIES, text)


def on_purpose(tree: Tree, call: Call) -> bool:
    """Return whether the section of a call says why it has another key, or none."""
    texts = tree.pages[call.page].lead_to(call.route.line)
    return any(ON_PURPOSE.search(text) for text in texts)


def _words(call: Call) -> tuple[str, ...] | None:
    """Return the words of a call's command; None where it is shortened, or not all there."""
    text = call.command
    if len(CURL.findall(text)) != 1 or text.endswith(("^", "`", "\\")):
        return None
    if "{" not in text and not KEYED.search(text):
        return None
    words = split_command(text)
    end = next((at for at, word in enumerate(words) if word in END), len(words))
    words = words[:end]
    is_short = any(SHORTENED.fullmatch(word) or UNREAD.fullmatch(word) for word in words)
    return None if is_short or not words else words


def _headers(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    for text in values_of(words, HEADER_FLAGS):
        name, _, value = text.partition(":")
        yield name.strip(), value.strip()


def _odd(
    tree: Tree, cases: dict[Key, list[tuple[Call, str]]], least: int, text: str
) -> Iterator[Found]:
    """Return the findings about calls with an odd header, where nearly all have the usual one."""
    usual = [call for calls in cases.values() for call, odd in calls if not odd]
    broken = [key for key, calls in cases.items() if any(odd for _, odd in calls)]
    if len(cases) < least or not usual or not is_nearly_kept(len(broken), len(cases), MOST_ODD):
        return
    bases = {call.route.base for call in usual}
    named = _named(tree) - {TYPE} if broken else set()
    others = sorted((call.page, call.route.line) for call in usual)[:MOST_OTHERS]
    for key in broken:
        odd = [(call, name) for call, name in cases[key] if name and call.route.base in bases]
        spots = [_spot(call, name) for call, name in odd if not on_purpose(tree, call)]
        if spots and (name := odd[0][1]).lower() not in named:
            shown = "without it" if name == TYPE else f"with {quoted(name)}"
            problem = text.format(shown, len(usual))
            yield report(tree, "odd-header", [*spots, *others], problem, FIX)


def _named(tree: Tree) -> set[str]:
    """Return what may be the name of a header in the sentences of the pages."""
    texts = (text for page in tree.pages.values() for _, text in page.prose())
    return {name.lower() for text in texts for name in NAME.findall(text)}


def _spot(call: Call, name: str) -> Spot:
    """Return the line that has a header of a call, or the first one of the call."""
    lines = (at for at, line in enumerate(call.fence.lines, call.fence.first) if name in line)
    first = call.route.line
    return call.page, min(lines, key=lambda at: abs(at - first), default=first)
