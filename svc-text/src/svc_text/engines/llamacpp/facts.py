"""What `Describe` says of the model in use: nothing that does not work, no licence that nobody told."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Mapping
from typing import Any

from svc_text.engine import EngineFacts
from svc_text.engines.llamacpp.request import Reach
from svc_text.models.catalogue import of_file
from svc_text.models.inspect import ModelCard

FEATURES = (
    "continue",
    "stop",
    "max_tokens",
    "n",
    "logprobs",
    "logit_bias",
    "seed",
    "documents",
    "json_schema",
    "grammar",
)
CHARS_PER_TOKEN = 16  # more than any text has: what is longer cannot fit and is refused before it is counted
THINKS = ("enable_thinking", "reasoning_content", "reasoning_effort")
"""What templates of models that think ask about."""
FREE = frozenset({"apache-2.0", "mit", "bsd-2-clause", "bsd-3-clause", "cc0-1.0", "unlicense", "isc", "bsl-1.0"})
"""Licences, as files name them, that allow commercial use and ask for no more than a notice."""


def version() -> str:
    """The build of llama.cpp."""
    try:
        return f"xllamacpp {importlib.metadata.version('xllamacpp')}"
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def before_loading() -> EngineFacts:
    """While no model is there: nobody knows its licence yet."""
    return EngineFacts("", version(), "cpu", licence="", commercial_use=False)


def facts_of(card: ModelCard, reach: Reach, properties: Mapping[str, Any], device: str, held: int) -> EngineFacts:
    """The facts of a loaded model; `properties` are what llama.cpp tells of its template."""
    licence, commercial, note = _licence(card)
    return EngineFacts(
        model=card.name,
        version=version(),
        device=device,
        licence=licence,
        commercial_use=commercial,
        licence_note=note,
        features=_features(card, properties),
        max_input_chars=min(1_000_000, reach.context * CHARS_PER_TOKEN),
        max_input_tokens=reach.context,
        max_output_tokens=reach.context,
        max_concurrency=reach.slots * held,
    )


def _features(card: ModelCard, properties: Mapping[str, Any]) -> tuple[str, ...]:
    caps = properties.get("chat_template_caps") or {}
    tools = ("tools", "tool_choice") if caps.get("supports_tools") and caps.get("supports_tool_calls") else ()
    reasoning = ("reasoning",) if any(word in card.chat_template for word in THINKS) else ()
    return FEATURES + tools + reasoning


def _licence(card: ModelCard) -> tuple[str, bool, str]:
    if (entry := of_file(card.path.name)) is not None:
        return entry.licence.name, entry.licence.commercial_use, entry.licence.terms
    if not card.licence:
        return "unknown", False, "The file names no licence and is not in the catalogue (make model)."
    if card.licence.lower() in FREE:
        return card.licence, True, "As the file says."
    return card.licence, False, "As the file says; whether it allows commercial use was not judged here."
