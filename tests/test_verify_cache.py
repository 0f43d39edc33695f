"""The cache: a receipt is used again only while nothing differs that it depends on."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import differences, hostile, paragraphs

import trueup
from trueup.site import Block
from trueup.status_file import Stored, parse_status
from trueup.verify import cache
from trueup.verify.cache import Cache, Keys, engine_mark
from trueup.verify.receipt import BlockReceipt

TEXT = (Path(__file__).parent / "record.yml").read_text("utf-8")
NOW = datetime(2026, 4, 20, tzinfo=UTC)
STORED = parse_status(TEXT, "status.yml", NOW)
NATIVE = "nano-banana/generate-content"
IMAGES = "nano-banana/images-generations"
CONDITIONS = ("engine", "namespace")
BLOCK = Block("a/index.html", 1, "bash", "curl -d x", "id", IMAGES)
PAGES = ("a/index.html", "b/index.html")


def receipt_of(block: Block, stored: Stored = STORED, **fields: Any) -> BlockReceipt:
    """The receipt of a replay that passed, compared with the endpoint's newest row."""
    row = stored.status.seen(block.endpoint or "", "production")[0]
    return BlockReceipt(
        **{
            "sha256": block.sha256,
            "language": block.language,
            "endpoint": block.endpoint,
            "pages": (block.page,),
            "target": "production",
            "replayed": True,
            "containment": "namespace",
            "passed": True,
            "status": 400,
            "outcome": "error",
            "request_id": "20260420é",
            "evidence": row.day,
            "record": str(stored.place_of(row)),
            **fields,
        }
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / ".cache" / "receipts.json"


def keep(file: Path, *receipts: BlockReceipt, block: Block = BLOCK) -> None:
    kept = Cache(file, Keys(STORED, CONDITIONS))
    for receipt in receipts or (receipt_of(block),):
        kept.keep(block, receipt)
    kept.save()


def find(
    file: Path,
    block: Block = BLOCK,
    stored: Stored = STORED,
    conditions: tuple[str, ...] = CONDITIONS,
) -> BlockReceipt | None:
    return Cache(file, Keys(stored, conditions)).find(block, PAGES)


def changed(old: str, new: str, start: str = "") -> Stored:
    place = TEXT.index(old, TEXT.index(start))
    return parse_status(TEXT[:place] + new + TEXT[place + len(old) :], "status.yml", NOW)


def test_an_unchanged_block_gets_the_data_of_its_run_and_the_mark(file: Path) -> None:
    keep(file)
    kept = receipt_of(BLOCK).model_copy(update={"pages": PAGES, "reused": True})
    assert find(file) == kept


told = {
    "request_id": st.none() | hostile,
    "signatures": st.lists(hostile, max_size=2).map(tuple),
    "unobserved": st.lists(differences, max_size=2).map(tuple),
    "duration_ms": st.integers(0, 10**6),
}
kept_blocks = st.tuples(
    paragraphs, st.sampled_from(["bash", "python"]), st.fixed_dictionaries(told)
)


@given(st.lists(kept_blocks, max_size=4, unique_by=lambda one: one[:2]))
def test_every_receipt_that_was_kept_is_found_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, several: list[tuple[str, str, dict[str, Any]]]
) -> None:
    file = tmp_path_factory.getbasetemp() / "receipts.json"
    blocks = [replace(BLOCK, text=text, language=language) for text, language, _ in several]
    kept = Cache(file, Keys(STORED, CONDITIONS), fresh=True)
    receipts = [receipt_of(block, **one[2]) for block, one in zip(blocks, several, strict=True)]
    for block, receipt in zip(blocks, receipts, strict=True):
        kept.keep(block, receipt)
    kept.save()
    found = Cache(file, Keys(STORED, CONDITIONS))
    again = {"pages": PAGES, "reused": True}
    assert [found.find(block, PAGES) for block in blocks] == [
        receipt.model_copy(update=again) for receipt in receipts
    ]


RECORD = "    endpoint: nano-banana/images-generations\n"
ROW = f"  - at: 2026-04-14\n{RECORD}"
CHANGED: dict[str, Callable[[], Stored]] = {
    "an observation": lambda: changed("outcome: error", "outcome: mixed", ROW),
    "what was sent": lambda: changed("body: {model: nano-banana,", "body: {", ROW),
    "a new observation of it": lambda: parse_status(
        TEXT + TEXT[TEXT.index(ROW) :].split("\n  - ")[0].rstrip() + "\n", "status.yml", NOW
    ),
    "a retraction": lambda: changed(RECORD, f"{RECORD}    retracted: typed wrongly\n", ROW),
    "another model's row on the path": lambda: changed(
        "outcome: error", "outcome: mixed", "  - at: 2026-04-14\n    endpoint: nano-banana-2/im"
    ),
    "a signature": lambda: changed("Cannot find field.", "Cannot find the field."),
    "what a signature means": lambda: changed("the gateway translated", "a gateway translated"),
    "the target": lambda: changed(
        "reference: true", "reference: true\n    media_hosts: [a.example]"
    ),
    "the route": lambda: changed("documented: bearer", "documented: x-goog-api-key"),
    "a skip": lambda: changed(
        "    body: {prompt: A",
        "    skip: {reason: no key, until: 2026-04-19}\n    body: {prompt: A",
    ),
}


@pytest.mark.parametrize("what", CHANGED)
def test_a_change_of_what_it_depends_on_makes_a_block_run_again(what: str, file: Path) -> None:
    keep(file)
    stored = CHANGED[what]()
    assert stored.status != STORED.status
    assert find(file, stored=stored) is None


@pytest.mark.parametrize("conditions", [("other", "namespace"), ("engine", "none"), ("engine",)])
def test_another_engine_or_containment_makes_a_block_run_again(
    conditions: tuple[str, ...], file: Path
) -> None:
    keep(file)
    assert find(file, conditions=conditions) is None


@pytest.mark.parametrize(
    "change", [{"text": "curl -d y"}, {"language": "python"}, {"endpoint": NATIVE}]
)
def test_another_block_has_no_receipt(change: dict[str, str], file: Path) -> None:
    keep(file)
    assert find(file, replace(BLOCK, **change)) is None  # type: ignore[arg-type]


@pytest.mark.parametrize("endpoint", [None, "nano-banana/other", "x/y"])
def test_a_block_of_no_endpoint_is_never_kept(endpoint: str | None, file: Path) -> None:
    block = replace(BLOCK, endpoint=endpoint)
    keep(file, receipt_of(BLOCK), block=block)
    assert find(file, block) is None


def test_what_it_does_not_depend_on_leaves_it_as_it_is(file: Path) -> None:
    keep(file)
    for stored in (
        changed("title: Nano Banana\n", "title: Nano Bananas\n"),
        changed("fresh_for: 30d", "fresh_for: 31d"),
        changed("outcome: output", "outcome: mixed", "    endpoint: nano-banana/generate-content"),
    ):
        assert find(file, stored=stored) is not None


def test_a_row_that_moved_in_the_file_is_named_where_it_is_today(file: Path) -> None:
    keep(file)
    found = find(file, stored=parse_status("# new\n# lines\n" + TEXT, "status.yml", NOW))
    line = int(str(receipt_of(BLOCK).record).split(":")[1])
    assert found and found.record == f"status.yml:{line + 2}:5"


@pytest.mark.parametrize(
    "fields",
    [
        {"passed": False, "reasons": ("it said nothing",)},
        {"passed": False, "skipped": "no key (until 2026-04-20)"},
        {"replayed": False, "target": "local"},
        {"record": None},
        {"record": "status.yml:1:1"},
    ],
)
def test_only_a_replay_that_passed_is_kept(fields: dict[str, Any], file: Path) -> None:
    keep(file)
    fresh = Cache(file, Keys(STORED, CONDITIONS), fresh=True)
    fresh.keep(BLOCK, receipt_of(BLOCK, **fields))
    fresh.save()
    assert json.loads(file.read_text())["receipts"] == {}
    assert find(file) is None


def tampered(file: Path, change: Callable[[dict[str, Any], str], object]) -> None:
    data = json.loads(file.read_text())
    change(data["receipts"], next(iter(data["receipts"])))
    file.write_text(json.dumps(data))


TAMPERED: dict[str, Callable[[dict[str, Any], str], object]] = {
    "its text": lambda kept, key: kept[key].__setitem__(2, kept[key][2].replace("400", "200")),
    "its row": lambda kept, key: kept[key].__setitem__(1, 0 if kept[key][1] else 1),
    "its seal": lambda kept, key: kept[key].__setitem__(0, "0" * 64),
    "its key": lambda kept, key: kept.update({"0" * 64: kept.pop(key)}),
    "its form": lambda kept, key: kept.update({key: {"text": kept[key][2]}}),
    "its types": lambda kept, key: kept.update({key: [1, "0", None]}),
    "its length": lambda kept, key: kept[key].append(1),
    "a row that is not there": lambda kept, key: kept.update(
        {key: [cache._seal(key, 99, kept[key][2]), 99, kept[key][2]]}
    ),
    "a receipt of another block": lambda kept, key: kept.update(
        {key: sealed(key, sha256="0" * 64)}
    ),
    "a receipt that failed": lambda kept, key: kept.update({key: sealed(key, passed=False)}),
    "a receipt with a field too many": lambda kept, key: kept.update(
        {key: [cache._seal(key, 0, '{"x": 1}'), 0, '{"x": 1}']}
    ),
    "a receipt that is no JSON": lambda kept, key: kept.update(
        {key: [cache._seal(key, 0, "{"), 0, "{"]}
    ),
}


def sealed(key: str, **fields: Any) -> list[Any]:
    text = receipt_of(BLOCK, **fields).model_dump_json()
    return [cache._seal(key, 0, text), 0, text]


@pytest.mark.parametrize("what", TAMPERED)
def test_a_tampered_entry_is_not_used(what: str, file: Path) -> None:
    keep(file)
    tampered(file, TAMPERED[what])
    assert find(file) is None


FOREIGN = {
    "nothing": b"",
    "half of it": b'{"version": 1, "receipts": {"a": [',
    "a list": b"[]",
    "another version": b'{"version": 2, "receipts": {}}',
    "no receipts": b'{"version": 1}',
    "receipts in a list": b'{"version": 1, "receipts": []}',
    "bytes": b"\xff\xfe\x00",
    "a depth": b"[" * 100_000,
}


@pytest.mark.parametrize("what", FOREIGN)
def test_a_file_that_is_not_ours_holds_nothing_and_is_replaced(what: str, file: Path) -> None:
    file.parent.mkdir()
    file.write_bytes(FOREIGN[what])
    assert find(file) is None
    keep(file)
    assert find(file) is not None


def test_a_folder_in_place_of_the_file_holds_nothing(file: Path) -> None:
    file.mkdir(parents=True)
    assert find(file) is None


def test_what_is_asked_to_be_fresh_finds_nothing_and_is_kept_anew(file: Path) -> None:
    keep(file)
    fresh = Cache(file, Keys(STORED, CONDITIONS), fresh=True)
    assert fresh.find(BLOCK, PAGES) is None
    fresh.keep(BLOCK, receipt_of(BLOCK))
    fresh.save()
    assert find(file) is not None


def test_a_receipt_that_was_used_stays_and_one_that_was_not_goes(file: Path) -> None:
    other = replace(BLOCK, text="another")
    both = Cache(file, Keys(STORED, CONDITIONS))
    both.keep(BLOCK, receipt_of(BLOCK))
    both.keep(other, receipt_of(other))
    both.save()
    again = Cache(file, Keys(STORED, CONDITIONS))
    assert again.find(other, PAGES) is not None
    again.save()
    assert find(file) is None and find(file, other) is not None


def test_a_file_is_replaced_in_one_step_and_leaves_nothing_beside_it(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(file)
    before = file.read_bytes()

    def fail(*_: object) -> None:
        raise OSError("the disk is full")

    with monkeypatch.context() as patch, pytest.raises(OSError, match="full"):
        patch.setattr("os.replace", fail)
        keep(file, receipt_of(BLOCK, status=500))
    assert file.read_bytes() == before
    assert [one.name for one in file.parent.iterdir()] == ["receipts.json"]


@pytest.fixture
def marks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[], str]:
    """The engine's mark, read anew each time, of a small engine of its own."""
    (tmp_path / "sandbox").mkdir()
    (tmp_path / "sandbox" / "a.py").write_text("x = 1\n")
    monkeypatch.setattr(cache, "ENGINE", tmp_path)
    return engine_mark.__wrapped__


def test_a_changed_engine_file_has_another_mark(marks: Callable[[], str], tmp_path: Path) -> None:
    first = marks()
    assert marks() == first
    (tmp_path / "sandbox" / "a.py").write_text("x = 2\n")
    second = marks()
    (tmp_path / "sandbox" / "a.py").rename(tmp_path / "sandbox" / "b.py")
    third = marks()
    (tmp_path / "sandbox" / "tunnel.cjs").write_text("// how Node is led")
    assert len({first, second, third, marks()}) == 4


def test_another_python_package_or_program_has_another_mark(
    marks: Callable[[], str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    found = [marks()]
    monkeypatch.setattr("sys.version", "3.99")
    found.append(marks())
    monkeypatch.setattr("sys.path", [str(tmp_path)])
    found.append(marks())
    (tmp_path / "httpx-9.9.dist-info").mkdir()
    found.append(marks())
    (tmp_path / "curl").write_text("#!/bin/sh\necho curl 99\n")
    (tmp_path / "curl").chmod(0o755)
    monkeypatch.setattr(cache, "BLOCK_PATH", str(tmp_path))
    found.append(marks())
    (tmp_path / "curl").write_text("#!/bin/sh\necho curl 98\n")
    found.append(marks())
    assert len(set(found)) == len(found)


def test_the_day_of_the_evidence_survives_the_file(file: Path) -> None:
    keep(file)
    found = find(file)
    assert found and found.evidence == date(2026, 4, 14)


def test_the_engine_is_the_whole_package() -> None:
    assert Path(trueup.__file__).parent == cache.ENGINE
