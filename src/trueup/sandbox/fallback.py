"""Fallback without namespaces: proxy variables that lead to the tunnel and, by Landlock, no
TCP connection to another port and no writing elsewhere. Blocks see the host's files and
processes."""

import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import Literal

from trueup.errors import Unreachable
from trueup.sandbox import landlock
from trueup.sandbox.contract import Containment, Sandbox
from trueup.sandbox.gateway_server import GatewaySocket, Loop
from trueup.sandbox.node import proxied_node
from trueup.sandbox.reader_python import ReaderPython
from trueup.sandbox.runner import PROGRAM, Launcher, Runner, environment, runner_options
from trueup.sandbox.tunnel import open_tunnel
from trueup.sandbox.variables import NO_VARIABLES

_PROXY_VARIABLES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY")
_TEMPORARY = ("/tmp", "/var/tmp", "/dev")


@contextmanager
def open_fallback(
    gateway: GatewaySocket,
    loop: Loop,
    containment: Literal["landlock", "none"],
    launchers: Sequence[Launcher] = (),
    variables: Mapping[str, str] = NO_VARIABLES,
) -> Iterator[Sandbox]:
    """Open a sandbox of the named kind; raises Unreachable with what is missing."""
    if containment == "landlock" and (found := landlock.abi()) < landlock.NETWORK_ABI:
        raise Unreachable(
            "landlock",
            f"got version {found} in this kernel, expected {landlock.NETWORK_ABI} or newer",
            "Use Linux 6.7 or newer with landlock among its security modules.",
        )
    blocks = gateway.folder / "blocks"
    blocks.mkdir(exist_ok=True)
    with open_tunnel(gateway, loop) as tunnel, _ruleset(containment, tunnel.port) as ruleset:
        options = runner_options(
            gateway,
            writable=[str(blocks)],
            ruleset=ruleset,
            environment={**variables, **environment(str(gateway.ca)), **_proxies(tunnel.port)},
        )
        runner = Runner(
            containment,
            [sys.executable, "-I", "-S", "-B", str(PROGRAM[0])],
            options,
            [proxied_node(), *launchers],
            ReaderPython(blocks, str(blocks)),  # made for each block, and removed after it
            () if ruleset is None else (ruleset,),
            tunnel.take_refused,
        )
        with closing(runner):
            runner.start()
            yield runner


def _proxies(port: int) -> dict[str, str]:
    """Return both spellings: curl reads http_proxy in small letters only, others in capitals."""
    names = [spelling for name in _PROXY_VARIABLES for spelling in (name, name.lower())]
    return dict.fromkeys(names, f"http://127.0.0.1:{port}")


@contextmanager
def _ruleset(containment: Containment, port: int) -> Iterator[int | None]:
    if containment == "none":
        yield None
        return
    folders = {*_TEMPORARY, tempfile.gettempdir()}
    try:
        ruleset = landlock.open_ruleset(port, sorted(filter(os.path.isdir, folders)))
    except OSError as error:
        fix = "Allow Landlock or install bubblewrap; without either, blocks run with no isolation."
        reason = f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror)
        raise Unreachable("landlock", reason, fix) from error
    try:
        yield ruleset
    finally:
        os.close(ruleset)
