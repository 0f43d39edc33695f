"""Words: code, messages, docs and help are plain English with the standard terms of the field."""

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from conftest import TOP

from trueup.cli.group import cli

SAY_INSTEAD = {
    r"tells?|told|untold|telling": "report, document; conclusive, inconclusive",
    r"asks?|asked|asking": "call, request, send, require",
    r"mends?|mended": "fix",
    r"forgives?|forgiven": "suppress",
    r"parts? from|parted": "differ",
    r"lifts?|lifted": "raise",
    r"lines? up|lined up": "match, be aligned",
    r"looks? at|looked at": "check",
    r"goes with|go with": "require",
    r"(?:the|own) books": "ledger",
    r"way of the key": "auth method",
    r"whom": "name the thing",
    r"on (?:the|another|that|a) day": "on that date",
}
HEADLESS = re.compile(r"(?:What|Whom|Where|Whose|One|It|So)\b")
BLANK = r"\s+"  # a phrase may go on in the next line
WRONG = {
    re.compile(rf"\b(?:{words.replace(' ', BLANK)})\b", re.IGNORECASE): better
    for words, better in SAY_INSTEAD.items()
}
QUOTED = re.compile("others_told|cannot-tell|`untold`|(?i:go with)")
"""Words of version 1 of the files, and an idiom of advice that the check looks for."""
JOINTS = re.compile("_|(?<=[a-z])(?=[A-Z])")
"""Where an identifier is made of several words."""
PLACES = (
    *("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "manual/**/*.md", "manual/rules.yml"),
    *("docs/en/*.md", "src/**/*.py", "src/**/*.toml", "src/**/*.pot", "src/**/*.j2"),
    *("tests/**/*.py", "scripts/**/*", "overrides/**/*.css", "overrides/**/*.html"),
)
FILES = sorted(
    file.relative_to(TOP)
    for file in {file for place in PLACES for file in TOP.glob(place)}
    if file.is_file() and file.suffix != ".pyc" and file != Path(__file__)
)


def wrong_words(text: str) -> list[str]:
    """Return each word of the list in a text, with its line and with what to say instead."""
    words = JOINTS.sub(" ", QUOTED.sub("", text))
    return [
        f"{words.count(chr(10), 0, found.start()) + 1}: {found[0]}: say {better}"
        for pattern, better in WRONG.items()
        for found in pattern.finditer(words)
    ]


def help_texts(command: click.Command, name: str) -> Iterator[tuple[str, str]]:
    """The text of a command, of its options and of its own commands, each with its name."""
    yield name, command.help or ""
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            yield f"{name} {parameter.name}", parameter.help or ""
    if isinstance(command, click.Group):
        context = click.Context(command)
        for each in command.list_commands(context):
            inner = command.get_command(context, each)
            assert inner is not None
            yield from help_texts(inner, f"{name} {each}")


def test_every_help_is_in_plain_english() -> None:
    texts = dict(help_texts(cli, "trueup"))
    assert len(texts) > 50 and all(texts.values())
    assert {name: wrong for name, text in texts.items() if (wrong := wrong_words(text))} == {}
    assert [name for name, text in texts.items() if HEADLESS.match(text)] == []


def test_every_file_is_in_plain_english() -> None:
    texts = {file: (TOP / file).read_text(encoding="utf-8") for file in FILES}
    assert {file: wrong for file, text in texts.items() if (wrong := wrong_words(text))} == {}
    kinds = {file.suffix for file in FILES}
    assert {".md", ".py", ".pot", ".toml", ".yml", ".j2", ".css"} <= kinds and len(FILES) > 250


FOUND = {
    "The page tells nothing was told.": ["tells", "told"],
    "It asks what was asked.": ["asks", "asked"],
    "Mend it, and it is mended and forgiven.": ["Mend", "mended", "forgiven"],
    "It parts from the record, which lifts nothing.": ["parts from", "lifts"],
    "The bill lined\nup with the books.": ["lined\nup", "the books"],
    "It looks at\nwhat goes with the way of the key.": ["looks at", "goes with", "way of the key"],
    "To whom, on that day.": ["whom", "on that day"],
    "A report requires a part, a task, a booking and an outlook.": [],
    "def is_told(asked: NothingTold) -> None:": ["asked", "told", "Told"],
}


@pytest.mark.parametrize("text", FOUND)
def test_a_word_of_the_list_is_found_also_over_a_line_end(text: str) -> None:
    assert sorted(one.split(": ")[1] for one in wrong_words(text)) == sorted(FOUND[text])


@pytest.mark.parametrize("text", ["Whom to call.", "What it is called.", "Where it goes."])
def test_a_help_without_a_noun_is_found(text: str) -> None:
    assert HEADLESS.match(text)
