from datetime import UTC, date, datetime

import pytest
from status_sample import TEXT, parsed, refused

SHA = "a" * 64
ROW_END = "    outcome: error\n    signatures: [no-channel]\n    source: {reported: a page}\n"
RECEIPT = f"    outcome: error\n    source: {{receipt: a.json, sha256: {SHA}}}\n"
ROUTE = "  nano-banana/generate-content:"
HOSTED = "http://localhost:4000"


def changed(old: str, new: str) -> str:
    """The text with the last `old` replaced; most of what is tested is in the last row."""
    assert old in TEXT
    before, _, after = TEXT.rpartition(old)
    return f"{before}{new}{after}"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("version: 2\n", "", "1:1: the file has no 'version'. Add it."),
        ("version: 2", "version: true", "1:1: version is true, expected 2. Change it."),
        ("version: 2", "version: 2.0", "1:1: version is 2.0, expected 2. Write version: 2."),
        ("by: Ann", "by:", "37:5: by is empty, expected text. Change it."),
        ("by: Ann", "by: 3", "37:5: by is 3, expected text. Quote it."),
        ("by: Ann", "by: ''", "37:5: by is '', expected text. Change it."),
        ("by: Ann", "by: 2026-01-01", "37:5: by is 2026-01-01, expected text. Quote it."),
        ("by: Ann", "by: [a]", "37:5: by is a list, expected text. Change it."),
        ("reason: it", f"reason: {'x' * 2000}", f"36:5: reason is '{'x' * 59}…', expected text of"),
        ("by: Ann", "by: Ann\n    bye: Ann", "38:5: item 1 of holds has the unknown key 'bye'; ke"),
        ("by: Ann", "by: Ann\n    bye: Ann", "keys are endpoint, to, reason, by, on. Did you mean"),
        ("  local: {", "  local: {x: 1, ", "5:11: local has the unknown key 'x'; keys are base_u"),
        ("outcome: error", "outcome: eror", "48:5: outcome is 'eror', expected one of output, err"),
        ("outcome: error", "outcome: eror", "inconclusive. Did you mean 'error'?"),
        ("to: controlled-testing", "to: recommended", "35:5: to is 'recommended', expected contr"),
        ("status: 500", "status: 200", "19:14: status is 200, expected 400 or more. Change it."),
        ("status: 500", "status: 600", "19:14: status is 600, expected 599 or less."),
        ("status: 500", "status: 5.5", "19:14: status is 5.5, expected a whole number."),
        ("status: 500", "status: 500, code: []", "code is an empty list, expected text or a whole"),
        ("reference: true", "reference: 1", "4:47: reference is 1, expected true or false."),
        (
            "protocol: gemini",
            "protocol: gemini\n    languages: [curl, pyton]",
            "10:23: item 2 of languages is 'pyton', expected one of curl, python, javascript, gen",
        ),
        ("auth: bearer", "auth: query-key", "46:7: auth is 'query-key', expected bearer, none"),
        ("[no-channel]", "no-channel", "49:5: signatures is 'no-channel', expected a list."),
        ("[no-channel]", "[Not]", "49:18: item 1 of signatures is 'Not', expected lower-case let"),
        ("  local:", "  Local:", "5:3: the name 'Local' cannot be used. Rename it: lower-case let"),
        (
            "reference: true",
            "reference: true, ledger: none",
            "4:64: ledger is 'none', expected new-",
        ),
        ("reference: true", "reference: true, ledger: x", "new-api or {none: REASON}. Change it."),
        ("reference: true", "reference: true, ledger: {}", "4:64: ledger has no 'none'. Add it."),
        (HOSTED, "http://x/v1", "5:11: base_url is 'http://x/v1', expected scheme and host alone,"),
        (
            "reference: true",
            "reference: true, also: [http://other.example]",
            "4:71: item 1 of also is 'http://other.example', expected a base URL with https, since",
        ),
        ("POST /v1/images/generations\n    pro", "post /v1\n    pro", "'post /v1', expected a me"),
        ("reported_until: 2026", "fresh_for: 30, reported_until: 2026", "expected a number of day"),
        ("on: 2026-04-20", "on: today", "38:5: on is 'today', expected a date such as 2026-04-14."),
        ("on: 2026-04-20", "on: 2026-04-20T10:00:00Z", "38:5: on is 2026-04-20T10:00:00+00:00, ex"),
        ("at: 2026-04-14\n    end", "at: soon\n    end", "at is 'soon', expected a date such as"),
        ("prompt: null", "prompt: 2026-01-01", "47:34: prompt is 2026-01-01, expected a value th"),
        ("{reported: a page}", "{}", "50:5: source is inconsistent: it needs either reported or "),
        ("outcome: error", "outcome: inconclusive", "40:5: item 1 of observations is inconsistent"),
        ("  - at: 2026", "  -\n  - at: 2026", "40:4: item 1 of observations is empty, expected a "),
        (
            "    outcome: error\n",
            "    outcome: error\n    standing: recommended\n",
            "49:5: item 1 of observations has the key 'standing', which is always derived. Record",
        ),
    ],
)
def test_a_value_of_another_form_is_refused(old: str, new: str, message: str) -> None:
    lines = refused(changed(old, new))
    assert any(message in line for line in lines), lines
    assert not any("pydantic" in line for line in lines)


def test_a_message_shows_no_key() -> None:
    (line,) = refused(changed(HOSTED, "https://x?key=sk-abcdefghijklmnop"))
    assert "abcdef" not in line


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            ROUTE,
            "  nano-banana/generate-contents:",
            "23:3: endpoint 'nano-banana/generate-contents' names no route; routes are "
            "generate-content, images-generations. Did you mean 'generate-content'?",
        ),
        (ROUTE, "  banana/generate-content:", "23:3: endpoint 'banana/generate-content' names no "),
        (ROUTE, "  nano-banana:", "23:3: endpoint 'nano-banana' has no slash. Write model/route."),
        (
            "endpoint: nano-banana/images-generations",
            "endpoint: nano-banana/images",
            "41:5: endpoint 'nano-banana/images' is not known; endpoints are "
            "nano-banana/generate-content, nano-banana/images-generations. Did you mean "
            "'nano-banana/images-generations'?",
        ),
        ("target: production", "target: productoin", "42:5: target 'productoin' is not known; tar"),
        (
            "[no-channel]",
            "[no-channel, other]",
            "49:30: signature 'other' is not known; signatures are no-channel. Correct it, or add "
            "it to signatures.",
        ),
        ("target: production", "variant: big\n    target: production", "42:5: variant 'big' is no"),
        ("alias: nano-banana", "alias: nano", "28:5: alias 'nano' is not known; models are nano-b"),
        ("upstream: gemini-image\n", "upstream: nano-banana\n", "29:5: 'nano-banana' is mapped to"),
        (
            "  nano-banana/images-generations:\n    body: {",
            "  nano-banana/images-generations:\n    body: {stream: true, ",
            "25:3: the request is for a stream, and openai-images reads its image whole only. Re",
        ),
        (
            "  nano-banana/images-generations:\n    body: {",
            "  nano-banana/images-generations:\n    body: {model: other, ",
            "26:12: the request calls 'other', and its endpoint is of 'nano-banana'. Remove the fi",
        ),
        (
            "  nano-banana/images-generations:\n    body: {prompt: a banana}",
            "  nano-banana/images-generations: {}",
            "25:3: endpoint 'nano-banana/images-generations' has no body, in which openai-image",
        ),
        ("protocol: gemini", "protocol: x", "9:5: protocol 'x' is not known; protocols are "),
        ("{upstream}:", "{stream}:", "8:5: the request has '{stream}'; only {model} and {upstream"),
        ("{upstream}:", "{upstream:", "8:5: the request has '{'; only {model} and {upstream} are"),
        ("endpoint: nano-banana/*", "endpoint: x/*", "34:5: the pattern 'x/*' matches no endpoint"),
        ("message: no", "message: some", "19:27: the message does not contain the match, 'no chan"),
        (", reference: true", "", "3:1: no target is the reference. Write reference: true on"),
        (
            "localhost:4000",
            "localhost:4000, reference: true",
            "5:44: targets 'production' and 'local' are both the reference. Remove it from one",
        ),
        (
            "https://example.com, ref",
            "http://example.com:3000, ref",
            "4:16: the base_url of the reference has http, expected https, since readers send",
        ),
        ("  local:", "  mock:", "5:3: the name 'mock' is reserved. Rename the target."),
        (
            "models:\n",
            "models:\n  other:\n    title: Nano banana.\n    family: banana\n",
            "22:5: the title of 'other' is also that of 'nano-banana'. Give it a title of its own.",
        ),
        (
            HOSTED,
            "https://example.com:443",
            "5:11: target 'local' has the base_url of 'production'. Correct it, or remove the",
        ),
        (
            "reference: true",
            "reference: true, also: [https://a.example, 'https://a.example:443']",
            "4:90: https://a.example:443 is already a base URL of 'production'. Correct it, or",
        ),
        (
            HOSTED,
            f"{HOSTED}, also: ['https://example.com']",
            "5:51: https://example.com is already a base URL of 'production'.",
        ),
        (
            "outcome: error\n    signatures: [no-channel]",
            "outcome: output\n    shape: inline-data",
            "49:5: shape is 'inline-data', expected url or b64-json. Choose",
        ),
        ("on: 2026-04-20", "on: 2026-05-02", "38:5: on is 2026-05-02, expected 2026-05-01 or earl"),
        ("at: 2026-04-14\n    how", "at: 2026-05-02\n    how", "30:5: at is 2026-05-02, expected "),
        ("at: 2026-04-14\n    how", "at: 2026-05-01\n    how", "30:5: the reported mapping is of "),
        ("until: 2026-04-14", "until: 2026-05-02", "2:10: reported_until is 2026-05-02, expected "),
        (
            "policy: {",
            "policy: {severities: {bad-status: ignore}, ",
            "2:23: bad-status is 'ignore', expected error. Fix its findings, or put them into the",
        ),
        ("policy: {", "policy: {severities: {x: ignore}, ", "2:23: rule 'x' is not known; rules a"),
    ],
)
def test_a_reference_that_leads_nowhere_is_refused(old: str, new: str, message: str) -> None:
    (line,) = refused(changed(old, new))
    assert line.startswith(f"status.yml:{message}")


def test_two_targets_that_share_a_variable_are_refused_at_both_places() -> None:
    shared = "  prod.eu: {base_url: https://eu.example}\n  prod-eu:"
    lines = refused(changed("  local:", shared))
    pairs = [("5:3", "prod.eu", "prod-eu"), ("6:3", "prod-eu", "prod.eu")]
    assert lines == [
        f"status.yml:{place}: target '{one}' has its key in TRUEUP_PROD_EU_API_KEY, as '{other}'"
        " has. Rename one of the two."
        for place, one, other in pairs
    ]


def test_a_target_that_was_billed_cannot_lose_its_ledger() -> None:
    text = changed("reference: true", "reference: true, ledger: {none: it is closed}")
    assert parsed(text)
    text = text.replace("    signatures: [no-channel]", "    billing: aligned")
    assert refused(text) == [
        "status.yml:4:64: production has ledger: none, but observations with a billing"
        " verdict (1). Write ledger: new-api there."
    ]


def row(time: str, end: str) -> str:
    """The text with another time and end of its last row."""
    return TEXT[: TEXT.index("  - at: 2026-04-14\n    endpoint")] + (
        f"  - {time}\n    endpoint: nano-banana/images-generations\n    target: production\n"
        "    sent: {base_url: 'https://example.com', request: POST /x, auth: bearer, body: {}}\n"
        f"{end}"
    )


NO_SOURCE = "the row can raise a standing and has no source. Add it."


@pytest.mark.parametrize(
    ("time", "end", "message"),
    [
        ("at: 2026-05-01T12:00:01Z", RECEIPT, "expected 2026-05-01T12:00:00Z or earlier."),
        ("at: 2026-05-01T10:00:01-02:00", RECEIPT, "expected 2026-05-01T12:00:00Z or earlier."),
        ("at: 2026-04-30", RECEIPT, "at is 2026-04-30, expected a time with its zone. Write the"),
        (
            "at: 2026-04-15",
            ROW_END,
            "the reported row is dated 2026-04-15, later than reported_until (2026-04-",
        ),
        ("at: 2026-04-14T23:30:00-02:00", ROW_END, "the reported row is dated 2026-04-15, later"),
        ("at: 2026-04-14", "    outcome: output\n", NO_SOURCE),
        ("at: 2026-04-14", "    outcome: mixed\n", NO_SOURCE),
        ("at: 2026-04-14", "    outcome: error\n    billing: aligned\n", NO_SOURCE),
    ],
)
def test_a_row_without_the_time_or_source_that_it_needs_is_refused(
    time: str, end: str, message: str
) -> None:
    (line,) = refused(row(time, end))
    assert line.startswith("status.yml:40:5: ")
    assert message in line


@pytest.mark.parametrize(
    ("time", "end"),
    [
        ("at: 2026-05-01T12:00:00Z", RECEIPT),
        ("at: 2026-05-01T13:59:59+02:00", RECEIPT),
        ("at: 2026-05-01", "    outcome: error\n    billing: charged-on-failure\n"),
        ("at: 2026-05-01", "    outcome: inconclusive\n    reason: no network\n"),
        ("first: 2026-04-13\n    last: 2026-04-14\n    times: 2", ROW_END),
    ],
)
def test_a_row_that_has_its_time_and_source_is_accepted(time: str, end: str) -> None:
    assert parsed(row(time, end))


def test_times_keep_their_zone_and_dates_stay_dates() -> None:
    status = parsed(row("at: 2026-04-30T10:00:00+02:00", RECEIPT)).status
    assert status.observations[0].at == datetime(2026, 4, 30, 8, tzinfo=UTC)
    assert type(status.mappings[0].at) is date


def test_a_file_with_crlf_reads_the_same() -> None:
    crlf = parsed(TEXT.replace("\n", "\r\n"))
    assert crlf.status == parsed(TEXT).status
    assert str(crlf.place("observations", 0)) == "status.yml:40:5"
