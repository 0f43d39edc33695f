"""Client: reads a gateway's ledger over HTTP, and never writes to it.

The access token is in its headers alone: in no message, repr or log.
"""

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from types import TracebackType
from typing import Self, TypeVar

import httpx

from trueup.errors import BadInput
from trueup.retest.billing.dialect import (
    Fields,
    is_keyed,
    parse_items,
    parse_json,
    parse_prices,
    parse_row,
    parse_terms,
    parse_token,
    parse_user,
)
from trueup.retest.billing.rate_limiter import RateLimiter
from trueup.retest.billing.records import (
    Inconclusive,
    LedgerSnapshot,
    Terms,
    TokenColumns,
    UserColumns,
)

T = TypeVar("T")
U = TypeVar("U")
TOKENS, LOG, PRICES = "/api/token/", "/api/log/self", "/api/pricing"
TIMEOUT_S = 30.0
"""Longest wait for a management route, which answers from a database within a second."""
LARGEST_REPLY = 8 * 2**20
"""A price list of thousands of models takes less than 2 MiB, a page of the log less than 1 MiB."""
PAGE_SIZE = 100
"""The largest page that every version of the gateway serves."""
MOST_PAGES = 20
"""Pages of tokens: 2,000 are more than one owner keeps, and all fit the rate limit."""
FIRST_WAIT_S, MOST_WAIT_S = 5.0, 60.0
"""Pauses after a 429, doubled from the first to the last."""
PATIENCE_S = 200.0
"""Longest wait after 429: the gateway's window of 180 s, and a margin."""
LONGEST_MESSAGE = 200
"""Letters of a gateway's own message in a reason: a sentence or two."""
MASK = "***"
KEY_LIKE = re.compile(r"sk-[\w*-]+")
MARGIN_S = 3600
"""Log rows are read from an hour before the token's last use, whatever the gateway's time zone."""
LAST_SECOND = 10**11
"""A later time is no time in seconds but in milliseconds."""


class LedgerClient:
    """The records under `/api` that an owner of a gateway's tokens can read.

    Every method returns a record or an `Inconclusive`; none raises for what a gateway does. Reads
    are paced below the gateway's limit, and wait where it answers 429. `clock` counts seconds from
    any start. Raises BadInput for an access token that no header can carry.
    """

    def __init__(
        self,
        base_url: str,
        *,
        access_token: str | None,
        user_id: int,
        transport: httpx.BaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if access_token is not None and not re.fullmatch("[!-~]+", access_token):
            raise BadInput(
                "access token",
                "empty, or with white space or letters that no header can carry",
                "Copy it from the gateway's settings page and export it again.",
            )
        self.clock, self.sleep = clock, sleep
        self._base_url = base_url
        self._is_owner = access_token is not None
        self._secrets = {access_token} if access_token else set()
        self._owner = {"authorization": access_token or "", "new-api-user": str(user_id)}
        self._limiter = RateLimiter(clock, sleep)
        self._http = httpx.Client(
            transport=transport,
            timeout=TIMEOUT_S,
            headers={"accept": "application/json", "accept-encoding": "identity"},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._http.close()

    def terms(self) -> Terms | Inconclusive:
        """Return the gateway's public terms of billing."""
        return self._data("/api/status", parse_terms, is_public=True)

    def prices(self) -> dict[str, Decimal | None] | Inconclusive:
        """Return public dollars per call by model; None where the price is not fixed."""
        return self._parsed(PRICES, self._reply(PRICES, {}, is_public=True), parse_prices)

    def find_token(self, key: str) -> TokenColumns | Inconclusive:
        """Return the owner's token of a key, with `sk-` or without; the list may mask its keys."""
        self._secrets |= {key, key.removeprefix("sk-")} - {""}
        listed = self._tokens()
        return self._parsed(TOKENS, listed, lambda tokens: _keyed(tokens, key))

    def read(self, token: TokenColumns) -> LedgerSnapshot | Inconclusive:
        """Return the columns of a token and of its owner, and then the log."""
        columns = self._data(f"{TOKENS}{token.id}", parse_token)
        if isinstance(columns, Inconclusive):
            return columns
        user = self._data("/api/user/self", parse_user)
        if isinstance(user, Inconclusive):
            return user
        # The gateway's own clock: nothing that matters is older than the token's last use.
        since = token.accessed_time - MARGIN_S
        since = since if 0 < since < LAST_SECOND else 0
        found = self._items(LOG, {"type": 0, "start_timestamp": since})
        return self._parsed(LOG, found, lambda page: self._snapshot(columns, user, *page))

    def _snapshot(
        self, token: TokenColumns, user: UserColumns, items: list[object], total: int | None
    ) -> LedgerSnapshot:
        """Return a snapshot. A bare list has no total, so one of full tens may have been cut off.

        The upstream of a row may get into the status file, so it is masked.
        """
        rows = tuple(parse_row(item) for item in items)
        is_whole = len(rows) % 10 != 0 or not rows if total is None else len(rows) >= total
        if not is_whole and rows and rows[0].created_at < rows[-1].created_at:
            raise ValueError("the log begins with its oldest rows, not its newest")
        rows = tuple(replace(row, upstream=self._mask(row.upstream or "") or None) for row in rows)
        return LedgerSnapshot(token, user, rows, is_whole)

    def _tokens(self) -> list[object] | Inconclusive:
        """Return all tokens. Versions with pages count from 1, those with bare lists from 0."""
        seen: dict[int, object] = {}
        paged = 0
        for number in range(MOST_PAGES):
            found = self._items(TOKENS, {"p": number + paged} if number else {})
            if isinstance(found, Inconclusive):
                return found
            items, total = found
            numbered = self._parsed(TOKENS, items, _numbered)
            if isinstance(numbered, Inconclusive):
                return numbered
            is_new = bool(numbered.keys() - seen.keys())
            seen |= numbered
            paged = 0 if total is None else 1
            # A bare list counted from 1 shows its first page twice.
            may_repeat = total is None and number == 1 and bool(items)
            if (total is not None and len(seen) >= total) or not (is_new or may_repeat):
                return list(seen.values())
        return _unread(TOKENS, f"there are more than {len(seen)} tokens")

    def _items(
        self, path: str, params: Mapping[str, int]
    ) -> tuple[list[object], int | None] | Inconclusive:
        sizes = dict.fromkeys(("page_size", "ps", "size"), PAGE_SIZE)
        reply = self._reply(path, {**params, **sizes})
        return self._parsed(path, reply, lambda fields: parse_items(fields.get("data")))

    def _data(
        self, path: str, parse: Callable[[object], T], is_public: bool = False
    ) -> T | Inconclusive:
        reply = self._reply(path, {}, is_public)
        return self._parsed(path, reply, lambda fields: parse(fields.get("data")))

    def _parsed(
        self, path: str, read: T | Inconclusive, parse: Callable[[T], U]
    ) -> U | Inconclusive:
        if isinstance(read, Inconclusive):
            return read
        try:
            return parse(read)
        except ValueError as error:
            return _unread(path, str(error))

    def _reply(
        self, path: str, params: Mapping[str, int], is_public: bool = False
    ) -> Fields | Inconclusive:
        """Return the envelope of a success, which its `success` shows, whatever the status."""
        if not (self._is_owner or is_public):
            return _unread(path, "the ledger cannot be read without an access token")
        sent = self._send_paced(path, params, is_public)
        if isinstance(sent, Inconclusive):
            return sent
        status, content = sent
        try:
            reply = parse_json(content)
        except ValueError as error:
            return _unread(path, f"HTTP {status} with {error}")
        if not isinstance(reply, dict):
            return _unread(path, f"HTTP {status} with JSON that is no object")
        if reply.get("success") is not True:
            message = self._message(reply.get("message"))
            return _unread(path, f"HTTP {status} without success, {message}")
        return reply

    def _send_paced(
        self, path: str, params: Mapping[str, int], is_public: bool
    ) -> tuple[int, bytes] | Inconclusive:
        """Return status and content, once the gateway no longer answers 429."""
        waited_s, next_s = 0.0, FIRST_WAIT_S
        while True:
            self._limiter.wait()
            sent = self._send(path, params, is_public)
            if isinstance(sent, Inconclusive) or sent[0] != 429:
                return sent
            if waited_s >= PATIENCE_S:
                return _unread(path, f"HTTP 429 for {waited_s:.0f} s")
            self.sleep(next_s)
            waited_s, next_s = waited_s + next_s, min(2 * next_s, MOST_WAIT_S)

    def _send(
        self, path: str, params: Mapping[str, int], is_public: bool
    ) -> tuple[int, bytes] | Inconclusive:
        headers = {} if is_public else self._owner
        content, started = b"", self.clock()
        try:
            url = httpx.URL(self._base_url).join(path)
            with self._http.stream("GET", url, params=dict(params), headers=headers) as reply:
                if reply.headers.get("content-encoding", "identity") != "identity":
                    return _unread(path, "the reply is compressed")
                for part in reply.iter_bytes():
                    content += part
                    if len(content) > LARGEST_REPLY:
                        return _unread(path, f"the reply is larger than {LARGEST_REPLY} bytes")
                    if self.clock() - started > TIMEOUT_S:
                        return _unread(path, f"the reply took longer than {TIMEOUT_S:.0f} s")
                return reply.status_code, content
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            return _unread(path, f"no answer ({type(error).__name__})")

    def _mask(self, text: str) -> str:
        for secret in sorted(self._secrets, key=len, reverse=True):
            text = text.replace(secret, MASK)
        return text

    def _message(self, message: object) -> str:
        """Return the gateway's message in one short line without the access token or a key."""
        text = self._mask(message) if isinstance(message, str) else ""
        text = " ".join(KEY_LIKE.sub(MASK, text).split())
        shown = "".join(letter for letter in text if letter.isprintable())[:LONGEST_MESSAGE]
        return f"'{shown}'" if shown else "no message"


def _numbered(tokens: list[object]) -> dict[int, object]:
    return {parse_token(token).id: token for token in tokens}


def _keyed(tokens: list[object], key: str) -> TokenColumns:
    """Return the token that has the key, or else the only one whose masked key fits it."""
    exact = [token for token in tokens if is_keyed(token, key)]
    masked = _numbered([token for token in tokens if is_keyed(token, key) is None])
    found = exact or list(masked.values())
    if not found:
        raise ValueError("none of the owner's tokens has this key")
    if len(found) > 1 and not exact:
        raise ValueError("the masked keys of several tokens fit this key")
    return parse_token(found[0])


def _unread(path: str, problem: str) -> Inconclusive:
    return Inconclusive("unreadable", f"{path}: {problem}.")
