"""OpenAPI: a document that a team has, as plain data: its parts, references and schemas, with their
places. What it says is a claim, never evidence."""

from trueup.openapi.document import Document, Node, load_document
from trueup.openapi.schema import (
    MOST_SCHEMA_PARTS,
    Schema,
    documented_value,
    example_of,
    json_schema_of,
    parameter_of,
)

__all__ = [
    "MOST_SCHEMA_PARTS",
    "Document",
    "Node",
    "Schema",
    "documented_value",
    "example_of",
    "json_schema_of",
    "load_document",
    "parameter_of",
]
