"""Finding: how something wrong is told, and in which order."""

from trueup.finding import Finding

TEXT = "a bash block is typed in the page; one from snippets/ was expected. Use a macro."


def test_a_finding_names_its_place_first_and_its_rule_last() -> None:
    finding = Finding("docs/en/index.md:18", "typed-block", TEXT)
    assert str(finding) == f"docs/en/index.md:18: {TEXT} [typed-block]"


def test_a_warning_says_that_it_is_one() -> None:
    finding = Finding("status.yml:3", "old-hold", "the hold is old.", "warning")
    assert str(finding) == "status.yml:3: warning: the hold is old. [old-hold]"


def test_a_finding_is_an_error_unless_it_says_otherwise() -> None:
    assert Finding("status.yml:3", "rule", "text").severity == "error"


def test_findings_are_listed_by_place_then_rule_and_each_once() -> None:
    first, second, third = (
        Finding("a.md:1", "b", "x"),
        Finding("a.md:1", "c", "a"),
        Finding("b.md:1", "a", "a"),
    )
    assert sorted({third, second, first, Finding("a.md:1", "b", "x")}) == [first, second, third]
