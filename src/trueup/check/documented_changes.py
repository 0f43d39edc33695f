"""Changes of documented facts since a commit: a page of the docs says what it said on its day."""

from collections.abc import Iterator

from trueup.finding import Finding
from trueup.model import FACTS, DocsPage
from trueup.status_file import Stored, shown


def check_documented(old: Stored, new: Stored) -> Iterator[Finding]:
    """Return findings for documented facts that were changed without a newer day, or with an older
    one. A page that is gone was perhaps given another title: the new ones have its facts then."""
    before, after = old.status.docs_pages, new.status.docs_pages
    for (*owner, index), was in before.items():
        titles = {one.page for keys, one in before.items() if keys[:-1] == (*owner,)}
        there = {keys: one for keys, one in after.items() if keys[:-1] == (*owner,)}
        same = {keys: one for keys, one in there.items() if one.page == was.page}
        same = same or {keys: one for keys, one in there.items() if one.page not in titles}
        if not same or any(one.on > was.on or not _changed(was, one) for one in same.values()):
            continue
        keys, one = next(iter(same.items()))
        yield Finding(
            new.place(*keys, _changed(was, one)),
            f"a documented fact of {shown(was.page)} was changed without a newer day",
            f"Restore that of {old.place(*owner, index)}, or read the page again and write a day"
            f" after {was.on}.",
            "altered-observation",
        )


def _changed(was: DocsPage, one: DocsPage) -> str:
    """Return the first field of a page that does not have all that it had; empty if all do."""
    if was.on > one.on:
        return "on"
    if was.models != one.models:
        return "models"
    for kind in FACTS:
        facts, known = getattr(was, kind), getattr(one, kind)
        if isinstance(facts, dict):
            facts, known = facts.items(), known.items()
        if not all(fact in known for fact in facts):
            return kind
    return ""
