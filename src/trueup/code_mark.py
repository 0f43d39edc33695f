"""Code mark: a hash of the engine itself, for whatever is kept until the engine changes."""

import os
import sys
from hashlib import sha256
from pathlib import Path

from pydantic_core import to_json

ENGINE = Path(__file__).parent
"""The whole package: any part of it can change what a page is, a run of a block, or a judgement."""


def code_mark() -> str:
    """Return a hash of the engine's source and of the packages beside it, by name and version: the
    same on every machine that installed it by the same lock for the same minor Python."""
    sources = [
        [os.path.relpath(file, ENGINE), sha256(file.read_bytes()).hexdigest()]
        for file in sorted(ENGINE.rglob("*"))
        if file.is_file() and "__pycache__" not in file.parts
    ]
    installed = sorted(name for path in sys.path for name in _installed(path))
    return sha256(to_json([sources, installed, sys.version_info[:2]])).hexdigest()


def _installed(path: str) -> list[str]:
    """Return the names of the packages in a folder of `sys.path`; they hold the versions."""
    try:
        return [name for name in os.listdir(path) if name.endswith((".dist-info", ".egg-info"))]
    except OSError:
        return []
