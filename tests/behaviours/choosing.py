"""How tokens are chosen: every setting at both ends of its range and beyond, several completions, logprobs, biases."""

from __future__ import annotations

import json
import math

import pytest
from tests.behaviours.subject import Subject, asking
from tests.behaviours.table import Check, behaviour, rows

from troupe.v1 import text_pb2
from troupe.wire.chats import MOST_BIASES, MOST_COMPLETIONS, MOST_STOPS, MOST_TOP_LOGPROBS, RANGES
from troupe.wire.errors import InvalidArgument


def taken(**sampling: object) -> Check:
    async def check(subject: Subject) -> None:
        assert (await subject.ask(asking(**sampling))).finish

    return check


def refused(why: str, **sampling: object) -> Check:
    async def check(subject: Subject) -> None:
        with pytest.raises(InvalidArgument, match=why):
            await subject.ask(asking(**sampling))

    return check


rows("taken", {f"{name} {least:g}": taken(**{name: least}) for name, (least, _) in RANGES.items()})
rows("taken", {f"{name} {most:g}": taken(**{name: most}) for name, (_, most) in RANGES.items()})
rows(
    "refused",
    {f"{name} above {most:g}": refused(f"{name} is", **{name: most + 1}) for name, (_, most) in RANGES.items()},
)
rows(
    "refused",
    {f"{name} nan": refused(f"{name} is nan", **{name: math.nan}) for name in RANGES if name != "top_k"},
)
rows(
    "refused",
    {
        "max_tokens 0": refused("max_tokens is 0", max_tokens=0),
        "max_tokens of all": refused("max_tokens is 4294967295", max_tokens=2**32 - 1),
        "stops": refused("stop: allowed", stop=["x"] * (MOST_STOPS + 1)),
        "a long stop": refused("stop: allowed", stop=["x" * 1001]),
    },
)
rows("refused", {"n": refused("n is 17", n=MOST_COMPLETIONS + 1)}, "n")
rows(
    "refused",
    {"top_logprobs": refused("top_logprobs is 21", logprobs=True, top_logprobs=MOST_TOP_LOGPROBS + 1)},
    "logprobs",
)
rows(
    "refused",
    {
        "biases": refused("logit_bias", logit_bias={str(n): 1.0 for n in range(MOST_BIASES + 1)}),
        "a bias of nan": refused("logit_bias", logit_bias={"1": math.nan}),
        "a bias of a word": refused("logit_bias", logit_bias={" the": 1.0}),
    },
    "logit_bias",
)


@behaviour()
async def without_any_setting_there_is_an_answer(subject: Subject) -> None:
    assert (await subject.ask(asking(temperature=None, seed=None, max_tokens=40))).text()


@behaviour()
async def no_completions_asked_for_is_one(subject: Subject) -> None:
    assert set((await subject.ask(asking(n=0))).finishes) == {0}


@behaviour("n")
async def two_completions_have_two_texts_and_two_ends(subject: Subject) -> None:
    answer = await subject.ask(asking(n=2))
    assert set(answer.finishes) == {0, 1}
    assert answer.text(0)
    assert answer.text(1)


@behaviour("n")
async def each_completion_has_its_own_counts(subject: Subject) -> None:
    answer = await subject.ask(asking(n=2, max_tokens=4))
    for index in (0, 1):
        (last,) = [delta for delta in answer.of(index) if delta.finish_reason]
        assert last.usage.completion_tokens == sum(delta.tokens for delta in answer.of(index)) == 4
        assert last.usage.prompt_tokens > 0


@behaviour("n", "seed")
async def several_completions_with_a_seed_come_again(subject: Subject) -> None:
    request = asking(n=2, temperature=1.0, seed=5)
    first, second = await subject.ask(request), await subject.ask(request)
    assert {first.text(0), first.text(1)} == {second.text(0), second.text(1)}


@behaviour("logprobs")
async def each_token_has_its_logprob(subject: Subject) -> None:
    answer = await subject.ask(asking(logprobs=True, max_tokens=5))
    assert len(answer.logprobs) == answer.usage.completion_tokens == 5
    assert all(each.logprob <= 0 for each in answer.logprobs)


@behaviour("logprobs")
async def no_others_are_told_where_none_were_asked_for(subject: Subject) -> None:
    answer = await subject.ask(asking(logprobs=True, max_tokens=3))
    assert [len(each.top) for each in answer.logprobs] == [0, 0, 0]


@behaviour("logprobs")
async def the_tokens_of_the_logprobs_are_the_text(subject: Subject) -> None:
    answer = await subject.ask(asking(logprobs=True, max_tokens=5))
    assert b"".join(each.token_bytes for each in answer.logprobs).decode().strip() == answer.text().strip()


@behaviour("logprobs")
async def those_that_were_not_chosen_are_told_too(subject: Subject) -> None:
    answer = await subject.ask(asking(logprobs=True, top_logprobs=3, max_tokens=4))
    for each in answer.logprobs:
        values = [other.logprob for other in each.top]
        assert len(values) == 3
        assert values == sorted(values, reverse=True)


@behaviour("logprobs")
async def with_temperature_zero_the_likeliest_is_chosen(subject: Subject) -> None:
    answer = await subject.ask(asking(logprobs=True, top_logprobs=2, max_tokens=4))
    assert [each.token for each in answer.logprobs] == [each.top[0].token for each in answer.logprobs]


@behaviour("logprobs")
async def twenty_others_are_the_most(subject: Subject) -> None:
    answer = await subject.ask(asking(logprobs=True, top_logprobs=MOST_TOP_LOGPROBS, max_tokens=2))
    assert {len(each.top) for each in answer.logprobs} == {MOST_TOP_LOGPROBS}


@behaviour()
async def nobody_is_told_logprobs_unasked(subject: Subject) -> None:
    assert not (await subject.ask(asking(top_logprobs=3))).logprobs


@behaviour("logit_bias")
async def a_bias_is_taken(subject: Subject) -> None:
    assert (await subject.ask(asking(logit_bias={"5": -100.0, "6": 0.5}))).finish


def sampling_further(**parameters: object) -> text_pb2.ChatRequest:
    request = asking(max_tokens=4)
    request.vllm.extra_sampling = json.dumps(parameters)
    return request


@behaviour("extra_sampling")
async def further_sampling_is_taken_where_it_does_no_harm(subject: Subject) -> None:
    assert (await subject.ask(sampling_further(min_tokens=2, bad_words=["zebra"]))).finish


@behaviour("extra_sampling")
async def further_sampling_goes_past_no_limit(subject: Subject) -> None:
    for name in ("prompt_logprobs", "n", "max_tokens", "best_of"):
        with pytest.raises(InvalidArgument, match=f"extra_sampling has '{name}'; allowed: "):
            await subject.ask(sampling_further(**{name: 10}))


@behaviour("grammar")
async def a_grammar_is_kept_to(subject: Subject) -> None:
    request = asking(max_tokens=4)
    request.llamacpp.grammar = 'root ::= "ab"'
    assert (await subject.ask(request)).text() == "ab"
