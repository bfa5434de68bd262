"""The kinds of servers, how one is told from the other, and what each can do.

What a server ignores without a word (Ollama: `n`, `logprobs`, `tool_choice`) is as absent as what it refuses. Sources,
read in November 2026: vLLM `entrypoints/openai/chat_completion/protocol.py`, Ollama `openai/openai.go`; llama-server
was asked itself. What is said of SGLang and NIM is recalled, not checked against them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

COMMON = ("stop", "max_tokens", "documents", "seed")
RICH = (*COMMON, "n", "logprobs", "tools", "tool_choice", "json_schema", "continue", "reasoning", "logit_bias")
FEW_STOPS = "few_stops"
"""What a server is said to have that takes no more stop strings than OpenAI does, as vLLM by default."""
SAMPLING = frozenset({"temperature", "top_p", "presence_penalty", "frequency_penalty"})
MORE_SAMPLING = SAMPLING | {"top_k", "min_p", "repetition_penalty"}


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """One kind of server; `features` in the words of `EngineFacts`."""

    name: str
    start: str  # the command that starts one
    features: tuple[str, ...] = RICH
    sampling: frozenset[str] = MORE_SAMPLING  # fields of `Sampling` that it reads
    names: Mapping[str, str] = field(default_factory=dict)  # its own names of those
    always: Mapping[str, Any] = field(default_factory=dict)  # fields of every request: how it counts tokens as it goes
    continuing: Mapping[str, Any] = field(default_factory=dict)  # fields that make it go on with the last message
    template_switch: bool = True  # thinking is switched by `chat_template_kwargs`; else by `reasoning_effort`
    reasoning_field: str = "reasoning_content"  # of an earlier message
    alive: str = "/v1/models"  # answered at once by a server that lives, whatever it computes
    least_logprobs: int = 0  # others to ask for where logprobs are wanted
    names_tool: bool = True  # it knows a choice of one tool; else that one is the only one it is shown
    samples_as_vllm: bool = False
    loose: bool = False  # a call that must be made keeps to its schema only where the tool is said to be strict
    kept: bool = True  # its connections may be used again
    probed: bool = True  # what it can do depends on how it was started: it is asked once, when it is first reached


USAGE = {"stream_options": {"include_usage": True}}
USAGE_AT_EACH_STEP = {"stream_options": {"include_usage": True, "continuous_usage_stats": True}}

VLLM = Kind(
    "vLLM",
    "vllm serve MODEL --port 8001",
    always=USAGE_AT_EACH_STEP,
    continuing={"continue_final_message": True, "add_generation_prompt": False},
    alive="/health",
    samples_as_vllm=True,
    loose=True,
)
SGLANG = Kind(
    "SGLang",
    "python -m sglang.launch_server --model-path MODEL --port 8001",
    always=USAGE_AT_EACH_STEP,
    continuing={"continue_final_message": True},
)
LLAMA_SERVER = Kind(
    "llama-server",
    "llama-server -m MODEL.gguf --port 8001",
    features=(*RICH, "grammar"),
    names={"repetition_penalty": "repeat_penalty"},
    always={**USAGE, "timings_per_token": True},
    alive="/health",  # it goes on with a last message of the assistant's by itself
    least_logprobs=1,  # with none it tells no logprobs at all
    names_tool=False,
    kept=False,  # it closes each after a stream, without having said so
    probed=False,  # /props says it
)
OLLAMA = Kind(
    "Ollama",
    "ollama serve",
    features=(*COMMON, "tools", "json_schema", "reasoning"),
    sampling=SAMPLING,
    always=USAGE,
    template_switch=False,
    reasoning_field="reasoning",
    alive="/api/version",
)
NIM = Kind(
    "NIM",
    "docker run --gpus all -p 8001:8000 nvcr.io/nim/MODEL",
    features=(*COMMON, "logprobs", "tools", "tool_choice", "json_schema"),
    sampling=SAMPLING,
    always=USAGE,
    alive="/v1/health/live",
)
OTHER = Kind(
    "OpenAI-compatible server",
    "start it",
    features=(*COMMON, "logprobs", "tools", "tool_choice", "json_schema"),
    sampling=SAMPLING,
    always=USAGE,
)

OWNERS: Mapping[str, Kind] = {"vllm": VLLM, "sglang": SGLANG, "llamacpp": LLAMA_SERVER, "library": OLLAMA}
"""`owned_by` of the models that each kind lists. NIM says vllm too, for that is what runs in it."""
SIGNS: tuple[tuple[str, str, Kind], ...] = (
    ("/v1/version", "release", NIM),
    ("/version", "version", VLLM),
    ("/get_model_info", "model_path", SGLANG),
    ("/api/version", "version", OLLAMA),
    ("/props", "default_generation_settings", LLAMA_SERVER),
)
"""Path, a key of its answer, and the kind that answers so; asked in this order, for some imitate later ones."""


def by_owner(models: Mapping[str, Any]) -> Kind | None:
    """The kind that the list of models tells, where it does."""
    owners = {str(row.get("owned_by", "")) for row in models.get("data") or () if isinstance(row, dict)}
    known = {OWNERS[owner] for owner in owners if owner in OWNERS} if len(owners) == 1 else set()
    return known.pop() if known else None
