"""Stylesheet: the declarations of a site's own CSS, each of which must be shipped with Trueup or
harmless. Text that a browser could read otherwise than this module is no allowed declaration."""

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from pathlib import Path
from typing import NamedTuple

from trueup.finding import Finding
from trueup.place import Place

TOKEN = re.compile(r"""/\*.*?\*/|"[^"\\\n\r\f]*"|'[^'\\\n\r\f]*'|[{};]|[^{};"'\\/]+|.""", re.DOTALL)
"""A string that ends in its line, or a part without strings; an escape and a comment that does not
end are in no allowed declaration."""
SPACE = re.compile(r"[ \t\r\n\f]+")
COMMENT = "/**/"
SCREEN = re.compile(
    r"@media screen(?: and \((?:min|max)-width: ?\d{2,4}(?:\.\d+)?(?:px|em|rem)\))?"
)
SCHEME = r'\[data-md-color-scheme="(?:default|slate)"\]'
PALETTE = rf":root|\[data-md-color-scheme\]|{SCHEME}"
TITLE = rf"(?:{SCHEME} )?\.md-(?:typeset|content) (?:h[1-6]|a)(?::hover|:focus)?"
PART = (
    r"(?:\.md-(?:header|footer|nav|tabs|search|logo|source|copyright|social|sidebar|top)"
    r"(?![\w-]*result)[\w-]*)+"
)
SHELL = rf"{PART}(?: (?:> )?(?:{PART}|a|img|svg|span|li|ul))*(?::hover|:focus|:focus-visible)?"
"""Parts of the theme around the article, and what is in them."""
SIZE = r"(?:0|(?:0?\.\d+|1)r?em|1?\dpx)"
"""Little enough that the header, which stays in sight, covers no text."""
INK = "a colour that can be read on the paper of its scheme"
COLOUR = r"#[0-9a-f]{3}|#[0-9a-f]{6}|[a-z]{3,20}"
FAMILY = (
    r"(?:-apple-system|BlinkMacSystemFont|system-ui|(?:ui-)?(?:sans-)?serif|(?:ui-)?monospace"
    r"|(?:Arial|Cambria|Cantarell|Consolas|Courier New|DejaVu|Fira|Georgia|Helvetica|Hiragino"
    r"|IBM Plex|Inter|Lato|Liberation|Meiryo|Menlo|Microsoft YaHei|Monaco|Noto|Open Sans|PingFang"
    r"|Roboto|SFMono-Regular|Segoe UI|Source|Tahoma|Times|Trebuchet|Ubuntu|Verdana|Yu Gothic)"
    r"(?: (?!emoji|symbol)[A-Za-z]+)*)"
)
"""Installed fonts that draw each letter as itself."""
FONT = rf"""(?:{FAMILY}|"{FAMILY}"|'{FAMILY}')"""
FONTS = rf"{FONT}(?:, ?{FONT})*"
ALLOWED: tuple[tuple[str, str, str], ...] = (
    (PALETTE, r"--md-primary-(?:fg|bg)-color(?:--light|--dark)?", COLOUR),
    (PALETTE, "--md-typeset-a-color|--md-accent-fg-color", INK),
    (TITLE, "color", INK),
    (PALETTE, r"--md-accent-bg-color(?:--light)?", COLOUR),
    (PALETTE, "--md-accent-fg-color--transparent", "#[0-9a-f]{6}[0-3][0-9a-f]"),
    (PALETTE, "--md-hue", r"\d{1,3}(?:deg)?"),
    (r":root(?::lang\([a-z-]+\))?", "--md-(?:text|code)-font", FONTS),
    (SHELL, r"(?:padding|margin)(?:-[a-z]+)*", rf"{SIZE}(?: {SIZE}){{0,3}}"),
    (SHELL, "border(?:-(?:top|bottom|left|right))?", rf"0|none|[1-4]px solid(?: (?:{COLOUR}))?"),
    (SHELL, "border-radius", SIZE),
    (SHELL, "(?:background-)?color", COLOUR),
    (SHELL, "font-family", FONTS),
    (SHELL, "font-size", r"(?:0\.[6-9]\d?|1(?:\.[0-3]\d?)?)rem|(?:1\d|2[0-4])px"),
    (SHELL, "font-weight", "normal|bold|[3-8]00"),
    (rf"{PART} (?:img|svg)", "height|width", r"auto|(?:0?\.[89]\d?|[12](?:\.\d+)?)rem"),
)
"""Selector, property and value of what a site may declare."""
WHITE, DARK = (255, 255, 255), (30, 38, 41)
"""The papers of the light and of the dark scheme."""
LEAST_CONTRAST = 3.0
"""For large text, by WCAG 2.2, 1.4.3."""


class Declaration(NamedTuple):
    """A declaration with the at-rules and selectors around it. The start of a block is one without
    name and value, and all that belongs to no block is one with a name alone."""

    line: int
    around: tuple[str, ...]
    name: str
    value: str

    @property
    def key(self) -> tuple[object, ...]:
        """All but the value and the line."""
        return self.around, self.name

    def __str__(self) -> str:
        inside = f"{self.name}: {self.value}" if self.value else self.name
        text = " { ".join([*self.around, inside]) + " }" * len(self.around)
        return text if len(text) <= 100 else f"{text[:99]}…"


def check_style(file: Path, css: str, shipped: str) -> Iterator[Finding]:
    """Return findings for what a stylesheet declares besides the shipped one in whose place it is
    loaded, and for what it lacks of that one, whose declarations keep their order."""
    ours, own = [*declarations_of(shipped)], [*declarations_of(css)]
    keys = [one.key for one in ours], [one.key for one in own]
    fix = "Remove it, or name the file in overrides of the policy."
    lost: list[Declaration] = []
    for kind, at, end, start, stop in SequenceMatcher(None, *keys, autojunk=False).get_opcodes():
        is_same = kind == "equal"
        lost += [] if is_same else ours[at:end]
        for place, one in enumerate(own[start:stop]):
            is_kept = is_same and ours[at + place].value == one.value
            if not is_kept and not _is_allowed(one, is_same) and not _is_begun(own, start + place):
                problem = f"the style {str(one)!r} could hide or change text"
                yield Finding(Place(str(file), one.line), problem, fix, "changed-override")
    if lost:
        problem = "the style lacks a part of the one of this version of Trueup"
        fix = f"Restore {str(lost[0])!r}, {len(lost)} in all, or name the file in overrides."
        yield Finding(Place(str(file)), problem, fix, "changed-override")


def _is_begun(own: Sequence[Declaration], at: int) -> bool:
    """Return whether one is the start of a block that holds another, which is found too."""
    here, following = own[at], own[at + 1 : at + 2]
    return not here.name and any(one.around[: len(here.around)] == here.around for one in following)


def declarations_of(css: str) -> Iterator[Declaration]:
    """Return the declarations of a stylesheet in its order, also those in at-rules and rules."""
    around: list[str] = []
    piece, line = "", 1
    for found in TOKEN.finditer(css):
        token = found[0]
        if token.startswith("/*") and len(token) > 3:
            piece += COMMENT
        elif token == "{":
            around.append(_trimmed(piece))
            yield Declaration(line, tuple(around), "", "")
        elif token in ("}", ";"):
            text = _trimmed(piece)
            if text or not around or (token == ";" and around[-1].startswith("@")):
                name, _, value = text.partition(":") if around and text else (text or token, "", "")
                name = name.rstrip() if name.startswith("--") else name.rstrip().lower()
                yield Declaration(line, tuple(around), name, value.lstrip())
            if token == "}" and around:
                around.pop()
        else:
            piece += token
        if token in ("{", "}", ";"):
            piece = ""
        line += token.count("\n")
    if around or _trimmed(piece):
        yield Declaration(line, tuple(around), _trimmed(piece) or "without an end", "")


def _trimmed(piece: str) -> str:
    """Return a piece without the white space and comments at its ends."""
    text = SPACE.sub(" ", piece).strip(" ")
    while text.startswith(COMMENT) or text.endswith(COMMENT):
        text = text.removeprefix(COMMENT).removesuffix(COMMENT).strip(" ")
    return text


def _is_allowed(one: Declaration, is_replaced: bool) -> bool:
    """Return whether a declaration, or the start of a block, is allowed. Colours of the dark scheme
    are for the screen alone, since paper is white."""
    is_screen = bool(one.around and SCREEN.fullmatch(one.around[0]))
    inside = one.around[is_screen:]
    if len(inside) != 1:
        return is_screen and not (inside or one.name)
    if "slate" in inside[0] and not is_screen:
        return False
    selectors = [re.sub(" ?> ?", " > ", part.strip(" ")) for part in inside[0].split(",")]
    return all(_is_fine(selector, one, is_replaced) for selector in selectors)


def _is_fine(selector: str, one: Declaration, is_replaced: bool) -> bool:
    """Return whether a declaration is allowed for one selector, whose scheme a colour is for. A
    palette's colour that replaces a shipped one is for the light scheme, as that was."""
    known = [(name, value) for allowed, name, value in ALLOWED if re.fullmatch(allowed, selector)]
    if not one.name:
        return bool(known)
    values = [value for name, value in known if re.fullmatch(name, one.name)]
    if INK in values:
        is_light = "default" in selector or (is_replaced and selector.startswith("["))
        papers = [DARK] if "slate" in selector else [WHITE] if is_light else [WHITE, DARK]
        return all(_contrast(one.value, paper) >= LEAST_CONTRAST for paper in papers)
    return any(re.fullmatch(value, one.value, re.IGNORECASE) for value in values)


def _contrast(colour: str, paper: tuple[int, int, int]) -> float:
    """Return the contrast of an opaque colour with a paper, by WCAG; 0 for any other value."""
    from PIL.ImageColor import getrgb

    if not re.fullmatch(COLOUR, colour, re.IGNORECASE):
        return 0
    try:
        dark, light = sorted((_luminance(getrgb(colour)), _luminance(paper)))
    except ValueError:
        return 0
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: tuple[int, ...]) -> float:
    parts = [part / 255 for part in colour]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
