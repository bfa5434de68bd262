from __future__ import annotations

import pytest

from svc_text.engines.vllm.words import adapters, check_environment, words
from svc_text.places import VllmPlace
from troupe.wire.errors import InvalidArgument


def test_what_is_not_set_is_vllms_own_default() -> None:
    assert words(VllmPlace("m")) == [
        "--model=m",
        "--tensor-parallel-size=1",
        "--pipeline-parallel-size=1",
        "--enable-prefix-caching",
        "--scheduling-policy=priority",
    ]


def test_what_is_set_becomes_an_argument() -> None:
    told = words(
        VllmPlace("m", tensor_parallel=2, dtype="bfloat16", quantization="awq", context=8192, memory_share=0.9)
    )
    assert {"--tensor-parallel-size=2", "--dtype=bfloat16", "--quantization=awq"} <= set(told)
    assert {"--max-model-len=8192", "--gpu-memory-utilization=0.9"} <= set(told)


def test_further_arguments_are_parted_as_a_shell_does_and_come_last() -> None:
    told = words(VllmPlace("m", arguments="--max-num-seqs 8 --override '{\"a\": 1}'"))
    assert told[-4:] == ["--max-num-seqs", "8", "--override", '{"a": 1}']
    with pytest.raises(InvalidArgument, match="Close the quotation"):
        words(VllmPlace("m", arguments="--a 'b"))


@pytest.mark.parametrize(
    ("model", "parsers"),
    [
        ("meta-llama/Llama-3.1-70B-Instruct", ["--enable-auto-tool-choice", "--tool-call-parser=llama3_json"]),
        ("MiniMaxAI/MiniMax-M2", ["--tool-call-parser=minimax_m2", "--reasoning-parser=minimax_m2"]),
        ("deepseek-ai/DeepSeek-R1-Distill-Qwen-7B", ["--reasoning-parser=deepseek_r1"]),
        ("somebody/else", []),
    ],
)
def test_a_model_known_by_name_has_its_parsers(model, parsers) -> None:
    told = [word for word in words(VllmPlace(model)) if "parser" in word or "auto" in word]
    assert set(parsers) <= set(told)
    assert bool(told) == bool(parsers)


def test_parsers_may_be_named_or_switched_off() -> None:
    told = words(VllmPlace("Llama-3.1", tool_parser="hermes", reasoning_parser="qwen3"))
    assert {"--tool-call-parser=hermes", "--reasoning-parser=qwen3"} <= set(told)
    assert not any("parser" in word for word in words(VllmPlace("Qwen3", tool_parser="none", reasoning_parser="none")))


def test_adapters_have_names_and_folders() -> None:
    assert adapters(" a=/x, b=/y=z,") == {"a": "/x", "b": "/y=z"}
    assert words(VllmPlace("m", loras="a=/x,b=/y"))[3:7] == ["--enable-lora", "--lora-modules", "a=/x", "b=/y"]
    with pytest.raises(InvalidArgument, match="write name=folder"):
        adapters("/x")


def test_several_machines() -> None:
    told = words(VllmPlace("m", tensor_parallel=2, nodes=2, node_rank=1, head="192.0.2.1"))
    assert {"--nnodes=2", "--node-rank=1", "--master-addr=192.0.2.1", "--headless"} <= set(told)
    assert "--headless" not in words(VllmPlace("m", tensor_parallel=2, nodes=2, head="192.0.2.1"))


@pytest.mark.parametrize(
    ("place", "says"),
    [
        (VllmPlace("m", tensor_parallel=2, nodes=2), "TROUPE_TEXT_VLLM_HEAD"),
        (VllmPlace("m", tensor_parallel=2, nodes=2, node_rank=2, head="h"), "allowed: 0 to 1"),
        (VllmPlace("m", tensor_parallel=3, nodes=2, head="h"), "do not spread over 2"),
    ],
)
def test_machines_that_do_not_fit_are_refused(place, says) -> None:
    with pytest.raises(InvalidArgument, match=says):
        words(place)


def test_variables_of_kubernetes_are_let_through_and_slips_are_not() -> None:
    known = ("VLLM_CPU_KVCACHE_SPACE",)
    check_environment(("VLLM_SERVICE_HOST", "VLLM_PORT_8000_TCP", "VLLM_PORT", "VLLM_CPU_KVCACHE_SPACE", "HOME"), known)
    with pytest.raises(InvalidArgument, match='Did you mean "VLLM_CPU_KVCACHE_SPACE"'):
        check_environment(("VLLM_CPU_KVCACHE_SPACES",), known)
