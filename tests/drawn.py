"""Outputs that a test made itself, decoded without a sandbox."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from trueup.model import Kind
from trueup.sandbox.contract import NOTHING, USUAL, CompletedBlock, Containment, Limits, Sandbox
from trueup.sandbox.decoding import decode_source
from trueup.sandbox.output_decoder import Facts, NoDecoder, decode_output
from trueup.snippet import Fence


@dataclass
class NoSandbox(Sandbox):
    """Runs the decoder's program in this process."""

    containment: Containment = "none"

    def run(
        self,
        language: Fence,
        source: bytes,
        limits: Limits = USUAL,
        given: Mapping[str, bytes] = NOTHING,
    ) -> CompletedBlock:
        printed = json.dumps(decode_source(source)).encode()
        return CompletedBlock(0, None, printed, b"", 1, {}, ())


def decode_here(kind: Kind, content: bytes) -> Facts | str | NoDecoder:
    """The facts of an output, as the sandboxed decoder returns them."""
    return decode_output(kind, content, NoSandbox)
