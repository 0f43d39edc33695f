"""Tables: evidence across models: shapes, failure texts, and variants of a model."""

import json
import re

from trueup.model import Observation, Shape, as_time
from trueup.protocols import PROTOCOLS, Protocol, Sample
from trueup.request import protocol_of, variant_observations
from trueup.wording.markdown import code, escape_markdown
from trueup.wording.pages import PageText, table

FIRST_LETTERS = {"image/png": "iVBORw0KGgo", "image/jpeg": "/9j/", "image/webp": "UklGR"}
"""Start of the base64 of each type of image."""
MOST_ENDPOINTS = 60
"""Endpoints in one list or table; a reader looks up a model on its own page."""


def shapes(page: PageText, protocol: str) -> str:
    """Return the shape of the newest image of each endpoint of a protocol, as a table."""
    rows = []
    for endpoint, assessment in page.assessments.items():
        row = assessment.outcome
        is_of = page.status.route_of(endpoint).protocol == protocol
        if is_of and row and row.shape and page.phrases.returns_image(endpoint):
            mime, shape = code(row.mime) if row.mime else "", page.phrases.shape(row.shape)
            rows.append(
                (
                    page.name(endpoint),
                    page.catalogue.with_aside(shape, mime) if shape else mime,
                    page.catalogue.enumerate((escape_markdown(row.target), str(row.day))),
                )
            )
    if rest := page.more(max(len(rows) - MOST_ENDPOINTS, 0)):
        rows[MOST_ENDPOINTS:] = [(rest, "", "")]
    return table((page._("Endpoint"), page._("Image returned"), page._("Seen")), rows)


def signatures(page: PageText) -> str:
    """Return each failure text with its cause, and the endpoints that showed it, since when."""
    parts = []
    for name, signature in page.status.signatures.items():
        rows = [row for row in page.status.observations if name in row.signatures]
        seen: dict[str, list[Observation]] = {}
        for row in rows:
            if row.retracted is None:
                seen.setdefault(row.endpoint, []).append(row)
        parts.append(f"## {code(signature.match)} {{ #{name} }}")
        cause = escape_markdown(signature.cause)
        line = page._("Likely cause: {cause}.").format(cause=cause)
        parts.append(page.catalogue.join_sentences((line, page.phrases.remedy(name))))
        lines = [_occurrence(page, endpoint, found) for endpoint, found in seen.items()]
        items = [f"- {line}" for line in page.few(lines, MOST_ENDPOINTS)]
        parts.append("\n".join(items) or page._("Not observed yet."))
    return "\n\n".join(parts)


def _occurrence(page: PageText, endpoint: str, rows: list[Observation]) -> str:
    targets = page.phrases.targets(tuple(dict.fromkeys(row.target for row in rows)))
    first = min(as_time(row.first or row.newest).date() for row in rows)
    return page._("{endpoint}: {targets}, since {day}").format(
        endpoint=page.name(endpoint), targets=targets, day=first
    )


def variants(page: PageText, model: str) -> str:
    """Return the results of requests other than the endpoints' own, and those not observed."""
    lines, untried = [], []
    for endpoint in page.endpoints(model):
        same: dict[tuple[str, str, str], list[str]] = {}
        for name, variant in page.status.endpoints[endpoint].variants.items():
            rows = variant_observations(page.status, endpoint, name)
            if not rows:
                untried.append(escape_markdown(variant.title))
            if rows:
                result = _result(page, page.newest(rows))
                same.setdefault(result, []).append(escape_markdown(variant.title))
        for (day, outcome, note), titles in same.items():
            sentence = page._("On {day}, {request} {outcome} for {titles}{note}.").format(
                day=day,
                request=page.phrases.request(endpoint),
                outcome=outcome,
                titles=page.catalogue.join(titles),
                note=note,
            )
            lines.append(f"- {sentence}")
    if lines:
        lines.append("- " + page._("Such requests do not affect a standing."))
    if untried:
        message = page._("Not observed: {titles}.")
        lines.append("- " + message.format(titles=page.catalogue.join(untried)))
    return "\n".join(lines) or page._("No other request is on record.")


def _result(page: PageText, row: Observation) -> tuple[str, str, str]:
    if row.outcome == "output" and row.shape:
        is_image = page.phrases.returns_image(row.endpoint)
        message = (
            page._("returned an image {shape} on {target}")
            if is_image
            else page._("returned output on {target}")
        )
        outcome = message.format(
            shape=page.phrases.shape(row.shape), target=escape_markdown(row.target)
        )
    else:
        outcome = page.catalogue.with_aside(
            page.phrases.outcome(row.outcome), escape_markdown(row.target)
        )
    return (
        row.day.isoformat(),
        outcome,
        page.catalogue.with_aside("", escape_markdown(row.note or "")),
    )


def sample(page: PageText, protocol: str, shape: Shape) -> tuple[str, str]:
    """Return the title and the JSON of a simulated reply in a shape, its image cut short."""
    return page._("Example response (simulated, shortened)"), _worded(
        PROTOCOLS[protocol], shape, "image/png"
    )


def reply(page: PageText, endpoint: str) -> tuple[str, str] | None:
    """Return the title and the JSON of a reply in an endpoint's latest shape.

    It is called simulated until a receipt of a live run has shown the shape; None where no output
    was returned, or one that is no JSON.
    """
    row = page.assessments[endpoint].outcome
    protocol = protocol_of(page.status, endpoint)
    text = row and row.shape and _worded(protocol, row.shape, row.mime or "image/png")
    if row is None or not text:
        return None
    if row.source is not None and row.source.receipt is not None:
        title = page._("Example response (as in the run of {day}, shortened)")
    else:
        title = page._("Example response (simulated, shortened)")
    return title.format(day=row.day), text


def _worded(protocol: Protocol, shape: Shape, mime: str) -> str:
    content = "…".encode() if protocol.shapes.get(shape) == "text" else b""
    link = f"https://images.example/simulated.{mime.rpartition('/')[2]}"
    reply = protocol.word(shape, Sample(content, mime, link), "")
    if not reply.content_type.startswith("application/json"):
        return ""
    worded = json.loads(reply.content)
    kept = worded
    if isinstance(worded, dict):
        kept = {key: value for key, value in worded.items() if value}
    text = json.dumps(kept, indent=2, ensure_ascii=False) if kept else ""
    start = FIRST_LETTERS.get(mime, "")
    return re.sub(r'(base64,|"data": "|"b64_json": ")(?=[)"])', rf"\1{start}…", text)
