"""Macro calls: one that the build could not render is a finding at its line."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import hostile

from trueup.check import Check, Sources
from trueup.check.banned_terms import banned_terms
from trueup.check.call_arguments import check_calls
from trueup.check.page_markdown import whole_markdown
from trueup.check.page_summary import summarize_page
from trueup.errors import BadInput
from trueup.finding import Finding
from trueup.site import calls_in, parse_page
from trueup.status_file import Stored

HERE = Path("docs/en/x.md")
FRONT = "---\ntitle: x\n---\n\n"
BROKEN = {
    '{{ route("no-such/endpoint") }}': "route got 'no-such/endpoint', expected an endpoint of the",
    '{{ route("nano-banana/generate-contents") }}': "Did you mean 'nano-banana/generate-content'?",
    '{{ model_status("unknown-model") }}': "got 'unknown-model', expected a model of the status",
    '{{ console("../secret") }}': "expected a file of snippets/console without .txt. Use one of ",
    '{{ policy("nope") }}': "expected a field of the policy. Use one of fresh_for, ",
    '{{ sample("x", "y") }}': "expected a protocol. Use one of anthropic-messages, ",
    '{{ sample("gemini", "url") }}': "expected a shape of that protocol. Use one of inline-data, ",
    '{{ sample(shape="url", protocol="gemini") }}': "sample got 'url', expected ",
    '{{ newest("no/such") }}': "expected an endpoint with an observation. Use one of ",
    "{{ route() }}": "route got 0 arguments, expected an endpoint of the status file. Correct",
    '{{ route("a", "b") }}': "route got 2 arguments, expected an endpoint",
    '{{ sample("gemini") }}': "expected a protocol and a shape of that protocol. Correct",
    '{{ as_of("today") }}': "as_of got 1 argument, expected none. Correct",
    '{{ advice(name="nano-banana") }}': "advice got 1 argument, expected a model",
    '{{ advice("nano-banana", model="nano-banana") }}': "advice got 2 arguments, expected",
    "{{ advice(nano) }}": "an argument without quotes, expected a model of the status file. Write",
    '{{ advice(*["nano-banana"]) }}': "advice got an argument without quotes",
    '{{ rout("nano-banana") }}': "and 18 more. Did you mean 'route'?",
    '{{ advice("x") | indent(4) }}': "advice got 'x', expected",
    '{{ advice("nano-banana") ) }}': "Jinja cannot parse the page (unexpected ')'). Correct",
    "{{ open": "Jinja cannot parse the page (unexpected end of template",
    "{% raw %}": "Jinja cannot parse the page (Missing end of raw directive). Correct",
    "# A title {#one}": "Jinja cannot parse the page (Missing end of comment tag). Correct",
}
SOUND = (
    '{{ advice("nano-banana") }}',
    "{{ advice('nano-banana') }} and {{advice(model='nano-banana')}}",
    '{{ route("nano-banana/generate-content") | indent(4) }}',
    '{{ endpoints() }} {{ documented("errors") }} {{ documented("errors", route="models") }}',
    '{{ sample("gemini", shape="data-uri") }} {{ policy("fresh_for") }}',
    '{# {{ rout("no-such") }} #}',
    '{ not a call("x") }, and route("no-such") in words',
    '```text\n{{ "{{" }} advice("no-such") {{ "}}" }}\n```',
)


def found_in(text: str, stored: Stored, top: Path) -> list[Finding]:
    page = parse_page((FRONT + text).encode(), HERE)
    summary = summarize_page(page, banned_terms(stored.status), whole_markdown())
    own = [one for one in summary.findings if one.rule == "bad-call"]
    return own + check_calls([summary], stored.status, top)


@pytest.mark.parametrize("call", BROKEN)
def test_a_call_that_cannot_be_rendered_is_found_at_its_line(
    call: str, stored: Stored, pytestconfig: pytest.Config
) -> None:
    (found,) = found_in(f"One line.\n\n{call}\n", stored, pytestconfig.rootpath)
    assert BROKEN[call] in found.text
    assert str(found.where) == f"{HERE}:7" and found.fix


@pytest.mark.parametrize("inside", ["-" * 5000, "9" * 5000])
def test_what_jinja_gives_up_on_is_found_where_the_text_begins(
    inside: str, stored: Stored, pytestconfig: pytest.Config
) -> None:
    (found,) = found_in(f"{{{{ {inside} }}}}", stored, pytestconfig.rootpath)
    assert str(found).startswith(f"{HERE}:4: Jinja cannot parse the page (")


@pytest.mark.parametrize("text", SOUND)
def test_a_call_that_can_be_rendered_is_not_found(
    text: str, stored: Stored, pytestconfig: pytest.Config
) -> None:
    assert found_in(text, stored, pytestconfig.rootpath) == []


@given(st.lists(hostile | st.sampled_from(["{{", "}}", "{%", "{#", "#}", "route(", ")", "'x'"])))
def test_any_page_is_read_or_refused_with_its_line(parts: list[str]) -> None:
    page = parse_page(" ".join(parts).replace("\0", "").encode(), HERE)
    try:
        calls = calls_in(page)
    except BadInput as error:
        assert str(error).startswith(f"{HERE}:")
    else:
        assert all(1 <= call.line <= page.text.count("\n") + 1 for call in calls)


def test_the_check_of_a_repository_finds_calls_and_their_links(repository: Path) -> None:
    page = repository / "docs" / "en" / "decides.md"
    lines = page.read_text("utf-8").count("\n")
    with page.open("a", encoding="utf-8") as file:
        file.write('\n{{ route("nano-banana/generate") }}\n\n[Status](statuses.md)\n')
    found = Check(Sources(repository, datetime.now(UTC)), date(2026, 5, 1)).run()
    places = {one.rule: str(one.where) for one in found if one.severity == "error"}
    assert places == {"bad-call": f"{page}:{lines + 2}", "dead-link": f"{page}:{lines + 4}:10"}
