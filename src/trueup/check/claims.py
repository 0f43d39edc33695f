"""Claims: the one judge of the words that people typed and readers see, whatever holds them: a
page, a setting, a text of the status file, a translation, a console text or a template."""

import re
from collections.abc import Callable, Iterator
from enum import IntEnum

from trueup.check.banned_terms import BannedTerms
from trueup.check.documented_terms import says_documented
from trueup.check.word_lists import patterns_of, phrases_of, with_digits
from trueup.finding import Finding
from trueup.place import Place
from trueup.site.visible_blocks import fold_confusables

SENTENCE_END = re.compile(r"[.!?;]\s+|[。！？；]\s*")
PATH = re.compile(
    r"\b(?:GET|POST|PUT|PATCH|DELETE) (/[\w{}:./*-]+)|(?<![\w./:])(/(?:v[0-9]\w*|api)/[\w{}:./*-]+)"
    r"|\b(?:[Cc]all|[Ss]end (?:it )?to) ([a-z]+/[a-z]+)\b"
)
WORD = re.compile(r"[^\W\d_]+")
MOST_WORDS, MOST_SIGNS = 6, 45
"""Of a verdict: a longer sentence has another subject more often than not."""
NO_FACT = "is in no fact of the status file"
READER = ("reader", "local", "general")
"""Patterns of sentences that are about the reader's side, or about what may be."""
CLAIMS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("price", "the price", ()),
    ("limit", "the limit or size", ("local",)),
    ("size", "the limit or size", READER),
    ("availability", "the availability", ()),
    ("ability", "the ability", ("local",)),
    ("share", "the availability", ()),
)
"""Kinds of patterns, what each claims, and the patterns of sentences in which it claims nothing."""
COUNT = ("count", "the limit or size", READER)
"""Claimed near a route only."""
REMOVE = "Remove it; what was observed is shown by a macro."
SAY = "Use the macro documented, or say in the sentence that it is documented."
OWN_KINDS = ("title", "seen", "sent", "hold", "documented", "remedy")
"""The kinds of texts of the status file, which names may not excuse."""
FREE = {
    "data": frozenset(one[0] for one in (*CLAIMS, COUNT)),
    "sent": frozenset(("limit", "size", "share", "count")),
    "documented": frozenset(("price", "limit", "size", "count", "ability")),
    **dict.fromkeys(("seen", "hold", "title", "remedy"), frozenset(("size", "share", "count"))),
}
"""What a kind of text may say: what was sent, what was seen in one observation, and what the docs
say, which pages show as documented."""
Where = Place | Callable[[int], Place]
"""The place of a text, or what gives that of an offset into it."""


class Near(IntEnum):
    """How near a text is to a route, which decides what its words say about one."""

    NOTHING = 0
    ROUTES = 1
    """A sentence that speaks of routes."""
    HEADING = 2
    """Under the heading of a name, on the page of a model, or in a menu."""
    SECTION = 3
    """In the part of a page whose heading is a name, before the next heading."""
    GROUP = 4
    """In a paragraph, list or table with a name."""
    NAME = 5
    """In a sentence with a name."""


def check_text(
    where: Where,
    text: str,
    terms: BannedTerms,
    near: Near = Near.NOTHING,
    kind: str = "",
) -> Iterator[Finding]:
    """Return findings for the claims, standings and advice in a text that readers see.

    The `kind` is `description`, of a page; `data`, which a program reads; of the status file,
    `hold`, which may warn, `title`, which may say the words of its model's name, `documented` or
    `remedy`, which may say what to do where they say no name, `sent` or `seen`; or any other.
    """
    text = fold_confusables(text)
    place = where if callable(where) else lambda _: where
    start = 0
    for end in (*(found.end() for found in SENTENCE_END.finditer(text)), len(text)):
        sentence = text[start:end]
        own = max(near, Near.NAME if terms.names.are_in(sentence) else _spoken(sentence))
        longest = dict(sorted(_advice(sentence, terms, own, kind)))
        if own == Near.SECTION and not longest and is_verdict(sentence):
            longest = {0: sentence.strip()}
        for offset, word in longest.items():
            yield Finding(
                place(start + offset),
                f"{' '.join(word.split())!r} is hard-coded beside an endpoint",
                "Use a macro, or write what was seen; a standing is derived from the evidence.",
                "typed-standing",
            )
        for offset, problem, is_known in sorted(set(_claims(sentence, terms, own, kind))):
            if is_known and (kind == "documented" or says_documented(sentence)):
                continue
            fix = SAY if is_known else REMOVE
            yield Finding(place(start + offset), problem, fix, "undocumented-claim")
        start = end


def _spoken(sentence: str) -> Near:
    return Near.ROUTES if patterns_of("routes").are_in(sentence) else Near.NOTHING


def _advice(sentence: str, terms: BannedTerms, near: Near, kind: str) -> Iterator[tuple[int, str]]:
    """Yield offset and word of each standing and advice."""
    is_question = patterns_of("question").are_in(sentence)
    if near == Near.NOTHING or (near < Near.NAME and patterns_of("reader").are_in(sentence)):
        return
    if near == Near.ROUTES:
        explained = {word.lower() for _, word in terms.standing_words.find(sentence)}
        if len(explained) > 1 or patterns_of("general").are_in(sentence):
            return
    if near in (Near.HEADING, Near.SECTION) and is_question:
        return
    kinds = [terms.standing]
    if near >= Near.HEADING:
        kinds.append(phrases_of("advice"))
    is_free = kind in ("documented", "remedy") and not terms.names.are_in(sentence)
    if near >= Near.GROUP and not is_question and not is_free:
        kinds.append(phrases_of("choice"))
    warnings = phrases_of("warning").find(sentence) if kind == "hold" else ()
    names = () if kind in OWN_KINDS else terms.names.find(sentence)
    free = {at + step for at, word in (*warnings, *names) for step in range(len(word))}
    for matcher in kinds:
        for offset, word in matcher.find(sentence):
            is_free = kind == "title" and word.lower() in terms.name_words
            is_free |= is_question and word.lower() == "works"  # "How it works"
            if not is_free and offset not in free:
                yield offset, word


def _claims(
    sentence: str, terms: BannedTerms, near: Near, kind: str
) -> Iterator[tuple[int, str, bool]]:
    """Yield offset and problem of each claim, and whether what it claims is documented."""
    known = terms.documented
    for found in PATH.finditer(sentence):
        path = next(filter(None, found.groups()))
        if problem := path_problem(path, terms):
            yield found.start(), problem, known.has_path(path)
    texts = {sentence, with_digits(sentence)}
    for name, what, free in CLAIMS if near == Near.NOTHING else (*CLAIMS, COUNT):
        if name in FREE.get(kind, ()):
            continue
        for text in {sentence} if name == COUNT[0] else texts:
            for offset, word in patterns_of(name).find(text):
                if not (free and patterns_of(*free).are_in(sentence)):
                    shown = sentence[offset : offset + len(word)].strip()
                    is_known = known.covers(sentence, offset, word, name)
                    yield offset, f"{what} {shown!r} {NO_FACT}", is_known
    is_said = kind == "description"
    for offset, word in patterns_of("ageing").find(sentence):
        is_proof = patterns_of("proof").are_in(sentence)
        if is_said or (is_proof and not patterns_of(*READER).are_in(sentence)):
            where = "in the description" if is_said else "in a claim"
            yield offset, f"the word {word!r} {where} does not stay true", False


def is_verdict(text: str) -> bool:
    """Return whether a text under a name, or behind it, can only be about what it names: it is
    short, and says nothing of the reader's side or of what is on the page."""
    count = len(WORD.findall(text))
    is_short = 0 < count <= MOST_WORDS and len(text) <= MOST_SIGNS
    return is_short and not patterns_of(*READER, "question", "content").are_in(text)


def path_problem(path: str, terms: BannedTerms) -> str | None:
    """Return what is wrong with a path that no route has; None for one of the record."""
    path = path.rstrip(".:")
    start = path.rstrip("/") + "/"
    if any(path.startswith(one) or f"{one}/".startswith(start) for one in terms.paths):
        return None
    return f"the path {path!r} {NO_FACT}"
