"""Settings: mutants of what builds the pages, of what forgives findings, and of what must not be
in a repository at all."""

import json
import string
from hashlib import sha256

from mutation.kinds import Changes, kind
from mutation.prose import PAGE, say
from mutation.tree import STATUS, Tree
from trueup.check.baseline import NEVER
from trueup.site import settings_of

HOOK = "def on_page_markdown(markdown, **_):\n    return markdown.replace('not ', '')\n"


@kind("site-setting")
def site_setting(tree: Tree) -> Changes:
    """Settings that let text into the pages, or a mistake."""
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
        "  - search\n": "  - search\n  - include-markdown\n",
        "  - admonition\n": "  - admonition\n  - pymdownx.snippets\n",
        "  - tables\n": "  - tables\n  - md_in_html\n",
        "plugins:\n": "watch_theme: true\nplugins:\n",
    }.items():
        yield f"{path}: {new.strip().splitlines()[-1].strip()}", tree.swap(path, old, new)


@kind("baseline-abuse")
def baseline_abuse(tree: Tree) -> Changes:
    """An entry for what is never forgiven, one past its day, and one too loose."""
    entry = "  - {{rule: {}, path: {}, found: {}, until: {}}}\n"
    for rule in NEVER:
        text = "findings:\n" + entry.format(rule, STATUS, "a", "2999-01-01")
        yield f"{rule} forgiven", {"baseline.yml": text}
    host = sorted(tree.stored.status.hosts)[0]
    fact = say(tree, f"See {host}.", "ja", source=PAGE)
    found = f"\"the base URL '{host}' is typed in the page\""
    path = f"docs/ja/{PAGE}"
    for told, day in {"past its day": tree.stored.status.policy.reported_until}.items():
        text = "findings:\n" + entry.format("typed-fact", path, found, day)
        yield told, {**fact, "baseline.yml": text}
    text = "findings:\n" + entry.format("typed-fact", path, found, "2999-01-01")
    yield (
        "more often than forgiven",
        {
            **say(tree, f"See {host}. See {host}.", "ja", source=PAGE),
            "baseline.yml": text,
        },
    )
    yield (
        "of another page",
        {
            **fact,
            "baseline.yml": text.replace(path, f"docs/zh/{PAGE}"),
        },
    )
    yield "of no rule", {"baseline.yml": "findings:\n" + entry.format("a", "b", "c", "2999-01-01")}
    yield "without a day", {"baseline.yml": "findings:\n  - {rule: drift, path: a, found: b}\n"}
    yield "no YAML", {"baseline.yml": "findings: [\n"}


def _letters(seed: str, count: int, alphabet: str = string.ascii_letters + string.digits) -> str:
    digest = b"".join(sha256(f"{seed}{n}".encode()).digest() for n in range(count // 32 + 1))
    return "".join(alphabet[byte % len(alphabet)] for byte in digest[:count])


def keys() -> dict[str, str]:
    """A key of each kind, as its issuer would write it; of nobody."""
    token = ".".join("eyJ" + _letters(f"token{n}", 40) for n in range(2))
    return {
        "gateway": "sk" + "-" + _letters("gateway", 48),
        "project": "sk" + "-proj-" + _letters("project", 60),
        "google": "AI" + "za" + _letters("google", 35),
        "github": "gh" + "p_" + _letters("github", 36),
        "github, fine": "github" + "_pat_" + _letters("fine", 60),
        "gitlab": "glp" + "at-" + _letters("gitlab", 20),
        "amazon": "AK" + "IA" + _letters("amazon", 16, string.ascii_uppercase + "234567"),
        "slack": "xo" + "xb-" + _letters("slack", 40),
        "token": token + "." + _letters("sign", 43),
        "private": "-----BEGIN " + "PRIVATE KEY-----\n" + _letters("private", 64) + "\n",
    }


@kind("leaked-key")
def leaked_key(tree: Tree) -> Changes:
    """A key of each kind, in a page, in a template, in the status file, in a file of its own."""
    template = next(name for name in tree.files if name.endswith(".py.j2"))
    for what, key in keys().items():
        mark = key.replace("\n", "\n# ").strip("\n# ")
        yield f"{what} in a page", say(tree, key.strip(), "ru")
        for path in (template, STATUS):
            yield f"{what} in {path}", {path: f"{tree.text(path)}\n# {mark}\n"}
        yield f"{what} in a file of its own", {"notes.txt": f"{key}\n"}
        yield f"{what} in data", {"key.json": json.dumps({"key": key})}


@kind("hidden-by-theme")
def hidden_by_theme(tree: Tree) -> Changes:
    """A style or a script of the pages that hides what they say."""
    css = "overrides/assets/trueup.css"
    for name in (".tu-legacy", ".tu-mark", ".tu-stale"):
        yield f"{css}: {name}", {css: f"{tree.text(css)}\n{name} {{ display: none }}\n"}
    js = "overrides/assets/legacy.js"
    yield f"{js}: empty", {js: ""}
    main = "{% extends 'base.html' %}{% block announce %}All routes work.{% endblock %}\n"
    yield "an announcement", {"overrides/main.html": main}
