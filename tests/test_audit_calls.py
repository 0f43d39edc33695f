"""Calls of Python and JavaScript blocks, read as curl commands."""

import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from audit_samples import KEYED, gets
from audit_trees import audited, commit_on, write_files
from document_samples import DOCUMENT, HOST, NEW

from trueup.audit.body import body_of
from trueup.audit.javascript_calls import javascript_commands
from trueup.audit.mention import all_calls_of
from trueup.audit.page import read_page
from trueup.audit.python_calls import python_commands
from trueup.draft import draft_pages

PYTHON = """
import requests, httpx, json
API_KEY = os.environ["API_KEY"]
BASE = "https://api.example.com"
headers = {"Authorization": f"Bearer {API_KEY}"}
payload = {"model": "boat-1", "prompt": prompt, "n": -2, "on": True, "b": encode(x)}
r = requests.post(f"{BASE}/v1/boats", headers=headers, json=payload)
r = httpx.get(BASE + "/v1/boats/" + r.json()["id"], params={"a b": 1}, timeout=3)
requests.post("https://b.cd/v1/up", data=json.dumps({"a": [None]}), auth=("a", "b"))
requests.put("https://b.cd/v1/up", files={"file": open("a", "rb")}, data={"m": "x"})
requests.post("https://b.cd/v1/up", {"a": 1}, headers={**headers, "X": "1"})
httpx.request("DELETE", "https://b.cd/v1/up")
requests.post("https://b.cd/v1/up", **options)
client.post("https://b.cd/v1/up", json={})
requests.Session()
"""
JAVASCRIPT = """
const API = "https://api.example.com";
const headers = { Authorization: "Bearer " + key };
const r = await fetch(`${API}/v1/boats/${task.id}?a=1`, {
  method: "POST", // as always
  headers: { 'X-Api-Key': `${process.env.KEY}` },
  body: JSON.stringify({
    model: "boat-1", prompt, list: [1, 2.5, -3], nested: { a: true, f: f(1, {b: 2}) },
  }),
});
await fetch(API + "/v1/boats", { headers });
await fetch("https://b.cd/v1/up", { method: 'PUT', body: form });
axios.post("https://b.cd/v1/up", {...body, x: 1}, { headers: h });
axios.get("https://b.cd/v1/up", { params: {"b c": 2} });
axios({ url: "https://b.cd/v1/up", method: "delete" });
// fetch("https://b.cd/v1/commented")
fetch("https://b.cd/v1/up", options)
const url: string = 'https://a.b/v1/c?a'; const re = /["']/;
axios.post<Boat[]>(url, '{"a": "\u00e9"}' as string)
"""


def commands(read: Callable[[str], list[tuple[int, str]]], text: str) -> list[tuple[int, str]]:
    return [(line, command.removeprefix("curl -X ")) for line, command in read(text)]


def test_python_calls_are_read_as_curl() -> None:
    assert commands(python_commands, PYTHON) == [
        (
            6,
            "POST https://api.example.com/v1/boats -H 'Authorization: Bearer $API_KEY' -d"
            ' \'{"model": "boat-1", "prompt": "$prompt", "n": -2, "on": true, "b": "$encode_x"}\'',
        ),
        (7, "GET 'https://api.example.com/v1/boats/$r_json_id?a+b=1'"),
        (8, """POST https://b.cd/v1/up -H '$headers' -d '{"a": [null]}'"""),
        (9, "PUT https://b.cd/v1/up -F file=@file -F m=x"),
        (10, "POST https://b.cd/v1/up -H '$headers' -d '$value'"),
        (11, "DELETE https://b.cd/v1/up"),
    ]


def test_javascript_calls_are_read_as_curl() -> None:
    assert commands(javascript_commands, JAVASCRIPT) == [
        (
            3,
            "POST 'https://api.example.com/v1/boats/$task_id?a=1' -H 'X-Api-Key: $process_env_KEY'"
            ' -d \'{"model": "boat-1", "prompt": "$prompt", "list": [1, 2.5, -3],'
            ' "nested": {"a": true, "f": "$f_1_b_2"}}\'',
        ),
        (10, "GET https://api.example.com/v1/boats -H 'Authorization: Bearer $key'"),
        (11, "PUT https://b.cd/v1/up -d '$form'"),
        (12, "POST https://b.cd/v1/up -H '$headers' -d '$value'"),
        (13, "GET 'https://b.cd/v1/up?b+c=2'"),
        (14, "DELETE https://b.cd/v1/up"),
        (18, "POST 'https://a.b/v1/c?a' -d '{\"a\": \"é\"}'"),
    ]


UNSURE = {
    "b = {}\nb['x'] = 1": "b",
    "b = {}\nb.update(x=1)": "b",
    "b = {}\ndef f(b): pass": "b",
    "b = {}\nadd_options(b)": "b",
    "a = {}\nb = a\nb['x'] = 1": "a",
    "b = {'a': {}}\nb['a']['x'] = 1": "b",
    "b = {}\nb = {'x': 1}": "b",
    "": "{\n  'a': 1,  # ... and more\n}",
    "#": "{**b, 'x': 1}",
}
UNSURE_SCRIPTS = {
    "let b = {}; b.x = 1": "b",
    "let b = {}; b = c": "b",
    "const b = {}; Object.assign(b, c)": "b",
    "const b = {}; delete b.x": "b",
    "const b = {}; function f(b) {}": "b",
    "const b = {}; const f = (b) => b": "b",
    "const b = []; b.push(1)": "b",
    "": "{ a: 1, // ... other fields\n }",
    ";": "{ a: 1, /* … */ }",
    ";;": "{ ...b, x: 1 }",
}


@pytest.mark.parametrize("before", UNSURE)
def test_a_python_body_that_may_be_another_is_not_read(before: str) -> None:
    ((_, command),) = python_commands(
        f"{before}\nimport requests\nrequests.post('https://a.b/v1/c', json={UNSURE[before]})"
    )
    assert command.endswith(("-d '$value'", "-d '$a'", "-d '$b'"))


@pytest.mark.parametrize("before", UNSURE_SCRIPTS)
def test_a_javascript_body_that_may_be_another_is_not_read(before: str) -> None:
    body = f"JSON.stringify({UNSURE_SCRIPTS[before]})"
    text = f"{before}\nfetch('https://a.b/v1/c', {{ method: 'POST', body: {body} }})"
    ((_, command),) = javascript_commands(text)
    assert command.endswith(("-d '$value'", "-d '$b'"))


@pytest.mark.parametrize(
    "text",
    [
        'client.fetch("https://a.b/v1/c")',
        '$fetch("https://a.b/v1/c")',
        "log(\"fetch('https://a.b/v1/c')\")",
        'x(); // instead of fetch("https://a.b/v1/c")',
        'const t = /* fetch("https://a.b/v1/c") */ 1;',
        'fetch("https://a.b/v1/c", options)',
        'fetch(API_URL, { method: "POST", body: "see https://a.b/v1/c" })',
    ],
)
def test_what_is_no_call_of_a_known_address_is_not_read(text: str) -> None:
    assert javascript_commands(text) == []


def test_no_address_of_a_body_is_read_in_place_of_a_computed_one() -> None:
    text = "requests.post(URL, json={'images': ['https://a.b/cat.png']})"
    assert python_commands(text) == []


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (python_commands, "requests.get('https://a.b/v1/c', params=params)"),
        (python_commands, "requests.get('https://a.b/v1/c', headers=make())"),
        (python_commands, "requests.get('https://a.b/v1/c', auth=a)"),
        (javascript_commands, "axios.get('https://a.b/v1/c', { params })"),
        (javascript_commands, "axios.defaults.headers.x = 1; axios.get('https://a.b/v1/c')"),
        (javascript_commands, "fetch('https://a.b/v1/c', { headers: make() })"),
    ],
)
def test_a_key_may_be_in_what_is_not_written_down(
    read: Callable[[str], list[tuple[int, str]]], text: str
) -> None:
    ((_, command),) = read(text)
    assert "-H '$" in command


HOSTILE = {
    "brackets": "fetch(" + "[" * 9_000,
    "calls": "fetch(" * 1_600,
    "types": "fetch(" + "a<b," * 2_000,
    "a template without its end": "fetch([" * 50 + "\\`" * 4_000,
    "names": 'const a="";\n' * 50 + "fetch(1)\n" + "a[" * 4_000,
    "names of names": "".join(f"const a{n}=`${{a{n - 1}}}${{a{n - 1}}}`;" for n in range(200))
    + "fetch(`https://a.b/${a199}`)",
    "holes": "const a='" + "x" * 900 + "'; fetch(`" + "${a}" * 2_000 + "`)",
    "no end": "fetch('https://a.b/v1/c', {body: `",
    "python lists": "requests.post('u', json=" + "[" * 90 + "]" * 90 + ")",
    "python parentheses": "requests.post(" + "(" * 30_000,
    "python names of names": "".join(f"a{n} = f'{{a{n - 1}}}{{a{n - 1}}}'\n" for n in range(1, 60))
    + "requests.get('https://a.b/' + a59)\n" * 1_000,
    "python texts": "a = '" + "x" * 900 + "'\nrequests.post('u', json=[" + "a," * 9_000 + "])",
    "python calls": "requests.get('https://a.b/v1/c')\n" * 1_500,
    "a null": "requests.get('\0')",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_no_block_takes_long(name: str) -> None:
    began = time.process_time()
    for read in (python_commands, javascript_commands):
        read(HOSTILE[name])
    assert time.process_time() - began < 5  # it would be minutes, or an error


def test_the_address_of_a_value_is_not_that_of_the_call() -> None:
    text = "# A\n\n```bash\n{}\n```\n"
    for command, routes in {
        """curl "$URL" -d '{"image": "https://x.y/v1/z"}'""": [],
        """curl -d '{"image":"https://x.y/v1/z"}' $BASE/v1/e""": ["POST /v1/e"],
        "curl -H 'Referer: https://x.y/v1/z' https://c.d/v1/e": ["GET /v1/e"],
    }.items():
        found = all_calls_of(read_page("a.md", text.format(command)))
        assert [call.route.text for call in found] == routes


@pytest.mark.parametrize(
    ("options", "method", "query", "has_key"),
    [
        ("-sSX DELETE", "DELETE", ("y",), False),
        ("-XPATCH", "PATCH", ("y",), False),
        ("-Fname=x", "POST", ("y",), False),
        ("-d'{}'", "POST", ("y",), False),
        ("-sSd '{}'", "POST", ("y",), False),
        ("--data='{}'", "POST", ("y",), False),
        ("--data-ascii '{}'", "POST", ("y",), False),
        ("--form-string a=b", "POST", ("y",), False),
        ("-T boat.png", "PUT", ("y",), False),
        ("--upload-file boat.png", "PUT", ("y",), False),
        ("-G -d page=1 --data-urlencode 'q=a b'", "GET", ("y", "page", "q"), False),
        ("-sGd key=x", "GET", ("y", "key"), True),
        ("-k", "GET", ("y",), False),
        ("-K my.conf", "GET", ("y",), True),
        ("-uname:word", "GET", ("y",), True),
        ("-sn", "GET", ("y",), True),
        ("-u name:", "GET", ("y",), True),
        ("--user=name:", "GET", ("y",), True),
        ("-sSH 'Authorization: Bearer $KEY'", "GET", ("y",), True),
    ],
)
def test_options_of_curl_are_read_as_curl_reads_them(
    options: str, method: str, query: tuple[str, ...], has_key: bool
) -> None:
    page = f"# A\n\n```bash\ncurl {options} https://a.b/v1/e?y=2\n```\n"
    (call,) = all_calls_of(read_page("a.md", page))
    assert (call.route.text, call.query, call.has_key) == (f"{method} /v1/e", query, has_key)


@pytest.mark.parametrize(
    ("options", "body"),
    [
        ("""-d '{"a": [1]}'""", {"a": [1]}),
        ("""-sSd '{"a": 1}'""", {"a": 1}),
        ("""-d'{"a": 1}'""", {"a": 1}),
        ("""--json='{"a": 1}'""", {"a": 1}),
        ("""--data-ascii '{"a": 1}'""", {"a": 1}),
        ("""-H '{"a": 1}'""", None),
        ("""-d '{"a": 1}' --data-raw '{"b": 2}'""", None),
        ("""-d '{"a": 1, ...}'""", None),
    ],
)
def test_a_whole_body_is_read_however_it_is_given(options: str, body: object) -> None:
    assert body_of(f"curl {options} https://a.b/v1/e") == body


PYTHON_CALL = 'requests.get("https://api.example.com/v1/tasks?id=3"{})'


@pytest.mark.parametrize(
    ("fence", "call", "found"),
    [
        ("python", PYTHON_CALL.format(""), True),
        ("python", PYTHON_CALL.format(', headers={"X-Api-Key": KEY}'), False),
        ("python", PYTHON_CALL.format(", headers=headers"), False),
        ("python", PYTHON_CALL.format(', auth=("a", "b")'), False),
        ("js", 'fetch("https://api.example.com/v1/tasks?id=3")', True),
        ("js", 'fetch("https://api.example.com/v1/tasks?id=3", { headers })', False),
    ],
)
def test_a_call_without_a_key_is_found_in_each_language(
    fence: str, call: str, found: bool, tmp_path: Path
) -> None:
    pages = {**gets(*[KEYED] * 4), "4.md": f"# Call\n\n```{fence}\n{call}\n```\n"}
    places = audited(write_files(tmp_path, pages))[1:]
    assert places == (["call-without-key 4.md:4 0.md:4 1.md:4 2.md:4 3.md:4"] if found else [])


@pytest.mark.parametrize(
    ("fence", "call", "line"),
    [
        ("python", f'httpx.post("{HOST}/boats", json={{\n  "name": name,\n  SIZE\n}})', 6),
        (
            "ts",
            f'fetch("{HOST}/boats", {{\n  method: "POST",\n'
            "  body: JSON.stringify({ name,\n    SIZE }),\n});",
            7,
        ),
    ],
)
def test_a_body_is_compared_with_the_document(
    fence: str, call: str, line: int, tmp_path: Path
) -> None:
    page = f"# Boats\n\n```{fence}\n{call}\n```\n"
    for size, found in {
        '"size": "small"': [],
        '"size": choose()': [],
        '"size": "huge"': [f"document-value 0.md:{line} openapi.yaml#{NEW}/properties/size"],
    }.items():
        top = tmp_path / str(len(size))
        files = {"0.md": page.replace("SIZE", size), "openapi.yaml": DOCUMENT}
        assert audited(write_files(top, files), top / "openapi.yaml")[1:] == found


def test_a_route_that_python_alone_calls_is_drafted(tmp_path: Path) -> None:
    block = 'requests.post("https://api.harbour.example/v1/boats", headers={"X-Api-Key": KEY},\n'
    block += '              json={"model": "boat-1", "prompt": "A boat"})'
    write_files(tmp_path, {"docs/boats.md": f"# Boats\n\n```python\n{block}\n```\n"})
    draft = draft_pages(commit_on(tmp_path, "2026-04-14") / "docs", date(2026, 5, 2))
    assert [one.route.request for one in draft.routes] == ["POST /v1/boats"]
