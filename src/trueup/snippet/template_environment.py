"""Templates of a repository: rendered in Jinja's sandbox, with bounded work and output.

A template gets the request's values and these filters, and nothing of Python or the machine.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import jinja2
from jinja2 import nodes
from jinja2.exceptions import SecurityError
from jinja2.filters import FILTERS, do_indent
from jinja2.loaders import split_template_path
from jinja2.runtime import BlockReference, LoopContext, Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

from trueup.errors import BadInput
from trueup.shipped_files import template_file
from trueup.source_file import problem_of_source

MOST_BYTES = 100_000
"""Of one template: twenty times the longest."""
MOST_WORK = 10_000_000
"""Characters that a rendering handles, its loops and copies included: a thousand times the usual,
and done within a second or two."""
STEP = 100
"""The least cost of a step, in characters."""
FILTER_NAMES = (
    *("abs", "capitalize", "count", "d", "default", "first", "float", "int", "items", "last"),
    *("length", "list", "lower", "max", "min", "reverse", "sort", "string", "title", "trim"),
    *("unique", "upper"),
)
"""The filters of Jinja whose result is no larger than their input."""
METHODS: Mapping[type, tuple[str, ...]] = {
    LoopContext: ("changed", "cycle"),
    dict: ("get", "items", "keys", "values"),
    str: (
        *("capitalize", "endswith", "isalnum", "isalpha", "isdigit", "lower", "lstrip"),
        *("removeprefix", "removesuffix", "rstrip", "split", "splitlines", "startswith", "strip"),
        *("title", "upper"),
    ),
}
"""The methods that a template may call."""
MADE = (nodes.List, nodes.Tuple, nodes.Dict, nodes.Concat, nodes.Filter, nodes.BinExpr)
"""Expressions whose value is new, and so costs memory."""
CALLED = (Macro, BlockReference, jinja2.Undefined)
PAGE_PARTS = (
    *(nodes.Template, nodes.Output, nodes.TemplateData, nodes.Call, nodes.Name, nodes.Const),
    *(nodes.Keyword,),
)
"""The parts of a page: text, and calls of macros with plain values."""


class TemplateEnvironment(ImmutableSandboxedEnvironment):
    """An environment for templates of the folder `folder`, which may include each other.

    Without a folder it is for pages, which may call the functions and do nothing else. The work of
    one rendering is counted from `begin` on; it is for one thread at a time.
    """

    intercepted_binops = frozenset(("+", "-", "*", "/", "//", "%", "**"))

    def __init__(
        self,
        folder: Path | None,
        filters: Mapping[str, Callable[..., Any]],
        functions: Mapping[str, Callable[..., Any]],
    ) -> None:
        super().__init__(
            loader=_Loader(folder) if folder else None,
            undefined=jinja2.StrictUndefined,
            trim_blocks=folder is not None,
            lstrip_blocks=folder is not None,
            keep_trailing_newline=folder is not None,
            finalize=self.charged,
        )
        self.is_for_pages, self.step, self.left = folder is None, STEP, MOST_WORK
        self.filters = {name: FILTERS[name] for name in FILTER_NAMES}
        self.filters.update(indent=self._indent, join=self._join, replace=self._replace)
        self.filters.update(filters)
        self.filters.update(charged=self.charged, counted=self.counted)
        self.globals = dict(functions)
        self.functions = {id(function) for function in functions.values()}

    def begin(self) -> None:
        """Start to count the work of a rendering."""
        self.left = MOST_WORK

    def spend(self, work: int) -> None:
        """Count work. Raises SecurityError where a rendering does more than any needs."""
        self.left -= work
        if self.left < 0:
            raise SecurityError(f"the template does more work than {MOST_WORK} characters")

    def charged(self, value: Any) -> Any:
        """Return a value, its size counted."""
        if isinstance(value, str):
            self.spend(len(value))
        elif isinstance(value, Mapping):
            for item in value.items():
                self.charged(item)
        elif isinstance(value, list | tuple):
            self.spend(len(value) + 1)
            for item in value:
                self.charged(item)
        else:
            self.spend(1)
        return value

    def counted(self, values: Iterable[Any]) -> Iterator[Any]:
        """Return the items of a loop, each counted as a step."""
        for value in values:
            self.spend(self.step)
            yield value

    def call(self, context: Any, called: Any, *arguments: Any, **named: Any) -> Any:
        """Return the result of a call; each is a step."""
        self.spend(self.step)
        return self.charged(super().call(context, called, *arguments, **named))

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Return the result of an operator, which on texts and lists is `+` alone."""
        numbers = all(isinstance(one, int | float) for one in (left, right))
        if operator == "**" or (numbers and any(abs(one) > 1e15 for one in (left, right))):
            raise SecurityError(f"the operator {operator} is not allowed with such numbers")
        if not numbers and operator in ("*", "%"):
            raise SecurityError(f"the operator {operator} is for numbers")
        return super().call_binop(context, operator, left, right)

    def is_safe_callable(self, obj: Any) -> bool:
        """Return whether it is a macro, a block, one of `functions`, or one of METHODS."""
        if isinstance(obj, CALLED) or id(obj) in self.functions:
            return True
        owner = type(getattr(obj, "__self__", None))
        return getattr(obj, "__name__", "") in METHODS.get(owner, ())

    def _generate(
        self,
        source: nodes.Template,
        name: str | None,
        filename: str | None,
        defer_init: bool = False,
    ) -> str:
        counting = _Counting(self.is_for_pages, name, filename).visit(source)
        return super()._generate(counting, name, filename, defer_init)

    def _load_template(self, *arguments: Any) -> jinja2.Template:
        self.spend(self.step)  # each include is a step
        return super()._load_template(*arguments)

    def _indent(self, text: str, width: int = 4, first: bool = False, blank: bool = False) -> str:
        self.spend(abs(int(width)) * (str(text).count("\n") + 1))
        return do_indent(str(text), int(width), first, blank)

    def _join(self, values: Iterable[Any], between: str = "") -> str:
        listed = list(values)
        self.spend(len(listed) * len(between))
        return between.join(map(str, listed))

    def _replace(self, text: str, old: str, new: str) -> str:
        self.spend(str(text).count(str(old)) * len(str(new)))
        return str(text).replace(str(old), str(new))


class _Loader(jinja2.BaseLoader):
    """A loader of plain files of a folder, and of Trueup's own where it has none."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def get_source(self, environment: Any, template: str) -> Any:
        file = template_file(self.folder, "/".join(split_template_path(template)))
        is_own = file.is_relative_to(self.folder)
        if is_own and (refused := problem_of_source(file, self.folder.parent, MOST_BYTES)):
            raise BadInput(refused.where, refused.problem, refused.fix)
        if not file.is_file():
            raise jinja2.TemplateNotFound(template)
        text, written = file.read_text(encoding="utf-8"), file.stat().st_mtime
        environment.step = max(environment.step, len(text))
        return text, str(file), lambda: file.is_file() and file.stat().st_mtime == written


class _Counting(NodeTransformer):
    """A template's syntax, with its loops and new values counted, and without what is refused."""

    def __init__(self, is_for_pages: bool, name: str | None, filename: str | None) -> None:
        self.is_for_pages, self.name, self.filename = is_for_pages, name, filename

    def visit(self, node: nodes.Node, *arguments: Any, **named: Any) -> Any:
        if self.is_for_pages and not isinstance(node, PAGE_PARTS):
            self.refuse(node, "an expression that is not the call of a macro is not allowed")
        if isinstance(node, nodes.Getattr) and node.attr.startswith("_"):
            self.refuse(node, f"the attribute {node.attr!r} is not allowed")
        self.generic_visit(node)
        if isinstance(node, nodes.For):
            node.iter = _filtered(node.iter, "counted")
        is_made = isinstance(node, MADE) and getattr(node, "ctx", "load") == "load"
        is_part = isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Slice)
        return _filtered(node, "charged") if is_made or is_part else node

    def refuse(self, node: nodes.Node, problem: str) -> None:
        raise jinja2.TemplateAssertionError(problem, node.lineno, self.name, self.filename)


def _filtered(node: nodes.Node, name: str) -> nodes.Filter:
    return nodes.Filter(node, name, [], [], None, None, lineno=node.lineno)
