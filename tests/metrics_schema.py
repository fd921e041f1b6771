"""Checks JSON against the schema of metrics.json, and writes the tables of docs/metrics-json.md from it.

python -m tests.metrics_schema    # writes the page anew below its introduction
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from tests.conftest import PROJECT

SCHEMA = json.loads((PROJECT / "lstmcli" / "reports" / "metrics.schema.json").read_text(encoding="utf-8"))
PAGE = PROJECT / "docs" / "metrics-json.md"
MARK = "<!-- Below this line, the page is written from lstmcli/reports/metrics.schema.json. -->\n"

TYPES: dict[str, Any] = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
    "null": type(None),
}
KNOWN = {"type", "properties", "required", "additionalProperties", "items", "enum", "const", "minimum", "maximum"}
KNOWN |= {"pattern", "anyOf", "$ref", "description"}


def problems(value: Any, schema: dict[str, Any] = SCHEMA, path: str = "$") -> Iterator[str]:
    """Yield what is wrong with `value`. Keywords that are not checked are refused."""
    if unknown := set(schema) - KNOWN - {"$schema", "title", "$defs"}:
        raise ValueError(f"{path}: keywords {unknown} are not checked")
    if "$ref" in schema:
        yield from problems(value, SCHEMA["$defs"][schema["$ref"].removeprefix("#/$defs/")], path)
    if "anyOf" in schema:
        found = [list(problems(value, each, path)) for each in schema["anyOf"]]
        if all(found):
            yield from min(found, key=len)
    if "enum" in schema and value not in schema["enum"]:
        yield f"{path}: {value!r} is not among {schema['enum']}"
    if "const" in schema and (value != schema["const"] or type(value) is not type(schema["const"])):
        yield f"{path}: {value!r} is not {schema['const']!r}"
    if "type" in schema and not is_type(value, schema["type"]):
        yield f"{path}: {value!r:.60} is no {schema['type']}"
        return
    yield from _content_problems(value, schema, path)


def is_type(value: Any, name: str) -> bool:
    return isinstance(value, TYPES[name]) and (name == "boolean" or not isinstance(value, bool))


def _content_problems(value: Any, schema: dict[str, Any], path: str) -> Iterator[str]:
    if isinstance(value, dict):
        yield from _object_problems(value, schema, path)
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from problems(each, schema.get("items", {}), f"{path}[{number}]")
    elif isinstance(value, str):
        if not re.search(schema.get("pattern", ""), value):
            yield f"{path}: {value!r} does not match {schema['pattern']}"
    elif isinstance(value, int | float) and not schema.get("minimum", value) <= value <= schema.get("maximum", value):
        yield f"{path}: {value} is out of range"


def _object_problems(value: dict[str, Any], schema: dict[str, Any], path: str) -> Iterator[str]:
    known, others = schema.get("properties", {}), schema.get("additionalProperties", True)
    yield from (f"{path}: lacks {key}" for key in schema.get("required", []) if key not in value)
    for key, each in value.items():
        if key not in known and others is False:
            yield f"{path}: has an unknown key {key}"
        else:
            yield from problems(each, known.get(key, {} if others is True else others), f"{path}.{key}")


def page_tables() -> str:
    """Return a section with a table for each kind of object."""
    parts = []
    for name, each in SCHEMA["$defs"].items():
        rows = [
            f"| `{key}` | {kind_of(of_key)} | {'' if key in each['required'] else 'if it applies'} | "
            f"{of_key.get('description', '')} |"
            for key, of_key in each["properties"].items()
        ]
        table = "\n".join(["| key | type | | meaning |", "|---|---|---|---|", *rows])
        parts.append(f"## {name.replace('_', ' ')}\n\n{each['description']}\n\n{table}\n")
    return "\n".join(parts)


def kind_of(schema: dict[str, Any]) -> str:
    """Return the type of a value in words, with links to the tables of objects."""
    if "$ref" in schema:
        name = schema["$ref"].removeprefix("#/$defs/")
        return f"[{name.replace('_', ' ')}](#{name.replace('_', '-')})"
    if "anyOf" in schema:
        return " or ".join(map(kind_of, schema["anyOf"]))
    if "enum" in schema or "const" in schema:
        return ", ".join(f"`{json.dumps(each)}`" for each in schema.get("enum", [schema.get("const")]))
    if schema["type"] == "array":
        return f"list of {kind_of(schema['items'])}"
    if schema["type"] == "object":
        return f"object of {kind_of(schema['additionalProperties'])}"
    return str(schema["type"])


if __name__ == "__main__":
    PAGE.write_text(PAGE.read_text(encoding="utf-8").partition(MARK)[0] + MARK + "\n" + page_tables(), encoding="utf-8")
