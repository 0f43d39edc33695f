"""Pages: mutants of pages in every language, of their translations, and of what builds them."""

import json

from mutation.tree import Changes, Tree, kind
from trueup.site import MAIN, NOTES, parse_page, parts_of, settings_of

HOOK = "def on_page_markdown(markdown, **_):\n    return markdown.replace('not ', '')\n"


def noted(tree: Tree, edits: dict[str, str]) -> dict[str, str]:
    """Return the edits with the notes that `trueup translated` would write after them."""
    if not any(path.startswith(f"docs/{MAIN}/") for path in edits):
        return edits
    marks = {}
    for source, page in tree.pages[MAIN].items():
        path = f"docs/{MAIN}/{source}"
        if path in edits:
            page = parse_page(edits[path].encode(), page.path)
        marks[source] = [part.mark for part in parts_of(page)]
    text = json.dumps(marks, indent=1) + "\n"
    notes = {f"docs/{language}/{NOTES}": text for language in tree.others}
    return edits | {path: new for path, new in notes.items() if new != tree.text(path)}


@kind("altered-call")
def altered_call(tree: Tree) -> Changes:
    """A call that the build cannot make, in every language, and noted as translated."""
    source, call = "status.md", "{{ legend() }}"
    for name, new in {
        "an unknown macro": "{{ legends() }}",
        "an unknown model": '{{ risks("no-such-model") }}',
        "an argument too many": '{{ legend("a") }}',
        "an undefined name": "{{ legend }}{{ a }}",
        "no end": "{{ legend() }",
    }.items():
        edits: dict[str, str] = {}
        for language in tree.languages:
            edits |= tree.swap(f"docs/{language}/{source}", call, new)
        yield f"{source}: {name}", noted(tree, edits)


@kind("other-model")
def other_model(tree: Tree) -> Changes:
    """A page of an unknown model or of none, in every language."""
    for page in tree.pages[MAIN].values():
        if page.model is None:
            continue
        for what, new in {"another": f"model: {page.model}s\n", "none": ""}.items():
            edits: dict[str, str] = {}
            for language in tree.languages:
                path = f"docs/{language}/{page.source}"
                edits |= tree.swap(path, f"model: {page.model}\n", new)
            yield f"{page.source}: {what}", edits


@kind("translated-fact")
def translated_fact(tree: Tree) -> Changes:
    """A fact in the translations of the status file's texts."""
    status = tree.stored.status
    facts = {
        "host": next(iter(sorted(status.hosts))),
        "day": str(tree.now.date()),
        "upstream": next(str(one.upstream) for one in status.models.values() if one.upstream),
    }
    for language in tree.others:
        path = f"docs/{language}.po"
        at = tree.text(path).index('msgstr "') + len('msgstr "')
        for what, fact in facts.items():
            yield f"{language}: {what}", tree.swap(path, 'msgstr "', f'msgstr "{fact} ', at)
        yield f"{language}: no catalogue", {path: b"\xff"}


@kind("site-setting")
def site_setting(tree: Tree) -> Changes:
    """Settings that change checked text, or are not valid."""
    for language in tree.languages:
        path = settings_of(language)
        text = tree.text(path)
        yield f"{path}: hooks", {path: f"{text}\nhooks: [hook.py]\n", "hook.py": HOOK}
        other = next(name for name in tree.languages if name != language)
        old = f"docs_dir: docs/{language}\n"
        yield f"{path}: docs_dir", tree.swap(path, old, f"docs_dir: docs/{other}\n")
        yield f"{path}: no settings", {path: None}
        yield f"{path}: no YAML", {path: f"{text}\n  - [\n"}
        if "strict: true\n" not in text:
            for name, value in (("strict", "false"), ("plugins", "[search]")):
                yield f"{path}: {name}", {path: f"{text}\n{name}: {value}\n"}
    path = settings_of("en")
    for old, new in {
        "strict: true\n": "strict: false\n",
        "on_undefined: strict": "on_undefined: keep",
        "on_error_fail: true": "on_error_fail: false",
        "modules: [trueup.macros]": "modules: [trueup.macros, more]",
        "modules: [trueup.macros]\n": "modules: [trueup.macros]\n      include_dir: docs\n",
        "  - macros:\n": "  - include-markdown\n  - macros:\n",
        "  - admonition\n": "  - admonition\n  - pymdownx.snippets\n",
        "  - tables\n": "  - tables\n  - md_in_html\n",
        "plugins:\n": "watch_theme: true\nplugins:\n",
    }.items():
        yield f"{path}: {new.strip().splitlines()[-1].strip()}", tree.swap(path, old, new)
