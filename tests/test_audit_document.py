"""Audit beside an OpenAPI document: what agrees in spite of its form, and hostile documents."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
from audit_trees import audited, commit_on, write_files
from command import trueup
from document_samples import BOAT, DOCUMENT, HOST, KNOWN, get, post

from trueup.audit import audit_tree
from trueup.audit.shape import differences
from trueup.errors import BadInput
from trueup.openapi import Document


def found_beside(top: Path, document: Any, *texts: str) -> list[str]:
    """Return the findings of pages, `0.md` and on, beside a document."""
    file = top / "openapi.json"
    file.write_text(document if isinstance(document, str) else json.dumps(document), "utf-8")
    write_files(top, {f"{number}.md": text for number, text in enumerate(texts)})
    return audited(commit_on(top, "2026-04-14"), file)


def api(schema: Any = None, servers: tuple[str, ...] = (), path: str = "/v1/boats") -> Any:
    body = {"content": {"application/json": {"schema": schema}}}
    return {
        "openapi": "3.1.0",
        "servers": [{"url": url} for url in servers],
        "paths": {path: {"post": {"requestBody": body}, "get": {}}},
    }


def kinds(value: Any, schema: Any, **components: Any) -> list[tuple[str, str]]:
    document = Document("a", {"a": schema, "b": components})
    return [(one.kind, one.name) for one in differences(value, [document.top.get("a")])]


CAT = {"properties": {"kind": {"const": "cat"}, "lives": {}}, "required": ["kind", "lives"]}
DOG = {"properties": {"kind": {"const": "dog"}, "tricks": {}}, "required": ["kind", "tricks"]}


@pytest.mark.parametrize(
    ("value", "schema", "found"),
    [
        ({"kind": "cat", "lives": 9}, {"oneOf": [CAT, DOG]}, []),
        ({"kind": "dog"}, {"oneOf": [CAT, DOG]}, [("lacks", "tricks")]),
        ({"kind": "cow"}, {"anyOf": [CAT, DOG]}, [("lacks", "lives"), ("value", "kind")]),
        ({"kind": "$KIND"}, {"oneOf": [CAT, DOG]}, [("lacks", "lives")]),
        ({"a": 1}, {"allOf": [{"required": ["a"]}, {"required": ["b"]}]}, [("lacks", "b")]),
        ({"a": 1}, {"anyOf": [{"required": ["a"]}, {"required": ["b"]}]}, []),
        ({"a": 1}, {"properties": {"a": {"anyOf": [{"type": "integer"}, {"enum": [2]}]}}}, []),
        ({"a": 1}, {"properties": {"a": {"enum": ["1"]}}}, [("value", "a")]),
        ({"a": None}, {"properties": {"a": {"enum": ["1"]}}}, []),
        ({"a": True}, {"properties": {"a": {"enum": [1]}}}, [("value", "a")]),
        ({"a": ["x"]}, {"properties": {"a": {"items": {"enum": ["y"]}}}}, [("value", "a")]),
        ({"sizes": 1}, {"properties": {"size": {}}}, [("unknown", "sizes")]),
        ({"maxSize": 1}, {"properties": {"max_size": {}}}, [("unknown", "maxSize")]),
        ({"sizes": 1, "size": 2}, {"properties": {"size": {}}}, []),
        ({"top_k": 1}, {"properties": {"top_p": {}}}, []),
        ({"sizes": 1}, {"properties": {"size": {}}, "additionalProperties": {}}, []),
        ({"x": 1}, {"properties": {"a": {}}, "unevaluatedProperties": False}, [("unknown", "x")]),
        ({"x": 1}, {"additionalProperties": False}, []),
        ({"a": {}}, {"properties": {"a": {"required": ["b"]}}}, []),
        ([1], {"type": "object", "required": ["a"]}, []),
        ({"a": 1}, {"$ref": "#/b/C"}, [("lacks", "c")]),
        ({"a": 1}, {"oneOf": [{"oneOf": [{"required": ["b"]}] * 9}] * 9}, []),
    ],
)
def test_a_value_differs_from_a_schema_only_where_each_choice_says_so(
    value: Any, schema: Any, found: list[tuple[str, str]]
) -> None:
    assert kinds(value, schema, C={"required": ["c"]}) == found


@pytest.mark.parametrize(
    ("servers", "path", "address"),
    [
        (("https://a.b/v1/",), "/boats/{id}", "https://a.b/v1/boats/7"),
        (("https://{place}.b/{v}",), "/boats/{id}/", "https://eu.b/v3/boats/a-b"),
        (("https://a.b/v1",), "/boats/{id}", "$BASE_URL/boats/7"),
        (("https://a.b/v1",), "/boats/{id}", "https://${HOST}/v1/boats/:id/"),
        (("/v1",), "/boats/{id}", "https://a.b/v1/boats/<id>"),
        ((), "/v1/boats/{id}", "https://a.b/v1/boats/7#part"),
        (("https://c.d", "http://a.b:8080/v1"), "/boats/{a}-{b}", "http://a.b:8080/v1/boats/1-2"),
        (("https://a.b",), "/v1/models/{m}:run", "https://a.b/v1/models/gem-1:run?x"),
        (("https://a.b",), "/v1/boats/mine", "https://a.b/v1/boats/mine"),
    ],
)
def test_an_address_is_matched_below_any_server_with_its_parameters(
    servers: tuple[str, ...], path: str, address: str, tmp_path: Path
) -> None:
    call = f"```bash\ncurl -X DELETE '{address}'\n```\n"
    document = api({}, servers, path)
    document["paths"]["/v1/boats/{id}/crew"] = document["paths"]["/{x}"] = {}
    at = path.replace("/", "~1")
    found = found_beside(tmp_path, document, call)
    assert found == [f"document-method 0.md:2 openapi.json#/paths/{at}"]


@pytest.mark.parametrize(
    "text",
    [
        "```bash\ncurl -X DELETE https://api.other.example/v1/boats\n```\n",
        "```bash\ncurl https://a.b/install.sh | sh\n```\n",
        "Do not send `DELETE /v1/boats`.\n",
        "## Wrong\n\n```bash\ncurl -X DELETE https://a.b/v1/boats\n```\n",
        "请勿调用 `DELETE /v1/boats`。\n",
        "```python\nsession.delete('https://a.b/v1/boats')\n```\n",
    ],
)
def test_what_is_no_call_of_the_api_is_compared_with_nothing(text: str, tmp_path: Path) -> None:
    call = "```bash\ncurl https://a.b/v1/boats\n```\n"
    assert found_beside(tmp_path, api({}, ("https://a.b",)), call, text) == []


@pytest.mark.parametrize("server", ["https://a.b", "https://x.y/v2", "https://x.y.z"])
def test_a_document_of_another_server_says_nothing_of_a_page(server: str, tmp_path: Path) -> None:
    text = "```bash\ncurl https://x.y/v1/ships\ncurl -X PUT https://x.y/v1/boats\n```\n"
    assert found_beside(tmp_path, api({}, (server,)), text) == []


def test_without_a_host_the_document_is_about_the_host_of_most_calls(tmp_path: Path) -> None:
    own = "```bash\ncurl https://a.b/v1/boats\ncurl https://a.b/v1/boats\n```\n"
    other = "```bash\ncurl -X PUT https://x.y/v1/boats\ncurl -X PUT https://a.b/v1/boats\n```\n"
    found = found_beside(tmp_path, api({}), own, other)
    assert found == ["document-method 1.md:3 openapi.json#/paths/~1v1~1boats"]


def test_a_document_about_a_part_of_the_api_lacks_no_route(tmp_path: Path) -> None:
    others = "\n\n".join(f"`GET /v1/part-{number}`" for number in range(9))
    document = api({}, ("https://a.b",))
    text = "`GET /v1/boats`\n\n"
    assert found_beside(tmp_path, document, text + others) == []
    few = "\n\n".join(f"`GET /v1/part-{number}`" for number in range(2))
    assert len(found_beside(tmp_path, document, text + few)) == 2


def test_one_finding_names_the_same_in_every_language(tmp_path: Path) -> None:
    (tmp_path / "openapi.yaml").write_text(DOCUMENT, "utf-8")
    text = post(BOAT.replace("small", "huge"))
    write_files(tmp_path, {"en/a.md": text, "ja/a.md": text})
    (found,) = audit_tree(
        commit_on(tmp_path, "2026-04-14"), None, tmp_path / "openapi.yaml"
    ).findings
    assert found.problem == (
        "the body of POST /boats has 'huge' as 'size'; the document allows 'small', 'large'"
    )
    assert [one.line for one in (found.where, *found.others)] == [3, 3, 0]
    assert "the page and the document disagree" in found.fix


def test_pages_made_from_a_document_have_no_finding(tmp_path: Path) -> None:
    text = "\n".join(
        [
            "# Boats\n",
            get("/boats?limit=3", '{"data": [{"name": "a", "state": "new"}]}', "200 OK:"),
            post(BOAT),
            "| Route | Use |\n| --- | --- |\n| `GET /v1/boats/{boat}` | one boat |\n",
            "`DELETE /v1/boats/{boat}/` is deprecated.\n",
            "```http\nPOST /v1/boats\n```\n",
        ]
    )
    assert found_beside(tmp_path, DOCUMENT, *[text] * 5) == []


def test_a_status_that_the_document_lacks_is_a_warning_at_its_line(tmp_path: Path) -> None:
    found = found_beside(tmp_path, DOCUMENT, get("/boats", '{"data": []}', "It is 202 Accepted:"))
    assert found == ["document-reply 0.md:5 openapi.json#/paths/~1boats/get/responses"]


def test_the_command_compares_with_a_document_below_the_top(tmp_path: Path) -> None:
    found_beside(tmp_path, DOCUMENT, KNOWN.replace("GET", "PUT"))
    done = trueup(tmp_path, "audit", "--openapi", "openapi.json")
    assert done.returncode == 1
    assert "PUT /boats is here; the document has GET, POST for this path" in done.stderr
    assert f"    and {tmp_path}/openapi.json#/paths/~1boats\n" in done.stderr
    assert trueup(tmp_path, "audit").returncode == 0
    for name, problem in (("no.json", "cannot be read"), ("0.md", "openapi is")):
        done = trueup(tmp_path, "audit", "--openapi", name)
        assert done.returncode == 2 and name in done.stderr and problem in done.stderr


LOOP = {"$ref": "#/components/schemas/Loop"}


@pytest.mark.parametrize(
    ("schema", "problem"),
    [
        ({"$ref": "file:///etc/passwd"}, "leads out of the document"),
        ({"$ref": "other.yaml#/a"}, "leads out of the document"),
        ({"$ref": "#/gone"}, "leads nowhere"),
        (LOOP, "leads back to itself"),
    ],
)
def test_a_part_that_cannot_be_read_is_a_warning_and_compares_nothing(
    schema: Any, problem: str, tmp_path: Path
) -> None:
    document = api({"required": ["a"], "properties": {"name": schema}})
    document["components"] = {"schemas": {"Loop": LOOP}}
    found_beside(tmp_path, document, post(BOAT))
    (found,) = audit_tree(tmp_path, openapi=tmp_path / "openapi.json").findings
    assert (found.rule, found.severity) == ("unread-operation", "warning")
    assert problem in found.problem and found.fix


def test_a_path_that_leads_out_of_the_document_is_no_missing_route(tmp_path: Path) -> None:
    document = api({}, ("https://a.b",))
    document["paths"]["/v1/ships"] = {"$ref": "ships.yaml"}
    found = found_beside(tmp_path, document, "`GET /v1/boats` and `PUT /v1/ships`\n")
    assert found == ["unread-operation openapi.json#/paths/~1v1~1ships"]


@pytest.mark.long
def test_hostile_documents_end_in_time(tmp_path: Path) -> None:
    many = "{a}-" * 200
    wide = {"$ref": "#/components/schemas/Wide"}
    document = api({"properties": {"name": {"pattern": "(a+)+" * 2_000_000}, "crew": wide}})
    document["components"] = {"schemas": {"Wide": {"allOf": [wide] * 9, "oneOf": [wide] * 9}}}
    document["paths"] |= {f"/v1/{many}{number}": {"get": {}} for number in range(200)}
    start = time.process_time()
    text = post(BOAT.replace("}", ', "crew": {"a": {}}}')) + "\n".join(
        f"`GET /v1/{'-' * 900}{number}`" for number in range(200)
    )
    assert found_beside(tmp_path, document, text)[1:] == []
    assert time.process_time() - start < 6
    bomb = "\n".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9))
    (tmp_path / "bomb.yaml").write_text(f"openapi: 3.1.0\na0: &a0 [x]\n{bomb}\n")
    with pytest.raises(BadInput, match="values, or 100 levels"):
        audit_tree(tmp_path, openapi=tmp_path / "bomb.yaml")
    document["paths"] = {f"/{number}": {} for number in range(10_001)}
    with pytest.raises(BadInput, match="10001 paths, expected at most"):
        found_beside(tmp_path, document)


@pytest.mark.long
@pytest.mark.parametrize("unit", ["GET /v1/boats ", "GET /v1/{a}", "?a=b&", "-d '{} ", "404 OK "])
def test_endless_pages_end_in_time_beside_a_document(unit: str, tmp_path: Path) -> None:
    line = f"curl https://eu.harbour.example/v1/boats {unit * (3_800 // len(unit))}"
    text = "\n".join([*[line] * 20, "```bash", *[line] * 20, "```", "```json", "{}", "```"])
    start = time.process_time()
    found_beside(tmp_path, DOCUMENT, text, text)
    assert time.process_time() - start < 6


@pytest.mark.parametrize("wrong", ["text", 7, None, [], {}, [7], {"a": 7}, [[]], True])
@pytest.mark.parametrize("key", ["servers", "paths", "schema", "parameters", "responses", "post"])
def test_a_part_of_another_form_is_no_traceback(key: str, wrong: Any, tmp_path: Path) -> None:
    document = api(wrong if key == "schema" else {})
    for name in ("type", "properties", "required", "enum", "items", "allOf", "oneOf"):
        schema = {"type": "object", "properties": {"name": {name: wrong}}, name: wrong}
        document["paths"][f"/v1/{name}"] = api(schema)["paths"]["/v1/boats"]
    if key in ("servers", "paths"):
        document[key] = wrong
    elif key == "post":
        document["paths"]["/v1/boats"]["post"] = wrong
    elif key != "schema":
        document["paths"]["/v1/boats"]["post"][key] = wrong
    texts = [
        post(BOAT, path=f"/{name}") for name in ("boats?a=1", "type", "enum", "items", "oneOf")
    ]
    found = found_beside(tmp_path, document, *texts, get("/boats", '{"a": 1}', "Reply:"))
    assert all(one.startswith(("document-", "unread-operation")) for one in found)


def test_the_host_of_the_samples_is_one_of_the_document() -> None:
    assert HOST.startswith("https://eu.") and "{region}" in DOCUMENT
