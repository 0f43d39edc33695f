"""Languages: the code of a page beside that of its translations."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from trueup.audit.align import Block, blocks_of, counterparts, differences, main_of, paired
from trueup.audit.code import CodeToken
from trueup.audit.found import Found, Spot, listed, quoted, report
from trueup.audit.gates import is_kept
from trueup.audit.page import Page
from trueup.audit.tokens import is_name
from trueup.audit.tree import MAIN, Tree

MOST_APART = 0.5
"""Part of a language's blocks that differ where its pages are of another edition."""
LATIN = frozenset(
    (
        *("ca", "cs", "da", "de", "en", "es", "et", "fi", "fr", "hr", "hu", "id", "it", "lt"),
        *("lv", "ms", "nb", "nl", "no", "pl", "pt", "ro", "sk", "sl", "sv", "tr", "vi"),
    )
)
"""Languages that may translate a word of code into another word of the same letters."""
FIXES = "Find out which of them is right; these disagree."
NOUNS = {"language-names": "name", "language-contract": "request", "language-values": "value"}


@dataclass(slots=True)
class _Pair:
    """A block of the main language, and its twin in another with what differs."""

    block: Block
    twin: Block
    language: str
    found: dict[str, list[tuple[CodeToken, CodeToken]]] = field(default_factory=dict)


def language_name(name: str) -> str:
    """Return a language as it is named in a message."""
    return name if name != MAIN else "the main language"


def check_languages(tree: Tree) -> Iterator[Found]:
    """Return the findings about code that differs between languages."""
    compared: Counter[str] = Counter()
    apart: Counter[str] = Counter()
    groups = []
    for group in tree.twins:
        pairs = list(_pairs(group))
        compared.update(pair.language for pair in pairs)
        apart.update(pair.language for pair in pairs if pair.found)
        if any(pair.found for pair in pairs):  # the others would fill the memory
            groups.append((group, pairs))
    out_of_step = {
        name for name in compared if not is_kept(apart[name], compared[name], MOST_APART)
    }
    for group, pairs in groups:
        by_block: dict[int, list[_Pair]] = defaultdict(list)
        for pair in pairs:
            if pair.language not in out_of_step:
                by_block[id(pair.block)].append(pair)
        for twins in by_block.values():
            yield from _report_block(tree, group, twins)


def _pairs(group: Mapping[str, Page]) -> Iterator[_Pair]:
    main = main_of(group)
    blocks = {name: blocks_of(page) for name, page in group.items()}
    for name in group:
        if name == main:
            continue
        for block, twin in paired(blocks[main], blocks[name]):
            pair = _Pair(block, twin, name)
            for one in differences(block, twin):
                rule = _rule(one.mine, one.yours, {main, name})
                if rule is not None:
                    pair.found.setdefault(rule, []).append((one.mine, one.yours))
            yield pair


def _rule(mine: CodeToken, yours: CodeToken, languages: set[str]) -> str | None:
    """Return the rule that two different tokens break, None where they may differ."""
    roles = {mine.role, yours.role}
    if roles & {"route", "key"}:
        return "language-contract"
    if "sign" in roles:
        return None
    if roles == {"name"} or ("name" in roles and is_name(mine.text) and is_name(yours.text)):
        return "language-names"
    if "number" in roles:
        return "language-values"
    is_latin = {name.partition("-")[0] for name in languages} - {"en", MAIN} <= LATIN
    return None if is_latin else "language-values"


def _report_block(tree: Tree, group: Mapping[str, Page], twins: list[_Pair]) -> Iterator[Found]:
    main = main_of(group)
    for rule, noun in NOUNS.items():
        variants: dict[object, dict[str, str]] = defaultdict(dict)
        spots: dict[str, list[Spot]] = defaultdict(list)
        pairs = [pair for pair in twins if rule in pair.found]
        if not pairs:
            continue
        for pair in pairs:
            for mine, yours in pair.found[rule]:
                at = (mine.line, mine.text or f"+{yours.text}", mine.text and id(mine))
                variants[at].setdefault(main, mine.text)
                variants[at][pair.language] = yours.text
                spots[pair.language].append((group[pair.language].path, yours.line))
                spots[main].append((group[main].path, mine.line))
        spots |= _agreeing(group, twins, pairs, rule)
        first = next(iter(variants.values()))
        by_text = defaultdict[str, list[str]](list)
        for name in (main, *(pair.language for pair in twins)):
            by_text[first.get(name, first[main])].append(name)
        by_size = sorted(by_text.values(), key=lambda names: (len(names), main in names))
        odd = by_size[0]
        order = sorted(spots, key=lambda name: (name not in odd, name))
        shown = "; ".join(
            f"{listed(map(language_name, names))}: {quoted(text) if text else 'none'}"
            for text, names in sorted(by_text.items(), key=lambda item: len(item[1]))
        )
        count = f" ({len(variants)} places in the block)" if len(variants) > 1 else ""
        problem = f"the {noun} differs between languages in the same block: {shown}{count}"
        yield report(tree, rule, [one for name in order for one in spots[name]], problem, FIXES)


def _agreeing(
    group: Mapping[str, Page], twins: list[_Pair], pairs: list[_Pair], rule: str
) -> dict[str, list[Spot]]:
    """Return the places in the languages whose block agrees with that of the main one."""
    indexes = [
        index
        for pair in pairs
        for mine, _ in pair.found[rule]
        for index, token in enumerate(pair.block.tokens)
        if token is mine
    ]
    agreeing: dict[str, list[Spot]] = {}
    for pair in twins:
        if rule not in pair.found and indexes:
            at = counterparts(pair.block, pair.twin, indexes)
            path = group[pair.language].path
            agreeing[pair.language] = [(path, pair.twin.tokens[index].line) for index in at]
    return agreeing
