"""Schema: the JSON Schema of the status file, for editors. Adds nothing to the model."""

import json
from functools import cache
from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from trueup.model import Status


class _Plain(GenerateJsonSchema):
    """JSON Schema without the titles that only repeat a key."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


@cache
def render_schema() -> str:
    """Return the JSON Schema (draft 2020-12) as JSON text."""
    schema = Status.model_json_schema(schema_generator=_Plain)
    for table in schema["$defs"].values():
        for field in table.get("properties", {}).values():
            _describe(field, schema["$defs"])
    for field in schema["properties"].values():
        _describe(field, schema["$defs"])
    top = {
        "$schema": _Plain.schema_dialect,
        "title": "The status file of Trueup",
        "description": "Every fact of the docs, once: the source of pages, standings and code.",
    }
    return json.dumps(top | {k: v for k, v in schema.items() if k not in top}, indent=2) + "\n"


def _describe(field: dict[str, Any], tables: dict[str, Any]) -> None:
    """Give a field without a description that of the table that it holds."""
    if "description" in field:
        return
    inner = [field, field.get("items", {}), field.get("additionalProperties", {})]
    inner += field.get("anyOf", [])
    inner += field.get("patternProperties", {}).values()
    for part in inner:
        table = tables.get(str(part.get("$ref", "")).rpartition("/")[2], {})
        if "description" in table:
            field["description"] = table["description"]
            return
