"""Body: the values of the options of a command on a page, and the JSON that it sends, where it is
complete."""

import json
import shlex
from collections.abc import Collection, Iterator, Sequence
from typing import Any

FLAGS = ("-d", "--data", "--data-raw", "--data-binary", "--json")
LARGEST = 50_000
"""Characters of a command whose body is read: a larger one is data."""


def body_of(command: str) -> Any:
    """Return the JSON of a curl command's only body, None without a complete one."""
    if len(command) > LARGEST or not any(flag in command for flag in FLAGS):
        return None
    try:
        words = shlex.split(command)
    except ValueError:
        return None  # a quote without its end
    bodies = list(values_of(words, FLAGS))
    return complete_json(bodies[0]) if len(bodies) == 1 else None


def values_of(words: Sequence[str], flags: Collection[str]) -> Iterator[str]:
    """Return the values of some options of a command: `-H X`, `-HX`, `--header X`, `--header=X`."""
    for word, following in zip(words, [*words[1:], ""], strict=True):
        name, has_value, value = word.partition("=")
        if word in flags:
            yield following
        elif has_value and name in flags:
            yield value
        elif word[:2] in flags and word[:2] != "--":
            yield word[2:]


def complete_json(text: str) -> Any:
    """Return the value of JSON that is not shortened, None for any other text."""
    try:
        return json.loads(text, strict=False) if len(text) <= LARGEST else None
    except (ValueError, RecursionError):
        return None
