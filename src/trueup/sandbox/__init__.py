"""Sandbox: runs a published block unmodified, where the given hosts lead to an app of ours and
nothing else is reachable. Reports the block's containment; judges nothing."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import get_args

from starlette.applications import Starlette
from starlette.types import ASGIApp

from trueup.errors import Unreachable
from trueup.message import Message
from trueup.sandbox.contract import CompletedBlock, Containment, Limits, Sandbox
from trueup.sandbox.fallback import open_fallback
from trueup.sandbox.gateway_server import GatewaySocket, Loop, open_folder, open_server
from trueup.sandbox.namespace import open_namespace, visible_paths
from trueup.sandbox.runner import BLOCK_PATH, Launcher
from trueup.sandbox.variables import NO_VARIABLES, check_variables, is_variable

__all__ = [
    "BLOCK_PATH",
    "Containment",
    "Limits",
    "CompletedBlock",
    "Sandbox",
    "best_containment",
    "is_variable",
    "open_sandbox",
    "visible_paths",
]


@contextmanager
def open_sandbox(
    app: ASGIApp,
    hosts: Sequence[str],
    containment: Containment | None = None,
    launchers: Sequence[Launcher] = (),
    plain_hosts: Sequence[str] = (),
    environment: Mapping[str, str] = NO_VARIABLES,
) -> Iterator[Sandbox]:
    """Open a sandbox where https://HOST/ is `app` for each of `hosts` (`name` or `name:port`), and
    in namespaces http://HOST/ for each of `plain_hosts`.

    Without `containment`, the best that works here; otherwise that one, or Unreachable with what
    is missing and what to install. `launchers` start other programs than the languages' own.
    `environment` has further variables of the blocks; BadInput is raised for one that changes how
    programs are loaded or connect.
    """
    check_variables(environment)
    with (
        open_folder(hosts, plain_hosts) as gateway,
        open_server(app, gateway) as loop,
        ExitStack() as stack,
    ):
        yield _best(stack, gateway, loop, containment, launchers, environment)[0]


def best_containment() -> tuple[Containment, str]:
    """Return the best containment that works here and, for a fallback, why no better one does."""
    with (
        open_folder(["sandbox.invalid"]) as gateway,
        open_server(Starlette(), gateway) as loop,
        ExitStack() as stack,
    ):
        sandbox, failures = _best(stack, gateway, loop, None)
        return sandbox.containment, " ".join(map(str, failures))


def _best(
    stack: ExitStack,
    gateway: GatewaySocket,
    loop: Loop,
    containment: Containment | None,
    launchers: Sequence[Launcher] = (),
    variables: Mapping[str, str] = NO_VARIABLES,
) -> tuple[Sandbox, list[Message]]:
    kinds: tuple[Containment, ...] = (containment,) if containment else get_args(Containment)
    failures: list[Message] = []
    for kind in kinds:
        try:
            if kind == "namespace":
                opened = open_namespace(gateway, launchers, variables)
            else:
                opened = open_fallback(gateway, loop, kind, launchers, variables)
            return stack.enter_context(opened), failures
        except Unreachable as error:
            failures.append(error.message)
    problems = "; ".join(f"{failure.where}: {failure.problem}" for failure in failures)
    fixes = " ".join(dict.fromkeys(failure.fix for failure in failures))
    raise Unreachable("sandbox", problems, fixes)
