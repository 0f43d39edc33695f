"""Reply rows: the replies of `tests/replies/PROTOCOL.yml`, and what each of them holds.

A row has an `id`, the `source` of its form, the HTTP `status` (200), the content `type`
(application/json), and one of `body` (sent as JSON), `raw` (sent as it is) and `file`. `<NAME>` in
a text is the base64 of that file; after the name may stand `url-safe`, `bare` (without padding) and
`lines`. `<link>` is an address, at which the file of `link` is served as `type`.

Expected is an `output` (the `kind`, image where none is named; its `file`, whose ending a block's
file must have, or its `text`; the `shape`), or else the `reason` that stands in its place; spaces
do not count in it. `readable: false` is what no API sends. `sdk` is why the official client cannot
parse it.
"""

import base64
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent / "replies"
NAME = re.compile(r"<([a-z0-9-]+\.[a-z0-9]+)((?: url-safe| bare| lines)*)>")


@dataclass(frozen=True)
class Row:
    """A reply and what it holds; the fields are those of the file."""

    id: str
    source: str
    protocol: str
    status: int = 200
    type: str = "application/json"
    body: Any = None
    raw: str | None = None
    file: str | None = None
    link: dict[str, str] = field(default_factory=dict)
    output: dict[str, str] = field(default_factory=dict)
    reason: str = ""
    readable: bool = True
    sdk: str | None = None

    def content(self, link: str) -> bytes:
        """Return the bytes of the reply, with the address of its link."""
        if self.file:
            return file_bytes(self.file)
        text = json.dumps(self.body, ensure_ascii=False) if self.raw is None else self.raw
        return filled(text, link).encode()

    def says(self, link: str) -> str:
        """Return the reason, filled in as the reply is."""
        return filled(self.reason, link)

    @property
    def kind(self) -> str:
        return self.output.get("kind", "image")

    @property
    def expected(self) -> bytes:
        """The bytes of the output."""
        return file_bytes(self.output["file"])

    @property
    def ending(self) -> str:
        return self.output["file"].rpartition(".")[2]


def reply_rows(protocol: str) -> list[Row]:
    """Return the rows of a protocol. Each id is there once."""
    rows = yaml.load((FOLDER / f"{protocol}.yml").read_bytes(), yaml.CSafeLoader)["rows"]
    found = [Row(protocol=protocol, **row) for row in rows]
    assert len({row.id for row in found}) == len(found) > 0
    assert all(bool(row.output) != bool(row.reason) or not row.readable for row in found)
    return found


def filled(text: str, link: str) -> str:
    """Return a text with the base64 of the files that it names, and its link."""
    return NAME.sub(lambda name: _encoded(name[1], name[2]), text).replace("<link>", link)


def file_bytes(name: str) -> bytes:
    return (FOLDER / name).read_bytes()


def _encoded(name: str, spelling: str) -> str:
    encode = base64.urlsafe_b64encode if "url-safe" in spelling else base64.b64encode
    text = encode(file_bytes(name)).decode()
    if "bare" in spelling:
        text = text.rstrip("=")
    if "lines" in spelling:
        text = "\\n".join(text[start : start + 76] for start in range(0, len(text), 76))
    return text
