"""From settings to chains: which rungs stand in each, in which order, and which engine and address each one means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gateway.routing.need import Modality
from gateway.settings import RungSettings, Settings
from troupe.wire.errors import InvalidArgument, nearest

TEXT_ENGINES = ("vllm", "openai", "llamacpp", "extractive", "echo")
TTS_ENGINES = ("xtts", "edge", "piper", "flite", "espeak", "tone")
VIDEO_ENGINES = ("sadtalker", "portrait", "still")

ENGINES: Mapping[Modality, tuple[str, ...]] = {
    Modality.TEXT: TEXT_ENGINES,
    Modality.TTS: TTS_ENGINES,
    Modality.VIDEO: VIDEO_ENGINES,
}
DEFAULTS: Mapping[Modality, tuple[str, ...]] = {
    Modality.TEXT: ("vllm", "llamacpp", "extractive"),
    Modality.TTS: ("xtts", "piper", "flite", "espeak"),
    Modality.VIDEO: ("sadtalker", "portrait"),
}
"""The local engines that stand in a chain nobody configured; those not installed are skipped."""

CLOUD = frozenset({"edge", "minimax"})
"""They send data out of the house."""
NOT_BUILT_IN: Mapping[str, str] = {
    "minimax": "not installed: this version of the gateway has no provider for the MiniMax cloud",
}


@dataclass(frozen=True, slots=True)
class RungPlan:
    """One rung of one chain, before anything is connected."""

    name: str
    modality: Modality
    engines: tuple[str, ...]  # the first that the service runs
    target: str  # host:port, or http://… for the seed's TTS service
    timeout_s: float
    cloud: bool
    absent: str = ""  # why no provider can be made of it


@dataclass(frozen=True, slots=True)
class ChainPlan:
    """The rungs of one modality in order; the first one is the primary."""

    modality: Modality
    rungs: Sequence[RungPlan]
    unasked: frozenset[str]  # those that nobody named: the defaults


def plan_chains(settings: Settings) -> dict[Modality, ChainPlan]:
    """All three chains. Raises `InvalidArgument` for a rung nobody knows, naming the nearest."""
    return {
        modality: ChainPlan(
            modality,
            [_rung(settings, modality, name) for name in _names(settings, modality)],
            _unasked(settings, modality),
        )
        for modality in Modality
    }


def _names(settings: Settings, modality: Modality) -> list[str]:
    primary: str | None = getattr(settings, modality)
    fallback: str | None = getattr(settings, f"{modality}_fallback")
    default = ["minimax"] if settings.minimax_api_key and not primary else []
    names = _split(primary) if primary else default
    names += list(DEFAULTS[modality]) if fallback is None else _split(fallback)
    return list(dict.fromkeys(names))


def _unasked(settings: Settings, modality: Modality) -> frozenset[str]:
    named = f"{getattr(settings, modality) or ''},{getattr(settings, f'{modality}_fallback') or ''}"
    return frozenset(_names(settings, modality)).difference(_split(named))


def _split(names: str) -> list[str]:
    return [name.strip().lower() for name in names.split(",") if name.strip()]


def _rung(settings: Settings, modality: Modality, name: str) -> RungPlan:
    own = settings.rungs.get(name, RungSettings())
    engines = (own.engine,) if own.engine else _engines(settings, modality, name)
    unknown = [engine for engine in engines if engine not in ENGINES[modality] and engine not in NOT_BUILT_IN]
    if unknown:
        raise InvalidArgument(_no_such_rung(modality, name, unknown[0], own), setting=f"PROVIDER_{modality.upper()}")
    return RungPlan(
        name=name,
        modality=modality,
        engines=engines,
        target=own.target or _target(settings, modality, name),
        timeout_s=own.timeout_s or _timeout(settings, modality),
        cloud=not own.local and bool(CLOUD.intersection(engines)),
        absent=NOT_BUILT_IN.get(engines[0], ""),
    )


def _engines(settings: Settings, modality: Modality, name: str) -> tuple[str, ...]:
    if (modality, name) == (Modality.TTS, "coqui"):
        return ("xtts", "edge")
    if (modality, name) == (Modality.TEXT, "vllm"):
        return ("openai",) if settings.vllm_base_url else ("vllm",)
    return (name,)


def _target(settings: Settings, modality: Modality, name: str) -> str:
    if name == "coqui" and settings.coqui_service_url:
        return settings.coqui_service_url
    targets = {
        Modality.TEXT: settings.text_target,
        Modality.TTS: settings.speech_target,
        Modality.VIDEO: settings.video_target,
    }
    return targets[modality]


def _timeout(settings: Settings, modality: Modality) -> float:
    timeouts = {
        Modality.TEXT: settings.chat_timeout_s,
        Modality.TTS: settings.speech_timeout_s,
        Modality.VIDEO: settings.video_timeout_s,
    }
    return timeouts[modality]


def _no_such_rung(modality: Modality, name: str, engine: str, own: RungSettings) -> str:
    known = [*ENGINES[modality], *NOT_BUILT_IN, *(["coqui"] if modality is Modality.TTS else [])]
    listed = f"known ones are {', '.join(known)}"
    if own.engine:
        return f"PROVIDER_{name.upper()}_ENGINE={engine}: no {modality} engine of that name; {listed}."
    return (
        f'"{name}" is no {modality} provider; {listed}.{nearest(name, known)} '
        f"A provider of your own needs PROVIDER_{name.upper()}_ENGINE."
    )
