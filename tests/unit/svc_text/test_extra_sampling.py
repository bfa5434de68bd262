"""Further sampling parameters: what is known and harmless is passed on, everything else is refused in no time."""

from __future__ import annotations

import json
import time

import pytest

from svc_text.extra_sampling import EXTRA, judged_extra, token_ids
from troupe.wire.chats import LONGEST_EXTRA
from troupe.wire.errors import InvalidArgument

REFUSED_S = 0.005
SLACK = 5  # CI judges times at five times the goal

ALLOWED = {
    "allowed_token_ids": [0, 5, 999_999_999],
    "bad_words": ["a", "b" * 100],
    "ignore_eos": True,
    "include_stop_str_in_output": False,
    "min_tokens": 3,
    "repetition_detection": {"max_pattern_size": 5, "min_pattern_size": 1, "min_count": 3},
    "skip_special_tokens": True,
    "stop_token_ids": list(range(64)),
    "structured_outputs": {"choice": ["a"], "disable_any_whitespace": True},
    "thinking_token_budget": 0,
}
KILLERS = (
    "prompt_logprobs", "n", "best_of", "max_tokens", "max_completion_tokens", "logprobs", "top_logprobs", "echo",
    "logits_processors", "vllm_xargs", "kv_transfer_params", "stream", "stream_options", "priority", "request_id",
    "truncate_prompt_tokens", "use_beam_search", "return_token_ids", "mm_processor_kwargs", "chat_template", "seed",
    "logit_bias", "temperature", "length_penalty", "cache_salt", "messages", "tools",
)  # fmt: skip
"""What vLLM's requests have besides: each bypasses a limit, reads what is not the caller's, or runs what was sent."""
REFUSED: dict[str, tuple[str, str]] = {
    "no object": ("[1]", "no JSON object"),
    "no JSON": ("{min_tokens: 3}", "no JSON object"),
    "no end": ("[" * LONGEST_EXTRA, "no JSON object"),
    "too long": ("x" * (LONGEST_EXTRA + 1), f"{LONGEST_EXTRA + 1} characters; allowed: {LONGEST_EXTRA}"),
    "min_tokens below": ('{"min_tokens": -1}', "min_tokens is -1; allowed: 0 to 1000000"),
    "min_tokens above": ('{"min_tokens": 1000001}', "min_tokens is 1000001"),
    "min_tokens huge": ('{"min_tokens": 1e308}', "min_tokens is 1e"),
    "min_tokens true": ('{"min_tokens": true}', "min_tokens is true"),
    "min_tokens not a number": ('{"min_tokens": NaN}', "min_tokens is NaN"),
    "min_tokens none": ('{"min_tokens": null}', "min_tokens is null"),
    "budget": ('{"thinking_token_budget": -5}', "thinking_token_budget is -5"),
    "a flag": ('{"ignore_eos": 1}', "ignore_eos is 1; allowed: true, false"),
    "no stop ids": ('{"stop_token_ids": []}', "1 to 64 numbers of tokens"),
    "stop ids": (json.dumps({"stop_token_ids": list(range(65))}), "1 to 64 numbers of tokens"),
    "stop ids below": ('{"stop_token_ids": [-1]}', "numbers of tokens"),
    "stop ids beyond": ('{"stop_token_ids": [99999999999999999999]}', "numbers of tokens"),
    "stop ids of text": ('{"stop_token_ids": ["1"]}', "numbers of tokens"),
    "no allowed ids": ('{"allowed_token_ids": []}', "1 to 1000 numbers of tokens"),
    "allowed ids": (json.dumps({"allowed_token_ids": list(range(1001))}), "1 to 1000 numbers of tokens"),
    "nothing to say": ('{"allowed_token_ids": [1], "min_tokens": 5}', "Send one of them"),
    "bad words": (json.dumps({"bad_words": ["a"] * 65}), "1 to 64 strings"),
    "an empty bad word": ('{"bad_words": [""]}', "of 1 to 100 characters"),
    "a long bad word": (json.dumps({"bad_words": ["a" * 101]}), "of 1 to 100 characters"),
    "bad words alone": ('{"bad_words": "a"}', "a list of 1 to 64 strings"),
    "repetition": ('{"repetition_detection": 3}', "an object of max_pattern_size"),
    "repetition's size": ('{"repetition_detection": {"max_pattern_size": 1000000000}}', "allowed: 0 to 100"),
    "repetition's else": ('{"repetition_detection": {"x": 1}}', "'x'; allowed: max_pattern_size"),
    "forms": ('{"structured_outputs": {"choice": ["a"], "regex": "a"}}', "one of choice, grammar"),
    "no form": ('{"structured_outputs": {}}', "one of choice, grammar"),
    "a form that is none": ('{"structured_outputs": "a"}', "one of choice, grammar"),
    "a tag": ('{"structured_outputs": {"regex": "a", "structural_tag": "{}"}}', "'structural_tag'; allowed: choice"),
    "a regex": (json.dumps({"structured_outputs": {"regex": "a" * 501}}), "a string of 1 to 500 characters"),
    "choices": (json.dumps({"structured_outputs": {"choice": ["a"] * 1001}}), "1 to 1000 strings"),
    "a schema": ('{"structured_outputs": {"json": {"minItems": 1000000000}}}', "minItems is 1000000000"),
    "a schema as text": ('{"structured_outputs": {"json": "{"}}', "not JSON"),
    "a schema of nothing": ('{"structured_outputs": {"json": 3}}', "a JSON schema is an object"),
}  # fmt: skip


def test_what_is_harmless_is_passed_on_as_it_came() -> None:
    assert {*ALLOWED} == {*EXTRA}
    for name, value in ALLOWED.items():
        assert judged_extra(json.dumps({name: value})) == {name: value}


def test_nothing_is_nothing() -> None:
    assert judged_extra("") == judged_extra("{}") == {}


def test_the_numbers_of_tokens_are_told() -> None:
    assert token_ids({"stop_token_ids": [1], "allowed_token_ids": [2, 3], "min_tokens": 4}) == [1, 2, 3]


@pytest.mark.parametrize("name", KILLERS)
def test_what_goes_past_a_limit_is_refused_with_what_is_allowed(name: str) -> None:
    with pytest.raises(InvalidArgument, match=f"extra_sampling has '{name}'; allowed: allowed_token_ids, bad_words"):
        judged_extra(json.dumps({"min_tokens": 3, name: 1}))


@pytest.mark.parametrize(("text", "why"), REFUSED.values(), ids=REFUSED)
def test_an_extreme_is_refused_at_once(text: str, why: str) -> None:
    taken = []
    for _ in range(3):
        before = time.process_time()
        with pytest.raises(InvalidArgument, match=why):
            judged_extra(text)
        taken.append(time.process_time() - before)
    assert min(taken) <= REFUSED_S * SLACK
