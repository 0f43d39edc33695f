"""Client: reads a gateway's ledger over HTTP, and never writes to it.

The access token is in its headers alone: in no message, repr or log.
"""

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import TypeVar

import httpx

from trueup.errors import BadInput
from trueup.relay import gateway_tls
from trueup.retest.billing.dialect import (
    Fields,
    is_keyed,
    parse_items,
    parse_json,
    parse_prices,
    parse_rows,
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
)
from trueup.retest.download import Limits, Unavailable, download

T = TypeVar("T")
TOKENS, LOG = "/api/token/", "/api/log/self"
LIMITS = Limits(timeout_s=30.0, largest=8 * 2**20)
"""A management route answers from a database within a second; a price list of thousands of models
takes less than 2 MiB, a page of the log less than 1 MiB."""
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
"""Rows are read from an hour before the token's last use: a gateway's hosts may differ in clock."""
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
        transport: httpx.AsyncBaseTransport | None = None,
        limits: Limits = LIMITS,
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
        self._transport, self._limits = transport, limits
        # Made once: reading every authority that the machine trusts takes its time.
        self._tls = True if transport else gateway_tls()

    def terms(self) -> Terms | Inconclusive:
        """Return the gateway's public terms of billing."""
        return _known(lambda: self._data("/api/status", parse_terms, is_public=True))

    def prices(self, group: str | None = None) -> dict[str, Decimal | None] | Inconclusive:
        """Return public dollars per call by model, for a group or else the dearest; None if not
        fixed."""
        parse = partial(parse_prices, group=group)
        return _known(lambda: self._get("/api/pricing", {}, parse, is_public=True))

    def group_of(self, token: TokenColumns) -> str | Inconclusive:
        """Return the group by whose ratio a token pays: its own, or else its owner's."""
        own = token.group
        return own or _known(lambda: self._data("/api/user/self", parse_user).group)

    def find_token(self, key: str) -> TokenColumns | Inconclusive:
        """Return the owner's token of a key, with `sk-` or without; the list may mask its keys."""
        self._secrets |= {key, key.removeprefix("sk-")} - {""}

        def find() -> TokenColumns:
            tokens = self._tokens()
            return _at(TOKENS, lambda: _keyed(tokens, key))

        return _known(find)

    def read(self, token: TokenColumns) -> LedgerSnapshot | Inconclusive:
        """Return the columns of a token and of its owner, and then the log."""
        return _known(lambda: self._read(token))

    def _read(self, token: TokenColumns) -> LedgerSnapshot:
        columns = self._data(f"{TOKENS}{token.id}", parse_token)
        user = self._data("/api/user/self", parse_user)
        # The gateway's own clock: nothing that matters is older than the token's last use.
        since = token.accessed_time - MARGIN_S
        since = since if 0 < since < LAST_SECOND else 0
        rows, is_whole = self._items(LOG, {"type": 0, "start_timestamp": since}, parse_rows)
        # The upstream of a row may get into the status file.
        rows = tuple(replace(row, upstream=self._mask(row.upstream or "") or None) for row in rows)
        return LedgerSnapshot(columns, user, rows, is_whole)

    def _tokens(self) -> list[object]:
        """Return all tokens. Versions with pages count from 1, those with bare lists from 0."""
        seen: dict[int, object] = {}
        paged = 0
        for number in range(MOST_PAGES):
            params = {"p": number + paged} if number else {}
            tokens, total = self._items(TOKENS, params, _numbered)
            is_new = bool(tokens.keys() - seen.keys())
            seen |= tokens
            paged = 0 if total is None else 1
            # A bare list counted from 1 shows its first page twice.
            may_repeat = total is None and number == 1 and bool(tokens)
            if (total is not None and len(seen) >= total) or not (is_new or may_repeat):
                return list(seen.values())
        raise ValueError(f"{TOKENS}: there are more than {len(seen)} tokens")

    def _items(
        self, path: str, params: Mapping[str, int], parse: Callable[[list[object], int | None], T]
    ) -> T:
        sizes = dict.fromkeys(("page_size", "ps", "size"), PAGE_SIZE)
        return self._get(
            path, {**params, **sizes}, lambda reply: parse(*parse_items(reply.get("data")))
        )

    def _data(self, path: str, parse: Callable[[object], T], is_public: bool = False) -> T:
        return self._get(path, {}, lambda reply: parse(reply.get("data")), is_public)

    def _get(
        self,
        path: str,
        params: Mapping[str, int],
        parse: Callable[[Fields], T],
        is_public: bool = False,
    ) -> T:
        return _at(path, lambda: parse(self._reply(path, params, is_public)))

    def _reply(self, path: str, params: Mapping[str, int], is_public: bool) -> Fields:
        """Return the envelope of a success, which its `success` shows, whatever the status."""
        if not (self._is_owner or is_public):
            raise ValueError("the ledger cannot be read without an access token")
        status, content = self._send_paced(path, params, is_public)
        refused = Unavailable if status >= 500 else ValueError
        try:
            reply = parse_json(content)
        except ValueError as error:
            raise refused(f"HTTP {status} with {error}") from error
        if not isinstance(reply, dict):
            raise refused(f"HTTP {status} with JSON that is not an object")
        if reply.get("success") is not True:
            raise refused(f"HTTP {status} without success, {self._message(reply)}")
        return reply

    def _send_paced(
        self, path: str, params: Mapping[str, int], is_public: bool
    ) -> tuple[int, bytes]:
        """Return status and content, once the gateway no longer answers 429."""
        waited_s, next_s = 0.0, FIRST_WAIT_S
        while True:
            self._limiter.wait()
            status, content = self._send(path, params, is_public)
            if status != 429:
                return status, content
            if waited_s >= PATIENCE_S:
                raise Unavailable(f"HTTP 429 for {waited_s:.0f} s")
            self.sleep(next_s)
            waited_s, next_s = waited_s + next_s, min(2 * next_s, MOST_WAIT_S)

    def _send(self, path: str, params: Mapping[str, int], is_public: bool) -> tuple[int, bytes]:
        return download(
            self._base_url + path,
            self._limits,
            params=params,
            headers={"accept": "application/json", **({} if is_public else self._owner)},
            transport=self._transport,
            tls=self._tls,
        )

    def _mask(self, text: str) -> str:
        for secret in sorted(self._secrets, key=len, reverse=True):
            text = text.replace(secret, MASK)
        return text

    def _message(self, reply: Fields) -> str:
        """Return the gateway's message in one short line without the access token or a key."""
        message = reply.get("message")
        text = self._mask(message) if isinstance(message, str) else ""
        text = " ".join(KEY_LIKE.sub(MASK, text).split())
        shown = "".join(letter for letter in text if letter.isprintable())[:LONGEST_MESSAGE]
        return f"'{shown}'" if shown else "no message"


def _at(path: str, read: Callable[[], T]) -> T:
    """Return what was read, or raise ValueError with the path and the problem."""
    try:
        return read()
    except ValueError as error:
        kind = Unavailable if isinstance(error, Unavailable) else ValueError
        raise kind(f"{path}: {error}") from error


def _known(read: Callable[[], T]) -> T | Inconclusive:
    """Return what was read, or the ValueError of `_at` as a reason."""
    try:
        return read()
    except ValueError as error:
        return Inconclusive("unreadable", f"{error}.", isinstance(error, Unavailable))


def _numbered(
    tokens: list[object], total: int | None = None
) -> tuple[dict[int, object], int | None]:
    return {parse_token(token).id: token for token in tokens}, total


def _keyed(tokens: list[object], key: str) -> TokenColumns:
    """Return the token that has the key, or else the only one whose masked key fits it."""
    exact = [token for token in tokens if is_keyed(token, key)]
    masked, _ = _numbered([token for token in tokens if is_keyed(token, key) is None])
    found = exact or list(masked.values())
    if not found:
        raise ValueError("none of the owner's tokens has this key")
    if len(found) > 1 and not exact:
        raise ValueError("the masked keys of several tokens fit this key")
    return parse_token(found[0])
