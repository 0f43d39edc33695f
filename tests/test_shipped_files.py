"""Shipped files: which template a site's blocks come from."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

from recorder import TEMPLATES, TOP

from trueup.snippet import Snippets
from trueup.status_file import load_status


def test_a_protocol_without_a_folder_has_the_templates_of_trueup(tmp_path: Path) -> None:
    folder = tmp_path / "snippets"
    (folder / "gemini").mkdir(parents=True)
    for file in (TEMPLATES / "gemini").glob("*.j2"):
        shutil.copy(file, folder / "gemini")
    (folder / "gemini" / "genai.py.j2").unlink()
    status = load_status(TOP / "status.yml", datetime.now(UTC)).status
    own = {snippet.id: snippet.text for snippet in Snippets(status, TEMPLATES).all()}
    made = {snippet.id: snippet.text for snippet in Snippets(status, folder).all()}
    assert made == {name: text for name, text in own.items() if not name.endswith("--genai")}
    assert len(made) < len(own)
