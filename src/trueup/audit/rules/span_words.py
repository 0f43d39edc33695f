"""Span words: words of code in sentences and cells that another language has another word for."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from trueup.audit.align import main_of
from trueup.audit.found import Found, listed, quoted, report
from trueup.audit.gates import is_kept
from trueup.audit.page import Page
from trueup.audit.rules.languages import FIXES, LATIN, language_name
from trueup.audit.tokens import is_name
from trueup.audit.tree import Tree

MOST_APART = 0.05
"""Part of the places of a language whose words differ; more, and it is written freely."""
LEAST_CASES = 20
"""Places with words that show how a language is written."""
Lines = Mapping[str, Iterable[int]]


class SpanWords:
    """What the places of all pages say in code spans, by language."""

    def __init__(self) -> None:
        self.cases: Counter[str] = Counter()
        self.apart: Counter[str] = Counter()
        self.swaps: list[tuple[str, Found]] = []

    def read(
        self, tree: Tree, noun: str, group: Mapping[str, Page], known: Mapping[str, Lines]
    ) -> None:
        """Take in a cell, an item or a section: the words of each language with their lines."""
        known = {name: lines for name, lines in known.items() if not _translates(name)}
        words = {name: frozenset(lines) for name, lines in known.items()}
        self.cases.update(name for name in words if words[name])
        if len(set(words.values())) < 2:
            return
        counts = Counter(words.values())
        main = words.get(main_of(group))
        usual = max(counts, key=lambda one: (counts[one], one == main))
        self.apart.update(name for name in words if words[name] != usual)
        having = [name for name in sorted(words) if words[name] == usual]
        for name, mine in words.items():
            is_swap = len(usual - mine) == 1 == len(mine - usual)
            if not is_swap or len(having) * 2 < len(words) or not (usual & mine or noun == "cell"):
                continue
            (old,), (new,) = usual - mine, mine - usual
            if is_name(old) and is_name(new):
                continue  # language-names is about these
            sides = [(name, new), *((other, old) for other in having)]
            spots = [(group[one].path, line) for one, word in sides for line in known[one][word]]
            problem = f"the word marked as code in the same {noun} differs between languages: "
            problem += f"{language_name(name)}: {quoted(new)}; "
            problem += f"{listed(map(language_name, having))}: {quoted(old)}"
            self.swaps.append((name, report(tree, "language-values", spots, problem, FIXES)))

    def found(self) -> Iterator[Found]:
        """Yield the findings of languages that keep the words nearly everywhere."""
        for name, one in self.swaps:
            cases = self.cases[name]
            if cases >= LEAST_CASES and is_kept(self.apart[name], cases, MOST_APART):
                yield one


def _translates(language: str) -> bool:
    """Return whether a language may have a word of its own letters for one of English."""
    name = language.partition("-")[0]
    return name in LATIN and name != "en"
