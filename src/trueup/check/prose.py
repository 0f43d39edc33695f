"""Pages as written: facts, code and standings that are typed where only a macro may say them."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from sys import maxsize

from trueup.check.advice import ADVICE
from trueup.check.names import any_of
from trueup.check.plain import CALL, Plain, blank, plain
from trueup.finding import Finding
from trueup.model import Standing, Status
from trueup.site import Page
from trueup.store import listed

LINK_TARGET = re.compile(
    r"""(?<=\])\([^)\n]*\)|(?<=\])\[[^\]\n]*\]|<https?://[^>\s]*>|\bhref=(?:"[^"]*"|'[^']*')"""
    r"|^ {0,3}\[[^\]\n]+\]:[ \t]*\S+",
    re.MULTILINE,
)
HEADING = re.compile(r"^(#{1,6}).*$", re.MULTILINE)
FENCE = re.compile(r"^[\s>]*(`{3,}|~{3,})\s*(?:\{\s*)?\.?([\w+-]*)")
INDENTED = re.compile(r" {4}| {0,3}\t")
CONTAINER = re.compile(r" {0,3}(?:[-*+] |\d+[.)] |===|!!!|\?\?\?|\[\^|: |<)")
BREAK = re.compile(r"\n\s*\n")
CODE_SPAN = re.compile(
    r"(?<!`)(`+)(?!`)(?:(?!\n\s*\n).)+?(?<!`)\1(?!`)|<code\b.*?</code>", re.DOTALL | re.IGNORECASE
)
ISO_DATE = re.compile(r"(?<![0-9])20[0-9]{2}-[01][0-9]-[0-3][0-9](?![0-9])")
UNREAD = re.compile(r"^(?:title|model|blocks):.*$", re.MULTILINE)
"""Lines of the front matter that are titles, or that the engine itself reads."""
DATA_FENCES = ("yaml", "yml", "json", "text", "mermaid")
WRITTEN_DAY = re.compile(
    r"(?<![0-9])(?:20[0-9]{2}[/.][0-9]{1,2}[/.][0-9]{1,2}"
    r"|20[0-9]{2}\s?年\s?[0-9]{1,2}\s?月(?:\s?[0-9]{1,2}\s?日)?"
    r"|[0-9]{1,2}\.[0-9]{1,2}\.20[0-9]{2}"
    r"|[0-9]{1,2}(?:st|nd|rd|th)?\s+(?:of\s+)?(?:MONTH),?\s+20[0-9]{2}"
    r"|(?<![^\W_])(?:MONTH)\s+[0-9]{1,2}(?:st|nd|rd|th)?,?\s+20[0-9]{2})(?![0-9])".replace(
        "MONTH",
        "jan[a-z]*|feb[a-z]*|mar[a-z]*|apr[a-z]*|may|jun[a-z]*|jul[a-z]*|aug[a-z]*|sep[a-z]*"
        "|oct[a-z]*|nov[a-z]*|dec[a-z]*|январ[а-я]|феврал[а-я]|марта?|апрел[а-я]|ма[йя]|июн[а-я]"
        "|июл[а-я]|августа?|сентябр[а-я]|октябр[а-я]|ноябр[а-я]|декабр[а-я]",
    ),
    re.IGNORECASE,
)
"""A day as people write it, in the languages that the pages are known to be in."""
NAMES = "the upstream name"
"""What a heading may hold all the same: titles are free."""


@dataclass(frozen=True)
class Facts:
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
        return is_inside(self.inside, offset)

    def matches(self, pattern: re.Pattern[str]) -> set[tuple[int, str]]:
        """Offset and text of each match, in the text as written and as its readers see it."""
        seen = self.seen
        found = {(one.start(), one[0]) for one in pattern.finditer(self.readable)}
        known = {offset for offset, _ in found}
        more = {(seen.offset(one.start()), one[0]) for one in pattern.finditer(seen.text)}
        return found | {(offset, text) for offset, text in more if offset not in known}

    @cached_property
    def readable(self) -> str:
        return _readable(self.written)

    @cached_property
    def seen(self) -> Plain:
        return plain(self.written)


def check_prose(status: Status, pages: Iterable[Page], words: Iterable[str]) -> list[Finding]:
    """Findings in the pages; `words` are the standing words of the pages' language."""
    facts = facts_of(status, words)
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


def facts_of(status: Status, words: Iterable[str]) -> Facts:
    upstreams = {status.upstream(model) for model in status.models}
    starts = [route.request.split(" ", 1)[1].split("{")[0] for route in status.routes.values()]
    paths = [path for path in starts if path.strip("/")]
    texts = [signature.match for signature in status.signatures.values()]
    titles = [model.title for model in status.models.values()]
    titles += [status.title_of(name) for name in status.routes]
    return Facts(
        (
            (NAMES, any_of(upstreams)),
            ("the base URL", any_of(status.hosts)),
            ("the path", any_of(paths, edges=False)),
            ("the failure text", any_of(texts, edges=False)),
            ("the date", ISO_DATE),
            ("the date", WRITTEN_DAY),
        ),
        any_of(set(status.models) - upstreams),
        any_of([*words, *Standing, *ADVICE]),
        re.compile(
            f"{any_of([*status.models, *upstreams, *titles]).pattern}"
            f"|{any_of(paths, edges=False).pattern}",
            re.IGNORECASE,
        ),
    )


def _page(page: Page, facts: Facts) -> Iterator[Finding]:
    yield from _typed_code(_Part(page, page.text, page.first_line))
    front = _Part(page, UNREAD.sub(blank, page.front), 2)
    body = _Part(page, page.text, page.first_line, [place[:2] for place in fences_of(page.text)])
    for part in (front, body):
        yield from _typed_facts(part, facts)
        yield from _typed_standings(part, facts)


def _typed_facts(part: _Part, facts: Facts) -> Iterator[Finding]:
    headings = [one.span() for one in HEADING.finditer(part.written)]
    titles = [span for span in headings if not part.is_fenced(span[0])]
    found = {
        (offset, what, typed)
        for what, pattern in facts.patterns
        for offset, typed in part.matches(pattern)
        if what != NAMES or not any(start <= offset < end for start, end in titles)
    }
    text = part.readable
    for start, end in titles:
        text = text[:start] + " " * (end - start) + text[end:]
    code = _code_of(part, text)
    found |= {(one.start(), "the model name", one[0]) for one in facts.aliases.finditer(code)}
    for offset, what, typed in sorted(found):
        yield part.finding(
            offset,
            "typed-fact",
            f"{what} {' '.join(typed.split())!r} is typed in the page",
            "facts come from the status file",
            "Use a macro.",
        )


def _typed_standings(part: _Part, facts: Facts) -> Iterator[Finding]:
    ends = [one.start() for one in BREAK.finditer(part.written)]
    for offset, typed in sorted(part.matches(facts.standing)):
        number = bisect_right(ends, offset)
        first = ends[number - 1] if number else 0
        last = ends[number] if number < len(ends) else len(part.written)
        # Names inside macro calls count too, so they are looked for in the page as written.
        beside = part.page.model or facts.names.search(part.written, first, last)
        if beside or _is_under_a_name(part, offset, facts.names):
            yield part.finding(
                offset,
                "typed-standing",
                f"{' '.join(typed.split())!r} is typed beside an endpoint",
                "a standing is derived from the evidence",
                "Use a macro.",
            )


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
        for start, _, language in fences_of(part.written)
        if language not in DATA_FENCES
    ]
    called = CALL.sub(blank, part.written)
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


def fences_of(text: str) -> list[tuple[int, int, str]]:
    """Start, end and language of each fenced block."""
    found: list[tuple[int, int, str]] = []
    start, mark, language, offset = 0, "", "", 0
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
    fences = [(start, end) for start, end, _ in fences_of(text)]
    opener, blank, offset = "", True, 0
    for line in text.splitlines(keepends=True):
        fenced = is_inside(fences, offset)
        if not fenced and blank and line.strip() and INDENTED.match(line):
            if not CONTAINER.match(opener):
                yield offset
        elif line.strip() and not INDENTED.match(line) and (blank or CONTAINER.match(line)):
            opener = line
        blank = not line.strip()
        offset += len(line)


def _readable(text: str) -> str:
    """The text with calls, comments and link targets blanked, every place kept."""
    return LINK_TARGET.sub(blank, CALL.sub(blank, text))


def _code_of(part: _Part, text: str) -> str:
    """The text with all but its code blanked."""
    spans = sorted([*(span.span() for span in CODE_SPAN.finditer(text)), *part.inside])
    kept, at = [], 0
    for start, end in spans:
        kept += [re.sub(r"[^\n]", " ", text[at:start]), text[max(at, start) : end]]
        at = max(at, end)
    return "".join(kept) + re.sub(r"[^\n]", " ", text[at:])


def is_inside(spans: Sequence[tuple[int, int]], offset: int) -> bool:
    """Whether one of some spans, which are in order and apart, holds an offset."""
    number = bisect_right(spans, (offset, maxsize)) - 1
    return number >= 0 and offset < spans[number][1]
