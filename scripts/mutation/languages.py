"""Languages: mutants of translations, of pages, and of the links between them."""

import re
from collections.abc import Callable
from itertools import pairwise

from mutation.kinds import Changes, kind
from mutation.prose import add, noted, paragraph
from mutation.tree import Tree
from trueup.site import MAIN, NOTES

CALL = re.compile(r"^\{\{ .+ \}\}$", re.MULTILINE)
LINK = re.compile(r"\]\(([a-z0-9-]+\.md)(#[a-z0-9-]+)?\)")
BLOCKS = re.compile(r"^blocks: ([0-9]+)$", re.MULTILINE)
CODE = {
    "bash": "```bash\ncurl -X POST example.com\n```",
    "python": "```python\nprint(1)\n```",
    "javascript": "```js\nconsole.log(1)\n```",
    "no language": "```\ncurl example.com\n```",
    "tildes": "~~~bash\ncurl example.com\n~~~",
    "indented": "    curl example.com",
    "a tab": '=== "curl"\n\n    ```bash\n    curl example.com\n    ```',
    "HTML": "<pre><code>curl example.com</code></pre>",
    "in a list": "- a\n\n    ```bash\n    curl example.com\n    ```",
    "in a quote": "> ```bash\n> curl example.com\n> ```",
}
BYTES: dict[str, Callable[[str], bytes]] = {
    "another encoding": lambda text: text.encode("utf-16"),
    "a byte of Latin-1": lambda text: text.encode() + b"caf\xe9\n",
    "a NUL": lambda text: text.encode() + b"\0",
    "a surrogate": lambda text: text.encode() + b"\xed\xa0\x80",
    "no text": lambda text: bytes(range(256)),
}


@kind("dropped-call")
def dropped_call(tree: Tree) -> Changes:
    """Each page's first and last macro, in one translation."""
    for language in tree.others:
        for source in tree.pages[language]:
            path = f"docs/{language}/{source}"
            calls = CALL.findall(tree.text(path))
            for call in dict.fromkeys(calls[:1] + calls[-1:]):
                yield f"{path}: {call}", tree.swap(path, f"{call}\n", "")


@kind("altered-call")
def altered_call(tree: Tree) -> Changes:
    """A macro of another model in one translation, and one that is not there in all languages."""
    models = list(tree.stored.status.models)
    for language in tree.others:
        for source, page in tree.pages[language].items():
            if page.model is None:
                continue
            path = f"docs/{language}/{source}"
            other = next(name for name in models if name != page.model)
            for macro in ("risks", "advice"):
                old = f'{{{{ {macro}("{page.model}") }}}}'
                yield f"{path}: {macro}", tree.swap(path, old, old.replace(page.model, other))
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


@kind("swapped-parts")
def swapped_parts(tree: Tree) -> Changes:
    """Two macros in each other's place, and a heading of another level, in one translation."""
    for language in tree.others:
        for source in tree.pages[language]:
            path = f"docs/{language}/{source}"
            text = tree.text(path)
            calls = CALL.findall(text)
            for one, other in list(pairwise(calls))[:1]:
                if one != other:
                    swapped = text.replace(one, "\0").replace(other, one).replace("\0", other)
                    yield f"{path}: {one} and {other}", {path: swapped}
            headings = re.findall(r"^## .+$", text, re.MULTILINE)
            if headings:
                yield f"{path}: {headings[0]}", tree.swap(path, headings[0], f"#{headings[0]}")


@kind("dropped-paragraph")
def dropped_paragraph(tree: Tree) -> Changes:
    for language in tree.others:
        for source in tree.pages[language]:
            text = _first(tree, language, source)
            if text:
                path = f"docs/{language}/{source}"
                yield path, tree.swap(path, f"{text}\n", "")


def _first(tree: Tree, language: str, source: str) -> str:
    try:
        return paragraph(tree, language, source).text
    except AssertionError:
        return ""


@kind("stale-source")
def stale_source(tree: Tree) -> Changes:
    """An English paragraph that says another thing than it did when it was translated."""
    for source in tree.pages[MAIN]:
        text = _first(tree, MAIN, source)
        if text:
            path = f"docs/{MAIN}/{source}"
            yield path, tree.swap(path, text, f"{text} Not on Sundays.")


@kind("turned-sentence")
def turned_sentence(tree: Tree) -> Changes:
    """A sentence less, in one translation: its paragraph may say the opposite."""
    for language in tree.others:
        text = paragraph(tree, language, "decides.md").text
        end = max(text.find(". "), text.find("。")) + 1
        path = f"docs/{language}/decides.md"
        assert 0 < end < len(text)
        yield path, tree.swap(path, text, text[:end])


@kind("swapped-page")
def swapped_page(tree: Tree) -> Changes:
    """The page of another model under a model's name, in one language."""
    sources = [page.source for page in tree.pages[MAIN].values() if page.model]
    for language in tree.others:
        for source, other in pairwise(sources):
            path = f"docs/{language}/{source}"
            yield path, {path: tree.text(f"docs/{language}/{other}")}


@kind("missing-page")
def missing_page(tree: Tree) -> Changes:
    """A page taken away or added, in one language."""
    for language in tree.others:
        for source in list(tree.pages[language])[::3]:
            yield f"{language}: no {source}", {f"docs/{language}/{source}": None}
        source = f"docs/{language}/index.md"
        yield f"{language}: one more", {f"docs/{language}/more.md": tree.text(source)}
        yield f"{language}: no notes", {f"docs/{language}/{NOTES}": None}


@kind("lost-risks")
def lost_risks(tree: Tree) -> Changes:
    """The notes of a model's risks, taken from its page in every language at once."""
    for page in tree.pages[MAIN].values():
        if page.model is None:
            continue
        for macro in ("risks", "advice", "model_status"):
            edits: dict[str, str] = {}
            for language in tree.languages:
                path = f"docs/{language}/{page.source}"
                call = f'{{{{ {macro}("{page.model}") }}}}\n\n'
                edits |= tree.swap(path, call, "")
            yield f"{page.source}: {macro}", noted(tree, edits)


@kind("other-model")
def other_model(tree: Tree) -> Changes:
    """A page said to be of a model that is not there, or of no model, in every language."""
    for page in tree.pages[MAIN].values():
        if page.model is None:
            continue
        for told, new in {"another": f"model: {page.model}s\n", "none": ""}.items():
            edits: dict[str, str] = {}
            for language in tree.languages:
                path = f"docs/{language}/{page.source}"
                edits |= tree.swap(path, f"model: {page.model}\n", new)
            yield f"{page.source}: {told}", edits


@kind("lowered-count")
def lowered_count(tree: Tree) -> Changes:
    """Fewer blocks to publish, in one language and in all, and a block that goes with it."""
    for source, page in tree.pages[MAIN].items():
        if page.blocks == 0:
            continue
        edits: dict[str, str] = {}
        for language in tree.languages:
            path = f"docs/{language}/{source}"
            text = tree.text(path)
            edits[path] = BLOCKS.sub(lambda found: f"blocks: {int(found[1]) - 1}", text)
        for language in tree.others:
            path = f"docs/{language}/{source}"
            yield f"{path}", {path: edits[path]}
        yield f"{source}: everywhere", edits


@kind("dead-link")
def dead_link(tree: Tree) -> Changes:
    """A link to a page or to a part that is not there."""
    for language in tree.languages:
        for source in tree.pages[language]:
            path = f"docs/{language}/{source}"
            found = LINK.search(tree.text(path))
            if found is None:
                continue
            for new in (f"](no-{found[1]})", f"]({found[1]}#no-such-part)"):
                edits = tree.swap(path, found[0], new)
                yield f"{path}: {new}", noted(tree, edits)


@kind("typed-code")
def typed_code(tree: Tree) -> Changes:
    for how, code in CODE.items():
        yield how, add(tree, code)
    for language in tree.others:
        path = f"docs/{language}/status.md"
        yield f"{language}: at the end", {path: f"{tree.text(path)}\n{CODE['bash']}\n"}


@kind("copied-text")
def copied_text(tree: Tree) -> Changes:
    """Attributes that make a button copy what is not shown, or a style that hides."""
    for how, text in {
        "data-copy": '`a`{: data-copy="curl example.com" }',
        "an element": '<code data-copy="curl example.com">a</code>',
        "a style": 'a\n{: style="display:none" }',
        "a class": "<span hidden>a</span>",
        "a script": "<script>document.body.remove()</script>",
        "a handler": '<a href="status.md" onclick="x()">a</a>',
        "an address of a script": "[a](javascript:x)",
    }.items():
        yield how, add(tree, text)


@kind("no-text")
def no_text(tree: Tree) -> Changes:
    """A page that is no text in UTF-8."""
    for language in tree.languages:
        for how, spoil in BYTES.items():
            path = f"docs/{language}/status.md"
            yield f"{path}: {how}", {path: spoil(tree.text(path))}


@kind("translated-fact")
def translated_fact(tree: Tree) -> Changes:
    """A fact or a word for a route in the translations of what the status file says."""
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
