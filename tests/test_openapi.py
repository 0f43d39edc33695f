"""OpenAPI document: its parts and references; more of it is read in test_draft and test_audit."""

import json
from pathlib import Path

import pytest

from trueup.errors import BadInput
from trueup.openapi import Schema, load_document

FILE = {
    "openapi": "3.0.3",
    "a": {"$ref": "#/b", "title": "Own"},
    "b": {"title": "Other", "type": "object", "properties": {"x": {"$ref": "#/c/0"}}},
    "c": [{"enum": [1, 2]}],
}


def test_references_are_followed_and_fields_beside_them_are_kept(tmp_path: Path) -> None:
    (tmp_path / "api.json").write_text(json.dumps(FILE), "utf-8")
    part = load_document(tmp_path / "api.json").top.get("a")
    assert (part.get("title").text, part.pointer) == ("Own", "/b")
    field, is_required = Schema(part).fields()["x"]
    assert field.keyword("enum").value == [1, 2] and not is_required
    assert str(field.part.place) == "api.json#/c/0"


def test_places_name_the_document_as_the_caller_does(tmp_path: Path) -> None:
    (tmp_path / "api.json").write_text(json.dumps(FILE), "utf-8")
    top = load_document(tmp_path / "api.json", "specs/api.json").top
    assert str(top.get("c", 0).place) == "specs/api.json#/c/0"


def test_a_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret.json").write_text(json.dumps(FILE), "utf-8")
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "api.json").symlink_to(tmp_path / "secret.json")
    with pytest.raises(BadInput):
        load_document(tmp_path / "docs" / "api.json")
