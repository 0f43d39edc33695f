import pytest

from trueup.message import Message, Place


@pytest.mark.parametrize(
    ("place", "text"),
    [
        (Place("--route x"), "--route x"),
        (Place("a: b.md", 3), "a: b.md:3"),
        (Place("status.yml", 41, 3), "status.yml:41:3"),
        (Place("b\udcff.md", 1), "b\\xff.md:1"),
    ],
)
def test_a_place_is_written_with_the_line_and_column_that_it_has(place: Place, text: str) -> None:
    assert str(place) == text


def test_a_message_is_a_problem_and_a_fix_behind_its_place() -> None:
    place = Place("a: b.md")
    message = Message(place, "not UTF-8", "Save it as UTF-8.")
    assert str(message) == "a: b.md: not UTF-8. Save it as UTF-8."
    assert message.where is place
    assert Message(place, "not UTF-8", "").text == "not UTF-8."
