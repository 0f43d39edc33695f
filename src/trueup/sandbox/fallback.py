"""Where namespaces are not to be had: proxy variables that lead to the tunnel and, by Landlock, no
other TCP connection and no writing elsewhere. Blocks see the host's files and processes."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from trueup.errors import Unreachable
from trueup.sandbox import landlock
from trueup.sandbox.contract import USUAL, Containment, Limits, Ran, Sandbox
from trueup.sandbox.node import led_node
from trueup.sandbox.runner import INSIDE, Runner, environment, settings
from trueup.sandbox.server import GatewaySocket, Loop
from trueup.sandbox.tunnel import Tunnel, open_tunnel
from trueup.snippet import Fence

_PROXY_VARIABLES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY")
_TEMPORARY = ("/tmp", "/var/tmp", "/dev")


class FallbackSandbox(Sandbox):
    def __init__(self, containment: Containment, runner: Runner, tunnel: Tunnel) -> None:
        self.containment = containment
        self._runner, self._tunnel = runner, tunnel

    def lacks(self, language: Fence) -> str | None:
        return self._runner.lacks(language)

    def run(self, language: Fence, source: bytes, limits: Limits = USUAL) -> Ran:
        self._tunnel.take_refused()
        ran = self._runner.run(language, source, limits)
        return Ran(**(vars(ran) | {"refused": self._tunnel.take_refused()}))


@contextmanager
def open_fallback(
    gateway: GatewaySocket, loop: Loop, containment: Literal["landlock", "none"]
) -> Iterator[Sandbox]:
    """A sandbox of the named kind; raises Unreachable with what is missing."""
    if containment == "landlock" and (found := landlock.abi()) < landlock.NETWORK_ABI:
        raise Unreachable(
            f"landlock: version {found} in this kernel; expected {landlock.NETWORK_ABI} or newer. "
            "Use Linux 6.7 or newer with landlock among its security modules."
        )
    blocks = gateway.folder / "blocks"
    blocks.mkdir(exist_ok=True)
    with open_tunnel(gateway, loop) as tunnel, _ruleset(containment, tunnel.port) as ruleset:
        told = settings(
            gateway,
            writable=[str(blocks)],
            ruleset=ruleset,
            environment=environment(str(gateway.ca)) | _proxies(tunnel.port),
        )
        python = [sys.executable, "-I", "-S", "-B", str(INSIDE)]
        runner = Runner(python, told, led_node(), () if ruleset is None else (ruleset,))
        try:
            runner.start()
            yield FallbackSandbox(containment, runner, tunnel)
        finally:
            runner.close()


def _proxies(port: int) -> dict[str, str]:
    """Both spellings: curl reads http_proxy in small letters only, other clients in capitals."""
    names = [spelt for name in _PROXY_VARIABLES for spelt in (name, name.lower())]
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
        raise Unreachable(f"{error}. Use the containment 'none' on this system.") from error
    try:
        yield ruleset
    finally:
        os.close(ruleset)
