"""Reply: the JSON on a page that a call of it returns: the block after the call, or after the same
call in other languages."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from trueup.audit.blocks import json_values
from trueup.audit.body import body_of
from trueup.audit.page import Fence, Heading, Page
from trueup.audit.words import FAILS, REPLY

REQUEST_WORD = re.compile(
    r"request|body|payload|param|请求|参数|請求|リクエスト|パラメ|запрос|тело|anfrage|requête|solicitud",
    re.IGNORECASE,
)
RETURNED_BODY = re.compile(
    rf"(?:{REPLY.pattern})[\W_]?(?:{REQUEST_WORD.pattern})|(?:body|тело)\W(?:{REPLY.pattern})",
    re.IGNORECASE,
)
SENT = frozenset(("prompt", "messages", "input"))
"""Keys of a request: a block with one of them is no reply."""
LABELS = frozenset(("json", "jsonc", ""))
TABS = frozenset(
    (
        *("python", "py", "python3", "javascript", "js", "mjs", "jsx", "node", "nodejs"),
        *("typescript", "ts", "tsx", "go", "golang", "java", "kotlin", "scala", "php", "ruby"),
        *("rb", "csharp", "cs", "c#", "c", "cpp", "c++", "dotnet", "rust", "swift", "dart"),
        *("elixir", "powershell", "ps1", "perl", "lua", "r"),
    )
)
"""Languages in which a page shows a call once more."""
NAMES = TABS | {"curl", "sdk", "node.js", ".net"}
MOST_TABS = 12
MOST_TEXT = 200
"""Characters between a call in another language and its reply: a sentence or two."""
MOST_WORDS = 4
"""Words of a label such as `Python SDK`."""
MARKUP = re.compile(r"<[^<>]*>|\{%.*?%\}|^\s*:::.*$")
CLOSING_TAG = re.compile(r"</[^<>]*>")
WORD = re.compile(r"\.?\w[\w.#+]*")
ELSEWHERE = re.compile(
    r"web-?hook|call-?back|回调|回調|コールバック|вебхук|колбэк|콜백|[\w\-]+\.(?:json|jsonc|ya?ml|toml)\b",
    re.IGNORECASE,
)
"""What the gateway sends to another place, or a reader writes into a file."""
ERROR_STATUS = re.compile(r"\b[45]\d\d\b")


def reply_of(
    page: Page, at: int, command: str, path: str
) -> tuple[Mapping[str, Any], Fence] | None:
    """Return the JSON object that a call returns, with its block. `at` is the index of the call's
    block on the page, `path` the call's, with `{}` for what is filled in."""
    call = before = page.fences[at]
    passed: list[Heading] = []
    for fence in page.fences[at + 1 : at + 1 + MOST_TABS]:
        start, end = _end(before), fence.first - 2
        headings = page.headings[page.section_of(start) : page.section_of(end)]
        passed += headings
        lines = [page.lines[n] for n in range(start, end) if page.kinds[n] != "heading"]
        if not all(_is_below(page, call, heading) for heading in headings):
            return None
        if fence.language in LABELS:
            is_next = before is call and not passed
            texts = [*lines, *(one.text for one in headings), fence.info]
            is_said = is_next or (_is_short(lines) and not any(map(_is_failure, texts)))
            is_led = not passed or bool(REPLY.search(passed[-1].text))
            is_other = any(map(_is_of_request, texts)) or ELSEWHERE.search(" ".join(texts))
            if not (is_said and is_led) or is_other:
                return None
            value = _object(fence, command)
            return None if value is None else (value, fence)
        if fence.language not in TABS or not (all(map(_is_label, lines)) or _names(fence, path)):
            return None
        before = fence
    return None


def _end(fence: Fence) -> int:
    """Return the index of the line after a block."""
    return fence.first + len(fence.lines)


def _is_below(page: Page, call: Fence, heading: Heading) -> bool:
    """Return whether a heading parts nothing from a call: one of its reply or of a language, one
    level deeper, or beside a heading of its request."""
    section = page.section_of(call.first)
    if not section or not (REPLY.search(heading.text) or _is_label(heading.text)):
        return False
    own = page.headings[section - 1]
    is_beside = _is_label(own.text) or bool(REQUEST_WORD.search(own.text))
    return heading.level == own.level + 1 or (is_beside and heading.level == own.level)


def _is_label(line: str) -> bool:
    """Return whether a line is nothing but the name of a language, or markup around it."""
    words = WORD.findall(MARKUP.sub(" ", line).lower())
    return not words or (len(words) <= MOST_WORDS and bool(NAMES & {*words}))


def _is_short(lines: Sequence[str]) -> bool:
    return sum(len(MARKUP.sub("", line).strip()) for line in lines) <= MOST_TEXT


def is_failure(page: Page, call: Fence, reply: Fence) -> bool:
    """Return whether the text between a call and its reply says that it is one of a failure."""
    return any(map(_is_failure, page.lines[_end(call) : reply.first - 2]))


def _is_failure(text: str) -> bool:
    return bool(FAILS.search(text) or ERROR_STATUS.search(text))


def _is_of_request(text: str) -> bool:
    """Return whether a text is about what is sent."""
    return bool(REQUEST_WORD.search(RETURNED_BODY.sub(" ", CLOSING_TAG.sub(" ", text))))


def _names(fence: Fence, path: str) -> bool:
    """Return whether code has the last two parts of a path that every caller has."""
    tail = "/".join([part for part in path.split("/") if part and part != "{}"][-2:])
    return bool(tail) and tail in fence.text


def _object(fence: Fence, command: str) -> Mapping[str, Any] | None:
    """Return the only JSON object of a block; None for one that repeats what a command sends."""
    values = json_values(fence.text)
    one = values[0] if values and len(values) == 1 else None
    if not isinstance(one, dict) or SENT & set(one):
        return None
    if not one or not all(f'"{name}"' in command for name in one):
        return one
    body = body_of(command)
    return None if isinstance(body, dict) and set(one) <= set(body) else one
