"""Contract: the types that every containment shares. Starts nothing."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from trueup.snippet import Fence

Containment = Literal["namespace", "landlock", "none"]
Stopped = Literal["timeout", "output", "memory", "processes", "sandbox"]
"""Why a block was stopped: the limit that it exceeded, or the sandbox that it broke."""


@dataclass(frozen=True)
class Limits:
    """The limits of one block. A published block saves one file and prints a few lines; the rest
    is room for a reader's own changes."""

    timeout_s: float = 60
    output_bytes: int = 1_000_000
    """For each of stdout and stderr."""
    file_bytes: int = 64_000_000
    """For its files together, and for each."""
    files: int = 100
    """The most files that are returned."""
    memory_bytes: int = 1 << 30
    """For its processes together. An image of 64 MB is held several times while it is decoded."""

    def exceeded(self, stopped: "Stopped") -> str:
        """Return what the block did, as the predicate of a sentence."""
        return {
            "timeout": f"took more than {self.timeout_s:g} s",
            "output": f"printed more than {self.output_bytes} bytes",
            "memory": f"used more than {self.memory_bytes >> 20} MB of memory",
            "processes": "started too many processes",
            "sandbox": "ended its sandbox or stopped it from answering",
        }[stopped]


USUAL = Limits()
NOTHING: Mapping[str, bytes] = MappingProxyType({})


@dataclass(frozen=True)
class CompletedBlock:
    """The result of one block.

    `exit_code` is -N after signal N and None for a block that was stopped. `files` holds the
    regular files of its folder by relative name, whole or not at all, the first by name within
    the limits; a link is never followed. `refused` lists the other hosts that it requested from
    the tunnel, and is empty in a namespace, which has no tunnel.
    """

    exit_code: int | None
    stopped: Stopped | None
    stdout: bytes
    stderr: bytes
    duration_ms: int
    files: Mapping[str, bytes]
    refused: tuple[str, ...]


class Sandbox(ABC):
    """A place for blocks, one after the other, with nothing left of the one before."""

    containment: Containment

    def lacks(self, language: Fence) -> str | None:
        """Return why no block of this language can run here, or None."""
        return None

    @abstractmethod
    def run(
        self,
        language: Fence,
        source: bytes,
        limits: Limits = USUAL,
        given: Mapping[str, bytes] = NOTHING,
    ) -> CompletedBlock:
        """Run a block byte for byte in a folder with the given files alone and return its result,
        without those that it left as they were. After one that broke the sandbox the next call
        starts a new one; raises Unreachable where that does not start."""
