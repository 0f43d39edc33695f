"""The policy of a page: it allows the page's own scripts and styles, and nothing else."""

import html
import re
from pathlib import Path

import pytest

from trueup.site import change_pages, policy_of, secure_page

ALERT = "'sha256-bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI='"
"""The hash of `alert(1)`, made by another program."""
PAGE = '<!doctype html>\n<html>\n<head>\n  <meta charset="utf-8">\n<title>T</title></head></html>'


def part(page: str, name: str) -> str:
    found = re.search(rf"(?:^|; ){name} ([^;]*)", policy_of(page))
    assert found
    return found[1]


def test_a_script_of_the_page_is_allowed_by_its_hash() -> None:
    assert part("<script>alert(1)</script>", "script-src") == f"'self' {ALERT}"
    assert part('<script type="module">alert(1)</script>' * 2, "script-src") == f"'self' {ALERT}"


@pytest.mark.parametrize(
    "page",
    [
        "<p>none</p>",
        '<script type="application/json">alert(1)</script>',
        '<script src="x.js">alert(1)</script>',
        "<p onclick='alert(1)'>",
        "<!-- <script>alert(1)</script> -->",
        "<a href='javascript:alert(1)'>",
        "<p>&lt;script>alert(1)&lt;/script></p>",
    ],
)
def test_nothing_but_a_script_of_the_page_gets_a_hash(page: str) -> None:
    assert part(page, "script-src") == "'self'"


def test_line_ends_are_hashed_as_browsers_read_them() -> None:
    assert policy_of("<script>a\r\nb\rc</script>") == policy_of("<script>a\nb\nc</script>")


def test_styles_are_allowed_one_by_one_and_nothing_is_allowed_inline_as_such() -> None:
    assert part("<p>", "style-src") == "'self'"
    element = part("<style>p {}</style>", "style-src")
    assert element.startswith("'self' 'sha256-") and "unsafe" not in element
    assert "'unsafe-hashes' 'sha256-" in part('<p style="color: red">', "style-src")
    assert "unsafe-inline" not in policy_of('<style>p {}</style><p style="a">')
    assert part("<p>", "default-src") == part("<p>", "base-uri") == "'none'"


def test_the_policy_is_inserted_before_any_script(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text(PAGE)
    (tmp_path / "b.html").write_text("<head><script>alert(1)</script></head>")
    (tmp_path / "c.html").write_text("no page")
    change_pages(tmp_path, secure_page)
    first = html.unescape((tmp_path / "a.html").read_text())
    meta = f'<meta http-equiv="Content-Security-Policy" content="{policy_of(PAGE)}">'
    assert first == PAGE.replace('<meta charset="utf-8">', f'<meta charset="utf-8">{meta}')
    second = html.unescape((tmp_path / "b.html").read_text())
    assert second.startswith('<head><meta http-equiv="Content-Security-Policy"') and ALERT in second
    assert (tmp_path / "c.html").read_text() == "no page"
