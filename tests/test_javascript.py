"""JavaScript: its values, its blocks on the mock, and Node in each sandbox."""

import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest
import recorder
from recorder import (
    REAL,
    TEMPLATES,
    Gateway,
    Run,
    block_of,
    judged,
    needs_node,
    send,
    snippet_of,
    status_of,
)

from trueup.errors import BadInput, Unreachable
from trueup.sandbox import Containment, Sandbox, landlock, node, open_sandbox
from trueup.snippet import render_snippet
from trueup.snippet.quoting import is_javascript, render_javascript, render_raw_json
from trueup.status_file import Stored
from trueup.verify.run import Harness

server, gateway, node_run = recorder.server, recorder.gateway, recorder.node_run
OBSERVED = [endpoint for endpoint in REAL.endpoints if REAL.seen(endpoint, REAL.reference)]
pytestmark = needs_node


NUMBERS: list[Any] = [
    *(0, 1, -1, 2**53 - 1, -(2**53) + 1, 2**53, -(2**53), 10**400),
    *(1.0, -0.0, 0.1, -1.5, 1e-7, 5e-324, 1e20, 1e21, 1e22, 1.7976931348623157e308, 123456789.125),
]


@pytest.mark.parametrize("number", NUMBERS)
def test_a_number_arrives_as_the_same_json_number(
    number: float, gateway: Gateway, node_run: Run
) -> None:
    send(gateway, "javascript", node_run, [({"n": [number]}, "native")])


def test_a_literal_with_a_number_that_would_change_is_refused() -> None:
    for number in (1.0, 2**53, -0.0):
        assert not is_javascript([number])
        with pytest.raises(BadInput, match="which JavaScript sends as another number"):
            render_javascript({"n": [number]})


def test_a_get_with_a_body_is_refused_since_fetch_sends_none() -> None:
    with pytest.raises(BadInput, match="^acorn/native: JavaScript: fetch sends no body with a GET"):
        snippet_of(status_of({}, method="GET"), "native", "javascript")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({}, "{}"),
        ([None, True, 1.5, "a"], '[null, true, 1.5, "a"]'),
        ({"a": {"b": [[1]]}}, "{\n  a: {\n    b: [\n      [1],\n    ],\n  },\n}"),
        ({"a": 1, "b-c": 2}, '{\n  "a": 1,\n  "b-c": 2,\n}'),
        ({"__proto__": 1, "a": 2}, '{\n  ["__proto__"]: 1,\n  a: 2,\n}'),
        ('say "hi"', "'say \"hi\"'"),
        ("</script><!-- \\ ${a} `", r'"\x3c/script>\x3c!-- \\ ${a} `"'),
        ("\u2028\U000e0041\n\x85", r'"\u2028\u{e0041}\n\u0085"'),
    ],
)
def test_a_value_is_laid_out_for_readers(value: object, text: str) -> None:
    assert render_javascript(value) == text


def test_raw_json_can_neither_end_its_literal_nor_fill_anything_in() -> None:
    text = render_raw_json({"`": "\\`${a}"})
    assert text.count("`") == 2 and "${" not in text


def test_every_block_of_the_real_file_is_a_module_without_packages() -> None:
    for endpoint in REAL.endpoints:
        text = render_snippet(REAL, endpoint, "javascript", TEMPLATES).text
        assert text.startswith("// Node 18 or newer.") and "require(" not in text
        assert set(re.findall(r'from "([^"]+)"', text)) == {"node:fs/promises"}


@pytest.mark.parametrize(
    "endpoint",
    [OBSERVED[0], *(pytest.param(name, marks=pytest.mark.long) for name in OBSERVED[1:])],
)
def test_every_recorded_endpoint_passes_on_the_mock(
    endpoint: str, harness: Harness, stored: Stored
) -> None:
    receipt = judged(block_of(endpoint, "javascript"), harness, stored)
    assert receipt.reasons == () and receipt.passed
    assert (receipt.language, receipt.unobserved) == ("javascript", ())
    assert receipt.exit_code == (receipt.outcome == "error")


NATIVE, IMAGES = "nano-banana/generate-content", "nano-banana/images-generations"
BROKEN = {
    "path": (NATIVE, (":generateContent", ":generateContenu"), "generateContenu"),
    "shape": (NATIVE, ("/data:image", "/dota:image"), "the reply has its image, but"),
    "exit code": (IMAGES, ("process.exitCode = 1", "process.exitCode = 0"), "exit code 0"),
    "saved name": (NATIVE, ("`${NAME}.$", "`image.$"), "named nano-banana.*"),
    "said name": (NATIVE, ("Saved ${file}", "Saved it"), "its name was not printed"),
}


@pytest.mark.parametrize(
    "what",  # The judge has its tests in Python; these two are about the program of JavaScript.
    [
        pytest.param(w, marks=[pytest.mark.long] * (w not in ("exit code", "said name")))
        for w in BROKEN
    ],
)
def test_a_block_that_differs_from_the_record_fails(
    what: str, harness: Harness, stored: Stored
) -> None:
    endpoint, change, says = BROKEN[what]
    receipt = judged(block_of(endpoint, "javascript", change), harness, stored)
    assert not receipt.passed and says in "; ".join(receipt.reasons)


HOST = "some-host.example"


async def app(scope: Any, receive: Any, send: Any) -> None:
    size = 0
    while (message := await receive())["type"] == "http.request":
        size += len(message["body"])
        if not message.get("more_body"):
            break
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": f"{scope['path']} {size}".encode()})


KINDS = [
    pytest.param(kind, marks=[pytest.mark.long] * (kind == "none"))
    for kind in get_args(Containment)
]
"""The two fallbacks differ by Landlock alone."""


@pytest.fixture(scope="module", params=KINDS)
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    kind: Containment = request.param
    try:
        with open_sandbox(app, [HOST, "other.example:8443"], kind) as opened:
            yield opened
    except Unreachable as error:
        if kind == "landlock" and landlock.abi() >= landlock.NETWORK_ABI:
            raise
        if kind == "namespace" and os.environ.get("CI") == "true":
            raise
        pytest.skip(str(error))


def test_fetch_reaches_the_app_by_the_real_name_of_the_host(sandbox: Sandbox) -> None:
    assert sandbox.lacks("javascript") is None
    source = (
        f'const sent = {{ method: "POST", body: "x".repeat(1_000_000) }};\n'
        f'const all = [1, 2, 3].map((one) => fetch("https://{HOST}/" + one, sent));\n'
        'all.push(fetch("https://other.example:8443/"));\n'
        "for (const one of await Promise.all(all)) console.log(await one.text());\n"
        "const done = performance.now();\n"
        'process.on("exit", () => console.log(performance.now() - done));\n'
    )
    ran = sandbox.run("javascript", source.encode())
    assert (ran.exit_code, ran.stderr) == (0, b"")
    *replies, lingered_ms = ran.stdout.splitlines()
    assert replies == [b"/1 1000000", b"/2 1000000", b"/3 1000000", b"/ 0"]
    # fetch keeps an unused connection for this long.
    assert ran.refused == () and float(lingered_ms) < 4000


@pytest.mark.parametrize("url", ["https://example.com/", "http://example.org/x"])
def test_another_host_is_not_reached_by_node(sandbox: Sandbox, url: str) -> None:
    source = f'await fetch("{url}").catch((error) => console.log(error.cause.message));'
    ran = sandbox.run("javascript", source.encode())
    if sandbox.containment == "namespace":
        assert b"ENOTFOUND" in ran.stdout and ran.refused == ()
    else:
        host = "example.com:443" if "com" in url else "example.org"
        assert ran.stdout == f"the tunnel refused {host}\n".encode()
        assert ran.refused == (host,)


def test_a_module_runs_byte_for_byte_and_its_exit_code_is_kept(sandbox: Sandbox) -> None:
    source = (
        'import { readFileSync, writeFileSync } from "node:fs";\n'
        'writeFileSync("a", readFileSync(process.argv[1])); process.exitCode = 3; //\t\u00e9 '
    )
    ran = sandbox.run("javascript", source.encode())
    assert (ran.exit_code, ran.files) == (3, {"a": source.encode()})


def lacking(monkeypatch: pytest.MonkeyPatch, program: Path | None, kind: Containment) -> str | None:
    monkeypatch.setattr(node, "find_program", lambda: program)
    try:
        with open_sandbox(app, [HOST], kind) as opened:
            return opened.lacks("javascript")
    except Unreachable as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("kind", KINDS)
def test_a_machine_without_node_says_what_to_install(
    kind: Containment, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "install Node 18 or newer" in str(lacking(monkeypatch, None, kind))


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("namespace", "node does not run here with fetch"),
        ("none", "Node cannot use a proxy here"),
    ],
)
def test_a_node_that_cannot_run_a_block_is_detected(
    kind: Containment, says: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = tmp_path / "node"
    program.write_text("#!/bin/sh\nexit 1\n")
    program.chmod(0o755)
    assert says in str(lacking(monkeypatch, program, kind))


def test_a_node_outside_of_usr_is_shown_to_the_sandbox_and_nothing_beside_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    found = node.find_program()
    assert found
    (tmp_path / "bin").mkdir()
    program = Path(shutil.copy(found, tmp_path / "bin" / "node"))
    (tmp_path / "bin" / "secret").touch()
    monkeypatch.setattr(node, "find_program", lambda: program)
    assert node.mounts() == [str(program)]
    try:
        with open_sandbox(app, [HOST], "namespace") as opened:
            if opened.lacks("javascript"):
                pytest.skip("this Node needs libraries beside it")
            ran = opened.run("bash", f"ls '{program.parent}'".encode())
    except Unreachable as error:
        pytest.skip(str(error))
    assert ran.stdout == b"node\n"


@pytest.mark.parametrize("complete", [False, True])
def test_a_block_without_node_is_skipped_or_fails_in_a_complete_run(
    complete: bool, harness: Harness, stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(harness.sandbox), "lacks", lambda *_: node.MISSING)
    chosen = replace(harness, complete=complete)
    receipt = judged(block_of(NATIVE, "javascript"), chosen, stored)
    assert not receipt.passed
    assert receipt.skipped == (None if complete else node.MISSING)
    assert receipt.reasons == ((node.MISSING,) if complete else ())
