"""The builds of scripts/bench: pages of one language by Trueup, by plain MkDocs and by Zensical."""

import shutil
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from bench_check import generate

TOP = Path(__file__).parent.parent
ROUNDS = 3


def measure_build(count: str, folder: str, zensical: str = "") -> dict[str, Any]:
    """Pages of one language, and seconds: built by Trueup, and by plain MkDocs from the Markdown
    that the macros made; and by Zensical from the same, where `zensical` is its command."""
    top = Path(folder) / f"built-{count}"
    top.mkdir()
    if int(count):
        generate(top, int(count))
    else:
        for name in ("docs", "overrides", "snippets"):
            shutil.copytree(TOP / name, top / name)
        for name in ("mkdocs.yml", "status.yml"):
            shutil.copy(TOP / name, top)
    settings = (top / "mkdocs.yml").read_text("utf-8")
    dump = "import os\ndef on_page_content(html, page, **_):\n    to = page.file.src_uri\n"
    dump += "    to = os.path.join('rendered', to)\n    open(to, 'w').write(page.markdown)\n"
    (top / "dump.py").write_text(dump)
    shutil.copytree(top / "docs" / "en", top / "rendered")
    (top / "dump.yml").write_text(f"{settings}\nhooks: [dump.py]\n")
    start = settings.index("  - macros:")
    plain = settings[:start] + settings[settings.index("\n\n", start) :]
    plain = plain.replace("docs_dir: docs/en", "docs_dir: rendered")
    (top / "plain.yml").write_text(plain)
    # Its templates have not all of Jinja, so it builds with the theme as it is.
    (top / "zensical.yml").write_text(plain.replace("  custom_dir: overrides\n", ""))
    build(top, "dump.yml")
    took: dict[str, list[float]] = {"mkdocs.yml": [], "plain.yml": []}
    peer = []
    for _ in range(ROUNDS):
        for name, seconds in took.items():
            seconds.append(build(top, name))
        if zensical:
            peer.append(timed([zensical, "build", "--clean", "-f", "zensical.yml"], top))
    pages = len([*(top / "rendered").rglob("*.md")])
    return {
        "on": str(datetime.now(UTC).date()),
        "pages": pages,
        "s": median(took["mkdocs.yml"]),
        "plain_s": median(took["plain.yml"]),
        "zensical_s": median(peer) if peer else None,
    }


def build(top: Path, settings: str) -> float:
    mkdocs = [sys.executable, "-m", "mkdocs", "build", "--quiet", "-f", settings, "-d", "site"]
    return timed(mkdocs, top)


def timed(command: list[str], top: Path) -> float:
    began = time.perf_counter()
    subprocess.run(command, cwd=top, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began
