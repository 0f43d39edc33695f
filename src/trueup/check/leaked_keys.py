"""Keys: possible secrets in any file of the repository. A finding never holds any part of one."""

import re
from collections.abc import Iterator
from pathlib import Path

from trueup.errors import BadInput
from trueup.finding import Finding
from trueup.place import Place
from trueup.source_file import read_source

MOST_BYTES = 20_000_000
"""A larger file is no text that people wrote, and would take seconds to search."""
KEY = re.compile(
    rb"(?=[sAgxe-])(?:(?<![A-Za-z0-9_-])(?:"  # the first character of each: a quarter of the time
    rb"(?P<gateway>sk-(?:[A-Za-z]+-)*[A-Za-z0-9_-]{20,})"
    rb"|(?P<google>AIza[A-Za-z0-9_-]{35})"
    rb"|(?P<github>gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{40,})"
    rb"|(?P<gitlab>glpat-[A-Za-z0-9_-]{20,})"
    rb"|(?P<amazon>A(?:KIA|SIA)[A-Z0-9]{16})"
    rb"|(?P<slack>xox[abeoprs]-[A-Za-z0-9-]{20,})"
    rb"|(?P<token>eyJ[A-Za-z0-9_-]{16,}\.eyJ[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,})"
    rb")(?![A-Za-z0-9_-])"
    rb"|(?P<private>-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----"
    rb"(?:\s|\\[nr]|[#/*\"'+>|])+[A-Za-z0-9+/=]{40}))"
)
STARTS = (
    *(b"sk-", b"AIza", b"ghp_", b"gho_", b"ghu_", b"ghs_", b"ghr_", b"github_pat_", b"glpat-"),
    *(b"AKIA", b"ASIA", b"xox", b"eyJ", b"-----BEGIN "),
)
"""The first characters of keys; a file without any of them needs no further search."""
VARIED = 12
"""The least number of different characters in a key; placeholders such as `sk-xxxx` have fewer. A
gateway's key also has two digits, since many names begin with `sk-`."""


def check_key(file: Path, top: Path) -> Iterator[Finding]:
    """Return the possible keys in a file of the repository at `top`."""
    try:
        if file.is_symlink() or not file.is_file():
            return
        content = read_source(file, top, MOST_BYTES)
    except (OSError, ValueError, BadInput):  # gone, or not ours to read or to publish
        return
    for found in possible_keys(content):
        kind = str(found.lastgroup)
        before = content[: found.start()]
        column = found.start() - before.rfind(b"\n")
        where = Place(str(file), before.count(b"\n") + 1, column)
        fix = "Revoke it, and remove it from the file and from the history."
        yield Finding(where, f"possible key ({kind})", fix, "leaked-key")


def possible_keys(content: bytes) -> Iterator[re.Match[bytes]]:
    """Return what looks like a key in a content, with the kind of key as its last group."""
    if not any(start in content for start in STARTS):
        return
    for found in KEY.finditer(content):
        if len(set(found[0])) < VARIED or b"EXAMPLE" in found[0]:
            continue
        if found["gateway"] and not re.search(rb"[0-9].*[0-9]", found[0]):
            continue
        yield found
