"""HAR: the recording of a page, a file that the developer tools of browsers read (HAR 1.2,
http://www.softwareishard.com/blog/har-12-spec/); our own facts have names that begin with `_`."""

import json
import os
import re
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import unquote, urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from trueup.errors import BadInput
from trueup.source_file import LARGEST_BYTES, problem_of_link, problem_of_source, read_source
from trueup.status_file.edit import write_whole

FOLDER = "recorded"
"""Folder of the recordings, in that of the docs."""
VERSION = 1
PRINTED = r"^[ -~]*$"
"""What a header can carry."""
REPAIR = "Restore it from git, or remove it and record its page again."
Short = Annotated[str, Field(max_length=8_000)]
Line = Annotated[Short, Field(pattern=PRINTED)]


class Part(BaseModel):
    """A part of a HAR. What another program adds to one is kept."""

    model_config = ConfigDict(extra="allow", frozen=True, populate_by_name=True)


class Pair(Part):
    """A header, a parameter of a query, or a part of a form."""

    name: Short
    value: str = ""


class Param(Pair):
    """A part of a form; of an uploaded file only its name, type, size and hash."""

    file_name: Short | None = Field(None, alias="fileName")
    content_type: Short | None = Field(None, alias="contentType")
    size: int | None = Field(None, alias="_size")
    sha256: Short | None = Field(None, alias="_sha256")


class PostData(Part):
    """The body of a request: a text, the parts of a form, or size and hash of bytes."""

    mime_type: Short = Field("", alias="mimeType")
    text: str = ""
    params: tuple[Param, ...] | None = None
    size: int | None = Field(None, alias="_size")
    sha256: Short | None = Field(None, alias="_sha256")


class Request(Part):
    """A request without its key, its cookies and what its client adds; `auth` has the auth method
    of each key that it had."""

    method: Annotated[str, Field(pattern=r"^[A-Z]{1,20}$")]
    url: Annotated[Short, Field(pattern=r"^https?://[a-z0-9.-]+(:[0-9]{1,5})?/[^\s]*$")]
    version: Short = Field("HTTP/1.1", alias="httpVersion")
    cookies: tuple[Pair, ...] = ()
    headers: tuple[Pair, ...] = ()
    query: tuple[Pair, ...] = Field((), alias="queryString")
    body: PostData | None = Field(None, alias="postData")
    headers_size: int = Field(-1, alias="headersSize")
    body_size: int = Field(-1, alias="bodySize")
    auth: tuple[Short, ...] = Field((), alias="_auth")

    @property
    def host(self) -> str:
        """Return the host, with its port where it has one."""
        return urlsplit(self.url).netloc

    @property
    def path(self) -> str:
        """Return the path, decoded and without the query."""
        return unquote(urlsplit(self.url).path)


class Content(Part):
    """The body of a reply."""

    size: int = 0
    mime_type: Line = Field("", alias="mimeType")
    text: str = ""
    encoding: Literal["base64"] | None = None

    @model_validator(mode="after")
    def _decodes(self) -> Self:
        self.content()
        return self

    def content(self) -> bytes:
        """Return the bytes."""
        if self.encoding is None:
            return self.text.encode()
        return b64decode(self.text, validate=True)


class Response(Part):
    """A reply as the block got it."""

    status: Annotated[int, Field(ge=200, le=599)]
    status_text: Short = Field("", alias="statusText")
    version: Short = Field("HTTP/1.1", alias="httpVersion")
    cookies: tuple[Pair, ...] = ()
    headers: tuple[Pair, ...] = ()
    content: Content
    location: Line = Field("", alias="redirectURL")
    headers_size: int = Field(-1, alias="headersSize")
    body_size: int = Field(-1, alias="bodySize")

    @classmethod
    def of(cls, status: int, mime_type: str, content: bytes, location: str) -> "Response":
        """Return a reply; bytes that are no text are kept in base64."""
        try:
            text, encoding = content.decode(), None
            text.encode()
        except UnicodeDecodeError:
            text, encoding = b64encode(content).decode(), "base64"
        mime_type, location = (
            one if re.match(PRINTED, one) else "" for one in (mime_type, location)
        )
        facts = {"size": len(content), "mimeType": mime_type, "text": text}
        body = Content.model_validate(facts | ({"encoding": encoding} if encoding else {}))
        sent = {"content-type": mime_type, "location": location}
        headers = [{"name": name, "value": value} for name, value in sent.items() if value]
        return cls.model_validate(
            {"status": status, "headers": headers, "content": body, "redirectURL": location}
        )


class Entry(Part):
    """A request with its reply; `block` is the id of the block that sent it."""

    started: datetime = Field(alias="startedDateTime")
    time: float = 0
    request: Request
    response: Response
    cache: dict[str, Any] = {}
    timings: dict[str, Any] = {"send": 0, "wait": 0, "receive": 0}
    block: Short = Field(alias="_block")


class BlockFacts(Part):
    """A block as it was recorded: which one, how it ended, and on which day.

    It is `concurrent` if it sent a request before the reply to an earlier one. `variables` were
    set.
    """

    id: Short
    language: Literal["bash", "python", "javascript"]
    order: Annotated[int, Field(ge=1, le=100_000)]
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    exit_code: int
    day: date
    together: bool = False
    concurrent: bool = False
    variables: dict[Short, Short] = {}


class Facts(Part):
    """What only Trueup reads of a recording."""

    version: Literal[1] = 1
    blocks: tuple[BlockFacts, ...]


class Log(Part):
    version: Short = "1.2"
    creator: dict[str, Any] = {"name": "trueup", "version": str(VERSION)}
    entries: tuple[Entry, ...]
    facts: Facts = Field(alias="_trueup")

    @model_validator(mode="after")
    def _entries_of_blocks(self) -> Self:
        known = [block.id for block in self.facts.blocks]
        if len(set(known)) < len(known):
            raise ValueError("two blocks have the same id")
        if any(entry.block not in known for entry in self.entries):
            raise ValueError("an entry is of no block in _trueup")
        return self


class Har(Part):
    log: Log


@dataclass(frozen=True)
class Record:
    """A recorded block with its requests and their replies, in the order of the requests."""

    facts: BlockFacts
    entries: tuple[Entry, ...] = ()

    def moment(self) -> tuple[date, list[datetime]]:
        """Return the date of the record, and the times of its requests from the latest."""
        return self.facts.day, sorted((entry.started for entry in self.entries), reverse=True)[:1]


@dataclass(frozen=True)
class Recording:
    """The recording of a page, by the path of its file."""

    file: Path
    records: tuple[Record, ...] = ()

    def save(self, top: Path) -> None:
        """Write the file, as a whole or not at all. Raises BadInput for a link out of the docs."""
        if refused := problem_of_link(self.file, top):
            raise BadInput(refused.where, refused.problem, refused.fix)
        self.file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(self.file, self.render(), 0o644)

    def render(self) -> bytes:
        """Return the text of the file, the same for the same records."""
        records = sorted(self.records, key=lambda one: (one.facts.language, one.facts.order))
        entries = [
            entry.model_copy(update={"block": record.facts.id})
            for record in records
            for entry in record.entries
        ]
        facts = Facts(blocks=tuple(record.facts for record in records))
        log = Log(entries=tuple(entries), facts=facts)
        data = Har(log=log).model_dump(mode="json", by_alias=True, exclude_none=True)
        return (json.dumps(data, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()

    def with_record(self, record: Record, instead_of: Sequence[Record]) -> "Recording":
        """Return the recording with a record, in place of others."""
        kept = [one for one in self.records if one not in instead_of]
        taken = {one.facts.id for one in kept}
        base = f"{record.facts.language}-{record.facts.sha256[:12]}"
        names = [base, *(f"{base}-{number}" for number in range(2, len(taken) + 3))]
        facts = record.facts.model_copy(
            update={"id": next(name for name in names if name not in taken)}
        )
        return replace(self, records=(*kept, replace(record, facts=facts)))


def file_of(top: Path, page: str) -> Path:
    """Return the file of a page's recording."""
    return top / FOLDER / f"{page}.har"


def load_recordings(top: Path) -> dict[str, Recording]:
    """Return the recordings of the docs under a folder, by the path of their page. Raises BadInput
    for one that cannot be used."""
    folder, found = top / FOLDER, {}
    if (problem := problem_of_source(folder, top)) is not None:
        raise BadInput(problem.where, problem.problem, problem.fix)
    for home, _, names in os.walk(folder):
        for name in sorted(names):
            if name.endswith(".har"):
                file = Path(home, name)
                page = file.relative_to(folder).as_posix().removesuffix(".har")
                found[page] = load_recording(file, top)
    return found


def load_recording(file: Path, top: Path) -> Recording:
    """Return a recording, one without records where there is no file. Raises BadInput for one that
    cannot be used."""
    if not os.path.lexists(file):
        return Recording(file)
    return parse_recording(_content(file, top), file)


def _content(file: Path, top: Path) -> bytes:
    try:
        return read_source(file, top, LARGEST_BYTES)
    except OSError as error:
        raise BadInput(file, f"not readable ({error.strerror})", "Check the file.") from error


def parse_recording(content: bytes, file: Path) -> Recording:
    """Return the recording that a file holds. Raises BadInput for any other content."""
    try:
        log = Har.model_validate_json(content).log
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        at = "/".join(map(str, first["loc"]))[:200]
        problem = f"{at or 'the text'}: {first['msg'][:200]}"
        raise BadInput(file, f"not a recording of a page ({problem})", REPAIR) from error
    by_block: dict[str, list[Entry]] = {}
    for entry in log.entries:
        by_block.setdefault(entry.block, []).append(entry)
    records = [Record(one, tuple(by_block.get(one.id, ()))) for one in log.facts.blocks]
    return Recording(file, tuple(records))
