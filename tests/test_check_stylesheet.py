"""Stylesheets: only what is shipped, or known to hide and change no text, is without a finding."""

from pathlib import Path

import pytest
from conftest import TOP

from trueup.check.stylesheet import check_style

FILE = Path("overrides/assets/own.css")
REFUSED = """\
.tu-risk, .tu-mark { display: none !important }
@media screen { .md-header { color: red } .tu-risk { opacity: 0 } }
.md-typeset { & .tu-mark { font-size: 0 } }
.md-header { .tu-mark & { margin: 0 } }
.t\\75 -legacy { position: absolute; left: -9999px }
[class^="tu"] { color: #fff }
* { font-size: 0 }
/* } */ .md-content li { visibility: hidden }
article p::before { content: 'Recommended.' }
.md-header::after { content: 'Recommended.' }
:root { --md-typeset-color: #fff }
:root { --md-default-bg-color: #000 }
:root { --tu-bad: #00600f }
:root { all: unset }
strong { color: white }
main { max-block-size: 0 }
main { block-size: 0; overflow: hidden }
li { line-height: 0 }
li { inline-size: 0 }
.md-typeset li { letter-spacing: -1em }
.md-typeset li:nth-child(2) { display: none }
.md-typeset ul:has(li) { zoom: 0.01 }
section { counter-reset: a }
.md-typeset p { text-transform: uppercase }
.md-typeset p { text-decoration: line-through }
.md-typeset p { direction: rtl; unicode-bidi: bidi-override }
.md-typeset p { user-select: none }
.md-typeset p { all: unset }
.md-typeset ::selection { color: #fff }
.md-typeset h1 ~ ul { margin: 0 }
.md-header ~ .md-container { margin: 0 }
.md-header + div p { color: #fff }
.md-header:has(a) ~ div { color: #fff }
.md-header { inset: 0; z-index: 9 }
.md-header { position: fixed }
.md-header { height: 100vh }
.md-header { padding: 50rem }
.md-header { margin: -9rem }
.md-header { border-bottom: 99px solid #fff }
.md-header { transform: scale(100) }
.md-header { background: url(a.svg) }
.md-header { color: var(--md-default-bg-color) }
.md-header { font-size: 1000px }
.md-footer { display: none }
.md-search-result__article { color: #fff }
.md-overlay { background-color: #fff }
.md-main__inner { padding: 0 }
.md-typeset h1 { color: #fff }
.md-typeset h1 { color: navy }
.md-typeset h1 { color: transparent }
.md-typeset h1 { color: inherit; color: #eee }
.md-typeset h1 { font-size: 0 }
.md-typeset a { color: #222 }
.md-typeset a, li { color: #0b84a5 }
:root { --md-typeset-a-color: #fff }
:root { --md-typeset-a-color: #222 }
:root { --md-typeset-a-color: var(--md-default-bg-color) }
[data-md-color-scheme="slate"] { --md-typeset-a-color: #eee }
@media screen { [data-md-color-scheme="slate"] { --md-typeset-a-color: #222 } }
@media print { .md-header { margin: 0 } }
@supports (color: red) { .md-header { margin: 0 } }
@layer a { .md-header { margin: 0 } }
@layer a;
@container (width > 1px) { .md-header { margin: 0 } }
@keyframes a { to { opacity: 0 } }
@property --md-hue { syntax: "*"; inherits: false }
@import "a.css";
@import url(a.css);
@charset "utf-16";
@font-face { font-family: Roboto; src: url(a.woff2) }
:root { --md-text-font: Wingdings }
:root { --md-text-font: "Noto Emoji" }
:root { --md-text-font: "Roboto, Arial }
.md-header { font-family: Webdings, Arial }
.md-header { margin: 0 }; .md-footer { margin: 0 }
.md-header { margin: 0 } } .md-footer { margin: 0 }
@media screen { ; .md-header { margin: 0 } }
.md-header { margin: (0; } .md-footer { margin: 0 }
.md-header { margin: "/*" } .tu-risk { opacity: 0 } /* */
.md-header { margin: 0 /*
.md-header { margin: 0
.md-header
a\\{} .md-header { margin: 0 }
[a="{] {} .md-header { margin: 0 }
.md-header\u00a0.tu-mark { margin: 0 }
<!-- .md-header { margin: 0 } -->
.md-header { mar/**/gin: 0 }
{ margin: 0 }""".splitlines()
FINE = """\
:root { --md-primary-fg-color: #123; --md-primary-fg-color--light: rebeccapurple }
[data-md-color-scheme] { --md-accent-fg-color--transparent: #00687f1a; --md-hue: 210deg }
[data-md-color-scheme="default"] { --md-typeset-a-color: #00f }
@media screen { [data-md-color-scheme="slate"] { --md-typeset-a-color: #9cf } }
:root { --md-typeset-a-color: #0b84a5 }
:root:lang(de) { --md-text-font: Inter, "Helvetica Neue", 'Segoe UI', sans-serif }
[data-md-color-scheme="default"] .md-typeset h1, [data-md-color-scheme="default"] .md-typeset a:hover { color: Navy }
@media screen { [data-md-color-scheme="slate"] .md-typeset h2 { color: #fff } }
.md-header, .md-tabs { background-color: #5a1f8a; color: white; border-bottom: 2px solid #fff }
@media screen and (min-width: 60em) { .md-header__title { font-size: 0.9rem; font-weight: 700 } }
.md-footer>.md-footer-meta a:hover { color: #fff; border: 0; border-radius: 0.2rem }
.md-logo img, .md-header__button.md-logo svg { height: 2rem; width: auto }
.md-nav__link { margin: 0 0.2em; padding-left: .5rem; font-family: Arial } /* the menu */
/* nothing */""".splitlines()  # noqa: E501


@pytest.mark.parametrize("css", REFUSED)
def test_a_rule_that_could_hide_or_change_text_is_found(css: str) -> None:
    assert [*check_style(FILE, css, "")]
    assert [*check_style(FILE, f".md-header {{ margin: 0 }}\n{css}", "")]


@pytest.mark.parametrize("css", FINE)
def test_a_rule_of_the_shell_or_of_a_readable_colour_is_fine(css: str) -> None:
    assert [*check_style(FILE, css, "")] == []


def test_a_finding_names_selector_property_value_and_line() -> None:
    css = ".md-header { margin: 0 }\n@media screen {\n  .tu-mark,\n  b { Opacity: 0 }\n}\n"
    (found,) = check_style(FILE, css, "")
    assert found.where.line == 4 and "overrides of the policy" in found.fix
    assert "'@media screen { .tu-mark, b { opacity: 0 } }'" in found.problem


SHIPPED = "".join(file.read_text() for file in sorted((TOP / "overrides/assets").glob("*.css")))
EDITS = {
    "unchanged": ("", "", True),
    "a colour of one's own": ("-primary-fg-color: #14424f", "-primary-fg-color: #a0f", True),
    "links of one's own": ("-typeset-a-color: #0b5b71", "-typeset-a-color: #7b1fa2", True),
    "links as paper": ("--md-typeset-a-color: #0b5b71", "--md-typeset-a-color: #eee", False),
    "headings for one paper": ("0.8em; color: inherit;", "0.8em; color: navy;", False),
    "a rule between": (".md-logo img {", ".md-top { color: red }\n.md-logo img {", True),
    "fonts of one's own": ("--md-code-font: ui-monospace,", "--md-code-font: Roboto,", True),
    "another mark": ('bad::before { content: "✕"; }', 'bad::before { content: "✓"; }', False),
    "another ink": ("--tu-bad: #a30000", "--tu-bad: #ffffff", False),
    "a reset less": (".md-typeset .tu-column { display: inline; }", "", False),
    "a declaration less": ("font-weight: 600;", "", False),
    "another order": ("@page { margin: 16mm; }", "", False),
    "a shipped rule again": ("@page {", ".tu-bases { display: none; }\n@page {", False),
    "another at-rule": ("@media print { .tu-markdown", "@media screen { .tu-markdown", False),
    "a dead rule": ("@page {", "} @page {", False),
    "a rule in a dead comment": ("@page {", "@page { /* ", False),
}  # fmt: skip


@pytest.mark.parametrize("edit", EDITS)
def test_a_changed_copy_of_the_shipped_style_keeps_all_of_it_in_order(edit: str) -> None:
    old, new, is_fine = EDITS[edit]
    assert old in SHIPPED
    css = SHIPPED.replace(old, new, 1) + (old if edit == "another order" else "")
    assert (not [*check_style(FILE, css, SHIPPED)]) is is_fine


def test_a_part_of_the_shipped_style_is_no_style_of_its_own() -> None:
    assert len([*check_style(FILE, ".md-typeset .tu-column { display: none; }", "")]) == 1
    (lost,) = check_style(FILE, "", SHIPPED)
    assert "lacks a part" in lost.problem and "in all" in lost.fix
