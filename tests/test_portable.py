import importlib.util
import os
from pathlib import Path
from types import ModuleType

import pytest
from conftest import TOP
from test_console import commands

PAGE = '<div class="language-bash highlight" id="a"><pre><code>{}</code></pre></div>'


@pytest.fixture
def portable() -> ModuleType:
    spec = importlib.util.spec_from_file_location("portable", TOP / "scripts" / "portable.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_shows_the_script_that_compares() -> None:
    script = TOP / commands("portable")
    assert os.access(script, os.X_OK) and "scripts/portable.py" in script.read_text()


@pytest.mark.parametrize(
    ("builder", "text", "code"),
    [
        ("nobody", "", 0),
        ("properdocs", "curl other", 1),
        ("properdocs", None, 1),
        ("zensical", "curl other", 0),
        ("zensical", None, 0),
    ],
)
def test_only_another_block_of_properdocs_fails(
    builder: str,
    text: str | None,
    code: int,
    portable: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def build(_: object, packages: Path, folder: Path) -> Path:
        name = folder.name
        if name == builder and text is None:
            raise RuntimeError(f"{name}: ended with 1")
        (folder / "index.html").write_text(PAGE.format(text if name == builder else "curl it"))
        return folder

    monkeypatch.setattr(portable, "build", build)
    assert portable.main(tmp_path) == code
    printed = capsys.readouterr().out
    assert ("1 pages differ" in printed and "+curl other" in printed) == (text == "curl other")
    assert ("ended with 1" in printed) == (text is None)
