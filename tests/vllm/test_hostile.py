"""Further sampling parameters that mean harm: whatever comes of them, the engine answers the next chat."""

from __future__ import annotations

import json

import grpc.aio
import pytest
from tests.vllm.asking import answer, asking, counted

from troupe.v1 import text_pb2
from troupe.wire.errors import InvalidArgument, TextTooLong, TroupeError
from troupe.wire.statuses import from_rpc_error

pytestmark = pytest.mark.timeout(300)
ENDS = 263  # a token of the tiny model's

MEANT_BADLY: dict[str, dict[str, object]] = {
    "a regex that nothing fits": {"structured_outputs": {"regex": "[^\\s\\S]"}},
    "a regex of many ways": {"structured_outputs": {"regex": "((a|aa)*)*" * 40 + "b"}},
    "a regex repeated": {"structured_outputs": {"regex": "((a{1000}){1000}){1000}"}},
    "a broken regex": {"structured_outputs": {"regex": "(["}},
    "a grammar without an end": {"structured_outputs": {"grammar": 'root ::= "a" root'}},
    "a grammar of itself": {"structured_outputs": {"grammar": "root ::= root"}},
    "a broken grammar": {"structured_outputs": {"grammar": "root ::= ("}},
    "a choice that cannot be said": {"structured_outputs": {"choice": ["\x00"]}},
    "a choice of nothing allowed": {"structured_outputs": {"choice": ["tree"]}, "allowed_token_ids": [300]},
    "a choice of bad words": {"structured_outputs": {"choice": ["a"]}, "bad_words": ["a", " a"]},
    "a choice that is too short": {"structured_outputs": {"choice": ["a"]}, "min_tokens": 5},
    "blanks": {"structured_outputs": {"json": {"type": "object"}, "whitespace_pattern": "([ ]*)*"}},
    "all numbers stop": {"stop_token_ids": list(range(64)), "min_tokens": 8},
    "only one thing to say": {"allowed_token_ids": [ENDS], "ignore_eos": True},
    "a bad blank": {"bad_words": [" "]},
    "no thoughts": {"thinking_token_budget": 0},
    "repeats of nothing": {"repetition_detection": {"max_pattern_size": 0, "min_count": 100}},
    "repeats": {"repetition_detection": {"max_pattern_size": 100, "min_count": 2}},
    "a token that there is not": {"stop_token_ids": [999_999_999], "min_tokens": 2},
    "a token past the last": {"allowed_token_ids": [100_000]},
    "more than is left": {"min_tokens": 1_000_000},
    "more than was asked for": {"min_tokens": 9},
}


async def refusal(stub, request: text_pb2.ChatRequest) -> type[TroupeError] | None:
    """The kind of error that the caller sees; None = there was an answer."""
    try:
        await answer(stub, request)
    except grpc.aio.AioRpcError as error:
        return type(from_rpc_error(error))
    return None


@pytest.mark.parametrize("temperature", [0.0, 5.0])
@pytest.mark.parametrize("parameters", MEANT_BADLY.values(), ids=MEANT_BADLY)
async def test_the_engine_outlives_it(stub, parameters: dict[str, object], temperature: float) -> None:
    request = asking(max_tokens=8)
    request.sampling.temperature = temperature
    request.vllm.extra_sampling = json.dumps(parameters)
    assert await refusal(stub, request) in {None, InvalidArgument, TextTooLong}
    assert (await answer(stub, asking(max_tokens=3))).text == counted(1, 3)
