"""Syndication: changes of standings as Atom and as JSON Feed."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, uuid5
from xml.etree import ElementTree

from trueup.evidence import Change

ATOM, JSON = "changes.atom", "changes.json"
NAMESPACE = "http://www.w3.org/2005/Atom"
NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
MOST = 100
"""Newest changes in a feed; feed readers keep older ones, and the status page has them all."""


@dataclass(frozen=True)
class Channel:
    """The description of the feeds.

    `address` is that of the published site, if known, and `places` are the paths within it of the
    endpoints; without an address, nothing is linked.
    """

    base_url: str
    today: date
    is_rehearsal: bool = False
    address: str = ""
    places: Mapping[str, str] = field(default_factory=dict)

    @property
    def host(self) -> str:
        """The host whose standings these are."""
        return urlsplit(self.base_url).netloc

    @property
    def title(self) -> str:
        """The title of the feeds."""
        return f"{'REHEARSAL, ' if self.is_rehearsal else ''}standings at {self.host}"

    @property
    def id(self) -> str:
        """An id of the Atom feed that stays the same wherever the site is published."""
        return uuid5(NAMESPACE_URL, f"{self.base_url}/ {self.title}").urn

    def link(self, endpoint: str) -> str | None:
        """Return the address of an endpoint's page; None where it is not known."""
        place = self.places.get(endpoint)
        return self.address + place if self.address and place is not None else None


def render_atom(channel: Channel, changes: Sequence[Change]) -> str:
    """Return the changes as an Atom feed."""
    midnight = datetime.combine(channel.today, time(), UTC)
    feed = ElementTree.Element("feed", {"xmlns": NAMESPACE})
    _add(feed, "id", channel.id)
    _add(feed, "title", channel.title)
    _add(feed, "updated", max((change.at for change in changes), default=midnight).isoformat())
    _add(_add(feed, "author"), "name", channel.host)
    if channel.address:
        _add(feed, "link", rel="self", href=channel.address + ATOM)
        _add(feed, "link", rel="alternate", href=channel.address)
    for change in changes[:MOST]:
        entry = _add(feed, "entry")
        _add(entry, "id", change.id)
        _add(entry, "title", change.title)
        _add(entry, "updated", change.at.isoformat())
        if link := channel.link(change.endpoint):
            _add(entry, "link", rel="alternate", href=link)
        _add(entry, "content", change.title)
    ElementTree.indent(feed, " ")
    text = ElementTree.tostring(feed, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'


def render_json_feed(channel: Channel, changes: Sequence[Change]) -> str:
    """Return the changes as a JSON Feed 1.1."""
    feed: dict[str, object] = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": channel.title,
    }
    if channel.address:
        feed |= {"home_page_url": channel.address, "feed_url": channel.address + JSON}
    feed["items"] = [_item(channel, change) for change in changes[:MOST]]
    return json.dumps(feed, indent=2, ensure_ascii=False) + "\n"


def _item(channel: Channel, change: Change) -> dict[str, str]:
    link = channel.link(change.endpoint)
    return {
        "id": change.id,
        **({"url": link} if link else {}),
        "title": change.title,
        "content_text": change.title,
        "date_published": change.at.isoformat(),
    }


def _add(
    parent: ElementTree.Element, name: str, text: str | None = None, **attributes: str
) -> ElementTree.Element:
    child = ElementTree.SubElement(parent, name, attributes)
    child.text = text if text is None else NOT_XML.sub(" ", text)
    return child
