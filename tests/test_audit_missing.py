"""Missing: sections, blocks and links that a page has in most languages and lacks in one."""

from pathlib import Path

import pytest
from audit_trees import audited, write_files

TITLES = {
    "en": ("Boats", "Build", "Sail", "Errors", "Wait"),
    "ja": ("船", "作る", "走る", "エラー", "待つ"),
    "ru": ("Лодки", "Собрать", "Плыть", "Ошибки", "Ждать"),
    "zh": ("船", "建造", "航行", "错误", "等待"),
}
TEXTS = {
    "en": "The boat of paper floats as long as it is dry. Fold it anew when it is wet.",
    "ja": "紙の船は乾いているあいだ浮かびます。濡れたら折り直してください。",
    "ru": "Бумажная лодка плавает, пока она сухая. Намокшую сложите заново.",
    "zh": "纸船在干燥时浮在水面。湿了请重新折。",
}
CALL = "```bash\n# {comment}\ncurl https://api.example.com/v1/{name}\n```\n"
REPLY = '```json\n{{"id": "{name}_1", "status": "done"}}\n```\n'


def sections_in(language: str, number: int = 1) -> list[str]:
    """The sections of a page, each longer than the one before, two of them with blocks."""
    first, *titles = TITLES[language]
    made = [f"# {first} {number}\n\n{TEXTS[language]}\n\n"]
    for at, title in enumerate(titles):
        text = "\n".join([TEXTS[language]] * 2 ** (at + 1))
        made.append(f"## {title}\n\n{text}\n\n")
    names = {1: f"build-{number}", 3: f"errors-{number}"}
    for at, name in names.items():
        call = CALL.format(comment=TEXTS[language][:9], name=name)
        made[at] += f"{call}\n{REPLY.format(name=name)}\n"
    return made


def page_in(language: str, number: int = 1) -> str:
    return "".join(sections_in(language, number))


def tree_of(*languages: str, pages: int = 3) -> dict[str, str]:
    return {
        f"docs/{name}/{number}.md": page_in(name, number)
        for number in range(1, pages + 1)
        for name in languages
    }


def found_in(top: Path, files: dict[str, str]) -> list[str]:
    return audited(write_files(top, files))[1:]


ALL = ("en", "ja", "ru", "zh")


def line_of(text: str, part: str) -> int:
    return text[: text.index(part)].count("\n") + 1


@pytest.mark.parametrize("languages", [ALL, ("en", "ja", "ru"), ("en", "ja")])
@pytest.mark.parametrize("at", [1, 2, 3, 4])
def test_a_section_that_one_language_lacks_is_found_with_its_place_in_all(
    languages: tuple[str, ...], at: int, tmp_path: Path
) -> None:
    files = tree_of(*languages)
    assert found_in(tmp_path / "clean", files) == []
    for odd in languages:
        parts = sections_in(odd)
        before = line_of("".join(parts), f"# {TITLES[odd][at - 1]}")
        expected = [f"language-sections docs/{odd}/1.md:{before}"]
        for name in languages:
            if name != odd:
                line = line_of(page_in(name), f"## {TITLES[name][at]}")
                expected.append(f"docs/{name}/1.md:{line}")
        lacking = {**files, f"docs/{odd}/1.md": "".join(parts[:at] + parts[at + 1 :])}
        is_own = len(languages) == 2 and odd == "en"  # the text of the others' own readers
        found = found_in(tmp_path / odd, lacking)
        if is_own:
            assert all(one.startswith("language-route ") for one in found)
        else:
            assert found == [" ".join(expected)]


def test_a_list_of_links_to_sections_can_be_in_one_language(tmp_path: Path) -> None:
    files = tree_of(*ALL)
    for name in ALL[:3]:
        head, mark, rest = files[f"docs/{name}/1.md"].partition("## ")
        links = "".join(f"- [{title}](#{title})\n" for title in TITLES[name])
        files[f"docs/{name}/1.md"] = f"{head}## {TITLES[name][0]}\n\n{links}\n{mark}{rest}"
    assert found_in(tmp_path, files) == []


@pytest.mark.parametrize("odd", ALL)
@pytest.mark.parametrize(("at", "part"), [(1, "```bash"), (1, "```json"), (3, "```bash")])
def test_a_block_that_one_language_lacks_is_found_with_its_place_in_all(
    odd: str, at: int, part: str, tmp_path: Path
) -> None:
    files = tree_of(*ALL)
    parts = sections_in(odd)
    head, mark, rest = parts[at].partition(part)
    parts[at] = head + rest.partition("```\n")[2]
    files[f"docs/{odd}/1.md"] = "".join(parts)
    expected = [f"docs/{odd}/1.md:{line_of(files[f'docs/{odd}/1.md'], f'## {TITLES[odd][at]}')}"]
    for name in ALL:
        if name != odd:
            page = page_in(name)
            start = page.index(part, page.index(f"## {TITLES[name][at]}"))
            expected.append(f"docs/{name}/1.md:{page[:start].count(chr(10)) + 2}")
    found = [one for one in found_in(tmp_path, files) if one.startswith("language-blocks ")]
    assert mark and found == [f"language-blocks {' '.join(expected)}"]


def test_several_sections_or_blocks_are_one_finding_of_a_page_and_language(tmp_path: Path) -> None:
    files = tree_of(*ALL)
    parts = sections_in("ja")
    files["docs/ja/1.md"] = "".join(parts[:2] + parts[3:])
    files["docs/ru/2.md"] = files["docs/ru/2.md"].replace(REPLY.format(name="build-2"), "")
    files["docs/ru/2.md"] = files["docs/ru/2.md"].replace(REPLY.format(name="errors-2"), "")
    sections, blocks = found_in(tmp_path, files)
    assert sections.startswith("language-sections docs/ja/1.md:") and len(sections.split()) == 5
    assert blocks.startswith("language-blocks docs/ru/2.md:") and len(blocks.split()) == 9


def test_a_section_with_those_within_it_is_one(tmp_path: Path) -> None:
    files = {
        name: text + "### A\n\nOne.\n\n### B\n\nTwo.\n" for name, text in tree_of(*ALL).items()
    }
    text = files["docs/zh/1.md"]
    files["docs/zh/1.md"] = text[: text.index(f"## {TITLES['zh'][4]}")]
    (found,) = found_in(tmp_path, files)
    assert found.startswith("language-sections docs/zh/1.md:") and len(found.split()) == 5


def without_heading(files: dict[str, str]) -> None:
    files["docs/ja/1.md"] = files["docs/ja/1.md"].replace("## 走る\n", "")


def with_another_heading(files: dict[str, str]) -> None:
    files["docs/ja/1.md"] = files["docs/ja/1.md"].replace("## 待つ\n", "**待つ**\n")


def with_blocks_joined(files: dict[str, str]) -> None:
    joined = files["docs/ja/1.md"].replace("```\n\n```json\n", "", 1)
    assert joined != files["docs/ja/1.md"]
    files["docs/ja/1.md"] = joined


def with_code_in_html(files: dict[str, str]) -> None:
    reply = REPLY.format(name="build-1")
    html = reply.replace("```json", "<pre>").replace("```", "</pre>")
    files["docs/ja/1.md"] = files["docs/ja/1.md"].replace(reply, html)


def with_a_block_elsewhere(files: dict[str, str]) -> None:
    reply = REPLY.format(name="build-1")
    files["docs/ja/1.md"] = files["docs/ja/1.md"].replace(reply, "") + reply


def with_more_in_one(files: dict[str, str]) -> None:
    files["docs/zh/1.md"] += (
        "## 镜像\n\n```bash\npip install -i https://mirror.example boats\n```\n"
    )


def of_another_edition(files: dict[str, str]) -> None:
    for number in range(1, 4):
        parts = sections_in("ja", number)
        files[f"docs/ja/{number}.md"] = "".join(parts[: 5 - number] + parts[6 - number :])


def with_two_sides(files: dict[str, str]) -> None:
    for name in ("ja", "zh"):
        parts = sections_in(name)
        files[f"docs/{name}/1.md"] = "".join(parts[:4])


NEAR = [
    *(without_heading, with_another_heading, with_blocks_joined, with_code_in_html),
    *(with_a_block_elsewhere, with_more_in_one, of_another_edition, with_two_sides),
]


@pytest.mark.parametrize("change", NEAR, ids=lambda change: change.__name__)
def test_a_text_in_another_form_or_edition_is_not_missing(change, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    files = tree_of(*ALL)
    change(files)
    rules = {one.split()[0] for one in found_in(tmp_path, files)}
    assert not rules & {"language-sections", "language-blocks"}


LINKED = "# {title}\n\n[{text}](1.md), [{text}](2.md#top) and [{text}](https://{name}.example/)\n"


def linked() -> dict[str, str]:
    pages = {
        f"docs/{name}/0.md": LINKED.format(title=TITLES[name][0], text=TITLES[name][1], name=name)
        for name in ALL
    }
    return {**tree_of(*ALL), **pages}


@pytest.mark.parametrize(
    ("old", "new"), [("2.md#top", "3.md#top"), ("2.md#top", "../ja/3.md"), ("1.md", "only.md")]
)
def test_a_link_that_leads_elsewhere_in_one_language_is_found(
    old: str, new: str, tmp_path: Path
) -> None:
    files = linked() | {"docs/ja/only.md": "# A\n"}
    files["docs/ja/0.md"] = files["docs/ja/0.md"].replace(old, new)
    others = " ".join(f"docs/{name}/0.md:3" for name in ("en", "ru", "zh"))
    assert found_in(tmp_path, files) == [f"language-links docs/ja/0.md:3 {others}"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("2.md#top", "2.md#content"),
        ("2.md#top", "../en/2.md"),
        ("(1.md)", "(2.md) [c](1.md)"),
        ("ja.example", "en.example"),
        ("[作る](2.md#top)", "`a`"),
    ],
)
def test_a_link_to_the_same_page_in_another_way_is_well(old: str, new: str, tmp_path: Path) -> None:
    files = linked()
    assert old in files["docs/ja/0.md"]
    files["docs/ja/0.md"] = files["docs/ja/0.md"].replace(old, new)
    assert found_in(tmp_path, files) == []


def test_a_link_that_falls_back_to_another_language_leads_to_the_same_page(tmp_path: Path) -> None:
    files = linked()
    del files["docs/ja/2.md"]
    assert found_in(tmp_path, files) == []
