"""Known settings: the settings of MkDocs and its theme that run no code and change no checked
text, with their values. All others are refused."""

import re
from typing import Any, NamedTuple


class Text(NamedTuple):
    """A value; the pattern is of all of it, with character references read."""

    pattern: re.Pattern[str]
    fix: str


class Menu(NamedTuple):
    """A menu of any depth."""

    title: Text
    page: Text


def _text(pattern: str, fix: str) -> Text:
    return Text(re.compile(pattern, re.DOTALL | re.IGNORECASE), fix)


class Named(dict[str, Any]):
    """The options of items of a list by their names; a name may stand alone."""


ANY = _text(".*", "")
NONE = _text("", "Remove it.")
PLAIN = _text(r'[^<"]*', "Write plain text, without < and quotes, which would be HTML.")
FLAG = _text("true|false|yes|no|on|off", "Use true or false.")
WORD = _text(r"[\w-]*", "Use one word.")
NUMBER = _text(r"[\d.-]*", "Use a number.")
LINK = _text(
    r'(?:https?://|mailto:)[^\s<"]*|[^\s<":\\]*', "Link by https, and write no < and quotes."
)
PATH = r"(?!/)(?!(?:.*/)?\.\.(?:/|$))[\w./ -]*"
FILE = _text(PATH, "Name a path in the repository.")
STYLE = _text(rf"{PATH}\.css", "Keep a .css file under overrides.")
SCRIPT = _text(rf"{PATH}\.m?js", "Keep a .js file under overrides.")
ICON = _text(r"[\w-]+(?:/[\w-]+)+", "Name an icon of the theme.")
MENU = Menu(
    _text("[^<]*", "Write plain text, without <."),
    _text(r"https?://[^\s<]*|[^\x00-\x1f<:\\]*", "Name a page, or an address with https."),
)
HOME = _text(r"\.|[\w-]+/", "Use the folder of the language, such as ja/, or a dot.")
SCHEME = _text("default|slate", "Use default or slate.")
SIGN = _text("true|false|[#¶§]", "Use true, false, #, ¶ or §.")
CHARACTERS = r"\[(?:一-鿿々|ァ-ヴー)\]"
SEPARATED = (
    r"\[(?:[^\w\\\]^-]|\\(?:s|\W|u200b|u3000))+\]\+?|\\(?:s|\W)\+?(?:\(\?!\\d\))?|_"
    r"|&\[lg\]t;|&\(\?:\[lg\]t\|amp\|quot\);|\(\?!\\b\)\(\?=\[A-Z\]\[a-z\]\)"
    rf"|(?:\(\?<?[=!]{CHARACTERS}(?:\\u200b\?)?\)|\(\?!\\u200b\))+"
)
"""Parts of the separators of Trueup's own site and in the theme's manual, none of which matches a
letter."""
SEPARATOR = _text(
    rf"(?:{SEPARATED})(?:\|(?:{SEPARATED}))*",
    "Use signs and classes of them, such as [\\s\\-]+, since what it matches is not searched.",
)
LEVEL = _text("ignore|info|warn|relative_to_docs", "Use a level of MkDocs.")
FEATURE = _text(
    r"content\.(?:action\.(?:edit|view)|code\.(?:copy|select)|tabs\.link|tooltips)|header\.autohide"
    r"|navigation\.(?:expand|footer|indexes|path|prune|sections|tabs|tabs\.sticky|top|tracking)"
    r"|search\.(?:highlight|share|suggest)|toc\.(?:follow|integrate)",
    "Use a feature that changes no code and loads no page by script.",
)
MACROS = {
    "modules": [_text(r"trueup\.macros", "Keep trueup.macros alone.")],
    "on_undefined": _text("strict", "Use strict."),
    "on_error_fail": _text("true", "Use true."),
}
SEARCH = Named(
    lang=[WORD], separator=SEPARATOR, min_search_length=NUMBER, enabled=FLAG,
    indexing=WORD, pipeline=[WORD], fields=ANY,
)  # fmt: skip
"""Without `prebuild_index`, which starts Node, and files of words."""
MERMAID = _text("mermaid", "Keep mermaid alone.")
EXTENSIONS = Named(
    **{name: {} for name in ("abbr", "admonition", "attr_list", "def_list", "sane_lists")},
    tables={"use_align_attribute": FLAG},
    footnotes={"UNIQUE_IDS": FLAG, "SEPARATOR": WORD},
    toc={"permalink": SIGN, "toc_depth": NUMBER, "anchorlink": FLAG, "separator": WORD},
)
EXTENSIONS |= {
    "pymdownx.caret": {"insert": FLAG, "superscript": FLAG, "smart_insert": FLAG},
    "pymdownx.details": {},
    "pymdownx.emoji": {"emoji_index": NONE, "emoji_generator": NONE},
    "pymdownx.highlight": {
        **dict.fromkeys(("anchor_linenums", "auto_title", "guess_lang", "linenums"), FLAG),
        **dict.fromkeys(("pygments_lang_class", "use_pygments"), FLAG),
        "line_spans": WORD, "linenums_style": WORD,
    },
    "pymdownx.inlinehilite": {"style_plain_text": FLAG},
    "pymdownx.mark": {"smart_mark": FLAG},
    "pymdownx.superfences": {
        "preserve_tabs": FLAG, "relaxed_headers": FLAG,
        "custom_fences": [{"name": MERMAID, "class": MERMAID, "format": NONE}],
    },
    "pymdownx.tabbed": {"alternate_style": FLAG, "combine_header_slug": FLAG},
    "pymdownx.tilde": {"delete": FLAG, "subscript": FLAG, "smart_delete": FLAG},
}  # fmt: skip
"""Without options that name code, a file, a class, or a text to be shown."""
ICONS = ("alternate", "edit", "logo", "menu", "next", "previous", "repo", "search", "top", "view")
THEME: dict[str, Any] = {
    "": WORD, "name": WORD, "custom_dir": FILE, "language": WORD, "font": FLAG,
    "logo": FILE, "favicon": FILE, "features": [FEATURE],
    "icon": dict.fromkeys(ICONS, ICON),
    "palette": [{
        "media": PLAIN, "scheme": SCHEME, "primary": PLAIN, "accent": PLAIN,
        "toggle": {"icon": ICON, "name": PLAIN},
    }],
}  # fmt: skip
"""Without icons of admonitions, which are signs of a risk, and a direction of text."""
EXTRA: dict[str, Any] = {
    "scope": PLAIN, "generator": FLAG, "homepage": LINK,
    "alternate": [{"name": PLAIN, "link": HOME, "lang": WORD}],
    "social": [{"icon": ICON, "link": LINK, "name": PLAIN}],
}  # fmt: skip
"""Without analytics, consent and versions, whose texts and scripts come from elsewhere."""
LEVELS: dict[str, Any] = dict.fromkeys(
    ("", "omitted_files", "not_found", "absolute_links", "unrecognized_links", "anchors"), LEVEL
)
SETTINGS: dict[str, Any] = {
    **dict.fromkeys(("site_name", "site_description", "site_author", "copyright"), PLAIN),
    **dict.fromkeys(("repo_name", "not_in_nav", "remote_branch", "remote_name", "dev_addr"), PLAIN),
    **dict.fromkeys(("site_url", "repo_url", "edit_uri"), LINK),
    **dict.fromkeys(("docs_dir", "site_dir"), FILE),
    **dict.fromkeys(("strict", "use_directory_urls"), FLAG),
    "INHERIT": ANY,
    "watch": [PLAIN],
    "nav": MENU,
    "theme": THEME,
    "extra": EXTRA,
    "extra_css": [STYLE],
    "extra_javascript": [{"": SCRIPT, "path": SCRIPT, "defer": FLAG, "async": FLAG}],
    "plugins": Named({"search": SEARCH, "material/search": SEARCH, "macros": MACROS}),
    "markdown_extensions": EXTENSIONS,
    "validation": {**LEVELS, "nav": LEVELS, "links": LEVELS},
}
"""The shape of the settings: a mapping has these keys, a list such items or is one, and a key of no
letters stands for a value in place of a mapping."""
LABELS = {
    *("site_name", "site_description", "site_author", "copyright", "repo_name", "default"),
    *("name", "title"),
}
"""Settings, at any level, whose text a page prints."""
FRONT: dict[str, Any] = {
    **dict.fromkeys(("title", "description", "author"), PLAIN),
    **dict.fromkeys(("model", "blocks"), ANY),
    "tags": [PLAIN],
    "hide": [_text("navigation|toc|path|footer", "Hide parts around the article alone.")],
}
"""The front matter of a page: without templates that leave out its text, without what switches its
macros off, and without a sign in the menu and a place in the search of its own."""
TAGS = {
    *("str", "int", "float", "bool", "null", "seq", "map", "timestamp", "value"),
    "python/name:material.extensions.emoji.twemoji",
    "python/name:material.extensions.emoji.to_svg",
    "python/name:pymdownx.superfences.fence_code_format",
}
"""Plain values, and the functions that the theme's manual names; all of the installed packages."""
REQUIRED_VALUES = (
    *("strict", "use_directory_urls", "theme.name", "theme.custom_dir", "theme.font"),
    "plugins.macros",
)
REQUIRED_PARTS = ("extra_css", "extra_javascript", "markdown_extensions")
"""The settings that are, or whose lists hold, those of Trueup's own site: the check relies on them,
and the pages that macros write need them."""
