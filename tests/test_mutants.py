"""Mutants: a few pass through the gate here, which tests its harness; a long run tries all."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
import yaml
from conftest import TOP
from mutation import NAMES, Gate, Mutant, Result, Tree, area_of, complaints, load_survivors
from mutation import mutants_of as made
from mutation.figures import Mutants, render_mutants
from mutation.templates import SWAPS, templates
from mutation.tree import proof_of
from test_repository import check_script

from trueup.errors import BadInput
from trueup.receipts import Bill
from trueup.retest.status_update import update_status
from trueup.status_file import parse_status

FILE = TOP / "manual" / "mutants.json"
CHEAP = ("changed-hold",)
"""A class refused by the history."""
UNBUILT = [name for name in NAMES if area_of(name) != "built"]
TODAY = date(2026, 4, 20)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    return Tree.copy(tmp_path_factory.mktemp("mutants") / "tree", datetime.now(UTC))


@pytest.fixture(scope="module")
def gate(tree: Tree) -> Iterator[Gate]:
    with Gate(tree, tree.top.with_name("gate")) as opened:
        yield opened


@pytest.mark.parametrize(
    "name",
    [name if name in CHEAP else pytest.param(name, marks=pytest.mark.long) for name in UNBUILT],
)
def test_the_first_of_a_class_is_refused_or_listed(name: str, tree: Tree, gate: Gate) -> None:
    judged = next(filter(None, map(gate.judge, made(tree, name))))
    listed = load_survivors()
    assert complaints([judged], listed, tree.now.date(), is_whole=False) == []


REFUSED = [
    ("swapped-signature", "generation: reworded", "altered-observation"),
    ("made-up-observation", "a report of before", "loosened-policy"),
    ("changed-hold", "gone", "loosened-policy"),
    ("changed-hold", "to less", "loosened-policy"),
    ("changed-hold", "of another", "loosened-policy"),
    ("translated-fact", "day", "typed-fact"),
    ("wrong-request-in-code", "curl.sh.j2: -H 'X-Type", "failed-block"),
    ("wrong-request-in-code", 'curl.sh.j2: ~ "$API_KEY"', "failed-block"),
]


@pytest.mark.long
@pytest.mark.parametrize(("name", "what", "rule"), REFUSED)
def test_a_mutant_is_refused_by_the_rule_for_it(
    name: str, what: str, rule: str, tree: Tree, gate: Gate
) -> None:
    mutant = next(one for one in made(tree, name) if what in one.name)
    judged = gate.judge(mutant)
    assert judged and rule in judged.rules


@pytest.mark.long
def test_a_hold_may_be_removed_with_a_reason(tree: Tree, gate: Gate) -> None:
    gone = next(one for one in made(tree, "changed-hold") if one.name.endswith(": gone"))
    text = (gone.edits["status.yml"] or b"").decode()
    reason = f"the bills of {tree.stored.status.holds[0].endpoint} were settled"
    text = text.replace("policy:\n", f"policy:\n  loosened: {reason}\n", 1)
    freed = Mutant("none", "with a reason", {"status.yml": text.encode()})
    assert gate.judge(freed) == Result(freed, None, ())


@pytest.mark.long
def test_a_hold_may_be_removed_after_newer_clean_evidence(tree: Tree, gate: Gate) -> None:
    gone = next(one for one in made(tree, "changed-hold") if one.name.endswith(": gone"))
    status = tree.stored.status
    endpoint = status.holds[0].endpoint
    stored = parse_status((gone.edits["status.yml"] or b"").decode(), "status.yml", tree.now)
    files: dict[str, bytes | None] = {}
    for days in range(status.policy.recover_after):
        day = status.holds[0].on + timedelta(days=days + 1)
        bill = Bill(verdict="aligned", cause="agreed", reason="they agree")
        proof = proof_of(status, endpoint, day, outcome="output", shape="data-uri", billing=bill)
        made_of = update_status(stored, [proof], tree.now)
        stored = made_of.stored
        files |= {name: content.encode() for name, content in made_of.files.items()}
    files["status.yml"] = stored.text.encode()
    recovered = Mutant("none", "recovered", files)
    assert gate.judge(recovered) == Result(recovered, None, ())


@pytest.mark.long
def test_docs_that_are_refused_themselves_get_no_mutant(tree: Tree) -> None:
    top = tree.top.with_name("broken")
    shutil.copytree(tree.top, top)
    page = top / "docs" / "en" / "decides.md"
    page.write_text(page.read_text("utf-8") + "\nSince 2026-04-14.\n", "utf-8")
    with pytest.raises(
        BadInput, match="the docs break structure-mismatch, typed-fact without any mutant"
    ):
        Gate(replace(tree, top=top), top.with_name("unused"))


def test_a_change_that_no_step_refuses_survives(tree: Tree, gate: Gate) -> None:
    path = "docs/ja/decides.md"
    spaced = Mutant("none", "a line more", {path: tree.files[path] + b"\n"})
    judged = gate.judge(spaced)
    assert judged == Result(spaced, None, ())
    assert len(complaints([judged], load_survivors(), tree.now.date(), is_whole=False)) == 1


def test_a_copy_is_left_as_it_was(tree: Tree, gate: Gate) -> None:
    mutant = Mutant("none", "a page less and one more", {"docs/ja/index.md": None, "a.md": b"a"})
    judged = gate.judge(mutant)
    assert judged and judged.step == "check"
    assert (gate.top / "docs/ja/index.md").read_bytes() == tree.files["docs/ja/index.md"]
    assert not (gate.top / "a.md").exists()


def test_a_mutant_that_changes_no_byte_is_no_mutant(tree: Tree, gate: Gate) -> None:
    same = Mutant("none", "the same", {"status.yml": tree.files["status.yml"]})
    with pytest.raises(AssertionError, match=r"status\.yml is not changed"):
        gate.judge(same)


@pytest.mark.long
def test_a_template_that_makes_the_same_blocks_is_no_mutant(tree: Tree, gate: Gate) -> None:
    path = "snippets/shared/python.py.j2"
    same = Mutant("none", "a comment", {path: tree.files[path] + b"{# a #}"})
    assert gate.judge(same) is None


@pytest.mark.parametrize(
    ("end", "old"), [(end, old) for ends in SWAPS.values() for end in ends for old, _ in ends[end]]
)
def test_each_replaced_text_is_in_a_template(end: str, old: str, tree: Tree) -> None:
    assert any(old in text for path, text in templates(tree) if path.endswith(end))


@pytest.mark.long
def test_the_mutants_of_a_tree_are_always_the_same(tree: Tree) -> None:
    for name in UNBUILT:
        assert list(made(tree, name)) == list(made(tree, name)), name


def result(step: str | None, *rules: str) -> Result:
    return Result(Mutant("forged-receipt", "a", {}), step, rules)


def test_an_unlisted_survivor_fails() -> None:
    (found,) = complaints([result(None), result("check", "typed-fact")], [], TODAY)
    assert found == (
        "forged-receipt, a: nothing refuses it. Fix the gate, or list it in tests/survivors.yml"
        " with a reason and a date."
    )
    (warned,) = complaints([result(None, "fewer-blocks")], [], TODAY)
    assert "nothing refuses it but a warning (fewer-blocks)." in warned


def test_an_entry_expires_after_its_date_and_must_match_a_survivor() -> None:
    entry = next(one for one in load_survivors() if one.kind == "forged-receipt")
    assert complaints([result(None)], [entry], entry.until) == []
    late = complaints([result(None)], [entry], entry.until + timedelta(days=1))
    assert [f"expired on {entry.until}" in one for one in late] == [True]
    (unused,) = complaints([result("check", "typed-fact")], [entry], TODAY)
    assert "no mutant of it survives" in unused
    assert complaints([], [entry], TODAY, is_whole=False) == []


def test_every_entry_is_of_a_known_class() -> None:
    entries = load_survivors()
    assert {one.kind for one in entries} <= set(NAMES)
    written = yaml.safe_load((TOP / "tests" / "survivors.yml").read_text("utf-8"))
    assert len(written) == len(entries)


def test_the_published_figures_are_of_the_classes_of_today() -> None:
    figures = Mutants.model_validate_json(FILE.read_bytes())
    assert [(one.area, one.name) for one in figures.kinds] == [(area_of(n), n) for n in NAMES]
    assert figures.mutants >= 150 and all(one.mutants for one in figures.kinds)
    survived = {one.name for one in figures.kinds if one.killed < one.mutants}
    assert survived == {one.kind for one in load_survivors()}


def test_the_page_shows_every_class_and_the_rate() -> None:
    figures = Mutants.model_validate_json(FILE.read_bytes())
    text = render_mutants(figures)
    for one in figures.kinds:
        assert f"| `{one.name}` | {one.mutants} | {one.killed} | " in text
    assert f"{100 * figures.rate:.1f} %" in text and str(figures.on) in text


def test_a_rate_is_never_rounded_up_to_100_percent() -> None:
    figures = Mutants.model_validate_json(FILE.read_bytes())
    many = figures.kinds[0].model_copy(update={"mutants": 100_000, "killed": 99_999})
    text = render_mutants(figures.model_copy(update={"kinds": (many,)}))
    assert "100" not in text.partition("refused: ")[2].partition(" %")[0]


def test_the_script_is_a_script_like_the_others() -> None:
    assert not list(check_script(TOP / "scripts" / "mutants"))
