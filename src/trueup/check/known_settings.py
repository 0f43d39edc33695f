"""Known settings: the settings of MkDocs and its theme that run no code and change no checked
text. All others are refused."""

from typing import Any

SETTINGS = {
    *("INHERIT", "site_name", "site_url", "site_description", "site_author", "copyright"),
    *("docs_dir", "site_dir", "use_directory_urls", "strict", "theme", "extra_css"),
    *("extra_javascript", "extra", "plugins", "markdown_extensions", "validation", "nav"),
    *("repo_url", "repo_name", "edit_uri", "exclude_docs", "not_in_nav", "draft_docs", "watch"),
    *("remote_branch", "remote_name", "dev_addr"),
}
THEME = {
    *("name", "custom_dir", "language", "direction", "font", "logo", "favicon", "icon"),
    *("palette", "features", "locale"),
}
EXTRA = {"scope", "alternate", "social", "generator", "homepage", "version", "annotate"}
"""Without analytics and consent, whose texts are HTML and whose scripts a page's policy blocks."""
LINKS = {"link", "homepage", "repo_url", "edit_uri", "site_url"}
PLUGINS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(
        ("search", "material/search"),
        ("lang", "separator", "min_search_length", "indexing", "pipeline", "fields", "enabled"),
    ),
    "macros": ("modules", "on_undefined", "on_error_fail"),
}
"""Options by plugin: without `prebuild_index`, which starts Node, and files of words."""
EXTENSIONS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(
        (
            *("abbr", "admonition", "attr_list", "def_list", "sane_lists", "tables"),
            *("pymdownx.details", "pymdownx.caret", "pymdownx.mark", "pymdownx.tilde"),
        ),
        (),
    ),
    "footnotes": ("UNIQUE_IDS", "SEPARATOR"),
    "toc": ("permalink", "permalink_title", "toc_depth", "title", "anchorlink", "separator"),
    "tables": ("use_align_attribute",),
    "pymdownx.caret": ("insert", "superscript", "smart_insert"),
    "pymdownx.tilde": ("delete", "subscript", "smart_delete"),
    "pymdownx.mark": ("smart_mark",),
    "pymdownx.emoji": ("emoji_index", "emoji_generator"),
    "pymdownx.highlight": (
        *("anchor_linenums", "auto_title", "guess_lang", "line_spans", "linenums"),
        *("linenums_style", "noclasses", "pygments_lang_class", "pygments_style", "use_pygments"),
    ),
    "pymdownx.inlinehilite": ("css_class", "style_plain_text"),
    "pymdownx.superfences": ("css_class", "preserve_tabs", "relaxed_headers", "custom_fences"),
    "pymdownx.tabbed": ("alternate_style", "combine_header_slug"),
}
"""Options by extension: none names code, or a file or folder to read."""
FENCE = {
    "name": "mermaid",
    "class": "mermaid",
    "format": "pymdownx.superfences.fence_code_format",
}
TAGS = {
    *("str", "int", "float", "bool", "null", "seq", "map", "timestamp", "value"),
    "python/name:material.extensions.emoji.twemoji",
    "python/name:material.extensions.emoji.to_svg",
    "python/name:pymdownx.superfences.fence_code_format",
}
"""Plain values, and the functions that the theme's manual names; all of the installed packages."""
REQUIRED: dict[str, dict[str, Any]] = {
    "settings": {"strict": "true", "use_directory_urls": "true"},
    "theme": {"name": "material", "custom_dir": "overrides", "font": False},
    "macros": {"modules": ["trueup.macros"], "on_undefined": "strict", "on_error_fail": True},
}
"""Values that the check relies on; fonts from elsewhere are blocked by a page's policy."""
