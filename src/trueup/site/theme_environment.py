"""Theme environment: the sandbox in which the theme and its overrides are rendered."""

import os
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

from jinja2 import BytecodeCache, Environment, FileSystemLoader, Undefined
from jinja2.bccache import Bucket
from jinja2.runtime import BlockReference, LoopContext, Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment


def _visible_files(top: str) -> Iterator[str]:
    for folder, folders, files in os.walk(top):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (Path(folder, name).relative_to(top).as_posix() for name in files)


class ThemeEnvironment(ImmutableSandboxedEnvironment):
    """Jinja's sandbox for the theme and its overrides, which may call no method of MkDocs."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._attributes: dict[tuple[type, str], bool] = {}

    def list_templates(
        self,
        extensions: Collection[str] | None = None,
        filter_func: Callable[[str], bool] | None = None,
    ) -> list[str]:
        """Return the names of the theme's files but hidden ones, which MkDocs would drop one by
        one: the theme has thousands of icons."""
        tops = self.loader.searchpath if isinstance(self.loader, FileSystemLoader) else []
        names = sorted({name for top in tops for name in _visible_files(top)})
        return names if filter_func is None else [name for name in names if filter_func(name)]

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Return Jinja's answer, which depends on the types alone; to find it each time took a
        quarter of the time of a page."""
        key = (type(obj), attr)
        if key not in self._attributes:
            self._attributes[key] = super().is_safe_attribute(obj, attr, value)
        return self._attributes[key]

    def is_safe_callable(self, obj: Any) -> bool:
        """Return whether it is the theme's own, a global, or a method of plain data."""
        if isinstance(obj, Macro | BlockReference | LoopContext | Undefined):
            return True
        if any(obj is known for known in self.globals.values()):
            return super().is_safe_callable(obj)
        return isinstance(getattr(obj, "__self__", None), str | dict | list)


class ThemeCode(BytecodeCache):
    """The compiled templates of the theme: the next language and the next build use them again."""

    def __init__(self) -> None:
        self._compiled: dict[tuple[str, str], Any] = {}

    def get_cache_key(self, name: str, filename: str | None = None) -> str:
        """Return a key of a template and its file, whose path need not be UTF-8."""
        return f"{name}|{filename}"

    def load_bytecode(self, bucket: Bucket) -> None:
        """Give a template what was compiled of the same file with the same text."""
        bucket.code = self._compiled.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what was compiled."""
        self._compiled[bucket.key, bucket.checksum] = bucket.code


THEME_CODE = ThemeCode()


def sandboxed(made: Environment) -> ThemeEnvironment:
    """Return an environment of the theme as MkDocs made it, in the sandbox."""
    environment = ThemeEnvironment(
        loader=made.loader,
        auto_reload=False,
        extensions=[*made.extensions],
        bytecode_cache=THEME_CODE,
    )
    environment.filters.update(made.filters)
    environment.globals.update(made.globals)
    return environment
