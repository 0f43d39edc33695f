"""Files: every file for programs, by its path in the built site."""

from collections.abc import Mapping
from datetime import date

from trueup.evidence import latest_changes
from trueup.feed.badge import badge_of
from trueup.feed.hurl import render_hurl
from trueup.feed.openapi import OPENAPI, render_openapi
from trueup.feed.publication import Publication
from trueup.feed.status_feed import SCHEMA, feed_of, render_feed_schema
from trueup.feed.summary import SUMMARY, render_summary
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
    changes, feed = latest_changes(site.assessments), feed_of(site)
    files = {
        "status.json": feed.render(),
        SCHEMA: render_feed_schema(address),
        SUMMARY: render_summary(site),
        OPENAPI: render_openapi(site, feed),
        ATOM: render_atom(site, changes),
        JSON: render_json_feed(site, changes),
    }
    for endpoint in status.endpoints:
        files[f"hurl/{anchor(endpoint)}.hurl"] = render_hurl(site, endpoint)
    named = {model: status.endpoints_of(model) for model in status.models}
    named |= {endpoint: [endpoint] for endpoint in status.endpoints}
    for name, endpoints in named.items():
        if endpoints:
            badge = badge_of(site, name, endpoints)
            place = f"badges/{anchor(name) if '/' in name else name}"
            files |= {f"{place}.svg": badge.picture(), f"{place}.json": badge.shield()}
    return files
