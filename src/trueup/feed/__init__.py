"""Feed: standings for programs: JSON with its schema, changes, badges, OpenAPI and Hurl."""

from trueup.feed.files import feed_files
from trueup.feed.publication import Publication
from trueup.feed.site_files import SiteFiles
from trueup.feed.status_feed import StatusFeed, feed_of, render_feed_schema

__all__ = ["Publication", "SiteFiles", "StatusFeed", "feed_files", "feed_of", "render_feed_schema"]
