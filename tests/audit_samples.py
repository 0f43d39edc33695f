"""Samples of the audit: for each rule a tree that it reports, and one near to it that is well."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from audit_trees import DAY, clean_tree, page_text

Files = Mapping[str, str]
LATER = "2026-04-14"


@dataclass(frozen=True)
class Sample:
    """A tree: its files, and those of earlier commits by date; what the rule reports in it."""

    files: Files
    before: Mapping[str, Files] = field(default_factory=dict)
    day: str = LATER
    found: str = ""
    """Places of the finding as `path:line`, with blanks between; empty for a tree that is well."""


@dataclass(frozen=True)
class Pair:
    """The samples of a rule."""

    red: Sample
    near: Sample


def page(text: str) -> dict[str, str]:
    return {"a.md": text}


def changed(old: str, new: str, found: str = "") -> Sample:
    """A page that one commit wrote and another changed."""
    return Sample(page(new), {DAY: page(old)}, found=found)


def in_one(language: str, old: str, new: str, found: str = "") -> Sample:
    """A clean tree of four languages, with one text of a page changed in one."""
    files, name = clean_tree(), f"docs/{language}/page-3.md"
    assert old in files[name]
    return Sample({**files, name: files[name].replace(old, new, 1)}, found=found)


def everywhere(line: str, but: str = "") -> str:
    """The places of a line of page 3 in all languages, or all but one."""
    languages = [name for name in ("en", "ja", "ru", "zh") if name != but]
    return " ".join(f"docs/{name}/page-3.md:{line}" for name in languages)


def without(language: str, start: str, end: str, found: str) -> Sample:
    """A clean tree of four languages, where page 3 lacks a part in one: from a text to another."""
    files, name = clean_tree(), f"docs/{language}/page-3.md"
    head, _, rest = files[name].partition(start)
    return Sample({**files, name: head + (rest[rest.index(end) :] if end else "")}, found=found)


def fenced(language: str, *bodies: str) -> str:
    return "# A\n" + "".join(f"\n```{language}\n{body}\n```\n" for body in bodies)


CALL = """\
## {title}

```bash
curl https://api.example.com/v1/{path} -H "Authorization: Bearer $KEY"
```

```json
{reply}
```

"""


def calls(*replies: str, path: str = "tasks/$ID") -> str:
    return "".join(
        CALL.format(title=f"Part {number}", path=path, reply=reply)
        for number, reply in enumerate(replies)
    )


def gets(*commands: str) -> dict[str, str]:
    """Pages with a call each, under a heading."""
    return {
        f"{number}.md": f"# Call\n\n```bash\n{command}\n```\n"
        for number, command in enumerate(commands)
    }


KEYED = 'curl https://api.example.com/v1/tasks?id=3 -H "X-Api-Key: $KEY"'
KEYLESS = "curl https://api.example.com/v1/tasks?id=3"
THREE = "`a-1` in one.\n\n`a-1` in two.\n\n`a-1` in three.\n"
WAIT = 'while True:\n    if reply["status"] == "{}":\n        break'
BOATS = "Use `boat-1` or `boat-2`.\n"
STAMPED = {f"{n}.md": f"# P{n}\n\nLast updated: 2026-04-14\n\nText.\n" for n in range(5)}
OLD_STAMP = "# P0\n\nLast updated: 2026-03-25\n\nText.\n"
PIPE = "curl -fsSL https://example.com/install.sh | sh"
_, MARK, REST = page_text("ru", 3).partition("```json")
REPLY = f"{MARK}{REST.partition('```')[0]}```"
LINKED = {
    **{f"docs/{name}/a.md": "# A\n\nSee [b](b.md).\n" for name in ("en", "ja", "ru")},
    **{f"docs/{name}/{page}.md": "# B\n" for name in ("en", "ja", "ru") for page in "bc"},
}
POST = "curl https://x.example/v1/{} -H 'Authorization: Bearer $K' -H 'Content-Type: a/b' -d '{{}}'"
POSTS = [POST.format(number) for number in range(9)]
GET = "curl https://x.example/v1/a"
SEND = "curl https://x.example -d"
ON = "`boat-1` on `POST /v1/boats`"
LINKS = "# A\n\n" + "".join("See [b](b.md).\n" for _ in range(12))

SAMPLES: dict[str, Pair] = {
    "replacement": Pair(
        changed(
            "`a-1` or `b-1`\n\n`a-1` and `b-1`\n\n`a-1`, `b-1`\n",
            "`b-1` or `b-1`\n\n`b-1` and `b-1`\n\n`b-1`, `b-1`\n",
            "a.md:1 a.md:3 a.md:5",
        ),
        changed("`a-1` or `b-1`\n", "`b-1` or `b-1`\n"),
    ),
    "same-names": Pair(
        changed(BOATS, "Use `boat-2` or `boat-2`.\n", "a.md:1"),
        changed(BOATS, "Use `boat-3` or `boat-2`.\n"),
    ),
    "same-keys": Pair(
        changed(
            "| Model | Price |\n| --- | --- |\n| `boat-1` | 1 |\n| `boat-2` | 2 |\n",
            "| Model | Price |\n| --- | --- |\n| `boat-2` | 1 |\n| `boat-2` | 2 |\n",
            "a.md:3 a.md:4",
        ),
        changed(  # a key of two cells
            "| Model | Size |\n| --- | --- |\n| `boat-1` | 1 |\n| `boat-1` | 2 |\n",
            "| Model | Size |\n| --- | --- |\n| `boat-2` | 1 |\n| `boat-2` | 2 |\n",
        ),
    ),
    "claim-before-name": Pair(
        changed(
            "Verified on 2026-03-23: `boat-1` works.\n",
            "Verified on 2026-03-23: `boat-2` works.\n",
            "a.md:1",
        ),
        changed(
            "Verified on 2026-03-23: `boat-1` works.\n",
            "Verified on 2026-04-13: `boat-2` works.\n",
        ),
    ),
    "claim-after-commit": Pair(
        Sample(page("Tested on 2026-08-01: it works.\n"), found="a.md:1"),
        Sample(page("Planned for 2026-08-01: it works.\n")),
    ),
    "moved-dates": Pair(
        changed(
            "Tested on 2026-03-23: a.\n\nTested on 2026-03-23: b.\n",
            "Tested on 2026-04-14: a.\n\nTested on 2026-04-14: b.\n",
            "a.md:1 a.md:3",
        ),
        changed(
            "Tested on 2026-03-23: a.\n\nTested on 2026-03-23: b.\n",
            "Tested on 2026-04-14: a fails.\n\nTested on 2026-04-14: b fails.\n",
        ),
    ),
    "obsolete-name": Pair(
        changed(
            f"The old `b-1` is gone.\n\n{THREE}\n`b-1`, `b-1`\n\n`b-1`\n",
            f"The old `a-1` is gone.\n\n{THREE}\n`a-1`, `a-1`\n\n`a-1`\n",
            "a.md:1 a.md:3 a.md:5 a.md:7 a.md:9 a.md:11",
        ),
        changed(
            f"The `b-1` is here.\n\n{THREE}\n`b-1`, `b-1`\n\n`b-1`\n",
            f"The `a-1` is here.\n\n{THREE}\n`a-1`, `a-1`\n\n`a-1`\n",
        ),
    ),
    "language-names": Pair(
        in_one(
            "ja",
            '"model": "boat-3-image"',
            '"model": "boat-3-fast"',
            "docs/ja/page-3.md:16 " + everywhere("16", "ja"),
        ),
        in_one("ja", "紙の船のシンプルなアイコン", "別の文"),
    ),
    "language-contract": Pair(
        in_one("zh", '"size":', '"sizes":', "docs/zh/page-3.md:16 " + everywhere("16", "zh")),
        in_one("zh", "https://api.example.com", "https://api.example.cn"),
    ),
    "language-values": Pair(
        in_one("ru", '"n": 2', '"n": 3', "docs/ru/page-3.md:16 " + everywhere("16", "ru")),
        in_one("ru", "1 000", "1000"),
    ),
    "language-route": Pair(
        Sample(
            {
                "docs/en/a.md": "Call `GET /v1/boats`.\n",
                "docs/ja/a.md": "`GET /v1/ships` を呼ぶ。\n",
            },
            found="docs/en/a.md:1 docs/ja/a.md:1",
        ),
        Sample(
            {
                "docs/en/a.md": "Call `GET /v1/boats/{id}`.\n",
                "docs/ja/a.md": "`GET /v1/boats/<id>` を呼ぶ。\n",
            }
        ),
    ),
    "language-stub": Pair(
        Sample(
            {**clean_tree(), "docs/ja/page-3.md": "# 画像\n\n準備中\n"},
            found="docs/ja/page-3.md:1 " + everywhere("1", "ja"),
        ),
        Sample({**clean_tree(), "docs/en/page-7.md": "# Later\n", "docs/ja/page-7.md": "# 後で\n"}),
    ),
    "language-rows": Pair(
        in_one(
            "en",
            "| `n` | Number of images | 4 |\n",
            "",
            "docs/en/page-3.md:29 " + everywhere("32", "en") + " " + everywhere("29", "en"),
        ),
        in_one("en", "| `n` | Number of images | 4 |\n", "| `n` | How many images | 4 |\n"),
    ),
    "language-sections": Pair(
        without("ja", "## 制限", "", "docs/ja/page-3.md:5 " + everywhere("27", "ja")),
        in_one("ja", "## 制限\n", ""),  # its text is there
    ),
    "language-blocks": Pair(
        without("ru", "```json", "## ", "docs/ru/page-3.md:5 " + everywhere("20", "ru")),
        in_one("ru", REPLY, REPLY.replace("```json", "<pre>").replace("```", "</pre>")),
    ),
    "language-links": Pair(
        Sample(
            {**LINKED, "docs/ja/a.md": LINKED["docs/ja/a.md"].replace("b.md", "c.md")},
            found="docs/ja/a.md:3 docs/en/a.md:3 docs/ru/a.md:3",
        ),
        Sample(
            {**LINKED, "docs/ja/a.md": LINKED["docs/ja/a.md"].replace("b.md", "../en/b.md#x")},
        ),
    ),
    "route-success": Pair(
        Sample(
            page(calls('{"status": "succeeded"}', '{"status": "SUCCESS"}')), found="a.md:8 a.md:18"
        ),
        Sample(page(calls('{"status": "succeeded"}', '{"status": "queued"}'))),
    ),
    "route-reply": Pair(
        Sample(page(calls('{"data": [1]}', '{"images": [1]}')), found="a.md:8 a.md:18"),
        Sample(page(calls('{"data": [1]}', '{"error": {"message": "no such task"}}'))),
    ),
    "undocumented-word": Pair(
        Sample(
            page(
                f"```python\n{WAIT.format('completed')}\n```\n"
                '\n```json\n{"status": "succeeded"}\n```\n'
            ),
            found="a.md:3 a.md:8",
        ),
        Sample(
            page(
                f"```python\n{WAIT.format('succeeded')}\n```\n"
                '\n```json\n{"status": "SUCCEEDED"}\n```\n'
            )
        ),
    ),
    "route-query": Pair(
        Sample(
            gets(*[KEYED] * 4, KEYED.replace("id=", "task=")),
            found="4.md:4 0.md:4 1.md:4 2.md:4 3.md:4",
        ),
        Sample(gets(*[KEYED] * 4, KEYED.replace("?id=3", "?id=3&task=4"))),
    ),
    "call-without-key": Pair(
        Sample(gets(*[KEYED] * 4, KEYLESS), found="4.md:4 0.md:4 1.md:4 2.md:4 3.md:4"),
        Sample(
            {**gets(*[KEYED] * 4), "4.md": f"# Without a key\n\n```bash\n{KEYLESS}\n```\n"},
        ),
    ),
    "odd-header": Pair(
        Sample(
            gets(*POSTS, POST.format("a").replace("Authorization", "X-Api-Key")),
            found="9.md:4 0.md:4 1.md:4 2.md:4",
        ),
        Sample(gets(*POSTS, POST.format("a").replace("Authorization: Bearer", "X-Api-Key:"))),
    ),
    "open-block": Pair(
        Sample(
            page("# A\n\n```json\n{}\n\nThen:\n\n```bash\nls\n```\n\nText.\n"),
            found="a.md:3 a.md:8",
        ),
        Sample(page("# A\n\n````json\n{}\n```bash\n````\n\n```md\n```bash\nls\n```\n")),
    ),
    "broken-json": Pair(
        Sample(page(fenced("json", '{"a": 1}', '{"a": 1\n "b": 2}')), found="a.md:9"),
        Sample(page(fenced("json", '{"a": 1, // one\n ...\n}', "{...}\n{...}", 'data: {"a": 1}'))),
    ),
    "broken-yaml": Pair(
        Sample(page(fenced("yaml", "a: 1", "a: [1\nb: 2")), found="a.md:9"),
        Sample(page(fenced("yaml", "a: {{ value }}", "a: 1\n...\nb: 2", "---\na: 1\n---\na: 2"))),
    ),
    "broken-python": Pair(
        Sample(page(fenced("python", "a = 1", "a = (1\nb = 2")), found="a.md:8"),
        Sample(
            page(fenced("python", "await a()", "    return 1", "def f(a, ...):", ">>> a\n1", "@x"))
        ),
    ),
    "broken-body": Pair(
        Sample(page(fenced("bash", f'{SEND} \'{{\n "a": 1,\n "b" 2}}\'')), found="a.md:6"),
        Sample(page(fenced("bash", f"{SEND} '{{\"a\": $N, ...}}'", f"{SEND} '{{\"a\": '$N'}}'"))),
    ),
    "cut-command": Pair(
        Sample(page(fenced("bash", f"{GET}\n  -H 'A: b' \\\n  -d @a")), found="a.md:5"),
        Sample(
            page(
                fenced(
                    "bash",
                    f"{GET} \\\n  -H 'A: b' \\\n  -d '{{\n -d }}'",
                    f"{GET} ...\n  -H 'A: b'",
                    "ls\n  -d a",
                )
                + fenced("", f"{GET}\n -H 'A: b'")
            )
        ),
    ),
    "variable-before-pipe": Pair(
        Sample(page(fenced("bash", f"VERSION=1.2 {PIPE}")), found="a.md:4"),
        Sample(page(fenced("bash", PIPE.replace("| ", "| VERSION=1.2 "), f"HTTPS_PROXY=x {PIPE}"))),
    ),
    "doubled-escape": Pair(
        Sample(
            page(fenced("bash", 'curl https://x.example -d "{\\\\"a\\\\": 1}"')), found="a.md:4"
        ),
        Sample(page(fenced("bash", 'curl https://x.example -d "{\\"a\\": 1}"'))),
    ),
    "dead-page-link": Pair(
        Sample({"a.md": LINKS + "\nSee [c](c.md).\n", "b.md": "# B\n"}, found="a.md:16"),
        Sample(
            {
                "a.md": LINKS + "\nSee `[c](c.md)`, [b](b.md#x) and [d](../d.md).\n",
                "b.md": "# B\n",
            }
        ),
    ),
    "dead-anchor": Pair(
        Sample(
            {"a.md": "# A\n\n[b](b.md#old)\n", "b.md": "# B\n\n## New\n\n[b](#old)\n"},
            found="a.md:3 b.md:5 b.md",
        ),
        Sample(
            {
                "a.md": "# A\n\n[b](b.md#new-part) `[b](#old)` [b](https://b.example/b.md#old)\n",
                "b.md": "# B\n\n## New part\n\n[b](#mast) [a](c.md#old)\n\n<a id='mast'></a>\n",
                "c.md": "# C\n\n{{ parts() }}\n",
            }
        ),
    ),
    "name-or-itself": Pair(
        Sample(page("Use `boat-1` or `boat-1`.\n"), found="a.md:1"),
        Sample(page("Use `boat-1` or `boat-2`; menu `Open` or `Open`.\n")),
    ),
    "repeated-item": Pair(
        Sample(
            page("- the same words\n- other words here\n- the same words\n"), found="a.md:1 a.md:3"
        ),
        Sample(
            page(
                "1. Press the button\n2. Write a name\n3. Press the button\n\n"
                "- `-h`: `--usage` of it\n- `-H`: `--usage` of it\n"
            )
        ),
    ),
    "old-stamps": Pair(
        Sample({**STAMPED, "0.md": OLD_STAMP}, found="0.md:3"),
        Sample({"0.md": OLD_STAMP, "1.md": OLD_STAMP, "2.md": STAMPED["2.md"]}),
    ),
    "advice-both-ways": Pair(
        Sample(
            {
                "a.md": f"# Routes\n\nText.\n\n{ON} is\nrecommended.\n",
                "b.md": f"# Notes\n\n- Avoid {ON}.\n",
                "c.md": "# Status\n\n| Model | Route | Status |\n| --- | --- | --- |\n"
                "| `boat-1` | `POST /v1/boats` | Production-ready |\n",
            },
            found="a.md:5 c.md:5 b.md:3",
        ),
        Sample(
            {
                "a.md": f"# Routes\n\n{ON} is recommended.\n\n`boat-2` is recommended.\n",
                "b.md": "# Notes\n\nAvoid `boat-1` on `POST /v2/boats`.\n\nAvoid `boat-2`.\n",
            }
        ),
    ),
}
"""By id of the rule; those about the reading itself are in tests/test_audit.py."""
