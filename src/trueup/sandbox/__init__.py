"""The sandbox: runs a published block unmodified, where the given hosts lead to an app of ours and
nothing else is reachable. Says how well it contained the block; judges nothing."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import get_args

from starlette.types import ASGIApp, Receive, Scope, Send

from trueup.errors import Unreachable
from trueup.sandbox.contract import Containment, Limits, Ran, Sandbox
from trueup.sandbox.fallback import open_fallback
from trueup.sandbox.namespace import open_namespace
from trueup.sandbox.runner import BLOCK_PATH
from trueup.sandbox.server import GatewaySocket, Loop, open_folder, open_server

__all__ = [
    "BLOCK_PATH",
    "Containment",
    "Limits",
    "Ran",
    "Sandbox",
    "best_containment",
    "open_sandbox",
]


@contextmanager
def open_sandbox(
    app: ASGIApp,
    hosts: Sequence[str],
    containment: Containment | None = None,
) -> Iterator[Sandbox]:
    """A sandbox where https://HOST/ is `app` for each of `hosts` (`name` or `name:port`).

    With no `containment`, the best that works here; otherwise that one, or Unreachable with what
    is missing and what to install.
    """
    with open_folder(hosts) as gateway, open_server(app, gateway) as loop, ExitStack() as stack:
        yield _best(stack, gateway, loop, containment)[0]


def best_containment() -> tuple[Containment, str]:
    """The best containment that works here and, for a fallback, why none better does."""

    async def nothing(scope: Scope, receive: Receive, send: Send) -> None: ...

    hosts = ["sandbox.invalid"]
    with open_folder(hosts) as gateway, open_server(nothing, gateway) as loop, ExitStack() as stack:
        sandbox, reasons = _best(stack, gateway, loop, None)
        return sandbox.containment, " ".join(reasons)


def _best(
    stack: ExitStack, gateway: GatewaySocket, loop: Loop, wanted: Containment | None
) -> tuple[Sandbox, list[str]]:
    kinds: tuple[Containment, ...] = (wanted,) if wanted else get_args(Containment)
    reasons: list[str] = []
    for kind in kinds:
        try:
            if kind == "namespace":
                return stack.enter_context(open_namespace(gateway)), reasons
            return stack.enter_context(open_fallback(gateway, loop, kind)), reasons
        except Unreachable as error:
            reasons.append(str(error))
    raise Unreachable(" ".join(reasons))
