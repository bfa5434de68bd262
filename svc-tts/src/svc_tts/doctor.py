"""What works on this machine, and the exact command that mends what does not."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import aclosing, suppress
from dataclasses import replace
from pathlib import Path

from svc_tts.engine import Engine, EngineContext, Utterance, load_engine
from svc_tts.settings import Settings
from svc_tts.voices.store import VoiceStore
from troupe.wire.doctor.cards import examine_cards
from troupe.wire.doctor.certificate import examine_certificate
from troupe.wire.doctor.findings import Finding, State, weigh
from troupe.wire.doctor.machine import disk, examine_machine, imports
from troupe.wire.doctor.ports import examine_port
from troupe.wire.errors import CheckpointNotFound, EngineFailed, EngineMissing, TroupeError, UnknownEngine

PART = "speech"
PACKAGES = ("grpc", "numpy", "soxr", "soundfile", "lameenc", "av", "onnxruntime")
_PATIENCE_S = 120.0  # a model of gigabytes is read in tens of seconds


async def examine(settings: Settings, *, machine: bool = False) -> list[Finding]:
    """What the service needs around it, then each engine that was chosen, which says a word.

    `machine`: also what this machine's other parts would say of it.
    """
    around = [
        imports(PART, PACKAGES),
        *examine_certificate(PART, settings.tls),
        *_ports(settings),
        *_disks(settings),
        *([*examine_machine(), *examine_cards()] if machine else []),
    ]
    return [*around, *await examine_engines(settings.engine_names, settings.context)]


async def examine_engines(names: Sequence[str], context: EngineContext | None = None) -> list[Finding]:
    """Load each engine, where the settings say its files and servers are, and let it say a word."""
    mine = replace(context or EngineContext(1, _PATIENCE_S), workers=1, deadline_s=_PATIENCE_S)
    found = [await _examined(name, mine) for name in names]
    return weigh(found, names, optional=[name for name in names if _in_a_cloud(name, mine)])


def _ports(settings: Settings) -> list[Finding]:
    numbers = {"GRPC": settings.grpc_port, "HTTP": settings.http_port, "METRICS": settings.metrics_port}
    return [examine_port(PART, f"TROUPE_SPEECH_{name}_PORT", settings.host, number) for name, number in numbers.items()]


def _disks(settings: Settings) -> list[Finding]:
    written = [VoiceStore.at(settings.voices_url).folder, *([settings.cache_dir] if settings.cache_mb else [])]
    read = [settings.piper_dir, settings.xtts_checkpoint]
    return [
        *(disk(PART, Path(folder).expanduser(), written=True) for folder in written),
        *(disk(PART, folder.expanduser(), written=False) for folder in read),
    ]


def _in_a_cloud(name: str, context: EngineContext) -> bool:
    with suppress(TroupeError):
        return load_engine(name, context).facts.cloud
    return False


async def _examined(name: str, context: EngineContext) -> Finding:
    try:
        engine = load_engine(name, context)
    except UnknownEngine as error:
        remedy = "set TROUPE_SPEECH_ENGINES=flite,espeak"
        return Finding(PART, name, State.BROKEN, error.message, remedy)
    try:
        async with asyncio.timeout(_PATIENCE_S):
            await engine.start(lambda _: None)
            return Finding(PART, name, State.OK, "a word", seconds=await _say_a_word(engine))
    except (EngineMissing, CheckpointNotFound) as error:
        return Finding(PART, name, State.MISSING, error.message, error.details.get("remedy", ""))
    except TroupeError as error:
        return Finding(PART, name, State.BROKEN, error.message, error.details.get("remedy", ""))
    except TimeoutError:
        return Finding(PART, name, State.BROKEN, f"no word within {_PATIENCE_S:g} s")
    finally:
        await engine.stop()


async def _say_a_word(engine: Engine) -> float:
    """Seconds until there was sound."""
    voice = engine.voices()[0]
    language = voice.language or engine.facts.languages[0]
    began = time.perf_counter()
    async with aclosing(engine.speak(Utterance(engine.facts.probe_text, voice, language, fresh=True))) as pieces:
        async for piece in pieces:
            if piece.pcm:
                return time.perf_counter() - began
    raise EngineFailed(f"{engine.facts.name} made no sound")
