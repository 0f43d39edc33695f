"""Vector pictures: what a browser would run, load or show besides a drawing is found."""

import pytest
from conftest import TOP

from trueup.check.vector_picture import active_content

HEAD = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">'
FOUND = {
    "<script>a()</script>": "the element script",
    '<g onload="a()"/>': "the attribute onload of g",
    "<foreignObject/>": "the element foreignObject",
    '<p xmlns="http://www.w3.org/1999/xhtml">Recommended.</p>': "the element p",
    '<script xmlns="http://www.w3.org/1999/xhtml"/>': "the element script",
    '<p xmlns=""/>': "the element p",
    '<a href="https://a.example"/>': "the element a",
    '<use href="https://a.example/b.svg#c"/>': "the attribute href of use",
    '<image xlink:href="data:image/svg+xml;base64,AA"/>': "the attribute href of image",
    '<use href=" javascript:a()"/>': "the attribute href of use",
    '<animate attributeName="href" to="javascript:a()"/>': "the element animate",
    "<style>@import 'https://a.example/b.css';</style>": "a style that loads a file",
    '<g style="fill: url(https://a.example/b)"/>': "the attribute style of g",
    "<?xml-stylesheet href='a.css'?>": "a processing instruction or entity",
    "<g>": "text that is no XML",
}
FINE = (
    '<path d="M0 0h1"/><g id="a" fill="url(#b)"><title>A</title></g><use xlink:href="#a"/>',
    "<style>@media (prefers-color-scheme: dark) { path { fill: #fff } }</style>",
    '<image href="data:image/png;base64,AA"/><!-- a -->',
    '<n:a xmlns:n="http://www.inkscape.org/namespaces/inkscape" n:b="1"/>',
)


@pytest.mark.parametrize("body", FOUND)
def test_a_part_of_a_picture_that_does_more_than_draw_is_found(body: str) -> None:
    found = [part for _, part in active_content(f"{HEAD}\n{body}</svg>".encode())]
    assert FOUND[body] in found


def test_a_document_that_a_browser_may_read_otherwise_is_found() -> None:
    for content in (
        f"<!DOCTYPE svg [<!ATTLIST svg onload CDATA 'a()'>]>{HEAD}</svg>".encode(),
        f"<?xml version='1.0' encoding='utf-16'?>{HEAD}</svg>".encode("utf-16"),
        f"<?xml-stylesheet href='a.css'?>{HEAD}</svg>".encode(),
        b"<svg/>",
        b"<html xmlns='http://www.w3.org/1999/xhtml'/>",
        b"",
    ):
        assert [*active_content(content)], content


@pytest.mark.parametrize("body", FINE)
def test_a_drawing_is_fine(body: str) -> None:
    assert [*active_content(f"{HEAD}{body}</svg>".encode())] == []


def test_the_shipped_pictures_are_fine() -> None:
    for file in (TOP / "overrides").rglob("*.svg"):
        assert [*active_content(file.read_bytes())] == []
