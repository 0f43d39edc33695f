"""Macros: entry point for mkdocs-macros, named in the settings of each site."""

from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn

from mkdocs.exceptions import PluginError
from mkdocs.plugins import PluginCollection
from mkdocs_macros import plugin

from trueup.errors import TrueupError
from trueup.site import AS_OF, SNIPPETS, STATUS_PAGE
from trueup.site.light_pages import LightPages
from trueup.site.menu import Menu
from trueup.snippet import TemplateEnvironment
from trueup.wording.catalogue import load_catalogue
from trueup.wording.page_macros import page_macros


def define_env(env: Any) -> None:
    """Register the macros, and no others, and what keeps a large site small; called by
    mkdocs-macros once for each build.

    The plugin would load a `main` module of the repository next, whatever its settings.
    """
    vars(plugin)["import_local_module"] = _no_module
    env.macros.clear()
    now = datetime.now(UTC)
    try:
        as_of = env.conf["extra"].get(AS_OF)
        today = date.fromisoformat(as_of) if as_of else now.date()
        docs = Path(env.conf["docs_dir"])
        known = getattr(env.conf, SNIPPETS, None)
        macros = page_macros(Path(env.project_dir), docs, now, today, known)
        for name, macro in macros.items():
            env.macro(macro, name)
        if isinstance(plugins := env.conf.get("plugins"), PluginCollection):
            all_models = load_catalogue(docs.name).gettext("All models")
            plugins["trueup/menu"] = Menu(all_models, STATUS_PAGE)
            plugins["trueup/light-pages"] = LightPages()
    except TrueupError as error:
        raise PluginError(str(error)) from error


def _no_module(_: str, name: str) -> NoReturn:
    raise ImportError(f"{name} is a module of the repository")


def on_pre_page_macros(env: Any) -> None:
    """Let the page be rendered in the sandbox; called by mkdocs-macros before each page.

    A page gets the macros alone: no setting, no front matter, no loop and no condition.
    """
    if not isinstance(env.env, TemplateEnvironment):
        env._env = TemplateEnvironment(None, {}, env.macros)
    env.env.begin()
    env.variables.clear()
    env.variables["page"] = SimpleNamespace(meta={})
