"""Code: the tokens of a block with their roles, without comments, and with what people translate
masked."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from trueup.audit.comments import without_blocks
from trueup.audit.page import Fence
from trueup.audit.tokens import TOKEN, is_name

Role = Literal["route", "key", "name", "number", "word", "prose", "sign"]
HASH_COMMENTS = (
    *("bash", "sh", "shell", "zsh", "console", "curl", "python", "py", "yaml", "yml", "toml"),
    *("ruby", "rb", "dockerfile", "ini", "env", "r"),
)
NO_COMMENTS = frozenset(("text", "txt", "plain", "markdown", "md", "diff", "html"))
MARKS = {
    **dict.fromkeys(HASH_COMMENTS, re.compile(r"(?:^|(?<=\s))#.*$")),
    **dict.fromkeys(NO_COMMENTS, re.compile(r"(?!)")),
    **dict.fromkeys(("sql", "lua", "haskell"), re.compile(r"(?:^|(?<=\s))--.*$")),
}
SLASHES = re.compile(r"(?:^|(?<=[\s;,{}()\[\]]))//.*$|(?:^|(?<=\s))#(?!include).*$")
BLOCK_COMMENTS = {"/*": "*/", "<!--": "-->", '"""': '"""', "'''": "'''"}
PART = re.compile(
    r"(?P<url>https?://[^\s'\"`<>\\]+)"
    r"|(?P<method>\b(?:GET|POST|PUT|PATCH|DELETE|HEAD)\b(?=\s+[/\"'h$<{]|[\"'\s]*$|[\"'],?))"
    r"|(?P<path>(?<![\w.:/\-])/(?:v\d|api)[\w\-./:{}$<>]*)"
    r"|(?P<string>\"[^\"\n]*\"|'[^'\n]*')"
    r"|(?P<token>" + TOKEN.pattern + ")"
)
PLACEHOLDER = re.compile(
    r"your|xxx|placeholder|example|change[-_]?me|_here$|^sk[-_]|^pk[-_]|^[<${]", re.IGNORECASE
)
CONSTANT = re.compile(r"[A-Z]+(?:_[A-Z0-9]+)+")
FILE = re.compile(
    r".*\.(?:png|jpe?g|gif|webp|svg|mp[34]|wav|pdf|txt|md|mdx|py|js|ts|tsx|json|ya?ml|sh|html|css|csv"
    r"|zip|toml|exe|go|java|com|cn|org|net|io|dev|ai)",
    re.IGNORECASE,
)
PORT = re.compile(r"[^/?#:]+:(\d+)")
LOCALE = re.compile(r"[a-z]{2}(?:[-_](?:[A-Za-z]{2}|Hans|Hant))?")
PATH_VALUE = re.compile(
    r"\{[^}]*\}|<[^>]*>|\$\{?\w+\}?|(?<=/):\w+|(?<=/)[A-Z][A-Z0-9_]+(?=/|$|:)|(?<=/)(?:\d+|[0-9a-f-]{16,})(?=/|$)"
)
UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
DIGITS_AND_LETTERS = re.compile(r"(?=[a-f]*\d)(?=\d*[a-f])[0-9a-f]+")
PREFIXED = re.compile(r"([a-z]{2,})[_-]([0-9A-Za-z]+)")
SIZE = re.compile(r"\d+[a-z]")
"""The end of a model's name, such as 405b."""
MODELS = frozenset(("model", "models", "engine", "engines"))
"""Parts of a path after which a name stands, however much it looks like an id."""
HEADER = re.compile(r"[A-Za-z][A-Za-z\-]{2,30}: ?\S")
MOST_TOKENS = 2_000
"""Tokens of a block that are compared; a longer one is data."""
MOST_KEPT, LONGEST_KEPT = 5_000, 200
"""Lines and paths whose reading is kept, as translations have the same ones; characters of such a
line: the tokens of a longer one would fill the memory."""
Mark = tuple[Role, str]


@dataclass(frozen=True, slots=True)
class CodeToken:
    """A token of a block, with its line in the file. Prose and placeholders have an empty text."""

    text: str
    role: Role
    line: int


def code_tokens(fence: Fence) -> tuple[CodeToken, ...]:
    """Return the tokens of a block, at most `MOST_TOKENS`."""
    found: list[CodeToken] = []
    for number, line in enumerate(_uncommented(fence), fence.first):
        marks = _kept_marks(line) if len(line) <= LONGEST_KEPT else _marks(line)
        found += (CodeToken(text, role, number) for role, text in marks)
        if len(found) > MOST_TOKENS:
            return tuple(found[:MOST_TOKENS])
    return tuple(found)


def _uncommented(fence: Fence) -> list[str]:
    """Return the lines of a block without its comments, each in its place."""
    text = without_blocks(fence.text, BLOCK_COMMENTS)
    mark = MARKS.get(fence.language, SLASHES)
    return [mark.sub("", line) for line in text.split("\n")]


@lru_cache(MOST_KEPT)
def _kept_marks(line: str) -> tuple[Mark, ...]:
    return tuple(_marks(line))


def _marks(line: str) -> Iterator[Mark]:
    """Return the role and the text of each token of a line."""
    at = 0
    while found := PART.search(line, at):
        at = found.end()
        kind, text = found.lastgroup, found[0]
        if kind == "url":
            yield from _address(text)
        elif kind in ("method", "path"):
            yield "route", normal_path(text)
        elif kind == "string":
            yield "sign", '"'
            yield from _string(text[1:-1], line[at:].lstrip()[:1])
        else:
            yield _mark(text, line[at : at + 1])


def _string(inner: str, following: str) -> Iterator[Mark]:
    """Return the tokens of a string: a key, code such as a body, or one of prose."""
    if following in (":", "=") and is_word(inner):
        yield "key", inner
    elif '"' in inner or HEADER.match(inner) or (inner.isascii() and not _is_sentence(inner)):
        yield from _marks(inner)
    else:
        yield "prose", ""


def is_word(text: str) -> bool:
    """Return whether a text can be a key: one word of code."""
    return bool(re.fullmatch(r"[A-Za-z_$@][\w.\-$]*", text))


def _is_sentence(text: str) -> bool:
    """Return whether a string is what people translate: some words with spaces between them."""
    if any(sign in text for sign in "{}[]=<>"):
        return False
    words = re.findall(r"[A-Za-z']{2,}", text)
    return len(words) >= 2 and " " in text.strip() and not text.startswith(("/", "-", "http"))


def _address(text: str) -> Iterator[Mark]:
    """Return the tokens of an address without its host, which languages have on purpose."""
    text = text.rstrip(".,;:)")
    rest = text.split("://", 1)[1]
    if port := PORT.match(rest):
        yield "number", port[1]
    path, _, query = rest.partition("?")
    parts = [part for part in path.split("/")[1:] if part]
    if parts and LOCALE.fullmatch(parts[0]):
        parts.pop(0)
    yield "route", normal_path("/" + "/".join(parts))
    for pair in query.split("&") if query else ():
        name, _, value = pair.partition("=")
        yield "key", name
        yield _mark(value, "") if value else ("prose", "")


@lru_cache(MOST_KEPT)
def normal_path(path: str) -> str:
    """Return a path with each value that a caller fills in, or that is one id of many, as `{}`."""
    first, *parts = PATH_VALUE.sub("{}", path).rstrip("/.,;").split("/")
    made, above = [first], first
    for part in parts:
        name, sign, verb = part.partition(":")
        made.append(f"{{}}{sign}{verb}" if _is_id(name, above) else part)
        above = name
    return "/".join(made) or "/"


def _is_id(part: str, above: str) -> bool:
    """Return whether a part of a path is one id of many, never where it may be a name."""
    if above in MODELS:
        return False
    if UUID.fullmatch(part) or (len(part) >= 8 and DIGITS_AND_LETTERS.fullmatch(part)):
        return True
    found = PREFIXED.fullmatch(part)
    if found is None or not re.search(r"\d", found[2]):
        return False
    is_of_kind = above != found[1] and above.startswith(found[1])
    is_of_kind = is_of_kind and len(found[1]) >= 3 and len(found[2]) >= 3
    is_hex = len(found[2]) >= 4 and DIGITS_AND_LETTERS.fullmatch(found[2])
    return is_of_kind or bool("_" in part and is_hex and not SIZE.fullmatch(found[2]))


def _mark(text: str, following: str) -> Mark:
    if not text.isascii() or CONSTANT.fullmatch(text) or PLACEHOLDER.search(text):
        return "prose", ""
    if text.replace(".", "").replace("-", "").replace("_", "").isdigit():
        return "number", text
    if not text[0].isalnum() and text[0] != "_":
        return "sign", text
    if (FILE.fullmatch(text) and following != "(") or LOCALE.fullmatch(text):
        return "prose", ""
    if following in (":", "=") and is_word(text):
        return "key", text
    return "name" if is_name(text) else "word", text
