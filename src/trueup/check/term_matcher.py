"""Term matcher: one pattern for any of many texts, fast enough for thousands of them."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import chain, groupby

BEFORE, AFTER = "(?<![A-Za-z0-9-])", "(?![A-Za-z0-9-])"
"""Edges of a name. ASCII alone: Japanese needs no space beside it, and `_` is emphasis."""
NOTHING = "(?!)"
SPACE = r"[\s>]+"
"""A line or a quote may break a text where it has a space."""
WORD_EDGE = r"\b"
TOKEN = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|.", re.DOTALL)
"""A part of a pattern: an escape, a set of characters, or one character."""
Tree = dict[str, "Tree"]
END = ""


class TermMatcher:
    """A search for any of some lower-case patterns, whatever the case of the text.

    The text is lowered first, since `re.IGNORECASE` takes three times as long.
    """

    def __init__(self, *patterns: str) -> None:
        self._pattern = re.compile("|".join(patterns))

    def find(self, text: str) -> Iterator[tuple[int, str]]:
        """Return the offset and the text of each match."""
        for found in self._pattern.finditer(_small(text)):
            yield found.start(), text[found.start() : found.end()]

    def are_in(self, text: str) -> bool:
        """Return whether any pattern matches in the text."""
        return self._pattern.search(_small(text)) is not None

    def are_all_of(self, text: str) -> bool:
        """Return whether a pattern matches the whole text."""
        return self._pattern.fullmatch(_small(text)) is not None


def one_line(name: str) -> str:
    """Return a name as it is known, without the line end or quote mark within it."""
    return re.sub(SPACE, " ", name)


@lru_cache(maxsize=16)
def _small(text: str) -> str:
    """Return the text in lower case, of the same length."""
    small = text.lower()
    if len(small) == len(text):
        return small
    return "".join(char.lower() if len(char.lower()) == 1 else char for char in text)


@lru_cache(maxsize=64)
def term_matcher(names: frozenset[str], bare: frozenset[str] = frozenset()) -> TermMatcher:
    """Return a matcher of names, and of texts that need no edges, the longest first.

    Cached, since languages have most names in common and thousands of them take a while.
    """
    return TermMatcher(f"{BEFORE}{_any_of(names)}{AFTER}", _any_of(bare))


@lru_cache(maxsize=64)
def phrase_matcher(phrases: frozenset[str]) -> TermMatcher:
    """Return a matcher of phrases, of which those in ASCII have edges.

    `*` stands for any ending, and `~` begins a pattern; a hyphen may join the words of a phrase.
    """
    patterns = [one[1:] for one in phrases if one[0] == "~"]
    plain = {one.replace(" ", joint) for one in phrases if one[0] != "~" for joint in " -"}
    stems = {one[:-1] for one in plain if one.isascii() and one[-1] == "*"}
    words = {one for one in plain if one.isascii() and one[-1] != "*"}
    bare = {one.rstrip("*") for one in plain if not one.isascii()}
    edged = f"(?:{'|'.join((_any_of(words), *patterns))}){AFTER}|{_any_of(stems)}[a-z]*"
    return TermMatcher(f"{BEFORE}(?:{edged})", _any_of(bare))


def word_ways(patterns: Iterable[str]) -> str:
    """Return the pattern of any of some patterns, in their order.

    Neighbours that all begin at the edge of a word are tried only at one, which takes half the
    time, and a quarter where words have no spaces between them.
    """
    found = []
    ways = chain.from_iterable(map(_ways, patterns))
    for is_word, group in groupby(ways, lambda way: way.startswith(WORD_EDGE)):
        either = "|".join(way.removeprefix(WORD_EDGE) if is_word else way for way in group)
        found.append(f"{WORD_EDGE}(?:{either})" if is_word else either)
    return "|".join(found)


def _ways(pattern: str) -> Iterator[str]:
    """Yield the parts of a pattern between those `|` that stand in no group."""
    depth, way = 0, ""
    for token in TOKEN.findall(pattern):
        depth += (token == "(") - (token == ")")
        if token == "|" and not depth:
            yield way
            way = ""
        else:
            way += token
    yield way


def _any_of(texts: Iterable[str]) -> str:
    """Return the pattern of any of some texts; the set of their beginnings is looked for first."""
    tree: Tree = {}
    for text in texts:
        branch = tree
        for char in text.lower():
            branch = branch.setdefault(char, {})
        branch[END] = {}
    if not tree or END in tree:
        return f"(?:{_branches(tree) or NOTHING})"
    begins = "".join(map(re.escape, tree)).replace(re.escape(" "), SPACE.strip("[]+"))
    return f"(?:(?=[{begins}]){_branches(tree)})"


def _branches(tree: Tree) -> str:
    """Return the pattern of a tree of characters, in which a common beginning is read once."""
    ways = []
    for char, branch in tree.items():
        if char == END:
            continue
        run = char
        while len(branch) == 1 and END not in branch:
            (char, branch), *_ = branch.items()
            run += char
        ways.append(_escaped(run) + _branches(branch))
    if not ways:
        return ""
    joined = ways[0] if len(ways) == 1 and END not in tree else f"(?:{'|'.join(ways)})"
    return f"{joined}?" if END in tree else joined


def _escaped(run: str) -> str:
    return SPACE.join(map(re.escape, run.split(" ")))
