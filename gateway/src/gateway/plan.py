"""From settings to chains: which rungs stand in each, in which order, and which engine and address each one means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from gateway.routing.need import Modality
from gateway.routing.rung import Policy
from gateway.settings import RungSettings, Settings
from gateway.targets import check_target
from troupe.wire.errors import InvalidArgument, nearest

MINIMAX = "minimax"
COQUI = "coqui"
EXTRACTIVE = "extractive"
TEXT_ENGINES = ("vllm", "openai", "llamacpp", "extractive", "echo", MINIMAX)
TTS_ENGINES = ("xtts", "edge", "piper", "flite", "espeak", "tone", MINIMAX)
VIDEO_ENGINES = ("sadtalker", "portrait", "still", MINIMAX)

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

CLOUD = frozenset({"edge", MINIMAX})
"""They send data out of the house."""
COQUI_ENGINES = ("xtts", "edge")
CHILD_ENGINES = (*COQUI_ENGINES, "piper", "flite", "espeak")  # whichever of them is there
LOCAL_CHILD = "a child process of the gateway"
"""The target of `coqui` where PROVIDER_COQUI_MODE=local."""
NO_KEY = "MINIMAX_API_KEY is not set"
FIRST_S: Mapping[Modality, float] = {Modality.TEXT: 60.0, Modality.TTS: 30.0, Modality.VIDEO: 60.0}
"""How long the first byte may take; a long prompt on a CPU takes its time."""
SLOW_FIRST_S: Mapping[str, float] = {"sadtalker": 240.0}
"""The same for engines that take their time where there is no GPU: SadTalker's first frames at 512 pixels."""
MESH_ATTEMPTS = 3
CLOUD_ATTEMPTS = 2


@dataclass(frozen=True, slots=True)
class RungPlan:
    """One rung of one chain, before anything is connected. Two equal plans mean the same rung."""

    name: str
    modality: Modality
    engines: tuple[str, ...]  # the first that the service runs
    target: str  # host:port, several with commas, http://… for the seed's TTS service, or LOCAL_CHILD
    policy: Policy
    cloud: bool
    local: bool = False  # the user said so, whatever runs there
    model: str = ""
    max_concurrency: int = 0  # 0 = found out by the gate
    missed_ticks: int = 0
    absent: str = ""  # why no provider can be made of it
    unasked: bool = False  # no setting names it: it stands in the chain because nobody said otherwise


@dataclass(frozen=True, slots=True)
class ChainPlan:
    """The rungs of one modality in order; the first one is the primary."""

    modality: Modality
    rungs: Sequence[RungPlan]
    unasked: frozenset[str]  # those that nobody named: the defaults


def plan_chains(settings: Settings) -> dict[Modality, ChainPlan]:
    """All three chains. Raises `InvalidArgument` for a rung nobody knows, naming the nearest."""
    named = {modality: _names(settings, modality) for modality in Modality}
    _refuse_unread(settings, {name for names in named.values() for name in names})
    return {modality: _chain(settings, modality, names) for modality, names in named.items()}


def _chain(settings: Settings, modality: Modality, names: Sequence[str]) -> ChainPlan:
    unasked = _unasked(settings, modality, names)
    rungs = [replace(_rung(settings, modality, name), unasked=name in unasked) for name in names]
    return ChainPlan(modality, rungs, unasked)


def plan_extraction(settings: Settings) -> RungPlan:
    """Who takes the text out of pages, whoever writes: it is no model, and it stays in the house."""
    return _rung(settings, Modality.TEXT, EXTRACTIVE)


def _names(settings: Settings, modality: Modality) -> list[str]:
    primary: str | None = getattr(settings, modality)
    fallback: str | None = getattr(settings, f"{modality}_fallback")
    default = [MINIMAX] if settings.minimax_api_key and not primary else []
    names = _split(primary) if primary else default
    names += list(DEFAULTS[modality]) if fallback is None else _split(fallback)
    return list(dict.fromkeys(names))


def _unasked(settings: Settings, modality: Modality, names: Sequence[str]) -> frozenset[str]:
    named = f"{getattr(settings, modality) or ''},{getattr(settings, f'{modality}_fallback') or ''}"
    return frozenset(names).difference(_split(named))


def _split(names: str) -> list[str]:
    return [name.strip().lower().replace("-", "_") for name in names.split(",") if name.strip()]


def _refuse_unread(settings: Settings, named: set[str]) -> None:
    """A setting of a rung that no chain names, that is no engine's and defines none either, is a slip of the pen."""
    known = {COQUI, *named, *(engine for engines in ENGINES.values() for engine in engines)}
    for name, own in settings.rungs.items():
        if name not in known and not own.engine:
            field = next(iter(own.model_fields_set)).upper()
            raise InvalidArgument(
                f"Nothing reads the setting PROVIDER_{name.upper()}_{field}: no chain has a provider {name!r}."
                f"{nearest(name, known)}",
                setting=f"PROVIDER_{name.upper()}_{field}",
            )


def _rung(settings: Settings, modality: Modality, name: str) -> RungPlan:
    own = settings.rungs.get(name, RungSettings())
    engines = (_known(modality, own.engine),) if own.engine else _engines(settings, modality, name)
    unknown = [engine for engine in engines if engine not in ENGINES[modality]]
    if unknown and not (own.engine and own.target):  # whoever says where it runs may run an engine of their own
        raise InvalidArgument(_no_such_rung(modality, name, unknown[0], own), setting=f"PROVIDER_{modality.upper()}")
    minimax = engines == (MINIMAX,)
    return RungPlan(
        name=name,
        modality=modality,
        engines=engines,
        target="" if minimax else _target(settings, modality, name, own),
        policy=_policy(settings, modality, name, own, minimax=minimax),
        cloud=CLOUD.issuperset(engines) if own.local is None else not own.local,
        local=own.local is True,
        # PROVIDER_LLAMACPP_MODEL is a file, and svc-text's to load.
        model="" if engines == ("llamacpp",) else own.model,
        max_concurrency=own.max_concurrency,
        missed_ticks=settings.missed_ticks,
        absent=NO_KEY if minimax and not settings.minimax_api_key else "",
    )


def _policy(settings: Settings, modality: Modality, name: str, own: RungSettings, *, minimax: bool) -> Policy:
    if own.cap_usd_day and not minimax:
        raise InvalidArgument(
            f"PROVIDER_{name.upper()}_CAP_USD_DAY: only what the MiniMax cloud costs is counted; {name} has no price.",
            setting=f"PROVIDER_{name.upper()}_CAP_USD_DAY",
        )
    timeout_s = own.timeout_s or _timeout(settings, modality)
    # A clip of the cloud is there when it is finished, after minutes.
    first_s = timeout_s if minimax and modality is Modality.VIDEO else _first(modality, own.engine or name)
    return Policy(
        timeout_s=timeout_s,
        first_s=min(own.first_s or first_s, timeout_s),
        attempts=own.attempts or (CLOUD_ATTEMPTS if minimax else MESH_ATTEMPTS),
        hedge_s=own.hedge_ms / 1000,
        cap_usd_day=own.cap_usd_day,
    )


def _first(modality: Modality, engine: str) -> float:
    return SLOW_FIRST_S.get(engine.lower(), FIRST_S[modality])


def _engines(settings: Settings, modality: Modality, name: str) -> tuple[str, ...]:
    if (modality, name) == (Modality.TTS, COQUI):
        return CHILD_ENGINES if settings.coqui_mode == "local" else COQUI_ENGINES
    if (modality, name) == (Modality.TEXT, "vllm"):
        return ("openai",) if settings.vllm_base_url else ("vllm",)
    return (name,)


def _known(modality: Modality, engine: str) -> str:
    """A known engine in any case; one of somebody's own as they write it."""
    return engine.lower() if engine.lower() in ENGINES[modality] else engine


def _target(settings: Settings, modality: Modality, name: str, own: RungSettings) -> str:
    """Its own target first, then what the seed's names say, then the modality's service."""
    if own.target:
        check_target(f"PROVIDER_{name.upper()}_TARGET", own.target, url_allowed=modality is Modality.TTS)
        return own.target
    if (modality, name) == (Modality.TTS, COQUI):
        if settings.coqui_mode == "local":
            return LOCAL_CHILD
        if settings.coqui_service_url:
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
    known = [*ENGINES[modality], *([COQUI] if modality is Modality.TTS else [])]
    listed = f"known ones are {', '.join(known)}"
    if own.engine:
        return (
            f"PROVIDER_{name.upper()}_ENGINE={engine}: no {modality} engine of that name; {listed}."
            f"{nearest(engine, known)} An engine of your own needs PROVIDER_{name.upper()}_TARGET: where it runs."
        )
    return (
        f'"{name}" is no {modality} provider; {listed}.{nearest(name, known)} '
        f"A provider of your own needs PROVIDER_{name.upper()}_ENGINE."
    )
