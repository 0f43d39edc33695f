"""What `scripts/bench` measured, and the tables made from it."""

from collections.abc import Iterator
from datetime import date
from itertools import groupby

from trueup.model import Frozen
from trueup.wording.markdown import escape_markdown
from trueup.wording.pages import table


class Machine(Frozen):
    """Where it was measured."""

    system: str
    """Kernel and processor, as they name themselves."""
    cores: int
    """How many processors there were."""
    python: str
    """Version of Python."""
    node: str = ""
    """Version of Node, which much of a JavaScript block's time depends on."""
    load: float
    """Processes that waited for a core, over the minute before; more than 0 is other work."""


class Runs(Frozen):
    """Distinct blocks of one language, run by the same command over and over."""

    language: str
    """What readers call it."""
    jobs: int
    """How many were run at a time."""
    blocks: int
    """How many distinct blocks."""
    ms: float
    """Milliseconds a block, with the start of the sandboxes and the judging."""
    open_ms: float
    """The same blocks run one by one in a sandbox that is open, without a judge."""
    floor_ms: float
    """The same file run by its plain program in the same minute, over TLS to the same mock."""
    peak_mib: float
    """Most memory that the command held."""


class Unchanged(Frozen):
    """Blocks whose receipts still held, so that none was run."""

    blocks: int
    """How many."""
    s: float
    """Seconds for all."""


class Examples(Frozen):
    """A page's Python blocks, run by pytest-examples in its own process, without a sandbox."""

    blocks: int
    """How many."""
    ms: float
    """Milliseconds a block, with the start of pytest."""
    version: str
    """Version of pytest-examples."""


class Build(Frozen):
    """The pages of the main language built twice, with and without Trueup."""

    on: date
    """The day."""
    pages: int
    """How many: those of this repository, or of a generated site."""
    s: float
    """Seconds from the sources."""
    plain_s: float
    """Seconds of plain MkDocs for the same pages, their macros already filled in."""
    zensical_s: float | None = None
    """Seconds of Zensical for the same; None where it was not measured."""


class Site(Frozen):
    """A generated site of many models in four languages, three blocks each."""

    on: date
    """The day."""
    models: int
    pages: int
    blocks: int
    build_cpu_s: float
    """Seconds of the processor for the pages alone, built from nothing."""
    s: float
    """Seconds for pages, blocks, receipts, exports and checks, from nothing."""
    cpu_s: float
    """The same in seconds of the processor."""
    peak_mib: float
    """Most memory of all processes at a time."""
    site_mb: float
    largest_page_kb: float
    unchanged_s: float
    """Seconds to make it again, unchanged."""
    observed_s: float
    """Seconds to make it with one observation more."""
    observed_blocks: int
    """How many blocks were run then."""
    template_s: float
    """Seconds to make it with one template changed."""
    template_blocks: int
    """How many blocks were run then."""


class Speed(Frozen):
    """How fast one server was, on one core."""

    per_s: float
    """Requests a second."""
    p99_ms: float
    """99 of 100 replies came within so many milliseconds."""


class Load(Frozen):
    """Requests of one size, with replies of one size, to each server in turns."""

    request_bytes: int
    """Size of a request's body."""
    reply_bytes: int
    """Size of a reply's body."""
    mock: Speed
    """The mock, with its ledger and all its checks."""
    bare: Speed
    """An app that does nothing but send the same reply, on the same server."""
    prism: Speed | None = None
    """Prism with the same route, key, schema and reply; None where it was not measured."""


class Serving(Frozen):
    """The mock under load, a part that can be measured alone."""

    on: date
    """The day."""
    load: float
    """Load before it began, as of the machine."""
    connections: int
    """Connections held open at a time."""
    prism_version: str | None
    """Version of Prism, where it was measured."""
    loads: tuple[Load, ...]


class Figures(Frozen):
    """One run of `scripts/bench`."""

    on: date
    """The day."""
    machine: Machine
    runs: tuple[Runs, ...]
    unchanged: Unchanged
    examples: Examples
    builds: tuple[Build, ...]
    sites: tuple[Site, ...] = ()
    serving: Serving


RUNS_HEAD = ("Blocks", "Jobs", "ms a block", "Open sandbox", "Ratio", "Floor", "Ratio", "MiB")


def render_figures(figures: Figures) -> str:
    """Tables and sentences in Markdown."""
    return "\n\n".join(_parts(figures))


def _parts(figures: Figures) -> Iterator[str]:
    machine, serving = figures.machine, figures.serving
    node = f", Node {escape_markdown(machine.node)}" if machine.node else ""
    yield (
        f"Measured on {figures.on}: {escape_markdown(machine.system)}, {machine.cores} cores,"
        f" Python {escape_markdown(machine.python)}{node};"
        f" load before it began: {machine.load:.1f}."
    )
    for language, runs in groupby(figures.runs, lambda one: one.language):
        yield f"**{language}**"
        yield table(RUNS_HEAD, map(_row, runs))
    examples = figures.examples
    yield (
        f"**pytest-examples {examples.version}** imported {examples.blocks:,} of the same Python"
        f" blocks in one process, without a sandbox, in {examples.ms:,.0f} ms a block."
    )
    yield (
        f"**Unchanged blocks.** {figures.unchanged.blocks:,} of them took"
        f" {figures.unchanged.s:.2f} s in all."
    )
    yield (
        f"**Building** one language, and by plain MkDocs the Markdown that the macros made, on"
        f" {figures.builds[0].on}:"
    )
    builders = ("Pages", "Seconds", "Plain MkDocs", "Ratio", "Zensical")
    yield table(builders, map(_build_row, figures.builds))
    if figures.sites:
        yield (
            f"**Whole sites**, made from nothing on {figures.sites[0].on}; memory is that of all"
            " processes at a time."
        )
        costs = ("Seconds", "Processor", "ms a page built")
        sizes = ("MiB", "Site, MB", "Largest page, KB")
        yield table(("Models", "Pages", "Blocks", *costs, *sizes), map(_site_row, figures.sites))
        yield "Made again, with the blocks that were run then:"
        again = ("Models", "Unchanged", "One observation more", "One template changed")
        yield table(again, map(_again_row, figures.sites))
    peer = f" Prism is {serving.prism_version}." if serving.prism_version else ""
    yield (
        f"**The mock.** Requests a second at {serving.connections} connections, on {serving.on};"
        f" load before it began: {serving.load:.1f}.{peer}"
    )
    heads = ("Request", "Reply", "Mock", "p99", "Bare app", "Ratio", "Prism", "p99", "Ratio")
    yield table(heads, map(_load_row, serving.loads))


def _build_row(one: Build) -> tuple[str, ...]:
    ratio = f"{one.s / one.plain_s:.2f} ×"
    zensical = "–" if one.zensical_s is None else f"{one.zensical_s:.2f}"
    return f"{one.pages:,}", f"{one.s:.2f}", f"{one.plain_s:.2f}", ratio, zensical


def _site_row(one: Site) -> tuple[str, ...]:
    numbers = (f"{count:,}" for count in (one.models, one.pages, one.blocks))
    costs = (one.s, one.cpu_s, one.build_cpu_s * 1000 / one.pages)
    sizes = (one.peak_mib, one.site_mb, one.largest_page_kb)
    return *numbers, *(f"{value:,.0f}" for value in (*costs, *sizes))


def _again_row(one: Site) -> tuple[str, ...]:
    return (
        f"{one.models:,}",
        f"{one.unchanged_s:.1f} s",
        f"{one.observed_s:.1f} s ({one.observed_blocks:,})",
        f"{one.template_s:.1f} s ({one.template_blocks:,})",
    )


def _load_row(one: Load) -> tuple[str, ...]:
    sizes = tuple(
        f"{size / 1024:.0f} KiB" if size >= 1024 else f"{size} bytes"
        for size in (one.request_bytes, one.reply_bytes)
    )
    prism = ("–", "–", "–")
    if one.prism:
        prism = (*_speed(one.prism), f"{one.mock.per_s / one.prism.per_s:.2f} ×")
    bare = (f"{one.bare.per_s:,.0f}", f"{one.mock.per_s / one.bare.per_s:.2f} ×")
    return *sizes, *_speed(one.mock), *bare, *prism


def _speed(one: Speed) -> tuple[str, str]:
    return f"{one.per_s:,.0f}", f"{one.p99_ms:.1f} ms"


def _row(one: Runs) -> tuple[str, ...]:
    floors = (one.open_ms, one.floor_ms)
    beside = (text for ms in floors for text in (f"{ms:,.0f}", f"{one.ms / ms:.2f} ×"))
    return f"{one.blocks:,}", str(one.jobs), f"{one.ms:,.0f}", *beside, f"{one.peak_mib:,.0f}"
