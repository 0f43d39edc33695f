"""Catalogue: what the parts of a sentence are joined with in each language."""

from datetime import timedelta

import lxml.html
import pytest
from test_wording import (
    ALIGNED,
    DAY,
    EARLIER,
    NATIVE,
    STATES,
    facts_of,
    pages_of,
    receipt,
    row,
    seen,
    status_of,
    with_text,
)

from trueup.model import Status
from trueup.wording import load_catalogue, receipt_line
from trueup.wording.sentences import change
from trueup.wording.status_page import standings
from trueup.wording.tables import variants

COMPOSED = {
    "en": (
        "recommended · stale",
        "Acorn (POST /v1/oak)",
        "Raised to recommended by 1 production retest that is billed correctly (0 so far).",
        "Raised to recommended by 3 production retests in a row that are billed correctly (1 so"
        " far).",
        "Source: A page (reported).",
        "Sources: A page (reported) and B page (reported).",
        "Fails as recorded (oak). Replays the evidence of 2026-04-14;",
        "aligned: the bill matched the result; production, 2026-04-14",
        "2026-04-14: not recommended → controlled testing",
    ),
    "ja": (
        "推奨 · 要再テスト",
        "Acorn（POST /v1/oak）",
        "production の再テストで課金の一致を 1 回確認することで「推奨」に上がります（現在 0 回）。",
        "production の再テストで課金の一致を 3 回連続で確認することで「推奨」に上がります"
        "（現在 1 回）。",
        "出典：A page（報告）。",
        "出典：A page（報告）、B page（報告）。",
        "記録どおりに失敗します（oak）。2026-04-14 のエビデンスをリプレイしました。",
        "一致：課金は結果と一致しました（production、2026-04-14）",
        "2026-04-14：非推奨 → 限定テスト",
    ),
    "zh": (
        "推荐 · 待复测",
        "Acorn（POST /v1/oak）",
        "production 复测 1 次计费相符，即升为“推荐”（目前 0 次）。",
        "production 复测连续 3 次计费相符，即升为“推荐”（目前 1 次）。",
        "来源：A page（转述）。",
        "来源：A page（转述）和 B page（转述）。",
        "失败与记录一致（oak）。回放 2026-04-14 的证据；",
        "相符：计费与返回结果相符；production，2026-04-14",
        "2026-04-14：不推荐 → 受控测试",
    ),
    "ru": (
        "рекомендуется · данные устарели",
        "Acorn (POST /v1/oak)",
        "Для оценки «рекомендуется» нужно: 1 перепроверка на production с верным списанием"
        " (засчитано: 0).",
        "Для оценки «рекомендуется» нужно: 3 перепроверки подряд на production с верным списанием"
        " (засчитано: 1).",
        "Источник: A page (по сообщению).",
        "Источники: A page (по сообщению) и B page (по сообщению).",
        "Даёт записанный сбой (oak). Воспроизводит наблюдение от 2026-04-14;",
        "сходится: списание соответствует результату (production, 2026-04-14)",
        "2026-04-14: не рекомендуется → контролируемое тестирование",
    ),
}


@pytest.mark.parametrize("language", COMPOSED)
def test_the_parts_of_a_sentence_are_joined_as_its_language_is_written(language: str) -> None:
    catalogue = load_catalogue(language)
    good = STATES["recommended"].status
    page = pages_of(good, DAY + timedelta(days=365), catalogue)
    one = pages_of(STATES["billing not observed"].status, DAY, catalogue)
    three = pages_of(status_of([row("error", at=EARLIER), ALIGNED]), DAY, catalogue)
    later = ALIGNED | {"source": {"reported": "B page"}}
    several = status_of([later, ALIGNED]).seen(NATIVE)
    known = with_text("oak", "oak")
    line = receipt_line(
        receipt(outcome="error", signatures=("known",)), known, catalogue, "index.html"
    )
    label, name, first, fourth, source, sources, stamp, billing, move = COMPOSED[language]
    assert seen(page.label(NATIVE)) == label
    assert seen(page.name(NATIVE)) == name
    assert (change(one, NATIVE), change(three, NATIVE)) == (first, fourth)
    assert (page.phrases.sources(several[:1]), page.phrases.sources(several)) == (source, sources)
    assert str(lxml.html.fromstring(line).text_content()).startswith(stamp)
    assert billing in seen(standings(page)) and move in seen(standings(three))


@pytest.mark.parametrize(
    ("language", "titles", "note", "sentence"),
    [
        (
            "ja",
            "画像",
            "注記",
            "2026-04-14、画像で POST /v1/oak を呼び出した結果：失敗（production）（注記）。",
        ),
        ("ja", "1K", "", "2026-04-14、1K で POST /v1/oak を呼び出した結果：失敗（production）。"),
        ("zh", "图片", "注", "2026-04-14，POST /v1/oak，图片：失败（production）（注）。"),
        ("zh", "1K", "", "2026-04-14，POST /v1/oak，1K：失败（production）。"),
        ("ru", "проба", "", "2026-04-14, запрос POST /v1/oak, проба: сбой (production)."),
    ],
)
def test_a_name_is_inserted_with_the_spaces_of_its_language(
    language: str, titles: str, note: str, sentence: str
) -> None:
    tables = facts_of([row("error", variant="one", note=note or None)])
    tables["endpoints"][NATIVE]["variants"] = {"one": {"title": titles}}
    page = pages_of(Status.model_validate(tables), DAY, load_catalogue(language))
    assert sentence in seen(variants(page, "acorn"))


@pytest.mark.parametrize("language", ["ja", "zh"])
def test_a_text_of_the_gateway_keeps_its_spaces(language: str) -> None:
    catalogue = load_catalogue(language)
    text = "`当前分组 下无渠道 （distributor） 。default分组`"
    message = catalogue.gettext("{text}. Likely cause: {cause}.")
    assert message.format(text=text, cause="x").startswith(text)
    assert catalogue.join([text, text]).count(text) == 2
