"""JSON schemas, judged before llama.cpp makes a grammar of them.

Its grammars are made for schemas that a person wrote. What would take it minutes or for ever (lower bounds above upper
ones, thousands of optional properties) stops every chat of the process while it tries, so it never gets there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from troupe.wire.chats import LONGEST_SCHEMA
from troupe.wire.errors import InvalidArgument

DEEPEST = 32  # schemas within schemas
MOST_PROPERTIES = 200  # of one object; 300 optional ones take 0.8 s, 1000 take 3.3 s, 3000 never end (measured)
MOST_SCHEMAS = 1000  # in all
MOST_CHOICES = 1000  # of an enum; 2000 take 0.2 s, 20 000 do not end
MOST_REPEATS = 1000  # minItems, minLength: each is written out
LONGEST_PATTERN = 500  # characters

BOUNDS = (
    ("minimum", "maximum"),
    ("minLength", "maxLength"),
    ("minItems", "maxItems"),
    ("minProperties", "maxProperties"),
)
NAMED = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas")
LISTED = ("anyOf", "allOf", "oneOf", "prefixItems")
SINGLE = ("items", "additionalProperties", "not", "contains", "if", "then", "else", "propertyNames")


def judged(text: str, what: str) -> dict[str, Any]:
    """The schema of that text, once it is one that a grammar can be made of; `what` names it in errors.

    Raises `InvalidArgument`.
    """
    if len(text) > LONGEST_SCHEMA:
        raise InvalidArgument(f"{what} has {len(text)} characters; allowed: {LONGEST_SCHEMA}.")
    schema = _parsed(text, what)
    if not isinstance(schema, dict):
        raise InvalidArgument(f"{what} is a {type(schema).__name__}; a JSON schema is an object.")
    for count, (each, depth) in enumerate(_walk(schema, 0), 1):
        if count > MOST_SCHEMAS:
            raise InvalidArgument(f"{what} has more than {MOST_SCHEMAS} schemas in it. Ask for less at once.")
        if depth > DEEPEST:
            raise InvalidArgument(f"{what} is nested more than {DEEPEST} deep. Make it flatter.")
        _check_bounds(each, what)
        _check_sizes(each, what)
    return schema


def _parsed(text: str, what: str) -> Any:
    try:
        return json.loads(text)
    except RecursionError:
        raise InvalidArgument(f"{what} is nested more than {DEEPEST} deep. Make it flatter.") from None
    except ValueError as error:
        raise InvalidArgument(f"{what} is not JSON: {error}.") from None


def _walk(schema: Mapping[str, Any], depth: int) -> Iterator[tuple[Mapping[str, Any], int]]:
    """Each schema within this one, itself first, with how deep it lies; no deeper than one past `DEEPEST`."""
    yield schema, depth
    if depth > DEEPEST:
        return
    for child in _children(schema):
        if isinstance(child, dict):
            yield from _walk(child, depth + 1)


def _children(schema: Mapping[str, Any]) -> Iterator[Any]:
    for key in NAMED:
        if isinstance(named := schema.get(key), dict):
            yield from named.values()
    for key in LISTED:
        if isinstance(listed := schema.get(key), list):
            yield from listed
    for key in SINGLE:
        yield schema.get(key)
    if isinstance(items := schema.get("items"), list):
        yield from items


def _check_bounds(schema: Mapping[str, Any], what: str) -> None:
    for low, high in BOUNDS:
        least, most = schema.get(low), schema.get(high)
        for name, value in ((low, least), (high, most)):
            if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
                raise InvalidArgument(f"{what}: {name} is {value!r}; allowed: a number.")
        if least is not None and most is not None and least > most:
            raise InvalidArgument(f"{what}: {low} is {least} and {high} is {most}: nothing is allowed by both.")


def _check_sizes(schema: Mapping[str, Any], what: str) -> None:
    for name in ("minItems", "minLength"):
        if (least := schema.get(name, 0)) > MOST_REPEATS:
            raise InvalidArgument(f"{what}: {name} is {least}; allowed: up to {MOST_REPEATS}.")
    sizes = {
        "properties": (schema.get("properties"), MOST_PROPERTIES),
        "required": (schema.get("required"), MOST_PROPERTIES),
        "enum": (schema.get("enum"), MOST_CHOICES),
        "anyOf": (schema.get("anyOf"), MOST_CHOICES),
        "oneOf": (schema.get("oneOf"), MOST_CHOICES),
        "pattern": (schema.get("pattern"), LONGEST_PATTERN),
    }
    for name, (value, most) in sizes.items():
        if isinstance(value, dict | list | str) and len(value) > most:
            raise InvalidArgument(f"{what}: {name} is {len(value)} long; allowed: up to {most}.")
