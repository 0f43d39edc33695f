"""Target of a retest: the harness of its blocks, its ledger, and the hosts of its images."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from trueup.model import Target
from trueup.relay import Budget
from trueup.retest.billing.client import LedgerClient
from trueup.retest.billing.records import Inconclusive
from trueup.retest.billing.settlement import LedgerAccount
from trueup.retest.download import Limits, download
from trueup.sandbox import Containment
from trueup.status_file import Stored
from trueup.verify.reply_verdict import Fetch
from trueup.verify.run import Harness, open_relay

IMAGE_LIMITS = Limits(timeout_s=60.0, largest=64 * 2**20)
"""Of a linked image, which exists already when its link is sent: its bytes are those of an
uncompressed one of 4,096 by 4,096 pixels in four channels."""


@dataclass(frozen=True)
class Credentials:
    """Secrets of a target: the key for the relay, the other two for its ledger."""

    key: str = field(repr=False)
    access_token: str | None = field(default=None, repr=False)
    user_id: int | None = None


@dataclass(frozen=True)
class RetestTarget:
    """The harness of a target, its account where bills are read, and a fetch of linked images."""

    harness: Harness
    account: LedgerAccount | Inconclusive | None
    fetch: Fetch


@contextmanager
def open_live(
    stored: Stored,
    credentials: Mapping[str, Credentials],
    budget: Budget,
    containment: Containment | None,
    target: str,
    label: Callable[[], str],
) -> Iterator[RetestTarget]:
    """Open a live target behind the relay; its ledger is read where the credentials allow it.

    `credentials` are by target.
    """
    facts = stored.status.targets[target]
    with ExitStack() as stack:
        own, account = credentials[target], None
        if own.access_token and own.user_id is not None and facts.ledger is None:
            account = find_account(facts.base_url, own)
        harness = stack.enter_context(
            open_relay(stored, target, own.key, None, containment, budget=budget, label=label)
        )
        yield RetestTarget(harness, account, lambda url: fetch_image(url, facts))


def fetch_image(url: str, target: Target, limits: Limits = IMAGE_LIMITS) -> bytes | str:
    """Return the bytes behind a target's link, fetched without a key, or why there are none."""
    try:
        parts, own = urlsplit(url), urlsplit(target.base_url)
        url.encode()
    except ValueError:
        return "the image is behind an invalid link"
    is_own = (parts.scheme, parts.netloc) == (own.scheme, own.netloc)
    if not is_own and (parts.scheme != "https" or parts.netloc.lower() not in target.media_hosts):
        return f"the image is behind a link to {parts.netloc}, which is not in media_hosts"
    try:
        status, content = download(url, limits)
    except ValueError as error:
        return f"the image's link gave no image: {error}"
    return content if status == 200 else f"the image's link was answered with HTTP {status}"


def find_account(
    base_url: str,
    credentials: Credentials,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> LedgerAccount | Inconclusive:
    """Return the account behind a key; its client waits by `sleep`."""
    client = LedgerClient(
        base_url,
        access_token=credentials.access_token,
        user_id=credentials.user_id or 0,
        clock=clock,
        sleep=sleep,
    )
    return LedgerAccount.find(client, credentials.key)
