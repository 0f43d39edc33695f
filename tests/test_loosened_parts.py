"""Loosened policy, one part at a time: what a change needs a reason for, and what it does not."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from trueup.check.loosened_policy import check_loosened, has_reason
from trueup.check.status_claims import check_status
from trueup.evidence import assess
from trueup.status_file.load import Stored, parse_text

NOW = datetime(2026, 5, 20, 12, tzinfo=UTC)
TODAY = date(2026, 5, 20)


def row(endpoint: str, day: str, outcome: str = "output", more: str = "") -> str:
    model = endpoint.partition("/")[0]
    return f"""\
  - at: 2026-04-{day}
    endpoint: {endpoint}
    target: production
    sent: {{base_url: https://api.example.com, request: POST /v1/images/generations, auth: bearer,
      body: {{model: {model}, prompt: A red cube}}}}
    outcome: {outcome}
    source: {{reported: page {day} of {endpoint}}}
{more}"""


def good(endpoint: str, day: str) -> str:
    return row(endpoint, day, "output", "    billing: aligned\n")


HELD = "  - {{endpoint: clover/images, to: {}, reason: it is new, by: someone, on: 2026-04-{}}}\n"
HOLD = HELD.format("not-recommended", "14")
OUTLIVED = HELD.format("not-recommended", "05").replace("clover", "walnut")
SKIP = "  walnut/images: {{body: {{prompt: A red cube}}, skip: {{reason: x, until: {}}}}}\n"
WALNUT = SKIP.format("2026-06-01")
RECORD = f"""\
version: 2
policy:
  fresh_for: 30d
  confirm_after: 2
  recover_after: 3
  reported_until: 2026-05-01
  severities: {{outdated-hold: error}}
  overrides: [a.html]
targets:
  production: {{base_url: https://api.example.com, reference: true, also: [https://a.example],
    ledger: new-api}}
  local: {{base_url: https://localhost:4000}}
routes:
  images:
    request: POST /v1/images/generations
    protocol: openai-images
    auth: bearer
models:
  acorn: {{title: Acorn}}
  walnut: {{title: Walnut}}
  clover: {{title: Clover}}
  hazel: {{title: Hazel}}
  beech: {{title: Beech}}
endpoints:
  acorn/images: {{body: {{prompt: A red cube}}}}
{WALNUT}\
  clover/images: {{body: {{prompt: A red cube}}}}
  hazel/images: {{body: {{prompt: A red cube}}}}
  beech/images: {{body: {{prompt: A red cube}}}}
holds:
{HOLD}{OUTLIVED}\
observations:
{good("acorn/images", "10")}{good("walnut/images", "10")}{good("walnut/images", "11")}\
{good("clover/images", "12")}{good("clover/images", "13")}\
{good("beech/images", "05")}{row("beech/images", "06", "error", "    retracted: typo")}
"""
SAME_ROUTE = """\
  pictures:
    request: POST /v1/images/generations
    protocol: openai-images
    auth: bearer
"""
END = "models:\n"
FIRST = "    auth: bearer\n"
FREE = "    free: {page: Prices, on: 2026-05-01}\n"
ELM = [
    ("  hazel: {title: Hazel}\n", "  hazel: {title: Hazel}\n  elm: {title: Elm}\n"),
    ("  acorn/images:", "  elm/images: {body: {prompt: A red cube}}\n  acorn/images:"),
]
REFERENCE = [
    ("reference: true, ", ""),
    (":4000}\n", ":4000}\n  other: {base_url: https://b.example, reference: true}\n"),
]
CHANGES: dict[str, tuple[list[tuple[str, str]], list[str]]] = {
    "nothing": ([], []),
    "fresh for longer": ([("30d", "31d")], ["fresh_for"]),
    "fresh for less": ([("30d", "29d")], []),
    "fewer to confirm": ([("confirm_after: 2", "confirm_after: 1")], ["confirm_after"]),
    "fewer to recover": ([("recover_after: 3", "recover_after: 2")], ["recover_after"]),
    "more to recover": ([("recover_after: 3", "recover_after: 4")], []),
    "later reports": ([("until: 2026-05-01", "until: 2026-05-02")], ["reported_until"]),
    "another override": ([("[a.html]", "[a.html, b.html]")], ["overrides"]),
    "no override": ([("[a.html]", "[]")], []),
    "a lower severity": ([("outdated-hold: error", "outdated-hold: warning")], ["outdated-hold"]),
    "no severity": ([("{outdated-hold: error}", "{}")], ["outdated-hold"]),
    "a warning ignored": ([("error}", "error, unused-translation: ignore}")],
                          ["unused-translation"]),
    "a higher severity": ([("error}", "error, unused-translation: error}")], []),
    "another reference": ([("reference: true, ", ""), (":4000}", ":4000, reference: true}")],
                          ["reference"]),
    "a new reference": (REFERENCE, ["reference", "b.example"]),
    "another base URL": ([("localhost:4000", "localhost:4001")], ["localhost:4001"]),
    "the base URL and another swapped": (
        [("https://api.example.com, reference: true, also: [https://a.example]",
          "https://a.example, reference: true, also: [https://api.example.com]")], ["a.example"]),
    "no ledger": ([(":4000}", ":4000, ledger: {none: x}}")], ["ledger"]),
    "free of charge": ([(FIRST, FIRST + FREE)], ["images"]),
    "free of charge by another name": ([(END, SAME_ROUTE + FREE + END)], ["pictures"]),
    "a new route that is free": (
        [(END, SAME_ROUTE.replace("generations", "variations") + FREE + END)], []),
    "another host": ([("[https://a.example]", "[https://a.example, https://a.example.evil]")],
                     ["a.example.evil"]),
    "another host of a new target": (
        [(":4000}\n", ":4000}\n  b: {base_url: https://b.example, also: [https://c.example]}\n")],
        ["b.example", "c.example"]),
    "one host less": ([(", also: [https://a.example]", "")], []),
    "a report that raises": ([("", good("acorn/images", "11"))], ["acorn/images"]),
    "a report that is nearer": (
        [("confirm_after: 2", "confirm_after: 3"), ("", good("acorn/images", "11"))],
        ["acorn/images"]),
    "a report that makes evidence newer": ([("", good("walnut/images", "12"))], ["walnut/images"]),
    "an older report of what is recommended": (
        [(good("walnut/images", "11"), good("walnut/images", "11") * 2)], []),
    "reports after bad news that was reworded": (
        [(": typo", ": a typo"), ("", good("beech/images", "07") + good("beech/images", "08"))],
        ["beech/images"]),
    "reports after bad news that was retracted": (
        [("", row("acorn/images", "14", "error", "    retracted: typo\n")),
         ("", "".join(good("acorn/images", day) for day in ("21", "22", "23")))],
        ["acorn/images"]),
    "a report that outlives a hold": ([(HOLD, ""), ("", good("clover/images", "15"))],
                                      ["clover/images", "clover/images"]),
    "a hold dated back": ([(HOLD, HELD.format("not-recommended", "10"))], ["clover/images"]),
    "a hold renewed": ([(HOLD, HELD.format("not-recommended", "15"))], []),
    "a report that lowers": ([("", row("acorn/images", "11", "error"))], []),
    "a report without a bill of what nobody saw": ([("", row("hazel/images", "14"))],
                                                   ["hazel/images"]),
    "a report of a new endpoint": ([*ELM, ("", good("elm/images", "14"))], []),
    "a report of a new endpoint at a new target": (
        [*ELM, *REFERENCE, ("", good("elm/images", "14").replace("production", "other"))],
        ["reference", "b.example"]),
    "a report of the same request by another name": (
        [(END, SAME_ROUTE + END),
         ("  acorn/images:", "  acorn/pictures: {body: {prompt: A red cube}}\n  acorn/images:"),
         ("", good("acorn/pictures", "14"))], ["acorn/pictures"]),
    "no hold": ([(HOLD, "")], ["clover/images"]),
    "a higher hold": ([(HOLD, HELD.format("controlled-testing", "14"))], ["clover/images"]),
    "no hold that clean evidence has outlived": ([(OUTLIVED, "")], []),
    "a longer skip": ([("until: 2026-06-01", "until: 2026-06-02")], ["walnut/images"]),
    "a shorter skip": ([("until: 2026-06-01", "until: 2026-05-31")], []),
    "a new skip": ([("acorn/images: {body: {prompt: A red cube}}",
                     "acorn/images: {body: {prompt: A red cube}, "
                     "skip: {reason: x, until: 2026-06-01}}")], ["acorn/images"]),
}  # fmt: skip


def stored(text: str) -> Stored:
    return parse_text(text, "status.yml", NOW)


def names_in(old: str, new: str) -> list[str]:
    """Return the names that a reason would have to name."""
    after = stored(new)
    found = check_loosened(stored(old), after, assess(after.status), TODAY)
    return [one.fix.partition("name ")[2].partition(" ")[0] for one in found]


def edited(edits: list[tuple[str, str]]) -> str:
    text = RECORD
    for old, new in edits:
        assert not old or text.count(old) == 1, old
        text = text.replace(old, new) if old else text + new
    return text


@pytest.mark.parametrize("what", CHANGES)
def test_each_part_that_requires_less_is_named(what: str) -> None:
    edits, expected = CHANGES[what]
    assert names_in(RECORD, edited(edits)) == expected


def test_a_receipt_that_needs_no_signature_counts_as_a_report() -> None:
    receipt = f"source: {{receipt: docs/evidence/a.json, sha256: {'a' * 64}}}"
    added = good("acorn/images", "11").replace(
        "source: {reported: page 11 of acorn/images}", receipt
    )
    added = added.replace("at: 2026-04-11", "at: 2026-04-11T08:00:00Z")
    assert names_in(RECORD, RECORD + added) == []
    signed = RECORD.replace(
        "  fresh_for", "  site: docs.example.com\n  signers: signers\n  fresh_for"
    )
    assert names_in(signed, signed + added) == ["acorn/images"]
    late = added.replace("2026-04-11T", "2026-05-11T")
    assert names_in(signed, signed + late) == []


@pytest.mark.parametrize(
    ("edits", "today", "rules"),
    [
        ([], "2026-06-01", []),
        ([], "2026-06-02", ["stale-skip"]),
        ([("{title: Acorn}", "{title: Acorn, upstream: acorn}")], "2026-06-01",
         ["alias-is-upstream"]),
        ([(HOLD, HOLD.replace("it is new", "it is new since 2026-04-14"))], "2026-06-01", []),
        ([(HOLD, HOLD.replace("it is new", "it is new since 2026-04-15"))], "2026-06-01",
         ["untested-date"]),
    ],
)  # fmt: skip
def test_what_the_file_says_beyond_its_dates_and_names_is_found(
    edits: list[tuple[str, str]], today: str, rules: list[str], tmp_path: Path
) -> None:
    one = stored(edited([*edits, (OUTLIVED, "")]))
    found = check_status(one, assess(one.status), tmp_path, date.fromisoformat(today))
    assert [each.rule for each in found] == rules


@pytest.mark.parametrize(
    ("before", "after", "name", "is_enough"),
    [
        (None, "fresh_for, as agreed", "fresh_for", True),
        (None, "see (fresh_for).", "fresh_for", True),
        (None, None, "fresh_for", False),
        (None, "as agreed", "fresh_for", False),
        (None, "not_fresh_for", "fresh_for", False),
        (None, "fresh_for_all", "fresh_for", False),
        (None, "x/acorn/images", "acorn/images", False),
        (None, "acorn/images/x", "acorn/images", False),
        (None, "acorn/images-2", "acorn/images", False),
        (None, "a.example.evil", "a.example", False),
        (None, "b.a.example", "a.example", False),
        (None, "a.example.", "a.example", True),
        (None, "axexample", "a.example", False),
        ("fresh_for", "fresh_for", "fresh_for", False),
        ("fresh_for", "fresh_for!", "fresh_for", False),
        ("fresh_for", "fresh_for again", "fresh_for", True),
    ],
)
def test_a_reason_is_new_and_names_the_whole_name(
    before: str | None, after: str | None, name: str, is_enough: bool
) -> None:
    with_reason = "  loosened: '{}'\n  fresh_for"
    old, new = (
        stored(RECORD.replace("  fresh_for", with_reason.format(one)) if one else RECORD)
        for one in (before, after)
    )
    assert has_reason(old, new, name) == is_enough
