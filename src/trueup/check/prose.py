"""Prose: facts, code, standings and claims that are typed in a page instead of rendered by a
macro."""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from trueup.check.banned_terms import NAMES, BannedTerms
from trueup.check.claims import Near, check_text, is_verdict, path_problem
from trueup.check.term_matcher import one_line
from trueup.check.typed_page import TypedBlock, TypedPage
from trueup.finding import Finding
from trueup.site.visible_blocks import HEADINGS, Span
from trueup.status_file import listed

TITLES = (*HEADINGS, "title")
"""The kinds of blocks that may hold names."""
COMMENT = re.compile(r"<!--(.*?)(?:-->|$)", re.DOTALL)
DATA = ("yaml", "yml", "json", "text", "mermaid")
"""The languages of blocks that are not run."""
LANGUAGE = re.compile(r"(?:^|\s)language-(\S+)")
STRUCTURED = ("yaml", "yml", "json")
"""Those of them that a program reads."""
MADE_LEVEL = 2
"""The level of the headings that the macros `route` and `model_page` make."""
SENTENCES = ("p", "li", "dd")
"""The kinds of blocks that hold sentences, rather than cells or code."""
NAME_LEVEL = 7
"""Below all headings: a paragraph that is only a name."""
BEGINNING = re.compile(r"(?:^|[.!?;:。！？；：|])\s*$")
GOES_ON = re.compile(r"\s*(?!(?:and|or|и|или)\b|[和与或及的])(?:[はが]|(?![ぁ-ん])[^\W\d_])")
"""Text behind a link that makes the name in it the subject of a sentence."""
VERDICT = re.compile(r"\s*[:：–—-]\s*([^.;。；]*)")
API_PATH = re.compile(r"/(?:v[0-9]|api/)")


def check_prose(terms: BannedTerms, typed: TypedPage) -> Iterator[Finding]:
    """Return findings in the words of a page."""
    page = typed.page
    fences = list(_fences(typed))
    yield from _typed_code(typed, fences)
    addresses = {link.text for link in _elements(typed, "a") if link.text == link.get("href")}
    for block in typed.blocks:
        yield from _typed_facts(typed, block, terms, addresses)
        if block.block.kind not in TITLES and not block.line:
            yield from _typed_names(typed, block, terms)
    yield from _facts_in_comments(typed, terms)
    yield from _unknown_paths(typed, terms)
    data = {id(block) for block, language in fences if language in STRUCTURED}
    for block, near in _nearness(typed, terms):
        kind = "data" if id(block) in data else block.block.kind
        kind = kind if kind in ("data", "description") else ""
        yield from check_text(partial(typed.place, block), block.text, terms, near, kind)
    if page.model is not None and page.model not in terms.models:
        problem = f"the front matter names the unknown model {page.model!r}"
        fix = f"Use one of {listed(sorted(terms.models))}."
        yield Finding(page.place(), problem, fix, "unknown-model")


def _typed_facts(
    typed: TypedPage, block: TypedBlock, terms: BannedTerms, addresses: set[str | None]
) -> Iterator[Finding]:
    shown = [span for span in block.block.links if block.text[slice(*span)] in addresses]
    text = _blanked(block.text, shown)
    is_title = block.block.kind in TITLES or _is_of_model(typed, block)
    found = _facts(text, terms, is_title)
    if not is_title and terms.aliases.are_in(text):
        found |= {
            (at, f"the model name {one_line(typed_name)!r}")
            for at, typed_name in terms.aliases.find(text)
            if _is_inside(block.block.code, at)
        }
    for offset, what in sorted(found):
        yield Finding(
            typed.place(block, offset),
            f"{what} is hard-coded in the page",
            "Use a macro; facts come from the status file.",
            "typed-fact",
        )


def _is_of_model(typed: TypedPage, block: TypedBlock) -> bool:
    """Return whether a block is the description of a model's page, which may name it."""
    return block.block.kind == "description" and typed.page.model is not None


def _facts(text: str, terms: BannedTerms, is_title: bool = False) -> set[tuple[int, str]]:
    patterns = terms.patterns if terms.others.are_in(text) else terms.common
    return {
        (offset, f"{what} {' '.join(typed.split())!r}")
        for what, matcher in patterns
        if not (is_title and what == NAMES)
        for offset, typed in matcher.find(text)
    }


def _facts_in_comments(typed: TypedPage, terms: BannedTerms) -> Iterator[Finding]:
    """Return findings for facts that readers do not see, but search engines and assistants may."""
    for comment in COMMENT.findall("\n".join(typed.raw)):
        at = max(typed.page.text.find(comment), 0)
        for offset, what in sorted(_facts(comment, terms)):
            problem = f"{what} is hard-coded in a comment of the page"
            place = typed.positions.place(at + offset)
            yield Finding(place, problem, "Remove it.", "typed-fact")


def _unknown_paths(typed: TypedPage, terms: BannedTerms) -> Iterator[Finding]:
    """Return findings for links to a path of a target that no route and no documented link has."""
    for element in _elements(typed, "a"):
        target = urlsplit(element.get("href") or "")
        if terms.documented.has_path(target.path):
            continue
        problem = path_problem(target.path, terms)
        if problem and target.netloc in terms.hosts and API_PATH.match(target.path):
            yield Finding(typed.search(target.path), problem, "Remove it.", "undocumented-claim")


def _typed_names(typed: TypedPage, block: TypedBlock, terms: BannedTerms) -> Iterator[Finding]:
    """Return findings for the models that sentences mention. A heading, and a link that is only the
    name, are no sentences, unless one begins with it; a name within code is checked as a fact."""
    spans = [*block.block.code]
    for start, end in block.block.links:
        is_name = terms.names.are_all_of(block.text[start:end])
        if is_name and not (BEGINNING.search(block.text[:start]) and _goes_on(block.text[end:])):
            spans.append((start, end))
    for offset, written in terms.names.find(block.text):
        name = one_line(written)
        if name.lower() in terms.model_names and not _is_inside(spans, offset):
            yield Finding(
                typed.place(block, offset),
                f"a sentence mentions the model {name!r}",
                "Use a macro, or a heading or link that holds only the name.",
                "typed-name",
            )


def _goes_on(text: str) -> bool:
    """Return whether the text behind a name makes that the subject of a sentence."""
    verdict = VERDICT.match(text)
    return GOES_ON.match(text) is not None or (verdict is not None and is_verdict(verdict[1]))


def _nearness(typed: TypedPage, terms: BannedTerms) -> Iterator[tuple[TypedBlock, Near]]:
    """Yield each block with how near it is to a name, apart from those in its sentences."""
    named = {one.block.group for one in typed.blocks if _is_named(one, terms)}
    over: dict[int, bool] = {}
    """Whether each of the headings over a place names an endpoint, by its level."""
    is_under_name = False
    for block in typed.blocks:
        if level := _level(block, terms):
            over = {upper: one for upper, one in over.items() if upper < level}
            over[level] = block.block.group in named
            is_under_name = terms.names.are_all_of(block.text.strip(" :："))
        if block.block.group in named:
            yield block, Near.GROUP
        elif is_under_name and block.block.kind in SENTENCES:
            yield block, Near.SECTION
        elif typed.page.model or any(over.values()):
            yield block, Near.HEADING
        else:
            yield block, Near.NOTHING


def _level(block: TypedBlock, terms: BannedTerms) -> int:
    """Return the level of a heading, of the macro that makes one, or of a paragraph that is only a
    name, and 0 for other blocks."""
    if any(call.macro in ("route", "model_page") for call in block.calls):
        return MADE_LEVEL
    is_name = block.block.kind == "p" and terms.names.are_all_of(block.text.strip(" :："))
    return block.block.level or (NAME_LEVEL if is_name else 0)


def _is_named(block: TypedBlock, terms: BannedTerms) -> bool:
    """Return whether a block names an endpoint, by its words, links or the calls within."""
    if terms.names.are_in(block.text):
        return True
    if any(terms.is_model_page(target) for target in block.block.targets):
        return True
    given = [value for call in block.calls for value in (*call.arguments, *call.named.values())]
    return any(value is not None and terms.names.are_in(value) for value in given)


def _fences(typed: TypedPage) -> Iterator[tuple[TypedBlock | None, str]]:
    """Yield each block of code, None for an empty one, with its language."""
    shown = (block for block in typed.blocks if block.block.kind == "pre")
    for element in _elements(typed, "pre"):
        block = next(shown, None) if "".join(element.itertext()).strip() else None
        marks = " ".join(one.get("class") or "" for one in (element, *element))
        yield block, found[1] if (found := LANGUAGE.search(marks)) else "plain"


def _typed_code(
    typed: TypedPage, fences: Iterable[tuple[TypedBlock | None, str]]
) -> Iterator[Finding]:
    for block, language in fences:
        if language not in DATA and (block is None or block.text.strip()):
            yield Finding(
                typed.fence_place(block) if block else typed.page.place(),
                f"a {language} block is hard-coded in the page",
                "Publish it from snippets/ with {{ route(…) }} or {{ console(…) }}.",
                "typed-code",
            )


def _elements(typed: TypedPage, tag: str) -> Iterator[Any]:
    return iter(()) if typed.root is None else typed.root.iter(tag)


def _blanked(text: str, spans: Sequence[Span]) -> str:
    for start, end in spans:
        text = text[:start] + " " * (end - start) + text[end:]
    return text


def _is_inside(spans: Sequence[Span], offset: int) -> bool:
    return any(start <= offset < end for start, end in spans)
