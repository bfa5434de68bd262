"""What a chat needs of an engine, and what nobody is asked for."""

from __future__ import annotations

import time

import pytest

from gateway.routing.chain import Chain
from gateway.routing.need import Modality
from gateway.scenes.chat_features import unwanted_features, wanted_features
from gateway.scenes.text import ChatOrder, chat
from troupe.v1.text_pb2 import ROLE_USER, ChatRequest
from troupe.wire.deadlines import Deadline
from troupe.wire.errors import InvalidArgument

REFUSED_S = 0.005
SLACK = 5  # CI judges times at five times the goal


def asking() -> ChatRequest:
    request = ChatRequest()
    request.messages.add(role=ROLE_USER).content.add(text="hello")
    return request


@pytest.mark.parametrize(
    ("feature", "change"),
    [
        ("n", lambda it: setattr(it.sampling, "n", 2)),
        ("logprobs", lambda it: setattr(it.sampling, "logprobs", True)),
        ("logit_bias", lambda it: it.sampling.logit_bias.update({"1": 1.0})),
        ("tools", lambda it: it.tools.add(name="f")),
        ("documents", lambda it: it.documents.add(text="a")),
        ("continue", lambda it: setattr(it, "continue_final_message", True)),
        ("json_schema", lambda it: setattr(it.response_format, "type", "json_object")),
        ("extra_sampling", lambda it: setattr(it.vllm, "extra_sampling", "{}")),
        ("grammar", lambda it: setattr(it.llamacpp, "grammar", "root ::= [a]")),
    ],
)
def test_each_wish_is_a_feature(feature, change) -> None:
    request = asking()
    assert wanted_features(request) == frozenset()
    change(request)
    assert wanted_features(request) == {feature}


def test_what_an_engine_must_not_be_like() -> None:
    request = asking()
    assert unwanted_features(request) == {"documents_only"}
    request.documents.add(text="a")
    request.sampling.stop.extend("abcd")
    assert unwanted_features(request) == frozenset()
    request.sampling.stop.append("e")
    assert unwanted_features(request) == {"few_stops"}


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda it: setattr(it.sampling, "n", 2**32 - 1), "n is 4294967295"),
        (lambda it: setattr(it.sampling, "max_tokens", 0), "max_tokens is 0"),
        (lambda it: setattr(it.sampling, "top_logprobs", 2**32 - 1), "top_logprobs is"),
        (lambda it: setattr(it.sampling, "temperature", float("nan")), "temperature is nan"),
        (lambda it: it.sampling.stop.extend(["x"] * 200_000), "stop: allowed are 64"),
        (lambda it: it.sampling.logit_bias.update({str(n): 1.0 for n in range(100_000)}), "100000 entries"),
        (lambda it: [it.tools.add(name="f") for _ in range(10_000)], "10000 tools"),
        (lambda it: it.tools.add(name="f", parameters=" " * 100_001), "100001 characters"),
        (lambda it: setattr(it.response_format, "json_schema", " " * 100_001), "100001 characters"),
        (lambda it: setattr(it.vllm, "extra_sampling", " " * 20_001), "extra_sampling has 20001"),
        (lambda it: setattr(it.llamacpp, "grammar", "x" * 20_001), "The grammar has 20001"),
        (lambda it: [it.messages.add(role=ROLE_USER) for _ in range(10_000)], "10001 messages"),
        (lambda it: [it.documents.add() for _ in range(1_001)], "1001 documents"),
    ],
)
async def test_an_extreme_is_refused_here_before_anybody_is_asked(change, why) -> None:
    request = asking()
    change(request)
    order, nobody = ChatOrder(request), Chain(Modality.TEXT, [])
    taken = []
    for _ in range(3):
        before = time.process_time()
        with pytest.raises(InvalidArgument, match=why):
            await chat(nobody, order, Deadline.after(10), "req_1")
        taken.append(time.process_time() - before)
    assert min(taken) <= REFUSED_S * SLACK
