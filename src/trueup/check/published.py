"""The built site against its sources: every block there, once, unchanged, and readable as data."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import yaml
from pydantic import TypeAdapter, ValidationError

from trueup.finding import Finding
from trueup.model import Status
from trueup.site import Block, Page
from trueup.snippet import PROGRAMS, Snippet

RUN = set(PROGRAMS)
SAFE_FENCES = {"console", "yaml", "json", "text", "mermaid"}


def check_published(
    status: Status, pages: Sequence[Page], blocks: Sequence[Block], snippets: Iterable[Snippet]
) -> list[Finding]:
    """Findings in the blocks of the built site; `snippets` are all that macros can publish."""
    rendered = {snippet.id: snippet for snippet in snippets}
    findings = [*_counts(pages, blocks), *_ids(blocks)]
    for block in blocks:
        if block.language in RUN:
            findings += _snippet(block, rendered)
        else:
            findings += _data(status, block)
        if block.copied is not None and block.copied != block.text:
            found, expected = "copies another text than it shows", "the same text was expected"
            findings.append(_finding(block, "copied-text", found, expected, "Take data-copy away."))
    return findings


def _counts(pages: Sequence[Page], blocks: Sequence[Block]) -> Iterator[Finding]:
    seen = Counter(block.page for block in blocks if block.language in RUN)
    if not seen:
        yield Finding(
            "site",
            "no-blocks",
            "no block to run was found",
            "at least one was expected",
            "Publish a snippet.",
        )
    for page in pages:
        count = seen[page.html]
        if count < page.blocks:
            yield Finding(
                str(page.path),
                "lost-blocks",
                f"{count} blocks are published",
                f"blocks: {page.blocks} was expected",
                "Bring them back, or lower the number in the front matter.",
            )
        elif count > page.blocks:
            yield Finding(
                str(page.path),
                "uncounted-blocks",
                f"{count} blocks are published",
                f"blocks: {page.blocks} is in the front matter",
                "Raise it, so that none can be lost unseen.",
            )


def _ids(blocks: Sequence[Block]) -> Iterator[Finding]:
    times = Counter((block.page, block.id) for block in blocks if block.id)
    for (page, name), count in times.items():
        if count > 1:
            yield Finding(
                f"site/{page}",
                "repeated-block",
                f"{name} stands {count} times on the page",
                "once was expected",
                "Show it once.",
            )


def _snippet(block: Block, rendered: dict[str, Snippet]) -> Iterator[Finding]:
    snippet = rendered.get(block.id or "")
    if snippet is None or block.endpoint != snippet.endpoint:
        yield _finding(
            block,
            "unknown-block",
            "comes from no snippet",
            "every block that is run comes from snippets/",
            "Use {{ route(…) }}.",
        )
    elif block.text != snippet.text or block.language != snippet.language.fence:
        yield _finding(
            block,
            "changed-block",
            f"is not what {snippet.template} renders",
            "the same text was expected",
            "Call the macro at column 0.",
        )
    elif not block.tabbed:
        yield _finding(
            block,
            "loose-block",
            "stands outside its tabs",
            "a whole set of tabs was expected",
            "Call the macro at column 0.",
        )


def _data(status: Status, block: Block) -> Iterator[Finding]:
    if block.language not in SAFE_FENCES:
        yield _finding(
            block,
            "unknown-language",
            "is in a language that nothing runs or reads",
            f"one of {', '.join(sorted(RUN | SAFE_FENCES))} was expected",
            "Mark it as one of them.",
        )
    elif block.language in ("text", "console") and any(host in block.text for host in status.hosts):
        yield _finding(
            block,
            "untested-request",
            "names a target's host and is never run",
            "a snippet was expected",
            "Use {{ route(…) }}.",
        )
    elif block.language in ("json", "yaml"):
        yield from _parsed(block)


def _parsed(block: Block) -> Iterator[Finding]:
    try:
        data: Any = (
            yaml.safe_load(block.text) if block.language == "yaml" else json.loads(block.text)
        )
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        yield _finding(
            block,
            "unreadable-data",
            f"cannot be read: {' '.join(str(error).split())}",
            f"{block.language} was expected",
            "Mend it.",
        )
        return
    if block.excerpt is None:
        return
    field = Status.model_fields.get(block.excerpt)
    try:
        if field is None or not isinstance(data, dict) or set(data) != {block.excerpt}:
            raise ValueError("it has other keys")
        TypeAdapter(field.rebuild_annotation()).validate_python(data[block.excerpt])
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(key) for key in first["loc"]) or "the whole"
        yield _finding(
            block,
            "wrong-excerpt",
            f"is no {block.excerpt} of a status file: {place}: {first['msg']}",
            "its form was expected",
            "Mend it.",
        )
    except ValueError as error:
        wanted = f"the one key {block.excerpt}, a part of the status file, was expected"
        yield _finding(block, "wrong-excerpt", f"is no excerpt: {error}", wanted, "Mend it.")


def _finding(block: Block, rule: str, found: str, expected: str, remedy: str) -> Finding:
    name = block.id or f"{block.language} block"
    where = f"site/{block.page}:{block.line}"
    return Finding(where, rule, f"{name} {found}", expected, remedy)
