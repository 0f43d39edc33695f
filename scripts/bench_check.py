"""The measuring behind scripts/bench-check: one model a page, in the languages of this repository.

Each line is a process of its own: seconds on the clock, seconds of the processor.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from itertools import cycle
from pathlib import Path

from trueup.scaffold.shared_files import shared_settings

TOP = Path(__file__).parent.parent
LANGUAGES = ("en", "ja", "ru", "zh")
CLI = [sys.executable, "-m", "trueup.cli", "--top"]
HEAD = """\
version: 2
signatures:
  no-channel:
    match: no available channel
    cause: no upstream serves the model
    replay: {status: 503, type: new_api_error, message: no available channel}
policy: {reported_until: 2026-04-30}
targets: {production: {base_url: https://gateway.example.com, reference: true}}
routes:
  images-generations:
    request: POST /v1/images/generations
    protocol: openai-images
    auth: bearer
"""
ROW = """\
  - at: 2026-04-14
    endpoint: MODEL/images-generations
    target: production
    sent:
      base_url: https://gateway.example.com
      request: POST /v1/images/generations
      auth: bearer
      body: {model: MODEL, prompt: A kiwi}
    outcome: RESULT
    source: {reported: the team}
"""
WORDS = "".join(
    f'msgid "{text}"\nmsgstr "{text}"\n\n' for text in ("the team", "no upstream serves the model")
)
RESULTS = (
    *("output\n    shape: url\n    billing: aligned",) * 3,
    "error\n    signatures: [no-channel]",
    None,
)
"""Of five models, three returned an image, one failed, and one was never tested."""
INDEX = "{{ last_test() }}\n\n{{ start_here() }}\n\n{{ overall() }}"


def generate(top: Path, count: int) -> None:
    """Writes a repository of so many models, each with a page in every language, to be built."""
    models = [f"model-{number:03d}-image" for number in range(count)]
    for name in ("snippets", "overrides"):
        shutil.copytree(TOP / name, top / name)
    (top / "mkdocs.yml").write_text(f"site_name: Kiwis\n{shared_settings()}", encoding="utf-8")
    for language in LANGUAGES[1:]:
        settings = (
            f"INHERIT: mkdocs.yml\ndocs_dir: docs/{language}\ntheme: {{language: {language}}}\n"
        )
        (top / f"mkdocs.{language}.yml").write_text(settings, encoding="utf-8")
        (top / "docs").mkdir(exist_ok=True)
        (top / "docs" / f"{language}.po").write_text(WORDS)
    parts = [HEAD, "models:\n"]
    parts += [f"  {name}: {{title: Kiwi {at}}}\n" for at, name in enumerate(models)]
    parts += [
        "endpoints:\n",
        *(f"  {name}/images-generations: {{body: {{prompt: A kiwi}}}}\n" for name in models),
    ]
    seen = [(name, result) for name, result in zip(models, cycle(RESULTS)) if result]
    parts += ["observations:\n"]
    parts += [ROW.replace("MODEL", name).replace("RESULT", result) for name, result in seen]
    (top / "status.yml").write_text("".join(parts))
    for language in LANGUAGES:
        folder = top / "docs" / language
        folder.mkdir(parents=True)
        (folder / "index.md").write_text(f"# Index\n\n{INDEX}\n")
        (folder / "signatures.md").write_text("# Errors\n\n{{ signatures() }}\n")
        for name in ("changes.md", "status.md"):
            shutil.copy(TOP / "docs" / language / name, folder)
        page = (TOP / "docs" / language / "nano-banana.md").read_text(encoding="utf-8")
        page = page[: page.index("](gemini-image-generation.md)")].rsplit("\n\n", 1)[0] + "\n"
        page = page.replace('{{ route("nano-banana/generate-content") }}\n\n', "")
        page = page.replace("blocks: 7\n", "blocks: 3\n")
        for at, name in enumerate(models):
            text = page.replace("nano-banana", name).replace("Nano Banana", f"Kiwi {at}")
            (folder / f"{name}.md").write_text(text, encoding="utf-8")


def measure(what: str, top: Path) -> None:
    """Runs one check and prints what it took. What was generated has no finding: a check that ends
    early, or that finds the same mistake on each page, would take another time."""
    before, start = os.times(), time.perf_counter()
    done = subprocess.run([*CLI, str(top), "check"], capture_output=True, check=False)
    took, after = time.perf_counter() - start, os.times()
    spent = after.children_user + after.children_system
    spent -= before.children_user + before.children_system
    if top != TOP and done.stdout != b"nothing found\n":
        sys.exit(f"{what}: a finding in what was generated: {done.stderr.decode()[:2000]}")
    print(f"{what}: {took:.2f} s, processor {spent:.2f} s, exit code {done.returncode}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=int, default=839)
    count = parser.parse_args().models
    measure("this repository", TOP)
    with tempfile.TemporaryDirectory() as folder:
        top = Path(folder)
        generate(top, count)
        for language in LANGUAGES[1:]:
            subprocess.run([*CLI, str(top), "translated", language], check=True)
        measure(f"{count} models in {len(LANGUAGES)} languages", top)


if __name__ == "__main__":
    main()
