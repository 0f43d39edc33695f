"""Shards: every distinct block is in one of them, and what a run leaves out stays in the cache."""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_verify_cache import receipt_of
from test_verify_pool import IMAGES, Watched

from trueup.errors import BadInput
from trueup.site import Block
from trueup.snippet import LANGUAGES
from trueup.status_file import parse_status
from trueup.verify.cache import Cache
from trueup.verify.judge import distinct_blocks
from trueup.verify.pool import Pool
from trueup.verify.shard import MOST, Shard

TEXT = (Path(__file__).parent / "record.yml").read_text("utf-8")
NOW = datetime(2026, 4, 20, tzinfo=UTC)
STORED = parse_status(TEXT, "status.yml", NOW)


def block(number: int, name: str = "curl") -> Block:
    return Block(
        "a", number, LANGUAGES[name].fence, f"block {number}", f"b{number}--{name}", IMAGES
    )


@given(st.lists(st.sampled_from(sorted(LANGUAGES)), max_size=40), st.integers(1, 12))
def test_each_block_is_in_one_shard_and_each_language_is_spread_evenly(
    names: list[str], count: int
) -> None:
    published = distinct_blocks(block(number, name) for number, name in enumerate(names))
    parts = [Shard(number, count).part_of(published) for number in range(1, count + 1)]
    together = [pair for part in parts for pair in part]
    assert sorted(together, key=published.index) == published
    assert all(part == sorted(part, key=published.index) for part in parts)
    for seen in (names, *({name} for name in names)):
        sizes = [sum(names[one.line] in seen for one, _ in part) for part in parts]
        assert max(sizes) - min(sizes) <= 1


@pytest.mark.parametrize("text", ["1/1", "4/4", f"{MOST}/{MOST}"])
def test_a_shard_is_written_as_it_is_read(text: str) -> None:
    assert str(Shard.parse(text)) == text


WRONG = ["0/4", "5/4", "1/0", f"1/{MOST + 1}", "1", "1/", "/2", "-1/2", "1/2/3", "1 /2", "01/2", ""]


@pytest.mark.parametrize("text", [*WRONG, "١/٢", "1/2\n", "1e1/20", "1/99999999999"])
def test_a_shard_out_of_range_is_named(text: str) -> None:
    with pytest.raises(BadInput, match=r"^--shard: got .*, expected K/N .*give 1/4\.$"):
        Shard.parse(text)


@pytest.mark.parametrize("fresh", [False, True])
def test_the_cache_keeps_the_receipts_of_the_other_shards_alone(
    fresh: bool, tmp_path: Path
) -> None:
    file, blocks = tmp_path / "receipts.json", [block(number) for number in range(4)]
    kept = Cache(file, STORED, ())
    for one in (*blocks, gone := block(9)):
        kept.keep(one, receipt_of(one, containment="none"))
    kept.save()
    pool = Pool(Watched().harness, cache=Cache(file, STORED, (), fresh))
    report = Shard(2, 2).run(pool, blocks, STORED, NOW.date())
    assert Counter(receipt.reused for receipt in report.receipts) == {not fresh: 2}
    left = Cache(file, STORED, ())
    found = [one.text for one in (*blocks, gone) if left.find(one, ("a",))]
    # What this run could not prove anew is gone, and so is what no page publishes any more.
    assert found == (["block 0", "block 2"] if fresh else [one.text for one in blocks])
