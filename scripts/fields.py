"""The fields of a noun, and of those inside it, as tables made from the code."""

from collections.abc import Iterator
from typing import Any

from pydantic import TypeAdapter

from trueup.model import Described
from trueup.wording.markdown import code_span
from trueup.wording.pages import table

ANY: dict[str, Any] = {}
WORDS = {"string": "text", "integer": "number", "boolean": "true or false"}


def render_fields(noun: type[Described]) -> str:
    """A heading and a table for `noun` and for each noun that its fields lead to."""
    schema = TypeAdapter(noun).json_schema()
    nouns = {noun.__name__: schema, **schema.get("$defs", {})}
    return "\n\n".join(_noun(name, nouns) for name in nouns if "properties" in nouns[name])


def _noun(name: str, nouns: dict[str, Any]) -> str:
    needed = nouns[name].get("required", [])
    rows = [
        (
            code_span(field),
            _meaning(facts, nouns),
            " or ".join(dict.fromkeys(_values(facts, nouns))),
            "yes" if field in needed else "",
        )
        for field, facts in nouns[name]["properties"].items()
    ]
    heading = f"### {name} {{ #{name.lower()} }}\n\n{_meaning(nouns[name], nouns)}\n\n"
    return heading + table(("Field", "What it holds", "Values", "Needed"), rows)


def _meaning(facts: dict[str, Any], nouns: dict[str, Any]) -> str:
    """What is said of a field, else of the noun that it holds."""
    inner = facts.get("anyOf", [facts])[0].get("$ref", "").rpartition("/")[2]
    text = facts.get("description") or nouns.get(inner, {}).get("description", "")
    return " ".join(str(text).split()).replace("|", "&#124;")


def _values(facts: dict[str, Any], nouns: dict[str, Any]) -> Iterator[str]:
    name = facts.get("$ref", "").rpartition("/")[2]
    if "enum" in nouns.get(name, ANY):
        yield from _values(nouns[name], nouns)
    elif name:
        yield "JSON" if name == "JsonValue" else f"[{name}](#{name.lower()})"
    elif "enum" in facts or "const" in facts:
        yield from (code_span(str(value)) for value in facts.get("enum", [facts.get("const")]))
    elif "anyOf" in facts:
        for one in facts["anyOf"]:
            if one.get("type") != "null":
                yield from _values(one, nouns)
    elif facts.get("type") == "array":
        yield "list of " + " or ".join(_values(facts.get("items", ANY), nouns))
    elif facts.get("type") == "object":
        named = facts.get("patternProperties", {"": facts.get("additionalProperties")})
        yield "mapping to " + " or ".join(_values(next(iter(named.values())) or ANY, nouns))
    else:
        kind = str(facts.get("format") or facts.get("type", "JSON"))
        yield WORDS.get(kind, kind)
