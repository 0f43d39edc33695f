"""Node: where it is on this machine, and what a sandbox needs to run it. Starts nothing."""

import shutil
from dataclasses import dataclass
from pathlib import Path

MISSING = "node was not found; install Node 18 or newer, and this block is run too"
_PRELOAD = Path(__file__).with_name("tunnel.cjs")
_LED = b"""
const refused = await fetch("https://sandbox.invalid/").catch((error) => error.cause);
process.exit(refused?.message?.startsWith("the tunnel refused ") ? 0 : 1);
"""


@dataclass(frozen=True)
class Node:
    """How a sandbox starts Node. A block of `probe` ends with 0 where published blocks can run;
    `unfit` says why not otherwise."""

    command: tuple[str, ...]
    probe: bytes
    unfit: str


def find_program() -> Path | None:
    """Node itself, behind the links of a version manager; None where there is none."""
    found = shutil.which("node")
    return Path(found).resolve() if found else None


def plain_node() -> Node | None:
    """Node where the gateway's names lead to the gateway by themselves."""
    program = find_program()
    if program is None:
        return None
    return Node(
        command=(str(program),),
        probe=b'process.exit(typeof fetch === "function" ? 0 : 1);\n',
        unfit="node does not run here with fetch; install Node 18 or newer where every user can"
        " run it",
    )


def led_node() -> Node | None:
    """Node led through the tunnel by a preload, since it reads no proxy variable itself."""
    program = find_program()
    if program is None:
        return None
    return Node(
        command=(str(program), "--require", str(_PRELOAD)),
        probe=_LED,
        unfit="Node cannot be led through a proxy here; with bubblewrap installed it need not be",
    )


def mounts() -> list[str]:
    """What to show of a Node that lies outside /usr: no more than its program and its libraries.

    The folder above may be a home folder's own, such as `~/.local`, and is never shown whole.
    """
    program = find_program()
    if program is None or program.is_relative_to("/usr"):
        return []
    libraries = sorted(program.parent.parent.glob("lib/libnode*"))
    return [str(path) for path in (program, *libraries)]
