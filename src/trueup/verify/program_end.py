"""Program end: how the program of a block ended, against the reply that it got."""

import json
from collections.abc import Iterator, Mapping

from trueup.media_type import ending_of
from trueup.model import Kind, name_of
from trueup.sandbox import CompletedBlock
from trueup.sandbox.output_decoder import Decode
from trueup.snippet import PROGRAMS
from trueup.verify.reply_verdict import ReplyVerdict


def end_reasons(
    ran: CompletedBlock, language: str, endpoint: str, verdict: ReplyVerdict, decode: Decode
) -> list[str]:
    """Return what is wrong with the end of a program that was not stopped.

    The exit code of curl is that of its transport alone; what it saved is judged like any file.
    """
    if ran.stopped:
        return []
    if not PROGRAMS[language].fails_by_exit_code:
        reasons = [f"got exit code {ran.exit_code} of curl, expected 0"] if ran.exit_code else []
        if verdict.outcome != "output":
            return reasons + list(_left_files(ran))
        return reasons + list(_wrongly_saved(ran, endpoint, verdict, decode))
    if verdict.outcome != "output":
        return list(_after_failure(ran))
    kind = verdict.reply.kind or "file"
    if ran.exit_code != 0:
        end = f"exit code {ran.exit_code} ({last_line(ran)})"
        return [f"the reply has its {kind}, but the program ended with {end}"]
    if kind == "text":
        return list(_unprinted(ran, verdict.reply.content or b""))
    return list(_unsaved(ran, kind, name_of(endpoint), verdict.content, decode))


def last_line(ran: CompletedBlock) -> str:
    """Return the end of a program's stderr, as a clause."""
    lines = ran.stderr.decode(errors="replace").strip().splitlines()
    if not lines:
        return "nothing on stderr"
    line = lines[-1][max(lines[-1].find("curl: ("), 0) :]  # curl's meter ends in no newline
    return f"stderr ends with: {line[:200]}"


def _after_failure(ran: CompletedBlock) -> Iterator[str]:
    lines = ran.stderr.decode(errors="replace").strip().splitlines()
    if (ran.exit_code or 0) <= 0 or len(lines) != 1:
        yield (
            f"after a failed call the program ended with exit code {ran.exit_code} and"
            f" {len(lines)} lines on stderr, expected a code above 0 and one line"
        )
    yield from _left_files(ran)


def _left_files(ran: CompletedBlock) -> Iterator[str]:
    if ran.files:
        yield f"after a failed call it saved {', '.join(ran.files)}, expected no file"


def _wrongly_saved(
    ran: CompletedBlock, endpoint: str, verdict: ReplyVerdict, decode: Decode
) -> Iterator[str]:
    """Yield what is wrong with the files of curl: it may save the output, the whole reply, or
    nothing at all."""
    reply = verdict.exchange.response_body if verdict.exchange else b""
    if any(content != reply for content in ran.files.values()):
        kind = verdict.reply.kind or "file"
        yield from _unsaved(ran, kind, name_of(endpoint), verdict.content, decode)


def _unprinted(ran: CompletedBlock, text: bytes) -> Iterator[str]:
    """Yield why a program did not print a text; white space is not compared."""
    if ran.files:
        yield f"the program saved {', '.join(ran.files)}, expected the text on stdout alone"
    elif ran.stdout.decode(errors="replace").split() != text.decode().split():
        yield "the program printed another text than that of the reply"


def _unsaved(
    ran: CompletedBlock, kind: Kind, name: str, output: bytes | None, decode: Decode
) -> Iterator[str]:
    names = [file for file in ran.files if file.rpartition(".")[0] == name]
    saved = ran.files[names[0]] if names else b""
    # The reply's own output is known to decode: the mock made it, or it was decoded before.
    is_whole = saved == output or isinstance(decode(kind, saved), Mapping)
    if len(ran.files) != 1 or not names or not is_whole:
        found = ", ".join(ran.files) or "no file"
        yield f"got {found}, expected one {kind} that decodes, named {name}.*"
    elif output is not None and not _is_same(kind, saved, output):
        yield f"{names[0]} is not the {kind} of the reply"
    elif (ending := ending_of(saved)) and names[0] != f"{name}.{ending}":
        yield f"got {names[0]}, expected {name}.{ending}, as its bytes are"
    elif names[0] not in ran.stdout.decode(errors="replace"):
        yield f"{names[0]} was saved, but its name was not printed"


def _is_same(kind: Kind, saved: bytes, output: bytes) -> bool:
    if kind != "json" or saved == output:
        return saved == output
    try:
        return bool(json.loads(saved) == json.loads(output))
    except (ValueError, RecursionError):
        return False
