"""The routes as OpenAPI: valid by the meta-schema, and what it says to send is the record's."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from conftest import TOP
from jsonschema import Draft202012Validator
from markdown_it import MarkdownIt
from test_wording import DAY, facts_of, hold, row

from trueup.feed import Publication, feed_files, feed_of
from trueup.feed.openapi import OPENAPI, render_openapi
from trueup.model import FormFile, Status, form_items
from trueup.request import request_of
from trueup.status_file import Stored

META = json.loads((TOP / "tests" / "openapi-3.1.schema.json").read_text("utf-8"))
"""The schema of the OpenAPI Initiative, of 2022-10-07, as it is at its `$id`."""
HOSTILE = 'a "b" \n*/ {{ x }} # <script>bad()</script> `c` [l](javascript:x) \x07 \u2028 }} \\ $ref'
FILE = {"file": "square.png", "mime": "image/png", "sha256": "0" * 64}
PAGE = {"page": HOSTILE, "on": DAY, "parameters": {
    "n": {"type": "integer", "least": 1, "most": 10, "required": True, "note": HOSTILE},
    "image[]": {"type": ["file", "string"], "most": 16},
    "image[].url": {"required": True},
}}  # fmt: skip
NARROW = {"page": "P", "on": DAY, "models": ["acorn"], "parameters": {"n": {"values": [1, "two"]}}}


def sample() -> dict[str, Any]:
    """Facts with each kind of request: forms, GET, no model, any auth, several routes at a path."""
    facts = facts_of([row("output", "aligned"), row("error", endpoint="acorn/images")])
    facts["targets"]["production"]["also"] = ["https://also.example"]
    images = {"request": "POST /v1/images", "protocol": "openai-images"}
    named = "POST /v1/{model}/{upstream}/"
    auths = {f"{named}key": "query key", f"{named}token": "header x-token Token",
             "POST /v1/plain": "none"}  # fmt: skip
    facts["routes"] |= {
        "edits": {**images, "auth": "bearer", "documented": [PAGE, NARROW], "title": HOSTILE},
        "list": {"request": "GET /v1/models?all=yes&q=", "protocol": "openai-models",
                 "auth": "header x-api-key", "headers": {"version": "1"}, "documented": [PAGE]},
        "unused": {"request": "PUT /v1/unused", "protocol": "json", "auth": "bearer",
                   "documented": [NARROW], "output": {"pointer": "/x"}},
        **{request.rpartition("/")[2]: {"request": request, "protocol": "json", "auth": auth,
           "output": {"pointer": "/x"}} for request, auth in auths.items()},
    }  # fmt: skip
    facts["endpoints"] |= {
        "birch/edits": {"form": {"image[]": [FILE, FILE], "prompt": HOSTILE, "mask": FILE}},
        "-/list": {},
        "-/plain": {"body": {"{{ x }}": HOSTILE, "$ref": "#/nowhere"}},
        "acorn/key": {"body": {"deep": [{"a": None}, 1.5]}},
        "birch/token": {"body": {}},
    }
    return facts


STATUS = Status.model_validate(sample())
LATER = DAY + timedelta(days=40)


def document(status: Status, address: str = "") -> dict[str, Any]:
    found: dict[str, Any] = json.loads(feed_files(status, LATER, address=address)[OPENAPI])
    return found


def operations(found: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in found["paths"].items():
        yield from ((method, path, operation) for method, operation in item.items())


def schemas(value: Any) -> Iterator[dict[str, Any]]:
    for key, inner in value.items() if isinstance(value, dict) else ():
        if key == "schema":
            yield inner
        elif key != "examples":
            yield from schemas(inner)
    for inner in value if isinstance(value, list) else ():
        yield from schemas(inner)


@pytest.mark.parametrize("address", ["", "https://example.com/docs/"])
def test_the_document_is_valid(address: str, stored: Stored) -> None:
    for status in (STATUS, stored.status):
        found = document(status, address)
        Draft202012Validator(META).validate(found)
        for schema in schemas(found):
            Draft202012Validator.check_schema(schema)
        ids = [operation["operationId"] for _, _, operation in operations(found)]
        assert len(ids) == len({*ids})
        for _, path, operation in operations(found):
            named = [(one["in"], one["name"]) for one in operation.get("parameters", ())]
            assert len(named) == len({*named})
            places = re.findall(r"\{(\w+)\}", path)
            assert places == [name for place, name in named if place == "path"]
            used = {name for one in operation["security"] for name in one}
            assert used <= found["components"]["securitySchemes"].keys()


def filled(path: str, operation: dict[str, Any], index: int) -> str:
    """A path with the values of one of an operation's endpoints."""
    for one in operation.get("parameters", ()):
        if one["in"] == "path":
            path = path.replace(f"{{{one['name']}}}", one["schema"]["enum"][index])
    return path


def text_of(part: FormFile | str | None) -> str | None:
    return f"files/{part.file}" if isinstance(part, FormFile) else part


def test_every_request_is_the_one_on_record(stored: Stored) -> None:
    for status in (STATUS, stored.status):
        examples: dict[str, Any] = {}
        paths: set[tuple[str, str]] = set()
        for method, path, operation in operations(document(status)):
            for kind, media in operation.get("requestBody", {}).get("content", {}).items():
                for name, example in media.get("examples", {}).items():
                    assert examples.setdefault(name, (kind, example["value"]))[0] == kind
            for index, one in enumerate(operation["x-trueup"]["endpoints"]):
                several = len(operation["x-trueup"]["endpoints"]) > 1
                paths.add((one["endpoint"], f"{method} {filled(path, operation, index * several)}"))
        for name in status.endpoints:
            sent = request_of(status, name, status.reference)
            method, line = sent.request.split(" ")
            assert (name, f"{method.lower()} {line.partition('?')[0]}") in paths
            kind, value = examples.pop(name, (None, None))
            if sent.form is None:
                assert value == sent.body and (kind == "application/json") is (value is not None)
            else:
                shown = {key: one if isinstance(one, list) else [one] for key, one in value.items()}
                parts = {key: [*map(text_of, items)] for key, items in form_items(sent.form)}
                assert (kind, shown) == ("multipart/form-data", parts)
        assert examples == {}


def test_an_operation_says_what_its_tests_showed() -> None:
    found = document(STATUS, "https://example.com/")
    assert [one["url"] for one in found["servers"]][1] == "https://also.example"
    native = found["paths"]["/v1/{model}"]["post"]
    assert native["description"].startswith("- `acorn/native`: recommended (stale), ")
    (first, second) = native["x-trueup"]["endpoints"]
    assert (first["standing"], first["stale"], first["seen_on"]) == ("recommended", True, str(DAY))
    assert first["page"] == "https://example.com/status/#acorn--native"
    assert second["standing"] == "unverified" and "deprecated" not in native
    schemes = found["components"]["securitySchemes"]
    assert schemes == {
        "bearer": {"type": "http", "scheme": "bearer"},
        "query.key": {"type": "apiKey", "in": "query", "name": "key"},
        "header.x-api-key": {"type": "apiKey", "in": "header", "name": "x-api-key"},
        "header.x-token.Token": {"type": "apiKey", "in": "header", "name": "x-token",
                                 "description": "The value is `Token KEY`."},
    }  # fmt: skip
    assert found["paths"]["/v1/plain"]["post"]["security"] == [{}]


def test_a_route_is_deprecated_where_all_of_its_endpoints_fail() -> None:
    facts = sample()
    facts["holds"] = [hold("not-recommended", endpoint="birch/edits")]
    for holds, is_deprecated in ([], False), (facts["holds"], True):
        status = Status.model_validate(facts | {"holds": holds})
        images = document(status)["paths"]["/v1/images"]["post"]
        assert images.get("deprecated", False) is is_deprecated
    assert images["operationId"] == "images" and "edits" not in document(status)["paths"]


def test_parameters_are_marked_as_documented() -> None:
    paths = document(STATUS)["paths"]
    content = paths["/v1/images"]["post"]["requestBody"]["content"]
    number, narrow = content["application/json"]["schema"]["properties"]["n"]["anyOf"]
    assert (number["minimum"], number["maximum"], number["type"]) == (1, 10, "integer")
    assert narrow["enum"] == [1, "two"] and narrow["x-trueup-documented"]["models"] == ["acorn"]
    assert number["x-trueup-documented"] == {"page": HOSTILE, "on": str(DAY), "models": []}
    assert f"Documented on {DAY}, not tested" in number["description"]
    assert "image[].url" not in content["application/json"]["schema"]["properties"]
    image = content["multipart/form-data"]["schema"]["properties"]["image[]"]
    assert image["description"].endswith("maximum 16") and "maximum" not in image
    listed = {one["name"]: one for one in paths["/v1/models"]["get"]["parameters"]}
    assert listed["all"] == {"name": "all", "in": "query", "required": True,
                             "schema": {"type": "string", "enum": ["yes"]}}  # fmt: skip
    assert listed["version"]["in"] == "header" and "x-trueup-documented" in listed["n"]["schema"]
    unused = paths["/v1/unused"]["put"]
    assert unused["description"] == "No endpoint is on record."
    assert "n" in unused["requestBody"]["content"]["application/json"]["schema"]["properties"]


def test_no_text_of_the_record_is_markup_in_a_description() -> None:
    reader = MarkdownIt("commonmark", {"html": True})
    site = Publication(STATUS, LATER, is_rehearsal=True)
    found = json.loads(render_openapi(site, feed_of(site)))
    assert found["info"]["title"].startswith("REHEARSAL") and found["x-trueup"]["rehearsal"]
    texts = [one["description"] for _, _, one in operations(found)]
    for schema in schemas(found):
        for each in schema.get("properties", {}).values():
            texts += [one.get("description", "") for one in each.get("anyOf", [each])]
    assert any("script" in text for text in texts)
    for text in texts:
        kinds = {inner.type for one in reader.parse(text) for inner in (one, *(one.children or ()))}
        assert not kinds & {"html_inline", "html_block", "link_open", "image", "heading_open"}
