"""What a page may repeat of documented facts, and what the facts themselves may not say."""

from pathlib import Path

import pytest
from status_sample import NOW, parsed
from test_documented import SAMPLE

from trueup.check.banned_terms import banned_terms
from trueup.check.claims import check_text
from trueup.check.page_markdown import whole_markdown
from trueup.check.prose import check_prose
from trueup.check.status_claims import check_status
from trueup.check.status_translations import check_status_text
from trueup.check.typed_page import read_typed_page
from trueup.evidence import assess
from trueup.place import Place
from trueup.site import parse_page

TERMS = banned_terms(parsed(SAMPLE).status)
COVERED = [
    *("The documented price is $0.02.", "Files of 20 MB at most are documented."),
    *("The docs state 60 requests per minute.", "At 1024x640, as documented for `resolution`."),
    *("It is documented: call `GET /api/user/self`.", "ドキュメントによると、価格は $0.02 です。"),
    *("据文档，价格为 $0.02。", "По документации цена $0.02."),
]
FOUND = [
    *("The price is $0.02.", "Files of up to 20 MB.", "The documented price is $0.03."),
    *("It is documented. The price is $0.02.", "The price $0.02 is not documented."),
    *("Documented: 20 MB per second.", "Documented: 60 requests per second."),
    "Documented: 160 requests per minute.",
    *("Documented: files of 1.20 MB.", "Documented: at 1024x640.", "Documented: $0.02 and $5."),
    *("The documented resolution is 2048x640.", "Documented: `GET /api/user/others`."),
    *("Call `GET /api/user/self`.", "It is undocumented: $0.02.", "Documented: sixty a second."),
    *("ドキュメントには記載がありませんが、価格は $0.02 です。", "文档没有写，价格为 $0.02。"),
    *("The docs list it: it costs 60.50.", "The price of $0.02 is not officially documented."),
    *("Nobody has documented the price of $0.02.", "It isn't documented that it costs $0.02."),
    *("据说文档未写价格 $0.02。", "Documented: at most $20 MB."),
    *("Не документировано: цена $0.02.", "The documented uptime is 99.9%."),
]  # fmt: skip


@pytest.mark.parametrize("text", COVERED)
def test_a_documented_fact_may_be_repeated_where_it_is_called_so(text: str) -> None:
    assert list(check_text(Place("a"), text, TERMS)) == []


@pytest.mark.parametrize("text", FOUND)
def test_any_other_figure_or_path_is_still_a_claim(text: str) -> None:
    found = {one.rule for one in check_text(Place("a"), text, TERMS)}
    assert found == {"undocumented-claim"}


@pytest.mark.parametrize(
    ("old", "new", "rules"),
    [
        ("meaning: too many", "meaning: 60 a minute is the limit for", set()),
        ("note: repeated", "note: recommended and repeated", {"typed-standing"}),
        ("value: 20 MB", "value: the best choice", {"typed-standing"}),
        ("page: Prices", "page: recommended by everyone", {"typed-standing"}),
        ("remedy: try later", "remedy: try Nano Banana", {"typed-standing"}),
        ("of: requests", "of: 99.9% uptime of requests", {"undocumented-claim"}),
    ],
)
def test_the_words_of_documented_facts_praise_no_route(
    old: str, new: str, rules: set[str], tmp_path: Path
) -> None:
    assert old in SAMPLE
    stored = parsed(SAMPLE.replace(old, new, 1))
    found = check_status_text(stored, banned_terms(stored.status), tmp_path, ())
    assert {one.rule for one in found} == rules


@pytest.mark.parametrize(
    ("old", "new", "count"),
    [
        ("nobody knows", "new since 2026-04-25", 0),
        ("nobody knows", "new since 2026-04-26", 1),
        ("nothing is left", "new since 2026-04-25", 1),
    ],
)
def test_a_date_may_be_as_late_as_the_page_that_has_it(old: str, new: str, count: int) -> None:
    text = SAMPLE.replace("        on: 2026-04-20\n", "        on: 2026-04-25\n").replace(old, new)
    stored = parsed(text)
    found = check_status(stored, assess(stored.status), Path(), NOW.date())
    assert [one.rule for one in found].count("untested-date") == count


def test_a_translation_of_a_documented_fact_adds_no_figure(tmp_path: Path) -> None:
    stored = parsed(SAMPLE)
    for translation, count in (("枚数", 0), ("最大 99 枚、$5", 1)):
        (tmp_path / "ja.po").write_text(f'msgid "an image"\nmsgstr "{translation}"\n', "utf-8")
        found = check_status_text(stored, banned_terms(stored.status), tmp_path, ("ja",))
        assert ("undocumented-claim" in {one.rule for one in found}) == bool(count)


def test_a_link_may_lead_to_a_documented_path() -> None:
    for name, count in (("self", 0), ("others", 1)):
        text = f"See [the account](http://example.com/api/user/{name}).\n"
        typed = read_typed_page(parse_page(text.encode(), Path("a.md")), whole_markdown())
        assert len(list(check_prose(TERMS, typed))) == count
