"""An unchanged site is not made again; a change of anything that it is made from makes it anew."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from browsing import some
from click.testing import CliRunner, Result

from trueup.cli import site
from trueup.cli.group import cli
from trueup.docs import Docs


@pytest.fixture(autouse=True, scope="module")
def at_a_desk() -> Iterator[None]:
    """CI makes each site, so it is not there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("CI", raising=False)
        yield


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, at_a_desk: None) -> Path:
    """A new site, made once."""
    top = tmp_path_factory.mktemp("made") / "site-of-it"
    assert CliRunner().invoke(cli, ["init", str(top)]).exit_code == 0
    assert docs(top).output == "found 3, run 3, passed 3, failed 0, skipped 0\n"
    return top


@pytest.fixture
def top(made: Path, tmp_path: Path) -> Path:
    """A copy of it, made in its own place."""
    top = tmp_path / "copy"
    shutil.copytree(made, top)
    (top / "notes").mkdir()
    for name in ("notes/picture.png", "note.png"):
        (top / name).write_bytes(b"\x89PNG\r\n\x1a\n")
    (top / "overrides/assets/more").symlink_to("../../notes")
    (top / "docs/en/note.png").symlink_to("../../note.png")
    assert docs(top).exit_code == 0
    return top


def docs(top: Path, *options: str) -> Result:
    return CliRunner().invoke(cli, ["--top", str(top), "docs", "--no-serve", *options])


def is_made_again(top: Path, *options: str) -> bool:
    """Make the docs, and return whether a new site is in the place of the earlier one."""
    before = (top / "site").stat().st_ino
    ended = docs(top, *options)
    assert ended.output.endswith("found 3, run 3, passed 3, failed 0, skipped 0\n"), ended.output
    assert ended.exit_code == 0
    return (top / "site").stat().st_ino != before


def test_an_unchanged_site_stays_as_it_is(top: Path) -> None:
    (top / "overrides/assets/round").symlink_to(".")
    assert is_made_again(top)
    assert not is_made_again(top)
    assert docs(top).output == "(3 reused)\nfound 3, run 3, passed 3, failed 0, skipped 0\n"


def append(name: str, text: str) -> Callable[[Path], object]:
    def change(top: Path) -> None:
        with (top / name).open("a", encoding="utf-8") as file:
            file.write(text)

    return change


CHANGES: dict[str, Callable[[Path], object]] = {
    "a page": append("docs/en/index.md", "\nMore.\n"),
    "a picture": lambda top: (top / "docs/en/more.png").write_bytes(b"\x89PNG\r\n\x1a\n"),
    "a file that a link leads to": append("note.png", "2"),
    "a file in a folder that a link leads to": append("notes/picture.png", "2"),
    "a template": append("snippets/openai-images/curl.sh.j2", "\n"),
    "a style": append("overrides/assets/trueup.css", "\n/* more */\n"),
    "the settings": append("mkdocs.yml", "# more\n"),
    "the status file": append("status.yml", "# more\n"),
    "a page of the site": append("site/index.html", "<p>more</p>"),
    "a file in the site": lambda top: (top / "site/more.txt").write_text("more"),
    "a file less in the site": lambda top: (top / "site/status.json").unlink(),
    "the site's receipts": lambda top: (top / "site/receipts.json").write_text("{}"),
    "what was noted": lambda top: (top / ".cache/site.json").write_text("[]"),
}


@pytest.mark.long
@pytest.mark.parametrize("name", CHANGES)
def test_a_change_makes_the_site_again(name: str, top: Path) -> None:
    CHANGES[name](top)
    assert is_made_again(top)
    assert not (top / "site/more.txt").exists()
    assert not is_made_again(top)


@pytest.mark.parametrize(
    ("step", "name"),
    [
        *(("load_docs", name) for name in ("a page", "the status file")),
        *(("_make", name) for name in ("a page", "a template", "the status file")),
    ],
)
def test_a_change_during_a_run_makes_the_site_again(
    step: str, name: str, top: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = getattr(site, step)

    def changed_then(*arguments: Any) -> Any:
        if step == "load_docs":
            docs: Docs = done(*arguments)
            CHANGES[name](top)
            return docs
        CHANGES[name](top)
        return done(*arguments)

    CHANGES["a picture"](top)
    with monkeypatch.context() as patch:
        patch.setattr(site, step, changed_then)
        assert is_made_again(top)
    assert is_made_again(top)
    assert not is_made_again(top)


@pytest.mark.parametrize("options", some(["--fresh", "--as-of 2031-01-01"], "--fresh"))
def test_other_options_make_it_again(options: str, top: Path) -> None:
    assert is_made_again(top, *options.split())


@pytest.mark.long
def test_another_address_makes_it_again(top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SITE_URL", "https://docs.example/")
    assert is_made_again(top)


def test_ci_makes_each_site(top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    assert is_made_again(top) and is_made_again(top)


def test_a_site_with_a_finding_is_made_again(top: Path) -> None:
    append("snippets/openai-images/curl.sh.j2", "\nexit 1\n")(top)
    first, again = docs(top), docs(top)
    assert first.exit_code == again.exit_code == 1 and "failed 1" in first.output
    assert again.output == first.output
