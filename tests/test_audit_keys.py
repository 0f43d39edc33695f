"""Keys on the pages of an audit: no rule, in no format, has one or a part of one in its message."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from audit_samples import Sample, page
from audit_trees import DAY, commit_on
from test_audit_rules import ALL

from trueup.audit import audit_tree
from trueup.finding import Finding, render_findings

SECRET = "A7Bq9Zx2Lm4Vt8Rw3Yk6PdC1Ne5Gh0TjsUf2"
KEYS = (f"AIzaSy{SECRET[:-3]}", f"ghp_{SECRET}", f"sk-proj-{SECRET}")
QUOTED = {
    "replacement": "b-1",
    "same-names": "boat-2",
    "same-keys": "boat-1",
    "claim-before-name": "boat-1",
    "obsolete-name": "a-1",
    "language-contract": "sizes",
    "language-route": "ships",
    "language-sections": "Limits",
    "language-blocks": "img_3",
    "route-success": "tasks",
    "route-reply": "images",
    "route-query": "task",
    "call-without-key": "tasks",
    "name-or-itself": "boat-1",
    "repeated-item": "words",
    "advice-both-ways": "boat-1",
    "dead-page-link": "c",
    "document-route": "ships",
    "document-required": "name",
    "document-field": "boats",
    "document-query": "limits",
    "document-value": "huge",
    "language-names": "boat-3-fast",
    "document-reply": "boats",
    "language-values": "3",
    "language-rows": "n",
}
"""By rule, a word of its sample that its message has."""


def audited(sample: Sample, top: Path, rule: str) -> list[Finding]:
    for day, files in sample.before.items():
        commit_on(top, day, files)
    commit_on(top, sample.day, sample.files)
    document = top / "openapi.yaml" if "openapi.yaml" in sample.files else None
    return [one for one in audit_tree(top, openapi=document).findings if one.rule == rule]


def assert_hidden(findings: list[Finding], key: str) -> None:
    assert findings
    for form in ("text", "json", "sarif", "github"):
        shown = render_findings(findings, form)
        assert not [part for part in re.findall(r"\w{8,}", key) if part[:8] in shown], form
        assert "(possible key)" in shown


@pytest.mark.parametrize(
    ("rule", "word", "key"),
    [(*one, KEYS[at % len(KEYS)]) for at, one in enumerate(QUOTED.items())],
)
def test_a_key_in_the_place_of_a_quoted_word_is_hidden(
    rule: str, word: str, key: str, tmp_path: Path
) -> None:
    def keyed(text: str) -> str:
        return re.sub(rf"(?<![\w-]){word}(?![\w-])", key, text)

    red = ALL[rule].red
    files = {path: keyed(text) for path, text in red.files.items()}
    before = {
        day: {path: keyed(text) for path, text in earlier.items()}
        for day, earlier in red.before.items()
    }
    assert_hidden(audited(replace(red, files=files, before=before), tmp_path, rule), key)


@pytest.mark.parametrize("blanks", [0, 40])
def test_a_key_that_is_cut_or_read_as_several_words_is_hidden(blanks: int, tmp_path: Path) -> None:
    key = f"sk-proj-{SECRET[:8]}--{SECRET[8:]}-"
    item = f"- {'word ' * (blanks // 5)}{key}\n"
    assert_hidden(audited(Sample(page(f"{item}- b\n{item}")), tmp_path, "repeated-item"), key)


def test_a_key_of_the_history_is_hidden_without_its_last_sign(tmp_path: Path) -> None:
    key = KEYS[0][:-1] + "-"
    text = "| Name | Size |\n| --- | --- |\n| `boat-1-` | 1 |\n| `{}` | 2 |\n"
    red = Sample(page(text.format("boat-1-")), {DAY: page(text.format(key))})
    assert_hidden(audited(red, tmp_path, "same-keys"), key)
