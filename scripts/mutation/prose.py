"""Prose: mutants of the pages' own words, as a careful author would slip them in.

A sentence goes to the end of a paragraph that is there, and what was translated is noted anew: only
a rule that reads the words can refuse it.
"""

import json
from collections.abc import Callable, Mapping, Sequence

from mutation.kinds import Changes, kind
from mutation.phrases import ADVICE, DAYS, IDIOMS, PLAIN, STANDINGS, UNNAMED
from mutation.tree import Edits, Tree
from trueup.model import Standing
from trueup.site import MAIN, NOTES, Part, parse_page, parts_of
from trueup.wording import load_catalogue, standing_words

PAGE = "running.md"
"""A page of no model."""
SPACELESS = ("ja", "zh")


def noted(tree: Tree, edits: dict[str, str]) -> dict[str, str]:
    """The edits, and what `trueup translated` would write after them."""
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


def paragraph(tree: Tree, language: str, source: str) -> Part:
    """The first paragraph of a page."""
    for part in parts_of(tree.pages[language][source]):
        if not part.text.startswith(("#", "{{", "`", "|", "-", "!", "=", " ", "<")):
            return part
    raise AssertionError(f"{language}/{source} has no paragraph")


def say(tree: Tree, sentence: str, *languages: str, source: str = PAGE) -> Edits:
    """The sentence at the end of the first paragraph."""
    edits: dict[str, str] = {}
    for language in languages:
        text = paragraph(tree, language, source).text
        gap = "" if language in SPACELESS else " "
        edits |= tree.swap(f"docs/{language}/{source}", text, f"{text}{gap}{sentence}")
    return noted(tree, edits)


def add(tree: Tree, part: str, source: str = PAGE) -> Edits:
    """The part behind the first paragraph, in every language."""
    edits: dict[str, str] = {}
    for language in tree.languages:
        text = paragraph(tree, language, source).text
        edits |= tree.swap(f"docs/{language}/{source}", text, f"{text}\n\n{part}")
    return noted(tree, edits)


def facts_of(tree: Tree) -> dict[str, list[str]]:
    status = tree.stored.status
    return {
        "upstream": [str(model.upstream) for model in status.models.values() if model.upstream],
        "path": [route.request.split(" ")[1].split("{")[0] for route in status.routes.values()],
        "host": sorted(status.hosts),
        "failure text": [signature.match for signature in status.signatures.values()],
        "day": sorted({str(row.day) for row in status.observations}),
        "name": [f"`{name}`" for name in status.models],
    }


@kind("typed-fact")
def typed_fact(tree: Tree) -> Changes:
    for language in tree.languages:
        for what, facts in facts_of(tree).items():
            for fact in facts:
                sentence = PLAIN[language].format(fact)
                yield f"{language}: {what} {fact}", say(tree, sentence, language)


def _halves(fact: str) -> tuple[str, str]:
    at = len(fact) // 2
    while not (fact[at - 1].isalnum() and fact[at].isalnum()):
        at += 1
    return fact[:at], fact[at:]


SPLITS = {
    "emphasis": "{}**{}**",
    "emphasis around": "*{}{}*",
    "code": "`{}`{}",
    "strike": "{}~~{}~~",
    "a link": "[{}](status.md){}",
    "a link by reference": "[{}][a]{}\n\n[a]: status.md",
    "an element": "{}<b></b>{}",
    "a break": "{}<wbr>{}",
    "a comment": "{}<!-- -->{}",
    "a comment of Jinja": "{}{{# #}}{}",
    "an expression": '{}{{{{ "" }}}}{}',
    "zero width": "{}\u200b{}",
    "a soft hyphen": "{}\u00ad{}",
    "a word joiner": "{}\u2060{}",
    "a grapheme joiner": "{}\u034f{}",
    "a variation selector": "{}\ufe0f{}",
    "zero width by number": "{}&#8203;{}",
    "zero width by name": "{}&ZeroWidthSpace;{}",
    "a soft hyphen by name": "{}&shy;{}",
    "attributes": "{}{}{{: .a }}",
}


@kind("split-fact")
def split_fact(tree: Tree) -> Changes:
    """The upstream of each model in turn, and a day, with something in between."""
    facts = [*facts_of(tree)["upstream"], *facts_of(tree)["host"][:1]]
    for number, (how, form) in enumerate(SPLITS.items()):
        for shift, language in enumerate(tree.languages):
            fact = facts[(number + shift) % len(facts)]
            sentence = PLAIN[language].format(form.format(*_halves(fact)))
            # An expression must be in every language: it is one of the parts that are compared.
            where = tree.languages if how == "an expression" else (language,)
            yield f"{language}: {how}", say(tree, sentence, *where)


def _wide(fact: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in fact)


OTHERWISE: dict[str, Callable[[str], str]] = {
    "references": lambda fact: "".join(f"&#{ord(c)};" for c in fact),
    "references of base 16": lambda fact: fact.replace("e", "&#x65;"),
    "a reference by name": lambda fact: fact.replace("-", "&hyphen;").replace(".", "&period;"),
    "escapes": lambda fact: fact.replace("-", "\\-").replace(".", "\\."),
    "capitals": str.upper,
    "wide letters": _wide,
    "letters of another script": lambda fact: fact.replace("e", "\u0435").replace("o", "\u043e"),
    "a hyphen that does not break": lambda fact: fact.replace("-", "\u2011").replace(
        "ai", "a\u0456"
    ),
    "a letter of mathematics": lambda fact: fact.replace("i", "\U0001d5c2"),
    "an expression": lambda fact: f'{{{{ "{_halves(fact)[0]}" ~ "{_halves(fact)[1]}" }}}}',
    "a statement": lambda fact: f'{{% set a = "{fact}" %}}{{{{ a }}}}',
    "a filter": lambda fact: f'{{{{ "{fact[::-1]}" | reverse }}}}',
}


@kind("spelled-fact")
def spelled_fact(tree: Tree) -> Changes:
    """Each fact as it looks the same to readers, and not to a search for it."""
    facts = [*facts_of(tree)["host"][:1], *facts_of(tree)["upstream"]]
    for number, (how, spell) in enumerate(OTHERWISE.items()):
        for shift, language in enumerate(tree.languages):
            fact = facts[(number + shift) % len(facts)]
            where = tree.languages if how in ("an expression", "a filter") else (language,)
            sentence = PLAIN[language].format(spell(fact))
            yield f"{language}: {how}", say(tree, sentence, *where)


PLACES = {
    "a heading": "## {}",
    "a heading of two lines": "{}\n---",
    "a list": "- {}",
    "a table": "| a |\n| --- |\n| {} |",
    "a quote": "> {}",
    "a note": "!!! note\n    {}",
    "a fold": '??? note "{}"\n    a',
    "a definition": "a\n:   {}",
    "an image": "![{}](../assets/logo.svg)",
    "a tooltip": '[a](status.md "{}")',
    "a tooltip by reference": '[a][b]\n\n[b]: status.md "{}"',
    "a title": '<span title="{}">a</span>',
    "data": "```text\n{}\n```",
    "a fold of HTML": "<details><summary>a</summary>{}</details>",
    "an attribute": '## a {{: data-a="{}" }}',
}


@kind("placed-fact")
def placed_fact(tree: Tree) -> Changes:
    """A host, a day and a failure text in each place that a page has."""
    facts = facts_of(tree)
    for how, form in PLACES.items():
        for what in ("host", "day", "failure text"):
            yield f"{what} in {how}", add(tree, form.format(facts[what][0]))
    for language in tree.languages:
        path = f"docs/{language}/{PAGE}"
        told = f"description: {facts['host'][0]}. "
        yield f"{language}: in the front matter", tree.swap(path, "description: ", told)


@kind("typed-day")
def typed_day(tree: Tree) -> Changes:
    """A day as people write it."""
    for language in tree.languages:
        for day in DAYS[language]:
            yield f"{language}: {day}", say(tree, PLAIN[language].format(day), language)


@kind("typed-standing")
def typed_standing(tree: Tree) -> Changes:
    """Each word beside a model, and on a model's own page."""
    titles = [model.title for model in tree.stored.status.models.values()]
    own = {page.model: page.source for page in tree.pages[MAIN].values() if page.model}
    for language in tree.languages:
        words = standing_words(load_catalogue(language))
        for number, standing in enumerate(Standing):
            title = titles[number % len(titles)]
            sentence = STANDINGS[language].format(title, words[standing])
            yield f"{language}: {standing}", say(tree, sentence, language)
            marked = STANDINGS[language].format(
                title, f"**{words[standing][:1]}**{words[standing][1:]}"
            )
            yield f"{language}: {standing}, marked", say(tree, marked, language)
            named = STANDINGS[language].format(f"{title[:2]}**{title[2:]}**", words[standing])
            yield f"{language}: {standing}, a marked name", say(tree, named, language)
        for source in own.values():
            sentence = PLAIN[language].format(words[Standing.RECOMMENDED])
            yield f"{language}: {source}", _at_the_end(tree, language, source, sentence)


def _at_the_end(tree: Tree, language: str, source: str, sentence: str) -> Edits:
    """The sentence at the end of a page."""
    path = f"docs/{language}/{source}"
    text = tree.text(path).rstrip("\n")
    return noted(tree, {path: f"{text} {sentence}\n"})


@kind("typed-advice")
def typed_advice(tree: Tree) -> Changes:
    """Advice for and against a model, in words that are nobody's standing."""
    yield from _advised(tree, ADVICE)


@kind("idiomatic-advice")
def idiomatic_advice(tree: Tree) -> Changes:
    """The same in words that no list will ever have."""
    yield from _advised(tree, IDIOMS)


@kind("unnamed-advice")
def unnamed_advice(tree: Tree) -> Changes:
    """The same on the page of a model, or by a link to it, which do without its name."""
    model, source = next(
        (tree.stored.status.models[page.model], page.source)
        for page in tree.pages[MAIN].values()
        if page.model
    )
    for language in tree.languages:
        for advice in UNNAMED[language]:
            sentence = advice.format(model.title, source)
            yield f"{language}: {sentence}", _at_the_end(tree, language, source, sentence)


def _advised(tree: Tree, advices: Mapping[str, Sequence[str]]) -> Changes:
    titles = [model.title for model in tree.stored.status.models.values()]
    for language in tree.languages:
        for number, advice in enumerate(advices[language]):
            sentence = advice.format(titles[number % len(titles)])
            yield f"{language}: {sentence}", say(tree, sentence, language)
