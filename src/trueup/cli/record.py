"""The commands that record the blocks of docs without a status file, and replay them offline."""

import os
import shlex
import sys
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import click
from pydantic import TypeAdapter, ValidationError

from trueup.audit.tree import read_tree
from trueup.cli.group import (
    SHORTEST_KEY,
    cli,
    containment_here,
    is_ci,
    print_findings,
    print_messages,
    search_here,
    weak_option,
)
from trueup.cli.progress import shown_progress
from trueup.cli.reporting import format_option, output_option, write_report
from trueup.errors import BadInput, Unreachable
from trueup.finding import printable
from trueup.model import BaseUrl, Target
from trueup.recording import (
    FoundBlocks,
    Recorder,
    SendRules,
    check_days,
    find_blocks,
    load_recordings,
    replay_blocks,
    units_of,
    would_send,
)
from trueup.recording.bench import Gate, addresses_in, open_bench
from trueup.recording.blocks import Block, joined
from trueup.recording.call import Call
from trueup.relay import PLACEHOLDER, KeySearch, create_relay, gateway_tls
from trueup.sandbox import Containment
from trueup.verify.run import ExchangeLog

KEY = "TRUEUP_API_KEY"
REPLY_BYTES = 1_000_000
"""A recording is read by people and kept in git: a larger reply is a file."""
folder_argument = click.argument(
    "folder", metavar="[DIR]", required=False, type=click.Path(path_type=Path, file_okay=False)
)
only_option = click.option("--only", multiple=True, metavar="GLOB", help="Pages. Repeatable.")


@cli.command()
@folder_argument
@click.option("--target", required=True, metavar="URL", help="Gateway to record.")
@click.option("--host", "hosts", multiple=True, help="Further host that leads there. Repeatable.")
@click.option(
    "--route",
    "routes",
    multiple=True,
    metavar="'METHOD PATH'",
    help="Requests to send, such as 'POST /v1/things'. Repeatable. Without any, nothing is sent.",
)
@click.option("--max-calls", type=click.IntRange(1), help="Maximum number of calls.")
@click.option("--set", "given", multiple=True, metavar="NAME=VALUE", help="Variable of the blocks.")
@click.option("--value", "values", multiple=True, metavar="NAME=VALUE", help="Value in a path.")
@only_option
@click.option("--together", is_flag=True, help="Run the blocks of a page and language as one.")
@click.option("--again", is_flag=True, help="Record also what was recorded before.")
@click.option(
    "--allow-changes", is_flag=True, help="Send PUT, PATCH, DELETE and paths of management too."
)
@click.option(
    "--max-reply",
    type=click.IntRange(1),
    default=REPLY_BYTES,
    show_default=True,
    help="Largest reply that is recorded, in bytes.",
)
@weak_option
@click.pass_obj
def record(
    top: Path,
    folder: Path | None,
    target: str,
    hosts: tuple[str, ...],
    routes: tuple[str, ...],
    max_calls: int | None,
    given: tuple[str, ...],
    values: tuple[str, ...],
    only: tuple[str, ...],
    together: bool,
    again: bool,
    allow_changes: bool,
    max_reply: int,
    allow_weak: bool,
) -> None:
    """Run the blocks of Markdown pages unmodified at a live gateway and record its replies.

    DIR is the folder of the docs. Default: the top. Without --route, nothing is sent.
    """
    top = top if folder is None else top / folder
    search, key = search_here(), os.environ.pop(KEY, "")
    variables, filled = _pairs(given, "--set"), _pairs(values, "--value")
    if any(map(search.holds, [*variables.values(), *filled.values()])):
        problem = "a value is a key, or looks like one"
        raise BadInput("--set", problem, f"Leave it out: {KEY} is added on the wire.")
    url = _base_url(target)
    served = {host for _, host in addresses_in([url, *(f"https://{name}" for name in hosts)])}
    if len(served) < len({url.partition("://")[2], *map(str.lower, hosts)}):
        raise BadInput("--host", "not a name or NAME:PORT", "Give a host, not a URL.")
    rules = SendRules(frozenset(served), routes, filled, allow_changes, max_calls or 0)
    found = _blocks(top, only)
    containment = containment_here(allow_weak, is_live=bool(routes or key))
    if not routes:
        _show_plan(found, rules, url, would_send(found.blocks, rules, url, variables, containment))
        return
    if max_calls is None:
        raise BadInput("--max-calls", "missing with --route", "Give --max-calls N.")
    if len(key) < SHORTEST_KEY and key != PLACEHOLDER:
        reason = f"shorter than {SHORTEST_KEY} characters" if key else "not set"
        raise BadInput(KEY, reason, "Export the key as the gateway issued it.")
    recorder = (key, url, rules, variables, search)
    _record(top, found, recorder, together, again, max_reply, containment)


def _record(
    top: Path,
    found: FoundBlocks,
    settings: tuple[str, str, SendRules, dict[str, str], KeySearch],
    together: bool,
    again: bool,
    max_reply: int,
    containment: Containment,
) -> None:
    """Record the blocks, print what was not, and exit with 1 if there is any."""
    key, url, rules, variables, search = settings
    recordings = load_recordings(top)
    if together:
        pairs = {(block.page, block.language) for block in found.blocks}
        found = replace(found, blocks=tuple(joined(found.blocks, pairs)))
    units = units_of(found, {} if together or again else recordings)
    known = {block.place: record for block, record in units_of(found, recordings)}
    units = [(block, known.get(block.place)) for block, _ in units]
    gate = Gate(ExchangeLog[Call](), rules)
    gate.relay = create_relay(
        Target(base_url=url),
        key=key,
        max_calls=rules.max_calls,
        on_exchange=gate.note,
        body_limit=max_reply,
        tls=gateway_tls(),
    )
    blocks = [block for block, _ in units if block.can_run]
    urls = [url, *(f"https://{host}" for host in rules.hosts)]
    counts: Counter[str] = Counter(kept=0, recorded=0)
    with (
        open_bench(gate, blocks, urls, variables, containment) as bench,
        shown_progress() as progress,
    ):
        recorder = Recorder(bench, gate, top, search, lambda: datetime.now(UTC), variables)
        for number, (block, known_record) in enumerate(units):
            progress("recording blocks", number, len(units))
            if not block.can_run:
                counts["skipped"] += block.skip is not None
            elif (
                not again
                and known_record is not None
                and known_record.facts.sha256 == block.sha256
                and known_record.facts.together == block.together
            ):
                counts["kept"] += 1
            elif (reason := recorder.record(block, known_record, recordings)) is None:
                counts["recorded"] += 1
            else:
                counts["not recorded"] += 1
                click.echo(f"{block.place}: not recorded: {search.withhold(reason)}", err=True)
    counts.update({"no call": found.no_call, "other languages": found.others})
    click.echo(f"{found.counted} blocks found: {_text(counts)}; {gate.sent} requests sent")
    findings = [block.finding for block in found.blocks if block.finding is not None]
    print_findings(findings)
    _require_an_answer(gate, url)
    if findings or counts["not recorded"] or not counts["recorded"] + counts["kept"]:
        sys.exit(1)


def _require_an_answer(gate: Gate, url: str) -> None:
    """Raise Unreachable if requests were sent, and the gateway gave no answer to any of them."""
    if gate.sent and gate.unanswered == gate.sent:
        fix = "Check --target and the network, then run this again. What was recorded is kept."
        raise Unreachable("--target", f"{url} gave no answer to any request", fix)


@cli.command()
@folder_argument
@only_option
@click.option("--against", metavar="REF", help="Commit to compare the recordings with.")
@format_option
@output_option
@weak_option
@click.pass_obj
def replay(
    top: Path,
    folder: Path | None,
    only: tuple[str, ...],
    against: str | None,
    form: str,
    output: Path | None,
    allow_weak: bool,
) -> None:
    """Run the blocks of Markdown pages offline against their recordings, without a key.

    DIR is the folder of the docs. Default: the top. A block that sends another request than the
    one on record, or ends in another way, is a finding.
    """
    top = top if folder is None else top / folder
    recordings, found = load_recordings(top), _blocks(top, only)
    containment = containment_here(allow_weak)
    with shown_progress() as progress:
        done = replay_blocks(found, recordings, top, containment, is_ci(), progress)
    findings = list(done.findings)
    if against is not None:
        findings += check_days(recordings, top, against, datetime.now(UTC).date())
    write_report(findings, form, output)
    if form == "text":
        days = f", as recorded on {done.days[0]}" if done.days else ""
        days += f"..{done.days[-1]}" if done.days and done.days[0] != done.days[-1] else ""
        more = {"no call": found.no_call, "other languages": found.others}
        click.echo(f"blocks: {_text({**done.counts, **more})}{days}")
    if any(finding.severity == "error" for finding in findings):
        sys.exit(1)


def _blocks(top: Path, only: tuple[str, ...]) -> FoundBlocks:
    if not top.is_dir():
        raise BadInput(top, "no such folder", "Check the path.")
    tree, findings = read_tree(top)
    print_findings(findings)
    print_messages(tree.left_out)
    return find_blocks(tree, datetime.now(UTC).date(), only)


def _show_plan(
    found: FoundBlocks, rules: SendRules, url: str, planned: dict[tuple[str, str], list[Block]]
) -> None:
    """Print what would be sent, what would not and why, and the command to give next."""
    findings = [block.finding for block in found.blocks if block.finding is not None]
    print_findings(findings)
    click.echo("what would be sent:")
    for (line, reason), blocks in sorted(planned.items()):
        places = ", ".join(dict.fromkeys(str(block.place) for block in blocks))
        why = f"; {reason}" if reason else ""
        click.echo(printable(f"  {line}: {len(blocks)} ({places}){why}"))
    for host in sorted({host for _, host in addresses_in(b.text for b in found.blocks)}):
        if host not in rules.hosts:
            places = ", ".join(
                str(block.place_of([host]))
                for block in found.blocks
                if host in {name for _, name in addresses_in([block.text])}
            )
            click.echo(f"  another host: {host} ({places})")
    sendable = {
        f"{method} {path}": len(blocks)
        for (line, reason), blocks in planned.items()
        for method, host, path in [line.split(" ", 2)]
        if host in rules.hosts and not reason
    }
    given = ["--target", url]
    others = sorted(rules.hosts - {url.partition("://")[2]})
    given += [word for host in others for word in ("--host", host)]
    given += [word for route in sorted(sendable) or ["METHOD PATH"] for word in ("--route", route)]
    given += ["--max-calls", str(max(sum(sendable.values()), 1))]
    click.echo(f"nothing was sent; {found.counted} blocks found. Give {KEY}, and then:")
    click.echo(printable(f"trueup record {shlex.join(given)}"))
    if findings or not found.counted:
        sys.exit(1)


def _text(counts: dict[str, int] | Counter[str]) -> str:
    return ", ".join(f"{name}: {number}" for name, number in counts.items())


def _pairs(given: tuple[str, ...], option: str) -> dict[str, str]:
    pairs = [one.partition("=") for one in given]
    for name, sign, value in pairs:
        if not (name and sign and value):
            raise BadInput(option, f"got {name!r}, expected NAME=VALUE", "Correct it.")
    return {name: value for name, _, value in pairs}


def _base_url(target: str) -> str:
    try:
        return TypeAdapter(BaseUrl).validate_python(target.rstrip("/"))
    except ValidationError as error:
        problem = f"got {target!r}, expected {error.errors()[0]['msg']}"
        raise BadInput("--target", problem, "Give scheme, host and port alone.") from error
