"""Calls: the macros that a page may call, and the kinds of their arguments. Renders none."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import jinja2
from jinja2 import nodes

from trueup.errors import BadInput
from trueup.model import FACTS, Frozen, Policy, Status
from trueup.protocols import PROTOCOLS
from trueup.site.source_pages import Page
from trueup.status_file import did_you_mean, listed, shown

ABOUT_A_MODEL = (
    *("advice", "alternative", "best", "changes", "history"),
    *("model_page", "model_status", "risks", "variants"),
)
PLAIN = (
    *("as_of", "endpoints", "last_test", "legend", "overall", "readings", "recent_changes"),
    *("signatures", "standings", "start_here"),
)
MACROS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(ABOUT_A_MODEL, ("model",)),
    **dict.fromkeys(PLAIN, ()),
    "console": ("console",),
    "documented": ("facts", "route"),
    "newest": ("observed",),
    "policy": ("policy",),
    "route": ("endpoint",),
    "sample": ("protocol", "shape"),
    "shapes": ("protocol",),
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
    "facts": "a kind of documented facts",
    "route": "a route of the status file",
}
OPTIONAL = ("route",)
ENVIRONMENT = jinja2.Environment(autoescape=True, keep_trailing_newline=True)
"""For parsing alone: it renders nothing."""
Names = Mapping[str, Collection[str]]
"""The names that an argument may have, by kind."""


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


@dataclass(frozen=True)
class Expression:
    """A part of a page's text that Jinja would replace: a comment, a call of one macro (`call`), or
    any other expression or statement."""

    start: int
    end: int
    is_comment: bool
    call: MacroCall | None


def calls_in(page: Page) -> tuple[MacroCall, ...]:
    """Return the calls in a page, in its order. Raises BadInput, with the line, for a page that
    Jinja cannot parse; the build would end there too."""
    if "{" not in page.text:
        return ()
    try:
        tree = ENVIRONMENT.parse(page.text)
    except (jinja2.TemplateSyntaxError, RecursionError, ValueError) as error:
        line = page.first_line + getattr(error, "lineno", 1) - 1
        reason = " ".join(str(getattr(error, "message", error)).split()).rstrip(".")
        raise BadInput(
            page.place(line),
            f"Jinja cannot parse the page ({reason})",
            "Correct the macro call; it begins with {{ and ends with }}.",
        ) from error
    return tuple(
        _call(call, page.first_line)
        for call in tree.find_all(nodes.Call)
        if isinstance(call.node, nodes.Name)
    )


def expressions_in(text: str) -> list[Expression]:
    """Return the parts of a page's text that Jinja would replace, in their order.

    The text is one that Jinja can parse, as `calls_in` finds out.
    """
    if "{" not in text:
        return []
    found: list[Expression] = []
    at, begun = 0, 0
    for _, token, value in ENVIRONMENT.lex(text):
        start = text.index(value, at)
        at = start + len(value)
        kind, _, edge = token.rpartition("_")
        if edge == "begin":
            begun = start
        if edge == "end":
            call = _single_call(text[begun:at]) if kind == "variable" else None
            found.append(Expression(begun, at, kind == "comment", call))
    return found


def _single_call(expression: str) -> MacroCall | None:
    """Return the macro call that an expression consists of, perhaps indented; None for another."""
    (output,) = ENVIRONMENT.parse(expression).body
    node = output.nodes[0] if isinstance(output, nodes.Output) else output
    if isinstance(node, nodes.Filter) and node.name == "indent" and not node.kwargs:
        numbers = all(isinstance(one, nodes.Const) for one in node.args)
        node = node.node if numbers and len(node.args) < 2 and node.node else node
    if isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name):
        return _call(node, 1)
    return None


def _call(call: nodes.Call, first_line: int) -> MacroCall:
    return MacroCall(
        line=first_line + call.lineno - 1,
        macro=str(getattr(call.node, "name", "")),
        arguments=(
            *map(_text, call.args),
            *(None for one in (call.dyn_args, call.dyn_kwargs) if one is not None),
        ),
        named={one.key: _text(one.value) for one in call.kwargs},
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
        "facts": FACTS,
        "route": tuple(status.routes),
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
