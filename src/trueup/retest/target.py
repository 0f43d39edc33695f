"""Site: where a retest asks: a live target, its ledger, and the hosts of its images."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httpx

from trueup.model import Target
from trueup.relay import Budget
from trueup.retest.billing import Account, Inconclusive, LedgerClient
from trueup.sandbox import Containment
from trueup.status_file import Stored
from trueup.verify.reply_verdict import Fetch
from trueup.verify.run import Harness, open_relay

FETCH_S = 60.0
LARGEST_IMAGE = 64 * 2**20


@dataclass(frozen=True)
class Credentials:
    """The secrets of a target: the key for the relay, the other two for its ledger."""

    key: str = field(repr=False)
    access_token: str | None = field(default=None, repr=False)
    user_id: int | None = None


@dataclass(frozen=True)
class RetestTarget:
    """Where a target is asked: the bench, its books if they are to be read, and the way to an image
    that a reply only links to."""

    harness: Harness
    account: Account | Inconclusive | None
    fetch: Fetch


@contextmanager
def open_live(
    stored: Stored,
    access: Mapping[str, Credentials],
    budget: Budget,
    containment: Containment | None,
    target: str,
    label: Callable[[], str],
) -> Iterator[RetestTarget]:
    """A live target, by the relay. Its books are read where there is access to them.

    `access` is by target."""
    facts = stored.status.targets[target]
    with ExitStack() as stack:
        own, account = access[target], None
        if own.access_token and own.user_id is not None and facts.ledger is None:
            account = find_account(stack, facts.base_url, own)
        harness = stack.enter_context(
            open_relay(stored, target, own.key, None, containment, budget=budget, label=label)
        )
        yield RetestTarget(harness, account, lambda url: fetch_image(url, facts))


def fetch_image(url: str, target: Target) -> bytes | str:
    """What a link of a target leads to, fetched without a key, or why it was not."""
    try:
        parts, own = urlsplit(url), urlsplit(target.base_url)
        url.encode()
    except ValueError:
        return "the image is behind a link that is none"
    is_own = (parts.scheme, parts.netloc) == (own.scheme, own.netloc)
    if not is_own and (parts.scheme != "https" or parts.netloc.lower() not in target.media_hosts):
        return f"the image is behind a link to {parts.netloc}, none of the target's media_hosts"
    content = b""
    try:
        with httpx.stream("GET", url, timeout=FETCH_S) as reply:
            if reply.status_code != 200:
                return f"the image's link was answered with HTTP {reply.status_code}"
            for part in reply.iter_bytes():
                content += part
                if len(content) > LARGEST_IMAGE:
                    return f"the linked image is larger than {LARGEST_IMAGE} bytes"
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return f"the image's link was not answered ({type(error).__name__})"
    return content


def find_account(
    stack: ExitStack,
    base_url: str,
    access: Credentials,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Account | Inconclusive:
    """The account behind a key, read over `stack`; waiting goes by `clock` and `sleep`."""
    client = LedgerClient(
        base_url,
        access_token=access.access_token,
        user_id=access.user_id or 0,
        clock=clock,
        sleep=sleep,
    )
    return Account.find(stack.enter_context(client), access.key)
