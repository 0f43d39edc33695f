"""Page policy: whether a built page has its content security policy, and what that blocks."""

import re
from collections.abc import Iterator, Mapping

from lxml import etree

from trueup.finding import Finding
from trueup.place import Place
from trueup.site import is_secured, without_colours
from trueup.site.visible_blocks import parse_html

EXTERNAL = re.compile(r"\s*(?:[A-Za-z][A-Za-z0-9+.-]*:|//|\\\\|/\\|\\/)")
LOADED = {
    **dict.fromkeys(("script", "img", "input"), ("src",)),
    **dict.fromkeys(("source", "video", "audio", "track"), ("src",)),
    "link": ("href",),
    "image": ("href", "xlink:href"),
    "use": ("href", "xlink:href"),
}
"""The attributes by which an element loads something."""
LINKED = ("stylesheet", "icon", "preload", "modulepreload", "manifest", "prefetch")
"""The relations of a link that load something."""
NEVER = (
    "iframe",
    "frame",
    "object",
    "embed",
    "applet",
    "portal",
    "video",
    "audio",
    "base",
    "track",
)
"""Elements that the policy never allows."""
CHECKED = frozenset((*LOADED, *NEVER, "form", "meta"))
RUNS = re.compile("on|formaction$")
"""The start of the attributes that run something, of any element."""
PICTURES = ("img", "input", "link", "image")
"""Elements that may load a picture within the page itself."""


def check_policy(page: str, text: str) -> Iterator[Finding]:
    """Return findings in a built page."""
    if not is_secured(text):
        problem = "the page has no content security policy, or not its own"
        fix = "Build the site again, and change no page afterwards."
        yield Finding(Place(f"site/{page}"), problem, fix, "page-policy")
    try:
        root = parse_html(without_colours(text))
    except ValueError:  # only an edit nests elements without end
        return
    if root is None:
        return
    for element in root.iter("*"):
        if element.tag in CHECKED or any(map(RUNS.match, element.keys())):
            yield from check_element(element, Place(f"site/{page}", element.sourceline or 0))
    yield from _check_diagrams(page, root)


def _check_diagrams(page: str, root: etree._Element) -> Iterator[Finding]:
    """Return a finding for each Mermaid diagram of a page without a script of the site's own for
    them: the theme then loads one from another host."""
    if any("mermaid" in script.get("src", "") for script in root.iter("script")):
        return
    for diagram in root.iter("pre"):
        if "mermaid" in diagram.get("class", "").split():
            problem = "the page's policy will block the script that draws a mermaid diagram"
            fix = "Show a picture, or serve mermaid.min.js with the site, by extra_javascript."
            yield Finding(
                Place(f"site/{page}", diagram.sourceline or 0), problem, fix, "page-policy"
            )


def check_element(element: etree._Element, place: Place) -> Iterator[Finding]:
    """Return a finding for an element that the policy of its page blocks."""
    named = {str(name): str(value) for name, value in element.attrib.items()}
    if what := _blocked(str(element.tag), named):
        problem = f"the page's policy will block {what}"
        yield Finding(place, problem, "Remove it, or serve it with the site.", "page-policy")


def _blocked(tag: str, named: Mapping[str, str]) -> str | None:
    """Return what of an element the policy blocks; None for one that it allows."""
    handler = next((name for name in named if name.startswith("on")), None)
    if handler is not None:
        return f"{handler} of <{tag}>"
    if tag in NEVER:
        return f"<{tag}>"
    if tag == "form" and "action" in named or "formaction" in named:
        return f"the form of <{tag}>"
    if tag == "meta" and named.get("http-equiv", "").lower() == "refresh":
        return "<meta> that leads to another page"
    if tag == "link" and not {*named.get("rel", "").lower().split()} & {*LINKED}:
        return None
    for name in LOADED.get(tag, ()):
        value = named.get(name, "")
        inside = tag in PICTURES and value.strip().lower().startswith("data:")
        if EXTERNAL.match(value) and not inside:
            return f"<{tag} {name}={value[:60]!r}>"
    return None
