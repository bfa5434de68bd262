"""A model's JSON schema for /docs, where a route reads its body itself: references are written out."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

DEFINITIONS = "#/$defs/"  # where pydantic points; within an OpenAPI document nothing stands there


def body_schema(model: type[BaseModel], files: tuple[str, ...] = ()) -> dict[str, Any]:
    """The schema of a body; `files` are taken beside its fields, in a form."""
    schema = model.model_json_schema()
    definitions = schema.pop("$defs", {})
    plain: dict[str, Any] = _written_out(schema, definitions)
    plain["properties"] |= {name: {"type": "string", "format": "binary"} for name in files}
    return plain


def _written_out(part: Any, definitions: dict[str, Any]) -> Any:
    if isinstance(part, list):
        return [_written_out(each, definitions) for each in part]
    if not isinstance(part, dict):
        return part
    reference = part.get("$ref", "")
    if isinstance(reference, str) and reference.startswith(DEFINITIONS):
        return _written_out(definitions[reference.removeprefix(DEFINITIONS)], definitions)
    return {name: _written_out(each, definitions) for name, each in part.items()}
