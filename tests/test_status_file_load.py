from datetime import UTC, date, datetime

import pytest

from trueup.errors import BadStatus
from trueup.status_file import parse_status

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
SHA = "a" * 64
TEXT = """\
version: 2
policy: {reported_until: 2026-04-14}
targets:
  production: {base_url: https://example.com, reference: true}
  local: {base_url: http://localhost:4000}
routes:
  generate-content:
    request: POST /v1beta/models/{upstream}:generateContent
    protocol: gemini
    auth: {documented: query-key}
  images-generations:
    request: POST /v1/images/generations
    protocol: openai-images
    auth: {documented: bearer}
signatures:
  no-channel:
    match: no channel
    cause: nothing is left
    replay: {status: 500, message: no channel left}
models:
  nano-banana: {title: Nano Banana, upstream: gemini-image}
endpoints:
  nano-banana/generate-content:
    body: {prompt: a banana}
  nano-banana/images-generations:
    body: {prompt: a banana}
mappings:
  - alias: nano-banana
    upstream: gemini-image
    at: 2026-04-14
    how: seen
    source: {reported: a page}
holds:
  - endpoint: nano-banana/*
    to: controlled-testing
    reason: it is slow
    by: Ann
    on: 2026-04-20
observations:
  - at: 2026-04-14
    endpoint: nano-banana/images-generations
    target: production
    sent:
      base_url: https://example.com
      request: POST /v1/images/generations
      auth: bearer
      body: {model: nano-banana, prompt: null}
    outcome: error
    signatures: [no-channel]
    source: {reported: a page}
"""
ROW_SOURCE = "    source: {reported: a page}\n"
ROW_END = f"    outcome: error\n    signatures: [no-channel]\n{ROW_SOURCE}"


def changed(old: str, new: str) -> str:
    """The text with the last `old` replaced; most of what is tested is in the last row."""
    assert old in TEXT
    before, _, after = TEXT.rpartition(old)
    return f"{before}{new}{after}"


def complaints(old: str, new: str) -> tuple[str, ...]:
    with pytest.raises(BadStatus) as refused:
        parse_status(changed(old, new), "status.yml", NOW)
    return refused.value.complaints


def accepted(old: str, new: str) -> bool:
    return bool(parse_status(changed(old, new), "status.yml", NOW).status)


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("version: 2\n", "", "1:1: the file has no 'version'; it was expected. Add it."),
        ("version: 2", "version: true", "1:1: version is true; 2 was expected."),
        ("version: 2", "version: 2.0", "1:1: version is 2.0; 2 was expected."),
        ("by: Ann", "by:", "37:5: by is empty; text was expected. Change it."),
        ("by: Ann", "by: 3", "37:5: by is 3; text was expected. Quote it."),
        ("by: Ann", "by: ''", "37:5: by is ''; text was expected. Change it."),
        ("by: Ann", "by: 2026-01-01", "37:5: by is 2026-01-01; text was expected. Quote it."),
        ("by: Ann", "by: [a]", "37:5: by is a list; text was expected. Change it."),
        ("reason: it", f"reason: {'x' * 2000}", f"36:5: reason is '{'x' * 59}…'; text of at most"),
        ("by: Ann", "by: Ann\n    bye: Ann", "unknown key 'bye'; keys are endpoint, to, reason,"),
        ("by: Ann", "by: Ann\n    bye: Ann", "Did you mean 'by'?"),
        ("  local: {", "  local: {basic_url: x, ", "5:11: local has the unknown key 'basic_url';"),
        (
            "outcome: error",
            "outcome: eror",
            "48:5: outcome is 'eror'; one of output, error,",
        ),
        ("outcome: error", "outcome: eror", "Did you mean 'error'?"),
        ("to: controlled-testing", "to: recommended", "35:5: to is 'recommended'; controlled-"),
        ("status: 500", "status: 200", "19:14: status is 200; 400 or more was expected."),
        ("status: 500", "status: 600", "19:14: status is 600; 599 or less was expected."),
        ("status: 500", "status: 5.5", "19:14: status is 5.5; a whole number was expected."),
        ("status: 500", "status: 500, code: []", "code is an empty list; text or a whole number"),
        ("reference: true", "reference: 1", "4:47: reference is 1; true or false was expected."),
        ("{documented: bearer}", "bearer", "14:5: auth is 'bearer'; a mapping was expected."),
        ("[no-channel]", "no-channel", "49:5: signatures is 'no-channel'; a list was expected."),
        (
            "[no-channel]",
            "[Not]",
            "49:18: item 1 of signatures is 'Not'; lower-case letters, digits",
        ),
        ("  local:", "  Local:", "5:3: the name 'Local' cannot be used; lower-case letters,"),
        ("http://localhost:4000", "http://x/v1", "5:11: base_url is 'http://x/v1'; scheme and"),
        (
            "reference: true",
            "reference: true, also: [http://other.example]",
            "4:71: item 1 of also is 'http://other.example'; a base URL with https was expected,",
        ),
        (
            "reference: true",
            "reference: true, also: [https://other.example/v1]",
            "item 1 of also is 'https://other.example/v1'; scheme and host alone, such as",
        ),
        ("POST /v1/images/generations\n    pro", "post /v1\n    pro", "request is 'post /v1'; a"),
        ("reported_until: 2026", "fresh_for: 30, reported_until: 2026", "a number of days such as"),
        ("on: 2026-04-20", "on: today", "38:5: on is 'today'; a date such as 2026-04-14 was"),
        ("on: 2026-04-20", "on: 2026-04-20T10:00:00Z", "38:5: on is 2026-04-20T10:00:00+00:00;"),
        ("at: 2026-04-14\n    end", "at: soon\n    end", "40:5: at is 'soon'; a date such as"),
        ("prompt: null", "prompt: 2026-01-01", "47:34: prompt is 2026-01-01; a value that JSON"),
        ("{reported: a page}", "{}", "50:5: source is at odds with itself; exactly one of"),
        ("outcome: error", "outcome: inconclusive", "40:5: item 1 of observations is at odds with"),
        (
            "    endpoint: nano-banana/im",
            "    times: 2\n    endpoint: nano-banana/im",
            "with itself:",
        ),
        ("  - at: 2026", "  -\n  - at: 2026", "40:4: item 1 of observations is empty; a mapping"),
    ],
)
def test_a_value_of_another_form_is_refused(old: str, new: str, complaint: str) -> None:
    lines = complaints(old, new)
    assert any(complaint in line for line in lines), lines
    for line in lines:
        assert line.startswith("status.yml:")
        assert "pydantic" not in line
        assert len(line.splitlines()) == 1


def test_a_typed_standing_is_refused_with_the_way_to_make_one() -> None:
    new = "  nano-banana/images-generations:\n    standing: recommended\n"
    assert complaints("  nano-banana/images-generations:\n", new) == (
        "status.yml:26:5: nano-banana/images-generations has a typed 'standing'; none was "
        "expected, since a standing is derived, never typed. Record an observation, or use a hold "
        "to lower it.",
    )


def test_a_complaint_shows_no_key() -> None:
    (line,) = complaints("http://localhost:4000", "https://x?key=sk-abcdefghijklmnop")
    assert "abcdef" not in line


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        (
            "  nano-banana/generate-content:",
            "  nano-banana/generate-contents:",
            "23:3: endpoint 'nano-banana/generate-contents' names no route; routes are "
            "generate-content, images-generations. Did you mean 'generate-content'?",
        ),
        (
            "  nano-banana/generate-content:",
            "  banana/generate-content:",
            "23:3: endpoint 'banana/generate-content' names no model; models are nano-banana. "
            "Did you mean 'nano-banana'?",
        ),
        (
            "  nano-banana/generate-content:",
            "  nano-banana:",
            "23:3: endpoint 'nano-banana' is one name; a model and a route were expected.",
        ),
        (
            "endpoint: nano-banana/images-generations",
            "endpoint: nano-banana/images",
            "41:5: endpoint 'nano-banana/images' is not known; endpoints are "
            "nano-banana/generate-content, nano-banana/images-generations. Did you mean "
            "'nano-banana/images-generations'?",
        ),
        (
            "target: production",
            "target: productoin",
            "42:5: target 'productoin' is not known; targets are production, local. "
            "Did you mean 'production'?",
        ),
        (
            "[no-channel]",
            "[no-channel, other]",
            "49:30: signature 'other' is not known; signatures are no-channel. Correct it, or add "
            "it to signatures.",
        ),
        ("alias: nano-banana", "alias: nano", "28:5: alias 'nano' is not known; models are"),
        ("upstream: gemini-image\n", "upstream: nano-banana\n", "29:5: 'nano-banana' is mapped to"),
        ("protocol: gemini", "protocol: gemni", "9:5: protocol 'gemni' is not known; protocols"),
        ("{upstream}:", "{stream}:", "8:5: the request has '{stream}'; only {model} and"),
        ("{upstream}:", "{upstream:", "8:5: the request has '{'; only {model} and {upstream}"),
        ("endpoint: nano-banana/*", "endpoint: x/*", "34:5: the pattern 'x/*' matches no endpoint"),
        ("message: no", "message: some", "19:27: the message does not contain the match, 'no chan"),
        (", reference: true", "", "3:1: no target is the reference; exactly one was expected"),
        (
            "localhost:4000",
            "localhost:4000, reference: true",
            "5:44: target 'local' is a reference beside 'production'; exactly one was expected",
        ),
        (
            "http://localhost:4000",
            "https://example.com:443",
            "5:11: target 'local' has the base_url of 'production'; one of its own was expected.",
        ),
        (
            "reference: true",
            "reference: true, also: [https://a.example, 'https://a.example:443']",
            "4:90: https://a.example:443 is a base URL of 'production' already; another was",
        ),
        (
            "http://localhost:4000",
            "http://localhost:4000, also: ['https://example.com']",
            "5:51: https://example.com is a base URL of 'production' already; another was",
        ),
        (
            "outcome: error\n    signatures: [no-channel]",
            "outcome: output\n    shape: inline-data",
            "49:5: shape is 'inline-data', which the endpoint's protocol does not have; url or "
            "b64-json was expected.",
        ),
        ("on: 2026-04-20", "on: 2026-05-02", "38:5: on is 2026-05-02, in the future; 2026-05-01"),
        (
            "at: 2026-04-14\n    how",
            "at: 2026-05-02\n    how",
            "30:5: at is 2026-05-02, in the fut",
        ),
    ],
)
def test_a_reference_that_leads_nowhere_is_refused(old: str, new: str, complaint: str) -> None:
    (line,) = complaints(old, new)
    assert line.startswith(f"status.yml:{complaint}")


def row(time: str, end: str) -> tuple[str, str]:
    """What replaces the last row's time, and its end."""
    return TEXT[TEXT.index("  - at: 2026-04-14\n    endpoint") :], (
        f"  - {time}\n    endpoint: nano-banana/images-generations\n    target: production\n"
        "    sent: {base_url: 'https://example.com', request: POST /x, auth: bearer, body: {}}\n"
        f"{end}"
    )


RECEIPT = f"    outcome: error\n    source: {{receipt: a.json, sha256: {SHA}}}\n"


@pytest.mark.parametrize(
    ("time", "end", "complaint"),
    [
        ("at: 2026-05-01T12:00:01Z", RECEIPT, "at is 2026-05-01T12:00:01+00:00, in the future;"),
        ("at: 2026-05-01T10:00:01-02:00", RECEIPT, "in the future; 2026-05-01T12:00:00Z or"),
        ("at: 2026-04-30", RECEIPT, "a bare date, on a row with a receipt; a time with its zone"),
        ("at: 2026-04-15", ROW_END, "a reported row of 2026-04-15, after reported_until, 2026-04"),
        ("at: 2026-04-14T23:30:00-02:00", ROW_END, "a reported row of 2026-04-15, after"),
        ("at: 2026-04-14", "    outcome: output\n", "a row that lifts a standing needs a source."),
        ("at: 2026-04-14", "    outcome: mixed\n", "a row that lifts a standing needs a source."),
        (
            "at: 2026-04-14",
            "    outcome: error\n    billing: aligned\n",
            "a row that lifts a standing needs a source.",
        ),
        ("first: 2026-04-14\n    last: 2026-04-13", ROW_END, "first is later than last; the other"),
        ("first: 2026-04-14", ROW_END, "either at, or first and last with times, was expected."),
    ],
)
def test_a_row_whose_time_or_source_does_not_do_is_refused(
    time: str, end: str, complaint: str
) -> None:
    (line,) = complaints(*row(time, end))
    assert line.startswith("status.yml:40:5: ")
    assert complaint in line


@pytest.mark.parametrize(
    ("time", "end"),
    [
        ("at: 2026-05-01T12:00:00Z", RECEIPT),
        ("at: 2026-05-01T13:59:59+02:00", RECEIPT),
        ("at: 2026-05-01", "    outcome: error\n"),
        ("at: 2026-05-01", "    outcome: error\n    billing: charged-on-failure\n"),
        ("at: 2026-05-01", "    outcome: inconclusive\n    reason: no network\n"),
        ("first: 2026-04-13\n    last: 2026-04-14\n    times: 2", ROW_END),
    ],
)
def test_a_row_that_has_its_time_and_source_is_accepted(time: str, end: str) -> None:
    assert accepted(*row(time, end))


def test_times_keep_their_zone_and_dates_stay_dates() -> None:
    text = changed(*row("at: 2026-04-30T10:00:00+02:00", RECEIPT))
    status = parse_status(text, "status.yml", NOW).status
    assert status.observations[0].at == datetime(2026, 4, 30, 8, tzinfo=UTC)
    assert type(status.mappings[0].at) is date


def test_a_file_with_crlf_reads_the_same() -> None:
    crlf = parse_status(TEXT.replace("\n", "\r\n"), "status.yml", NOW)
    assert crlf.status == parse_status(TEXT, "status.yml", NOW).status
    assert str(crlf.place("observations", 0)) == "status.yml:40:5"
