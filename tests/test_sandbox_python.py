"""Python blocks see what `pip install` brings for them, and not what is here for the engine."""

import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette

from trueup.errors import Unreachable
from trueup.sandbox import Containment, Sandbox, open_sandbox, reader_python
from trueup.sandbox.reader_python import ReaderPython

FINDS = "from importlib.util import find_spec\nprint(*(bool(find_spec(name)) for name in {}))\n"


@pytest.fixture(scope="module", params=["namespace", "landlock"])
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    yield from opened(request.param)


def opened(containment: Containment) -> Iterator[Sandbox]:
    try:
        with open_sandbox(Starlette(), ["some-host.example"], containment) as sandbox:
            yield sandbox
    except Unreachable as error:
        pytest.skip(str(error))


def output(sandbox: Sandbox, source: str) -> str:
    ran = sandbox.run("python", source.encode())
    return (ran.stdout + ran.stderr).decode().strip()


def test_a_block_sees_its_imports_with_what_they_require_and_nothing_else(sandbox: Sandbox) -> None:
    seen = ["httpx", "httpcore", "certifi", "rich", "click", "yaml", "pytest", "trueup"]
    found = output(sandbox, "import httpx\n" + FINDS.format(seen))
    assert found == "True True True False False False False False"
    loaded = "import httpx, sys\nprint('rich' in sys.modules)"
    assert output(sandbox, loaded) == "False", "httpx loads its console where there is rich"
    version = "import httpx\nfrom importlib.metadata import version\nprint(version('httpx') > '0')"
    assert output(sandbox, version) == "True"
    assert output(sandbox, FINDS.format(["httpx"])) == "False", "it imports nothing"


def test_a_package_is_found_by_its_files_whatever_its_name(sandbox: Sandbox) -> None:
    for imports in ("import yaml", "from PIL import Image", "import bs4", "import yaml, PIL.Image"):
        assert output(sandbox, f"def load():\n    {imports}\nload()\nprint('loaded')") == "loaded"
    genai = "try:\n    from google import genai\nexcept ImportError:\n    raise\n"
    assert output(sandbox, genai + FINDS.format(["google.genai", "PIL"])) == "True False"


@pytest.mark.parametrize(
    ("comment", "expected"),
    [
        ("# pip install 'httpx[cli]'", "True"),
        ("# First: python -m pip install -U rich>=10  # for colours", "True"),
        ("# uv add 'httpx[cli]'", "True"),
        ("# pip install httpx", "False"),
        ("# pip install what you need, 'it is not a name", "False"),
        ("# pip install git+https://some-host.example/rich.git", "False"),
        ("# pip install ./rich --no-deps", "False"),
        ('INSTALL = "pip install rich"', "False"),
    ],
)
def test_a_block_sees_what_its_comments_say_to_install(comment: str, expected: str) -> None:
    for sandbox in opened("namespace"):
        assert output(sandbox, f"{comment}\nimport httpx\n{FINDS.format(['rich'])}") == expected


def test_a_block_that_breaks_off_or_loads_by_name_sees_all(sandbox: Sandbox) -> None:
    assert output(sandbox, "print(__import__('yaml').__name__)") == "yaml"
    by_name = "from importlib import import_module\nprint(import_module('bs4').__name__)"
    assert output(sandbox, by_name) == "bs4"
    assert "SyntaxError" in output(sandbox, "import yaml\nprint(")
    assert "No module named 'not_installed'" in output(sandbox, "import not_installed.part")


def test_a_module_without_a_package_leaves_the_engines_own_python(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "beside.py").write_text("", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    python = ReaderPython(tmp_path, "/seen")
    assert python.program(b"import beside, httpx") == sys.executable
    assert python.program(b"import __main__") == sys.executable
    assert python.program(b"from . import beside\nimport httpx").startswith("/seen/")
    made_to_last = b"\n".join(b"import part_%d" % number for number in range(51))
    assert python.program(made_to_last) == sys.executable
    assert python.program(b"import httpx\n#" + b" " * 50_000) == sys.executable


def test_the_engine_prints_no_warning_of_a_block(tmp_path: Path) -> None:
    with warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter("always")
        assert ReaderPython(tmp_path, "/seen").program(b"import httpx\nprint('\\d' is 1)") != ""
    assert not shown


@pytest.mark.parametrize(
    ("record", "metadata"),
    [
        ("", ""),
        ("odd.pth,,\n", ""),
        ("odd.py,,\n", "Requires-Dist: not a name\n"),
        ("httpx/odd.py,,\n", ""),
    ],
    ids=["without a list", "in place", "with a broken line", "beside another of its name"],
)
def test_an_unusual_package_leaves_the_engines_own_python(
    record: str, metadata: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "odd-1.dist-info").mkdir()
    head = "Metadata-Version: 2.1\nName: odd\nVersion: 1\n"
    (tmp_path / "odd-1.dist-info" / "METADATA").write_text(head + metadata, encoding="utf-8")
    if record:
        (tmp_path / "odd-1.dist-info" / "RECORD").write_text(record, encoding="utf-8")
    for known in (reader_python._entries, reader_python._tops, reader_python._package):
        known.cache_clear()
    monkeypatch.syspath_prepend(str(tmp_path))
    source = b"# pip install odd\nimport httpx"
    assert ReaderPython(tmp_path / "made", "/seen").program(source) == sys.executable
    for known in (reader_python._entries, reader_python._tops, reader_python._package):
        known.cache_clear()


def test_no_block_changes_what_the_next_one_sees(sandbox: Sandbox) -> None:
    changes = """
import sys, sysconfig
from pathlib import Path
import httpx
packages = Path(sysconfig.get_path("purelib"))
try:
    (packages / "left.py").write_text("")
    (packages / "left.pth").write_text("import sys; print('left')")
    (packages / "httpx").unlink()
except OSError:
    pass
print("changed", Path(sys.prefix) == packages.parents[2])
"""
    assert output(sandbox, changes) == "changed True"
    assert output(sandbox, "import httpx\n" + FINDS.format(["left", "httpx"])) == "False True"
