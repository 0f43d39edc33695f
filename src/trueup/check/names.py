"""Names: one pattern for any of many texts, fast enough for thousands of them."""

import re
from collections.abc import Iterable

BEFORE, AFTER = "(?<![A-Za-z0-9-])", "(?![A-Za-z0-9-])"
"""Edges of a name. ASCII alone: Japanese needs no space beside it, and `_` is emphasis."""
NOTHING = "(?!)"
SPACE = r"[\s>]+"
"""A line or a quote may break a text where it has a space."""
Tree = dict[str, "Tree"]
END = ""


def any_of(texts: Iterable[str], *, edges: bool = True) -> re.Pattern[str]:
    """Any of the texts, the longest first, whatever its letters' case."""
    tree: Tree = {}
    for text in texts:
        branch = tree
        for char in text.lower():
            branch = branch.setdefault(char, {})
        branch[END] = {}
    before, after = (BEFORE, AFTER) if edges else ("", "")
    return re.compile(f"{before}(?:{_branches(tree) or NOTHING}){after}", re.IGNORECASE)


def _branches(tree: Tree) -> str:
    """The pattern of a tree of characters: what begins alike is looked at once."""
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
