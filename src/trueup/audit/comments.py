"""Comments: code without those between marks, taken out in one pass, on as many lines as before."""

import re
from collections.abc import Mapping


def without_blocks(text: str, marks: Mapping[str, str]) -> str:
    """Return a text without the comments that begin and end with marks, by the first of them."""
    if not any(mark in text for mark in marks):
        return text
    pattern = re.compile("|".join(map(re.escape, marks)))
    parts, at, start = [], 0, 0
    unclosed: set[str] = set()
    while found := pattern.search(text, at):
        at, closing = found.end(), marks[found[0]]
        end = -1 if closing in unclosed else text.find(closing, at)
        if end < 0:
            unclosed.add(closing)
            continue
        at = end + len(closing)
        parts += [text[start : found.start()], "\n" * text.count("\n", found.start(), at)]
        start = at
    return "".join([*parts, text[start:]])
