"""Syndication: changes of standings as Atom and as JSON Feed."""

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime, time
from xml.etree import ElementTree

from trueup.evidence import Change
from trueup.feed.publication import Publication

ATOM, JSON = "changes.atom", "changes.json"
NAMESPACE = "http://www.w3.org/2005/Atom"
NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render_atom(site: Publication, changes: Sequence[Change]) -> str:
    """Return the changes as an Atom feed."""
    midnight = datetime.combine(site.today, time(), UTC)
    feed = ElementTree.Element("feed", {"xmlns": NAMESPACE})
    _add(feed, "id", site.id)
    _add(feed, "title", site.title)
    _add(feed, "updated", max((change.at for change in changes), default=midnight).isoformat())
    _add(_add(feed, "author"), "name", site.host)
    if site.address:
        _add(feed, "link", rel="self", href=site.address + ATOM)
        _add(feed, "link", rel="alternate", href=site.address)
    for change in changes:
        entry = _add(feed, "entry")
        _add(entry, "id", change.id)
        _add(entry, "title", site.change(change))
        _add(entry, "updated", change.at.isoformat())
        if site.address:
            _add(entry, "link", rel="alternate", href=site.page(change.endpoint))
        _add(entry, "content", f"{site.change(change)} ({change.endpoint}).")
    ElementTree.indent(feed, " ")
    text = ElementTree.tostring(feed, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'


def render_json_feed(site: Publication, changes: Sequence[Change]) -> str:
    """Return the changes as a JSON Feed 1.1."""
    feed: dict[str, object] = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": site.title,
        "description": "Each change of the standing of an endpoint, as tests showed it.",
        "language": "en",
        "authors": [{"name": site.host}],
    }
    if site.address:
        feed |= {"home_page_url": site.address, "feed_url": site.address + JSON}
    feed["items"] = [_item(site, change) for change in changes]
    return json.dumps(feed, indent=2, ensure_ascii=False) + "\n"


def _item(site: Publication, change: Change) -> dict[str, str]:
    return {
        "id": change.id,
        **({"url": site.page(change.endpoint)} if site.address else {}),
        "title": site.change(change),
        "content_text": f"{site.change(change)} ({change.endpoint}).",
        "date_published": change.at.isoformat(),
    }


def _add(
    parent: ElementTree.Element, name: str, text: str | None = None, **attributes: str
) -> ElementTree.Element:
    child = ElementTree.SubElement(parent, name, attributes)
    child.text = text if text is None else NOT_XML.sub(" ", text)
    return child
