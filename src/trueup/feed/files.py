"""Files: every file for programs, by its path in the built site."""

from collections.abc import Mapping
from datetime import date

from trueup.evidence import latest_changes
from trueup.feed.badge import render_badge
from trueup.feed.publication import Publication
from trueup.feed.status_feed import SCHEMA, feed_of, render_feed_schema
from trueup.feed.syndication import ATOM, JSON, render_atom, render_json_feed
from trueup.model import Status, anchor


def feed_files(
    status: Status,
    today: date,
    is_rehearsal: bool = False,
    address: str = "",
    places: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Return the texts by their paths within the site.

    `address` is that of the published site, if known; `places` are the paths within it of the
    endpoints.
    """
    site = Publication(status, today, is_rehearsal, address, places or {})
    assessments = site.assessments
    changes = latest_changes(assessments)
    files = {
        "status.json": feed_of(site).render(),
        SCHEMA: render_feed_schema(address),
        ATOM: render_atom(site, changes),
        JSON: render_json_feed(site, changes),
    }
    for endpoint, assessment in assessments.items():
        badge = render_badge(endpoint, [assessment], is_rehearsal)
        files[f"badges/{anchor(endpoint)}.svg"] = badge
    for model in status.models:
        if endpoints := status.endpoints_of(model):
            badge = render_badge(model, [assessments[name] for name in endpoints], is_rehearsal)
            files[f"badges/{model}.svg"] = badge
    return files
