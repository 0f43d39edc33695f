"""A call of a macro that the build could not render is a finding, at its line of the page."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import hostile

from trueup.check import check_sources
from trueup.check.banned_terms import banned_terms
from trueup.check.calls import check_calls
from trueup.check.page_summary import summarize_page
from trueup.errors import BadInput
from trueup.finding import Finding
from trueup.site import calls_in, parse_page
from trueup.status_file import Stored

HERE = Path("docs/en/x.md")
FRONT = "---\ntitle: x\n---\n\n"
MODEL = "a model of the status file was expected"
ENDPOINT = "an endpoint of the status file was expected"
BROKEN = {
    '{{ route("no-such/endpoint") }}': f"route is called with 'no-such/endpoint'; {ENDPOINT}: ",
    '{{ route("nano-banana/generate-contents") }}': "Did you mean 'nano-banana/generate-content'?",
    '{{ model_status("unknown-model") }}': f"called with 'unknown-model'; {MODEL}: ",
    '{{ console("nope") }}': "a file of snippets/console, without .txt, was expected: ",
    '{{ console("../secret") }}': "console is called with '../secret'; ",
    '{{ policy("nope") }}': "a field of the policy was expected: fresh_for, ",
    '{{ sample("x", "y") }}': "a protocol was expected: gemini, openai-images.",
    '{{ sample("gemini", "url") }}': "a shape of that protocol was expected: inline-data, ",
    '{{ sample(shape="url", protocol="gemini") }}': "sample is called with 'url'; ",
    '{{ newest("no/such") }}': "an endpoint with an observation was expected: ",
    "{{ route() }}": "route is called with 0 arguments; one that is an endpoint",
    '{{ route("a", "b") }}': "route is called with 2 arguments; one that is an endpoint",
    '{{ sample("gemini") }}': "one that is a protocol and one that is a shape",
    '{{ as_of("today") }}': "as_of is called with 1 argument; none was expected. Correct",
    '{{ advice(name="nano-banana") }}': "advice is called with 1 argument; one that is a model",
    '{{ advice("nano-banana", model="nano-banana") }}': "advice is called with 2 arguments; ",
    "{{ advice(nano) }}": "an argument that is no text in quotes; a model of the status file was",
    "{{ advice(3) }}": "advice is called with an argument that is no text in quotes",
    '{{ advice(*["nano-banana"]) }}': "advice is called with an argument that is no text",
    '{{ rout("nano-banana") }}': "'rout' is no macro; one of advice, alternative, ",
    "{{ now() }}": "'now' is no macro; ",
    '{{ advice("x") | indent(4) }}': "advice is called with 'x'; ",
    '{{ advice("nano-banana") ) }}': "Jinja cannot read the page (unexpected ')'); calls",
    '{{ advice("nano-banana" }}': "Jinja cannot read the page (",
    "# A title {#one}": "Jinja cannot read the page (Missing end of comment tag); calls",
}
SOUND = (
    '{{ advice("nano-banana") }}',
    "{{ advice('nano-banana') }} and {{advice(model='nano-banana')}}",
    '{{ route("nano-banana/generate-content") | indent(4) }}',
    '{{ matrix() }} {{ matrix("x.md") }} {{ matrix(page="x.md") }}',
    '{{ sample("gemini", shape="data-uri") }} {{ policy("fresh_for") }}',
    '{# {{ rout("no-such") }} #}',
    '{ not a call("x") }, and route("no-such") in words',
    '```text\n{{ "{{" }} advice("no-such") {{ "}}" }}\n```',
)


def found_in(text: str, stored: Stored, top: Path) -> list[Finding]:
    digest = summarize_page(parse_page((FRONT + text).encode(), HERE), banned_terms(stored.status))
    own = [one for one in digest.findings if one.rule == "bad-call"]
    return own + check_calls([digest], stored.status, top)


@pytest.mark.parametrize("call", BROKEN)
def test_a_call_that_cannot_be_rendered_is_found_at_its_line(
    call: str, stored: Stored, pytestconfig: pytest.Config
) -> None:
    (found,) = found_in(f"One line.\n\n{call}\n", stored, pytestconfig.rootpath)
    assert BROKEN[call] in found.text
    assert found.where == f"{HERE}:7"
    assert found.expected.count("expected") == 1 and found.remedy


@pytest.mark.parametrize("inside", ["(" * 5000 + ")" * 5000, "9" * 5000])
def test_what_jinja_gives_up_on_is_found_where_the_text_begins(
    inside: str, stored: Stored, pytestconfig: pytest.Config
) -> None:
    (found,) = found_in(f"{{{{ {inside} }}}}", stored, pytestconfig.rootpath)
    assert str(found).startswith(f"{HERE}:4: Jinja cannot read the page (")


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
        file.write('\n{{ route("nano-banana/generate") }}\n\n{{ matrix("statuses.md") }}\n')
    found = check_sources(repository, datetime.now(UTC), date(2026, 5, 1))
    places = {one.rule: one.where for one in found if one.severity == "error"}
    assert places == {"bad-call": f"{page}:{lines + 2}", "dead-link": f"{page}:{lines + 4}"}
