"""Site files: a draft as the files of a new site: a page for each model, and one for each group of
routes that call none. No text of the document is in a page: macros show those of the status."""

from collections import defaultdict
from collections.abc import Iterator

from trueup.draft.openapi import Draft
from trueup.model import NO_MODEL, split
from trueup.scaffold import InstallSource, common_files, render_model_page
from trueup.scaffold.answers import TITLE
from trueup.shipped_files import shipped_folder
from trueup.snippet import languages_of
from trueup.status_file import FOLDER

RESERVED = ("index", "readme", "status")
"""Pages that a site has anyway, or that MkDocs takes for one."""
UNTITLED = "API"


def draft_files(draft: Draft, origin: InstallSource) -> dict[str, bytes]:
    """Return the files of the new site, by their path in it."""
    models, groups = dict(_model_pages(draft)), dict(_group_pages(draft))
    menu = {"Models": [*models], "Routes": [*groups]}
    protocols = {one.route.protocol for one in draft.routes}
    title = draft.title if TITLE.fullmatch(draft.title) else UNTITLED
    answers = {"title": title, "model": None}
    files = common_files(answers, menu, protocols, origin)
    files |= {f"docs/en/{page}": text.encode() for page, text in {**models, **groups}.items()}
    files |= {f"{FOLDER}/{name}": content for name, content in draft.files.items()}
    return {**files, "status.yml": draft.render().encode()}


def _blocks(draft: Draft) -> dict[str, int]:
    """Return the number of blocks of each endpoint."""
    templates = shipped_folder() / "snippets"
    return {
        endpoint: len(languages_of(one.route, templates))
        for one in draft.routes
        for endpoint in one.endpoints
    }


def _model_pages(draft: Draft) -> Iterator[tuple[str, str]]:
    blocks = _blocks(draft)
    for name, model in draft.models.items():
        count = sum(number for one, number in blocks.items() if split(one)[0] == name)
        page = f"model-{name}.md" if name in RESERVED else f"{name}.md"
        yield page, render_model_page(name, model.title, count)


def _group_pages(draft: Draft) -> Iterator[tuple[str, str]]:
    blocks, groups = _blocks(draft), defaultdict[str, list[str]](list)
    for one in draft.routes:
        if f"{NO_MODEL}/{one.name}" in one.endpoints:
            groups[one.group].append(one.name)
    documented = {one.name: one.route.documented for one in draft.routes}
    for group, names in groups.items():
        count = sum(blocks[f"{NO_MODEL}/{name}"] for name in names)
        head = f"---\ndescription: Routes with their code and parameters.\nblocks: {count}\n---\n"
        parts = [f"# Routes: {group.replace('-', ' ')}"]
        for name in names:
            parts.append(f'{{{{ route("{NO_MODEL}/{name}") }}}}')
            for kind in ("parameters", "limits"):
                if any(getattr(page, kind) for page in documented[name]):
                    parts.append(f'{{{{ documented("{kind}", "{name}") }}}}')
        text = "\n\n".join(parts)
        yield f"routes-{group}.md", f"{head}\n{text}\n"
