"""What works on this machine, and the exact command that mends what does not."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import replace
from typing import TypedDict

from svc_tts.engine import Engine, EngineContext, Utterance, load_engine
from troupe.wire.errors import EngineFailed, TroupeError

_PATIENCE_S = 120.0  # a model of gigabytes is read in tens of seconds


class Row(TypedDict):
    """One engine."""

    engine: str
    ready: bool
    reason: str
    remedy: str


async def examine(names: tuple[str, ...], context: EngineContext | None = None) -> list[Row]:
    """Load each engine, where the settings say its files and servers are, and let it say a word."""
    mine = replace(context or EngineContext(1, _PATIENCE_S), workers=1, deadline_s=_PATIENCE_S)
    return [await _row(name, mine) for name in names]


async def _row(name: str, context: EngineContext) -> Row:
    try:
        engine = load_engine(name, context)
    except TroupeError as error:
        return Row(engine=name, ready=False, reason=error.message, remedy="set TROUPE_SPEECH_ENGINES=flite,espeak")
    try:
        async with asyncio.timeout(_PATIENCE_S):
            await engine.start(lambda _: None)
            await _say_a_word(engine)
    except TroupeError as error:
        return Row(engine=name, ready=False, reason=error.message, remedy=error.details.get("remedy", ""))
    except TimeoutError:
        return Row(engine=name, ready=False, reason=f"no word within {_PATIENCE_S:g} s", remedy="")
    finally:
        await engine.stop()
    return Row(engine=name, ready=True, reason="", remedy="")


async def _say_a_word(engine: Engine) -> None:
    voice = engine.voices()[0]
    language = voice.language or engine.facts.languages[0]
    async with aclosing(engine.speak(Utterance(engine.facts.probe_text, voice, language))) as pieces:
        async for piece in pieces:
            if piece.pcm:
                return
    raise EngineFailed(f"{engine.facts.name} made no sound")
