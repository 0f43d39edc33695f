"""Languages: what may differ in code, tables and sentences between languages, and what may not."""

from pathlib import Path

import pytest
from audit_trees import LANGUAGES, audited, clean_tree, write_files

SAME = {
    "a comment": ("x = 1  # the count", "x = 1  # 数"),
    "a comment of its own": ("x = 1", "# 数\nx = 1"),
    "a docstring": (
        'def f():\n    """Return it."""\n    g(1)',
        'def f():\n    """返す。"""\n    g(1)',
    ),
    "a comment in C": ("a(1); // call\n/* one\ntwo */", "a(1); // 呼ぶ\n/* 一 */"),
    "a prompt": ('{"prompt": "A red boat", "n": 1}', '{"prompt": "赤い船", "n": 1}'),
    "a prompt in English": ('{"prompt": "A red boat"}', '{"prompt": "A blue ship on the sea"}'),
    "a placeholder": ("key: YOUR_API_KEY\nn: 1", "key: あなたのキー\nn: 1"),
    "a placeholder in brackets": ("key: <your key>\nn: 1", "key: <キー>\nn: 1"),
    "a name of a constant": ('os.environ["API_KEY"]', 'os.environ["MY_API_KEY"]'),
    "a host": ("curl https://api.example.com/v1/a -d '{}'", "curl https://例え.jp/v1/a -d '{}'"),
    "a language": ('{"lang": "en", "voice": 1}', '{"lang": "ja", "voice": 1}'),
    "a file": ("open('boat.png', 1)", "open('fune.png', 1)"),
    "a path with a value": ("GET /v1/tasks/{id}\nn: 1", "GET /v1/tasks/TASK_ID\nn: 1"),
    "a translated address": ("see https://a.example/en/x", "see https://a.example/ja/x"),
    "a header with a key": (
        '-H "Authorization: Bearer KEY_A" -v',
        '-H "Authorization: Bearer キー" -v',
    ),
    "blanks": ('{"a":1,"b":2}', '{\n  "a": 1,\n  "b": 2\n}'),
}
OTHER = {
    "a model": ('{"model": "boat-1", "n": 1}', '{"model": "boat-2", "n": 1}', "language-names"),
    "a key": ('{"size": 1, "n": 1}', '{"sizes": 1, "n": 1}', "language-contract"),
    "a key more": ('{"size": 1}', '{"size": 1, "n": 2}', "language-contract"),
    "a method": ("POST /v1/a\nhost: a.example", "PUT /v1/a\nhost: a.example", "language-contract"),
    "a request alone": ("GET /v1/boats", "GET /v1/ships", "language-contract"),
    "a path": (
        "curl https://a.example/v1/a -d x",
        "curl https://a.example/v1/b -d x",
        "language-contract",
    ),
    "a query": (
        "curl https://a.example/v1?id=1",
        "curl https://a.example/v1?ids=1",
        "language-contract",
    ),
    "a header": ('curl -H "X-Key: a" -d 1', 'curl -H "X-Api-Key: a" -d 1', "language-contract"),
    "a number": ("sleep(10, True)", "sleep(30, True)", "language-values"),
    "a port": (
        "open('http://localhost:3000/x')",
        "open('http://localhost:4000/x')",
        "language-values",
    ),
    "a method of an object": ("data = reply.json()", "data = reply.text()", "language-names"),
    "a date": ("since: 2026-01-01\nn: 1", "since: 2026-01-02\nn: 1", "language-values"),
    "a truth": ('{"stream": true, "n": 1}', '{"stream": false, "n": 1}', "language-values"),
    "a word of a state": (
        '{"status": "done", "n": 1}',
        '{"status": "success", "n": 1}',
        "language-values",
    ),
    "a name in Python": (
        "client.images.generate(1)",
        "client.images.create_it(1)",
        "language-names",
    ),
    "a body in quotes": (
        '-d \'{"model": "boat-1", "t": "x y"}\'',
        '-d \'{"model": "boat-2", "t": "船"}\'',
        "language-names",
    ),
}


def both(top: Path, english: str, japanese: str) -> list[str]:
    pages = {"en": english, "ja": japanese}
    files = {f"docs/{name}/a.md": f"# A\n\n```\n{code}\n```\n" for name, code in pages.items()}
    return audited(write_files(top, files))[1:]


@pytest.mark.parametrize(
    ("mine", "yours", "found"),
    [
        ("24 hours", "1 天", False),
        ("2.0", "2", False),
        ("1,50", "1.5", False),
        ("60 seconds", "1 分钟", False),
        ("60 seconds", "90 秒", True),
        ("2.5", "2", True),
    ],
)
def test_a_cell_is_compared_with_its_unit(
    mine: str, yours: str, found: bool, tmp_path: Path
) -> None:
    table = "# A\n\n| a | b |\n| --- | --- |\n| `x-1` | {} |\n| `x-2` | 7 |\n"
    files = {"docs/en/a.md": table.format(mine), "docs/zh/a.md": table.format(yours)}
    assert bool(audited(write_files(tmp_path, files))[1:]) is found


@pytest.mark.parametrize("name", SAME)
def test_what_people_translate_is_no_difference(name: str, tmp_path: Path) -> None:
    assert both(tmp_path, *SAME[name]) == []


@pytest.mark.parametrize("name", OTHER)
def test_what_a_program_reads_is_a_difference_of_both_places(name: str, tmp_path: Path) -> None:
    english, japanese, rule = OTHER[name]
    (found,) = both(tmp_path, english, japanese)
    names = {"language-names", "language-contract", "language-values"}
    assert found.split()[0] == rule and rule in names
    assert sorted(at.partition(":")[0] for at in found.split()[1:]) == [
        "docs/en/a.md",
        "docs/ja/a.md",
    ]


def test_a_block_more_in_one_language_shifts_no_other(tmp_path: Path) -> None:
    code = [f'```json\n{{"model": "boat-{n}", "n": {n}}}\n```\n' for n in range(6)]
    files = {"docs/en/a.md": "\n".join(code), "docs/ja/a.md": "\n".join(code[:2] + code[3:])}
    found = audited(write_files(tmp_path, files))[1:]
    assert found == ["language-blocks docs/ja/a.md:1 docs/en/a.md:10"]


OWN_DATES = {
    "its last update": ("Last updated: 2026-03-01", "最終更新：2026-03-05"),
    "its last update in bold": ("**Last update** (2026-03-01)", "**最終更新日** 2026/03/05"),
    "its translation": ("Translated on 2026-03-01 by A.", "翻訳日：2026年3月5日"),
    "its source": ("Synced with `abc1234f` of 2026-03-01", "同期日 2026-03-05（`def5678a`）"),
    "its review": ("- Last reviewed: 2026-03-01", "- レビュー日: 2026-03-05"),
    "its owner": (
        "| © 2024 A. Person | x |\n| --- | --- |",
        "| © 2025 A. Person | x |\n| --- | --- |",
    ),
    "a row of its own": (
        "| A | B |\n| --- | --- |\n| Last updated | 2026-03-01 |",
        "| A | B |\n| --- | --- |\n| 最終更新 | 2026-03-05 |",
    ),
    "a section of its own": ("## Last updated\n\n2026-03-01", "## 最終更新\n\n2026-03-05"),
    "its front matter": ("---\ndate: 2026-03-01\n---", "---\ndate: 2026-03-05\n---"),
}


@pytest.mark.parametrize("name", OWN_DATES)
def test_each_translation_has_its_own_date(name: str, tmp_path: Path) -> None:
    english, japanese = OWN_DATES[name]
    files = {"docs/en/a.md": f"{english}\n", "docs/ja/a.md": f"{japanese}\n"}
    assert audited(write_files(tmp_path, files))[1:] == []


AMOUNTS = {
    "a size": ("A file has at most 20 MB.", "ファイルは最大30MBです。"),
    "a rate": ("At most 20 requests a second.", "毎秒 30 件のリクエストまで。"),
    "thousands": ("Up to 1,000 tokens.", "最大 2,000 トークン。"),
    "thousands with a narrow space": ("Up to 1\u202f000 MB.", "最大 2,000 MB。"),
    "a time": ("It waits for 30 seconds.", "60 秒待ちます。"),
    "a part": ("- It fails for 5% of all.", "- 全体の 7 % で失敗します。"),
    "a number as code": ("The default is `20`.", "既定値は `30` です。"),
    "minutes": ("It ends after 60 minutes.", "30分で失効します。"),
    "days": ("It is deleted after 7 days.", "3日後に削除されます。"),
    "months": ("Kept for 3 months.", "6か月保存されます。"),
    "a rate, the time first": ("At most 60 requests per minute.", "1分あたり90回まで。"),
    "a counter of its own": (
        "At most 60 requests and 10 videos.",
        "リクエストは90回、動画は10件の作成まで。",
    ),
    "a wait beside a count": ("Wait 2 seconds, at most 5 times.", "最大5回、9秒待つ。"),
    "a counter": ("At most 64,000 tokens.", "最多接受 32,000 个 token。"),
    "money": ("It has a credit of $5.", "4 ドル分のクレジットがあります。"),
    "a date": ("It ends on 2026-03-01.", "2026-03-05 に終了します。"),
}


@pytest.mark.parametrize("name", AMOUNTS)
def test_an_amount_of_a_sentence_is_the_same_in_every_language(name: str, tmp_path: Path) -> None:
    english, japanese = AMOUNTS[name]
    files = {"docs/en/a.md": f"# A\n\n{english}\n", "docs/ja/a.md": f"# A\n\n{japanese}\n"}
    (found,) = audited(write_files(tmp_path, files))[1:]
    assert found == "language-values docs/ja/a.md:3 docs/en/a.md:3"


SAME_AMOUNTS = {
    "a rate, the time first": ("At most 60 requests per minute.", "1分間あたり 60 回まで。"),
    "a day of a month": ("Gone on April 14, after 7 days.", "4月14日に、7日後に消える。"),
    "money": ("It costs $0.50, US$1 at most.", "费用为 0.5 美元,最多 $1。"),
    "a variable": ("Set $1 and $2x.", "Задайте $2x."),
    "a zero more": ("At most 2.0 MB.", "最大2MB。"),
    "a zero after a comma": ("It takes 1.50 s.", "1,5秒かかります。"),
    "points of a rating": ("Up to 10 minutes, 5 points.", "10分間、評価は5分。"),
    "days for hours": ("It takes 24 hours.", "1日間かかります。"),
    "a unit in another script": ("At most 20 MB.", "Не больше 20 МБ."),
    "thousands": ("It takes 1,000 ms.", "Это занимает 1 000 мс."),
    "thousands in a cell": (
        "| A | B |\n| --- | --- |\n| `n` | 1,000 |",
        "| A | B |\n| --- | --- |\n| `n` | 1\u202f000 |",
    ),
    "thousands that a space keeps together": ("It takes 1,000 ms.", "Это 1\u00a0000\u00a0мс."),
    "another unit": ("Wait for 60 seconds.", "1 минуту подождите."),
    "a larger unit": ("At most 1 GB.", "Не больше 1024 МБ."),
    "a number without a unit": ("About 20 of them.", "Около 30 из них."),
    "a number in words": ("Two requests of 20 MB.", "2 запроса по 20 МБ."),
    "a number more": ("Wait for 5 minutes.", "Ждите 5 минут, не 10 минут."),
}


@pytest.mark.parametrize("name", SAME_AMOUNTS)
def test_an_amount_in_another_form_is_no_difference(name: str, tmp_path: Path) -> None:
    english, russian = SAME_AMOUNTS[name]
    files = {"docs/en/a.md": f"# A\n\n{english}\n", "docs/ru/a.md": f"# A\n\n{russian}\n"}
    assert audited(write_files(tmp_path, files))[1:] == []


def test_a_translation_of_another_edition_is_left_out(tmp_path: Path) -> None:
    files = {}
    for number in range(12):
        code = '```json\n{{"model": "boat-{}", "n": {}}}\n```\n'
        files[f"docs/en/{number}.md"] = code.format(number, 1)
        files[f"docs/ja/{number}.md"] = code.format(number, 2)
    assert audited(write_files(tmp_path, files))[1:] == []


MUTANTS = {
    ('"model": "boat-{n}-image"', '"model": "boat-{n}-fast"'): "language-names",
    ("/v1/images/boat{n}", "/v1/images/ship{n}"): "language-contract",
    ("-X POST", "-X PUT"): "language-contract",
    ('"size": "large"', '"sizes": "large"'): "language-contract",
    (', "size": "large"', ""): "language-contract",
    ('"n": 2', '"n": 3'): "language-values",
    ('"large"', '"small"'): "language-values",
    ("2026-03-23", "2026-03-24"): "language-values",
    ("| 1024 |", "| 2048 |"): "language-values",
    ("`boat-{n}-fast` ", "`boat-{n}-faster` "): "language-names",
    ("Authorization: Bearer", "X-Api-Key:"): "language-contract",
    ("succeeded", "completed"): "language-values",
    ('"url"', '"b64"'): "language-contract",
    ("| `seed_{n}` |", "| `sead_{n}` |"): "language-names",
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_change_of_one_language_is_found_in_one_tree(language: str, tmp_path: Path) -> None:
    files = clean_tree(40)
    expected = {}
    for number, ((old, new), rule) in enumerate(MUTANTS.items(), 1):
        name = f"docs/{language}/page-{number}.md"
        text = files[name].replace(old.format(n=number), new.format(n=number), 1)
        line = next(
            at
            for at, (before, after) in enumerate(
                zip(files[name].split("\n"), text.split("\n"), strict=True), 1
            )
            if before != after
        )
        files[name], expected[f"{rule} {name}:{line}"] = text, number
    found = audited(write_files(tmp_path, files))[1:]
    assert {" ".join(one.split()[:2]) for one in found} == set(expected)
    for one in found:
        assert len({at.partition(":")[0] for at in one.split()[1:]}) == len(LANGUAGES), one


def with_line(pages: int, lines: dict[str, str], line: str) -> dict[str, str]:
    """A clean tree with a line at the end of each page, another one on page 1 of some languages."""
    files = clean_tree(pages)
    return {
        name: text + f"\n{lines.get(name[5:7], line) if '-1.md' in name else line}\n"
        for name, text in files.items()
    }


WORD = "`size`, `quality`: `medium`."
SWAPS = {
    "a word": {"ja": "`size`、`quality`: `high`。"},
    "a word for a name": {"ja": "`size`、`quality`: `mp3`。"},
    "a number": {"ja": "`size`、`quality`: `429`。"},
    "in another order": {"ja": "`high`: `quality`、`size`。", "ru": "`medium`, `quality`, `size`"},
}
NO_SWAPS = {
    "a word less": {"ja": "`size`、`quality`。"},
    "a word more": {"ja": "`size`、`quality`: `medium`、`high`。"},
    "a word twice": {"ja": "`size`、`quality`: `medium`、`medium`、`quality`。"},
    "a translated word": {"ja": "`size`、`quality`: `中`。"},
    "words with blanks": {"ja": "`size`、`quality`: `the middle one`。"},
    "two other words": {"ja": "`size`、`grade`: `high`。"},
    "a path": {"ja": "`size`、`quality`: `./ja/medium`。"},
    "a language": {"ja": "`size`、`quality`: `ja`。"},
    "all of them": {"ja": "`size`, `quality`: `a`", "ru": "`size`, `quality`: `b`"}
    | {"zh": "`size`, `quality`: `c`"},
}


@pytest.mark.parametrize("name", SWAPS)
def test_a_word_of_code_that_one_language_has_another_for_is_found(
    name: str, tmp_path: Path
) -> None:
    write_files(tmp_path, with_line(6, SWAPS[name], WORD))
    line = clean_tree()["docs/ja/page-1.md"].count("\n") + 2
    others = " ".join(f"docs/{name}/page-1.md:{line}" for name in ("en", "ru", "zh"))
    found = [one for one in audited(tmp_path) if "page" in one]
    assert found == [f"language-values docs/ja/page-1.md:{line} {others}"]


@pytest.mark.parametrize("name", NO_SWAPS)
def test_words_of_code_that_are_written_freely_are_well(name: str, tmp_path: Path) -> None:
    write_files(tmp_path, with_line(6, NO_SWAPS[name], WORD))
    assert not [one for one in audited(tmp_path) if "page" in one]


def test_words_of_code_are_compared_where_nearly_all_are_the_same(tmp_path: Path) -> None:
    write_files(tmp_path, with_line(2, SWAPS["a word"], WORD))  # a few only
    assert not [one for one in audited(tmp_path) if "page" in one]
    files = with_line(6, SWAPS["a word"], WORD)
    free = {name: text.replace("`medium`", "") for name, text in files.items() if "ja/" in name}
    write_files(tmp_path, files | {name: free[name] for name in sorted(free)[1:]})
    assert not [one for one in audited(tmp_path) if "page" in one]


def test_languages_of_the_same_letters_may_translate_words_of_code(tmp_path: Path) -> None:
    files = with_line(6, SWAPS["a word"], WORD)
    write_files(tmp_path, {name.replace("/ja/", "/de/"): text for name, text in files.items()})
    assert not [one for one in audited(tmp_path) if "page" in one]
