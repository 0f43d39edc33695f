"""Budget: how many calls may be made and how much they may cost, asked before each of them.

Counts outlive a crash where they are kept in a journal.
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
    """A call that may be made: its number, and what it may cost where a price is known."""

    ordinal: int
    usd: Decimal | None


def no_price(_: str) -> None:
    """The price of a call where none is known."""


class Budget:
    """Caps on the calls and on what they cost, and what is left of them.

    At least one cap is needed, or BadInput is raised. `price_of` tells the price in dollars of a
    model, or of a path where no model is named. A call without a known price is let through by the
    cap on calls alone: where there is none, it is not made. With a `journal`, its calls count from
    the start, the interrupted ones too, and each call is announced in it before it is made.
    """

    def __init__(
        self,
        max_calls: int | None = None,
        max_spend_usd: Decimal | None = None,
        price_of: PriceOf = no_price,
        journal: Journal | None = None,
    ) -> None:
        if max_calls is None and max_spend_usd is None:
            raise BadInput("budget: no cap; most calls, or most dollars, were expected. Give one.")
        self.max_calls, self.max_spend_usd = max_calls, max_spend_usd
        self.journal = journal
        self._price_of = price_of
        self._lock = Lock()
        before = journal.calls.values() if journal else ()
        self._spent = {call.intent.ordinal: call.spent_usd for call in before}

    @property
    def calls(self) -> int:
        """How many calls were let through."""
        return len(self._spent)

    @property
    def spent_usd(self) -> Decimal:
        """What the calls cost, or may cost where it is not known yet."""
        return sum(self._spent.values(), Decimal(0))

    def reserve(self, what: str, label: str, method: str, path: str) -> Reservation | str:
        """Counts the next call and what it may cost, or says why it must not be made.

        `what` is the model that is called, or else the path.
        """
        with self._lock:
            price = self._price_of(what)
            if reason := self._exceeded(what, price):
                return reason
            ordinal = max(self._spent, default=0) + 1
            if self.journal is not None:
                try:
                    ordinal = self.journal.intend(label, method, path, price).ordinal
                except OSError as error:
                    return f"the journal could not be written ({error.strerror}); nothing was sent"
            self._spent[ordinal] = price or Decimal(0)
            return Reservation(ordinal, price)

    def refusal(self, what: str) -> str | None:
        """Why a call of a model, or of a path, would not be let through now; None if it would."""
        with self._lock:
            return self._exceeded(what, self._price_of(what))

    def answered(
        self, ordinal: int, status: int, request_id: str | None = None, reason: str | None = None
    ) -> None:
        """Writes down what came of a call, where there is a journal."""
        if self.journal is None:
            return
        # An answer that cannot be written leaves its call interrupted, which counts all the same.
        with self._lock, suppress(OSError):
            self.journal.answer(ordinal, status, request_id, reason)

    def settle(self, call: int, actual_usd: Decimal) -> None:
        """Puts what a call cost in the place of what was reserved for it.

        Where calls cost more than their price says, the cap can be passed, by no more than the
        excess of the calls that were not settled yet.
        """
        with self._lock:
            if call not in self._spent:
                raise ValueError(f"call {call}: no such call was made")
            if self.journal is not None:
                self.journal.settle(call, actual_usd)
            self._spent[call] = actual_usd

    def _exceeded(self, what: str, price: Decimal | None) -> str | None:
        if self.max_calls is not None and self.calls >= self.max_calls:
            return f"the cap of {self.max_calls} calls is reached; nothing was sent"
        if self.max_spend_usd is None:
            return None
        if price is None and self.max_calls is None:
            return (
                f"no price of {what} is known, so no cap on the spend holds, and none on the calls"
                " was given; nothing was sent"
            )
        spent, cap = self.spent_usd, self.max_spend_usd
        if spent >= cap if price is None else spent + price > cap:
            return (
                f"the cap of ${cap} is reached: ${spent} is spent or reserved"
                f"{'' if price is None else f', and ${price} is needed'}; nothing was sent"
            )
        return None
