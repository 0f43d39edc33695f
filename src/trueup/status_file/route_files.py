"""Route files: the files that routes name for their replies, read and checked."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from trueup.errors import BadInput, BadStatus
from trueup.message import Message
from trueup.model import Files, Route, Status
from trueup.place import Place
from trueup.protocols import PROTOCOLS, Sample, problem_of_schema
from trueup.protocols.json_pointer import value_at
from trueup.source_file import read_source
from trueup.status_file.value_text import shown

FOLDER = "snippets/files"
MOST_ROUTE_FILE_BYTES = 100_000
"""Of a schema or of a reply: ten times the longest that a docs page shows."""
STUB = Sample(b'{"simulated": true}', "application/json", "https://example.com/simulated")


def read_route_files(status: Status, top: Path, place_of: Any) -> Files:
    """Return the contents of the files that routes name, by name; BadStatus has every problem.

    `place_of` gives the place of keys in the status file.
    """
    files: dict[str, bytes] = {}
    problems: list[Message] = []
    for name, route in status.routes.items():
        keys = ("routes", name, "output")
        for key, file in (route.output.files if route.output else {}).items():
            found = _read(top, file, place_of(*keys, key))
            if isinstance(found, Message):
                problems.append(found)
            else:
                files[file] = found
    for name, route in status.routes.items() if not problems else ():
        for key, problem, fix in output_problems(route, files):
            problems.append(Message(place_of("routes", name, "output", key), problem, fix))
    if problems:
        raise BadStatus(problems)
    return files


def _read(top: Path, file: str, place: Place) -> bytes | Message:
    try:
        content = read_source(top / FOLDER / file, top, MOST_ROUTE_FILE_BYTES)
        json.loads(content)
    except BadInput as error:
        return error.message
    except OSError:
        return Message(place, f"{FOLDER}/{file} does not exist", "Add it, or correct the name.")
    except (ValueError, RecursionError):
        return Message(place, f"{FOLDER}/{file} is not JSON", "Correct it.")
    return content


def output_problems(route: Route, files: Files) -> Iterator[tuple[str, str, str]]:
    """Yield the key, problem and fix of files that do not fit the route or each other."""
    output = route.output
    if output is None or route.protocol not in PROTOCOLS:
        return
    if output.schema_file and (problem := problem_of_schema(json.loads(files[output.schema_file]))):
        yield "schema", f"the schema {output.schema_file} {problem}", "Correct it."
        return
    if output.sample and value_at(json.loads(files[output.sample]), output.pointer) is None:
        problem = f"the sample {output.sample} has nothing at {shown(output.pointer)}"
        yield "sample", problem, "Correct one of the two."
        return
    protocol = PROTOCOLS[route.protocol].of_route(route, files=files)
    worded = protocol.word(next(iter(protocol.shapes)), STUB, "simulated")
    found = protocol.find_in(json.loads(worded.content))
    problem = found.error
    if problem and output.sample:
        yield (
            "sample",
            f"the sample {output.sample} has {shown(problem)}",
            "Correct one of the two.",
        )
    elif problem:
        fix = "Give a sample of a reply, as the docs or a call have it."
        yield "schema", f"no value could be made for the mock: {problem}", fix
