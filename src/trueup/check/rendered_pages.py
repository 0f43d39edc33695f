"""Rendered pages: the article of each page as its source and the record make it.

Only the extensions of Markdown and our macros take part: no plugin, hook, theme or override.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trueup.errors import BadInput
from trueup.site import Page, load_settings, settings_of
from trueup.snippet import TemplateEnvironment
from trueup.wording.page_macros import page_macros

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig

KEYS = ("markdown_extensions", "use_directory_urls", "exclude_docs")
"""The settings that change what MkDocs makes of a page's text."""
LINKS = ("not_found", "absolute_links", "unrecognized_links", "anchors")
"""The build reports them; here they are only made."""


def render_articles(
    top: Path, language: str, pages: Sequence[Page], now: datetime, today: date
) -> Iterator[tuple[Page, str, str]]:
    """Yield each page of a language with its title and the HTML of its article, without what the
    engine adds after the build. Raises BadInput for a page that cannot be rendered."""
    from mkdocs.structure import files
    from mkdocs.structure import pages as mkdocs_pages

    settings = load_settings(top / settings_of(language), top)
    config = _config(top, language, settings)
    sources = files.get_files(config)
    titles = dict(_titles(settings.get("nav") or []))
    macros = page_macros(top, top / "docs" / language, now, today)
    environment = TemplateEnvironment(None, {}, macros)
    for page in pages:
        source = sources.get_file_from_path(page.source)
        try:
            if source is None:
                raise ValueError("MkDocs leaves it out")
            made = mkdocs_pages.Page(titles.get(page.source), source, config)
            made.read_source(config)
            environment.begin()
            made.markdown = environment.from_string(made.markdown or "").render()
            made.render(config, sources)
        except Exception as error:  # an extension raises what it likes
            reason = " ".join(str(error).split()).rstrip(".") or type(error).__name__
            problem = f"the page cannot be rendered ({reason})"
            raise BadInput(page.place(), problem, "Correct its text.") from error
        content = made.content or ""
        if "<h1" not in content:  # as the theme does
            content = f"<h1>{made.title}</h1>\n\n{content}"
        yield page, str(made.title), content


def _config(top: Path, language: str, settings: dict[str, Any]) -> "MkDocsConfig":
    from mkdocs.config.defaults import MkDocsConfig

    config = MkDocsConfig(config_file_path=str(top / settings_of(language)))
    links = dict(settings.get("validation") or {})
    kept = {"absolute_links": "relative_to_docs"} if "relative_to_docs" in links.values() else {}
    config.load_dict(
        {
            **{key: settings[key] for key in KEYS if key in settings},
            "site_name": str(settings.get("site_name")),
            "docs_dir": str(top / "docs" / language),
            "site_dir": str(top / ".cache" / "unwritten"),
            "plugins": [],
            "validation": {"links": {**dict.fromkeys(LINKS, "ignore"), **kept}},
        }
    )
    errors, _ = config.validate()
    if errors:
        name, error = errors[0]
        file = top / settings_of(language)
        raise BadInput(file, f"{name} is not valid ({error})", "Correct it.")
    return config


def _titles(entries: list[Any]) -> Iterator[tuple[str, str]]:
    """Yield each page of the menu that has a title there, with it."""
    for entry in entries:
        for title, target in entry.items() if isinstance(entry, dict) else ():
            if isinstance(target, list):
                yield from _titles(target)
            elif isinstance(target, str):
                yield target, str(title)
