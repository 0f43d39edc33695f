"""The budget: no call beyond a cap is made, whatever is known of prices; a crash forgets none."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueup.errors import BadInput
from trueup.relay import Budget, Journal, Reservation, no_price

NOW = datetime(2026, 4, 20, 12, tzinfo=UTC)
PRICES = {"cheap": Decimal("0.04"), "dear": Decimal("0.60"), "free": Decimal(0)}


def reserve(budget: Budget, model: str = "cheap") -> Reservation | str:
    return budget.reserve(model, "an endpoint", "POST", "/v1/x")


def made(budget: Budget, model: str = "cheap") -> Reservation:
    found = reserve(budget, model)
    assert isinstance(found, Reservation), found
    return found


def refused(budget: Budget, model: str = "cheap") -> str:
    found = reserve(budget, model)
    assert isinstance(found, str)
    return found


def test_a_budget_without_a_cap_is_refused() -> None:
    with pytest.raises(BadInput, match="no cap. Set a cap on calls or on dollars"):
        Budget()


def test_calls_are_counted_up_to_the_cap() -> None:
    budget = Budget(2)
    assert [made(budget).ordinal, made(budget).ordinal] == [1, 2]
    assert refused(budget) == "the cap on calls (2) is reached; nothing was sent"
    assert (budget.calls, budget.spent_usd) == (2, Decimal(0))


def test_a_call_that_would_pass_the_spend_is_not_made_while_a_cheaper_one_is() -> None:
    budget = Budget(max_spend_usd=Decimal("0.64"), price_of=PRICES.get)
    assert made(budget, "dear") == Reservation(1, Decimal("0.60"))
    assert refused(budget, "dear") == (
        "the cap of $0.64 is reached: $0.60 is spent or reserved, and $0.60 is needed;"
        " nothing was sent"
    )
    made(budget, "cheap")
    assert "the cap of $0.64 is reached" in refused(budget, "cheap")
    assert "the price of free is unknown" in refused(budget, "free")
    assert budget.spent_usd == Decimal("0.64")


def test_a_call_of_unknown_price_needs_a_cap_on_calls() -> None:
    only_spend = Budget(max_spend_usd=Decimal(1), price_of=no_price)
    assert "the price of nano is unknown" in refused(only_spend, "nano")
    assert only_spend.calls == 0
    both = Budget(3, Decimal("0.60"), PRICES.get)
    assert made(both, "nano").usd is None
    made(both, "dear")
    assert "the cap of $0.60 is reached: $0.60 is spent" in refused(both, "nano")
    assert both.calls == 2


def test_a_settled_call_makes_room_or_takes_it() -> None:
    budget = Budget(max_spend_usd=Decimal(1), price_of=PRICES.get)
    first = made(budget, "dear")
    refused(budget, "dear")
    budget.settle(first.ordinal, Decimal("0.01"))
    second = made(budget, "dear")
    budget.settle(second.ordinal, Decimal("1.50"))
    assert budget.spent_usd == Decimal("1.51")
    assert "$1.51 is spent or reserved" in refused(budget, "cheap")
    with pytest.raises(ValueError, match="call 9: no such call"):
        budget.settle(9, Decimal(0))


@given(
    st.lists(st.sampled_from(["cheap", "dear", "free", "nano"]), max_size=30),
    st.integers(0, 12),
    st.decimals(0, 3, places=2),
)
def test_what_is_reserved_never_passes_a_cap(names: list[str], calls: int, usd: Decimal) -> None:
    budget = Budget(calls, usd, PRICES.get)
    answers = [reserve(budget, name) for name in names]
    prices = [answer.usd or Decimal(0) for answer in answers if isinstance(answer, Reservation)]
    assert len(prices) == budget.calls <= calls
    assert budget.spent_usd == sum(prices, Decimal(0)) <= usd


def test_counts_survive_a_crash_and_what_was_interrupted_counts(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    with Journal(path, lambda: NOW) as journal:
        budget = Budget(4, Decimal(2), PRICES.get, journal)
        for _ in range(3):
            made(budget, "dear")
        budget.answered(1, 200, "id-1")
        budget.settle(1, Decimal("0.50"))
        budget.answered(2, 504, reason="no answer")
    with Journal(path, lambda: NOW) as journal:
        again = Budget(4, Decimal(2), PRICES.get, journal)
        assert (again.calls, again.spent_usd) == (3, Decimal("1.70"))
        assert "the cap of $2 is reached" in refused(again, "dear")
        assert made(again, "cheap").ordinal == 4
        assert "the cap on calls (4) is reached" in refused(again, "free")
        assert [call.inconclusive for call in journal.calls.values()] == [
            None,
            "no answer",
            "interrupted",
            "interrupted",
        ]


def test_the_intent_is_on_the_disk_before_the_call_is_made(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    with Journal(path, lambda: NOW) as journal:
        made(Budget(1, price_of=PRICES.get, journal=journal))
        assert json.loads(path.read_text()) == {
            "kind": "intent",
            "ordinal": 1,
            "at": "2026-04-20T12:00:00Z",
            "label": "an endpoint",
            "method": "POST",
            "path": "/v1/x",
            "reserved_usd": "0.04",
        }


def test_a_call_that_cannot_be_announced_is_not_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with Journal(tmp_path / "run.jsonl", lambda: NOW) as journal:
        budget = Budget(9, journal=journal)
        made(budget)
        monkeypatch.setattr("os.fsync", full)
        assert refused(budget) == (
            "the journal could not be written (No space left on device); nothing was sent"
        )
        budget.answered(1, 200)
        monkeypatch.undo()
        assert (budget.calls, made(budget).ordinal) == (1, 2)
        assert [call.inconclusive for call in journal.calls.values()] == ["interrupted"] * 2
    with Journal(tmp_path / "run.jsonl", lambda: NOW) as journal:
        assert list(journal.calls) == [1, 2]
