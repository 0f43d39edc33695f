"""The Hurl files: read by Hurl's grammar, each sends what is on record and nothing else."""

import json
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_feed_openapi import FILE, HOSTILE, LATER, sample
from test_wording import hold

from trueup.feed import Publication, feed_files
from trueup.feed.hurl import render_hurl
from trueup.model import FormFile, Sent, Status, anchor, form_items
from trueup.request import request_of
from trueup.status_file import Stored

KEY = "{{api_key}}"
ESCAPE = re.compile(r"\\(?:u\{([0-9a-f]+)\}|([#\\bfnrt]))")
NAME = r"[A-Za-z0-9_.\[\]@$-]+"


@dataclass
class Entry:
    """A request and the status that is expected, as Hurl reads them."""

    line: str = ""
    headers: list[tuple[str, str]] = field(default_factory=list)
    form: list[tuple[str, Any]] = field(default_factory=list)
    body: Any = None
    comments: list[str] = field(default_factory=list)


def parse(text: str) -> Entry:
    """Read a file of one entry: comments, the line, headers, a form or a JSON body, and the end."""
    entry, lines = Entry(), text.split("\n")
    assert lines[-3:] == ["", "HTTP 200", ""]
    assert all(line.isprintable() for line in lines)
    rest = lines[:-3]
    while rest[0].startswith("#"):
        entry.comments.append(rest.pop(0))
    entry.line = rest.pop(0)
    assert re.fullmatch(r"[A-Z]+ https?://[^\s#{}]+(?:\{\{api_key\}\})?", entry.line)
    while rest and re.match(f"{NAME}:", rest[0]):
        name, _, value = rest.pop(0).partition(":")
        entry.headers.append((name, value_of(value)))
    if rest[:1] == ["[MultipartFormData]"]:
        for line in rest[1:]:
            found = re.fullmatch(rf"({NAME}):(.*)", line)
            assert found, line
            entry.form.append((found[1], part_of(found[2])))
    elif rest:
        body = "\n".join(rest)
        assert "{{" not in body  # the start of a template
        entry.body = json.loads(body)
    return entry


def value_of(text: str) -> str:
    """A value without its escapes; `#` starts a comment, and `{{` a template."""
    assert "#" not in ESCAPE.sub("", text) and "\\" not in ESCAPE.sub("", text)
    assert "{{" not in text.replace(KEY, "")
    return ESCAPE.sub(lambda found: chr(int(found[1], 16)), text.strip())


def part_of(text: str) -> str | dict[str, str]:
    found = re.fullmatch(r" *file,([^;]+); *(\S+)", text)
    return {"file": found[1], "mime": found[2]} if found else value_of(text)


def check(entry: Entry, sent: Sent) -> None:
    headers: dict[str, str | None] = dict(sent.headers)
    method, path = sent.request.split(" ", 1)
    words = sent.auth.split(" ")
    if sent.auth == "bearer":
        headers["authorization"] = f"Bearer {KEY}"
    elif words[0] == "header":
        headers[words[1]] = " ".join([*words[2:], KEY])
    elif words[0] == "query":
        path += f"{'&' if '?' in path else '?'}{words[1]}={KEY}"
    parts = [(name, part) for name, items in form_items(sent.form or {}) for part in items]
    form = [
        (name, {"file": one.file, "mime": one.mime} if isinstance(one, FormFile) else one)
        for name, one in parts
    ]
    assert unquote(entry.line) == f"{method} {sent.base_url}{path}"
    assert dict(entry.headers) == headers and len(entry.headers) == len(headers)
    assert entry.form == form and entry.body == sent.body


STATUS = Status.model_validate(
    sample() | {"holds": [hold("not-recommended", endpoint="acorn/*", reason=HOSTILE)]}
)


def test_each_file_sends_what_is_on_record(stored: Stored) -> None:
    for status in (STATUS, stored.status):
        files = feed_files(status, LATER)
        assert len([name for name in files if name.startswith("hurl/")]) == len(status.endpoints)
        for name in status.endpoints:
            entry = parse(files[f"hurl/{anchor(name)}.hurl"])
            check(entry, request_of(status, name, status.reference))


def test_the_comments_say_what_its_tests_showed() -> None:
    files = feed_files(STATUS, LATER, address="https://example.com/")
    comments = parse(files["hurl/acorn--native.hurl"]).comments
    assert comments[0] == "# acorn/native: not recommended (stale), 2026-04-14"
    assert comments[1].startswith('# Held back: a "b" */ {{ x }} # <script>')
    assert comments[2].endswith("evidence: https://example.com/status/#acorn--native")
    reads = parse(files["hurl/birch--edits.hurl"]).comments[2]
    assert reads == "# Reads square.png beside this file, from https://example.com/files/square.png"
    assert parse(files["hurl/---plain.hurl"]).comments[-1].startswith("# As of")  # without a key
    mock = feed_files(STATUS, LATER, is_rehearsal=True)["hurl/acorn--key.hurl"]
    assert mock.startswith("# REHEARSAL")


texts = st.text(max_size=20) | st.text("{}# \\:;\n\tfile,u", max_size=20)


@given(texts, texts, st.text("{}#\\ a", min_size=1, max_size=9).map(lambda text: f"a{text}a"))
def test_any_text_arrives_as_it_is_on_record(first: str, second: str, header: str) -> None:
    if any("\ud800" <= char <= "\udfff" for char in first + second):
        return
    facts = sample()
    facts["routes"]["edits"]["headers"] = {"x-note": header}
    facts["endpoints"] = {
        "birch/edits": {"form": {"prompt": [first, second], "image": FILE}},
        "-/plain": {"body": {first: [second, {first: second}]}},
    }
    status = Status.model_validate(facts)
    for name in status.endpoints:
        entry = parse(render_hurl(Publication(status, LATER), name))
        check(entry, request_of(status, name, status.reference))


@pytest.mark.parametrize("path", ["/v1/a#b", "/v1/ü/%20x", "/v1/a\\b?q=ü#"])
def test_an_unusual_path_stays_a_path(path: str) -> None:
    facts = sample()
    facts["routes"]["plain"]["request"] = f"POST {path}"
    status = Status.model_validate(facts)
    entry = parse(feed_files(status, LATER)["hurl/---plain.hurl"])
    assert unquote(entry.line) == unquote(f"POST https://gateway.example{path}")
