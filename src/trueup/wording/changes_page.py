"""Changes page: the newest changes of standings, as the feeds publish them, by day."""

from collections import defaultdict

from trueup.evidence import latest_changes
from trueup.model import NO_MODEL, split
from trueup.wording.badges import dated
from trueup.wording.pages import PageText
from trueup.wording.phrases import standing_words


def recent_changes(page: PageText) -> str:
    """Return the changes that the feeds publish, each day under a heading, newest first."""
    words, days = standing_words(page.catalogue), defaultdict(list)
    for change in latest_changes(page.assessments):
        link = f"[{_titles(page, change.endpoint)}]({page.link(change.endpoint)})"
        moved = f"{words[change.before]} → {words[change.after]}"
        days[change.at.date()].append(f"- {page.catalogue.labelled(link, moved)}")
    parts = [
        f"## {dated(day)} {{ #{day} }}\n\n" + "\n".join(days[day])
        for day in sorted(days, reverse=True)
    ]
    return "\n\n".join(parts) or page._("No standing has changed yet.")


def _titles(page: PageText, endpoint: str) -> str:
    """Return the titles of an endpoint's model, if it has one, and route."""
    title, model = page.title(endpoint), split(endpoint)[0]
    return page.catalogue.enumerate((page.model(endpoint), title)) if model != NO_MODEL else title
