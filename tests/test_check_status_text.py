"""Status text: what people wrote into the status file for readers holds no standing or advice."""

import ast
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from trueup import model
from trueup.check.banned_terms import BannedTerms, banned_terms
from trueup.check.status_translations import UNPUBLISHABLE, check_status_text
from trueup.errors import BadInput
from trueup.status_file import Stored, parse_status
from trueup.wording import load_translations

TEXT = (Path(__file__).parent / "record.yml").read_text("utf-8")
NOW = datetime(2026, 4, 20, tzinfo=UTC)
TITLE = "title: Nano Banana\n"
HOLD = """\
holds:
  - {{endpoint: nano-banana-2/*, to: not-recommended, reason: "{}", by: someone, on: 2026-04-14}}
"""


def stored_and_terms(text: str) -> tuple[Stored, BannedTerms]:
    stored = parse_status(text, "status.yml", NOW)
    return stored, banned_terms(stored.status)


def found_in(text: str, docs: Path, languages: tuple[str, ...] = ("en",)) -> list[str]:
    found = check_status_text(*stored_and_terms(text), docs, languages)
    return [f"{one.where.path}:{one.where.line} {one.rule}" for one in found]


@pytest.mark.parametrize(
    "title",
    [
        *("Nano Banana (recommended, works reliably)", "Nano Banana, which is fixed now"),
        *("Nano Banana, rock solid", "Nano Banana, avoid it", "Nano Banana（推奨）", "Не работает"),
        "Nano Banana, r\u0435commended",
    ],
)
def test_advice_in_a_text_of_the_status_file_is_found(title: str, tmp_path: Path) -> None:
    assert found_in(TEXT, tmp_path) == []
    line = TEXT[: TEXT.index(TITLE)].count("\n") + 1
    found = found_in(TEXT.replace(TITLE, f"title: {title}\n", 1), tmp_path)
    assert f"status.yml:{line} " in found[0] and len({one.partition(" ")[0] for one in found}) == 1


SILENT = """\
  - at: 2026-04-14
    endpoint: nano-banana/generate-content
    target: production
    sent: {{base_url: https://crazyrouter.com, request: POST /x, auth: bearer, body: {{a: 1}}}}
    outcome: inconclusive
    reason: {}
    source: {{reported: someone}}
"""
LOCAL = "    base_url: http://localhost:4000\n"
FORMS = {
    "a title": (TITLE, "title: {}\n"),
    "the reason of a hold": ("observations:\n", HOLD.replace('"', "") + "observations:\n"),
    "the reason of a skip": (
        "  nano-banana/generate-content:\n",
        "  nano-banana/generate-content:\n    skip: {{until: 2026-05-01, reason: {}}}\n",
    ),
    "the reason of a ledger": (
        f"{LOCAL}    ledger: new-api\n",
        LOCAL + "    ledger: {{none: {}}}\n",
    ),
    "the page by which a route is free": (
        "    request: POST /v1/images/generations\n    protocol: openai-images\n",
        "    request: POST /v1/images/generations\n    protocol: openai-images\n"
        "    free: {{page: {}, on: 2026-04-14}}\n",
    ),
    "the reason of a row": ("observations:\n", "observations:\n" + SILENT),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("written", "rule"),
    [
        ("it is recommended", "typed-standing"),
        (r'"a\0b"', "hidden-text"),
        ("a plain text", None),
    ],
)
def test_a_text_that_readers_see_has_no_advice_and_no_character_that_no_page_holds(
    form: str, written: str, rule: str | None, tmp_path: Path
) -> None:
    old, new = FORMS[form]
    assert TEXT.count(old) >= 1
    text = TEXT.replace(old, new.format(written), 1)
    line = text[: text.index(written)].count("\n") + 1
    assert {*found_in(text, tmp_path)} == ({f"status.yml:{line} {rule}"} if rule else set())


UNSEEN = {
    *("Policy.signers", "Policy.site", "Policy.overrides", "Policy.loosened", "Replay.message"),
    *("Signature.match", "Source.receipt", "Task.done", "Task.failed", "Hold.endpoint"),
    *("Observation.endpoint", "Observation.mime", "Observation.group", "Observation.retracted"),
}
"""Texts that no page shows, or only as code."""


def test_each_text_of_the_model_says_whether_readers_see_it() -> None:
    found = {
        f"{noun.name}.{field.target.id}"
        for file in Path(str(model.__file__)).parent.glob("*.py")
        for noun in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(noun, ast.ClassDef)
        for field in noun.body
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if re.search(r"\bText\b", ast.unparse(field.annotation))
    }
    assert found == UNSEEN


def test_what_neither_html_nor_xml_can_carry_is_unpublishable() -> None:
    assert all(map(UNPUBLISHABLE.search, "\0\b\v\r\x1b\x1f\ufffe\uffff"))
    assert UNPUBLISHABLE.search("a\tb\nc é\ufffd😀") is None


@pytest.mark.parametrize(
    ("reason", "count"),
    [("not recommended: it does not work", 0), ("it is safe to use", 1), ("非推奨", 0)],
)
def test_the_reason_of_a_hold_may_warn_but_not_praise(
    reason: str, count: int, tmp_path: Path
) -> None:
    assert len(found_in(TEXT + HOLD.format(reason), tmp_path)) == count


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (TEXT.replace(TITLE, "title: Nano Banana, 2 cents\n", 1), "2 cents"),
        (TEXT.replace("title: OpenAI Images", "title: Images, 60 requests a minute"), "60"),
        (TEXT + HOLD.format("a bill").replace("someone", "those who recommend it"), "recom"),
    ],
)
def test_a_claim_is_found_at_its_word(text: str, word: str, tmp_path: Path) -> None:
    (place, *_) = check_status_text(*stored_and_terms(text), tmp_path, ("en",))
    line = text.split("\n")[place.where.line - 1]
    assert line[place.where.column - 1 :].startswith(word)


def test_a_title_may_say_the_words_of_its_name(tmp_path: Path) -> None:
    fast = TEXT.replace("nano-banana-2", "fast-2").replace("title: Nano Banana 2", "title: Fast 2")
    assert found_in(fast, tmp_path) == []
    assert found_in(fast.replace("title: Fast 2", "title: Fast, cheap 2"), tmp_path)


def test_advice_in_a_translation_is_found_at_its_entry(tmp_path: Path) -> None:
    (tmp_path / "ja.po").write_text(
        'msgid "Native Gemini generateContent"\nmsgstr "a"\n\n'
        'msgid "OpenAI Images"\nmsgstr "推奨：本番環境で安心して使ってください"\n',
        "utf-8",
    )
    found = found_in(TEXT, tmp_path, ("en", "ja"))
    file = tmp_path / "ja.po"
    assert {one for one in found if "untranslated" not in one} == {f"{file}:4 typed-standing"}


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b'msgid "a"\nmsgstr "b\n', 2),
        (b'msgid "a\nmsgstr "b"\n', 1),
        (b'msgid "a"\nmsgstr "b\\"\n', 2),
        (b'msgid "a"\nmsgstr "b" "c"\n', 2),
        (b'msgid "a"\n\nmsgstr "\xff"\n', 3),
        (b'msgid "a"\nmsgid "b"\nmsgstr "c"\n', 0),
        (b'msgid ""\nmsgstr "Content-Type: a; charset=no\\n"\nmsgid "a"\nmsgstr "\xc3\xa9"\n', 0),
    ],
)
def test_a_broken_catalogue_is_refused_with_its_line(
    content: bytes, line: int, tmp_path: Path
) -> None:
    (tmp_path / "ja.po").write_bytes(content)
    with pytest.raises(BadInput) as refused:
        load_translations(tmp_path / "ja")
    assert refused.value.message.where.line == line
