"""Image decoder: a stranger's image, decoded in a sandbox of its own, without a key or a network.

One sandbox for all images of a run, opened at the first; each image is decoded by a new process.
"""

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import cache
from typing import Any

from starlette.applications import Starlette

from trueup.sandbox import open_sandbox
from trueup.sandbox.contract import Containment, Limits, Sandbox
from trueup.sandbox.runner import Launcher

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "AVIF")
"""Pillow's other readers are not for strangers' files: the one for EPS starts a program."""
DECODE_LIMITS = Limits(timeout_s=60, output_bytes=1000)
"""An image of 4,096 by 4,096 pixels takes seconds; a minute is for a machine under load."""

ImageInfo = Mapping[str, Any]
Decode = Callable[[bytes], ImageInfo | str]
"""Returns format, width, height and bytes of an image, or why it does not decode, as a clause."""
_PROGRAM = f"""
import json, os, sys
from PIL import Image
with Image.open(sys.argv[1], formats={FORMATS!r}) as picture:
    picture.load()
    print(json.dumps([picture.format, picture.width, picture.height]))
"""
_DECODER = Launcher("python", (sys.executable, "-I", "-B", "-c", _PROGRAM), "", b"", "")


@contextmanager
def open_image_decoder(containment: Containment | None) -> Iterator[Decode]:
    """Open a decoder; its first image raises Unreachable if the containment does not work here."""
    with ExitStack() as stack:

        @cache
        def opened() -> Sandbox:
            hosts = ["sandbox.invalid"]
            return stack.enter_context(open_sandbox(Starlette(), hosts, containment, [_DECODER]))

        yield lambda content: decode_image(content, opened())


def decode_image(content: bytes, sandbox: Sandbox) -> ImageInfo | str:
    """Return the facts of an image, decoded in a sandbox of `open_image_decoder`, or the reason."""
    ran = sandbox.run("python", content, DECODE_LIMITS)
    if ran.stopped:
        return f"its decoding {DECODE_LIMITS.exceeded(ran.stopped)}"
    if ran.exit_code:
        is_refused = ran.exit_code == 1
        return "it is damaged or no image" if is_refused else "its decoding ended with a crash"
    try:
        form, width, height = json.loads(ran.stdout)
        size = {"width": int(width), "height": int(height), "bytes": len(content)}
    except (ValueError, TypeError):
        return "its decoding printed no facts"
    return {"format": form, **size} if form in FORMATS else "it is of another format"
