"""Reading: what the exchanges of a run say, before anything is compared with a record."""

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from PIL import Image as Pictures

from trueup.exchange import Exchange
from trueup.model import Status
from trueup.protocols import Reply
from trueup.request import protocol_of
from trueup.verify.run import Harness, Run

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "AVIF")
"""Pillow's other readers are not for strangers' files: the one for EPS starts a program."""
TELLS_NOTHING = (401, 402, 429)
"""The key, its balance or a rate limit: a live reply that says nothing of the route (rule 4)."""
NO_BALANCE = (b"insufficient_user_quota", b"insufficient_quota", b"pre_consume_token_quota_failed")
"""The codes with which a gateway refuses, by HTTP 403, for want of a balance."""
NOT_DECODED = "the reply's image does not decode"

Facts = Mapping[str, Any]
Fetch = Callable[[str], bytes | str]
"""An image's bytes by its address, or why they are not to be had, as a clause."""


@dataclass(frozen=True)
class ReplyVerdict:
    """What came back for a block.

    `exchange` is its first with the gateway, None where nothing arrived. `inconclusive` is why a
    live target's answer says nothing of the route; the outcome is then `inconclusive`. `image`
    holds format, width, height and bytes of an image that decoded, never of a replay; `content` is
    the image itself.
    """

    exchange: Exchange | None
    reply: Reply
    outcome: Literal["output", "error", "inconclusive"]
    inconclusive: str | None
    signatures: tuple[str, ...]
    image: Facts | None
    content: bytes | None = None


def exchanges_of(run: Run, harness: Harness) -> list[Exchange]:
    """The exchanges of a run that are not the fetching of an image."""
    return [one for one in run.exchanges if one.host not in harness.media_hosts]


def read_run(run: Run, endpoint: str, status: Status, harness: Harness) -> ReplyVerdict:
    """What a run of an endpoint's block on a bench says."""
    sent = [one for one in exchanges_of(run, harness) if one.host == harness.gateway]
    if not sent:
        return ReplyVerdict(None, Reply(), "inconclusive", "no request arrived", (), None)
    exchange = sent[0]
    reply = protocol_of(status, endpoint).read(exchange.status, exchange.response_body)
    inconclusive = _inconclusive(exchange, reply, run, harness)
    if inconclusive is not None:
        return ReplyVerdict(exchange, Reply(), "inconclusive", inconclusive, (), None)
    content, image = _image_in(reply, run, harness)
    if reply.content is not None and content is None:
        reply = replace(reply, error=NOT_DECODED)
    known = status.signatures.items()
    signatures = tuple(name for name, one in known if reply.error and one.match in reply.error)
    outcome: Literal["output", "error"] = "error" if reply.error else "output"
    return ReplyVerdict(exchange, reply, outcome, None, signatures, image, content)


def with_image(reading: ReplyVerdict, fetch: Fetch) -> ReplyVerdict:
    """The reading with the image that the reply only links to, fetched where the block did not."""
    if reading.outcome != "output" or reading.image is not None or reading.reply.url is None:
        return reading
    content = fetch(reading.reply.url)
    if isinstance(content, str):
        return replace(reading, outcome="inconclusive", inconclusive=content)
    image = decode(content)
    if image is None:
        reply = replace(reading.reply, error="the linked image does not decode")
        return replace(reading, outcome="error", reply=reply)
    return replace(reading, image=image, content=content)


def _inconclusive(exchange: Exchange, reply: Reply, run: Run, harness: Harness) -> str | None:
    """Why a live target's answer is about us or the way to it, or None where it tells."""
    if not exchange.is_whole:
        return f"no whole answer came ({exchange.reason or 'no reason is known'})"
    if harness.replays:
        return None
    status, content = exchange.status, exchange.response_body
    no_balance = status == 403 and any(code in content for code in NO_BALANCE)
    if status in TELLS_NOTHING or no_balance:
        return f"HTTP {status} tells of the key, its balance or its limits, not of the route"
    if not reply.is_readable:
        return f"{reply.error}, which is no answer of the gateway's own"
    for media in run.exchanges:
        if media.host in harness.media_hosts and not media.is_whole:
            return f"{media.host} did not give the image ({media.reason or 'no answer'})"
    return None


def _image_in(reply: Reply, run: Run, harness: Harness) -> tuple[bytes | None, Facts | None]:
    """The first image that decodes, of the reply itself or of what the block fetched.

    What the mock has drawn has no facts of its own, so a replay is not decoded.
    """
    media = harness.media_hosts
    fetched = [one.response_body for one in run.exchanges if one.host in media]
    found = fetched if reply.content is None else [reply.content]
    if harness.replays:
        return next(iter(found), None), None
    for content in found:
        if (facts := decode(content)) is not None:
            return content, facts
    return None, None


def decode(content: bytes) -> Facts | None:
    """Format, width, height and bytes of an image that decodes; None for anything else."""
    try:
        with Pictures.open(io.BytesIO(content), formats=FORMATS) as picture:
            picture.load()
            size = {"width": picture.width, "height": picture.height, "bytes": len(content)}
            return {"format": picture.format, **size}
    except Exception:  # Pillow's decoders raise whatever a broken file makes them meet
        return None
