"""Pages as written: facts, code and standings that are typed where only a macro may say them."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from sys import maxsize

from trueup.check.banned_terms import NAMES, BannedTerms
from trueup.check.lines import Lines
from trueup.check.term_matcher import TermMatcher, one_line
from trueup.check.visible_text import CALL, VisibleText, blank, plain
from trueup.finding import Finding
from trueup.site import Page
from trueup.status_file import listed

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
LINKED = re.compile(r"\[([^\[\]\n]+)\]\([^()\n]*\)")
CODE_SPAN = re.compile(
    r"(?<!`)(`+)(?!`)(?:(?!\n\s*\n).)+?(?<!`)\1(?!`)|<code\b.*?</code>", re.DOTALL | re.IGNORECASE
)
UNREAD = re.compile(r"^(?:title|model|blocks):.*$", re.MULTILINE)
"""Lines of the front matter that are titles, or that the engine itself reads."""
DATA_FENCES = ("yaml", "yml", "json", "text", "mermaid")


@dataclass(frozen=True)
class _Part:
    """A part of a page: its front matter, or its text. `inside` holds the places of fences."""

    page: Page
    written: str
    first_line: int
    inside: Sequence[tuple[int, int]] = ()

    def finding(self, offset: int, rule: str, found: str, expected: str, remedy: str) -> Finding:
        where = f"{self.page.path}:{self.lines.place(offset)}"
        return Finding(where, rule, found, expected, remedy)

    def is_fenced(self, offset: int) -> bool:
        return is_inside(self.inside, offset)

    def matches(self, words: TermMatcher) -> set[tuple[int, str]]:
        """Offset and text of each match, in the text as written and as its readers see it."""
        found = set(words.find(self.readable))
        if self.seen.text == self.readable:
            return found
        known = {offset for offset, _ in found}
        more = {(self.seen.offset(at), text) for at, text in words.find(self.seen.text)}
        return found | {(offset, text) for offset, text in more if offset not in known}

    @cached_property
    def lines(self) -> Lines:
        return Lines(self.written, self.first_line)

    @cached_property
    def readable(self) -> str:
        return _readable(self.written)

    @cached_property
    def seen(self) -> VisibleText:
        return plain(self.written)


def check_prose(facts: BannedTerms, pages: Iterable[Page]) -> list[Finding]:
    """Findings in pages of the language that the facts are for."""
    pages = list(pages)
    found = [finding for page in pages for finding in _page(page, facts)]
    return found + [
        Finding(
            str(page.path),
            "unknown-model",
            f"the page is about {page.model!r}, which the status file does not have",
            f"one of {listed(sorted(facts.models))} was expected",
            "Correct the front matter.",
        )
        for page in pages
        if page.model is not None and page.model not in facts.models
    ]


def _page(page: Page, facts: BannedTerms) -> Iterator[Finding]:
    yield from _typed_code(_Part(page, page.text, page.first_line))
    front = _Part(page, UNREAD.sub(blank, page.front), 2)
    body = _Part(page, page.text, page.first_line, [place[:2] for place in fences_of(page.text)])
    for part in (front, body):
        yield from _typed_facts(part, facts)
        yield from _typed_standings(part, facts)
    yield from _typed_names(body, facts)


def _typed_facts(part: _Part, facts: BannedTerms) -> Iterator[Finding]:
    headings = [one.span() for one in HEADING.finditer(part.written)]
    titles = [span for span in headings if not part.is_fenced(span[0])]
    patterns = facts.patterns if part.matches(facts.others) else facts.common
    found = {
        (offset, what, typed)
        for what, words in patterns
        for offset, typed in part.matches(words)
        if what != NAMES or not is_inside(titles, offset)
    }
    if facts.aliases.are_in(part.readable):
        text = part.readable
        for start, end in titles:
            text = text[:start] + " " * (end - start) + text[end:]
        code = _code_of(part, text)
        found |= {(at, "the model name", typed) for at, typed in facts.aliases.find(code)}
    for offset, what, typed in sorted(found):
        yield part.finding(
            offset,
            "typed-fact",
            f"{what} {' '.join(typed.split())!r} is typed in the page",
            "facts come from the status file",
            "Use a macro.",
        )


def _typed_standings(part: _Part, facts: BannedTerms) -> Iterator[Finding]:
    leaning = part.matches(facts.leaning)
    found = part.matches(facts.standing) | leaning
    ends = [one.start() for one in BREAK.finditer(part.written)] if found else []
    for offset, typed in sorted(found):
        number = bisect_right(ends, offset)
        first = ends[number - 1] if number else 0
        last = ends[number] if number < len(ends) else len(part.written)
        if (
            _is_named(part.written[first:last], facts.names)
            or (offset, typed) not in leaning
            and (part.page.model or _is_under_a_name(part, offset, facts.names))
        ):
            yield part.finding(
                offset,
                "typed-standing",
                f"{' '.join(typed.split())!r} is typed beside an endpoint",
                "a standing is derived from the evidence",
                "Use a macro.",
            )


def _typed_names(part: _Part, facts: BannedTerms) -> Iterator[Finding]:
    """Models that a sentence is about. A heading, and a link that is no more than the name, are not
    sentences; code is looked at as a fact."""
    found = ((at, one_line(typed)) for at, typed in facts.names.find(part.seen.text))
    named = [(part.seen.offset(at), name) for at, name in found if name.lower() in facts.called]
    if not named:
        return
    links = [one for one in LINKED.finditer(part.written) if facts.names.are_all_of(one[1])]
    free = (HEADING.finditer(part.written), links, CODE_SPAN.finditer(part.written))
    spans = [part.inside, *([one.span() for one in kind] for kind in free)]
    for offset, name in named:
        if not any(is_inside(kind, offset) for kind in spans):
            yield part.finding(
                offset,
                "typed-name",
                f"a sentence is about {name!r}",
                "what is said of a model comes from the status file",
                "Use a macro, or a heading or link with no more than the name.",
            )


def _is_under_a_name(part: _Part, offset: int, names: TermMatcher) -> bool:
    """Whether one of the headings over a place names an endpoint."""
    over: dict[int, str] = {}
    for heading in HEADING.finditer(part.written, 0, offset):
        if not part.is_fenced(heading.start()):
            level = len(heading[1])
            over = {upper: text for upper, text in over.items() if upper < level}
            over[level] = heading[0]
    return any(_is_named(text, names) for text in over.values())


def _is_named(text: str, names: TermMatcher) -> bool:
    """Whether a text names an endpoint: as written, where calls of macros count, or as seen."""
    return names.are_in(text) or names.are_in(plain(text).text)


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


@lru_cache(maxsize=16)
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
