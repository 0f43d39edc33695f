"""Parsing: blocks that do not parse or do not do what they look like."""

import re
from collections.abc import Callable, Container, Iterable, Iterator
from functools import partial
from itertools import islice

from trueup.audit.as_curl import SHORTENED
from trueup.audit.blocks import extra_comma, json_problem, python_problem, yaml_problem
from trueup.audit.body import FLAGS, pattern_of
from trueup.audit.found import Found, report
from trueup.audit.gates import LEAST_CASES, is_nearly_kept, kept
from trueup.audit.mention import CURL, SHELLS
from trueup.audit.page import OPENING, Fence, Page
from trueup.audit.tree import Tree

MOST_BROKEN = 0.1
"""Part of a repository's blocks of one language that may not parse; where more do not, the label is
used for other things too."""
MOST_COMMAS = 0.03
"""The same of a comma with nothing behind it, which some readers of JSON allow."""
WITH_COMMAS = re.compile(r"jsonc|json5|tsconfig|jsconfig|\.vscode|devcontainer", re.IGNORECASE)
"""Files with an ending of JSON whose readers do."""
ProblemOf = Callable[[str], tuple[int, str] | None]
Case = tuple[int, str | None]
"""A line with what a rule is about, and why it is broken; None where it is well."""
PARSERS: tuple[tuple[str, str, tuple[str, ...], ProblemOf], ...] = (
    ("broken-json", "JSON", ("json",), json_problem),
    ("broken-yaml", "YAML", ("yaml", "yml"), yaml_problem),
    ("broken-python", "Python", ("python", "py", "python3"), python_problem),
)
ON_PURPOSE = re.compile(
    r"invalid|broken|malformed|wrong|bad example|incorrect|syntax error|does not (?:parse|work)"
    r"|fails|pseudo|diff|will not|won't",
    re.IGNORECASE,
)
QUOTED_BODY = re.compile(
    rf"{pattern_of(*FLAGS)}"
    r"[ \t=]*(?:\\\n[ \t]*)?'([^']*)'(?=[\s;|&)]|$)"
)
"""A body in single quotes as a whole: neither a variable nor another quote is spliced into it."""
MOST_BODIES = 50
"""Bodies of a block that are read; a block with more is data."""
OBJECT = re.compile(r"\s*\{\s*\\?[\"}].*\}\s*|\s*\{\}\s*", re.DOTALL)
OPTION = re.compile(r"[ \t]*(?:-[HdFX]|--(?:header|data(?:-\w+)?|request|form|json))[ =\"']")
"""A line that begins with an option of curl."""
BEFORE_PIPE = re.compile(
    r"(?:^|[;&]\s*)((?:[A-Z_][A-Z0-9_]*=\S+\s+)+)(?:curl|wget)\s[^|;&]*\|\s*(?:sudo\s+)?(?:ba|z)?sh\b"
)
DOWNLOADER = re.compile(r"(?:HTTPS?_PROXY|ALL_PROXY|CURL_\w+|SSL_\w+|NO_PROXY)=", re.IGNORECASE)
DOUBLED = re.compile(r"\"[\[{]\s*\\\\\"")
TEXTS = frozenset(
    ("md", "mdx", "mdc", "markdown", "markdoc", "rmd", "qmd", "gfm", "rst", "adoc", "asciidoc")
    + ("text", "txt", "plain", "plaintext", "none", "output", "prompt", "diff", "patch")
)
"""Labels of blocks that may show how a block is written."""
LABELLED = re.compile(r"\{?\s?\.?[A-Za-z][\w+#.\-]*(?:$|[\s{},:=\[(])")
"""What stands behind a fence that opens a block."""
DIRECTIVE = re.compile(r"\{\s*[A-Za-z]")
NO_MARGIN = re.compile(r"[^>\s]")
HERE = re.compile(r"<<[-~]?\s?[\"']?([A-Z_]{2,})")
"""Where a here-document begins, with the word that ends it."""
TRIPLE = re.compile(r"\"\"\"|'''")
"""Where a text of several lines begins or ends."""
NEAR = 3
"""Lines above a block that say what it shows."""


def check_blocks(tree: Tree) -> Iterator[Found]:
    """Return the findings about blocks of code, one at a time."""
    for rule, noun, labels, problem_of in PARSERS:
        text = f"the block is labelled {noun} and does not parse ({{}})"
        fix = "Correct it, or give it the label of what it is."
        yield from _broken(tree, rule, labels, partial(_whole_block, problem_of), text, fix)
    yield from _extra_commas(tree)
    text = "the body in quotes is no JSON ({})"
    yield from _broken(tree, "broken-body", SHELLS, _bodies, text, "Correct it.")
    text = "the command ends on the line before, so this option is no part of it"
    fix = "End that line with a backslash, and nothing behind it."
    yield from _broken(tree, "cut-command", SHELLS - {""}, _option_lines, text, fix)
    yield from _open_blocks(tree)
    for page in tree.pages.values():
        for fence in page.fences:
            if fence.language in SHELLS:
                yield from _shell(tree, page, fence)


def _open_blocks(tree: Tree) -> Iterator[Found]:
    """Return the findings about blocks that are open where another one begins, in a repository that
    closes its blocks."""
    cases, found = 0, []
    for page in tree.pages.values():
        for fence in page.fences:
            cases += 1
            if (inner := _opening_within(page, fence)) is not None:
                found.append((page.path, fence.first - 1, inner))
    for path, line, inner in kept(found, cases, MOST_BROKEN):
        problem = f"the block of line {line} is not closed before line {inner} opens another"
        fix = "Close it, or give it a longer fence if it shows that line."
        yield report(tree, "open-block", [(path, line), (path, inner)], problem, fix)


def _opening_within(page: Page, fence: Fence) -> int | None:
    """Return the line within a block of code that opens another one as it was opened itself."""
    if fence.language in TEXTS or not fence.language or DIRECTIVE.match(fence.info):
        return None
    if "```" not in fence.text and "~~~" not in fence.text:
        return None
    outer = OPENING.match(page.lines[fence.first - 2])
    if outer is None:
        return None
    mark, indent = outer[2], NO_MARGIN.sub(" ", outer[1].expandtabs(4))
    is_quoted, word = False, ""
    for number, line in enumerate(fence.lines, fence.first):
        here = HERE.search(line)
        word = here[1] if here and not word else "" if line.strip() == word else word
        is_quoted ^= len(TRIPLE.findall(line)) % 2 == 1
        if mark not in line or is_quoted or word:
            continue
        inner = OPENING.match(page.lines[number - 1])
        is_like = inner and inner[2].startswith(mark) and inner[1].expandtabs(4) == indent
        if inner and is_like and LABELLED.match(inner[3].strip()):
            return number
    return None


def _broken(
    tree: Tree,
    rule: str,
    labels: Container[str],
    read: Callable[[Fence], Iterable[Case]],
    text: str,
    fix: str,
) -> Iterator[Found]:
    """Return the findings of a rule about blocks with some labels, in a repository that keeps it.
    `text` has a place for the reason."""
    cases, found = 0, []
    for page in tree.pages.values():
        for fence in page.fences:
            if fence.language not in labels or not _is_whole(page, fence):
                continue
            for line, why in read(fence):
                cases += 1
                if why is not None and not _on_purpose(page, fence):
                    found.append((page.path, line, why))
    for path, line, why in kept(found, cases, MOST_BROKEN):
        yield report(tree, rule, [(path, line)], text.format(why), fix)


def _extra_commas(tree: Tree) -> Iterator[Found]:
    """Return the findings about JSON that parses but for a comma, in a repository that nearly never
    has one. A block counts once over its languages."""
    cases, broken, found = set(), set(), []
    for page in tree.pages.values():
        for at, fence in enumerate(page.fences):
            if fence.language != "json" or not _is_whole(page, fence):
                continue
            block = (tree.first_twin(page.path), at)
            cases.add(block)
            problem = extra_comma(fence.text)
            if problem and json_problem(fence.text) is None and not _allows_commas(page, fence):
                broken.add(block)
                found.append((page.path, *_case(fence.first, problem)))
    if len(cases) < LEAST_CASES or not is_nearly_kept(len(broken), len(cases), MOST_COMMAS):
        return
    for path, line, why in found:
        problem_text = f"the block is labelled JSON and has {why}"
        yield report(tree, "broken-json", [(path, line)], problem_text, "Remove the comma.")


def _allows_commas(page: Page, fence: Fence) -> bool:
    return _on_purpose(page, fence) or bool(WITH_COMMAS.search("\n".join(_above(page, fence))))


def _whole_block(problem_of: ProblemOf, fence: Fence) -> Iterator[Case]:
    yield _case(fence.first, problem_of(fence.text))


def _bodies(fence: Fence) -> Iterator[Case]:
    for line, body in _quoted_bodies(fence):
        yield _case(line, json_problem(body) or extra_comma(body))


def _case(first: int, problem: tuple[int, str] | None) -> Case:
    """Return the case of code that begins in a line."""
    return (first + problem[0] - 1, problem[1]) if problem else (first, None)


def _quoted_bodies(fence: Fence) -> Iterator[tuple[int, str]]:
    """Return the JSON objects that curl commands of a block send, with their first lines."""
    text = fence.text
    if fence.language not in SHELLS or not CURL.search(text):
        return
    for one in islice(QUOTED_BODY.finditer(text), MOST_BODIES):
        body, number = one[1], text.count("\n", 0, one.start(1))
        is_comment = fence.lines[number].lstrip().startswith("#")
        if OBJECT.fullmatch(body) and not is_comment and "\n> " not in body:
            yield fence.first + number, body


def _option_lines(fence: Fence) -> Iterator[Case]:
    """Yield the lines of a block that begin with an option of the curl command above, and whether
    that one has ended before, at most once a command."""
    is_command = goes_on = is_short = False
    single = double = 0
    for number, line in enumerate(fence.lines, fence.first):
        if is_command and OPTION.match(line) and (goes_on or not is_short):
            yield number, None if goes_on else ""
        if not goes_on:
            is_command = bool(CURL.search(line)) and not line.lstrip().startswith("#")
            is_short, single, double = False, 0, 0
        is_short = is_short or bool(SHORTENED.search(line))
        single, double = single + line.count("'"), double + line.count('"')
        is_open = bool(single % 2 or double % 2)
        goes_on = is_command and (is_open or line.endswith(("\\", "^", "`")))


def _is_whole(page: Page, fence: Fence) -> bool:
    """Return whether a block is code alone, read to the end of each line."""
    is_code = bool(fence.text.strip()) and "diff" not in fence.info
    return is_code and not page.cut_lines(fence) and _opening_within(page, fence) is None


def _on_purpose(page: Page, fence: Fence) -> bool:
    """Return whether a block, or the sentence above it, says that it is broken."""
    return any(ON_PURPOSE.search(text) for text in (*_above(page, fence), *fence.lines[:2]))


def _above(page: Page, fence: Fence) -> list[str]:
    return page.lines[max(0, fence.first - 2 - NEAR) : fence.first - 1]


def _shell(tree: Tree, page: Page, fence: Fence) -> Iterator[Found]:
    for number, line in enumerate(fence.lines, fence.first):
        line = line.lstrip("$# ")
        found = BEFORE_PIPE.search(line) if "|" in line else None
        if found and not DOWNLOADER.match(found[1]):
            name = found[1].partition("=")[0]
            problem = f"{name} is set for the download, not for the shell after the pipe"
            fix = "Set it behind the pipe: curl … | NAME=value bash."
            yield report(tree, "variable-before-pipe", [(page.path, number)], problem, fix)
        if DOUBLED.search(line):
            problem = "a quote within the quoted body has two backslashes, which end the body"
            fix = "Write one backslash, or put the body into single quotes."
            yield report(tree, "doubled-escape", [(page.path, number)], problem, fix)
