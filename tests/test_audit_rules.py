"""Rules of the audit: each reports its sample with all its places, and not the one near to it."""

from pathlib import Path

import pytest
from audit_samples import LATER, SAMPLES, Sample
from audit_trees import audited, commit_on
from document_samples import DOCUMENT_SAMPLES

from trueup.finding import AUDIT_RULES, CATALOGUE, RECORDING_RULES, RULES

ALL = {**SAMPLES, **DOCUMENT_SAMPLES}
READING = [name for name, rule in AUDIT_RULES.items() if rule.area == "the reading"]


def found_in(sample: Sample, rule: str, top: Path) -> list[str]:
    for day, files in sample.before.items():
        commit_on(top, day, files)
    commit_on(top, sample.day, sample.files)
    document = top / "openapi.yaml" if "openapi.yaml" in sample.files else None
    return [one.partition(" ")[2] for one in audited(top, document) if one.startswith(f"{rule} ")]


@pytest.mark.parametrize("rule", ALL)
def test_a_rule_names_every_place_of_its_sample(rule: str, tmp_path: Path) -> None:
    assert found_in(ALL[rule].red, rule, tmp_path) == [ALL[rule].red.found]


@pytest.mark.parametrize("rule", ALL)
def test_a_rule_is_silent_on_the_near_sample(rule: str, tmp_path: Path) -> None:
    assert found_in(ALL[rule].near, rule, tmp_path) == []
    assert not ALL[rule].near.found and ALL[rule].near.day == LATER


def test_every_rule_has_a_pair_of_samples() -> None:
    assert [*ALL, *READING] == list(AUDIT_RULES)
    parts = [*RULES, *AUDIT_RULES, *RECORDING_RULES]
    assert len(set(parts)) == len(parts) and list(CATALOGUE) == parts
