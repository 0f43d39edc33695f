"""The manual: what it has from code is of today, and a link that leads nowhere fails its build."""

import shutil
from pathlib import Path

import pytest
from conftest import TOP
from fields import render_fields
from mkdocs.commands.build import build
from mkdocs.config import load_config
from mkdocs.exceptions import Abort
from test_repository import check_script

from manual import PAGES, renewed
from trueup.errors import BadInput
from trueup.feed import StatusFeed
from trueup.model import Described, Status
from trueup.receipts import RetestReceipt
from trueup.verify.block_receipt import BlockReceipt


def build_manual(pages: Path, site: Path) -> None:
    config = load_config(
        str(TOP / "manual" / "mkdocs.yml"), docs_dir=str(pages), site_dir=str(site)
    )
    build(config)


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    return Path(shutil.copytree(PAGES, tmp_path / "pages"))


def test_what_the_pages_have_from_code_is_of_today() -> None:
    for page, text in renewed().items():
        assert page.read_text(encoding="utf-8") == text, f"{page.name}: run scripts/manual"


def test_a_part_that_was_changed_by_hand_is_made_anew(pages: Path) -> None:
    page = pages / "rules.md"
    text = page.read_text(encoding="utf-8")
    assert "#### drift " in text
    page.write_text(text.replace("#### drift ", "#### drifted "), encoding="utf-8")
    assert renewed(pages)[page] == text


@pytest.mark.parametrize("mark", ["<!-- begin fields: scripts/manual writes it -->", "<!-- end f"])
def test_a_part_without_its_marks_is_refused(mark: str, pages: Path) -> None:
    page = pages / "status-file.md"
    page.write_text(page.read_text().replace(mark, ""))
    with pytest.raises(BadInput, match=r"status-file\.md: no part fields\. Write the lines <!--"):
        renewed(pages)


def test_every_page_is_built_and_every_link_leads_somewhere(tmp_path: Path) -> None:
    build_manual(PAGES, tmp_path / "site")
    pages = {page.stem for page in PAGES.glob("*.md")} - {"index"}
    assert {file.parent.name for file in (tmp_path / "site").glob("*/index.html")} == pages


def test_a_link_that_leads_nowhere_fails_the_build(pages: Path, tmp_path: Path) -> None:
    links = ("gone.md", "rules.md#no-such-rule", "../../README.md")
    page = pages / "speed.md"
    page.write_text(page.read_text() + "".join(f"\nSee [this]({link}).\n" for link in links))
    with pytest.raises(Abort, match="3 warnings"):
        build_manual(pages, tmp_path / "site")


@pytest.mark.parametrize("noun", [Status, StatusFeed, BlockReceipt, RetestReceipt])
def test_every_field_is_explained(noun: type[Described]) -> None:
    rows = [line for line in render_fields(noun).splitlines() if line.startswith("| `")]
    assert len(rows) >= len(noun.__pydantic_fields__)
    for row in rows:
        field, meaning, values, _ = row.removeprefix("| ").removesuffix(" |").split(" | ")
        assert meaning.strip() and values.strip(), field


def test_the_script_is_a_script_like_the_others() -> None:
    assert not list(check_script(TOP / "scripts" / "manual"))
