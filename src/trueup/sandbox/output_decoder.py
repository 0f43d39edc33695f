"""Output decoder: a stranger's output, decoded in a sandbox of its own, without a key or a network.

One sandbox for all outputs of a run, opened at the first; each is decoded by a new process.
"""

import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from typing import Any

from starlette.applications import Starlette

from trueup.media_type import MEDIA_TYPES, ending_of
from trueup.model import Kind
from trueup.sandbox import decoding, open_sandbox
from trueup.sandbox.contract import Containment, Limits, Sandbox
from trueup.sandbox.runner import Launcher

DECODE_LIMITS = Limits(timeout_s=60, output_bytes=1000)
"""An image of 4,096 by 4,096 pixels or ten seconds of a film take seconds; a minute is for a
machine under load."""
EXTRA = "trueup[media]"
"""The extra that has PyAV, which decodes audio and video."""

Facts = Mapping[str, str | int | bool]
"""What the bytes of an output prove. `bytes` of every kind; `format`, `width` and `height` of an
image; `format`, `codec`, `duration_ms`, `sample_rate` and `channels` of audio; `format`, `codec`,
`duration_ms`, `width`, `height` and `has_audio` of a video."""


@dataclass(frozen=True)
class NoDecoder:
    """An output that nothing here can decode, so that neither success nor failure is proven."""

    reason: str
    """A clause, with what to install."""


Decode = Callable[[Kind, bytes], Facts | str | NoDecoder]
"""Returns the facts of an output, or why it does not decode, as a clause, or that it cannot be
decoded here. Text, JSON and files are not decoded; only a text may be empty. Raw sound without a
container, such as audio/L16, has nothing to decode, so it is a file."""

_NUMBERS: Mapping[Kind, tuple[str, ...]] = {
    "image": ("width", "height"),
    "audio": ("duration_ms", "sample_rate", "channels"),
    "video": ("duration_ms", "width", "height"),
}
_DECODED = {"png", "jpg", "webp", "gif", "avif", *chain(*decoding.CONTAINERS.values())}
_OTHER = "it is of another format"
_LARGEST = 1 << 53
"""A number above it is none in JSON, and no fact."""
_CODEC = re.compile(r"[a-z0-9_]{1,32}")
_PROGRAM = f"""{Path(decoding.__file__).read_text("utf-8")}
import json, sys
from pathlib import Path
print(json.dumps(decode_source(Path(sys.argv[1]).read_bytes())))
"""
_DECODER = Launcher("python", (sys.executable, "-I", "-B", "-c", _PROGRAM), "", b"", "")


@contextmanager
def open_output_decoder(containment: Containment | None) -> Iterator[Decode]:
    """Open a decoder; its first file raises Unreachable if the containment does not work here."""
    with ExitStack() as stack:

        @cache
        def opened() -> Sandbox:
            hosts = ["sandbox.invalid"]
            return stack.enter_context(open_sandbox(Starlette(), hosts, containment, [_DECODER]))

        yield lambda kind, content: decode_output(kind, content, opened)


def missing_decoder(kind: Kind) -> NoDecoder | None:
    """Return why no output of a kind can be decoded in this environment, or None."""
    if kind not in ("audio", "video") or find_spec("av"):
        return None
    return NoDecoder(f"the {kind} cannot be decoded here: PyAV was not found; install {EXTRA}")


def decode_output(
    kind: Kind, content: bytes, sandbox: Callable[[], Sandbox]
) -> Facts | str | NoDecoder:
    """Return what `Decode` does. The sandbox, of `open_output_decoder`, is opened if needed."""
    if not content and kind != "text":  # the words of a silent sound are none
        return "it is empty"
    if kind not in _NUMBERS:
        return {"bytes": len(content)}
    if missing := missing_decoder(kind):
        return missing
    ran = sandbox().run("python", f"{kind}\n".encode() + content, DECODE_LIMITS)
    if ran.stopped:
        return f"its decoding {DECODE_LIMITS.exceeded(ran.stopped)}"
    if ran.exit_code:
        return "its decoding ended with a crash"
    try:
        return _read_facts(kind, content, json.loads(ran.stdout))
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return "its decoding printed no facts"


def _read_facts(kind: Kind, content: bytes, printed: Any) -> Facts | str | NoDecoder:
    """Return the facts among what a program printed that the output may have taken over."""
    match printed:
        case "damaged":
            return _read_damage(kind, ending_of(content))
        case "cut short":
            return "it is cut short: it ends before the end that it declares"
        case "no library":
            library = "Pillow" if kind == "image" else "PyAV"
            reason = f"the {kind} cannot be decoded here: {library} does not start in the sandbox"
            return NoDecoder(f"{reason}; install it anew")
    name = printed["format"]
    numbers = {field: int(printed[field]) for field in _NUMBERS[kind]}
    if not all(0 <= number < _LARGEST for number in numbers.values()):
        raise ValueError("no number of pixels, milliseconds or channels")
    if kind == "image":
        known = name in decoding.IMAGE_FORMATS
        return {"format": name, **numbers, "bytes": len(content)} if known else _OTHER
    if name not in decoding.CONTAINERS:
        return _OTHER
    endings, ending = decoding.CONTAINERS[name], ending_of(content)
    codec = printed["codec"]
    if not _CODEC.fullmatch(codec):
        raise ValueError("no name of a codec")
    form = ending if ending in endings else endings[0]
    sound = {"has_audio": printed["has_audio"] is True} if kind == "video" else {}
    return {"format": form.upper(), "codec": codec, **numbers, **sound, "bytes": len(content)}


def _read_damage(kind: Kind, ending: str | None) -> str | NoDecoder:
    """Return why an output of this ending was not decoded."""
    if ending is None or ending in _DECODED:
        return f"it is damaged or no {kind}"
    if MEDIA_TYPES[ending].partition("/")[0] != kind:
        return f"it is {ending}, no {kind}"
    return NoDecoder(f"the {kind} cannot be decoded here: it is {ending}; declare it as a file")
