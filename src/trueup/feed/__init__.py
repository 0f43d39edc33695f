"""Feed: standings for programs: one JSON file with its schema, the changes of them, and badges."""

from trueup.feed.badge import render_badge
from trueup.feed.files import feed_files
from trueup.feed.status_feed import EndpointFeed, StatusFeed, feed_of, render_feed_schema
from trueup.feed.syndication import Channel, render_atom, render_json_feed

__all__ = [
    "Channel",
    "EndpointFeed",
    "StatusFeed",
    "feed_files",
    "feed_of",
    "render_atom",
    "render_badge",
    "render_feed_schema",
    "render_json_feed",
]
