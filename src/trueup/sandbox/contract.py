"""What a sandbox promises: the words and types that every containment shares. Starts nothing."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from trueup.snippet import Fence

Containment = Literal["namespace", "landlock", "none"]


@dataclass(frozen=True)
class Limits:
    """What one block may use: `output_bytes` for each of stdout and stderr, `file_bytes` for its
    files together and for each, `files` for how many are handed back."""

    timeout_s: float = 60
    output_bytes: int = 1_000_000
    file_bytes: int = 64_000_000
    files: int = 100


USUAL = Limits()


@dataclass(frozen=True)
class Ran:
    """What one block did.

    `exit_code` is -N after signal N and None for a block that was stopped. `files` holds the
    regular files of its folder by relative name, whole or not at all, the first by name within
    the limits; a link is never followed. `refused` lists the other hosts that it asked the tunnel
    for, and is empty in a namespace, where there is nobody to ask.
    """

    exit_code: int | None
    stopped: Literal["timeout", "output"] | None
    stdout: bytes
    stderr: bytes
    duration_ms: int
    files: Mapping[str, bytes]
    refused: tuple[str, ...]


class Sandbox(ABC):
    """Where blocks run, one after the other, with nothing left of the one before."""

    containment: Containment

    def lacks(self, language: Fence) -> str | None:
        """Why no block of this language can run here, or None when one can."""
        return None

    @abstractmethod
    def run(self, language: Fence, source: bytes, limits: Limits = USUAL) -> Ran:
        """What the block did, run byte for byte in an empty folder; raises Unreachable if the
        sandbox itself died of it. The next call then starts a new one."""
