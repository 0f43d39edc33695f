"""Expressions of a page: which are the call of one macro, with the arguments that it takes."""

import pytest

from trueup.site.macro_calls import MacroCall, expressions_in, problem_of

NAMES = {"model": ("acorn",), "endpoint": ("acorn/images",)}
ADVICE = MacroCall(macro="advice", arguments=("acorn",))


@pytest.mark.parametrize(
    ("text", "call"),
    [
        ('{{ advice("acorn") }}', ADVICE),
        ('{{ advice("acorn") | indent }}', ADVICE),
        ('{{ advice("acorn") | indent(4) }}', ADVICE),
        ('{{ advice("acorn") | upper }}', None),
        ('{{ advice("acorn") | replace("not ", "") }}', None),
        ('{{ advice("acorn") | indent(advice("acorn")) }}', None),
        ('{{ advice("acorn") | indent(4, true) }}', None),
        ('{{ advice("acorn") | indent(width=4) }}', None),
        ('{{ advice("acorn") | indent | upper }}', None),
        ('{{ advice("acorn") ~ "It is fine." }}', None),
        ('{{ "It is fine." }}', None),
        ('{{ dict(note="fine").note }}', None),
        ('{{ "".join("fine") }}', None),
        ('{% set x = advice("acorn") %}', None),
    ],
)
def test_an_expression_is_the_call_of_one_macro_or_none(text: str, call: MacroCall | None) -> None:
    (found,) = expressions_in(text)
    assert found.call == call


@pytest.mark.parametrize(
    ("text", "is_fine"),
    [
        ('{{ advice("acorn") }}', True),
        ('{{ advice(model="acorn") }}', True),
        ('{{ advice("acorn", other="It is fine.") }}', False),
        ('{{ advice(other="It is fine.") }}', False),
        ('{{ advice("acorn", model="acorn") }}', False),
        ('{{ advice("It is fine.") }}', False),
        ('{{ fix_url("It is fine.") }}', False),
        ('{{ dict(note="It is fine.") }}', False),
        ("{{ macros_info() }}", False),
        ("{{ context() }}", False),
        ("{{ lipsum() }}", False),
        ("{{ range(3) }}", False),
        ('{{ cycler("It is fine.") }}', False),
    ],
)
def test_a_macro_is_one_of_trueup_with_its_own_arguments(text: str, is_fine: bool) -> None:
    (found,) = expressions_in(text)
    assert found.call is not None
    assert (problem_of(found.call, NAMES) is None) == is_fine
