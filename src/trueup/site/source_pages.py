"""Pages: the Markdown sources of the docs team, with their front matter."""

import os
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from trueup.errors import BadInput
from trueup.place import Place
from trueup.site.page_languages import MAIN, home_of
from trueup.site.unclosed import MOST, unclosed_in
from trueup.source_file import problem_of_link
from trueup.status_file import refuse_depth

FRONT_MATTER = re.compile(r"---[ \t]*\n(.*?\n)(?:---|\.\.\.)[ \t]*\n", re.DOTALL)
"""The pattern of `mkdocs.utils.meta`."""
LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
ENDINGS = (".md", ".markdown", ".mdown", ".mkdn", ".mkd", ".html", ".htm", ".xhtml")
"""The endings of files that MkDocs publishes as a page, or unchanged; only the first is allowed."""
INDEXES = ("index", "README")
STATUS_PAGE = "status.md"
"""The source of the page of all standings, in the folder of each language."""
MOST_BYTES = 1_000_000
"""About a book: more than a reader's page has, and little enough for a check of seconds."""


@dataclass(frozen=True)
class Page:
    """A source page of a language. `text` starts at line `first_line` of the file, after the front
    matter; `html` is the path of the page in the built site.

    `front` is the front matter as written, from line 2 on. `model` is the subject of the page;
    `blocks` is the number of blocks that it must publish; `description` is a sentence.
    """

    path: Path
    language: str
    source: str
    html: str
    front: str
    text: str
    first_line: int
    model: str | None
    blocks: int
    description: str = ""

    def place(self, line: int = 0) -> Place:
        """Return the place of a line of the file, or of the whole page."""
        return Place(str(self.path), line)


def load_pages(docs: Path, language: str = MAIN) -> list[Page]:
    """Return the pages under the folder of a language, in the order of their paths.

    Raises BadInput for a page that cannot be read or whose front matter is invalid.
    """
    return [load_page(docs, path, language) for path in page_files(docs)]


def page_files(docs: Path) -> list[Path]:
    """Return the paths under a folder that MkDocs would read as pages, in their order: files, and
    links to folders, which it follows."""
    found = []
    for folder, folders, names in os.walk(docs):
        found += [os.path.join(folder, name) for name in names if name.endswith(ENDINGS)]
        links = (os.path.join(folder, name) for name in folders)
        found += [link for link in links if os.path.islink(link)]
    return [Path(name) for name in sorted(found, key=lambda name: name.split(os.sep))]


def load_page(docs: Path, path: Path, language: str = MAIN) -> Page:
    """Return the page of a file under the folder of a language; raises as `load_pages` does."""
    if path.exists() and not path.is_file():
        problem = "a link to a folder" if path.is_dir() else "not a file"
        raise BadInput(path, problem, "Replace it by the pages themselves.")
    if path.suffix != ENDINGS[0]:
        raise BadInput(path, f"got {path.suffix}, expected {ENDINGS[0]}", "Rename it.")
    if refused := problem_of_link(path, docs.parents[1]):
        raise BadInput(refused.where, refused.problem, refused.fix)
    try:
        with open(path, "rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        fix = "Correct the link, or remove it."
        raise BadInput(path, f"not readable ({error.strerror})", fix) from error
    return parse_page(content, path, path.relative_to(docs), language)


def parse_page(
    content: bytes, path: Path, source: Path | None = None, language: str = MAIN
) -> Page:
    """Return the page of a file's content; `source` is its path within its language's folder.

    Raises BadInput for one that is too large, not text, or whose front matter is invalid.
    """
    if len(content) > MOST_BYTES:
        raise BadInput(path, f"more than {MOST_BYTES} bytes", "Split the page.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        problem = f"not valid UTF-8 (byte {error.start})"
        raise BadInput(path, problem, "Save the file as UTF-8.") from error
    if "\0" in text:
        raise BadInput(path, "contains a NUL character", "Save the file as text.")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    front, body, first_line = _split(text)
    meta = _parse_front(path, front)
    if mark := unclosed_in(body):
        raise BadInput(path, f"more than {MOST} unclosed {mark!r}", "Close or remove them.")
    model, blocks = meta.get("model"), meta.get("blocks", 0)
    if type(blocks) is not int or blocks < 0:
        raise BadInput(
            path,
            f"got blocks: {blocks!r} in the front matter, expected a number",
            "Set the number of code blocks that the page publishes.",
        )
    source = source or path
    folder = source.parent if source.stem in INDEXES else source.with_suffix("")
    html = home_of(language) + (folder / "index.html").as_posix()
    name = str(model) if model is not None else None
    about = " ".join(str(meta.get("description") or "").split())
    return Page(
        path, language, source.as_posix(), html, front, body, first_line, name, blocks, about
    )


def _split(text: str) -> tuple[str, str, int]:
    found = FRONT_MATTER.match(text)
    if found is None:
        return "", text, 1
    return found[1], text[found.end() :], found[0].count("\n") + 1


@lru_cache(maxsize=1024)  # a check reads the pages twice: for the menu, and for what they say
def _parse_front(path: Path, front: str) -> dict[str, Any]:
    try:
        refuse_depth(front)
        meta = yaml.load(front, Loader=LOADER)
    except (yaml.YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        place = Place(str(path), mark.line + 2, mark.column + 1) if mark else path
        cause = getattr(error, "problem", None) or " ".join(str(error).split())
        problem = f"the front matter is not valid YAML ({cause})"
        raise BadInput(place, problem, "Correct it.") from error
    return meta if isinstance(meta, dict) else {}
