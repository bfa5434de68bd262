"""Where each engine finds what it needs: one frozen place per engine, filled from the settings."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class LlamacppPlace:
    """Where the GGUF models are, and how they are loaded and kept; 0 = found out."""

    models_dir: Path = Path("models/text")
    model: str = ""  # a name of the folder or a file anywhere; empty = the first of the folder
    slots: int = 0  # chats that a model answers at once
    context: int = 0  # tokens of one chat, its answer included
    threads: int = 0
    batch: int = 64  # tokens of a prompt read at once
    cache_mib: int = 256  # for prompts seen before, per model
    gpu_layers: int = -1  # -1 = all that fit
    held: int = 1  # models in memory at once
    idle_s: float = 0.0  # without a chat, after which a model is put away; 0 = never
    verbose: bool = False


@dataclass(frozen=True, slots=True)
class OpenaiPlace:
    """The OpenAI-compatible server that is asked."""

    base_url: str = ""  # with or without /v1
    api_key: str = field(default="", repr=False)
    model: str = ""  # empty = the first one it lists
    concurrency: int = 256  # chats asked of it at once; more are refused


@dataclass(frozen=True, slots=True)
class VllmPlace:
    """The model that vLLM loads in this process, and over what it is spread; 0 and empty = vLLM's own default."""

    model: str = ""  # a folder, or a name of a model hub
    tensor_parallel: int = 1  # devices that share each layer
    pipeline_parallel: int = 1  # groups of devices that have some of the layers each
    dtype: str = ""
    quantization: str = ""
    context: int = 0  # tokens of one chat, its answer included
    memory_share: float = 0.0  # of each device's memory, 0..1
    loras: str = ""  # name=folder, with commas
    nodes: int = 1  # machines
    node_rank: int = 0  # which of them this is; 0 answers, the others compute for it
    head: str = ""  # address of machine 0
    tool_parser: str = ""  # vLLM's name of it, or "none"; empty = by the model's name
    reasoning_parser: str = ""  # as above
    arguments: str = ""  # further words of `vllm serve`
    idle_s: float = 0.0  # without a chat, after which the device's memory is given back; 0 = never
