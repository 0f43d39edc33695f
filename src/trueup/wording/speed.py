"""Speed: what `scripts/bench` measured, and the tables made from it."""

from collections.abc import Callable, Iterator
from datetime import date
from itertools import groupby

from trueup.model import Frozen
from trueup.wording.catalogue import Catalogue
from trueup.wording.pages import table
from trueup.wording.text import plain


class Machine(Frozen):
    """Where it was measured."""

    system: str
    """Kernel and processor, as they name themselves."""
    cores: int
    """How many processors there were."""
    python: str
    """Version of Python."""
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


class Build(Frozen):
    """The pages built twice, with and without Trueup."""

    s: float
    """Seconds for the site from the sources."""
    plain_s: float
    """Seconds of plain MkDocs for the same pages, their macros already filled in."""


class Serving(Frozen):
    """The mock under load, on one core, with its ledger and all its checks."""

    connections: int
    """Connections held open at a time."""
    request_bytes: int
    """Size of a request's body."""
    reply_bytes: int
    """Size of a reply's body."""
    per_s: float
    """Requests a second."""
    p99_ms: float
    """99 of 100 replies came within so many milliseconds."""
    bare_per_s: float
    """The same of an app that does nothing but encode the same reply, on the same server."""


class Figures(Frozen):
    """One run of `scripts/bench`."""

    on: date
    """The day."""
    machine: Machine
    runs: tuple[Runs, ...]
    unchanged: Unchanged
    build: Build
    serving: Serving


def render_figures(figures: Figures, catalogue: Catalogue) -> str:
    """Tables and sentences in Markdown."""
    return "\n\n".join(_parts(figures, catalogue))


def _parts(figures: Figures, catalogue: Catalogue) -> Iterator[str]:
    _, number = catalogue.gettext, catalogue.number
    machine, build, mock = figures.machine, figures.build, figures.serving
    yield _(
        "Measured on {day}: {system}, {cores} cores, Python {python}; load before it began: {load}."
    ).format(
        day=figures.on,
        system=plain(machine.system),
        cores=machine.cores,
        python=plain(machine.python),
        load=number(machine.load, 1),
    )
    heads = (_("Blocks"), _("Jobs"), _("ms a block"), _("Floor"), _("Ratio"), _("MiB"))
    for language, runs in groupby(figures.runs, lambda one: one.language):
        yield f"**{language}**"
        yield table(heads, [_row(one, number) for one in runs])
    yield _("**Unchanged blocks.** {blocks} of them took {s} s in all.").format(
        blocks=number(figures.unchanged.blocks), s=number(figures.unchanged.s, 2)
    )
    yield _(
        "**Building.** The site took {s} s, plain MkDocs {plain} s for the same pages: {ratio} ×."
    ).format(
        s=number(build.s, 2),
        plain=number(build.plain_s, 2),
        ratio=number(build.s / build.plain_s, 2),
    )
    yield _(
        "**The mock.** {per_s} requests a second on one core at {connections} connections,"
        " {sent} bytes in and {got} out, 99 of 100 within {p99} ms. A bare app that only encodes"
        " the same reply makes {bare}: {ratio} ×."
    ).format(
        per_s=number(mock.per_s),
        connections=mock.connections,
        sent=number(mock.request_bytes),
        got=number(mock.reply_bytes),
        p99=number(mock.p99_ms, 1),
        bare=number(mock.bare_per_s),
        ratio=number(mock.per_s / mock.bare_per_s, 2),
    )


def _row(one: Runs, number: Callable[..., str]) -> tuple[str, ...]:
    return (
        number(one.blocks),
        str(one.jobs),
        number(one.ms),
        number(one.floor_ms),
        f"{number(one.ms / one.floor_ms, 2)} ×",
        number(one.peak_mib),
    )
