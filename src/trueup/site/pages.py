"""Pages: the Markdown sources with their front matter, as the docs team writes them."""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from trueup.errors import BadInput
from trueup.site.languages import MAIN, home_of
from trueup.site.unclosed import MOST, unclosed_in
from trueup.status_file import refuse_depth

FRONT_MATTER = re.compile(r"---[ \t]*\n(.*?\n)(?:---|\.\.\.)[ \t]*\n", re.DOTALL)
"""As MkDocs finds it, in `mkdocs.utils.meta`."""
LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
ENDINGS = (".md", ".markdown", ".mdown", ".mkdn", ".mkd", ".html", ".htm", ".xhtml")
"""Of what MkDocs publishes as a page, or as it is; only the first is used here."""
INDEXES = ("index", "README")
MOST_BYTES = 1_000_000


@dataclass(frozen=True)
class Page:
    """A source page of a language. `text` starts at line `first_line` of the file, after the front
    matter; `html` is the page within the built site.

    `front` is the front matter as written, from line 2 on. `model` is the model that the page is
    about; `blocks` is how many blocks it must publish; `description` is the page in a sentence.
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


def load_pages(
    docs: Path, language: str = MAIN, refused: list[BadInput] | None = None
) -> list[Page]:
    """The pages under the folder of a language, in the order of their paths.

    Raises BadInput for a page that cannot be read or whose front matter cannot be used; with
    `refused`, what would be raised is put there, and the page left out.
    """
    pages = []
    for path in page_files(docs):
        try:
            pages.append(load_page(docs, path, language))
        except BadInput as error:
            if refused is None:
                raise
            refused.append(error)
    return pages


def page_files(docs: Path) -> list[Path]:
    """What MkDocs would take for pages under a folder, in the order of their paths: the files, and
    the links to folders, which it follows."""
    found = []
    for folder, folders, names in os.walk(docs):
        found += [os.path.join(folder, name) for name in names if name.endswith(ENDINGS)]
        links = (os.path.join(folder, name) for name in folders)
        found += [link for link in links if os.path.islink(link)]
    return [Path(name) for name in sorted(found, key=lambda name: name.split(os.sep))]


def load_page(docs: Path, path: Path, language: str = MAIN) -> Page:
    """The page of a file under the folder of a language. Raises BadInput, as `load_pages` does."""
    if path.exists() and not path.is_file():
        what = "a link to a folder" if path.is_dir() else "no file"
        raise BadInput(f"{path}: it is {what}; a page was expected. Put the pages there.")
    if path.suffix != ENDINGS[0]:
        wanted = f"a page whose name ends in {ENDINGS[0]} was expected"
        raise BadInput(f"{path}: it ends in {path.suffix}; {wanted}. Rename it.")
    try:
        with open(path, "rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise BadInput(
            f"{path}: it cannot be read ({error.strerror}); a file was expected. Mend the link, or"
            " take it away."
        ) from error
    return parse_page(content, path, path.relative_to(docs), language)


def parse_page(
    content: bytes, path: Path, source: Path | None = None, language: str = MAIN
) -> Page:
    """The page that a file holds; `source` is its path within its language's folder.

    Raises BadInput for one that is too big, no text, or whose front matter cannot be used.
    """
    if len(content) > MOST_BYTES:
        raise BadInput(
            f"{path}: it has more than {MOST_BYTES} bytes; a page that people read was expected."
            " Split it."
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(
            f"{path}: byte {error.start} is not UTF-8; text in UTF-8 was expected. Save it so."
        ) from error
    if "\0" in text:
        raise BadInput(f"{path}: it holds a NUL, as no text does; text was expected. Save it so.")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if mark := unclosed_in(text):
        raise BadInput(
            f"{path}: more than {MOST} times {mark!r} opens what nothing closes; text that people"
            " read was expected. Close them, or take them out."
        )
    front, body, first_line = _split(text)
    meta = _parse_front(path, front)
    model, blocks = meta.get("model"), meta.get("blocks", 0)
    if type(blocks) is not int or blocks < 0:
        raise BadInput(
            f"{path}: the front matter has blocks: {blocks!r}; the number of code blocks that the"
            " page publishes was expected. Set it."
        )
    source = source or path
    folder = source.parent if source.stem in INDEXES else source.with_suffix("")
    html = home_of(language) + (folder / "index.html").as_posix()
    name = str(model) if model is not None else None
    told = " ".join(str(meta.get("description") or "").split())
    return Page(
        path, language, source.as_posix(), html, front, body, first_line, name, blocks, told
    )


def _split(text: str) -> tuple[str, str, int]:
    found = FRONT_MATTER.match(text)
    if found is None:
        return "", text, 1
    return found[1], text[found.end() :], found[0].count("\n") + 1


def _parse_front(path: Path, front: str) -> dict[str, Any]:
    try:
        refuse_depth(front)
        meta = yaml.load(front, Loader=LOADER)
    except (yaml.YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path}:{mark.line + 2}:{mark.column + 1}" if mark else str(path)
        problem = getattr(error, "problem", None) or " ".join(str(error).split())
        raise BadInput(
            f"{where}: the front matter cannot be read ({problem}); YAML was expected. Mend it."
        ) from error
    return meta if isinstance(meta, dict) else {}
