from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager, suppress
from pathlib import Path

import pytest

from svc_tts.booth import Booth
from svc_tts.engine import Engine, EngineContext, Piece, ToneOptions, Utterance
from svc_tts.engines.espeak import EspeakEngine, Library, find_espeak
from svc_tts.engines.flite import FliteEngine
from svc_tts.engines.tone import ToneEngine
from svc_tts.speech import SpeechRequest
from svc_tts.voices.store import VoiceStore
from troupe.v1.engine_pb2 import (
    ENGINE_STATE_BROKEN,
    ENGINE_STATE_LOADING,
    ENGINE_STATE_MISSING,
    ENGINE_STATE_READY,
    EngineState,
)
from troupe.wire.errors import EngineFailed, EngineMissing, Overloaded, UnknownEngine
from troupe.wire.progress import Progress

CONTEXT = EngineContext(1, 2.0)
PATIENCE_S = 10.0
BROKEN_WITHIN_S = 5.0  # the goal is 1 s


class Moody(ToneEngine):
    """A tone engine whose mood a test sets."""

    def __init__(self) -> None:
        super().__init__(CONTEXT)
        self.mood: Exception | None = None
        self.mute = False

    async def start(self, report: Callable[[float], None]) -> None:
        report(0.5)
        if isinstance(self.mood, EngineMissing):
            raise self.mood

    async def check(self) -> None:
        if self.mood is not None:
            raise self.mood

    async def speak(self, utterance: Utterance) -> AsyncGenerator[Piece, None]:
        async for piece in super().speak(utterance):
            if not self.mute:
                yield piece


@asynccontextmanager
async def kept(tmp_path: Path, **engines: Engine) -> AsyncIterator[Booth]:
    booth = Booth(engines, VoiceStore(tmp_path))
    keeping = asyncio.create_task(booth.keep())
    try:
        yield booth
    finally:
        keeping.cancel()
        with suppress(asyncio.CancelledError):
            await keeping
        await booth.stop()


async def becomes(booth: Booth, engine: str, state: EngineState, within_s: float = PATIENCE_S) -> str:
    """Wait for a state; gives the reason."""
    async with asyncio.timeout(within_s):
        while booth.board.status(engine).state != state:
            await asyncio.sleep(0.01)
    return booth.board.status(engine).reason


async def come(text: str) -> AsyncIterator[str]:
    yield text


async def test_an_engine_is_ready_after_a_first_word(tmp_path: Path) -> None:
    moody = Moody()
    moody.mute = True
    async with kept(tmp_path, tone=moody) as booth:
        assert booth.board.status("tone").state == ENGINE_STATE_LOADING
        assert "no sound" in await becomes(booth, "tone", ENGINE_STATE_BROKEN)
        assert booth.ready() == []
        moody.mute = False
        await becomes(booth, "tone", ENGINE_STATE_READY)
        assert booth.ready() == ["tone"]


async def test_a_broken_engine_is_known_and_recovers(tmp_path: Path) -> None:
    moody = Moody()
    async with kept(tmp_path, tone=moody) as booth:
        await becomes(booth, "tone", ENGINE_STATE_READY)
        moody.mood = EngineFailed("it coughs")
        assert await becomes(booth, "tone", ENGINE_STATE_BROKEN, BROKEN_WITHIN_S) == "it coughs"
        with pytest.raises(EngineFailed, match="it coughs"):
            booth.choose("tone", "en-US")
        moody.mood = None
        await becomes(booth, "tone", ENGINE_STATE_READY)


async def test_whatever_an_engine_raises_the_service_lives(tmp_path: Path) -> None:
    moody = Moody()
    async with kept(tmp_path, tone=moody, other=ToneEngine(CONTEXT)) as booth:
        await becomes(booth, "tone", ENGINE_STATE_READY)
        moody.mood = ZeroDivisionError("oops")
        assert await becomes(booth, "tone", ENGINE_STATE_BROKEN) == "ZeroDivisionError: oops"
        await becomes(booth, "other", ENGINE_STATE_READY)


async def test_a_missing_engine_names_its_remedy_and_is_found_later(tmp_path: Path) -> None:
    moody = Moody()
    moody.mood = EngineMissing("It is not there", remedy="fetch it")
    async with kept(tmp_path, tone=moody) as booth:
        await becomes(booth, "tone", ENGINE_STATE_MISSING)
        assert booth.board.status("tone").remedy == "fetch it"
        with pytest.raises(EngineMissing, match="fetch it"):
            booth.choose("", "en-US")
        moody.mood = None
        await becomes(booth, "tone", ENGINE_STATE_READY)


async def test_a_program_that_vanishes_breaks_its_engine(tmp_path: Path) -> None:
    path = tmp_path / "flite"
    path.write_text("#!/bin/sh\necho pau:0.1 w:0.2 ah:0.3 n:0.4\n")
    path.chmod(0o755)
    async with kept(tmp_path, flite=FliteEngine(CONTEXT, str(path))) as booth:
        assert "wrote no sound" in await becomes(booth, "flite", ENGINE_STATE_BROKEN)
        path.unlink()
        async with asyncio.timeout(BROKEN_WITHIN_S):
            while "not installed" not in booth.board.status("flite").reason:
                await asyncio.sleep(0.01)
        assert booth.board.status("flite").remedy == "sudo apt-get install -y flite"


async def test_a_library_that_vanishes_breaks_espeak_and_it_heals(tmp_path: Path) -> None:
    real = find_espeak()
    link = tmp_path / "libespeak-ng.so"
    link.symlink_to(real.path)
    async with kept(tmp_path, espeak=EspeakEngine(CONTEXT, Library(str(link), real.data))) as booth:
        await becomes(booth, "espeak", ENGINE_STATE_READY)
        link.unlink()
        assert "is gone" in await becomes(booth, "espeak", ENGINE_STATE_BROKEN, BROKEN_WITHIN_S)
        link.symlink_to(real.path)
        await becomes(booth, "espeak", ENGINE_STATE_READY)


async def test_too_many_at_once_are_refused_and_leaving_frees_the_place(tmp_path: Path) -> None:
    engine = ToneEngine(CONTEXT)
    async with kept(tmp_path, tone=engine) as booth:
        await becomes(booth, "tone", ENGINE_STATE_READY)
        slow = SpeechRequest("tone", options=ToneOptions(delay_ms_per_word=60_000))
        answers = [booth.speak(slow, come("word"), Progress()) for _ in range(engine.facts.max_streams)]
        heads = [await anext(answer) for answer in answers]
        assert len(heads) == booth.outstanding["tone"] == engine.facts.max_streams
        with pytest.raises(Overloaded) as caught:
            await anext(booth.speak(slow, come("word"), Progress()))
        assert caught.value.retry_after_s == 1
        waiting = asyncio.create_task(anext(answers[0]))
        await asyncio.sleep(0.05)
        left = time.monotonic()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        for answer in answers:
            await answer.aclose()
        assert booth.outstanding["tone"] == 0
        assert time.monotonic() - left < 1.0  # the goal is 0.2


async def test_the_first_ready_engine_that_reads_the_language_is_chosen(tmp_path: Path) -> None:
    flite, espeak, tone = FliteEngine(CONTEXT), EspeakEngine(CONTEXT), ToneEngine(CONTEXT)
    booth = Booth({"flite": flite, "espeak": espeak, "tone": tone}, VoiceStore(tmp_path))
    for name in booth.engines:
        await booth.board.ready(name)
    assert booth.choose("", "en-GB") == "flite"
    assert booth.choose("", "zh-CN") == "espeak"
    assert booth.choose("", "tlh") == "tone"
    assert booth.choose("espeak", "en-US") == "espeak"
    with pytest.raises(UnknownEngine, match="espeak"):
        booth.choose("espek", "")
    await booth.board.broken("flite", "it coughs")
    assert booth.choose("", "en-GB") == "espeak"


async def test_no_engine_at_all_is_told(tmp_path: Path) -> None:
    with pytest.raises(EngineMissing, match="TROUPE_SPEECH_ENGINES"):
        Booth({}, VoiceStore(tmp_path)).choose("", "en-US")


async def test_speak_is_the_whole_way(tmp_path: Path) -> None:
    async with kept(tmp_path, tone=ToneEngine(CONTEXT)) as booth:
        await becomes(booth, "tone", ENGINE_STATE_READY)
        async with aclosing(booth.speak(SpeechRequest("tone"), come("hi"), Progress())) as parts:
            assert len([part async for part in parts]) >= 3
        assert booth.outstanding["tone"] == 0
