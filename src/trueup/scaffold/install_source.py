"""Install source: where the running Trueup was installed from, as lines that pip reads, and the
pins of its requirements. Reads what installers leave (PEP 610) and calls no registry."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = "trueup"
VENDORED = "vendor"


@dataclass(frozen=True)
class InstallSource:
    """The source of an installation."""

    lines: tuple[str, ...]
    """The lines of a requirements file."""
    files: tuple[tuple[str, bytes], ...] = ()
    """The files that these lines name, by path."""
    is_local: bool = False
    """Whether only this machine can install from there."""


def find_install_source(installed: Distribution | None = None) -> InstallSource:
    """Return the source of Trueup: a wheel as a file of the site, anything else by its URL."""
    own = installed or distribution(PROJECT)
    text = own.read_text("direct_url.json")
    if text is None:
        return InstallSource((f"{PROJECT}=={own.version}",))
    direct: dict[str, Any] = json.loads(text)
    url = str(direct["url"])
    is_local = urlsplit(url).scheme == "file"
    if vcs := direct.get("vcs_info"):
        # Without the name before it, since pip 23 reads no `name @ git+file:` URL.
        return InstallSource((f"{vcs['vcs']}+{url}@{vcs['commit_id']}",), is_local=is_local)
    if "dir_info" in direct:
        note = "# This folder is on one machine. CI needs another line: a wheel, or git+URL@COMMIT."
        is_editable = direct["dir_info"].get("editable") is True
        line = f"--editable {url}" if is_editable else f"{PROJECT} @ {url}"
        return InstallSource((note, line), is_local=True)
    file = Path(unquote(urlsplit(url).path))
    if is_local and file.suffix == ".whl" and file.is_file():
        content, path = file.read_bytes(), f"{VENDORED}/{file.name}"
        line = f"./{path} --hash=sha256:{sha256(content).hexdigest()}"
        return InstallSource((line,), ((path, content),))
    return InstallSource((f"{PROJECT} @ {url}",), is_local=is_local)


@cache
def render_lock(lock: str) -> str:
    """Return the entries of Trueup's lock file that Trueup requires to run, with its extra `media`
    if that is installed here."""
    extras = frozenset({"media"} if find_spec("av") else ())
    required = {canonicalize_name(name) for name in _requirements(distribution(PROJECT), extras)}
    entries = re.findall(r"^\S.*(?:\n[ \t].*)*\n", lock, re.MULTILINE)
    kept = [entry for entry in entries if canonicalize_name(entry.partition("=")[0]) in required]
    return "".join(kept)


def _requirements(own: Distribution, extras: frozenset[str]) -> Iterator[str]:
    """Return the requirements of a distribution and theirs in turn, on any platform."""
    waiting: list[tuple[Distribution, frozenset[str]]] = [(own, extras)]
    done: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        package, extras = waiting.pop()
        for requirement in map(Requirement, package.requires or ()):
            key = requirement.name, frozenset(requirement.extras)
            if key in done or not _applies(requirement, extras):
                continue
            done.add(key)
            yield requirement.name
            try:
                waiting.append((distribution(requirement.name), key[1]))
            except PackageNotFoundError:
                continue  # required on another platform only; the lock has its requirements


def _applies(requirement: Requirement, extras: frozenset[str]) -> bool:
    """Return whether some platform has the requirement, with these extras."""
    marker = requirement.marker
    if marker is None or "extra" not in str(marker):
        return True
    return any(marker.evaluate({"extra": extra}) for extra in extras)
