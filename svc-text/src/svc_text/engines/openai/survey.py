"""Who answers at a base URL: which kind of server, which models, and what it can do."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from svc_text.engines.openai.connection import Connection
from svc_text.engines.openai.kinds import FEW_STOPS, LLAMA_SERVER, NIM, OTHER, SIGNS, Kind, by_owner
from svc_text.engines.openai.request import plain
from troupe.wire.errors import EngineFailed, EngineMissing, InvalidArgument, NotSupported, Overloaded

PROBE_S = 60.0  # one token of a server that may be busy
TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}
ANY_OBJECT = {"type": "object", "properties": {}, "additionalProperties": False}
PROBES: Mapping[str, Mapping[str, Any]] = {
    "tools": {"tools": [TOOL], "tool_choice": "auto"},
    "tool_choice": {"tools": [TOOL], "tool_choice": "required"},
    "json_schema": {
        "response_format": {"type": "json_schema", "json_schema": {"name": "answer", "schema": ANY_OBJECT}}
    },
    "logprobs": {"logprobs": True, "top_logprobs": 1},
    "n": {"n": 2},
}
"""What depends on how a server was started (vLLM: --enable-auto-tool-choice, --max-logprobs): asked for once."""

MANY_STOPS = {"stop": [f"@{number}@" for number in range(64)]}
"""As many stop strings as a chat may have; vLLM takes four of them unless VLLM_MAX_STOP_STRINGS says otherwise."""


@dataclass(frozen=True, slots=True)
class Survey:
    """What was found."""

    kind: Kind
    version: str
    model: str  # the default one
    models: tuple[str, ...]
    context: int  # tokens; 0 = not told
    features: tuple[str, ...]

    @staticmethod
    def model_of(listed: Mapping[str, Any], wanted: str, server: str) -> tuple[str, tuple[str, ...]]:
        """The model that is asked for where a chat names none, and all there are; raises `EngineMissing`."""
        rows = [row for row in listed.get("data") or () if isinstance(row, dict) and row.get("id")]
        names = tuple(str(row["id"]) for row in rows)
        if not names:
            raise EngineMissing(f"{server} has no model", engine="openai", remedy="load one there")
        found = [name for name in (wanted, f"{wanted}:latest") if name in names] if wanted else names[:1]
        if not found:
            shown = ", ".join(names[:10])
            raise EngineMissing(
                f"{server} has no model {wanted!r}; it has: {shown}",
                engine="openai",
                remedy=f"set PROVIDER_VLLM_MODEL={names[0]}",
            )
        return found[0], names


async def surveyed(server: Connection, wanted: str) -> Survey:
    """Look around; raises `CannotConnect`, `EngineMissing`, or what a refusal means."""
    await _refuse_this_gateway(server)
    listed = await server.ask("/v1/models")
    kind, version = await _kind_of(server, listed)
    model, models = Survey.model_of(listed, wanted, f"{kind.name} at {server.url}")
    properties = await server.glance("/props") or {} if kind is LLAMA_SERVER else {}
    features = _told(kind, properties) if not kind.probed else await _probed(server, kind, model)
    return Survey(kind, version, model, models, _context(listed, model, properties), features)


async def _refuse_this_gateway(server: Connection) -> None:
    """A chat that comes back in at the front door would go round for ever; its /health is like no other's."""
    health = await server.glance("/health") or {}
    if isinstance(health.get("ready"), dict) and "uptime_s" in health:
        raise EngineMissing(
            f"PROVIDER_VLLM_BASE_URL={server.url} is Troupe's own gateway",
            engine="openai",
            remedy="start vLLM on another port, for example 8001, and set PROVIDER_VLLM_BASE_URL=http://localhost:8001",
        )


async def _kind_of(server: Connection, listed: Mapping[str, Any]) -> tuple[Kind, str]:
    owned = by_owner(listed)
    for path, key, kind in SIGNS:
        if owned is not None and kind not in {owned, NIM}:
            continue
        if (answer := await server.glance(path)) and key in answer:
            version = str(answer.get("version") or answer.get("release") or "")
            return kind, version
    return owned or OTHER, ""


def _context(listed: Mapping[str, Any], model: str, properties: Mapping[str, Any]) -> int:
    rows = [row for row in listed.get("data") or () if isinstance(row, dict) and row.get("id") == model]
    told = rows[0].get("max_model_len") if rows else None
    told = told or (properties.get("default_generation_settings") or {}).get("n_ctx")
    return told if isinstance(told, int) and told > 0 else 0


def _told(kind: Kind, properties: Mapping[str, Any]) -> tuple[str, ...]:
    """llama-server says of its template what it can."""
    caps = properties.get("chat_template_caps") or {}
    absent = set()
    if not (caps.get("supports_tools") and caps.get("supports_tool_calls")):
        absent = {"tools", "tool_choice"}
    if "enable_thinking" not in str(properties.get("chat_template", "")):
        absent.add("reasoning")
    return tuple(feature for feature in kind.features if feature not in absent)


async def _probed(server: Connection, kind: Kind, model: str) -> tuple[str, ...]:
    """The kind's features without those that this server refuses."""
    asked = {feature: PROBES[feature] for feature in kind.features if feature in PROBES} | {FEW_STOPS: MANY_STOPS}
    refused = await asyncio.gather(*(_refuses(server, model, probe) for probe in asked.values()))
    absent = {feature for feature, no in zip(asked, refused, strict=True) if no}
    if "tools" in absent:
        absent.add("tool_choice")
    few = (FEW_STOPS,) if FEW_STOPS in absent else ()
    return tuple(feature for feature in kind.features if feature not in absent) + few


async def _refuses(server: Connection, model: str, more: Mapping[str, Any]) -> bool:
    try:
        await server.ask("/v1/chat/completions", plain(model, **more), PROBE_S)
    except Overloaded:
        return False  # nobody knows; it is what its kind can do
    except (InvalidArgument, NotSupported, EngineFailed):
        return True
    return False
