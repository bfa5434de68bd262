"""Each name that is used of vLLM is there, and takes what it is given: what moves with a release shows here first."""

from __future__ import annotations

import dataclasses
import inspect

import pytest

from svc_text.engines.vllm import adapter
from svc_text.engines.vllm.adapter import Names, names
from svc_text.engines.vllm.request import SAMPLED
from svc_text.extra_sampling import EXTRA

pytestmark = [
    pytest.mark.timeout(180),  # its import alone takes up to a minute on busy cores
    pytest.mark.filterwarnings("ignore"),  # what it and its libraries import warns of each other
]
FIELDS = {
    *SAMPLED, *EXTRA, "model", "messages", "stream", "tools", "tool_choice", "parallel_tool_calls", "response_format",
    "chat_template_kwargs", "reasoning_effort", "n", "stop", "max_completion_tokens", "seed", "logprobs",
    "top_logprobs", "logit_bias", "continue_final_message", "add_generation_prompt",
}  # fmt: skip


def parameters(of: object) -> set[str]:
    return set(inspect.signature(of).parameters)


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(Names)])
def test_every_name_is_there(name) -> None:
    assert getattr(names(), name)


def test_the_engine_has_the_members_that_are_used() -> None:
    engine = names().AsyncLLM
    for member in ("from_vllm_config", "generate", "encode", "sleep", "wake_up", "shutdown", "get_supported_tasks"):
        assert callable(getattr(engine, member))
    assert isinstance(inspect.getattr_static(engine, "errored"), property)
    used = {"prompt", "sampling_params", "request_id", "lora_request", "priority"}
    assert used | {"reasoning_ended", "reasoning_parser_kwargs"} <= parameters(engine.generate)
    assert {"prompt", "pooling_params", "request_id"} <= parameters(engine.encode)


def test_a_chat_has_the_fields_that_are_set() -> None:
    request = names().ChatCompletionRequest
    assert set(request.model_fields) >= FIELDS
    assert {"max_tokens", "default_sampling_params"} <= parameters(request.to_sampling_params)
    assert callable(request.resolve_reasoning_ended)


def test_what_renders_takes_the_arguments_it_gets() -> None:
    renderer = names().OnlineRenderer
    used = {
        "request_logger", "chat_template", "chat_template_content_format", "enable_auto_tools", "tool_parser",
        "exclude_tools_when_tool_choice_none", "tool_strict_level", "reasoning_parser", "default_chat_template_kwargs",
    }  # fmt: skip
    assert used <= parameters(renderer.__init__)
    assert callable(renderer.render_chat)
    assert callable(renderer.effective_chat_template_kwargs)


def test_parsers_take_the_arguments_they_get() -> None:
    used = {"tool_parser_name", "enable_auto_tools", "model_name", "tokenizer", "tool_strict_level"}
    assert used <= parameters(names().ParserManager.get_parser)
    from vllm.parser import Parser

    used = {"delta_text", "delta_token_ids", "request", "prompt_token_ids", "finished"}
    assert used <= parameters(Parser.parse_delta)
    assert callable(Parser.count_reasoning_tokens)


def test_steps_have_what_is_read() -> None:
    from vllm.logprobs import Logprob
    from vllm.outputs import CompletionOutput, RequestOutput

    assert {"outputs", "num_cached_tokens", "prompt_token_ids"} <= parameters(RequestOutput.__init__)
    read = {"index", "text", "token_ids", "logprobs", "finish_reason"}
    assert read <= {field.name for field in dataclasses.fields(CompletionOutput)}
    assert {"logprob", "rank", "decoded_token"} <= {*Logprob.__annotations__}


def test_nothing_is_told_outside_and_nothing_forks() -> None:
    from vllm import envs

    names()
    assert envs.VLLM_NO_USAGE_STATS
    assert envs.VLLM_WORKER_MULTIPROC_METHOD == "spawn"


def test_without_vllm_its_command_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapter.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(adapter.EngineMissing) as missing:
        adapter.require()
    assert missing.value.details["remedy"] == "make vllm"


def test_the_headless_workers_have_their_command() -> None:
    from vllm.entrypoints.cli.serve import ServeSubcommand

    assert parameters(ServeSubcommand.cmd) == {"args"}
