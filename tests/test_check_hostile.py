"""Hostile files: each gets a clear finding, no traceback, and hides no other finding.

Each command has a time limit, since most of these files could make a check endless or end Python.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import chdir, contextmanager
from datetime import date
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import unquote, unquote_to_bytes

import pytest
from command import trueup
from git_repository import commit, git

from trueup.scaffold import InstallSource, SiteAnswers, write_starter

pytestmark = pytest.mark.no_cover

DAY = "2026-05-03"
PATIENCE_S = 120
TYPED = "docs/en/index.md:16:58: the date '2026-05-01' is hard-coded in the page. "


@pytest.fixture(scope="module")
def committed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site of `trueup init` with one typed date, in a repository of one commit."""
    top = tmp_path_factory.mktemp("committed") / "top"
    write_starter(top, SiteAnswers(day=date(2026, 5, 2)), InstallSource(("trueup==0.1.0",)))
    page = top / "docs" / "en" / "index.md"
    page.write_text(page.read_text("utf-8").replace("own key.", "own key. Of 2026-05-01."), "utf-8")
    commit(top)
    return top


@pytest.fixture
def top(committed: Path, tmp_path: Path) -> Path:
    return shutil.copytree(committed, tmp_path / "top")


def check(top: Path, *options: str) -> tuple[int, list[str]]:
    """Return the exit code and the lines of the command, which ends in time."""
    with chdir(top), limited():
        done = trueup(Path("."), "check", "--as-of", DAY, *options)
    assert done.returncode in (0, 1, 2)
    return done.returncode, (done.stdout + done.stderr).splitlines()


@contextmanager
def limited() -> Iterator[None]:
    def late(*_: object) -> None:
        raise TimeoutError(f"not ended in {PATIENCE_S} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(PATIENCE_S)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def page(text: str | bytes, name: str = "odd.md") -> Callable[[Path], object]:
    content = text.encode() if isinstance(text, str) else text
    return lambda top: (top / "docs" / "en" / name).write_bytes(content)


def link(name: str, to: str) -> Callable[[Path], object]:
    def make(top: Path) -> None:
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).symlink_to(to)

    return make


def pipe(name: str) -> Callable[[Path], object]:
    def make(top: Path) -> None:
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        os.mkfifo(top / name)

    return make


def deep_settings(top: Path) -> None:
    with (top / "mkdocs.yml").open("a") as file:
        file.write(f"watch: {'[' * 100_000}{']' * 100_000}\n")


def bad_bytes(top: Path) -> None:
    for name in ("mkdocs.yml", "snippets/shared/curl.sh.j2"):
        with (top / name).open("ab") as file:
            file.write(b"\xff\0\n")


ODD = "docs/en/odd.md: "
MANY = f"{ODD}more than 100 unclosed "
SETTINGS = "mkdocs.yml: the MkDocs settings cannot be read ("
WORDS: dict[str, tuple[Callable[[Path], object], list[str]]] = {
    "a page of ten megabytes": (
        page("a" * 10_000_000), [f"{ODD}more than 1000000 bytes"],
    ),
    "a binary file as a page": (
        page(bytes(range(256)) * 999), [f"{ODD}not valid UTF-8 (byte 128)"],
    ),
    "a page in Latin-1": (page("# Müll".encode("latin-1")), [f"{ODD}not valid UTF-8 (byte 3)"]),
    "a NUL in a page": (page("# A\n\n\0\n"), [f"{ODD}contains a NUL character"]),
    "a page that links nowhere": (
        link("docs/en/odd.md", "gone.md"), [f"{ODD}not readable (No such file"],
    ),
    "a pipe as a page": (
        lambda top: os.mkfifo(top / "docs" / "en" / "odd.md"), [f"{ODD}not a file"],
    ),
    "pages behind a link, which a build would follow": (
        link("docs/en/more", "../../snippets"), ["docs/en/more: a link to a folder"],
    ),
    "a hidden folder behind a link": (
        link("docs/en/more", "../../.github"), ["docs/en/more: a link to a hidden file or folder"],
    ),
    "a file of the machine behind a link, which a build would copy": (
        link("docs/en/notes.txt", "/etc/passwd"),
        ["docs/en/notes.txt: a link out of the repository"],
    ),
    "a page of the machine behind a link": (
        link("docs/en/odd.md", "/proc/self/environ"), [f"{ODD}a link out of the repository"],
    ),
    "a pipe among the texts of a console": (
        pipe("snippets/console/a.txt"), ["snippets/console/a.txt: not a file"],
    ),
    "a translation of the machine": (
        link("docs/ja.po", "/dev/zero"), ["docs/ja.po: a link out of the repository"],
    ),
    "templates of the machine": (
        link("snippets/more", "/"), ["snippets/more: a link out of the repository"],
    ),
    "a folder that links to itself": (
        link("docs/en/more", "."), ["docs/en/more: a link to a folder"],
    ),
    "a page with another ending, which a build would publish": (
        page("It is recommended.", "odd.markdown"),
        ["docs/en/odd.markdown: got .markdown, expected .md"],
    ),
    "a page in HTML, which is published as it is": (
        page("It is recommended.", "odd.html"),
        ["docs/en/odd.html: got .html, expected .md"],
    ),
    "front matter so deep that it ends Python": (
        page(f"---\na: {'[' * 400_000}{']' * 400_000}\n---\n"),
        [f"{ODD}the front matter is not valid YAML (more than 40 levels)"],
    ),
    "settings so deep that they end Python": (
        deep_settings, [f"{SETTINGS}more than 40 levels). "],
    ),
    "bytes that are no text in templates and settings": (
        bad_bytes,
        [f"{SETTINGS}unacceptable character", "snippets/openai-images/curl.sh.j2:2: 'utf-8'"],
    ),
    "links that nothing closes": (page("[](" * 300_000), [f"{MANY}'('"]),
    "brackets that one closes": (page("[" * 300_000 + "]"), [f"{MANY}'['"]),
    "comments that nothing closes": (page("{#\n" * 300_000), [f"{MANY}'{{#'"]),
    "notes that nothing closes": (page("<!--\n" * 190_000), [f"{MANY}'<!--'"]),
    "elements that nothing closes": (page("<CODE\n" * 150_000), [f"{MANY}'<'"]),
    "attributes that nothing closes": (page("{: " * 300_000), [f"{MANY}'{{'"]),
    "a receipt that links to itself": (
        link("docs/evidence/odd.json", "odd.json"),
        ["docs/evidence/odd.json: warning: no row refers to this receipt. "],
    ),
    "a page that links to itself": (
        link("docs/en/odd.md", "odd.md"), [f"{ODD}not readable (Too many levels"],
    ),
}  # fmt: skip


SETTLED = (
    "settings so deep that they end Python",
    "bytes that are no text in templates and settings",
)
"""Without its settings a site is rendered otherwise."""
TAKEN = ("docs/en/odd.md", "docs/en/more", "logo.png")
"""Paths that several of the files have."""


def each(names: Iterable[str], in_gate: Collection[str] = ()) -> list[Any]:
    """Return a case for each name; those that the gate has in one site are for the long run."""
    return [pytest.param(n, marks=[pytest.mark.long] * (n not in in_gate)) for n in names]


def make_all(changes: Sequence[Callable[[Path], object]], top: Path) -> list[dict[str, str]]:
    """Make all the changes in one site; return the new paths of what each made, by the old."""
    moved: list[dict[str, str]] = []
    for number, change in enumerate(changes):
        change(top)
        taken = [name for name in TAKEN if os.path.lexists(top / name)]
        moved.append(
            {name: str(Path(name).with_name(f"{number}-{Path(name).name}")) for name in taken}
        )
        for old, new in moved[-1].items():
            (top / old).rename(top / new)
    return moved


@pytest.mark.parametrize("what", each(WORDS, SETTLED))
def test_a_hostile_file_is_one_line_beside_the_other_findings(what: str, top: Path) -> None:
    change, words = WORDS[what]
    change(top)
    code, lines = check(top)
    assert code == 1 and len(lines) == len(words) + 1
    for word in (*words, TYPED):
        assert any(line.startswith(word) for line in lines), (word, lines)


def test_hostile_files_in_one_site_are_a_line_each(top: Path) -> None:
    cases = [case for what, case in WORDS.items() if what not in SETTLED]
    words = [TYPED]
    *others, last = cases
    moved = make_all([change for change, _ in others], top)
    last[0](top)  # a link to itself, which cannot be moved
    for (_, own), names in zip(cases, [*moved, {}], strict=True):
        for word in own:
            old = next((name for name in names if word.startswith(name)), "")
            words.append(names.get(old, "") + word.removeprefix(old))
    code, lines = check(top)
    assert code == 1 and len(lines) == len(words)
    for word in words:
        assert any(line.startswith(word) for line in lines), (word, lines)


SILENT: dict[str, Callable[[Path], object]] = {
    "a page of five thousand blocks": page("# A\n" + "\n```json\n{}\n```\n" * 5000),
    "a binary file in the repository": lambda top: (top / "logo.png").write_bytes(
        bytes(range(256)) * 20_000
    ),
    "a folder called as a page": lambda top: (top / "docs" / "en" / "odd.md").mkdir(),
    "a link in the repository that leads nowhere": link("logo.png", "gone.png"),
    "a link in the repository to all of it": link("all", "."),
    "templates that link to the whole of them": link("snippets/more", ".."),
}


@pytest.mark.parametrize("what", each(SILENT))
def test_a_large_or_strange_file_without_a_problem_is_passed_over(what: str, top: Path) -> None:
    SILENT[what](top)
    code, lines = check(top)
    assert code == 1 and len(lines) == 1 and lines[0].startswith(TYPED)


def test_large_and_strange_files_in_one_site_are_passed_over(top: Path) -> None:
    make_all(list(SILENT.values()), top)
    code, lines = check(top)
    assert code == 1 and len(lines) == 1 and lines[0].startswith(TYPED)


@pytest.mark.long
def test_a_name_that_is_not_utf_8_is_escaped_in_text(top: Path) -> None:
    name = os.fsdecode(b"a\nb\xff.md")
    (top / "docs" / "en" / name).write_text("# A\n\nSince 2026-05-01.\n")
    command = [sys.executable, "-m", "trueup.cli", "--top", ".", "check", "--as-of", DAY]
    done = subprocess.run(command, cwd=top, capture_output=True, timeout=PATIENCE_S, check=False)
    lines = done.stderr.decode().splitlines()
    assert len(lines) == 2 and lines[0].startswith("docs/en/a\\nb\\xff.md:3:7: ")


ODD_NAMES = ("a: b.md", "c:7: d; e. f.md", os.fsdecode(b"g\xff.md"))


def test_every_format_keeps_the_path_of_a_finding(top: Path) -> None:
    expected: set[tuple[str, int | None]] = {("docs/en/index.md", 16)}
    for name in ODD_NAMES:
        typed, unreadable = f"docs/en/{name}", f"docs/en/2 {name}"
        (top / typed).write_text("# A\n\nSince 2026-05-01.\n")
        (top / unreadable).write_bytes(b"# A\n\n\xff\n")
        expected |= {(typed, 3), (unreadable, None)}
    found = json.loads("\n".join(check(top, "--format", "json")[1]))["findings"]
    assert {(one["path"], one["line"]) for one in found} == expected
    log = json.loads("\n".join(check(top, "--format", "sarif")[1]))
    places = [one["locations"][0]["physicalLocation"] for one in log["runs"][0]["results"]]
    assert set(map(place_of, places)) == expected
    lines = check(top, "--format", "github")[1]
    files = {line.partition("file=")[2].partition(",")[0] for line in lines}
    assert {unquote(file) for file in files} == {
        path.encode("utf-8", "backslashreplace").decode() for path, _ in expected
    }


def place_of(location: dict[str, Any]) -> tuple[str, int | None]:
    path = os.fsdecode(unquote_to_bytes(location["artifactLocation"]["uri"]))
    return path, location.get("region", {}).get("startLine")


def test_a_status_file_of_a_hundred_mistakes_has_a_line_for_each(top: Path) -> None:
    file = top / "status.yml"
    text = file.read_text("utf-8")
    row = text[text.index("  - at:") :].replace("outcome: output", "outcome: outputs")
    file.write_text(text + row * 150, "utf-8")
    code, lines = check(top)
    assert code == 2 and len(lines) >= 100
    assert all(line.startswith("status.yml:") and "[bad-status]" in line for line in lines)


@pytest.mark.parametrize("content", [b"\xff", b"\0", b"a: " + b"[" * 100_000])
def test_a_status_file_that_is_not_text_is_a_finding(content: bytes, top: Path) -> None:
    with (top / "status.yml").open("ab") as file:
        file.write(content)
    code, lines = check(top)
    assert code == 2 and lines and all(line.startswith("status.yml:") for line in lines)


def test_a_folder_in_the_place_of_a_file_is_a_finding(top: Path) -> None:
    (top / "mkdocs.yml").unlink()
    (top / "mkdocs.yml").mkdir()
    assert any(line.startswith("mkdocs.yml: ") for line in check(top)[1])
    (top / "baseline.yml").mkdir()
    code, (line,) = check(top)
    assert code == 2 and line.startswith("baseline.yml: a folder, expected a file. ")


def no_history(lines: list[str]) -> str:
    (line,) = [line for line in lines if line.endswith("[no-history]")]
    return line


def test_a_shallow_clone_is_distinguished_from_an_unknown_commit(top: Path, tmp_path: Path) -> None:
    first = git(top, "rev-parse", "HEAD").strip()
    (top / "more.txt").write_text("more\n")
    commit(top)
    clone = tmp_path / "clone"
    git(top, "clone", "--quiet", "--depth=1", f"file://{top}", str(clone))
    code, lines = check(clone, "--against", first)
    assert code == 1 and "is a shallow clone without " in no_history(lines)
    assert any(line.startswith(TYPED) for line in lines)
    code, lines = check(top, "--against", "0" * 40)
    assert "0 is not a commit of the repository. " in no_history(lines)
    assert not any("no-history" in line for line in check(top, "--against", first)[1])


def test_without_a_commit_there_is_nothing_to_compare_with(top: Path) -> None:
    shutil.rmtree(top / ".git")
    references = ("HEAD", "", "--output=x", "HEAD:status.yml", "a\nb")
    problems = "is not a commit|is in no git repository|the commit to compare with is empty"
    for is_begun in (False, True):
        if is_begun:
            git(top, "init", "--quiet", "--template=")
        for reference in references if is_begun else references[:2]:
            code, lines = check(top, f"--against={reference}")
            assert is_begun and reference == "HEAD" or re.search(problems, no_history(lines))
            assert code == 1
            assert any(line.startswith(TYPED) for line in lines)


def test_without_git_itself_the_files_are_read_all_the_same(
    top: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (top / ".env").write_text("KEY=sk\x2d4tQ9wZ7mB2xK5vN8rT3yH6uJ1cD0eF\n")
    assert any("[leaked-key]" in line for line in check(top)[1])
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    code, lines = check(top, "--against", "HEAD")
    assert code == 1 and no_history(lines)


DEVICES = {"baseline.yml": "/dev/zero", "status.yml": "/etc/passwd", "mkdocs.yml": ""}
"""A file of each kind in the place of each; the long run has all in all."""


@pytest.mark.parametrize(
    ("name", "to"),
    [
        pytest.param(name, to, marks=[pytest.mark.long] * (DEVICES[name] != to))
        for name, to in product(DEVICES, DEVICES.values())
    ],
)
def test_a_file_of_trueup_that_is_a_device_ends_the_check_at_once(
    name: str, to: str, top: Path
) -> None:
    (top / name).unlink(missing_ok=True)
    make = link(name, to) if to else pipe(name)
    make(top)
    code, lines = check(top)
    problem = "a link out of the repository" if to else "not a file"
    assert code in (1, 2)
    assert any(re.match(f"{name}: .*{problem}", line) for line in lines), lines
    assert not any("root:" in line for line in lines)
