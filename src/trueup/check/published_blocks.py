"""Published blocks: whether each exists, once, as its template renders it, and valid as data."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import yaml
from pydantic import TypeAdapter, ValidationError

from trueup.finding import Finding
from trueup.model import Status
from trueup.place import Place
from trueup.site import Block, Page
from trueup.snippet import PROGRAMS, Snippet

RUN = set(PROGRAMS)
COLUMN_0 = "Call the macro at column 0."
SAFE_FENCES = {"console", "yaml", "json", "text", "mermaid"}


def check_published(
    status: Status, pages: Sequence[Page], blocks: Sequence[Block], snippets: Iterable[Snippet]
) -> list[Finding]:
    """Return findings in the blocks of a built site; `snippets` are all that macros can publish."""
    rendered = {snippet.id: snippet for snippet in snippets}
    findings = [*_counts(pages, blocks), *_ids(blocks)]
    for block in blocks:
        if block.language in RUN:
            findings += _snippet(block, rendered)
        else:
            findings += _data(status, block)
        if block.copied is not None and block.copied != block.text:
            problem = "puts another text on the clipboard than it shows"
            findings.append(_finding(block, problem, "Remove data-copy.", "copy-mismatch"))
    return findings


def _counts(pages: Sequence[Page], blocks: Sequence[Block]) -> Iterator[Finding]:
    seen = Counter(block.page for block in blocks if block.language in RUN)
    if not seen:
        yield Finding(Place("site"), "no block is run", "Publish a snippet.", "no-blocks")
    for page in pages:
        count = seen[page.html]
        where = page.place()
        problem = f"blocks published by the page: {count}, expected {page.blocks}"
        if count < page.blocks:
            fix = "Restore them, or lower the number in the front matter."
            yield Finding(where, problem, fix, "lost-blocks")
        elif count > page.blocks:
            fix = "Raise the number in the front matter, so that none can be lost unnoticed."
            yield Finding(where, problem, fix, "uncounted-blocks")


def _ids(blocks: Sequence[Block]) -> Iterator[Finding]:
    times = Counter((block.page, block.id) for block in blocks if block.id)
    for (page, name), count in times.items():
        if count > 1:
            problem = f"{name} is on the page {count} times"
            yield Finding(Place(f"site/{page}"), problem, "Publish it once.", "repeated-block")


def _snippet(block: Block, rendered: dict[str, Snippet]) -> Iterator[Finding]:
    snippet = rendered.get(block.id or "")
    if snippet is None or block.endpoint != snippet.endpoint:
        fix = "Publish it from snippets/ with {{ route(…) }}."
        yield _finding(block, "comes from no snippet", fix, "unknown-block")
    elif block.text != snippet.text or block.language != snippet.language.fence:
        problem = f"differs from what {snippet.template} renders"
        yield _finding(block, problem, COLUMN_0, "changed-block")
    elif not block.tabbed:
        yield _finding(block, "is outside its tabs", COLUMN_0, "block-outside-tabs")


def _data(status: Status, block: Block) -> Iterator[Finding]:
    if block.language not in SAFE_FENCES:
        fix = f"Use one of {', '.join(sorted(RUN | SAFE_FENCES))}."
        problem = "is in a language that is neither run nor checked"
        yield _finding(block, problem, fix, "unknown-language")
    elif block.language in ("text", "console") and any(host in block.text for host in status.hosts):
        fix = "Publish a snippet with {{ route(…) }}."
        problem = "has the host of a target and is never run"
        yield _finding(block, problem, fix, "untested-request")
    elif block.language in ("json", "yaml"):
        yield from _parsed(block)


def _parsed(block: Block) -> Iterator[Finding]:
    try:
        data: Any = (
            yaml.safe_load(block.text) if block.language == "yaml" else json.loads(block.text)
        )
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        problem = f"is not valid {block.language} ({' '.join(str(error).split())})"
        yield _finding(block, problem, "Correct it.", "unreadable-data")
        return
    if block.excerpt is None:
        return
    field = Status.model_fields.get(block.excerpt)
    if field is None or not isinstance(data, dict) or set(data) != {block.excerpt}:
        problem = f"is not the part {block.excerpt} of a status file"
        yield _finding(block, problem, "Keep that key only.", "wrong-excerpt")
        return
    try:
        TypeAdapter(field.rebuild_annotation()).validate_python(data[block.excerpt])
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(key) for key in first["loc"]) or "the whole"
        form = "expected " if first["type"] == "other_form" else ""
        found = f"{place}: {form}{first['msg']}"
        problem = f"is not valid as {block.excerpt} of a status file ({found})"
        yield _finding(block, problem, "Correct it.", "wrong-excerpt")


def _finding(block: Block, problem: str, fix: str, rule: str) -> Finding:
    name = block.id or f"{block.language} block"
    where = Place(f"site/{block.page}", block.line)
    return Finding(where, f"{name} {problem}", fix, rule)
