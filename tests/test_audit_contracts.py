"""Contracts: what is no contradiction between calls of a route and their replies."""

from pathlib import Path

import pytest
from audit_samples import CALL, KEYED, KEYLESS, POST, POSTS, calls, gets
from audit_trees import audited, write_files

from trueup.audit import audit_tree
from trueup.audit.code import normal_path

CURL = 'curl https://api.example.com/v1/tasks -H "Authorization: Bearer $KEY"'


def pages(*pairs: tuple[str, str]) -> dict[str, str]:
    return {
        f"{number}.md": f"# Part\n\n```bash\n{CURL}\n```\n\n{between}\n\n```json\n{reply}\n```\n"
        for number, (between, reply) in enumerate(pairs)
    }


WELL = {
    "states of parts": pages(
        ("Reply:", '{"status": "completed", "items": [{"status": "succeeded"}]}'),
        ("Reply:", '{"status": "completed", "items": []}'),
    ),
    "a request": pages(("Reply:", '{"data": []}'), ("Request body:", '{"model": "a"}')),
    "a body": pages(("Reply:", '{"data": []}'), ("Send:", '{"prompt": "a"}')),
    "an error": pages(("Reply:", '{"data": []}'), ("Or:", '{"error": "no"}')),
    "another section": {
        "0.md": CALL.format(title="A", path="tasks", reply='{"data": []}'),
        "1.md": f'# A\n\n```bash\n{CURL}\n```\n\n## Other\n\n```json\n{{"x": 1}}\n```\n',
    },
    "another way to give the key": gets(*[KEYED] * 4, KEYLESS + ' -H "$AUTH"', KEYLESS + " -u a:b"),
    "a key in the query": gets(*[KEYED] * 4, KEYLESS + "&key=$KEY"),
    "an install script": gets(*[KEYED] * 4, "curl https://example.com/install.sh | sh"),
    "a shorter text": gets(*[KEYED] * 2, KEYLESS),
    "a comment": gets(*[KEYED] * 4, f"# {KEYLESS}"),
}


PYTHON = '```python\nsession.get("https://api.example.com/v1/tasks")\n```'
SCRIPT = "```js\nawait client.tasks.list()\n```"
TABS = {
    "nothing": "",
    "a sentence": "The reply:",
    "other languages": f"{PYTHON}\n\n{SCRIPT}",
    "tabs of MkDocs": f'=== "Python"\n\n{PYTHON}\n\n=== "JavaScript"\n\n{SCRIPT}\n\nIt returns:',
    "tabs of MDX": (
        f'</TabItem>\n<TabItem value="js" label="Node.js">\n\n{SCRIPT}\n\n</TabItem>\n</Tabs>'
    ),
    "components": "</RequestExample>\n\n<ResponseExample>",
    "a heading below": "## Response",
    "a heading below in another language": f"{PYTHON}\n\n## 返回示例\n\n返回参数:",
    "a heading for each language": f"## Python SDK\n\n{PYTHON}\n\n## Response body",
    "the same call after a sentence": f"The same in Python, with a session:\n\n{PYTHON}",
}
SEPARATE = {
    "a request body": f"{PYTHON}\n\nRequest body:",
    "a request below": "## Request",
    "a heading of something else": f"{PYTHON}\n\n## Callbacks",
    "a heading beside": "# Response",
    "a heading of errors": "## Error responses",
    "a status of an error": f"{PYTHON}\n\nWithout a key, 401:",
    "a long text": f"{PYTHON}\n\n{'Some words that are about it. ' * 12}",
    "another call in another language": (
        "Then draw a boat in Python:\n\n```python\nclient.boats.draw()\n```\n\nIt returns:"
    ),
    "a file": "```yaml\na: 1\n```",
    "a failure": "If the key is wrong, the reply is 401:",
    "a failure in Chinese": "失败时返回错误：",
    "a webhook": "When it ends, your webhook receives:",
    "a file that the reader writes": "Then write this to `config.json`:",
}


def replies(between: str) -> dict[str, str]:
    """Two pages of one route with replies that have no key in common."""
    return pages((between, '{"data": [1]}'), (between, '{"images": [1]}'))


@pytest.mark.parametrize("name", TABS)
def test_a_reply_is_that_of_the_call_above_its_other_languages(name: str, tmp_path: Path) -> None:
    found = audited(write_files(tmp_path, replies(TABS[name])))[1:]
    assert [one.split()[0] for one in found] == ["route-reply"]


@pytest.mark.parametrize("name", SEPARATE)
def test_what_is_not_surely_the_reply_of_a_call_is_none(name: str, tmp_path: Path) -> None:
    assert audited(write_files(tmp_path, replies(SEPARATE[name])))[1:] == []


def test_a_reply_is_that_of_the_last_call_above_it(tmp_path: Path) -> None:
    between = f"{PYTHON}\n\n```bash\ncurl https://api.example.com/v1/boats\n```"
    (found,) = audit_tree(write_files(tmp_path, replies(between))).findings[1:]
    assert found.rule == "route-reply" and "replies of GET /v1/boats " in found.problem


def test_what_a_call_sends_is_not_its_reply(tmp_path: Path) -> None:
    call = 'curl https://api.example.com/v1/tasks -d \'{"%s": 1, "b": 2}\''
    files = {
        f"{name}.md": f'# A\n\n```bash\n{call % name}\n```\n\n```json\n{{"{name}": 1}}\n```\n'
        for name in ("x", "y")
    }
    assert audited(write_files(tmp_path, files))[1:] == []


def test_a_response_beside_the_heading_of_its_request_is_a_reply(tmp_path: Path) -> None:
    files = {
        name: text.replace("# Part", "# Tasks\n\n### Example request")
        for name, text in replies(f"### Python\n\n{PYTHON}\n\n### Example response").items()
    }
    found = audited(write_files(tmp_path, files))[1:]
    assert [one.split()[0] for one in found] == ["route-reply"]


@pytest.mark.parametrize("name", WELL)
def test_what_only_seems_to_differ_is_well(name: str, tmp_path: Path) -> None:
    assert audited(write_files(tmp_path, WELL[name]))[1:] == []


def test_a_key_on_a_later_line_of_the_call_counts(tmp_path: Path) -> None:
    long = KEYLESS + ' \\\n  -H "Authorization: Bearer $KEY" \\\n  -d \'{"a":\n "b"}\''
    assert audited(write_files(tmp_path, gets(*[KEYED] * 4, long)))[1:] == []


def test_routes_swapped_in_one_language_are_found_in_sentences_and_items(tmp_path: Path) -> None:
    text = "# A\n\nFirst POST /v1/boats is called.\n\n- `GET /v1/one`: {}\n- `GET /v1/two`: {}\n"
    other = text.replace("boats", "ships").replace("one`", "x`").replace("two`", "one`")
    files = {"docs/en/a.md": text, "docs/ja/a.md": other.replace("x`", "two`")}
    found = audited(write_files(tmp_path, files))[1:]
    assert sorted(one.partition(" ")[2] for one in found if one.startswith("language-names")) == [
        f"docs/ja/a.md:{line} docs/en/a.md:{line}" for line in (3, 5, 6)
    ]


IDS = [
    *("task_55aa", "550e8400-e29b-41d4-a716-446655440000", "550E8400-E29B-41D4-A716-446655440000"),
    *("1a2b3c4d", "0123456789abcdef0123", "42", "task_123", "task-9xK2", "{id}", "<id>", "$ID"),
]
NAMES = ["v1beta1", "2024-01-01", "veo-3", "llama_405b", "sdxl_1024", "boat-2-fast", "facade"]
NAMES += ["latest", "gpt-4o", "task_list", "s3", "oauth2", "model_v2", "defaced"]


@pytest.mark.parametrize("part", IDS)
def test_an_id_in_a_path_is_one_of_many(part: str) -> None:
    assert normal_path(f"/v1/tasks/{part}") == "/v1/tasks/{}"
    assert normal_path(f"/v1/tasks/{part}/files/") == "/v1/tasks/{}/files"


@pytest.mark.parametrize("part", NAMES)
def test_a_name_or_a_version_in_a_path_stays(part: str) -> None:
    assert normal_path(f"/v1/tasks/{part}") == f"/v1/tasks/{part}"
    assert normal_path(f"/{part}/tasks") == f"/{part}/tasks"


def test_a_model_in_a_path_is_no_id() -> None:
    assert normal_path("/v1/models/model_1a2b:cancel") == "/v1/models/model_1a2b:cancel"
    assert normal_path("/v1/flux/flux-200") == "/v1/flux/flux-200"
    assert normal_path("/v1/videos/video-01") == "/v1/videos/video-01"
    assert normal_path("/v1/tasks/task_1a2b:cancel") == "/v1/tasks/{}:cancel"
    assert normal_path("/") == "/" and normal_path("https://a.example") == "https://a.example"


def test_calls_of_two_tasks_are_calls_of_one_route(tmp_path: Path) -> None:
    one, other = (
        calls('{"status": "succeeded"}', path="tasks/$ID"),
        calls('{"status": "SUCCESS"}', path="tasks/task_55aa"),
    )
    found = audited(write_files(tmp_path, {"a.md": one, "b.md": other}))[1:]
    assert [line.split()[0] for line in found] == ["route-success"]


ONE = POST.format("a")
TYPED = "-H 'Content-Type: a/b' "
PYTHON_POST = """\
```python
requests.post(
    "https://x.example/v1/a",
    headers={{"{}": f"Bearer {{key}}"}},
    json={{"a": 1}},
)
```
"""
ODD = {
    "no type": (ONE.replace(TYPED, ""), 4),
    "a misspelt type": (ONE.replace("Content-Type", "Content-Typ"), 4),
    "a type below": (ONE.replace(TYPED, "\\\n  -H 'Contenttype: a/b' \\\n "), 5),
    "another option": (ONE.replace(TYPED, "").replace("-d ", "-s --data-raw "), 4),
    "options in one": (ONE.replace(TYPED, "").replace("-H ", "-sSH ").replace("-d ", "-d"), 4),
    "a pipe": (ONE.replace(TYPED, "") + " | jq -H 'Content-Type: a/b'", 4),
    "another header": (ONE.replace("Authorization", "X-Token"), 4),
    "a misspelt header": (ONE.replace("Authorization", "Authorisation"), 4),
}
NOT_ODD = {
    "JSON by its option": ONE.replace(TYPED, "").replace("-d ", "--json "),
    "a form": ONE.replace(TYPED, "").replace("{}", "a=1"),
    "a file": ONE.replace(TYPED, "").replace("'{}'", "@a.json"),
    "a query": ONE.replace(TYPED, "-G "),
    "another form of the option": ONE.replace(TYPED, f"--header={TYPED.removeprefix('-H ')}"),
    "options in one word": ONE.replace(TYPED, f"-sS{TYPED.removeprefix('-')}"),
    "headers of the reader": ONE.replace(TYPED, '-H "$TYPE" '),
    "headers in a list": ONE.replace(TYPED, '"${HEADERS[@]}" '),
    "headers in a file": ONE.replace(TYPED, "-H @headers "),
    "a shortened command": ONE.replace(TYPED, "... "),
    "another case": ONE.replace("Content-Type", "content-type").replace("Auth", "auth"),
    "an open text": ONE.replace(TYPED, "").replace("'{}'", '"{'),
    "two keys": ONE.replace("-d ", "-H 'X-Token: Bearer $B' -d "),
    "a proxy": ONE.replace("Authorization", "Proxy-Authorization"),
    "another server": ONE.replace("x.example", "y.example").replace("Authorization", "X-Token"),
    "on purpose": f"# Without a key:\n{ONE.replace('Authorization', 'X-Token')}",
}


@pytest.mark.parametrize("name", ODD)
def test_a_call_with_an_odd_header_is_found_beside_others(name: str, tmp_path: Path) -> None:
    command, line = ODD[name]
    write_files(tmp_path, gets(*POSTS, command))
    found = [one for one in audited(tmp_path) if one.startswith("odd-header")]
    assert found == [f"odd-header 9.md:{line} 0.md:4 1.md:4 2.md:4"]


@pytest.mark.parametrize("name", NOT_ODD)
def test_a_call_that_may_have_other_headers_is_well(name: str, tmp_path: Path) -> None:
    write_files(tmp_path, gets(*POSTS, NOT_ODD[name]))
    assert not [one for one in audited(tmp_path) if one.startswith("odd-header")]


def test_headers_of_few_or_divided_calls_are_well(tmp_path: Path) -> None:
    odd = [ONE.replace(TYPED, ""), ONE.replace(TYPED, "").replace("v1/a", "v1/b")]
    write_files(tmp_path, {**gets(*POSTS[:3], odd[0]), **{"x/9.md": "# Text\n"}})
    assert not [one for one in audited(tmp_path) if one.startswith("odd-header")]
    write_files(tmp_path, gets(*POSTS, *odd))
    assert not [one for one in audited(tmp_path) if one.startswith("odd-header")]


def test_a_header_that_a_page_names_is_well(tmp_path: Path) -> None:
    files = gets(*POSTS, ONE.replace("Authorization", "X-Token"))
    write_files(tmp_path, {**files, "a.md": "# Keys\n\nA key may stand in `x-token`, too.\n"})
    assert not [one for one in audited(tmp_path) if one.startswith("odd-header")]


def test_a_header_that_is_odd_in_all_languages_is_one_finding(tmp_path: Path) -> None:
    files = {**gets(*POSTS), "9.md": PYTHON_POST.format("X-Token")}
    for name in ("en", "ja"):
        write_files(tmp_path, {f"docs/{name}/{path}": text for path, text in files.items()})
    found = [one for one in audited(tmp_path) if one.startswith("odd-header")]
    usual = " ".join(f"docs/en/{number}.md:4" for number in range(3))
    assert found == [f"odd-header docs/en/9.md:4 docs/ja/9.md:4 {usual}"]


def test_other_languages_send_the_type_themselves(tmp_path: Path) -> None:
    write_files(tmp_path, {**gets(*POSTS), "9.md": PYTHON_POST.format("Authorization")})
    assert not [one for one in audited(tmp_path) if one.startswith("odd-header")]
