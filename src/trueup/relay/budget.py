"""Budget: caps on the number of calls and on their cost, checked before each call.

Counts outlive a crash if they are kept in a journal.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from threading import Lock

from trueup.errors import BadInput
from trueup.relay.journal import Journal

PriceOf = Callable[[str], Decimal | None]


@dataclass(frozen=True)
class Reservation:
    """A call that may be made: its number, and its price where that is known."""

    ordinal: int
    usd: Decimal | None


def no_price(_: str) -> None:
    """Return None, the price of a call for which none is known."""


class Budget:
    """Caps on the calls and on their cost, and the calls counted so far.

    At least one cap is needed, or BadInput is raised. `price_of` returns the price in dollars of a
    model, or of a path where no model is named; a price that is not above 0 counts as unknown. A
    call without a known price is limited by the cap on calls alone: where there is none, it is not
    made. A call that is never settled counts with its price to the end. With a `journal`, its calls
    count from the start, the interrupted ones too, and each call is announced in it before it is
    made.
    """

    def __init__(
        self,
        max_calls: int | None = None,
        max_spend_usd: Decimal | None = None,
        price_of: PriceOf = no_price,
        journal: Journal | None = None,
    ) -> None:
        if max_calls is None and max_spend_usd is None:
            raise BadInput("budget", "no cap", "Set a cap on calls or on dollars.")
        self.max_calls, self.max_spend_usd = max_calls, max_spend_usd
        self.journal = journal
        self._price_of = price_of
        self._lock = Lock()
        before = journal.calls.values() if journal else ()
        self._spent = {call.intent.ordinal: call.spent_usd for call in before}

    @property
    def calls(self) -> int:
        """The number of calls that were allowed."""
        return len(self._spent)

    @property
    def spent_usd(self) -> Decimal:
        """The cost of the calls; the reserved price of those that are not settled."""
        return sum(self._spent.values(), Decimal(0))

    def price_of_call(self, call: int) -> Decimal:
        """Return what a call counts for: its cost, or else its price."""
        return self._spent.get(call, Decimal(0))

    def reserve(self, called: str, label: str, method: str, path: str) -> Reservation | str:
        """Count the next call and reserve its price. Return the reason if it must not be made.

        `called` is the model, or else the path.
        """
        with self._lock:
            price = self._known_price(called)
            if reason := self._exceeded(called, price):
                return reason
            ordinal = max(self._spent, default=0) + 1
            if self.journal is not None:
                try:
                    ordinal = self.journal.intend(label, method, path, price).ordinal
                except OSError as error:
                    return f"the journal could not be written ({error.strerror}); nothing was sent"
            self._spent[ordinal] = price or Decimal(0)
            return Reservation(ordinal, price)

    def refusal(self, called: str) -> str | None:
        """Return why a call of a model, or of a path, would not be allowed now, or None."""
        with self._lock:
            return self._exceeded(called, self._known_price(called))

    def answered(
        self, ordinal: int, status: int, request_id: str | None = None, reason: str | None = None
    ) -> None:
        """Write the answer of a call to the journal, if there is one."""
        if self.journal is None:
            return
        # An answer that cannot be written leaves its call interrupted, which counts all the same.
        with self._lock, suppress(OSError):
            self.journal.answer(ordinal, status, request_id, reason)

    def settle(self, call: int, actual_usd: Decimal) -> None:
        """Replace the price reserved for a call with its actual cost.

        If calls cost more than their price, the cap can be exceeded, by no more than the excess of
        the calls that were not settled yet.
        """
        with self._lock:
            if call not in self._spent:
                raise ValueError(f"call {call}: no such call was made")
            if self.journal is not None:
                self.journal.settle(call, actual_usd)
            self._spent[call] = actual_usd

    def _known_price(self, called: str) -> Decimal | None:
        price = self._price_of(called)
        return price if price is not None and price.is_finite() and price > 0 else None

    def _exceeded(self, called: str, price: Decimal | None) -> str | None:
        if self.max_calls is not None and self.calls >= self.max_calls:
            return f"the cap on calls ({self.max_calls}) is reached; nothing was sent"
        if self.max_spend_usd is None:
            return None
        if price is None and self.max_calls is None:
            return (
                f"the price of {called} is unknown, so the spend cap cannot be enforced, and no"
                " call cap was given; nothing was sent"
            )
        spent, cap = self.spent_usd, self.max_spend_usd
        if spent >= cap if price is None else spent + price > cap:
            return (
                f"the cap of ${cap} is reached: ${spent} is spent or reserved"
                f"{'' if price is None else f', and ${price} is needed'}; nothing was sent"
            )
        return None
