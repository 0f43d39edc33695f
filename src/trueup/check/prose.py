"""Prose: facts, code and standings that are typed in a page instead of rendered by a macro."""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from sys import maxsize

from trueup.check.banned_terms import NAMES, BannedTerms
from trueup.check.term_matcher import TermMatcher, one_line
from trueup.check.visible_text import CALL, VisibleText, blank, visible_text
from trueup.finding import Finding
from trueup.place import TextPositions
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
"""The lines of the front matter that are titles, or that the engine itself reads."""
DATA_FENCES = ("yaml", "yml", "json", "text", "mermaid")


@dataclass(frozen=True)
class _Part:
    """A part of a page: its front matter or its text. `fences` are the spans of its code."""

    page: Page
    written: str
    first_line: int
    fences: Sequence[tuple[int, int]] = ()

    def finding(self, offset: int, problem: str, fix: str, rule: str) -> Finding:
        return Finding(self.lines.place(offset), problem, fix, rule)

    def is_fenced(self, offset: int) -> bool:
        return is_inside(self.fences, offset)

    def matches(self, matcher: TermMatcher) -> set[tuple[int, str]]:
        """Return offset and text of each match, in the text as written and as readers see it."""
        found = set(matcher.find(self.readable))
        if self.seen.text == self.readable:
            return found
        known = {offset for offset, _ in found}
        more = {(self.seen.offsets[at], text) for at, text in matcher.find(self.seen.text)}
        return found | {(offset, text) for offset, text in more if offset not in known}

    @cached_property
    def lines(self) -> TextPositions:
        return TextPositions(self.page.path, self.written, self.first_line)

    @cached_property
    def readable(self) -> str:
        """The text with calls, comments and link targets blanked, every place kept."""
        return LINK_TARGET.sub(blank, CALL.sub(blank, self.written))

    @cached_property
    def seen(self) -> VisibleText:
        return visible_text(self.written)


def check_prose(terms: BannedTerms, page: Page) -> Iterator[Finding]:
    """Return findings in a page of the language of the terms."""
    yield from _typed_code(_Part(page, page.text, page.first_line))
    front = _Part(page, UNREAD.sub(blank, page.front), 2)
    body = _Part(page, page.text, page.first_line, [place[:2] for place in fences_of(page.text)])
    for part in (front, body):
        yield from _typed_facts(part, terms)
        yield from _typed_standings(part, terms)
    yield from _typed_names(body, terms)
    if page.model is not None and page.model not in terms.models:
        problem = f"the front matter names the unknown model {page.model!r}"
        fix = f"Use one of {listed(sorted(terms.models))}."
        yield Finding(page.place(), problem, fix, "unknown-model")


def _typed_facts(part: _Part, terms: BannedTerms) -> Iterator[Finding]:
    headings = [one.span() for one in HEADING.finditer(part.written)]
    titles = [span for span in headings if not part.is_fenced(span[0])]
    patterns = terms.patterns if part.matches(terms.others) else terms.common
    found = {
        (offset, what, typed)
        for what, matcher in patterns
        for offset, typed in part.matches(matcher)
        if what != NAMES or not is_inside(titles, offset)
    }
    if terms.aliases.are_in(part.readable):
        text = part.readable
        for start, end in titles:
            text = text[:start] + " " * (end - start) + text[end:]
        code = _code_of(part, text)
        found |= {(at, "the model name", typed) for at, typed in terms.aliases.find(code)}
    for offset, what, typed in sorted(found):
        yield part.finding(
            offset,
            f"{what} {' '.join(typed.split())!r} is hard-coded in the page",
            "Use a macro; facts come from the status file.",
            "typed-fact",
        )


def _typed_standings(part: _Part, terms: BannedTerms) -> Iterator[Finding]:
    contextual_advice = part.matches(terms.contextual_advice)
    found = part.matches(terms.standing) | contextual_advice
    ends = [one.start() for one in BREAK.finditer(part.written)] if found else []
    for offset, typed in sorted(found):
        number = bisect_right(ends, offset)
        first = ends[number - 1] if number else 0
        last = ends[number] if number < len(ends) else len(part.written)
        if (
            _is_named(part.written[first:last], terms.names)
            or (offset, typed) not in contextual_advice
            and (part.page.model or _is_under_a_name(part, offset, terms.names))
        ):
            yield part.finding(
                offset,
                f"{' '.join(typed.split())!r} is hard-coded beside an endpoint",
                "Use a macro; a standing is derived from the evidence.",
                "typed-standing",
            )


def _typed_names(part: _Part, terms: BannedTerms) -> Iterator[Finding]:
    """Return findings for the models that sentences mention. A heading, and a link that is only the
    name, are no sentences; a name within code is checked as a fact."""
    found = ((at, one_line(typed)) for at, typed in terms.names.find(part.seen.text))
    named = [
        (part.seen.offsets[at], name) for at, name in found if name.lower() in terms.model_names
    ]
    if not named:
        return
    links = [one for one in LINKED.finditer(part.written) if terms.names.are_all_of(one[1])]
    free = (HEADING.finditer(part.written), links, CODE_SPAN.finditer(part.written))
    spans = [part.fences, *([one.span() for one in kind] for kind in free)]
    for offset, name in named:
        if not any(is_inside(kind, offset) for kind in spans):
            yield part.finding(
                offset,
                f"a sentence mentions the model {name!r}",
                "Use a macro, or a heading or link that holds only the name.",
                "typed-name",
            )


def _is_under_a_name(part: _Part, offset: int, names: TermMatcher) -> bool:
    """Return whether one of the headings over a place names an endpoint."""
    over: dict[int, str] = {}
    for heading in HEADING.finditer(part.written, 0, offset):
        if not part.is_fenced(heading.start()):
            level = len(heading[1])
            over = {upper: text for upper, text in over.items() if upper < level}
            over[level] = heading[0]
    return any(_is_named(text, names) for text in over.values())


def _is_named(text: str, names: TermMatcher) -> bool:
    """Return whether a text names an endpoint, as written with its macro calls or as seen."""
    return names.are_in(text) or names.are_in(visible_text(text).text)


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
            f"{what} is hard-coded in the page",
            "Publish it from snippets/ with {{ route(…) }} or {{ console(…) }}.",
            "typed-code",
        )


@lru_cache(maxsize=16)
def fences_of(text: str) -> list[tuple[int, int, str]]:
    """Return start, end and language of each fenced block."""
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
    """Return the start of each indented code block outside lists, tabs and other containers."""
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


def _code_of(part: _Part, text: str) -> str:
    """Return the text with all but its code blanked."""
    spans = sorted([*(span.span() for span in CODE_SPAN.finditer(text)), *part.fences])
    kept, at = [], 0
    for start, end in spans:
        kept += [re.sub(r"[^\n]", " ", text[at:start]), text[max(at, start) : end]]
        at = max(at, end)
    return "".join(kept) + re.sub(r"[^\n]", " ", text[at:])


def is_inside(spans: Sequence[tuple[int, int]], offset: int) -> bool:
    """Return whether one of some spans, in order and without overlap, holds an offset."""
    number = bisect_right(spans, (offset, maxsize)) - 1
    return number >= 0 and offset < spans[number][1]
