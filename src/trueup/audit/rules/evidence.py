"""Evidence: dated verifications beside what the history says about their names and dates."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from trueup.audit.found import Cause, Found, quoted, report
from trueup.audit.page import Page
from trueup.audit.replaced import Change, Replaced, is_marked
from trueup.audit.tokens import days_in, is_version, tokens_of
from trueup.audit.tree import Tree
from trueup.audit.words import STAMP, VERIFIED

ZONES = timedelta(days=1)
"""Between the calendars of two places of the earth."""
LEAST_MOVED = 2
"""Claims that one commit gave the same date: one alone is how a page is kept up to date."""
AGAIN = "Find out what was tested on that date, and name that, or test it again."


@dataclass(frozen=True, slots=True)
class Claim:
    """A dated verification: the line with the date, and the last line of what it is about."""

    line: int
    last: int
    day: date


def claims_of(page: Page) -> Iterator[Claim]:
    """Return the dated verifications of a page, without stamps of its last update.

    One at the head of a list or table is about all of it, one in a heading about its section.
    """
    lists = {bullets.lead: bullets.items[-1][0] for bullets in page.bullets if bullets.lead}
    for table in page.tables:
        marked = {at for at, cell in enumerate(table.head) if VERIFIED.search(cell)}
        for line, cells in table.rows:
            days = [day for at in marked if at < len(cells) for day in days_in(cells[at])]
            if days:
                yield Claim(line, line, max(days))
    for line, text in page.prose():
        if "20" not in text or not VERIFIED.search(text) or STAMP.search(text):
            continue
        if not (days := days_in(text)):
            continue
        yield Claim(line, _last(page, line, lists), max(days))


def _last(page: Page, line: int, lists: dict[int, int]) -> int:
    """Return the last line that the claim of a line is about."""
    if page.kinds[line - 1] == "heading":
        section = page.section_of(line)
        following = page.headings[section] if section < len(page.headings) else None
        return following.line - 1 if following else len(page.lines)
    if page.kinds[line - 1] == "text" and page.lines[line - 1].rstrip().endswith((":", "：")):
        tables = [table for table in page.tables if line < table.line <= line + 2]
        return tables[0].rows[-1][0] if tables and tables[0].rows else lists.get(line, line)
    return line


def check_evidence(tree: Tree, replaced: Replaced) -> Iterator[Found]:
    """Return the findings about dated verifications."""
    by_page: dict[str, list[Change]] = defaultdict(list)
    for change in replaced.changes:
        is_certain = replaced.is_mass(change) or is_marked(change.swap, change.version)
        if is_certain and not is_version(change.swap.new) and replaced.is_replacement(change):
            by_page[change.path].append(change)
    claims = {path: list(dict.fromkeys(claims_of(page))) for path, page in tree.pages.items()}
    for path, page in tree.pages.items():
        for claim in claims[path]:
            yield from _later_names(tree, replaced, page, claim, by_page.get(path, []))
            yield from _later_day(tree, replaced, page, claim)
    yield from _moved(tree, replaced, claims)


def _later_names(
    tree: Tree, replaced: Replaced, page: Page, claim: Claim, changes: list[Change]
) -> Iterator[Found]:
    inside = [change for change in changes if claim.line <= change.line <= claim.last]
    late = [
        change
        for change in inside
        if change.version.commit.day > claim.day + ZONES
        and page.kinds[change.line - 1] != "code"
        and not _is_dated_since(replaced, page, claim, change.version.commit.number)
        and not _is_restored(change, claim)
    ]
    if not late:
        return
    change = max(late, key=lambda one: replaced.counts[one.cause])
    swap, commit = change.swap, change.version.commit
    problem = (
        f"the verification of {claim.day} names {quoted(swap.new)}, which commit {commit} put "
    )
    problem += f"where {quoted(swap.old)} was"
    spots = [(page.path, line) for line in (claim.line, *(one.line for one in late))]
    yield report(tree, "claim-before-name", spots, problem, AGAIN, change.cause)


def _is_restored(change: Change, claim: Claim) -> bool:
    """Return whether a change put back the name that the line had when its claim was made."""
    assert change.version.before is not None
    return any(
        change.swap.new in tokens_of(one.text) and one.commit.day <= claim.day + ZONES
        for one in change.version.before.versions()
    )


def _is_dated_since(replaced: Replaced, page: Page, claim: Claim, number: int) -> bool:
    """Return whether a claim got its date with a commit or later: it was made anew then."""
    first = replaced.lines[page.path][claim.line - 1]
    if first is None:
        return True
    since = first.commit.number
    for version in first.versions():
        if claim.day not in days_in(version.text):
            break
        since = version.commit.number
    return since >= number


def _later_day(tree: Tree, replaced: Replaced, page: Page, claim: Claim) -> Iterator[Found]:
    line = replaced.lines[page.path][claim.line - 1]
    if line is None:
        return
    with_day = [one for one in line.versions() if claim.day in days_in(one.text)]
    commit = with_day[-1].commit
    if claim.day > commit.day + ZONES:
        problem = f"a verification of {claim.day} was written by commit {commit}, before that date"
        fix = "Correct the date."
        yield report(tree, "claim-after-commit", [(page.path, claim.line)], problem, fix)


def _moved(tree: Tree, replaced: Replaced, claims: dict[str, list[Claim]]) -> Iterator[Found]:
    dated = {(path, claim.line) for path, known in claims.items() for claim in known}
    for cause, places in replaced.days.items():
        moved = [spot for spot in dict.fromkeys(places) if spot in dated]
        by_page = Counter(path for path, _ in moved)
        most: dict[str, int] = {}
        for path, count in by_page.items():  # twins translate the same claims
            twin = tree.first_twin(path)
            most[twin] = max(count, most.get(twin, 0))
        if (count := sum(most.values())) < LEAST_MOVED or not _is_later(cause):
            continue
        problem = f"commit {cause.commit} changed the date of {count} verifications from "
        problem += f"{cause.old} to {cause.new}, and nothing else in them"
        fix = "Find out whether they were tested again; if not, restore the date."
        yield report(tree, "moved-dates", moved, problem, fix, cause)


def _is_later(cause: Cause) -> bool:
    return max(days_in(cause.new)) > max(days_in(cause.old))
