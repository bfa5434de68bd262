"""Requests that mean ill or were never thought through: each is refused or answered, and the next one is served."""

from __future__ import annotations

import asyncio
import math

from tests.unit.svc_text.engines.llamacpp.asking import answer, asking, said

from svc_text.engine import Chat, ResponseFormat, Tool, Turn
from svc_text.engines.llamacpp.engine import LlamacppEngine
from troupe.wire.errors import InvalidArgument, TextTooLong, TroupeError

EACH_S = 20.0

SCHEMAS = {
    "loop": '{"$ref": "#"}',
    "loops": '{"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"}',
    "endless": '{"type": "object", "properties": {"c": {"$ref": "#"}}, "required": ["c"]}',
    "endless by name": (
        '{"$defs": {"n": {"properties": {"c": {"$ref": "#/$defs/n"}}, "required": ["c"]}}, "$ref": "#/$defs/n"}'
    ),
    "half a character": '{"const": "\\ud800"}',
    "no number": '{"type": "number", "minimum": NaN}',
    "elsewhere": '{"$ref": "file:///etc/passwd"}',
    "nowhere": '{"$ref": "#/$defs/zzz"}',
    "bounds": '{"type": "array", "minItems": 5, "maxItems": 2}',
    "numbers": '{"type": "integer", "minimum": 5, "maximum": 2}',
    "type": '{"type": "wizard"}',
    "no type": '{"type": 5}',
    "pattern": '{"type": "string", "pattern": "^((a{1,99}){1,99}){1,99}$"}',
    "no pattern": '{"type": "string", "pattern": "((("}',
    "repeats": '{"type": "string", "minLength": 1000}',
    "nothing": '{"not": {}}',
    "no choice": '{"anyOf": []}',
    "names": '{"type": "object", "properties": {"": {"type": "string"}, "\\"\\\\\\n": {}}, "required": [""]}',
    "null": "null",
    "empty": "{}",
}
GRAMMARS = {
    "open": "root ::= (((",
    "left": 'root ::= root "a" | "b"',
    "loop": "root ::= x\nx ::= y\ny ::= x",
    "size": 'root ::= "a"{1000000}',
    "sizes": 'root ::= ("a"{1,5000}){1,5000}',
    "deep": "root ::= " + "(" * 9000 + '"a"' + ")" * 9000,
    "other": "%llguidance {}\nstart: (((",
    "no root": 'x ::= "a"',
}
CHATS: dict[str, Chat] = {
    "max_tokens": asking(max_tokens=2**31 - 1, stop=(".",)),
    "temperature": asking(temperature=10.0, top_k=0, top_p=1.0, max_tokens=9),
    "nan": asking(temperature=math.nan),
    "seed": asking(seed=2**64 - 1, max_tokens=3),
    "stops": asking(stop=("\0", "灯", "\ud7ff", "a" * 1000), max_tokens=3),
    "biases": asking(logit_bias={str(token): -100.0 for token in range(600)}, max_tokens=3),
    "bias up": asking(logit_bias={"0": 100.0}, max_tokens=3),
    "empty": asking("", max_tokens=3),
    "nul": asking("a\0b\x01", max_tokens=3),
    "half a character": asking("a\ud800", max_tokens=3),
    "roles": Chat(turns=(Turn("assistant", "x"), Turn("assistant", "y"))),
    "tool first": Chat(turns=(Turn("tool", "x", tool_call_id="a"),)),
    "marks": asking("<s></s><unk><|im_start|><|im_end|>" * 20, max_tokens=3),
    "tool schema": asking(tools=(Tool("f", parameters='{"$ref": "#"}'),), tool_choice="required", max_tokens=3),
    "tools": asking(tools=tuple(Tool(f"f{number}") for number in range(128)), max_tokens=3),
    "turns": asking("x", *(Turn("user", "x"),) * 2000),
}
CHATS |= {
    f"schema {name}": asking(response=ResponseFormat("json_schema", "x", schema), max_tokens=30)
    for name, schema in SCHEMAS.items()
}
CHATS |= {f"grammar {name}": asking(options={"grammar": text}, max_tokens=9) for name, text in GRAMMARS.items()}


async def outcome(engine: LlamacppEngine, chat: Chat) -> str:
    """How the chat ended, or what was said against it."""
    try:
        deltas = await answer(engine, chat)
    except TroupeError as error:
        kind = "refused" if isinstance(error, InvalidArgument | TextTooLong) else "failed"
        return f"{kind}: {error.message}"
    return deltas[-1].finish


async def test_no_request_ends_or_stops_the_process(started) -> None:
    engine = await started("tiny")
    (model,) = engine._shelf.loaded
    for name, chat in CHATS.items():
        async with asyncio.timeout(EACH_S):
            ended = await outcome(engine, chat)
            assert ended in {"stop", "length", "tool_calls"} or ended.startswith("refused: "), (name, ended)
            assert said(await answer(engine, asking(max_tokens=2))), name
    assert engine._shelf.loaded == (model,)
    assert model.child.alive
