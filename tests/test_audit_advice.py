"""Advice: what is recommended and advised against, and what is no contradiction."""

from pathlib import Path

import pytest
from audit_trees import audited, write_files

from trueup.audit.rules.advice import check_advice
from trueup.audit.tree import read_tree

ON = "`boat-1` on `POST /v1/boats`"
RECOMMENDED = (
    f"{ON} is recommended.",
    f"We recommend {ON}.",
    f"推荐 {ON}。",
    f"{ON} を推奨します。",
    f"Рекомендуем {ON}.",
    f"{ON} wird empfohlen.",
    f"Nous recommandons {ON}.",
    f"Recomendamos {ON}.",
    f"{ON} 추천합니다.",
    "| `boat-1` | POST /v1/boats | ✅ Recommended |",
)
AGAINST = (
    f"{ON} is not recommended.",
    f"Do not use {ON}.",
    f"不推荐 {ON}。",
    f"{ON} は推奨されません。",
    f"Не рекомендуется {ON}.",
    f"{ON} wird nicht empfohlen.",
    f"{ON} n'est pas recommandé.",
    f"No se recomienda {ON}.",
    f"{ON} 권장하지 않습니다.",
    "| `boat-1` | POST /v1/boats | deprecated |",
)
NEITHER = (
    f"{ON} is recommended for maps.",
    f"If you draw maps, {ON} is recommended.",
    f"{ON} is not always recommended.",
    f"{ON} was recommended.",
    f"Is {ON} recommended?",
    f"{ON} or `boat-2` is recommended.",
    f"{ON} is recommended over `POST /v2/boats`.",
    f"{ON} was recommended on 2026-04-14.",
    f"{ON} is recommended\nfor maps.",
    f"{ON} 仅推荐用于地图。",
    f"{ON} は地図には推奨します。",
    f"{ON} рекомендуется только для карт.",
    f"| {ON} | Recommended | not recommended |",
    "`boat-1` is recommended.",
    "POST /v1/boats is recommended.",
)


def is_disputed(top: Path, *texts: str, path: str = "{}.md") -> bool:
    table = "| a | b | c |\n| --- | --- | --- |\n"
    pages = {
        path.format(number): f"# A\n\n{table if text.startswith('|') else ''}{text}\n"
        for number, text in enumerate(texts)
    }
    return bool(list(check_advice(read_tree(write_files(top, pages))[0])))


@pytest.mark.parametrize("text", RECOMMENDED)
def test_a_recommendation_is_read_in_each_language(text: str, tmp_path: Path) -> None:
    assert is_disputed(tmp_path, text, AGAINST[0])


@pytest.mark.parametrize("text", AGAINST)
def test_an_advice_against_is_read_in_each_language(text: str, tmp_path: Path) -> None:
    assert is_disputed(tmp_path, text, RECOMMENDED[0])


@pytest.mark.parametrize("text", NEITHER)
def test_a_condition_or_another_thing_is_no_contradiction(text: str, tmp_path: Path) -> None:
    assert not is_disputed(tmp_path / "a", text, AGAINST[0])
    assert not is_disputed(tmp_path / "b", text, RECOMMENDED[0])


def test_the_docs_of_two_versions_do_not_disagree(tmp_path: Path) -> None:
    assert not is_disputed(tmp_path, RECOMMENDED[0], AGAINST[0], path="docs/v{}/a.md")


def test_a_heading_with_a_condition_is_one(tmp_path: Path) -> None:
    pages = {
        "a.md": f"# For maps\n\n{RECOMMENDED[0]}\n",
        "b.md": f"# Portraits\n\n{AGAINST[0]}\n",
    }
    assert audited(write_files(tmp_path, pages))[1:] == []
