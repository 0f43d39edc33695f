"""Values for property tests: texts that a file could represent as another value."""

from hypothesis import strategies as st

from trueup.request import Difference

hostile = st.one_of(
    st.text(min_size=1, max_size=30),
    st.text(
        alphabet=" '\"\\:#-?{}[]&*!|>%@`,\n\r\t\u2028\x85\ufeff\x00aé😀0", min_size=1, max_size=9
    ),
    st.sampled_from(
        ["yes", "null", "~", "2026-01-01", "16:9", "010", "1e3", "=", "<<", "{{ x }}", "{% x %}"]
        + [" a", "a ", "a: b", "a #b", "- a", "...", "---", "a:", "12", "0x1f", ".nan", "on"]
    ),
)
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**40), 10**40)
    | hostile
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(hostile, inner, max_size=3),
    max_leaves=8,
)
paragraphs = st.lists(hostile | st.text(), min_size=1, max_size=30).map(" ".join).filter(bool)
"""Texts long enough to be wrapped."""
differences = st.builds(
    Difference,
    path=st.lists(hostile | st.integers(0, 9), min_size=1, max_size=4).map(tuple),
    recorded=json_values,
    now=json_values,
    absent=st.sampled_from([None, "recorded", "now"]),
)
