"""Hurl: an endpoint's request as a file for Hurl, which sends it and expects HTTP 200."""

import json
import re
from collections.abc import Iterator
from urllib.parse import quote

from trueup.feed.publication import Publication
from trueup.model import FormFile, Sent, form_files, form_items, header_of, query_name_of
from trueup.request import request_of

KEY = "{{api_key}}"
TEMPLATE = re.compile(r"\{(?=\{)")
"""The start of a template of Hurl, which no text of a request is."""
URL_SAFE = "/:?@!$&'()*+,;=~%[]-._"
FILE_WORD = "file,"
"""The start of a value that Hurl reads as the name of a file."""


def render_hurl(site: Publication, endpoint: str) -> str:
    """Return the request of an endpoint as it is published, under what its tests showed."""
    sent = request_of(site.status, endpoint, site.status.reference)
    parts = [*_comments(site, endpoint, sent), *_head(sent)]
    if sent.form is not None:
        parts += ["[MultipartFormData]", *_form(sent)]
    elif sent.body is not None:
        parts.append(_json(sent))
    return "\n".join([*parts, "", "HTTP 200", ""])


def _comments(site: Publication, endpoint: str, sent: Sent) -> Iterator[str]:
    if site.is_rehearsal:
        yield "# REHEARSAL: the mock stood in for the gateway. Build on nothing here."
    yield f"# {endpoint}: {site.claim(endpoint)}"
    if hold := site.assessments[endpoint].hold:
        yield f"# Held back: {_line(hold.reason)}"
    yield f"# As of {site.today}. The evidence: {site.page(endpoint)}"
    for name in form_files(sent.form or {}):
        yield f"# Reads {name} beside this file, from {site.address}files/{name}"
    if KEY in "".join(_head(sent)):
        yield "# hurl --variable api_key=YOUR_API_KEY FILE"


def _head(sent: Sent) -> Iterator[str]:
    """Yield the line of the request and its headers; Hurl adds the type of the content."""
    method, path = sent.request.split(" ", 1)
    url = sent.base_url + quote(path, safe=URL_SAFE)
    if name := query_name_of(sent.auth):
        url += f"{'&' if '?' in url else '?'}{name}={KEY}"
    yield f"{method} {url}"
    if header := header_of(sent.auth):
        name, scheme = header
        yield f"{name}: {f'{scheme} {KEY}'.strip()}"
    for name, value in sent.headers.items():
        yield f"{name}: {_value(value or '')}"


def _form(sent: Sent) -> Iterator[str]:
    for name, items in form_items(sent.form or {}):
        yield from (f"{name}: {_part(item)}".rstrip() for item in items)


def _part(item: FormFile | str | None) -> str:
    if isinstance(item, FormFile):
        return f"{FILE_WORD}{item.file}; {item.mime}"
    text = item or ""
    if text.startswith(FILE_WORD):
        return _escaped(text[0]) + _value(text[1:])
    return _value(text)


def _json(sent: Sent) -> str:
    """Return the body as JSON, in which a brace that could start a template is escaped: two follow
    each other in a text alone."""
    text = json.dumps(sent.body, indent=2, ensure_ascii=False)
    plain = "".join(
        char if char.isprintable() or char == "\n" else json.dumps(char)[1:-1] for char in text
    )
    return TEMPLATE.sub(r"\\u007b", plain)


def _value(text: str) -> str:
    """Return a value up to the end of its line; blanks at its ends would be dropped."""
    inner = text.strip(" ")
    start = len(text) - len(text.lstrip(" "))
    blanks = {*range(start), *range(start + len(inner), len(text))}
    braces = {found.start() for found in TEMPLATE.finditer(text)}
    return "".join(
        _escaped(char)
        if char in "#\\" or not char.isprintable() or at in blanks or at in braces
        else char
        for at, char in enumerate(text)
    )


def _escaped(char: str) -> str:
    return f"\\u{{{ord(char):x}}}"


def _line(text: str) -> str:
    """Return a text as one line without control characters."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())
