"""Hostile bodies: texts that break any careless quoting, as many as the profile draws."""

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

from trueup.snippet.quoting import ARGUMENT_LIMIT, render_json

repeatable = settings(derandomize=True, deadline=None, database=None)
BATCH = 13
BATCHES = max(2, repeatable.max_examples // BATCH)  # the first is always of the simplest texts
BIG = 100 * 1024
HOSTILE = (
    *("'", '"', "\\", "$(id)", "${HOME}", "`id`", "\n", "\t", "\r", "\r\n", "!!", "%s", "\0", "@x"),
    *("{{ 7*7 }}", "{% raw %}", "{#", "#}", "```", "~~~", "=== 'x'", "<!--stamp:x-->", "</code>"),
    *("<script>", "&amp;", "&#10;", "[x](y)", "{ .x #y }", "\\'", "'\\''", "\\\n", " \n ", "  "),
    *("\U0001f468\u200d\U0001f469\u200d\U0001f467", "\U0001f3f3\ufe0f\u200d\U0001f308", "e\u0301"),
    *("\u2028", "\u2029", "\x85", "\ufeff", "\u00a0", "\u200b", "\u202e", "\u0301", "\x1b[31m"),
    *("\ue000", "\uf8ff", "\uffff", "\U000e0041", "\U000f0000", "\U0010ffff"),
    *("\x02", "\x03", "\x7f"),
)
texts = st.lists(st.sampled_from(HOSTILE) | st.text(max_size=8), max_size=6).map("".join)
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(10**60), 10**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
bodies = st.dictionaries(texts, values, max_size=4)


def stretched(unit: str) -> dict[str, Any]:
    """Return a body of one text of at most 100 KiB, made of whole units."""
    body = {"prompt": unit * (BIG // len(render_json(unit)[1:-1].encode()))}
    assert BIG / 2 < len(render_json(body).encode()) < ARGUMENT_LIMIT
    return body


big_bodies = texts.filter(bool).map(stretched)
batches = st.tuples(st.lists(bodies, min_size=BATCH - 1, max_size=BATCH - 1), big_bodies).map(
    lambda drawn: [*drawn[0], drawn[1]]
)
