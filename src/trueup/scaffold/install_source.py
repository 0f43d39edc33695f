"""Origin: where the running Trueup was installed from, as lines that pip reads, and the pins of
what it needs. Reads what installers leave (PEP 610) and asks no registry."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = "trueup"
VENDORED = "vendor"


@dataclass(frozen=True)
class Origin:
    """`lines` are for a requirements file; `files` go with it, by path.

    `is_local` tells that only this machine can install from there.
    """

    lines: tuple[str, ...]
    files: tuple[tuple[str, bytes], ...] = ()
    is_local: bool = False


def find_origin(installed: Distribution | None = None) -> Origin:
    """Where Trueup came from: a wheel is taken along, a folder or repository is pointed to."""
    own = installed or distribution(PROJECT)
    told = own.read_text("direct_url.json")
    if told is None:
        return Origin((f"{PROJECT}=={own.version}",))
    direct: dict[str, Any] = json.loads(told)
    url = str(direct["url"])
    is_local = urlsplit(url).scheme == "file"
    if found := direct.get("vcs_info"):
        # Without the name before it, since pip 23 reads no `name @ git+file:` URL.
        line = f"{found['vcs']}+{url}@{found['commit_id']}"
        return Origin((line,), is_local=is_local)
    if "dir_info" in direct:
        return _folder(url, direct["dir_info"].get("editable") is True)
    file = Path(unquote(urlsplit(url).path))
    if is_local and file.suffix == ".whl" and file.is_file():
        return _wheel(file)
    return Origin((f"{PROJECT} @ {url}",), is_local=is_local)


def _folder(url: str, is_editable: bool) -> Origin:
    told = "# This folder is on one machine. CI needs another line: a wheel, or git+URL@COMMIT."
    line = f"--editable {url}" if is_editable else f"{PROJECT} @ {url}"
    return Origin((told, line), is_local=True)


def _wheel(file: Path) -> Origin:
    content = file.read_bytes()
    path = f"{VENDORED}/{file.name}"
    line = f"./{path} --hash=sha256:{sha256(content).hexdigest()}"
    return Origin((line,), ((path, content),))


def render_lock(whole: str, installed: Distribution | None = None) -> str:
    """Of Trueup's own lock file, the entries of what Trueup needs to run."""
    wanted = {canonicalize_name(name) for name in _needed(installed or distribution(PROJECT))}
    entries = re.findall(r"^\S.*(?:\n[ \t].*)*\n", whole, re.MULTILINE)
    kept = [entry for entry in entries if canonicalize_name(entry.partition("=")[0]) in wanted]
    return "".join(kept)


def _needed(own: Distribution) -> Iterator[str]:
    """What a distribution needs, and what that needs, on any platform."""
    waiting: list[tuple[Distribution, frozenset[str]]] = [(own, frozenset())]
    done: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        one, extras = waiting.pop()
        for requirement in map(Requirement, one.requires or ()):
            key = requirement.name, frozenset(requirement.extras)
            if key in done or not _applies(requirement, extras):
                continue
            done.add(key)
            yield requirement.name
            try:
                waiting.append((distribution(requirement.name), key[1]))
            except PackageNotFoundError:
                continue  # needed on another platform alone; the lock has it where it is


def _applies(requirement: Requirement, extras: frozenset[str]) -> bool:
    """Whether a requirement is one on some platform, for what was asked with these extras."""
    marker = requirement.marker
    if marker is None or "extra" not in str(marker):
        return True
    return any(marker.evaluate({"extra": extra}) for extra in extras)
