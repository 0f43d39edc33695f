"""Body: the values of the options of a command on a page, and the JSON that it sends, where it is
complete."""

import json
import re
import shlex
from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache
from typing import Any

FLAGS = ("-d", "--data", "--data-ascii", "--data-raw", "--data-binary", "--json")
FORM_FLAGS = ("-F", "--form", "--form-string")
HEADER_FLAGS = ("-H", "--header")
QUERY_FLAGS = (*FLAGS, "--data-urlencode")
"""Options whose values are the query of a call with `--get`."""
SWITCHES = "[#0-346BGIJLMNORSafgijklnpqsvZ]*"
"""The letters of curl's options that take no value, any of which may stand in one word before one
that does."""
SHORT = re.compile(rf"-{SWITCHES}([A-Za-z])(.*)", re.DOTALL)
LARGEST = 50_000
"""Characters of a command that is read: a larger one is data."""
MOST_KEPT, LONGEST_KEPT = 2_000, 2_000
"""Commands whose words are kept, as translations have the same ones, and characters of each."""


def pattern_of(*flags: str) -> str:
    """Return the pattern of some options in the text of a command, without their values."""
    short = "".join(flag[1:] for flag in flags if not flag.startswith("--"))
    long = "|".join(flag for flag in flags if flag.startswith("--"))
    return rf"(?:^|\s)(?:-{SWITCHES}[{short}]|(?:{long})(?![^\s=]))"


def body_of(command: str) -> Any:
    """Return the JSON of a curl command's only body, None without a complete one."""
    if "{" not in command and "[" not in command:
        return None
    bodies = list(values_of(split_command(command), FLAGS))
    return complete_json(bodies[0]) if len(bodies) == 1 else None


def split_command(command: str) -> tuple[str, ...]:
    """Return the words of a command as a shell reads them; none of one that has a quote without its
    end, or is data."""
    return _kept_words(command) if len(command) <= LONGEST_KEPT else _words(command)


@lru_cache(MOST_KEPT)
def _kept_words(command: str) -> tuple[str, ...]:
    return _words(command)


def _words(command: str) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(command)) if len(command) <= LARGEST else ()
    except ValueError:
        return ()


def values_of(words: Sequence[str], flags: Collection[str]) -> Iterator[str]:
    """Return the values of some options of a command: `-H X`, `-HX`, `-sSH X`, `--header X` or
    `--header=X`."""
    for word, following in zip(words, [*words[1:], ""], strict=True):
        name, has_value, value = word.partition("=")
        if short := SHORT.fullmatch(word):
            name, has_value, value = f"-{short[1]}", short[2], short[2]
        if name in flags:
            yield value if has_value else following


def complete_json(text: str) -> Any:
    """Return the value of JSON that is not shortened, None for any other text."""
    try:
        return json.loads(text, strict=False) if len(text) <= LARGEST else None
    except (ValueError, RecursionError):
        return None
