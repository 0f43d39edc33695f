"""Page policy: whether a built page has its content security policy, what that blocks, and the
scripts and styles in the page that the theme does not have."""

import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from trueup.check.built_article import BuiltPage
from trueup.finding import Finding
from trueup.site import RUN, is_secured
from trueup.site.built_pages import without_colours
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
PICTURES = ("img", "input", "link", "image")
"""Elements that may load a picture within the page itself."""
JINJA = re.compile(r"\{\{.*?\}\}")
INLINE = re.compile(r"<(script|style)\b[^>]*>(.*?)</\1>", re.DOTALL)


def theme_inlines(theme: Path) -> list[re.Pattern[str]]:
    """Return a pattern for each script and style in the templates of a theme; where a template puts
    in a value, it matches the inside of a text."""
    texts = {
        found[2]
        for file in theme.rglob("*.html")
        for found in INLINE.finditer(file.read_text(encoding="utf-8"))
        if found[2].strip() and "{%" not in found[2]
    }
    value = r"""[^"'<>\\{}()]*"""
    return [re.compile(value.join(map(re.escape, JINJA.split(text)))) for text in sorted(texts)]


def check_policy(page: BuiltPage, inlines: Collection[re.Pattern[str]]) -> Iterator[Finding]:
    """Return findings in a built page; `inlines` are the scripts and styles that it may have."""
    if not is_secured(page.text):
        problem = "the page has no content security policy, or not its own"
        fix = "Build the site again, and change no page afterwards."
        yield Finding(page.place(), problem, fix, "page-policy")
    root = parse_html(without_colours(page.text))
    for element in root.iter() if root is not None else ():
        if not isinstance(element.tag, str):
            continue
        place = page.place(element.sourceline or 0)
        named = {str(name): str(value) for name, value in element.attrib.items()}
        if what := _blocked(element.tag, named):
            problem = f"the page's policy will block {what}"
            yield Finding(place, problem, "Remove it, or serve it with the site.", "page-policy")
        if _is_inline(element.tag, named):
            text = "".join(element.itertext())
            if not any(one.fullmatch(text) for one in inlines):
                problem = f"a {element.tag} in the page is none of the theme"
                fix = "Remove it, or put it into a file of overrides/."
                yield Finding(place, problem, fix, "page-policy")


def _is_inline(tag: str, named: Mapping[str, str]) -> bool:
    kind = named.get("type", "").lower()
    return tag == "style" or (tag == "script" and "src" not in named and kind in RUN)


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
