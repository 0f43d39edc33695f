"""Errors: the exit codes of the command line, and every message of a status file at once."""

import pytest

from trueup.errors import BadInput, BadStatus, TrueupError, Unreachable
from trueup.message import Message
from trueup.place import Place


def leaves(kind: type[TrueupError]) -> set[type[TrueupError]]:
    return {kind}.union(*(leaves(child) for child in kind.__subclasses__()))


def test_the_tree_is_the_one_that_is_drawn() -> None:
    assert leaves(TrueupError) == {TrueupError, BadInput, BadStatus, Unreachable}
    assert issubclass(BadStatus, BadInput)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (BadInput("status.yml", "no such file", "Check the path."), 2),
        (BadStatus([Message(Place("status.yml", 1), "a", "A.")]), 2),
        (Unreachable("sandbox", "none was found", "Install one."), 3),
    ],
)
def test_an_error_has_an_exit_code_and_a_message(error: TrueupError, code: int) -> None:
    assert error.exit_code == code
    assert str(error) == str(error.message)


def test_a_bad_status_has_a_message_a_line_in_the_order_of_the_file() -> None:
    late, early = (Message(Place("status.yml", line), "a", "A.") for line in (20, 3))
    error = BadStatus([late, early])
    assert error.messages == (early, late)
    assert str(error) == "status.yml:3: a. A.\nstatus.yml:20: a. A."
