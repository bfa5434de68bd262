"""The settings as arguments of `vllm serve`: vLLM's own parser is what judges them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping

from svc_text.places import VllmPlace
from troupe.wire.errors import InvalidArgument, nearest

NONE = "none"
MEANT = "VLLM_"
OF_KUBERNETES = re.compile(r"VLLM_(?:\w+_)?(?:SERVICE_(?:HOST|PORT)|PORT)(?:_\w+)?")
"""What Kubernetes puts into every container beside a Service called vllm."""
PARSERS: tuple[tuple[str, str, str], ...] = (
    ("llama-4", "llama4_pythonic", ""),
    ("llama-3", "llama3_json", ""),
    ("minimax-m3", "minimax_m3", "minimax_m3"),
    ("minimax-m2", "minimax_m2", "minimax_m2"),
    ("qwen3", "hermes", "qwen3"),
    ("qwen2.5", "hermes", ""),
    ("deepseek-r1", "", "deepseek_r1"),
    ("gpt-oss", "openai", "openai_gptoss"),
    ("mistral", "mistral", ""),
)
"""Part of a model's name, how it writes tool calls, and how it marks its thoughts; the first that fits counts."""


def words(place: VllmPlace) -> list[str]:
    """The arguments; raises `InvalidArgument` for settings that exclude each other."""
    return [
        f"--model={place.model}",
        *_spread(place),
        *_given("--dtype", place.dtype),
        *_given("--quantization", place.quantization),
        *_given("--max-model-len", place.context),
        *_given("--gpu-memory-utilization", place.memory_share),
        *_loras(place.loras),
        *_parsers(place),
        *(("--enable-sleep-mode",) if place.idle_s else ()),
        "--enable-prefix-caching",
        "--scheduling-policy=priority",
        *split(place.arguments),
    ]


def split(arguments: str) -> list[str]:
    """Words as a shell would part them."""
    try:
        return shlex.split(arguments)
    except ValueError as error:
        raise InvalidArgument(f"TROUPE_TEXT_VLLM_ARGUMENTS: {error}. Close the quotation.") from error


def check_environment(environment: Iterable[str], known: Iterable[str]) -> None:
    """Raise `InvalidArgument` for a variable of vLLM's prefix that vLLM does not read, naming the nearest one."""
    names = set(known)
    for name in sorted(environment):
        if name.startswith(MEANT) and name not in names and not OF_KUBERNETES.fullmatch(name):
            raise InvalidArgument(f"vLLM reads no variable {name}.{nearest(name, names)}", setting=name)


def adapters(loras: str) -> Mapping[str, str]:
    """Name -> folder of the LoRA adapters; raises `InvalidArgument`."""
    found: dict[str, str] = {}
    for pair in filter(None, (each.strip() for each in loras.split(","))):
        name, equals, folder = pair.partition("=")
        if not (name and equals and folder):
            raise InvalidArgument(f"TROUPE_TEXT_VLLM_LORAS has {pair!r}; write name=folder, with commas between them.")
        found[name] = folder
    return found


def _given(name: str, value: str | float) -> tuple[str, ...]:
    return (f"{name}={value}",) if value else ()


def _spread(place: VllmPlace) -> tuple[str, ...]:
    sizes = (
        f"--tensor-parallel-size={place.tensor_parallel}",
        f"--pipeline-parallel-size={place.pipeline_parallel}",
    )
    if place.nodes == 1:
        return sizes
    if not place.head:
        raise InvalidArgument(
            f"TROUPE_TEXT_VLLM_NODES is {place.nodes}, and nobody knows where machine 0 is. Set TROUPE_TEXT_VLLM_HEAD "
            "to its address, the same on all machines."
        )
    if place.node_rank >= place.nodes:
        raise InvalidArgument(
            f"TROUPE_TEXT_VLLM_NODE_RANK is {place.node_rank}; allowed: 0 to {place.nodes - 1}, each on one machine."
        )
    devices = place.tensor_parallel * place.pipeline_parallel
    if devices % place.nodes:
        raise InvalidArgument(
            f"{devices} devices ({place.tensor_parallel} x {place.pipeline_parallel}) do not spread over {place.nodes} "
            "machines. Make TROUPE_TEXT_VLLM_TENSOR_PARALLEL x TROUPE_TEXT_VLLM_PIPELINE_PARALLEL a multiple."
        )
    rank = (f"--nnodes={place.nodes}", f"--node-rank={place.node_rank}", f"--master-addr={place.head}")
    return (*sizes, *rank, *(("--headless",) if place.node_rank else ()))


def _loras(loras: str) -> tuple[str, ...]:
    found = adapters(loras)
    if not found:
        return ()
    return "--enable-lora", "--lora-modules", *(f"{name}={folder}" for name, folder in found.items())


def _parsers(place: VllmPlace) -> tuple[str, ...]:
    name = place.model.lower()
    tools, thoughts = next((row[1:] for row in PARSERS if row[0] in name), ("", ""))
    tools, thoughts = place.tool_parser or tools, place.reasoning_parser or thoughts
    told: tuple[str, ...] = ()
    if tools and tools != NONE:
        told += ("--enable-auto-tool-choice", f"--tool-call-parser={tools}")
    if thoughts and thoughts != NONE:
        told += (f"--reasoning-parser={thoughts}",)
    return told
