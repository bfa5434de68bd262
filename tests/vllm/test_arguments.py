"""Settings, judged by vLLM's own parser: those of the README's table, two machines, and slips of the pen."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from svc_text.engines.vllm.adapter import names
from svc_text.engines.vllm.arguments import brief, configured, parsed
from svc_text.engines.vllm.words import words
from svc_text.places import VllmPlace
from svc_text.settings import Settings
from troupe.wire.errors import InvalidArgument

pytestmark = [
    pytest.mark.timeout(180),  # its import alone takes up to a minute on busy cores
    pytest.mark.filterwarnings("ignore"),  # what it and its libraries import warns of each other
]
README = Path(__file__).parents[2] / "svc-text" / "README.md"
SETTING = re.compile(r"`((?:PROVIDER_VLLM_MODEL|TROUPE_TEXT_VLLM_)[^`]*)`")


def profiles() -> list[str]:
    """The settings of each row of the README's table of models and hardware."""
    table = README.read_text().partition("<!-- profiles -->")[2].partition("<!-- /profiles -->")[0]
    return [found[1] for line in table.splitlines() if (found := SETTING.search(line))]


def test_there_are_profiles() -> None:
    assert len(profiles()) >= 6


@pytest.mark.parametrize("told", profiles())
def test_each_profile_of_the_readme_is_one_that_vllm_takes(told, monkeypatch: pytest.MonkeyPatch) -> None:
    for pair in shlex.split(told):
        name, _, value = pair.partition("=")
        monkeypatch.setenv(name, value)
    place = Settings.load().context.vllm
    arguments = parsed(words(place))
    assert arguments.model == place.model
    assert arguments.tensor_parallel_size == place.tensor_parallel


def test_two_machines_share_a_model() -> None:
    for rank in (0, 1):
        place = VllmPlace("m", tensor_parallel=2, nodes=2, node_rank=rank, head="192.0.2.1")
        arguments = parsed(words(place))
        assert (arguments.nnodes, arguments.node_rank, arguments.master_addr) == (2, rank, "192.0.2.1")
        assert arguments.headless == bool(rank)


def test_every_named_setting_reaches_vllm(model) -> None:
    place = VllmPlace(
        str(model), pipeline_parallel=2, dtype="bfloat16", quantization="fp8", context=512, memory_share=0.5,
        loras="a=/x,b=/y", tool_parser="hermes", reasoning_parser="qwen3", idle_s=5,
        arguments='--max-num-seqs 7 --speculative-config \'{"method": "ngram", "num_speculative_tokens": 2}\'',
    )  # fmt: skip
    it = parsed(words(place))
    assert (it.pipeline_parallel_size, it.dtype, it.quantization, it.max_model_len) == (2, "bfloat16", "fp8", 512)
    assert (it.gpu_memory_utilization, it.max_num_seqs, it.enable_sleep_mode) == (0.5, 7, True)
    assert [(each.name, each.path) for each in it.lora_modules] == [("a", "/x"), ("b", "/y")]
    assert (it.tool_call_parser, it.enable_auto_tool_choice) == ("hermes", True)
    assert it.reasoning_parser == "qwen3"
    assert it.enable_prefix_caching
    assert it.scheduling_policy == "priority"
    assert it.speculative_config == {"method": "ngram", "num_speculative_tokens": 2}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("--max-num-seq 4x", "max-num-seq"),
        ("--no-such-thing 1", "no-such-thing"),
        ("--tensor-parallel-size two", "tensor-parallel-size"),
        ("--dtype half-a-byte", "dtype"),
        ("--port 9000", "HTTP server"),
        ("--api-key secret", "HTTP server"),
        ("--tool-call-parser 'no such'", "no such"),
    ],
)
def test_what_vllm_does_not_take_is_refused_in_its_words(arguments, says) -> None:
    with pytest.raises(InvalidArgument, match=says) as refused:
        configured(parsed(words(VllmPlace("m", arguments=arguments))))
    assert "secret" not in refused.value.message


def test_a_platform_that_cannot_sleep_says_so(model) -> None:
    if not names().current_platform.is_cpu():
        pytest.skip("this one can")
    with pytest.raises(InvalidArgument, match="Sleep mode is not supported"):
        configured(parsed(words(VllmPlace(str(model), idle_s=5))))


def test_a_variable_that_vllm_does_not_read_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VLLM_CPU_KVCACHE_SPACES", "1")
    with pytest.raises(InvalidArgument, match="VLLM_CPU_KVCACHE_SPACE"):
        parsed(words(VllmPlace("m")))


def test_a_folder_without_a_model_is_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgument, match="cannot run"):
        configured(parsed(words(VllmPlace(str(tmp_path)))))


def test_more_context_than_the_model_knows_is_told(model: Path) -> None:
    with pytest.raises(InvalidArgument, match="max_model_len"):
        configured(parsed(words(VllmPlace(str(model), context=100_000))))


def test_brief_is_one_line_without_a_stop() -> None:
    assert brief(ValueError("one\n  two.")) == "one two"
    assert brief(ValueError()) == "ValueError"
