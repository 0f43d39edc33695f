"""The pytest plugin in small repositories: passing, broken, and without it."""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

import pytest
from conftest import TOP, is_long_run
from starlette.applications import Starlette
from starlette.routing import Mount
from test_verify_run import serving

from trueup.mock import create_app, ledger_with
from trueup.snippet.languages import LANGUAGES
from trueup.status_file import parse_status

for module in (
    *("material.templates", "mkdocs.commands.build", "mkdocs_macros.plugin", "trueup.macros"),
    *("pymdownx.details", "pymdownx.highlight", "pymdownx.superfences", "pymdownx.tabbed"),
):
    # What a build imports: pytester forgets what is imported within a run, and imports it anew.
    import_module(module)
pytest_plugins = ["pytester"]

STATUS = """\
version: 2
policy: {fresh_for: 30d, confirm_after: 1, recover_after: 3, reported_until: 2026-04-14}
targets:
  production: {base_url: https://gateway.example, reference: true}
  local: {base_url: http://localhost:4000}
routes:
  images: {title: Images, request: POST /v1/images/generations, protocol: openai-images,
           auth: bearer}
models:
  painter: {title: Painter, family: painter}
endpoints:
  painter/images: {body: {prompt: A cat}}
observations:
  - at: 2026-04-14
    endpoint: painter/images
    target: production
    sent: {base_url: https://gateway.example, request: POST /v1/images/generations, auth: bearer,
           body: {model: painter, prompt: A cat}}
    outcome: output
    shape: b64-json
    billing: aligned
    source: {reported: the owner}
"""
SETTINGS = re.sub(
    r"(?ms)^  # Each page's links.*?(?=^plugins:)|^nav:.*|^  - search:\n.*?(?=^  - macros)",
    "",
    (TOP / "mkdocs.yml").read_text(encoding="utf-8"),
)
SETTINGS += "nav: [index.md, more.md]\n"
PAGE = '---\nblocks: 3\n---\n\n# A page\n\n{{ route("painter/images") }}\n'
MORE = "---\nblocks: 3\n---\n\n# Another page\n\n{{ best('painter') }}\n"
USED = "[pytest]\ntrueup_top = .\ntestpaths = tests\naddopts = --strict-config --strict-markers\n"
FILES = {
    "status.yml": STATUS,
    "mkdocs.yml": SETTINGS,
    "docs/en/index.md": PAGE,
    "docs/en/more.md": MORE,
    "pytest.ini": USED,
    "tests/test_own.py": "def test_own():\n    pass\n",
}


@pytest.fixture
def whole(pytester: pytest.Pytester) -> pytest.Pytester:
    """A repository with one endpoint, in three languages of code on two pages."""
    for name, text in FILES.items():
        write(pytester.path / name, text)
    for name in ("shared", "openai-images"):
        shutil.copytree(TOP / "snippets" / name, pytester.path / "snippets" / name)
    shutil.copytree(TOP / "overrides", pytester.path / "overrides")
    return pytester


@pytest.fixture
def small(whole: pytest.Pytester) -> Iterator[pytest.Pytester]:
    """The same in curl alone, whose block is the quickest to run."""
    assert isinstance(LANGUAGES, dict)
    known = dict(LANGUAGES)  # put back as a whole: their order is that of the tabs
    del LANGUAGES["python"], LANGUAGES["javascript"]
    for name in ("index.md", "more.md"):
        change(f"docs/en/{name}", "blocks: 3", "blocks: 1")(whole.path)
    yield whole
    LANGUAGES.clear()
    LANGUAGES.update(known)


def write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def change(name: str, old: str, new: str) -> Callable[[Path], None]:
    def apply(top: Path) -> None:
        text = (top / name).read_text(encoding="utf-8")
        assert old in text
        write(top / name, text.replace(old, new, 1))

    return apply


def run(small: pytest.Pytester, *arguments: str, **outcomes: int) -> tuple[pytest.RunResult, str]:
    result = small.runpytest_inprocess("-p", "no:cacheprovider", *arguments)
    if outcomes:
        result.assert_outcomes(**outcomes)
    text = result.stdout.str() + result.stderr.str()
    assert "Traceback" not in text and "INTERNALERROR" not in text
    return result, text


def test_a_repository_with_the_setting_has_its_blocks_run(whole: pytest.Pytester) -> None:
    result, text = run(whole, "-v", passed=4)
    assert result.ret == 0
    assert f"trueup: published blocks of {whole.path}" in text
    for name in ("curl", "python", "javascript"):
        assert f"status.yml::#painter--images--{name} PASSED" in text
    assert not (whole.path / "site").exists() and not (whole.path / ".cache").exists()


def test_the_option_does_what_the_setting_does(small: pytest.Pytester) -> None:
    write(small.path / "pytest.ini", "[pytest]\n")
    top = small.path / "docs-of-it"
    top.mkdir()
    for name in ("status.yml", "mkdocs.yml", "docs", "snippets", "overrides"):
        (small.path / name).rename(top / name)
    run(small, passed=1)
    run(small, "--trueup-top", "docs-of-it", "-k", "curl", passed=1, deselected=1)


def bare(top: Path) -> None:
    for name in ("index.md", "more.md"):
        write(top / "docs" / "en" / name, "# Bare\n")


BROKEN: dict[str, tuple[Callable[[Path], None], dict[str, int], str]] = {
    "a block that differs from the record": (
        change("snippets/shared/curl.sh.j2", "curl ", "curl -X PUT "),
        {"passed": 1, "failed": 1},
        r"painter/images \(bash\): the request differs .* now PUT .*status\.yml:14",
    ),
    "a page that publishes less than it committed": (
        change("docs/en/more.md", "{{ best('painter') }}", "Nothing."),
        {"passed": 2, "failed": 1},
        r"lost-blocks:docs/en/more\.md",
    ),
    "no block at all": (bare, {"passed": 1, "failed": 1}, r"no block"),
    "a site that cannot be built": (
        change("docs/en/more.md", "best('painter')", "best('nobody')"),
        {"errors": 1},
        r"ERROR collecting status\.yml.*nobody",
    ),
    "a status file that cannot be read": (
        change("status.yml", "version: 2", "version: one"),
        {"errors": 1},
        r"status\.yml:1:\d+: ",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_repository_fails_with_the_reason(name: str, small: pytest.Pytester) -> None:
    apply, outcomes, reason = BROKEN[name]
    apply(small.path)
    result, text = run(small, **outcomes)
    assert result.ret != 0
    assert re.search(reason, text, re.DOTALL), text


TEST = """\
def test_block(trueup_block, trueup_harness, trueup_docs, trueup_site):
    assert trueup_block.endpoint in trueup_docs.stored.status.endpoints
    assert (trueup_site / "index.html").is_file() and trueup_harness.replays
"""


def test_a_test_of_blocks_needs_no_setting_and_fails_for_a_lost_one(small: pytest.Pytester) -> None:
    write(small.path / "pytest.ini", "[pytest]\n")
    write(small.path / "tests/test_own.py", TEST)
    change("docs/en/more.md", "{{ best('painter') }}", "Nothing.")(small.path)
    _, text = run(small, passed=1, errors=1)
    assert "lost-blocks" in text


def test_a_fixture_reports_an_invalid_status_file(small: pytest.Pytester) -> None:
    write(small.path / "pytest.ini", "[pytest]\n")
    write(small.path / "status.yml", "")
    write(small.path / "tests/test_own.py", "def test_it(trueup_harness):\n    pass\n")
    _, text = run(small, errors=1)
    assert "status.yml" in text


def test_a_dated_skip_is_skipped_with_its_reason(small: pytest.Pytester) -> None:
    change(
        "status.yml",
        "{body: {prompt: A cat}}",
        "{body: {prompt: A cat}, skip: {reason: it moves, until: 2999-01-01}}",
    )(small.path)
    _, text = run(small, "-rs", passed=1, skipped=1)
    assert "it moves (until 2999-01-01)" in text


def test_other_tests_that_are_named_run_without_the_blocks(small: pytest.Pytester) -> None:
    _, text = run(small, "tests", passed=1)
    assert "trueup: no published block is selected; name " in text
    run(small, "tests", "status.yml", passed=2)
    if is_long_run():
        run(small, ".", passed=2)


def test_a_top_without_a_status_file_is_refused(small: pytest.Pytester) -> None:
    result, text = run(small, "--trueup-top", "tests")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "status.yml was not found. Correct --trueup-top" in text


def test_a_live_target_needs_a_cap(small: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUEUP_PRODUCTION_API_KEY", "sk-n0ne-0f-all-them")
    result, text = run(small, "--target=production")
    assert result.ret == 2 and "no cap on the calls. Give --max-calls N." in text
    assert "sk-n0ne-0f-all-them" not in text


@pytest.mark.parametrize("prefix", [pytest.param("", marks=pytest.mark.long), "trueup-"])
def test_blocks_run_at_a_live_target(
    prefix: str, small: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    status = parse_status(STATUS, "status.yml", datetime.now(UTC)).status
    mock = create_app(status, ledger=ledger_with((), ["sk-0wn-key-of-mine"]))
    if prefix:  # a repository with options of these names has only the long ones
        write(
            small.path / "tests/conftest.py",
            "def pytest_addoption(parser):\n"
            "    parser.addoption('--target', default='x')\n"
            "    parser.addoption('--max-calls')\n",
        )
    with serving(Starlette(routes=[Mount("/", mock)])) as port:
        place = f"http://127.0.0.1:{port}"
        change("status.yml", "http://localhost:4000", place)(small.path)
        monkeypatch.setenv("TRUEUP_LOCAL_API_KEY", "sk-0wn-key-of-mine")
        run(small, f"--{prefix}target=local", f"--{prefix}max-calls=3", passed=2)


UNUSED = {
    "pytest.ini": "[pytest]\naddopts = --strict-config\nfilterwarnings = error\n",
    "conftest.py": (
        "import pytest, sys\n"
        "def pytest_addoption(parser):\n"
        "    parser.addoption('--target', default='mine')\n"
        "    parser.addoption('--max-calls')\n"
        "@pytest.fixture\n"
        "def harness():\n"
        "    return 'mine'\n"
        "def pytest_sessionfinish():\n"
        "    loaded = [name for name in sys.modules if name.split('.')[0] == 'trueup']\n"
        "    assert sorted(loaded) == ['trueup', 'trueup.pytest_plugin'], loaded\n"
    ),
    "test_own.py": (
        "import pytest\n"
        "@pytest.mark.parametrize('published', [1, 2])\n"
        "def test_own(published, harness, pytestconfig):\n"
        "    assert harness == pytestconfig.getoption('--target') == 'mine'\n"
    ),
    "status.yml": "of: another program\n",
}


def test_a_repository_without_the_setting_is_not_affected(pytester: pytest.Pytester) -> None:
    for name, text in UNUSED.items():
        write(pytester.path / name, text)
    result = pytester.runpytest_subprocess("--target", "mine", "-v")
    result.assert_outcomes(passed=2)
    assert result.ret == 0 and "trueup:" not in result.stdout.str()


def test_the_plugin_loads_no_other_module() -> None:
    code = (
        "import sys, pytest; before = set(sys.modules); import trueup.pytest_plugin;"
        "print(*sorted(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["trueup", "trueup.pytest_plugin"]
