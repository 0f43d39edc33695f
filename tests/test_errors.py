"""Errors: what the command line ends with, and every complaint of a status file at once."""

import pytest

from trueup.errors import BadInput, BadStatus, TrueupError, Unreachable


def leaves(kind: type[TrueupError]) -> set[type[TrueupError]]:
    return {kind}.union(*(leaves(one) for one in kind.__subclasses__()))


def test_the_tree_is_the_one_that_is_drawn() -> None:
    assert leaves(TrueupError) == {TrueupError, BadInput, BadStatus, Unreachable}
    assert issubclass(BadStatus, BadInput)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (BadInput("status.yml: it is gone; a file was expected. Write it."), 2),
        (BadStatus(["status.yml:1: a", "status.yml:2: b"]), 2),
        (Unreachable("sandbox: none was found; one was expected. Install one."), 3),
    ],
)
def test_an_exit_code_tells_whose_fault_it_is(error: TrueupError, code: int) -> None:
    assert error.exit_code == code


def test_a_bad_status_is_told_whole_and_line_by_line() -> None:
    error = BadStatus(["status.yml:1: a", "status.yml:2: b"])
    assert error.complaints == ("status.yml:1: a", "status.yml:2: b")
    assert str(error) == "status.yml:1: a\nstatus.yml:2: b"
