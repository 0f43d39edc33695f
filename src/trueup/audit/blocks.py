"""Blocks: whether code parses, as people shorten it in docs, and the values of JSON."""

import ast
import json
import re
import textwrap
import warnings
from typing import Any

import yaml

STRING = re.compile(r"\"(?:[^\"\\\n]|\\[^\n])*\"")
MARK = re.compile(r"\"|//|/\*|(?:^|(?<=[\s,{\[]))#", re.MULTILINE)
"""Where a string or a comment of JSON begins."""
MASK = re.compile(r"\"(\d+)\"")
ELLIPSIS = re.compile(r"\.{3,}|…+")
TRAILING = re.compile(r",(?=\s*(?:[}\]]|$))|(?<=[\[{,])\s*,")
EXTRA_COMMA = re.compile(r",(?=\s*[}\]])")
PLACEHOLDER = re.compile(
    r"<[^\W\d_][^<>\n]*>|\{\{[^{}\n]*\}\}|\$\{[^{}\n]*\}|\$[A-Za-z_]\w*|\b[A-Z]+(?:_[A-Z0-9]+)+\b"
)
CLOSING = {"{": "}", "[": "]", "(": ")"}
BRACKET = re.compile(r"[{}\[\]()]")
EVENT = re.compile(r"^(?:data|event|id|retry):[ ]?", re.MULTILINE)
SHORTENED = re.compile(r"^([ ]*)(?:\.{3}|…).*$", re.MULTILINE)
"""A line that stands for others: a statement, an item of a list, or a pair of a dictionary."""
LARGEST = 50_000
"""Characters of a block that is parsed: a larger one is a data file."""
DEEPEST = 60
"""Brackets within brackets; the parsers of Python call themselves for each."""


def json_values(text: str) -> list[Any] | None:
    """Return the JSON values of a block, with its comments, ellipses and placeholders taken out;
    None where it does not parse."""
    if len(text) > LARGEST or _depth(text) > DEEPEST:
        return None
    masked, strings = _masked(EVENT.sub("", text).replace("[DONE]", ""))
    masked = PLACEHOLDER.sub("null", masked)
    if ELLIPSIS.search(masked):
        masked += _missing_end(masked)
    for replacement in ("", "null", '"…":null'):
        made = TRAILING.sub("", ELLIPSIS.sub(replacement, masked))
        values = _values(_unmasked(made, strings))
        if values is not None:
            return values
    return None


def _masked(text: str) -> tuple[str, list[str]]:
    """Return JSON without comments, on as many lines, each string by its number; and the strings.

    A quote without an end on its line begins none, and the rest of that line is left as it is.
    """
    parts: list[str] = []
    strings: list[str] = []
    at = start = 0
    while found := MARK.search(text, at):
        parts.append(text[start : found.start()])
        at = _end_of_line(text, found.end())
        if found[0] == '"' and (string := STRING.match(text, found.start())):
            parts.append(f'"{len(strings)}"')
            strings.append(string[0])
            at = string.end()
        elif found[0] == '"':
            parts.append(text[found.start() : at])
        elif found[0] == "/*":
            end = text.find("*/", found.end())
            at = end + 2 if end >= 0 else len(text)
            parts.append("\n" * text.count("\n", found.start(), at))
        start = at
    return "".join([*parts, text[start:]]), strings


def _end_of_line(text: str, at: int) -> int:
    end = text.find("\n", at)
    return end if end >= 0 else len(text)


def _unmasked(text: str, strings: list[str]) -> str:
    return MASK.sub(lambda found: strings[int(found[1])], text)


def _values(text: str) -> list[Any] | None:
    """Return the values that follow each other in a text."""
    decoder, at, found = json.JSONDecoder(strict=False), 0, []
    text = text.strip().rstrip(",;")
    while at < len(text):
        try:
            value, at = decoder.raw_decode(text, at)
        except ValueError:
            return None
        found.append(value)
        while at < len(text) and text[at] in " \t\n,;":
            at += 1
    return found


def json_problem(text: str) -> tuple[int, str] | None:
    """Return the line within a block, and why, where JSON does not parse; None where it does or is
    only a part of some."""
    if len(text) > LARGEST or _depth(text) > DEEPEST or json_values(text) is not None:
        return None
    bare = text.strip()
    for part in (f"{{{bare}}}", f"[{bare}]", f"{bare}}}", f"{bare}]"):
        if not bare.startswith(("{", "[")) and json_values(part) is not None:
            return None
    masked, strings = _masked(text)
    made = TRAILING.sub(_lines_of, ELLIPSIS.sub("", PLACEHOLDER.sub("null", masked)))
    try:
        json.loads(_unmasked(made, strings), strict=False)
    except json.JSONDecodeError as error:
        return error.lineno, error.msg
    return None


def extra_comma(text: str) -> tuple[int, str] | None:
    """Return the line within JSON, and why, where a comma has nothing behind it; None for one in
    which something is left out or explained."""
    if len(text) > LARGEST or not EXTRA_COMMA.search(text):
        return None
    masked, strings = _masked(text)
    found = EXTRA_COMMA.search(masked)
    if found is None or ELLIPSIS.search(masked) or _unmasked(masked, strings) != text:
        return None
    return masked.count("\n", 0, found.start()) + 1, "a comma with nothing behind it"


def _lines_of(found: re.Match[str]) -> str:
    return "\n" * found[0].count("\n")


def _missing_end(text: str) -> str:
    """Return the brackets that a text lacks at its end, as one does whose end was cut off."""
    waiting: list[str] = []
    for bracket in BRACKET.findall(text):
        if bracket in CLOSING:
            waiting.append(CLOSING[bracket])
        elif waiting and waiting[-1] == bracket:
            waiting.pop()
        else:
            return ""
    return "".join(reversed(waiting))


def _depth(text: str) -> int:
    depth = most = 0
    for char in BRACKET.findall(text):
        if char in "{[(":
            depth += 1
            most = max(most, depth)
        else:
            depth -= 1
    return most


def yaml_problem(text: str) -> tuple[int, str] | None:
    """Return the line within a block, and why, where YAML does not parse."""
    if len(text) > LARGEST or _depth(text) > DEEPEST or _indents(text) > DEEPEST:
        return None
    bare = re.sub(r"\{\{.*?\}\}|\{%.*?%\}|<[A-Za-z][^<>\n]*>|\$\{[^}\n]*\}", "x", text)
    bare = re.sub(r"^[ \t]*(?:\.{3}|…)[ \t]*$", "", bare, flags=re.MULTILINE)
    try:
        for _ in yaml.parse(
            textwrap.dedent(bare), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        ):
            pass
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        return line, str(error.problem or error.context)
    except (yaml.YAMLError, ValueError) as error:
        return 1, " ".join(str(error).split())
    return None


def _indents(text: str) -> int:
    """Return how deep the lines of a text are indented, in spaces by two; and the most dashes that
    begin one."""
    deepest = 0
    for line in text.split("\n"):
        bare = line.lstrip(" -?:")
        deepest = max(deepest, (len(line) - len(bare)) // 2)
    return deepest


def python_problem(text: str) -> tuple[int, str] | None:
    """Return the line within a block, and why, where Python does not parse, however it is started:
    as a module, within a function, as the body of one, or in a console."""
    text = textwrap.dedent(text.expandtabs(4)).strip("\n")
    if len(text) > LARGEST or _depth(text) > DEEPEST or "\0" in text:
        return None
    if re.search(r"^(?:>>>|\.\.\. |In \[|\$ |%|!)", text, re.MULTILINE):
        return None
    text = SHORTENED.sub(r"\1...", text)
    text = re.sub(r",\s*(?:\.{3}|…)\s*(?=[)\]}])", "", text)
    text = re.sub(r"\{\{.*?\}\}|<[A-Za-z][\w \-]*>", "x", text)
    problem = _syntax_error(text)
    if problem is None:
        return None
    for made in (
        SHORTENED.sub(r"\1...,", text),
        SHORTENED.sub("", text),
        _in_function(text),
        f"{text}\n    ...",
        f"{text}\n        ...",
        f"{text}\ndef f(): ...",
        f"class X:\n{textwrap.indent(text, '    ')}",
    ):
        if _syntax_error(made) is None:
            return None
    return problem


def _in_function(text: str) -> str:
    return "async def f():\n" + textwrap.indent(text, "    ")


def parse_python(text: str) -> ast.Module:
    """Return a block's tree, without the warnings of Python about it. Raises what `ast` raises."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(text)


def _syntax_error(text: str) -> tuple[int, str] | None:
    try:
        parse_python(text)
    except SyntaxError as error:
        return min(error.lineno or 1, text.count("\n") + 1), error.msg
    except (ValueError, RecursionError, MemoryError):
        return None
    return None
