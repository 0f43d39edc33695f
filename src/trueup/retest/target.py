"""Target of a retest: the harness of its blocks, its ledger, and the hosts of its images."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from trueup.model import Status, Target
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


AccountOf = Callable[[str], LedgerAccount | Inconclusive | None]
"""Returns the account of a target; None where no ledger is read."""


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
    account_of: AccountOf,
    budget: Budget,
    containment: Containment | None,
    target: str,
    label: Callable[[], str],
) -> Iterator[RetestTarget]:
    """Open a live target behind the relay. `credentials` and `account_of` are by target."""
    facts, key = stored.status.targets[target], credentials[target].key
    with ExitStack() as stack:
        account = account_of(target)
        harness = stack.enter_context(
            open_relay(stored, target, key, None, containment, budget=budget, label=label)
        )
        yield RetestTarget(harness, account, lambda url: fetch_image(url, facts))


def fetch_image(url: str, target: Target, limits: Limits = IMAGE_LIMITS) -> bytes | str:
    """Return the bytes behind a target's link, fetched without a key, or why there are none."""
    try:
        parts, own = urlsplit(url), urlsplit(target.base_url)
        url.encode()
    except ValueError:
        return "the output is behind an invalid link"
    is_own = (parts.scheme, parts.netloc) == (own.scheme, own.netloc)
    if not is_own and (parts.scheme != "https" or parts.netloc.lower() not in target.media_hosts):
        return f"the output is behind a link to {parts.netloc}, which is not in media_hosts"
    try:
        status, content = download(url, limits)
    except ValueError as error:
        return f"the output's link gave no file: {error}"
    if status == 200:
        return content
    without = ", without the key" if status in (401, 403) else ""
    return f"the output's link was answered with HTTP {status}{without}"


def live_account(
    status: Status, credentials: Mapping[str, Credentials], target: str
) -> LedgerAccount | Inconclusive | None:
    """Return the account at a target that has a ledger, where its credentials are known."""
    facts, own = status.targets[target], credentials.get(target)
    if own is None or not own.access_token or own.user_id is None or facts.ledger != "new-api":
        return None
    return find_account(facts.base_url, own)


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
