"""Calls of Python and JavaScript blocks, read as curl commands."""

import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from audit_samples import KEYED, gets
from audit_trees import audited, commit_on, write_files
from document_samples import DOCUMENT, HOST, NEW

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
requests.post(url, data=json.dumps({"a": [None]}), auth=("a", "b"))
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
await fetch(url, { method: 'PUT', body: form });
axios.post("https://b.cd/v1/up", {...body, x: 1}, { headers: h });
axios.get("https://b.cd/v1/up", { params: {"b c": 2} });
axios({ url: "https://b.cd/v1/up", method: "delete" });
// fetch("https://b.cd/v1/commented")
fetch("https://b.cd/v1/up", options)
"""


def test_python_calls_are_read_as_curl() -> None:
    assert [
        (line, command.removeprefix("curl -X ")) for line, command in python_commands(PYTHON)
    ] == [
        (
            6,
            "POST https://api.example.com/v1/boats -H 'Authorization: Bearer $API_KEY' -d"
            ' \'{"model": "boat-1", "prompt": "$prompt", "n": -2, "on": true, "b": "$encode_x"}\'',
        ),
        (7, "GET 'https://api.example.com/v1/boats/$r_json_id?a+b=1'"),
        (8, """POST '$url' -H '$headers' -d '{"a": [null]}'"""),
        (9, "PUT https://b.cd/v1/up -F file=@file -F m=x"),
        (10, "POST https://b.cd/v1/up -H '$headers' -d @body"),
        (11, "DELETE https://b.cd/v1/up"),
    ]


def test_javascript_calls_are_read_as_curl() -> None:
    found = javascript_commands(JAVASCRIPT)
    assert [(line, command.removeprefix("curl -X ")) for line, command in found] == [
        (
            3,
            "POST 'https://api.example.com/v1/boats/$task_id?a=1' -H 'X-Api-Key: $process_env_KEY'"
            ' -d \'{"model": "boat-1", "prompt": "$prompt", "list": [1, 2.5, -3],'
            ' "nested": {"a": true, "f": "$value"}}\'',
        ),
        (10, "GET https://api.example.com/v1/boats -H 'Authorization: Bearer $key'"),
        (11, "PUT '$url' -d @body"),
        (12, "POST https://b.cd/v1/up -H '$headers' -d @body"),
        (13, "GET 'https://b.cd/v1/up?b+c=2'"),
        (14, "DELETE https://b.cd/v1/up"),
    ]


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (
            python_commands,
            "import requests\nurl = 'https://a.b/v1/c'\nurl = 'd'\nrequests.get(url)",
        ),
        (python_commands, "b = {}\nb['x'] = 1\nrequests.post('https://a.b/v1/c', json=b)"),
        (python_commands, "b = {}\nb.update(x=1)\nrequests.post('https://a.b/v1/c', json=b)"),
        (python_commands, "b = {}\ndef f(b):\n    requests.post('https://a.b/v1/c', json=b)"),
        (
            javascript_commands,
            "let b = {}; b.x = 1; fetch('https://a.b/v1/c', {method: 'POST', body: b})",
        ),
        (
            javascript_commands,
            "let b = {}; b = c; fetch('https://a.b/v1/c', {method: 'POST', body: b})",
        ),
    ],
)
def test_a_name_that_changes_stands_for_nothing(
    read: Callable[[str], list[tuple[int, str]]], text: str
) -> None:
    ((_, command),) = read(text)
    assert command.endswith(("'$url'", "-d @body"))


HOSTILE = {
    "brackets": "fetch(" + "[" * 40_000,
    "calls": "fetch(" * 8_000,
    "names of names": "".join(f"const a{n}=[a{n - 1},a{n - 1}];" for n in range(1_500))
    + "fetch(a49)",
    "holes": "const a='" + "x" * 900 + "'; fetch(`" + "${a}" * 9_000,
    "no end": "fetch('https://a.b/v1/c', {body: `",
    "python lists": "requests.post('u', json=" + "[" * 90 + "]" * 90 + ")",
    "python parentheses": "requests.post(" + "(" * 30_000,
    "python names of names": "".join(f"a{n} = [a{n - 1}, a{n - 1}]\n" for n in range(1, 60))
    + "requests.post('u', json=a59)",
    "python texts": "a = '" + "x" * 900 + "'\nrequests.post('u', json=[" + "a," * 9_000 + "])",
    "a null": "requests.get('\0')",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_no_block_takes_long(name: str) -> None:
    began = time.process_time()
    for read in (python_commands, javascript_commands):
        read(HOSTILE[name])
    assert time.process_time() - began < 20  # it would be hours, or an error


def test_the_address_of_a_value_is_not_that_of_the_call() -> None:
    text = "# A\n\n```bash\n{}\n```\n"
    for command, routes in {
        """curl "$URL" -d '{"image": "https://x.y/v1/z"}'""": [],
        """curl -d '{"image":"https://x.y/v1/z"}' $BASE/v1/e""": ["POST /v1/e"],
        "curl -H 'Referer: https://x.y/v1/z' https://c.d/v1/e": ["GET /v1/e"],
    }.items():
        found = all_calls_of(read_page("a.md", text.format(command)))
        assert [call.route.text for call in found] == routes


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
