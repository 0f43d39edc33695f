import pytest
from status_sample import NOW, TEXT, parsed, refused

from trueup.errors import BadStatus
from trueup.status_file import parse_status

ROW = TEXT[TEXT.index("  - at: 2026-04-14\n    endpoint") :]
ERROR = "outcome: error\n    signatures: [no-channel]"
NEWER = (
    "outcome: output\n    billing: charged-without-output",
    "outcome: inconclusive\n    reason: x\n    others_conclusive: true\n    billing: inconclusive",
)
CURRENT = TEXT + "".join(ROW.replace(ERROR, new) for new in NEWER)
WORDS = {
    "version: 2": "version: 1",
    "outcome: output": "outcome: image",
    "outcome: inconclusive": "outcome: cannot-tell",
    "billing: inconclusive": "billing: cannot-tell",
    "billing: charged-without-output": "billing: charged-without-image",
    "others_conclusive: true": "others_told: true",
}


def test_a_file_of_version_1_is_refused_with_what_to_write() -> None:
    assert refused(TEXT.replace("version: 2", "version: 1")) == [
        "status.yml:1:1: version is 1, expected 2. Write version: 2. In the observations,"
        " replace outcome image by output, billing charged-without-image by charged-without-output,"
        " cannot-tell by inconclusive in both, and the key others_told by others_conclusive."
    ]


def test_a_base_of_version_1_reads_as_in_the_words_of_version_2() -> None:
    old = CURRENT
    for new, word in WORDS.items():
        assert new in old
        old = old.replace(new, word)
    read = parse_status(old, "main:status.yml", NOW, is_base=True)
    assert read.status == parsed(CURRENT).status


def test_a_base_of_version_1_may_name_the_rules_of_its_time() -> None:
    new = TEXT.replace("policy: {", "policy: {severities: {unused-receipt: error}, ", 1)
    old = new.replace("version: 2", "version: 1").replace("unused-receipt", "stray-receipt")
    read = parse_status(old, "main:status.yml", NOW, is_base=True)
    assert "stray-receipt" in old and read.status == parsed(new).status


@pytest.mark.parametrize("rows", ["observations: 3", "observations: [3]"])
def test_an_invalid_base_of_version_1_is_refused_as_any_other(rows: str) -> None:
    head = TEXT.replace("version: 2", "version: 1").partition("observations:")[0]
    with pytest.raises(BadStatus):
        parse_status(f"{head}{rows}\n", "main:status.yml", NOW, is_base=True)
