"""Listings: what was seen across models: shapes, failure texts, and variants of a model."""

import json
import re

from trueup.model import Observation, Shape, as_time
from trueup.protocols import PROTOCOLS, Picture
from trueup.request import variant_rows
from trueup.wording.markdown import code, plain
from trueup.wording.pages import PageText, table

FIRST_LETTERS = {"image/png": "iVBORw0KGgo", "image/jpeg": "/9j/", "image/webp": "UklGR"}
"""How the base64 of each type of image begins."""


def shapes(pages: PageText) -> str:
    """How each endpoint's newest image came back."""
    rows = []
    for endpoint, assessment in pages.assessments.items():
        row = assessment.outcome
        if row is not None and row.shape is not None:
            mime = code(row.image.mime) if row.image and row.image.mime else ""
            rows.append(
                (
                    pages.name(endpoint),
                    f"{pages.evidence.shape(row.shape)} {mime}".strip(),
                    f"{plain(row.target)}, {row.day}",
                )
            )
    return table((pages._("Endpoint"), pages._("The image comes"), pages._("Seen")), rows)


def signatures(pages: PageText) -> str:
    """Each failure text with its cause, the endpoints that showed it, and since when."""
    parts = []
    for name, signature in pages.status.signatures.items():
        rows = [row for row in pages.status.observations if name in row.signatures]
        seen: dict[str, list[Observation]] = {}
        for row in rows:
            if row.retracted is None:
                seen.setdefault(row.endpoint, []).append(row)
        parts.append(f"## {code(signature.match)} {{ #{name} }}")
        cause = plain(signature.cause)
        parts.append(pages._("Likely cause: {cause}.").format(cause=cause))
        lines = [f"- {_sighting(pages, endpoint, found)}" for endpoint, found in seen.items()]
        parts.append("\n".join(lines) or pages._("It was not seen yet."))
    return "\n\n".join(parts)


def _sighting(pages: PageText, endpoint: str, rows: list[Observation]) -> str:
    targets = pages.evidence.targets(tuple(dict.fromkeys(row.target for row in rows)))
    first = min(as_time(row.first or row.newest).date() for row in rows)
    return pages._("{endpoint}: {targets}, since {day}").format(
        endpoint=pages.name(endpoint), targets=targets, day=first
    )


def variants(pages: PageText, model: str) -> str:
    """What was tried with other requests than the endpoints' own, and what was not."""
    lines, untried = [], []
    for endpoint in pages.endpoints(model):
        same: dict[tuple[str, str, str], list[str]] = {}
        for name, variant in pages.status.endpoints[endpoint].variants.items():
            rows = variant_rows(pages.status, endpoint, name)
            if not rows:
                untried.append(plain(variant.title))
            for row in rows[:1]:
                same.setdefault(_told(pages, row), []).append(plain(variant.title))
        for (day, told, note), titles in same.items():
            sentence = pages._("On {day}, {request} {told} for {titles}{note}.").format(
                day=day,
                request=pages.evidence.request(endpoint),
                told=told,
                titles=pages.catalogue.join(titles),
                note=note,
            )
            lines.append(f"- {sentence}")
    if lines:
        lines.append("- " + pages._("Such requests make no standing."))
    if untried:
        message = pages._("Not observed: {titles}.")
        lines.append("- " + message.format(titles=pages.catalogue.join(untried)))
    return "\n".join(lines) or pages._("No other request is on record.")


def _told(pages: PageText, row: Observation) -> tuple[str, str, str]:
    if row.outcome == "output" and row.shape:
        told = pages._("returned an image {shape} in {target} retests").format(
            shape=pages.evidence.shape(row.shape), target=plain(row.target)
        )
    else:
        told = f"{pages.evidence.outcome(row.outcome)} ({plain(row.target)})"
    return row.day.isoformat(), told, f" ({plain(row.note)})" if row.note else ""


def sample(pages: PageText, protocol: str, shape: Shape) -> tuple[str, str]:
    """A title and the JSON of a simulated reply in a shape, its image cut short."""
    return pages._("Simulated reply, cut short"), _worded(protocol, shape, "image/png")


def reply(pages: PageText, endpoint: str) -> tuple[str, str] | None:
    """The title and the JSON of a reply in the shape that was seen of an endpoint last.

    It is called simulated until a receipt of a live run has shown the shape; None where no image
    came back.
    """
    row = pages.assessments[endpoint].outcome
    if row is None or row.shape is None:
        return None
    if row.source is not None and row.source.receipt is not None:
        title = pages._("Reply in the shape of the run of {day}, cut short")
    else:
        title = pages._("Simulated reply in the shape that was reported on {day}, cut short")
    protocol = pages.status.route_of(endpoint).protocol
    mime = row.image.mime if row.image and row.image.mime else "image/png"
    return title.format(day=row.day), _worded(protocol, row.shape, mime)


def _worded(protocol: str, shape: Shape, mime: str) -> str:
    picture = Picture(b"", mime, f"https://images.example/simulated.{mime.rpartition('/')[2]}")
    worded = PROTOCOLS[protocol].word(shape, picture, "")
    text = json.dumps({key: value for key, value in worded.items() if value}, indent=2)
    start = FIRST_LETTERS.get(mime, "")
    return re.sub(r'(base64,|"data": "|"b64_json": ")(?=[)"])', rf"\1{start}…", text)
