"""Body: the JSON that a command of a page sends, where it is complete."""

import json
import shlex
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
    bodies = []
    for at, word in enumerate(words):
        flag, has_value, value = word.partition("=")
        if word in FLAGS:
            bodies.append(words[at + 1] if at + 1 < len(words) else "")
        elif has_value and flag in FLAGS:
            bodies.append(value)
        elif word.startswith("-d") and not word.startswith("--"):
            bodies.append(word[2:])
    return complete_json(bodies[0]) if len(bodies) == 1 else None


def complete_json(text: str) -> Any:
    """Return the value of JSON that is not shortened, None for any other text."""
    try:
        return json.loads(text, strict=False) if len(text) <= LARGEST else None
    except (ValueError, RecursionError):
        return None
