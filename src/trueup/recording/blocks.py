"""Blocks: the fences of pages that can be run here, and why one of them is not."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from fnmatch import fnmatchcase
from hashlib import sha256

from trueup.audit.page import LONGEST, Fence, Page
from trueup.audit.tree import Tree
from trueup.check.leaked_keys import possible_keys
from trueup.finding import Finding
from trueup.place import Place
from trueup.snippet import Fence as Language

LANGUAGES: dict[str, Language] = {
    **dict.fromkeys(("bash", "sh", "shell", "zsh", "curl"), "bash"),
    **dict.fromkeys(("python", "py", "python3"), "python"),
    **dict.fromkeys(("javascript", "js", "mjs", "node"), "javascript"),
}
"""Labels of fences whose blocks run here."""
LONGEST_SKIP = timedelta(days=180)
"""Half a year: twice that of a status file, since no retest watches over these blocks."""
MOST_LINES = 10
"""Lines of a comment with a reason, which is a sentence or two."""
OPENING = re.compile(r"[ \t>]*(?:<!--|\{/\*)")
COMMENT = re.compile(r"(?:<!--|\{/\*)(.*?)(?:-->|\*/\})", re.DOTALL)
SKIP = re.compile(r"\s*trueup[ \t]+skip\b(.*)", re.DOTALL | re.IGNORECASE)
TERMS = re.compile(r"\s+until\s+(\d{4}-\d\d-\d\d)\s*:(.*)", re.DOTALL | re.IGNORECASE)
FORM = "Write <!-- trueup skip until 2026-04-14: REASON -->, or {/* … */} in MDX."
DOWNLOAD = re.compile(
    r"\b(?:curl|wget)\b[^|\n]*\|\s*(?:sudo\s+)?(?:env\s+\S+\s+)*(?:ba|z|da|k)?sh\b"
    r"|\b(?:ba|z|da|k)?sh\s+(?:-c\s+)?[\"']?(?:<\(|\$\()\s*(?:curl|wget)\b"
)
INSTALL = re.compile(
    r"(?:sudo\s+)?(?:(?:python3?|py)\s+-m\s+pip|pip3?|pipx|uv|poetry|pdm|conda|npm|npx|pnpm|yarn|bun"
    r"|brew|apt|apt-get|dnf|yum|apk|pacman|go|cargo|gem|bundle|composer|dotnet|nuget|winget|choco"
    r"|scoop|snap)\s+(?:-\S+\s+)*(?:install|add|i|ci|get|init|sync|update|upgrade|tap|mod|venv|create"
    r"|pip|tool|global|require|package|-S\S*|-y|--version)\b.*|(?:yarn|bundle)"
)
BESIDE = re.compile(r"(?:cd|mkdir|source|\.|echo|set|export|python3?\s+-m\s+venv)\b.*|\.\s.*")
"""Commands around those that install."""


@dataclass(frozen=True)
class Block:
    """A block of a page, or all of its language there, `together`, in their order.

    `order` counts the blocks of the language on the page from 1. `lines` has the line of the page
    for each line of the text. `skip` is the reason not to run it, `finding` what forbids it.
    """

    place: Place
    page: str
    language: Language
    order: int
    text: str
    lines: tuple[int, ...]
    skip: str | None = None
    finding: Finding | None = None
    together: bool = False

    @property
    def sha256(self) -> str:
        """Return the hash of its text."""
        return sha256(self.text.encode()).hexdigest()

    @property
    def can_run(self) -> bool:
        """Return whether nothing on its page keeps it from being run."""
        return self.skip is None and self.finding is None

    def place_of(self, words: Iterable[str]) -> Place:
        """Return the first line that holds one of some words, tried in their order, or its own."""
        lines = self.text.split("\n")
        for word in filter(None, words):
            for number, line in zip(self.lines, lines, strict=False):
                if word in line:
                    return replace(self.place, line=number)
        return self.place


@dataclass(frozen=True)
class FoundBlocks:
    """The blocks of some pages; the number that call nothing, and of those in other languages; and
    the pages themselves, also those without a block."""

    blocks: tuple[Block, ...]
    no_call: int
    others: int
    pages: frozenset[str] = frozenset()

    @property
    def counted(self) -> int:
        """The number of blocks in languages that run here."""
        return len(self.blocks) + self.no_call


def find_blocks(tree: Tree, today: date, only: Sequence[str] = ()) -> FoundBlocks:
    """Return the blocks of the pages whose path matches one of some glob patterns, or of all."""
    found: list[Block] = []
    no_call = others = 0
    pages = {
        path: page
        for path, page in sorted(tree.pages.items())
        if not only or any(fnmatchcase(path, pattern) for pattern in only)
    }
    for page in pages.values():
        orders: dict[str, int] = defaultdict(int)
        for fence in page.fences:
            language = LANGUAGES.get(fence.language)
            if language is None:
                others += bool(fence.language)
            elif language == "bash" and calls_nothing(fence.text):
                no_call += 1
            elif fence.text.strip():
                orders[language] += 1
                found.append(_block(tree, page, fence, language, orders[language], today))
    return FoundBlocks(tuple(found), no_call, others, frozenset(pages))


def _block(
    tree: Tree, page: Page, fence: Fence, language: Language, order: int, today: date
) -> Block:
    place = tree.place(page.path, fence.first)
    lines = tuple(range(fence.first, fence.first + len(fence.lines)))
    block = Block(place, page.path, language, order, fence.text, lines)
    skip = _skip(page, fence.first - 2, place, today)
    for number in page.cut_lines(fence):
        problem = f"the block has a line of {LONGEST} characters or more"
        at = replace(place, line=number)
        skip = Finding(at, problem, "Put the data into shorter lines.", "unread-block")
    key = next(possible_keys(fence.text.encode()), None)
    if key is not None:
        number = fence.first + fence.text.encode()[: key.start()].count(b"\n")
        fix = "Revoke it, and write YOUR_API_KEY in its place."
        problem = f"the block has a possible key ({key.lastgroup}); it is not run"
        skip = Finding(replace(place, line=number), problem, fix, "key-in-block")
    if isinstance(skip, Finding):
        return replace(block, finding=skip)
    return replace(block, skip=skip)


def _skip(page: Page, opening: int, place: Place, today: date) -> str | Finding | None:
    """Return the reason in the comment before a fence, which opens on a line by index, or what is
    wrong with it; None without one."""
    for comment, index in _comments_before(page, opening):
        skip = SKIP.fullmatch(comment)
        if skip is None:
            continue
        at, terms = replace(place, line=index + 1), TERMS.fullmatch(skip[1])
        if terms is None or not terms[2].strip():
            problem = "the skip has no " + ("reason" if terms else "date, or no reason")
            return Finding(at, problem, FORM, "bad-skip")
        try:
            until = date.fromisoformat(terms[1])
        except ValueError:
            problem = f"got {terms[1]}, expected a date such as 2026-04-14"
            return Finding(at, problem, FORM, "bad-skip")
        if until < today:
            fix = "Remove the comment, or give a new reason and date."
            return Finding(at, f"the skip ended on {until}", fix, "bad-skip")
        if until > today + LONGEST_SKIP:
            problem = f"the skip lasts until {until}, expected {LONGEST_SKIP.days} days at most"
            fix = f"End it on {today + LONGEST_SKIP} or before; prolong it then if need be."
            return Finding(at, problem, fix, "bad-skip")
        return f"{' '.join(terms[2].split())} (until {until})"
    return None


def _comments_before(page: Page, opening: int) -> Iterator[tuple[str, int]]:
    """Yield the comments between a fence and the text before it, each with the index of its first
    line; blank lines may stand between them."""
    end = opening
    while end > 0:
        start = end - 1
        text = page.lines[start].strip(" \t")
        if not text.strip("> "):
            end = start
            continue
        while end - start < MOST_LINES and start and not OPENING.match(page.lines[start]):
            start -= 1
        comment = "\n".join(page.lines[start:end])
        found = COMMENT.fullmatch(comment.lstrip(" \t>").rstrip())
        if found is None:
            return
        yield found[1], start
        end = start


def calls_nothing(text: str) -> bool:
    """Return whether a shell block only installs, or hands a download to a shell."""
    text = re.sub(r"(?m)(?:^|(?<=\s))#.*$", "", text.replace("\\\n", " "))
    if DOWNLOAD.search(text):
        return True
    commands = [part.strip() for part in re.split(r"\n|&&|\|\||;", text)]
    commands = [re.sub(r"^[$%]\s+", "", command) for command in commands if command]
    return any(map(INSTALL.fullmatch, commands)) and all(
        INSTALL.fullmatch(command) or BESIDE.fullmatch(command) for command in commands
    )


def joined(blocks: Sequence[Block], pairs: Collection[tuple[str, str]]) -> list[Block]:
    """Return the blocks with those of a page and language in `pairs` as one, where they can run."""
    made: dict[tuple[str, str], Block] = {}
    kept: list[Block | tuple[str, str]] = []
    for block in blocks:
        pair = (block.page, block.language)
        if pair not in pairs or not block.can_run:
            kept.append(block)
        elif pair not in made:
            made[pair] = replace(block, order=1, together=True)
            kept.append(pair)
        else:
            first = made[pair]
            made[pair] = replace(
                first, text=f"{first.text}\n{block.text}", lines=first.lines + block.lines
            )
    return [one if isinstance(one, Block) else made[one] for one in kept]
