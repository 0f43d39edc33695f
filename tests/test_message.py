from trueup.message import Message
from trueup.place import Place


def test_a_message_is_a_problem_and_a_fix_behind_its_place() -> None:
    place = Place("a: b.md")
    message = Message(place, "not UTF-8", "Save it as UTF-8.")
    assert str(message) == "a: b.md: not UTF-8. Save it as UTF-8."
    assert message.where is place
    assert Message(place, "not UTF-8", "").text == "not UTF-8."
