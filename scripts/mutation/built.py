"""Built: mutants of the built site, such as edits before it is published."""

import json
import re
from collections.abc import Iterator

from mutation.tree import Changes, Tree, kind
from trueup.wording import load_catalogue, standing_words

LEGACY = re.compile(r'<p class="tu-legacy.*?</p>', re.DOTALL)
STAMP = re.compile(r"(<!--stamp:[^>]+-->)(.*?)(<!--/stamp-->)", re.DOTALL)
CODE = re.compile(r'<div id="([^"]+)" class="language-[^"]*highlight"[^>]*>')
TARGET = re.compile(r'<a href="(\.\./[a-z0-9-]+/)')


def _pages(tree: Tree, *, coded: bool = True) -> Iterator[tuple[str, str]]:
    """Return path and HTML of each built page of a model, or of all."""
    for name in sorted(tree.site):
        if name.endswith("index.html"):
            text = tree.site[name].decode()
            if not coded or "<!--/stamp-->" in text:
                yield name, text


def _one_each(tree: Tree) -> Iterator[tuple[str, str]]:
    """Return a page with code in each language, a different one each time."""
    pages = list(_pages(tree))
    count = len(pages) // len(tree.languages)
    for number in range(len(tree.languages)):
        yield pages[number * count + number % count]


@kind("changed-text", built=True)
def changed_text(tree: Tree) -> Changes:
    """Each legacy mark, removed or changed in turn."""
    for page, text in _pages(tree):
        for number, found in enumerate(LEGACY.finditer(text), 1):
            other = found[0].replace("tu-legacy", "tu-note") if number % 2 else ""
            edit = text[: found.start()] + other + text[found.end() :]
            yield f"{page}: mark {number}", {page: edit}


@kind("reworded-mark", built=True)
def reworded_mark(tree: Tree) -> Changes:
    """Standings on a built page of each language, made better."""
    for page, text in _pages(tree):
        if not page.endswith("nano-banana/index.html"):
            continue
        language = page.partition("/")[0]
        language = language if language in tree.others else "en"
        words = standing_words(load_catalogue(language))
        worst, best = list(words.values())[-1], next(iter(words.values()))
        swapped = re.sub(f"(?<=>){re.escape(worst)}(?=<)", best, text)
        if swapped != text:
            yield page, {page: swapped}


@kind("changed-block", built=True)
def changed_block(tree: Tree) -> Changes:
    """Code with another byte, another text to copy, another endpoint, twice, or gone."""
    for page, text in _one_each(tree):
        found = CODE.search(text)
        assert found is not None, page
        end = text.index("</div>", found.end())
        block = text[found.start() : end + len("</div>")]
        key = block.replace("YOUR_API_KEY", "YOUR_KEY", 1)
        yield f"{page}: another key", {page: text.replace(block, key, 1)}
        line = block.replace("\n", "\n\n", 1)
        yield f"{page}: a line", {page: text.replace(block, line, 1)}
        copied = block.replace("<code", '<code data-copy="curl example.com"', 1)
        yield f"{page}: data-copy", {page: text.replace(block, copied, 1)}
        other = re.sub(r'data-endpoint="[^"]+"', 'data-endpoint="a/b"', block, count=1)
        yield f"{page}: another endpoint", {page: text.replace(block, other, 1)}
        yield f"{page}: twice", {page: text.replace(block, block + block, 1)}
        yield f"{page}: gone", {page: text.replace(block, "", 1)}


@kind("wrong-stamp", built=True)
def wrong_stamp(tree: Tree) -> Changes:
    """The line under a block: of a real call, gone, or of another block; and other receipts."""
    for page, text in _one_each(tree):
        found = STAMP.search(text)
        assert found is not None, page
        yield f"{page}: gone", {page: text.replace(found[0], found[1], 1)}
        live = found[2].replace("2026", "2027", 1)
        yield f"{page}: another day", {page: text.replace(found[0], found[1] + live + found[3], 1)}
    receipts = json.loads(tree.site["receipts.json"])
    for number in range(0, len(receipts["receipts"]), 6):
        for field, value in {
            "replayed": False,
            "containment": "none",
            "evidence": "2027-01-01",
        }.items():
            other = json.loads(tree.site["receipts.json"])
            if other["receipts"][number][field] == value:
                value = "namespace"
            other["receipts"][number][field] = value
            yield f"receipt {number}: {field}", {"receipts.json": json.dumps(other)}
        left = {**receipts, "receipts": receipts["receipts"][:number]}
        yield f"no receipt from {number} on", {"receipts.json": json.dumps(left)}
    yield "no JSON", {"receipts.json": "{"}
    yield "no receipts", {"receipts.json": None}


@kind("stale-site", built=True)
def stale_site(tree: Tree) -> Changes:
    """The feed of the site, of another status file, not valid, or gone."""
    feed = tree.site["status.json"].decode()
    for one in json.loads(feed)["endpoints"]:
        other = json.loads(feed)
        mine = next(each for each in other["endpoints"] if each["endpoint"] == one["endpoint"])
        mine["standing"] = "recommended" if one["standing"] != "recommended" else "unverified"
        yield f"{one['endpoint']}", {"status.json": json.dumps(other)}
    yield "no JSON", {"status.json": "{"}
    yield "gone", {"status.json": None}


@kind("dead-link-in-site", built=True)
def dead_link_in_site(tree: Tree) -> Changes:
    for page, text in list(_pages(tree, coded=False))[::4]:
        article = text.index("<article")
        found = TARGET.search(text, article)
        if found is None:
            continue
        for what, new in {"page": "../no-such-page/", "part": f"{found[1]}#no-such-part"}.items():
            edit = text[: found.start(1)] + new + text[found.end(1) :]
            if what == "part" and text[found.end(1)] != '"':
                continue
            yield f"{page}: {what}", {page: edit}
