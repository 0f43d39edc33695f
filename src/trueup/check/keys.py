"""Keys: what looks like a secret in any file of the repository. A finding never holds any of it."""

import re
from collections.abc import Iterator
from pathlib import Path

from trueup.finding import Finding

MOST_BYTES = 20_000_000
KEY = re.compile(
    rb"(?<![A-Za-z0-9_-])(?:"
    rb"(?P<gateway>sk-(?:[A-Za-z]+-)*[A-Za-z0-9_-]{20,})"
    rb"|(?P<google>AIza[A-Za-z0-9_-]{35})"
    rb"|(?P<github>gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{40,})"
    rb"|(?P<gitlab>glpat-[A-Za-z0-9_-]{20,})"
    rb"|(?P<amazon>A(?:KIA|SIA)[A-Z0-9]{16})"
    rb"|(?P<slack>xox[abeoprs]-[A-Za-z0-9-]{20,})"
    rb"|(?P<token>eyJ[A-Za-z0-9_-]{16,}\.eyJ[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,})"
    rb")(?![A-Za-z0-9_-])"
    rb"|(?P<private>-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----"
    rb"(?:\s|\\[nr]|[#/*\"'+>|])+[A-Za-z0-9+/=]{40})"
)
STARTS = (
    *(b"sk-", b"AIza", b"ghp_", b"gho_", b"ghu_", b"ghs_", b"ghr_", b"github_pat_", b"glpat-"),
    *(b"AKIA", b"ASIA", b"xox", b"eyJ", b"-----BEGIN "),
)
"""What a key begins with: most files have none of it, and are done with."""
VARIED = 12
"""As many different characters a key has at least: an example has fewer. One of a gateway has two
digits as well, since many names begin as it does."""


def check_key(file: Path) -> Iterator[Finding]:
    """Findings in a file."""
    try:
        if file.is_symlink() or not file.is_file() or file.stat().st_size > MOST_BYTES:
            return
        content = file.read_bytes()
    except (OSError, ValueError):  # gone, or not ours to read: then it cannot be published either
        return
    if not any(start in content for start in STARTS):
        return
    for found in KEY.finditer(content):
        kind = str(found.lastgroup)
        if len(set(found[0])) < VARIED or b"EXAMPLE" in found[0]:
            continue
        if found["gateway"] and not re.search(rb"[0-9].*[0-9]", found[0]):
            continue
        before = content[: found.start()]
        line, column = before.count(b"\n") + 1, found.start() - before.rfind(b"\n")
        told = f"what looks like a key ({kind}) is in the file"
        todo = "Revoke the key, and take it out of the file and of the history."
        yield Finding(f"{file}:{line}:{column}", "leaked-key", told, "none was expected", todo)
