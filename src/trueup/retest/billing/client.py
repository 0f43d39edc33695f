"""Client: reads a gateway's ledger over HTTP, and tells why where it cannot.

It only reads. The access token is in its headers alone: in no message, repr or log.
"""

import re
import time
from collections.abc import Callable, Mapping
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
TOKENS, LOG = "/api/token/", "/api/log/self"
TIMEOUT_S = 30.0
LARGEST_REPLY = 8 * 2**20
PAGE_SIZE, MOST_PAGES = 100, 20
FIRST_WAIT_S, MOST_WAIT_S, PATIENCE_S = 5.0, 60.0, 200.0
LONGEST_MESSAGE = 200
MASK = "***"
SAYS_KEY = re.compile(r"sk-[\w*-]+")
MARGIN_S = 3600
LAST_SECOND = 10**11
"""A time beyond it is none in seconds."""


class LedgerClient:
    """What one owner of a gateway's tokens can read under `/api`.

    Every method returns what it read or an `Inconclusive`; none raises for what a gateway does.
    Reads are paced below the gateway's limit, and wait where it answers 429. `clock` counts seconds
    from anywhere. Raises BadInput for an access token that no header can carry.
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
                "the access token: empty, or with white space or letters that no header takes; the"
                " token of the gateway's own settings page was expected. Export it again."
            )
        self.clock, self.sleep = clock, sleep
        self._base_url = base_url
        self._is_owner = access_token is not None
        self._secrets = {access_token} if access_token else set()
        self._owner = {"authorization": access_token or "", "new-api-user": str(user_id)}
        self._pace = RateLimiter(clock, sleep)
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
        """What the gateway tells everyone of its billing."""
        return self._data("/api/status", parse_terms, is_public=True)

    def prices(self, group: str = "default") -> dict[str, Decimal | None] | Inconclusive:
        """Dollars a call by model for a group of callers; None where the price is not fixed."""
        reply = self._reply("/api/pricing", {}, is_public=True)
        return self._parsed("/api/pricing", reply, lambda fields: parse_prices(fields, group))

    def find_token(self, key: str) -> TokenColumns | Inconclusive:
        """The owner's token that has a key, with `sk-` or without; one that is masked will do."""
        self._secrets |= {key, key.removeprefix("sk-")} - {""}
        listed = self._tokens()
        return self._parsed(TOKENS, listed, lambda tokens: _keyed(tokens, key))

    def read(self, token: TokenColumns) -> LedgerSnapshot | Inconclusive:
        """The columns of a token and of its owner as the database has them, and then the log."""
        number = self._data(f"{TOKENS}{token.id}", parse_token)
        if isinstance(number, Inconclusive):
            return number
        user = self._data("/api/user/self", parse_user)
        if isinstance(user, Inconclusive):
            return user
        # The gateway's own clock: nothing that matters is older than the token's last use.
        since = token.accessed_time - MARGIN_S
        since = since if 0 < since < LAST_SECOND else 0
        found = self._items(LOG, {"type": 0, "start_timestamp": since})
        return self._parsed(LOG, found, lambda page: _reading(number, user, *page))

    def _tokens(self) -> list[object] | Inconclusive:
        """All tokens. Versions with pages count them from 1, and those with bare lists from 0."""
        seen: dict[int, object] = {}
        paged = 0
        for place in range(MOST_PAGES):
            found = self._items(TOKENS, {"p": place + paged} if place else {})
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
            may_repeat = total is None and place == 1 and bool(items)
            if (total is not None and len(seen) >= total) or not (is_new or may_repeat):
                return list(seen.values())
        return _unread(TOKENS, f"more than {len(seen)} tokens; fewer were expected")

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
        """The envelope of a success. Only its `success` tells, whatever the status."""
        if not (self._is_owner or is_public):
            return _unread(path, "no access token was given; the ledger is read with one")
        sent = self._patient(path, params, is_public)
        if isinstance(sent, Inconclusive):
            return sent
        status, content = sent
        try:
            reply = parse_json(content)
        except ValueError as error:
            return _unread(path, f"HTTP {status} with {error}; a JSON object was expected")
        if not isinstance(reply, dict):
            return _unread(path, f"HTTP {status} with JSON that is no object; one was expected")
        if reply.get("success") is not True:
            words = self._masked(reply.get("message"))
            return _unread(path, f"HTTP {status}, no success, {words}; success was expected")
        return reply

    def _patient(
        self, path: str, params: Mapping[str, int], is_public: bool
    ) -> tuple[int, bytes] | Inconclusive:
        """Status and content, once the gateway no longer answers 429."""
        waited_s, next_s = 0.0, FIRST_WAIT_S
        while True:
            self._pace.wait()
            sent = self._send(path, params, is_public)
            if isinstance(sent, Inconclusive) or sent[0] != 429:
                return sent
            if waited_s >= PATIENCE_S:
                return _unread(path, f"HTTP 429 for {waited_s:.0f} s; an answer was expected")
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
                    return _unread(path, "a compressed reply; a plain one was expected")
                for part in reply.iter_bytes():
                    content += part
                    if len(content) > LARGEST_REPLY:
                        return _unread(path, "a reply of more than 8 MiB; less was expected")
                    if self.clock() - started > TIMEOUT_S:
                        return _unread(path, f"a reply that takes more than {TIMEOUT_S:.0f} s")
                return reply.status_code, content
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            return _unread(path, f"no answer ({type(error).__name__}); one was expected")

    def _masked(self, message: object) -> str:
        """What the gateway says, in one short line without the access token or a key."""
        words = message if isinstance(message, str) else ""
        for secret in sorted(self._secrets, key=len, reverse=True):
            words = words.replace(secret, MASK)
        words = " ".join(SAYS_KEY.sub(MASK, words).split())
        shown = "".join(letter for letter in words if letter.isprintable())[:LONGEST_MESSAGE]
        return f"'{shown}'" if shown else "no message"


def _numbered(tokens: list[object]) -> dict[int, object]:
    return {parse_token(token).id: token for token in tokens}


def _keyed(tokens: list[object], key: str) -> TokenColumns:
    told = [(is_keyed(token, key), token) for token in tokens]
    exact = [parse_token(token) for has, token in told if has]
    fitting = {token.id: token for token in (parse_token(one) for has, one in told if has is None)}
    found = exact or list(fitting.values())
    if not found:
        raise ValueError("none of the owner's tokens has this key; one was expected")
    if len(found) > 1 and not exact:
        raise ValueError("several tokens show ends that fit this key; one was expected")
    return found[0]


def _reading(
    token: TokenColumns, user: UserColumns, items: list[object], total: int | None
) -> LedgerSnapshot:
    """A bare list does not say how many rows there are: one of full tens may be cut off."""
    rows = tuple(parse_row(item) for item in items)
    is_whole = len(rows) % 10 != 0 or not rows if total is None else len(rows) >= total
    if not is_whole and rows and rows[0].created_at < rows[-1].created_at:
        raise ValueError("the log's oldest rows; its newest were expected")
    return LedgerSnapshot(token, user, rows, is_whole)


def _unread(path: str, found: str) -> Inconclusive:
    return Inconclusive("unreadable", f"{path}: {found}.")
