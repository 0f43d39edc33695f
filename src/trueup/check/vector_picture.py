"""Vector picture: an SVG file, which a browser may open as a page of its own, draws and no more."""

import re
from collections.abc import Iterator

from lxml import etree

SVG = "http://www.w3.org/2000/svg"
ELEMENTS = {
    *("svg", "g", "defs", "symbol", "use", "title", "desc", "metadata", "style"),
    *("path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "text", "tspan", "image"),
    *("textPath", "linearGradient", "radialGradient", "stop", "pattern", "clipPath", "mask"),
    *("marker", "filter", "feBlend", "feColorMatrix", "feComposite", "feFlood", "feGaussianBlur"),
    *("feMerge", "feMergeNode", "feOffset"),
}
NOTES = (
    "http://www.inkscape.org/namespaces/inkscape",
    "http://sodipodi.sourceforge.net/DTD/sodipodi-0.dtd",
    "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "http://creativecommons.org/ns#",
    "http://purl.org/dc/elements/1.1/",
)
"""The namespaces of what drawing programs note for themselves; no browser shows it."""
LINK = re.compile(r"#|data:image/(?:png|jpeg|gif|webp);base64,")
ENCODINGS = ("UTF-8", "ASCII", "US-ASCII")
DECLARED = re.compile(rb"<!(?:ENTITY|ATTLIST|ELEMENT|NOTATION)")
STYLE = re.compile(r"@import|\\|url\(\s*[^\s#]|image\(|image-set\(", re.IGNORECASE)


def active_content(content: bytes) -> Iterator[tuple[int, str]]:
    """Yield the line and name of each part of an SVG file that is not known to be without effect:
    script, links to elsewhere, and elements of other languages. Line 0 is the whole file."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError):
        yield 0, "text that is no XML"
        return
    info = root.getroottree().docinfo
    if (info.encoding or "UTF-8").upper() not in ENCODINGS or DECLARED.search(content):
        yield 0, "declarations of its own, or another encoding than UTF-8"
    for node in root.xpath("//node()[not(self::text())]"):
        if isinstance(node, etree._Comment):
            continue
        if not isinstance(node.tag, str):
            yield node.sourceline or 0, "a processing instruction or entity"
            continue
        name = etree.QName(node)
        kept = f"SVG:{name.localname}" if name.namespace == SVG else name.namespace
        if kept not in {*NOTES, *(f"SVG:{one}" for one in ELEMENTS)}:
            yield node.sourceline or 0, f"the element {name.localname}"
        if name.localname == "style" and STYLE.search("".join(node.itertext())):
            yield node.sourceline or 0, "a style that loads a file"
        for key, value in node.items():
            local = etree.QName(key).localname.lower()
            is_loading = local in ("href", "src") and not LINK.match(value)
            if local.startswith("on") or is_loading or STYLE.search(value):
                yield node.sourceline or 0, f"the attribute {local} of {name.localname}"
