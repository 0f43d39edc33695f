"""Contracts: what the pages say of one route: its replies, success, query and key."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator

from trueup.audit.blocks import json_values
from trueup.audit.found import Found, Spot, listed, quoted, report
from trueup.audit.mention import API_PATH, LOCAL, Call, all_calls_of, words_in
from trueup.audit.page import Fence, Page
from trueup.audit.reply import is_failure
from trueup.audit.rules.headers import Key, odd_headers, on_purpose
from trueup.audit.tree import Tree
from trueup.audit.words import SUCCESS

STATES = frozenset(("status", "state", "task_status", "taskstatus"))
WAITING = re.compile(
    r"(?:status|state)\b[\"'\])]*\s*(?:===?|!==?|in\s*[\[(])\s*[\"']([A-Za-z_]+)[\"']",
    re.IGNORECASE,
)
LEAST_OTHERS = 3
"""Calls of a route that show what is usual for it."""
MOST_ODD = 0.25
"""Part of a route's calls that differ by mistake; more, and there are two ways to call it."""
DISAGREE = "Find out what the route does; these disagree."


def check_contracts(tree: Tree) -> Iterator[Found]:
    """Return the findings about routes over all pages, one language at a time."""
    by_route: dict[tuple[str, str], list[Call]] = defaultdict(list)
    all_calls: list[tuple[Key, Call]] = []
    for path, page in tree.pages.items():
        for number, call in enumerate(all_calls_of(page)):
            all_calls.append(((tree.first_twin(path), number), call))
            if API_PATH.search(call.route.text):
                by_route[tree.languages.get(path, ""), call.route.text].append(call)
        yield from _waiting(tree, page)
    yield from odd_headers(tree, all_calls)
    for (_, route), calls in by_route.items():
        yield from _success(tree, route, calls)
        yield from _reply_shapes(tree, route, calls)
        yield from _queries(tree, route, calls)
        yield from _keys(tree, route, calls)


def _success(tree: Tree, route: str, calls: list[Call]) -> Iterator[Found]:
    by_path: dict[str, dict[str, list[Spot]]] = defaultdict(lambda: defaultdict(list))
    for call in calls:
        for path, word in words_in(call.reply, STATES):
            if word.lower() in SUCCESS:
                by_path[path][word].append((call.page, call.reply_line(f'"{word}"')))
    for words in by_path.values():
        if len(words) < 2:
            continue
        order = sorted(words, key=lambda word: len(words[word]))
        problem = f"replies of {route} have several words for success: "
        problem += listed(map(quoted, order))
        spots = [spot for word in order for spot in words[word]]
        yield report(tree, "route-success", spots, problem, DISAGREE)


def _reply_shapes(tree: Tree, route: str, calls: list[Call]) -> Iterator[Found]:
    shapes: dict[frozenset[str], list[Spot]] = defaultdict(list)
    for call in calls:
        if call.reply and call.reply_fence and not _is_failure(tree, call):
            shapes[frozenset(call.reply)].append((call.page, call.reply_line()))
    pairs = [
        (one, other)
        for one in shapes
        for other in shapes
        if not one & other and len(shapes[one]) <= len(shapes[other])
    ]
    if pairs:
        one, other = pairs[0]
        problem = f"replies of {route} have no key in common: {listed(sorted(one))} here, "
        problem += f"{listed(sorted(other))} elsewhere"
        yield report(tree, "route-reply", [*shapes[one], *shapes[other]], problem, DISAGREE)


def _is_failure(tree: Tree, call: Call) -> bool:
    """Return whether the reply of a call is an error, by its keys or by the words before it."""
    assert call.reply is not None and call.reply_fence is not None
    if {"error", "errors", "detail"} & set(call.reply):
        return True
    return is_failure(tree.pages[call.page], call.fence, call.reply_fence)


def _queries(tree: Tree, route: str, calls: list[Call]) -> Iterator[Found]:
    names = Counter(call.query[0] for call in calls if len(call.query) == 1)
    usual, count = names.most_common(1)[0] if names else ("", 0)
    for name in names:
        odd = [call for call in calls if call.query == (name,)]
        if name == usual or count < LEAST_OTHERS or len(odd) > MOST_ODD * count:
            continue
        if any({name, usual} <= set(call.query) for call in calls):
            continue
        spots = [(call.page, call.route.line) for call in odd]
        spots += [(call.page, call.route.line) for call in calls if call.query == (usual,)]
        problem = (
            f"the query of {route} is {quoted(name)} here and {quoted(usual)} in {count} calls"
        )
        yield report(tree, "route-query", spots, problem, DISAGREE)


def _keys(tree: Tree, route: str, calls: list[Call]) -> Iterator[Found]:
    without = [call for call in calls if not call.has_key and not on_purpose(tree, call)]
    without = [call for call in without if not LOCAL.match(call.route.base)]
    having = [call for call in calls if call.has_key]
    if not without or len(having) < LEAST_OTHERS or len(without) > MOST_ODD * len(having):
        return
    spots = [(call.page, call.route.line) for call in (*without, *having)]
    problem = f"the call of {route} has no key; {len(having)} other calls of it have one"
    yield report(
        tree, "call-without-key", spots, problem, "Add the key, or say that none is needed."
    )


def _waiting(tree: Tree, page: Page) -> Iterator[Found]:
    """Return the words that code on a page waits for, and its replies do not have."""
    sent: dict[str, int] = {}
    for fence in page.fences:
        if fence.language in ("json", "jsonc"):
            for _, word in words_in(json_values(fence.text), STATES):
                sent.setdefault(word, _line_in(fence, word))
    known = {word for word in sent if word.lower() in SUCCESS}
    if not known:
        return
    for fence in page.fences:
        if fence.language in ("json", "jsonc"):
            continue
        for number, line in enumerate(fence.lines, fence.first):
            for word in WAITING.findall(line):
                if word.lower() not in SUCCESS or _is_elsewhere(page, word, known):
                    continue
                problem = f"the code waits for {quoted(word)}; the replies on the page have "
                problem += listed(map(quoted, sorted(known)))
                spots = [(page.path, number), *((page.path, sent[one]) for one in sorted(known))]
                yield report(tree, "undocumented-word", spots, problem, DISAGREE)


def _line_in(fence: Fence, word: str) -> int:
    quoted_word = f'"{word}"'
    lines = (number for number, line in enumerate(fence.lines, fence.first) if quoted_word in line)
    return next(lines, fence.first)


def _is_elsewhere(page: Page, word: str, known: set[str]) -> bool:
    """Return whether a page documents a word in a reply or a sentence, in any case of letters."""
    if word.lower() in {one.lower() for one in known}:
        return True
    whole = re.compile(rf"\b{re.escape(word)}\b")
    return any(whole.search(text) for _, text in page.prose() if word in text)
