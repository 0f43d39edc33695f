"""Node: its place on this machine, and its launchers in a sandbox. Starts nothing."""

import shutil
from pathlib import Path

from trueup.sandbox.runner import Launcher

MISSING = "node was not found; install Node 18 or newer, and this block is run too"
_PRELOAD = Path(__file__).with_name("tunnel.cjs")
_PROXY_PROBE = b"""
const refused = await fetch("https://sandbox.invalid/").catch((error) => error.cause);
process.exit(refused?.message?.startsWith("the tunnel refused ") ? 0 : 1);
"""


def find_program() -> Path | None:
    """Return the path of Node itself, behind the links of a version manager, or None."""
    found = shutil.which("node")
    return Path(found).resolve() if found else None


def plain_node() -> Launcher:
    """Return the launcher for a sandbox where the gateway's names resolve to the gateway."""
    return _launcher(
        (),
        b'process.exit(typeof fetch === "function" ? 0 : 1);\n',
        "node does not run here with fetch; install Node 18 or newer where every user can run it",
    )


def proxied_node() -> Launcher:
    """Return the launcher with a preload for the tunnel: Node reads no proxy variable itself."""
    return _launcher(
        ("--require", str(_PRELOAD)),
        _PROXY_PROBE,
        "Node cannot use a proxy here; install bubblewrap, which needs none",
    )


def _launcher(options: tuple[str, ...], probe: bytes, unfit: str) -> Launcher:
    program = find_program()
    command = (str(program), *options) if program else ()
    return Launcher("javascript", command, MISSING, probe, unfit)


def mounts() -> list[str]:
    """Return the paths of a Node outside /usr to mount: its program and its libraries alone.

    The folder above may be a home folder's own, such as `~/.local`, and is never shown whole.
    """
    program = find_program()
    if program is None or program.is_relative_to("/usr"):
        return []
    libraries = sorted(program.parent.parent.glob("lib/libnode*"))
    return [str(path) for path in (program, *libraries)]
