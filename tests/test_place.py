import pytest

from trueup.place import Place, TextPositions


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


def test_a_position_is_the_place_in_the_file_of_an_index_into_a_part_of_it() -> None:
    positions = TextPositions("a.md", "é\r\n\u2028b\n", first=4)
    found = [str(positions.place(index)) for index in (0, 2, 3, 4, 6, 99)]
    assert found == ["a.md:4:1", "a.md:4:3", "a.md:5:1", "a.md:5:2", "a.md:6:1", "a.md:6:1"]
