"""Samples of the audit beside an OpenAPI document: one small document, and pages for each rule."""

from audit_samples import Pair, Sample

DOCUMENT = """\
openapi: 3.1.0
info: {title: Harbour, version: "1"}
servers:
  - url: https://{region}.harbour.example/v1
    variables: {region: {default: eu}}
components:
  securitySchemes: {Token: {type: apiKey, in: query, name: token}}
  schemas:
    Boat:
      type: object
      properties:
        name: {type: string}
        state: {type: string}
    New:
      type: object
      additionalProperties: false
      required: [name, size, id]
      properties:
        id: {type: string, readOnly: true}
        name: {type: string}
        size: {enum: [small, large]}
        hull: {type: string, deprecated: true}
        crew:
          type: array
          items:
            type: object
            required: [role]
            properties: {role: {enum: [captain, cook]}, max_hours: {type: integer}}
paths:
  /boats:
    get:
      parameters:
        - {name: limit, in: query, schema: {type: integer}}
        - {name: "filter[name]", in: query, schema: {type: string}}
        - {name: offset, in: query, deprecated: true, schema: {type: integer}}
      responses:
        "200":
          description: ok
          content:
            application/json:
              schema:
                properties:
                  data: {type: array, items: {$ref: "#/components/schemas/Boat"}}
        4XX: {description: no}
    post:
      requestBody:
        content: {application/json: {schema: {$ref: "#/components/schemas/New"}}}
      responses:
        "201":
          description: ok
          content: {application/json: {schema: {$ref: "#/components/schemas/Boat"}}}
  /boats/{boat}/:
    get: {responses: {"200": {description: ok}}}
    delete: {deprecated: true, responses: {"204": {description: ok}}}
"""
BOAT = '{"name": "Kingfisher", "size": "small"}'
HOST = "https://eu.harbour.example/v1"


def get(path: str, reply: str = "", between: str = "") -> str:
    """Text with a call, and perhaps its reply."""
    text = f'```bash\ncurl "{HOST}{path}" -H "Authorization: Bearer $KEY"\n```\n'
    return f"{text}\n{between}\n\n```json\n{reply}\n```\n" if reply else text


def post(body: str, more: str = "", path: str = "/boats") -> str:
    return f"```bash\ncurl {HOST}{path} {more}\\\n  -d '{body}'\n```\n"


def beside(*texts: str, found: str = "", at: str = "") -> Sample:
    """Pages next to the document, `0.md` and on; `at` is the part of it that is named."""
    files = {f"{number}.md": text for number, text in enumerate(texts)}
    places = f"{found} openapi.yaml#{at}" if found else ""
    return Sample({**files, "openapi.yaml": DOCUMENT}, found=places)


NEW = "/components/schemas/New"
KNOWN = "Call `GET /v1/boats`.\n"
DOCUMENT_SAMPLES: dict[str, Pair] = {
    "document-route": Pair(
        beside(
            get("/boats"),
            "# Ships\n\n" + get("/ships?id=7"),
            KNOWN + "\nThen `GET /ships`.\n\n- GET /v1/ships\n",
            found="1.md:4 2.md:5",
            at="/paths",
        ),
        beside(
            get("/boats") + "\n" + get("/boats/$ID/") + "\n" + get("/boats/YOUR_BOAT"),
            "```bash\ncurl https://api.other.example/v1/ships\n```\n",  # another API
            "Call `POST /v1/ships` of the other API.\n",
            KNOWN + "\nThere is no `GET /v1/ships`; we send `POST /webhook`.\n",
            "```bash\n# wrong: no such route\ncurl https://eu.harbour.example/v1/ships\n```\n",
        ),
    ),
    "document-method": Pair(
        beside("Call `PUT /v1/boats/7`.\n", found="0.md:1", at="/paths/~1boats~1{boat}~1"),
        beside("Call `GET /boats/{id}` or GET /v1/boats/ here.\n"),
    ),
    "document-required": Pair(
        beside(post('{\n  "size": "small"}'), found="0.md:2", at=NEW),
        beside(
            post('{"size": "small", ...}') + "\n" + post('{"size": "small", "...": 1}'),
            post(BOAT, '-H "Content-Type: application/json" '),
            post("@boat.json"),
        ),
    ),
    "document-field": Pair(
        beside(
            post(BOAT.replace("}", ',\n  "crew": [{"role": "cook", "maxHours": 3}]}')),
            found="0.md:4",
            at=f"{NEW}/properties/crew/items",
        ),
        beside(post(BOAT.replace("}", ', "crew": [{"role": "cook", "pay": 3}]}'))),
    ),
    "document-value": Pair(
        beside(post(BOAT.replace("small", "huge")), found="0.md:3", at=f"{NEW}/properties/size"),
        beside(
            post(BOAT.replace("small", "$SIZE")), post(BOAT.replace("small", "<size>")), post(BOAT)
        ),
    ),
    "document-query": Pair(
        beside(get("/boats?limits=3"), found="0.md:2", at="/paths/~1boats/get"),
        beside(get("/boats?limit=3&filter[name]=x&token=$TOKEN&$MORE=1")),
    ),
    "document-deprecated": Pair(
        beside(
            "Send `DELETE /v1/boats/7`.\n", found="0.md:1", at="/paths/~1boats~1{boat}~1/delete"
        ),
        beside(
            "Send `DELETE /v1/boats/7`.\n\nIt will be removed.\n",
            "# 旧\n\n已弃用\n\n" + get("/boats?offset=3"),
        ),
    ),
    "document-reply": Pair(
        beside(
            get("/boats", '{"data": [{"name": "a",\n"colour": 1}]}', "Reply:"),
            found="0.md:9",
            at="/components/schemas/Boat",
        ),
        beside(
            get("/boats", '{"data": [{"name": "a", ...}], "next": 1, ...}', "Reply:"),
            get("/boats", '{"data": [{"name": "a"}]}', "HTTP 200:"),
            get("/boats", '{"error": "no"}', "And 404 Not Found:"),
        ),
    ),
}
"""By id of the rule."""
