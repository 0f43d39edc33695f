import json
import shlex
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from command import trueup
from conftest import TOP, load_docs
from test_console import commands
from test_scaffold import DAY, INDEXED, verify

from trueup.draft import Draft, draft_files, draft_openapi
from trueup.errors import BadInput
from trueup.evidence import assess
from trueup.openapi import document
from trueup.scaffold import write_site
from trueup.status_file import load

OK = {"200": {"description": "ok", "content": {"application/json": {}}}}
CHAT = """
openapi: 3.0.3
info: {title: Harbour API, version: "1"}
servers: [{url: "https://{place}.harbour.example/base/", variables: {place: {default: api}}}]
security: [{Bearer: []}]
paths:
  /v1/chat/completions:
    post:
      operationId: createChat
      summary: Create a chat.
      tags: [Chat]
      requestBody:
        content:
          application/json:
            schema: {$ref: "#/components/schemas/Chat"}
      responses: {200: {description: ok}}
  /v1/berths/{berth}:
    parameters:
      - {name: berth, in: path, required: true, schema: {type: string}, example: "A:7"}
    get:
      operationId: getBerth
      tags: [Berths]
      deprecated: true
      parameters:
        - {name: since, in: query, required: true, schema: {type: string, default: 2026-01-02}}
        - {name: limit, in: query, schema: {type: integer, minimum: 1, maximum: 50, default: 10}}
        - {name: X-Version, in: header, required: true, schema: {type: string, enum: [v3]}}
      responses:
        200:
          description: ok
          content:
            application/json; charset=utf-8:
              schema: {$ref: "#/components/schemas/Berth"}
              example: {name: A7, length: 12.5, next: {name: A8}}
components:
  securitySchemes: {Bearer: {type: http, scheme: bearer}}
  schemas:
    Chat:
      type: object
      required: [model, messages]
      properties:
        model: {type: string, enum: [harbour-1, org/Harbour-2]}
        messages: {type: array, items: {type: object}, example: [{role: user, content: ping}]}
        temperature: {type: number, default: 1}
    Berth:
      type: object
      required: [name, secret]
      properties:
        name: {type: string, pattern: "^(A+)+$"}
        length: {type: number, nullable: true}
        secret: {type: string, writeOnly: true}
        next: {$ref: "#/components/schemas/Berth"}
"""


def openapi(paths: dict[str, Any], **fields: Any) -> dict[str, Any]:
    head = {"openapi": "3.1.0", "info": {"title": "Harbour", "version": "1"}}
    return {**head, "servers": [{"url": "https://harbour.example"}], "paths": paths, **fields}


def post(schema: Any = None, media: str = "application/json", **operation: Any) -> dict[str, Any]:
    body = {"content": {media: {"schema": schema}}, "required": True}
    return {"post": {"responses": OK, "requestBody": body, **operation}}


def get(**operation: Any) -> dict[str, Any]:
    return {"get": {"responses": OK, **operation}}


def query(name: str, **schema: Any) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": True, "schema": schema}


def draft(folder: Path, content: Any, **options: Any) -> Draft:
    file = folder / "openapi.json"
    text = content if isinstance(content, str) else json.dumps(content)
    file.write_text(text, "utf-8")
    return draft_openapi(file, DAY, **options)


def only(folder: Path, path: dict[str, Any], **fields: Any) -> tuple[Any, Any]:
    """The only route of a document of one path, and its endpoint."""
    found = draft(folder, openapi({"/a": path}, **fields))
    (route,), (endpoint,) = found.routes, found.endpoints.values()
    return route, endpoint


def notes(found: Draft) -> str:
    return "\n".join(map(str, found.notes))


def test_a_site_of_a_document_passes_and_shows_each_endpoint_unverified(tmp_path: Path) -> None:
    found = draft(tmp_path, CHAT)
    write_site(tmp_path / "site", draft_files(found, INDEXED))
    counts = "found 11, run 11, passed 11, failed 0, skipped 0"
    assert verify(tmp_path / "site") == (counts, [])
    status = load_docs(tmp_path / "site").stored.status
    assert Counter(one.standing for one in assess(status).values()) == {"unverified": 3}
    for page in ("harbour-1", "org-harbour-2", "routes-berths"):
        text = (tmp_path / "site" / "site" / page / "index.html").read_text("utf-8")
        assert "Reply as documented, never seen" in text
        assert "openapi.json&#35;/paths/" in text
    assert status.routes["get-berth"].documented[0].limits[0].value == "deprecated"


def test_a_route_has_what_the_document_says_of_it(tmp_path: Path) -> None:
    found = draft(tmp_path, CHAT)
    chat, berth = found.routes
    assert (found.base_url, found.title) == ("https://api.harbour.example", "Harbour API")
    assert chat.route.request == "POST /base/v1/chat/completions"
    assert (chat.route.protocol, chat.route.auth) == ("openai-chat", "bearer")
    assert chat.route.title == "Create a chat"
    assert {name: one.upstream for name, one in found.models.items()} == {
        "harbour-1": None,
        "org-harbour-2": "org/Harbour-2",
    }
    messages = [{"role": "user", "content": "ping"}]
    assert found.endpoints["harbour-1/create-chat"].body == {"messages": messages}
    body = {"model": "org/Harbour-2", "messages": messages}
    assert found.endpoints["org-harbour-2/create-chat"].body == body
    assert berth.route.request == "GET /base/v1/berths/A:7?since=2026-01-02"
    assert berth.route.headers == {"x-version": "v3"}
    limit = berth.route.documented[0].parameters["limit"]
    assert (limit.type, limit.least, limit.most, limit.default) == (("integer",), 1, 50, 10)
    schema = json.loads(berth.files["get-berth.schema.json"])
    assert schema["required"] == ["name"] and "pattern" not in schema["properties"]["name"]
    assert found.notes == []


def test_yaml_is_read_as_json_has_it(tmp_path: Path) -> None:
    path = post({"type": "object", "properties": {"a": {"example": "SAMPLE"}}})
    text = yaml.safe_dump(openapi({"/a": path})).replace("SAMPLE", "{on: yes, at: 2026-01-02}")
    (endpoint,) = draft(tmp_path, text).endpoints.values()
    assert endpoint.body == {"a": {"on": "yes", "at": "2026-01-02"}}


@pytest.mark.parametrize(
    ("scheme", "auth"),
    [
        ({"type": "http", "scheme": "Bearer"}, "bearer"),
        ({"type": "http", "scheme": "basic"}, "header authorization Basic"),
        ({"type": "apiKey", "in": "header", "name": "X-Key"}, "header x-key"),
        ({"type": "apiKey", "in": "query", "name": "token"}, "query token"),
        ({"type": "oauth2", "flows": {}}, "bearer"),
    ],
)
def test_the_place_of_the_key_is_that_of_the_security(
    scheme: dict[str, Any], auth: str, tmp_path: Path
) -> None:
    schemes = {"securitySchemes": {"one": scheme}}
    route, _ = only(tmp_path, get(security=[{}, {"one": []}]), components=schemes)
    assert route.route.auth == auth


def test_a_route_without_security_sends_no_key_and_is_noted(tmp_path: Path) -> None:
    found = draft(tmp_path, openapi({"/a": get()}))
    assert found.routes[0].route.auth == "none"
    assert "openapi.json#/security: 1 of 1 routes state no security" in notes(found)


@pytest.mark.parametrize(
    "needs", [[{"cookie": []}], [{"key": [], "other": []}], [{"missing": []}], [{"mutual": []}]]
)
def test_security_that_no_status_file_can_say_leaves_the_route_out(
    needs: Any, tmp_path: Path
) -> None:
    key = {"type": "apiKey", "in": "header", "name": "x-key"}
    cookie, mutual = {**key, "in": "cookie"}, {"type": "mutualTLS"}
    schemes = {"key": key, "other": key, "cookie": cookie, "mutual": mutual}
    paths = {"/a": get(security=needs), "/b": get()}
    found = draft(tmp_path, openapi(paths, components={"securitySchemes": schemes}))
    assert [one.route.request for one in found.routes] == ["GET /b"]
    assert "openapi.json#/paths/~1a/get/security: left out: no status file can say" in notes(found)


@pytest.mark.parametrize(
    ("schema", "body", "missing"),
    [
        ({"properties": {"a": {"const": 1}}, "required": ["a"]}, {"a": 1}, ""),
        ({"properties": {"a": {"examples": ["x", "y"]}}}, {"a": "x"}, ""),
        ({"properties": {"a": {"type": "string"}}}, {}, ""),
        ({"properties": {"a": {"type": ["null", "integer"]}}, "required": ["a"]}, {"a": 1}, "'a'"),
        (
            {"properties": {"a": {"$ref": "#/components/schemas/B"}}, "required": ["a"]},
            {"a": {"b": "YOUR_B"}},
            "'a.b'",
        ),
        (
            {"allOf": [{"$ref": "#/components/schemas/B"}, {"example": {"c": 1}}]},
            {"c": 1, "b": "YOUR_B"},
            "'b'",
        ),
        ({"oneOf": [{"type": "null"}, {"example": {"x": [True]}}]}, {"x": [True]}, ""),
        (
            {"properties": {"a": {"readOnly": True}, "b": {"enum": ["p", "q"]}}, "required": ["b"]},
            {"b": "p"},
            "",
        ),
    ],
)
def test_a_body_has_the_values_of_the_document_and_names_the_others(
    schema: Any, body: Any, missing: str, tmp_path: Path
) -> None:
    known = {"B": {"type": "object", "properties": {"b": {"type": "string"}}, "required": ["b"]}}
    route, endpoint = only(tmp_path, post(schema), components={"schemas": known})
    assert endpoint.body == body
    lacking = [str(one) for one in route.notes]
    assert all(f"the document has no value for {missing}" in one for one in lacking)
    assert len(lacking) == bool(missing) == (endpoint.skip is not None)


def test_a_parameter_without_a_value_is_filled_in_by_a_person(tmp_path: Path) -> None:
    parameter = {"name": "petId", "in": "path", "required": True, "schema": {"type": "string"}}
    found = draft(tmp_path, openapi({"/pets/{petId}": get(parameters=[parameter])}))
    assert found.routes[0].route.request == "GET /pets/YOUR_PETID"
    (endpoint,) = found.endpoints.values()
    assert endpoint.skip is not None and endpoint.skip.until > DAY
    place = "openapi.json#/paths/~1pets~1{petId}/get/parameters/0"
    assert f"{place}: the document has no value for 'petId'" in notes(found)


def test_a_value_that_a_url_encodes_is_left_to_a_person(tmp_path: Path) -> None:
    parameters = [query("q", default="a b"), query("tags", example=["x", "y"])]
    found = draft(tmp_path, openapi({"/a": get(parameters=parameters)}))
    assert found.routes[0].route.request == "GET /a?q=a%20b&tags=x&tags=y"
    assert [one.skip is None for one in found.endpoints.values()] == [False]
    assert "'q that a URL has as it is'" in notes(found)
    spaced = draft(tmp_path, openapi({"/a b": get(), "/b": get()}))
    assert "the path is '/a b'" in notes(spaced)


def test_a_form_has_a_small_file_that_is_named_for_a_person(tmp_path: Path) -> None:
    fields = {"file": {"type": "string", "format": "binary", "description": "An audio file"}}
    fields |= {"model": {"type": "string", "example": "ear-1"}, "n": {"type": "integer"}}
    schema = {"type": "object", "properties": fields, "required": ["file", "model", "n"]}
    paths = {"/v1/audio/transcriptions": post(schema, "multipart/form-data")}
    found = draft(tmp_path, openapi(paths))
    (endpoint,) = found.endpoints.values()
    assert list(found.models) == ["ear-1"] and list(found.files) == ["silence.wav"]
    assert endpoint.form is not None and endpoint.form["n"] == "1"
    assert "'file (the file silence.wav stands in)'" in notes(found)


def test_a_model_in_the_path_is_one_of_gemini(tmp_path: Path) -> None:
    model = {"name": "model", "in": "path", "required": True, "example": "gem-1"}
    contents = {"type": "object", "properties": {"contents": {"example": [{"parts": []}]}}}
    path = post(contents, parameters=[model])
    found = draft(tmp_path, openapi({"/v1beta/models/{model}:generateContent": path}))
    (route,) = found.routes
    assert route.route.request == "POST /v1beta/models/{upstream}:generateContent"
    assert (route.route.protocol, list(found.models)) == ("gemini", ["gem-1"])


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        (post({"$ref": "https://evil.example/a.json#/b"}), "leads out of the document"),
        (post({"$ref": "other.yaml#/a"}), "the reference 'other.yaml#/a' leads out"),
        (post({"$ref": "#/components/schemas/Gone"}), "leads nowhere"),
        (post({"$ref": "#/components/schemas/Loop"}), "leads back to itself"),
        (post({"$ref": "#/components/schemas/Tree"}), "its required fields nest without end"),
        (post({"$ref": "#/components/schemas/Wide"}), "takes more than 20000 steps"),
        ({"$ref": "paths.yaml#/a"}, "the reference 'paths.yaml#/a' leads out"),
        (post({"type": "string"}, "text/plain"), "its body is 'text/plain', expected JSON"),
        (post({"type": "array", "items": {}}), "its body is no object"),
        (get(responses={"204": {"description": "none"}}), "it documents no reply in JSON"),
        (get(servers=[{"url": "https://other.example"}]), "its server is not https://harbour"),
        (get(parameters=[query("q", type="object")]), "the parameter 'q' is an object"),
        (
            get(parameters=[{"name": "c", "in": "cookie", "required": True}]),
            "requires the cookie 'c'",
        ),
        ({"head": {"responses": OK}}, "no block sends HEAD"),
        (
            post({"example": {"key": "sk-" + "abcdefghij0123456789ABCDEFGH"}}),
            "an example holds what looks like a key",
        ),
    ],
)
def test_what_cannot_be_said_is_left_out_with_its_place_and_reason(
    path: Any, problem: str, tmp_path: Path
) -> None:
    child = {"a": {"$ref": "#/components/schemas/Tree"}}
    tree = {"type": "object", "required": ["a"], "properties": child}
    wide = {"allOf": [{"$ref": "#/components/schemas/Wide"}] * 9}
    loop = {"$ref": "#/components/schemas/Loop"}
    schemas = {"schemas": {"Tree": tree, "Wide": wide, "Loop": loop}}
    found = draft(tmp_path, openapi({"/a": path, "/b": get()}, components=schemas))
    assert [one.route.request for one in found.routes] == ["GET /b"]
    (note,) = (one for one in found.notes if one.problem.startswith("left out"))
    assert note.where.path.startswith("openapi.json#/paths/~1a") and problem in note.problem
    assert "sk-abc" not in notes(found)


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_a_request_that_changes_what_is_there_is_noted(method: str, tmp_path: Path) -> None:
    found = draft(tmp_path, openapi({"/a": {method: {"responses": OK}}}))
    assert found.routes[0].route.request == f"{method.upper()} /a"
    assert f"a retest would send this {method.upper()}" in notes(found)


def test_an_example_that_contradicts_its_schema_is_left_out(tmp_path: Path) -> None:
    schema = {"type": "object", "required": ["a"], "properties": {"a": {"type": "string"}}}
    media = {"application/json": {"schema": schema, "example": {"b": 1}}}
    route, _ = only(tmp_path, get(responses={"201": {"content": media}}))
    assert list(route.files) == ["get-a.schema.json"]
    assert "The sample was left out." in str(route.notes[0])


def test_no_word_of_a_document_becomes_a_claim_or_markup(tmp_path: Path) -> None:
    hostile = "{{ config }} <script>x</script> [me](https://evil.example) `x`"
    parameter = query("q", enum=["'\"$(id) `x` {{ y }}"])
    paths = {
        "/items/recommended": get(summary="The best, recommended", tags=["Recommended"]),
        "/b": get(summary=hostile, tags=[hostile], operationId=hostile, parameters=[parameter]),
        "/c": get(summary="Bad \u001b[31m", parameters=[query("x\u001b[31m", default="d")]),
        "/v1/chat/completions": post(
            {
                "properties": {
                    "model": {"enum": ["index", "<b>x</b>", "day-2026-01-02", "gpt-4.1", "gpt-41"]},
                    "messages": {"example": [{"role": "user", "content": hostile}]},
                }
            }
        ),
    }
    named = draft(tmp_path, openapi(paths, info={"title": "The best API", "version": "1"}))
    assert named.title == ""
    found = draft(tmp_path, openapi(paths, info={"title": hostile, "version": "1"}))
    write_site(tmp_path / "site", draft_files(found, INDEXED))
    docs = load_docs(tmp_path / "site")
    assert docs.check() == []
    assert list(docs.stored.status.models) == ["day-2026-01-02", "gpt-4.1"]
    docs.build()
    pages = [one.read_text("utf-8") for one in (tmp_path / "site" / "site").rglob("*.html")]
    assert pages and not any('href="https://evil.example' in one for one in pages)
    assert not any("<script>x" in one for one in pages)
    assert "\u001b" not in notes(found)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("swagger: '2.0'\npaths: {}\n", "openapi is empty, expected 3.0 or 3.1"),
        ("openapi: 3.2.0\n", "openapi is '3.2.0', expected 3.0 or 3.1"),
        ("[]", "openapi is empty"),
        ('{"openapi": NaN}', "a number that is not finite"),
        ('{"openapi": "3.1.0"', "is neither JSON nor YAML that can be read"),
        ("openapi: !!python/object:os.system 3.1.0", "is neither JSON nor YAML"),
        ("a: &a [1]\n<<: *a\n", "a merge key"),
        ("a: " + "[" * 50 + "]" * 50, "more than 40 levels"),
        ('{"a": ' + "[" * 200 + "]" * 200 + "}", "or 100 levels"),
        ("a" * (document.MOST_YAML_BYTES + 1), "bytes of YAML. Convert it to JSON"),
        (json.dumps(openapi({})), "no route can be drafted (no path begins with /)"),
        (json.dumps(openapi({"/a": get()}, servers=[{"url": "http://a"}])), "no server has https"),
    ],
)
def test_a_document_that_cannot_be_used_is_refused(text: str, problem: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput) as refused:
        draft(tmp_path, text)
    assert problem in str(refused.value)


def test_aliases_that_multiply_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document, "MOST_PARTS", 10_000)
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    for step in range(1, 9):
        lines.append(f"a{step}: &a{step} [{', '.join([f'*a{step - 1}'] * 10)}]")
    with pytest.raises(BadInput, match="more than 10000 values"):
        draft(tmp_path, "\n".join(lines))


@pytest.mark.parametrize("wrong", ["text", 7, None, [], {}, [7], {"a": 7}, [[]], True])
@pytest.mark.parametrize(
    "key", ["parameters", "requestBody", "responses", "security", "tags", "summary", "servers"]
)
def test_a_part_of_another_form_is_no_traceback(key: str, wrong: Any, tmp_path: Path) -> None:
    paths = {"/a": get(**{key: wrong}), "/b": get()}
    found = draft(tmp_path, openapi(paths))
    assert "GET /b" in [one.route.request for one in found.routes]
    for part in ("schemas", "securitySchemes"):
        named = get(security=[{"x": []}], parameters=[{"$ref": "#/components/schemas/x"}])
        paths = {"/a": named, "/b": get()}
        assert draft(tmp_path, openapi(paths, components={part: {"x": wrong}})).routes


@pytest.mark.parametrize("wrong", ["text", 7, [], [7], {"a": 7}, True, [{"type": 5}]])
@pytest.mark.parametrize(
    "key",
    ["type", "properties", "required", "enum", "items", "allOf", "oneOf", "examples", "minimum"],
)
def test_a_schema_of_another_form_is_no_traceback(key: str, wrong: Any, tmp_path: Path) -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string"}}, key: wrong}
    media = {"application/json": {"schema": {"properties": {"b": schema}, key: wrong}}}
    path = post(schema, responses={"200": {"content": media}})
    assert draft(tmp_path, openapi({"/a": path, "/b": get()})).routes


def test_a_document_that_is_too_large_for_a_site_is_begun_with_a_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load, "MOST_BYTES", 4_000)
    path = post({"type": "object", "properties": {"a": {"example": "x" * 900}}})
    whole = openapi({f"/v{number}/a": path for number in range(4)})
    with pytest.raises(BadInput, match="more than 4000 bytes.*Give --only"):
        draft(tmp_path, whole)
    assert len(draft(tmp_path, whole, only="/v1/").routes) == 1


def test_two_models_with_one_name_are_the_first(tmp_path: Path) -> None:
    paths = {
        f"/{name}": post({"properties": {"model": {"example": model}}})
        for name, model in (("a", "org/Pier-1"), ("b", "org-pier-1"))
    }
    found = draft(tmp_path, openapi(paths))
    assert {name: one.upstream for name, one in found.models.items()} == {
        "org-pier-1": "org/Pier-1"
    }


def test_only_the_paths_with_a_start_are_drafted(tmp_path: Path) -> None:
    paths = {"/v1/a": get(), "/v2/a": get()}
    found = draft(tmp_path, openapi(paths), only="/v2", base_url="https://eu.harbour.example")
    assert [one.route.request for one in found.routes] == ["GET /v2/a"]
    assert found.base_url == "https://eu.harbour.example"


def test_init_writes_the_site_of_a_document_and_lists_the_notes(tmp_path: Path) -> None:
    (tmp_path / "api.yaml").write_text(CHAT, "utf-8")
    command = ("init", str(tmp_path / "site"), "--from-openapi", str(tmp_path / "api.yaml"))
    done = trueup(TOP, *command, "--only", "/v1/berths")
    assert done.returncode == 0
    assert "1 routes, 1 endpoints (0 to be filled in), 0 models." in done.stdout
    again = trueup(TOP, *command)
    assert again.returncode == 2 and "not empty" in again.stderr
    other = trueup(TOP, "init", str(tmp_path / "b"), *command[2:], "--model", "x")
    assert other.returncode == 2 and "--model: is not for --from-openapi" in other.stderr
    alone = trueup(TOP, "init", str(tmp_path / "b"), "--only", "/v1")
    assert alone.returncode == 2 and "--only: is for --from-openapi" in alone.stderr
    lost = trueup(TOP, "init", str(tmp_path / "b"), "--from-openapi", str(tmp_path / "no.yaml"))
    assert lost.returncode == 2 and "no.yaml" in lost.stderr
    assert not (tmp_path / "b").exists()


def test_the_command_of_the_manual_writes_a_site(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "openapi.yaml").write_text(CHAT, "utf-8")
    monkeypatch.chdir(tmp_path)
    program, *arguments = shlex.split(commands("from-openapi"))
    assert program == "tools/bin/trueup"
    assert trueup(TOP, *arguments).returncode == 0
    assert (tmp_path / "harbour" / "status.yml").is_file()


def test_a_date_of_the_draft_is_that_of_its_reading(tmp_path: Path) -> None:
    file = tmp_path / "openapi.yml"
    file.write_text(CHAT, "utf-8")
    found = draft_openapi(file, date(2026, 5, 2))
    assert found.routes[0].route.documented[0].on == date(2026, 5, 2)
