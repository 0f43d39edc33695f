"""Links: the names by which places of a page are reached, in each way that sites make them."""

from pathlib import Path

import pytest
from audit_trees import audited, write_files

WAYS = {
    "words": ("## Set up the *boat*", "set-up-the-boat"),
    "capitals": ("## Set up", "Set-Up"),
    "signs": ("## What's `a_b()` & how?", "whats-a_b--how"),
    "and": ("## Masts & sails", "masts-and-sails"),
    "entities": ("## Masts &amp; sails", "masts--sails"),
    "numbers": ("## 1.2 Set up", "12-set-up"),
    "without the number": ("## 1.2 Set up", "set-up"),
    "before a colon": ("## B-17: the mast", "B-17"),
    "a double of GitHub": ("## Set up\n\n## Set up", "set-up-1"),
    "a double of Python-Markdown": ("## Set up\n\n## Set up", "set-up_1"),
    "another script": ("## 安装 `boat`", "安装-boat"),
    "another script, encoded": ("## 安装", "%E5%AE%89%E8%A3%85"),
    "another script, dropped": ("## 安装 boat", "boat"),
    "nothing is left": ("## 安装", "_1"),
    "accents": ("## Référence", "référence"),
    "accents, dropped": ("## Référence", "reference"),
    "combining letters": ("## Ре\u0438\u0306с", "рейс"),
    "a link": ("## [Set up](b.md) ![](c.png)", "set-up"),
    "an element": ('## Set up <sup id="x">new</sup>', "set-up-new"),
    "a name of emoji": ("## :boat: Set up", "set-up"),
    "an emoji": ("## ⛵ Set up", "-set-up"),
    "two lines": ("Set up\n------", "set-up"),
    "HTML": ('<h2 align="center">Set up</h2>', "set-up"),
    "HTML of lines": ("<h2>\n  Set up\n</h2>", "set-up"),
    "deep": ("- x\n\n            ## Set up", "set-up"),
    "its own name": ("## Set up {#mast}", "mast"),
    "its own name, with blanks": ("## Set up { #mast .x }", "mast"),
    "its own name, of a paragraph": ("Text.\n{: .x #mast }", "mast"),
    "its own name in a comment": ("## Set up {/* #mast */}", "mast"),
    "an anchor": ('<a id="mast"></a>', "mast"),
    "an old anchor": ("<a name=mast></a>", "mast"),
    "an id of any element": ("<td class='x' id='mast'>", "mast"),
    "a component": ('<Step title="Raise the mast">\nx\n</Step>', "raise-the-mast"),
    "a label": ("(mast)=\n## Set up", "mast"),
    "a title": ('!!! note "Raise the mast"', "raise-the-mast"),
    "a footnote": ("Text[^1].\n\n[^1]: More.", "fn:1"),
    "the top": ("Text.", "top"),
    "a line": ("Text.", "L10"),
    "a text": ("Text.", ":~:text=Text"),
}
ELSEWHERE = {
    "a snippet": '--8<-- "b.md"',
    "a macro": "{{ parts() }}",
    "Jinja": "{% include 'b.md' %}",
    "a component": "<Parts />",
    "a component of lines": "<Parts\n  of={a}\n/>",
    "an import": "import B from './b.mdx'\n\n<B></B>",
    "an expression": "{all.map((one) => <h2>{one}</h2>)}",
    "a field": '<ParamField path="boat">\nx\n</ParamField>',
    "an element of its own": '<api-parts src="b.yaml"></api-part>',
    "an object": "::: boats.mast",
    "a directive": "```{include} b.md\n```",
    "another form": "[!INCLUDE [b](a.md)]",
    "a comment": "<!-- @include: ./b.md -->",
}
DEAD = "# A\n\n[mast](#mast)\n\n"


@pytest.mark.parametrize("name", WAYS)
def test_a_name_that_one_way_makes_is_alive(name: str, tmp_path: Path) -> None:
    text, made = WAYS[name]
    write_files(tmp_path, {"a.md": f"# A\n\n[x](#{made})\n\n{text}\n", "b.md": f"[x](a.md#{made})"})
    assert audited(tmp_path)[1:] == []


@pytest.mark.parametrize(
    "text", ["", "## Masts", "- mast", "Use `mast`.", "[mast]: #mast", "Of a mast."]
)
def test_a_name_that_is_only_in_text_is_dead(text: str, tmp_path: Path) -> None:
    write_files(tmp_path, {"a.md": DEAD + text})
    assert audited(tmp_path)[1:] == ["dead-anchor a.md:3" + " a.md:5" * text.startswith("[")]


@pytest.mark.parametrize("name", ELSEWHERE)
def test_a_page_with_parts_that_are_elsewhere_is_left_alone(name: str, tmp_path: Path) -> None:
    write_files(tmp_path, {"a.md": DEAD + ELSEWHERE[name]})
    assert audited(tmp_path)[1:] == []


def test_what_only_wraps_is_no_part_that_is_elsewhere(tmp_path: Path) -> None:
    write_files(tmp_path, {"a.mdx": f"{DEAD}<Note>\n`<T>`\n</Note>\n\n::: tip\nText.\n:::\n"})
    assert audited(tmp_path)[1:] == ["dead-anchor a.mdx:3"]


@pytest.mark.parametrize("path", ["_part.md", "snippets/a.md", "docs/_shared/a.md"])
def test_a_page_that_is_a_part_of_others_is_left_alone(path: str, tmp_path: Path) -> None:
    assert audited(write_files(tmp_path, {path: DEAD}))[1:] == []
    assert audited(write_files(tmp_path, {path: "", "a.md": DEAD[5:]}))[1:] == []


def test_the_page_of_a_folder_is_no_part(tmp_path: Path) -> None:
    assert audited(write_files(tmp_path, {"b/_index.md": DEAD}))[1:] == [
        "dead-anchor b/_index.md:3"
    ]


def test_links_to_one_name_are_one_finding_with_the_page_they_lead_to(tmp_path: Path) -> None:
    files = {f"{n}.md": "# A\n\n[x](sub/b.md#old)\n" for n in range(2)}
    write_files(tmp_path, {**files, "sub/b.md": "# B\n\n## New\n"})
    assert audited(tmp_path)[1:] == ["dead-anchor 0.md:3 1.md:3 sub/b.md"]


def site(root: str, links: int, dead: str, name: str = "{}.md") -> dict[str, str]:
    """A tree whose pages are linked by the addresses of its site."""
    text = "".join(f"[x](/guide/page-{n}#part)\n" for n in range(links))
    pages = {root + "guide/" + name.format(f"page-{n}"): "# A\n\n## Part\n" for n in range(links)}
    return {**pages, root + "start.md": f"# S\n\n{text}{dead}\n"}


@pytest.mark.parametrize("root", ["", "docs/", "src/content/docs/"])
@pytest.mark.parametrize("name", ["{}.md", "{}/index.mdx", "02-{}.md"])
def test_an_address_is_a_page_below_the_root_of_most(root: str, name: str, tmp_path: Path) -> None:
    files = site(root, 10, "[x](/guide/page-3#gone) [x](guide/page-1/#part)", name)
    write_files(tmp_path, {**files, "other/guide/page-4.md": "# O\n"})
    page = f"{root}guide/{name.format('page-3')}"
    assert audited(tmp_path)[1:] == [f"dead-anchor {root}start.md:13 {page}"]


def test_few_addresses_show_no_custom(tmp_path: Path) -> None:
    write_files(tmp_path, site("", 6, "[x](/guide/page-3#gone)"))
    assert audited(tmp_path)[1:] == []


def test_an_address_of_no_page_says_nothing(tmp_path: Path) -> None:
    write_files(tmp_path, site("", 10, "[x](/blog/page-3#gone) [y](../../z#gone) [z](d.png#gone)"))
    assert audited(tmp_path)[1:] == []


def test_an_address_may_mean_the_page_in_each_language(tmp_path: Path) -> None:
    files = site("", 10, "[x](/guide/page-3#節)")
    twins = {f"ja/{path}": text.replace("## Part", "## 節") for path, text in files.items()}
    write_files(tmp_path, {**files, **twins})
    assert [one for one in audited(tmp_path) if "dead" in one] == []


def test_where_many_names_are_dead_another_way_makes_them(tmp_path: Path) -> None:
    alive = "".join(f"[x](#p{n})\n" for n in range(10))
    parts = "".join(f"\n## P{n}\n" for n in range(10))
    write_files(tmp_path, {"a.md": f"# A\n\n{alive}[x](#gone)\n{parts}"})
    assert audited(tmp_path)[1:] == ["dead-anchor a.md:13"]
    write_files(tmp_path, {"a.md": f"# A\n\n{alive}[x](#gone) [x](#lost) [x](#left)\n{parts}"})
    assert audited(tmp_path)[1:] == []
