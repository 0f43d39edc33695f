"""Calls: the macros that a page may call, and the kinds of their arguments. Renders none."""

from collections.abc import Collection, Mapping
from pathlib import Path

import jinja2
from jinja2 import nodes

from trueup.errors import BadInput
from trueup.model import Frozen, Policy, Status
from trueup.protocols import PROTOCOLS
from trueup.site.source_pages import Page
from trueup.status_file import did_you_mean, listed, shown

ABOUT_A_MODEL = (
    *("advice", "alternative", "best", "changes", "history", "model_status", "risks", "variants"),
)
PLAIN = ("as_of", "legend", "readings", "shapes", "signatures", "standings", "start_here")
MACROS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(ABOUT_A_MODEL, ("model",)),
    **dict.fromkeys(PLAIN, ()),
    "console": ("console",),
    "matrix": ("page",),
    "newest": ("observed",),
    "policy": ("policy",),
    "route": ("endpoint",),
    "sample": ("protocol", "shape"),
}
"""Each macro with the names of its parameters, which are the kinds of its arguments."""
KINDS = {
    "model": "a model of the status file",
    "endpoint": "an endpoint of the status file",
    "observed": "an endpoint with an observation",
    "policy": "a field of the policy",
    "console": "a file of snippets/console without .txt",
    "protocol": "a protocol",
    "shape": "a shape of that protocol",
    "page": "a page",
}
OPTIONAL = ("page",)
Names = Mapping[str, Collection[str]]
"""The names that an argument may have, by kind. Links to a page are checked with other links."""


class MacroCall(Frozen):
    """A call of a macro in a page; an argument that is not a quoted text is None."""

    macro: str
    arguments: tuple[str | None, ...] = ()
    named: dict[str, str | None] = {}
    line: int = 1

    @property
    def given(self) -> dict[str, str | None]:
        """The arguments by the names of the macro's parameters, without surplus ones."""
        kinds = MACROS.get(self.macro, ())
        return {**dict(zip(kinds, self.arguments, strict=False)), **self.named}


def calls_in(page: Page) -> tuple[MacroCall, ...]:
    """Return the calls in a page, in its order. Raises BadInput, with the line, for a page that
    Jinja cannot parse; the build would end there too."""
    if "{" not in page.text:
        return ()
    try:
        tree = jinja2.Environment(autoescape=True).parse(page.text)
    except (jinja2.TemplateSyntaxError, RecursionError, ValueError) as error:
        line = page.first_line + getattr(error, "lineno", 1) - 1
        reason = " ".join(str(getattr(error, "message", error)).split()).rstrip(".")
        raise BadInput(
            page.place(line),
            f"Jinja cannot parse the page ({reason})",
            "Correct the macro call; it begins with {{ and ends with }}.",
        ) from error
    return tuple(
        MacroCall(
            line=page.first_line + call.lineno - 1,
            macro=call.node.name,
            arguments=(
                *map(_text, call.args),
                *(None for one in (call.dyn_args, call.dyn_kwargs) if one is not None),
            ),
            named={one.key: _text(one.value) for one in call.kwargs},
        )
        for call in tree.find_all(nodes.Call)
        if isinstance(call.node, nodes.Name)
    )


def _text(node: nodes.Expr) -> str | None:
    return node.value if isinstance(node, nodes.Const) and isinstance(node.value, str) else None


def names_in(status: Status, top: Path) -> Names:
    """Return the names that arguments may have in the repository at `top`."""
    return {
        "model": tuple(status.models),
        "endpoint": tuple(status.endpoints),
        "observed": tuple(name for name in status.endpoints if status.seen(name)),
        "policy": tuple(Policy.model_fields),
        "console": sorted(file.stem for file in (top / "snippets" / "console").glob("*.txt")),
        "protocol": tuple(PROTOCOLS),
    }


def problem_of(call: MacroCall, names: Names) -> tuple[str, str] | None:
    """Return problem and fix of a call that cannot be rendered, or None."""
    macro, given = call.macro, call.given
    if macro not in MACROS:
        fix = f"Use one of {listed(MACROS)}. {did_you_mean(macro, MACROS)}"
        return f"{shown(macro)} is not a macro", fix.rstrip()
    kinds = MACROS[macro]
    needed = [kind for kind in kinds if kind not in OPTIONAL]
    count = len(call.arguments) + len(call.named)
    if len(given) != count or not set(needed) <= set(given) <= set(kinds):
        expected = " and ".join(KINDS[kind] for kind in kinds) or "none"
        arguments = f"{count} argument{'s' if count != 1 else ''}"
        return f"{macro} got {arguments}, expected {expected}", "Correct the call."
    for kind in kinds[: len(given)]:
        known = PROTOCOLS[str(given["protocol"])].shapes if kind == "shape" else names.get(kind)
        if not isinstance(given[kind], str):
            problem = f"{macro} got an argument without quotes, expected {KINDS[kind]}"
            return problem, "Write its name in quotes."
        if known is not None and given[kind] not in known:
            problem = f"{macro} got {shown(given[kind])}, expected {KINDS[kind]}"
            return problem, did_you_mean(given[kind], known) or f"Use one of {listed(known)}."
    return None
