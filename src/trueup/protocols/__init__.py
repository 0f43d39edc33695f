"""Protocols: request bodies, images in replies, and the replies of the mock.

One module for each, in `PROTOCOLS` under the name that routes use; a site can install its own.
"""

from collections.abc import Iterator, Mapping
from functools import cached_property
from importlib.metadata import EntryPoint, entry_points

from trueup.errors import BadInput
from trueup.protocols.gemini import Gemini
from trueup.protocols.openai_images import OpenAIImages
from trueup.protocols.protocol import Picture, Protocol, Reply, decoded_reply, error_text

__all__ = [
    "GROUP",
    "PROTOCOLS",
    "Picture",
    "Protocol",
    "Registry",
    "Reply",
    "decoded_reply",
    "error_text",
]

GROUP = "trueup.protocols"
"""The entry points of a site's own protocols."""


class Registry(Mapping[str, Protocol]):
    """Protocols by the name that routes use: the engine's own and those installed under `GROUP`.

    The first use raises BadInput if an installed one cannot be used.
    """

    def __init__(self, own: Mapping[str, Protocol]) -> None:
        self._own = own

    def __getitem__(self, name: str) -> Protocol:
        return self._all[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    @cached_property
    def _all(self) -> Mapping[str, Protocol]:
        known = dict(self._own)
        for entry in entry_points(group=GROUP):
            if entry.name in known:
                raise _unusable(entry, "the name is taken", "Choose another name.")
            known[entry.name] = _load(entry)
        return known


def _load(entry: EntryPoint) -> Protocol:
    fix = "Correct its file, or remove it."
    try:
        protocol = entry.load()()
    except Exception as error:
        found = f"{type(error).__name__}: {' '.join(str(error).split())}".rstrip(".")
        raise _unusable(entry, f"calling it without arguments fails: {found}", fix) from error
    if not isinstance(protocol, Protocol):
        problem = f"got a {type(protocol).__name__}, expected a trueup.protocols.Protocol"
        raise _unusable(entry, problem, fix)
    return protocol


def _unusable(entry: EntryPoint, problem: str, fix: str) -> BadInput:
    return BadInput(f"protocol {entry.name} ({entry.value})", problem, fix)


PROTOCOLS = Registry({"gemini": Gemini(), "openai-images": OpenAIImages()})
