"""The engine is for any gateway: it has no name of the first one's status file."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from conftest import TOP

from trueup.mock.simulated_file import FILMS, SOUNDS
from trueup.model import Status
from trueup.protocols import PROTOCOLS
from trueup.scaffold import KINDS, InstallSource, SiteAnswers, starter_files
from trueup.status_file import Stored, load_status

ENGINE = TOP / "src" / "trueup"
BINARY = {".pyc", ".mo", ".png", *(f".{ending}" for ending in (*SOUNDS, *FILMS))}


def names_of(status: Status) -> set[str]:
    """The names that are a status file's own: hosts and their brand, models, upstreams, titles."""
    hosts = {urlsplit(url).hostname or "" for url in status.targets[status.reference].base_urls}
    brands = {host.split(".")[-2] for host in hosts}
    models = set(status.models) | {status.upstream(name) for name in status.models}
    models |= {status.family(name) for name in status.models}
    models |= {mapping.upstream for mapping in status.mappings}
    # A pattern of names, too; but the name of a protocol is nobody's own.
    starts = {f"{name.partition('-')[0]}-" for name in models if "-" in name}
    starts -= {f"{name.partition('-')[0]}-" for name in PROTOCOLS}
    titles = {model.title for model in status.models.values()}
    titles |= {status.title_of(route) for route in status.routes if status.routes[route].title}
    return {name.lower() for name in hosts | brands | models | starts | titles}


@pytest.fixture(scope="module")
def recorded() -> Status:
    """The frozen record of the image routes: the words of text routes are those of any gateway."""
    return load_status(TOP / "tests" / "record.yml", datetime.now(UTC)).status


def names_in(recorded: Status, status: Status) -> set[str]:
    """Return the names of the record, and the models of today's status file."""
    return names_of(recorded) | {name.lower() for name in status.models}


def named(text: str, names: set[str]) -> Iterator[tuple[int, str]]:
    """Each line of a text with the first name in it; a name may be broken by a line's end."""
    longest = sorted(names, key=len, reverse=True)
    words = (r"[\s\"#>*]+".join(map(re.escape, name.split())) for name in longest)
    for found in re.finditer("|".join(words), text, re.IGNORECASE):
        yield text[: found.start()].count("\n") + 1, found[0]


def engine_files() -> Iterator[Path]:
    return (
        file for file in sorted(ENGINE.rglob("*")) if file.is_file() and file.suffix not in BINARY
    )


def test_no_name_of_the_first_gateway_is_in_the_engine(recorded: Status, stored: Stored) -> None:
    names = names_in(recorded, stored.status)
    files = list(engine_files())
    assert len(files) > 150 and {".py", ".po", ".j2", ".cjs"} <= {file.suffix for file in files}
    found = [
        f"{file.relative_to(TOP)}:{line}: {name}"
        for file in files
        for line, name in named(file.read_text(encoding="utf-8"), names)
    ]
    assert not found, "\n".join(found)


def test_a_new_site_has_no_name_of_the_first_gateway(recorded: Status, stored: Stored) -> None:
    names = names_in(recorded, stored.status)
    sites = [SiteAnswers(day=datetime.now(UTC).date(), protocol=name) for name in KINDS]
    assert not [
        (name, found)
        for answers in sites
        for name, content in starter_files(answers, InstallSource(("trueup==1",))).items()
        if name != "requirements.lock"
        for found in named(content.decode(errors="replace"), names)
    ]


def test_the_names_are_those_of_the_status_file(recorded: Status) -> None:
    status, names = recorded, names_of(recorded)
    (first, *_) = status.targets[status.reference].base_urls
    assert {urlsplit(first).hostname, *status.models} <= names
    assert len(names) > 2 * len(status.models) and all(len(name) > 4 for name in names)


@pytest.mark.parametrize(
    "write",
    [
        lambda status: f"# calls {status.targets[status.reference].base_url} first",
        lambda status: f'"""Such as `{next(iter(status.models))}`."""',
        lambda status: f"{next(iter(status.models)).partition('-')[0]}-*/route",
        lambda status: status.models[next(iter(status.models))].title.upper(),
        lambda status: next(
            route.title.replace(" ", "\n# ") for route in status.routes.values() if route.title
        ),
    ],
    ids=["host", "model", "pattern", "title", "broken by a line"],
)
def test_a_name_in_a_file_is_caught(write: object, stored: Stored) -> None:
    assert callable(write)
    text = f"x = 1\n{write(stored.status)}\n"
    assert [line for line, _ in named(text, names_of(stored.status))][:1] == [2]
    assert not list(named("x = 1\n", names_of(stored.status)))
