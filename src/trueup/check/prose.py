"""Pages as written: facts, code and standings that are typed where only a macro may say them."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from trueup.finding import Finding
from trueup.model import Standing, Status
from trueup.site import Page
from trueup.store import listed

CALL = re.compile(
    r"""\{\{-?\s*\w+\((?:[^(){}"']|"[^"]*"|'[^']*')*\)\s*(?:\|\s*indent\(\d*\)\s*)?-?\}\}|\{\#.*?\#\}""",
    re.DOTALL,
)
"""A call of a macro, or a comment; any other expression could spell a fact in a string."""
LINK_TARGET = re.compile(
    r"""(?<=\])\([^)\n]*\)|(?<=\])\[[^\]\n]*\]|<https?://[^>\s]*>|\bhref=(?:"[^"]*"|'[^']*')"""
    r"|^ {0,3}\[[^\]\n]+\]:[ \t]*\S+",
    re.MULTILINE,
)
HEADING = re.compile(r"^(#{1,6}).*$", re.MULTILINE)
FENCE = re.compile(r"^[\s>]*(`{3,}|~{3,})\s*(?:\{\s*)?\.?([\w+-]*)")
INDENTED = re.compile(r" {4}| {0,3}\t")
CONTAINER = re.compile(r" {0,3}(?:[-*+] |\d+[.)] |===|!!!|\?\?\?|\[\^|: |<)")
CODE_SPAN = re.compile(
    r"(?<!`)(`+)(?!`)(?:(?!\n\s*\n).)+?(?<!`)\1(?!`)|<code\b.*?</code>", re.DOTALL | re.IGNORECASE
)
ISO_DATE = re.compile(r"(?<![0-9])20[0-9]{2}-[01][0-9]-[0-3][0-9](?![0-9])")
UNREAD = re.compile(r"^(?:title|model|blocks):.*$", re.MULTILINE)
"""Lines of the front matter that are titles, or that the engine itself reads."""
DATA_FENCES = ("yaml", "yml", "json", "text", "mermaid")
BEFORE, AFTER = "(?<![A-Za-z0-9-])", "(?![A-Za-z0-9-])"
"""Edges of a name. ASCII alone: Japanese needs no space beside it, and `_` is emphasis."""


@dataclass(frozen=True)
class _Facts:
    """What a page may not type, with the words for it; and the names that stand beside it."""

    patterns: tuple[tuple[str, re.Pattern[str]], ...]
    aliases: re.Pattern[str]
    standing: re.Pattern[str]
    names: re.Pattern[str]


@dataclass(frozen=True)
class _Part:
    """A part of a page: its front matter, or its text. `inside` holds the places of fences."""

    page: Page
    written: str
    first_line: int
    inside: Sequence[tuple[int, int]] = ()

    def finding(self, offset: int, rule: str, found: str, expected: str, remedy: str) -> Finding:
        before = self.written[:offset]
        line = self.first_line + before.count("\n")
        column = offset - (before.rfind("\n") + 1) + 1
        where = f"{self.page.path}:{line}:{column}"
        return Finding(where, rule, found, expected, remedy)

    def is_fenced(self, offset: int) -> bool:
        return any(start <= offset < end for start, end in self.inside)


def check_prose(status: Status, pages: Iterable[Page], words: Iterable[str]) -> list[Finding]:
    """Findings in the pages; `words` are the standing words of the pages' language."""
    facts = _facts(status, words)
    pages = list(pages)
    found = [finding for page in pages for finding in _page(page, facts)]
    return found + [
        Finding(
            str(page.path),
            "unknown-model",
            f"the page is about {page.model!r}, which the status file does not have",
            f"one of {listed(status.models)} was expected",
            "Correct the front matter.",
        )
        for page in pages
        if page.model is not None and page.model not in status.models
    ]


def _facts(status: Status, words: Iterable[str]) -> _Facts:
    upstreams = {status.upstream(model) for model in status.models}
    starts = [route.request.split(" ", 1)[1].split("{")[0] for route in status.routes.values()]
    paths = [path for path in starts if path.strip("/")]
    texts = [signature.match for signature in status.signatures.values()]
    titles = [model.title for model in status.models.values()]
    titles += [status.title_of(name) for name in status.routes]
    return _Facts(
        (
            ("the upstream name", _any_of(upstreams)),
            ("the base URL", _any_of(status.hosts)),
            ("the path", _any_of(paths, edges=False)),
            ("the failure text", _any_of(texts, edges=False)),
            ("the date", ISO_DATE),
        ),
        _any_of(set(status.models) - upstreams),
        _any_of([*words, *Standing, "recommend", "recommends"]),
        re.compile(
            f"{_any_of([*status.models, *upstreams, *titles]).pattern}"
            f"|{_any_of(paths, edges=False).pattern}",
            re.IGNORECASE,
        ),
    )


def _any_of(texts: Iterable[str], *, edges: bool = True) -> re.Pattern[str]:
    """Any of the texts, whatever its letters' case, and though a line or a quote breaks it."""
    longest_first = sorted(set(texts), key=len, reverse=True)
    anything = "|".join(re.escape(text).replace(r"\ ", r"[\s>]+") for text in longest_first)
    before, after = (BEFORE, AFTER) if edges else ("", "")
    return re.compile(f"{before}(?:{anything or '(?!)'}){after}", re.IGNORECASE)


def _page(page: Page, facts: _Facts) -> Iterator[Finding]:
    yield from _typed_code(_Part(page, page.text, page.first_line))
    front = _Part(page, UNREAD.sub(_blank, page.front), 2)
    body = _Part(page, page.text, page.first_line, [place[:2] for place in _fences(page.text)])
    for part in (front, body):
        yield from _typed_facts(part, facts)
        yield from _typed_standings(part, facts)


def _typed_facts(part: _Part, facts: _Facts) -> Iterator[Finding]:
    text = _readable(part.written)
    for heading in HEADING.finditer(text):
        if not part.is_fenced(heading.start()):
            text = text[: heading.start()] + _blank(heading) + text[heading.end() :]
    found = [
        (match.start(), what, match[0])
        for what, pattern in facts.patterns
        for match in pattern.finditer(text)
    ]
    found += [
        (match.start(), "the model name", match[0])
        for match in facts.aliases.finditer(_code_of(part, text))
    ]
    for offset, what, typed in sorted(found):
        yield part.finding(
            offset,
            "typed-fact",
            f"{what} {' '.join(typed.split())!r} is typed in the page",
            "facts come from the status file",
            "Use a macro.",
        )


def _typed_standings(part: _Part, facts: _Facts) -> Iterator[Finding]:
    text, start = _readable(part.written), 0
    for paragraph in re.split(r"(\n\s*\n)", text):
        end = start + len(paragraph)
        # Names inside macro calls count too, so they are looked for in the page as written.
        beside = part.page.model or facts.names.search(part.written[start:end])
        for found in facts.standing.finditer(text, start, end):
            if beside or _is_under_a_name(part, found.start(), facts.names):
                yield part.finding(
                    found.start(),
                    "typed-standing",
                    f"{' '.join(found[0].split())!r} is typed beside an endpoint",
                    "a standing is derived from the evidence",
                    "Use a macro.",
                )
        start = end


def _is_under_a_name(part: _Part, offset: int, names: re.Pattern[str]) -> bool:
    """Whether one of the headings over a place names an endpoint."""
    over: dict[int, str] = {}
    for heading in HEADING.finditer(part.written, 0, offset):
        if not part.is_fenced(heading.start()):
            level = len(heading[1])
            over = {upper: text for upper, text in over.items() if upper < level}
            over[level] = heading[0]
    return any(names.search(text) for text in over.values())


def _typed_code(part: _Part) -> Iterator[Finding]:
    found = [
        (start, f"a {language or 'plain'} block")
        for start, _, language in _fences(part.written)
        if language not in DATA_FENCES
    ]
    called = CALL.sub(_blank, part.written)
    found += [
        (start, "an indented block")
        for start in _indented(part.written)
        if called[start:].partition("\n")[0].strip()
    ]
    found += [(tag.start(), "a <pre> block") for tag in re.finditer(r"(?i)<pre\b", part.written)]
    for start, what in sorted(found):
        yield part.finding(
            start,
            "typed-code",
            f"{what} is typed in the page",
            "every block comes from snippets/",
            "Use {{ route(…) }} or {{ console(…) }}.",
        )


def _fences(text: str) -> list[tuple[int, int, str]]:
    """Start, end and language of each fenced block."""
    found, start, mark, language, offset = [], 0, "", "", 0
    for line in text.splitlines(keepends=True):
        fence = FENCE.match(line)
        if mark and line.strip(" \t\n>") == mark:
            found.append((start, offset + len(line), language))
            mark = ""
        elif not mark and fence and "`" not in line[fence.end(1) :]:
            start, mark, language = offset, fence[1], fence[2]
        offset += len(line)
    return [*found, (start, offset, language)] if mark else found


def _indented(text: str) -> Iterator[int]:
    """Where an indented code block starts, outside lists, tabs and other containers."""
    fences = _fences(text)
    opener, blank, offset = "", True, 0
    for line in text.splitlines(keepends=True):
        fenced = any(start <= offset < end for start, end, _ in fences)
        if not fenced and blank and line.strip() and INDENTED.match(line):
            if not CONTAINER.match(opener):
                yield offset
        elif line.strip() and not INDENTED.match(line) and (blank or CONTAINER.match(line)):
            opener = line
        blank = not line.strip()
        offset += len(line)


def _readable(text: str) -> str:
    """The text with calls, comments and link targets blanked, every place kept."""
    return LINK_TARGET.sub(_blank, CALL.sub(_blank, text))


def _code_of(part: _Part, text: str) -> str:
    """The text with all but its code blanked."""
    spans = [span.span() for span in CODE_SPAN.finditer(text)]
    kept = re.sub(r"[^\n]", " ", text)
    for start, end in [*spans, *part.inside]:
        kept = kept[:start] + text[start:end] + kept[end:]
    return kept


def _blank(found: re.Match[str]) -> str:
    """White space of the same length and lines, so that places stay true."""
    return re.sub(r"[^\n]", " ", found[0])
