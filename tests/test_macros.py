import re
from inspect import signature
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import TOP
from mkdocs.exceptions import PluginError

from trueup.macros import define_env
from trueup.model import Observation
from trueup.site import AS_OF
from trueup.site.macro_calls import MACROS, OPTIONAL


class Environment:
    """What mkdocs-macros hands to a module."""

    def __init__(self, top: Path) -> None:
        self.project_dir = str(top)
        self.conf = {"docs_dir": str(top / "docs" / "en"), "extra": {AS_OF: "2026-04-14"}}
        self.macros: dict[str, Any] = {}

    def macro(self, function: Any, name: str) -> None:
        self.macros[name] = function


def macros_of(top: Path) -> dict[str, Any]:
    environment = Environment(top)
    define_env(environment)
    return environment.macros


@pytest.fixture
def macros() -> dict[str, Any]:
    return macros_of(TOP)


ARGUMENTS = {
    "model": "nano-banana-pro",
    "endpoint": "nano-banana/generate-content",
    "observed": "nano-banana/generate-content",
    "console": "install",
    "policy": "fresh_for",
    "protocol": "gemini",
    "shape": "data-uri",
    "facts": "parameters",
}


def test_every_macro_gives_whole_blocks_at_column_0(repository: Path) -> None:
    console = repository / "snippets" / "console" / "install.txt"
    console.parent.mkdir()
    console.write_text("$ pip install google-genai\n")
    for name, macro in macros_of(repository).items():
        text = macro(*(ARGUMENTS[kind] for kind in MACROS[name] if kind in ARGUMENTS))
        assert text and text == text.strip("\n") and not text.startswith(" "), name


def test_only_legacy_code_is_called_legacy(macros: dict[str, Any]) -> None:
    legacy = macros["route"]("nano-banana/images-generations")
    line = '<p class="tu-legacy" data-copy-label="Copy legacy code that is not recommended">'
    assert legacy.index(line) < legacy.index('=== "curl"')
    assert "tu-legacy" not in macros["route"]("nano-banana/generate-content")
    assert "tu-legacy" not in macros["best"]("nano-banana")


def test_the_reply_is_folded_behind_the_code(macros: dict[str, Any]) -> None:
    for text in (macros["route"]("nano-banana-2/generate-content"), macros["best"]("nano-banana")):
        *_, last = text.split("<!--stamp:")
        assert '\n\n??? example tu-reply "Example response' in last and '"inlineData"' in last


def test_an_excerpt_is_the_item_as_written_in_the_file(macros: dict[str, Any]) -> None:
    fence = macros["newest"]("nano-banana/images-generations")
    text = "\n".join(fence.splitlines()[1:-1])
    assert text.partition("\n")[2] in (TOP / "status.yml").read_text()
    row = yaml.safe_load(text)["observations"][0]
    assert Observation.model_validate(row).endpoint == "nano-banana/images-generations"


def test_a_fence_is_longer_than_any_run_of_backticks_inside(repository: Path) -> None:
    text = (repository / "status.yml").read_text()
    (repository / "status.yml").write_text(text.replace("prompt: A clean", "prompt: A ````` clean"))
    assert "``````" in macros_of(repository)["route"]("nano-banana/images-generations")


def test_a_page_of_a_model_has_each_part_once(macros: dict[str, Any]) -> None:
    page = macros["model_page"]("nano-banana")
    best = macros["alternative"]("nano-banana")
    assert "Last tested on" in page.split("\n\n")[0]
    assert page.split("\n\n")[1] == best and "Nano Banana 2" in best
    assert macros["alternative"]("nano-banana-2") not in macros["model_page"]("nano-banana-2")
    for name in ("generate-content", "images-generations"):
        assert page.count(macros["route"](f"nano-banana/{name}")) == 1
    for macro in ("advice", "risks", "model_status", "history", "variants", "changes"):
        assert page.count(f"\n\n{macros[macro]('nano-banana')}") == 1, macro
    titles = re.findall("^## .* { #([a-z-]+) }$", page, re.MULTILINE)
    assert titles == [
        *("nano-banana--generate-content", "nano-banana--images-generations"),
        *("parameters", "what-to-do", "risks", "current-status", "history"),
        *("what-was-tried-with-other-requests", "what-would-change-this"),
    ]


def test_a_model_without_an_endpoint_has_a_page(repository: Path) -> None:
    status = repository / "status.yml"
    text = status.read_text("utf-8")
    added = "models:\n  oak: {title: Oak, family: nano-banana}\n"
    status.write_text(text.replace("models:\n", added, 1), "utf-8")
    page = macros_of(repository)["model_page"]("oak")
    assert page.startswith("Nobody has tested these routes.\n\nBest on record: [Nano Banana 2](")


def test_a_page_denies_no_test_on_record(macros: dict[str, Any]) -> None:
    """A variant's result, or one whose request is not on record, decides nothing; it was a test."""
    for model in ("gemini-2.5-pro", "tts-1", "gpt-4o-mini"):
        page = macros["model_page"](model)
        assert page.startswith("No test on record shows whether these requests work.")
        assert "obody has tested" not in page
    assert macros["model_page"]("whisper-1").startswith("Nobody has tested these routes.")
    starts = macros["start_here"]()
    assert "Nobody has tested [GTE Rerank v2](" in starts and "TTS-1" not in starts
    assert "returned output on production for a PNG image" in macros["variants"]("gemini-2.5-pro")


def test_untested_code_is_folded(macros: dict[str, Any]) -> None:
    folded = '??? info "Show the code, which is unverified"'
    assert folded in macros["route"]("tts-1/audio-speech")
    assert folded not in macros["route"]("gpt-5.4/chat-completions")


def test_a_model_is_linked_to_its_page_and_without_one_to_its_evidence(
    macros: dict[str, Any], repository: Path
) -> None:
    home = "(nano-banana-2.md#nano-banana-2--generate-content)"
    assert home in macros["advice"]("nano-banana")
    (repository / "docs" / "en" / "nano-banana-2.md").unlink()
    assert "(status.md#nano-banana-2)" in macros_of(repository)["advice"]("nano-banana")


@pytest.mark.parametrize(
    ("macro", "argument", "message"),
    [
        ("console", "nothing", "got 'nothing', expected a file of snippets/console"),
        (
            "route",
            "nano-banana/nothing",
            "'nano-banana/nothing', expected an endpoint of the",
        ),
        ("advice", "nothing", "'nothing', expected a model of the status file. Use one of "),
        ("risks", "nano-banan", "'nano-banan', .* Did you mean 'nano-banana'"),
        ("newest", "nano-banana/nothing", "expected an endpoint with an observation"),
        ("policy", "model_fields", "expected a field of the policy. Use one of fresh_for, "),
        ("sample", "gemini", "sample got 1 argument, "),
        ("documented", "limit", "expected a kind of documented facts. Did you mean 'limits'"),
        ("as_of", "nothing", "as_of got 1 argument, expected none"),
        ("advice", 3, "an argument without quotes"),
    ],
)
def test_an_unknown_name_is_reported_without_a_traceback(
    macro: str, argument: object, message: str, macros: dict[str, Any]
) -> None:
    with pytest.raises(PluginError, match=message):
        macros[macro](argument)


def test_every_macro_has_the_parameters_that_the_check_knows(macros: dict[str, Any]) -> None:
    assert set(macros) == set(MACROS)
    for name, macro in macros.items():
        parameters = signature(macro).parameters.values()
        assert tuple(one.name for one in parameters) == MACROS[name], name
        optional = {one.name for one in parameters if one.default is not one.empty}
        assert optional == set(MACROS[name]) & set(OPTIONAL)


def test_a_status_file_that_cannot_be_read_stops_the_build(repository: Path) -> None:
    (repository / "status.yml").write_text("version: 2\n")
    with pytest.raises(PluginError, match="status.yml:1"):
        macros_of(repository)
