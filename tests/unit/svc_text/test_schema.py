from __future__ import annotations

import json

import pytest

from svc_text.schema import (
    DEEPEST,
    MOST_CHOICES,
    MOST_PROPERTIES,
    MOST_REPEATS,
    MOST_SCHEMAS,
    judged,
)
from troupe.wire.chats import LONGEST_SCHEMA
from troupe.wire.errors import InvalidArgument

TEXT = {"type": "string"}


def nested(depth: int) -> dict[str, object]:
    schema: dict[str, object] = dict(TEXT)
    for _ in range(depth):
        schema = {"type": "object", "properties": {"a": schema}}
    return schema


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"type": "object", "properties": {"a": TEXT, "b": {"type": "array", "items": TEXT, "minItems": 1}}},
        {"$defs": {"n": {"type": "object", "properties": {"c": {"$ref": "#/$defs/n"}}}}, "$ref": "#/$defs/n"},
        {"properties": {"properties": {"type": "object", "properties": {"enum": TEXT}}}},
        {"enum": ["a", 1, None]},
        nested(DEEPEST),
    ],
)
def test_what_a_person_writes_is_taken_as_it_is(schema: dict[str, object]) -> None:
    assert judged(json.dumps(schema), "It") == schema


@pytest.mark.parametrize(
    ("schema", "why"),
    [
        ({"type": "array", "items": TEXT, "minItems": 5, "maxItems": 2}, "minItems is 5 and maxItems is 2"),
        ({"properties": {"a": {"type": "integer", "minimum": 5, "maximum": 2}}}, "minimum is 5 and maximum is 2"),
        ({"anyOf": [{"type": "string", "minLength": MOST_REPEATS + 1}]}, f"allowed: up to {MOST_REPEATS}"),
        ({"type": "array", "minItems": "many"}, "minItems is 'many'; allowed: a number"),
        ({"type": "array", "minItems": True}, "allowed: a number"),
        ({"enum": list(range(MOST_CHOICES + 1))}, f"enum is {MOST_CHOICES + 1} long"),
        ({"properties": {f"p{n}": TEXT for n in range(MOST_PROPERTIES + 1)}}, "properties is"),
        ({"pattern": "a" * 501}, "pattern is 501 long"),
        (nested(DEEPEST + 1), "nested more than"),
        ({"anyOf": [{"properties": {f"p{n}": TEXT for n in range(150)}}] * 9}, f"more than {MOST_SCHEMAS} schemas"),
        ([1], "is a list"),
        ("text", "is a str"),
        (None, "is a NoneType"),
    ],
)
def test_what_would_stop_every_chat_is_refused(schema: object, why: str) -> None:
    with pytest.raises(InvalidArgument, match=why):
        judged(json.dumps(schema), "The schema")


@pytest.mark.parametrize("text", ["{", "", "[" * 100_000, "x" * (LONGEST_SCHEMA + 1), '{"a":' * 5000])
def test_what_is_no_json_is_refused(text: str) -> None:
    with pytest.raises(InvalidArgument, match="The schema"):
        judged(text, "The schema")
