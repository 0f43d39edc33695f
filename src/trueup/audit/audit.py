"""Audit: every rule over the pages under a folder; causes first, then findings by page."""

import subprocess
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from trueup.audit.found import Cause, Found, quoted, without_keys
from trueup.audit.past import Past, read_past
from trueup.audit.replaced import read_replaced
from trueup.audit.rules.advice import check_advice
from trueup.audit.rules.contracts import check_contracts
from trueup.audit.rules.document import check_document
from trueup.audit.rules.evidence import check_evidence
from trueup.audit.rules.keys import check_keys
from trueup.audit.rules.languages import check_languages
from trueup.audit.rules.links import check_links
from trueup.audit.rules.missing import check_missing
from trueup.audit.rules.names import check_names
from trueup.audit.rules.parsing import check_blocks
from trueup.audit.rules.rows import check_rows
from trueup.audit.rules.translations import check_translations
from trueup.audit.rules.wording import check_stamps, check_wording
from trueup.audit.tree import ENDINGS, Tree, read_tree
from trueup.errors import BadInput
from trueup.finding import Finding
from trueup.git_repository import Repository
from trueup.message import Message
from trueup.openapi import load_document
from trueup.place import Place

FETCH = "Fetch the whole history: git fetch --unshallow, or fetch-depth: 0 of actions/checkout."
NO_HISTORY = "the rules that read the history find nothing"
CAUSE = "replacement"
SAID_BETTER = {
    "language-route": "language-contract",
    "name-or-itself": "same-names",
    "odd-header": "language-contract",
}
"""Rules whose findings follow from those of another at the same place."""
LACKS = ("language-sections", "language-blocks")
"""Rules of what a page lacks, by which its first route may be another."""


@dataclass(frozen=True)
class Audit:
    """The findings in some docs, causes first, then the others by place; what was read, and what
    was left out."""

    findings: list[Finding]
    pages: int
    commits: int
    left_out: tuple[Message, ...] = ()


def audit_tree(top: Path, since: str | None = None, openapi: Path | None = None) -> Audit:
    """Return the audit of the docs under a folder.

    With `since`, a commit by any name that git resolves, only findings with a place on a page that
    was changed after it. With `openapi`, the pages are compared with that document, too. Raises
    BadInput for a folder or commit that does not exist, for a folder without pages, and for a
    document that cannot be read.
    """
    if not top.is_dir():
        raise BadInput(top, "no such folder", "Check the path.")
    document = None if openapi is None else load_document(openapi, str(openapi))
    repository = Repository(top)
    tree, findings = read_tree(top)
    if not tree.pages and not findings:
        fix = "Check the path; git lists no file that it ignores."
        why = "".join(f"; {one.problem}" for one in tree.left_out)
        raise BadInput(top, f"no page with the ending {', '.join(ENDINGS)}{why}", fix)
    findings += _about_history(repository, top)
    try:
        past = read_past(repository)
    except (OSError, subprocess.SubprocessError) as error:
        past = Past()
        findings.append(_about_unread_history(error, top))
    found = _without_repetition(list(_run(tree, past)))
    if document is not None:
        found += check_document(tree, document)
    findings += sorted({one.finding for one in found})
    if since is not None:
        changed = _changed_since(repository, tree, past, since)
        findings = [one for one in findings if not one.where.line or _paths(one) & changed]
    kept = needed_causes([*_causes(found), *sorted(findings)])
    kept = without_keys(kept, _texts(tree, past)) if kept else kept
    return Audit(kept, len(tree.pages), len(past.commits), tree.left_out)


def needed_causes(findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings without the causes from which none of the others follows."""
    places = {one.where for one in findings if one.rule != CAUSE}
    return [one for one in findings if one.rule != CAUSE or places & {one.where, *one.others}]


def _run(tree: Tree, past: Past) -> Iterator[Found]:
    if past.commits:
        replaced = read_replaced(tree, past)
        yield from check_names(tree, replaced)
        yield from check_keys(tree, replaced)
        yield from check_evidence(tree, replaced)
        yield from check_stamps(tree, replaced)
    for check in (
        *(check_languages, check_translations, check_rows, check_missing),
        *(check_contracts, check_blocks, check_links, check_wording, check_advice),
    ):
        yield from check(tree)


def _without_repetition(found: list[Found]) -> list[Found]:
    """Return what was found without what another rule says better of the same place."""
    places: dict[str, set[Place]] = defaultdict(set)
    for one in found:
        places[one.finding.rule] |= {one.finding.where, *one.finding.others}
    lacking = {one.finding.where.path for one in found if one.finding.rule in LACKS}
    return [
        one
        for one in found
        if one.finding.where not in places[SAID_BETTER.get(one.finding.rule, "")]
        and not (one.finding.rule == "language-route" and _paths(one.finding) & lacking)
    ]


def _causes(found: Iterable[Found]) -> list[Finding]:
    """Return a finding for each replacement that several of those found follow from."""
    by_cause: dict[Cause, list[Finding]] = defaultdict(list)
    for each in found:
        if each.cause is not None:
            by_cause[each.cause].append(each.finding)
    causes: list[Finding] = []
    for cause, findings in by_cause.items():
        places = sorted({place for one in findings for place in (one.where, *one.others)})
        if len(findings) < 2:
            continue
        counts = Counter(one.rule for one in findings)
        effects = ", ".join(f"{rule}: {count}" for rule, count in sorted(counts.items()))
        problem = f"commit {cause.commit} replaced {quoted(cause.old)} by {quoted(cause.new)}; "
        problem += f"{len(findings)} findings follow from it ({effects})"
        fix = "Read this commit first."
        causes.append(Finding(places[0], problem, fix, CAUSE, others=tuple(places[1:])))
    return sorted(causes, key=lambda one: (-len(one.others), one))


def _about_history(repository: Repository, top: Path) -> list[Finding]:
    """Return what keeps the rules of the history from speaking of all of it."""
    if (problem := repository.problem()) is not None:
        text = f"{problem[0]}; {NO_HISTORY}"
        return [Finding(Place(str(top)), text, problem[1], "no-repository")]
    if repository.is_shallow:
        text = "the clone is shallow; the rules that read the history know its last commits only"
        return [Finding(Place(str(top)), text, FETCH, "short-history")]
    return []


def _about_unread_history(error: Exception, top: Path) -> Finding:
    """Return what is said where git did not list the history."""
    text, fix = "git ended before it had listed the history", "Run git log there to see why."
    if isinstance(error, OSError):
        text, fix = "git could not be started to list the history", "Install git, and try again."
    return Finding(Place(str(top)), f"{text}; {NO_HISTORY}", fix, "short-history")


def _changed_since(repository: Repository, tree: Tree, past: Past, since: str) -> set[str]:
    """Return the paths of the pages that were changed after a commit, as places name them."""
    commit = repository.commit(since)
    hashes = None if commit is None else repository.commits_since(commit)
    if hashes is None:
        raise BadInput("--since", f"{since} is not a commit of this repository", "Check the name.")
    new = set(hashes)
    changed = {commit for commit in past.commits if commit.hash in new}
    paths = {
        path
        for path, page in tree.pages.items()
        if any(line is None or line.commit in changed for line in past.lines_of(page))
        or past.touched.get(path) in changed
    }
    return {tree.place(path).path for path in paths}


def _texts(tree: Tree, past: Past) -> Iterator[str]:
    """Return all texts that a finding may quote: those of the pages, and earlier ones."""
    yield from ("\n".join(page.lines) for page in tree.pages.values())
    for lines in past.files.values():
        yield "\n".join(version.text for line in lines for version in line.versions())


def _paths(finding: Finding) -> set[str]:
    return {place.path for place in (finding.where, *finding.others)}
