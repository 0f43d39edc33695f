"""Python blocks see what `pip install` brings for them, and not what is here for the engine."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette

from trueup.errors import Unreachable
from trueup.sandbox import Containment, Sandbox, open_sandbox
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
    assert "SyntaxError" in output(sandbox, "import yaml\0")
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


def test_a_package_that_does_not_list_its_files_leaves_the_engines_own_python(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, files in {"unlisted": None, "in_place": "in_place.pth,,\n"}.items():
        (tmp_path / f"{name}-1.dist-info").mkdir()
        metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n"
        (tmp_path / f"{name}-1.dist-info" / "METADATA").write_text(metadata, encoding="utf-8")
        if files:
            (tmp_path / f"{name}-1.dist-info" / "RECORD").write_text(files, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    python = ReaderPython(tmp_path / "made", "/seen")
    for name in ("unlisted", "in_place"):
        assert python.program(f"# pip install {name}\nimport httpx".encode()) == sys.executable


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
