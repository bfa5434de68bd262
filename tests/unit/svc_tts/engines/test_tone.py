from __future__ import annotations

import time

import pytest

from svc_tts.engine import EngineContext, Piece, ToneOptions, Utterance
from svc_tts.engines.tone import ToneEngine
from troupe.wire.errors import EngineFailed

ENGINE = ToneEngine(EngineContext(1, 1.0))


async def speak(text: str, options: ToneOptions | None = None, **settings: float) -> list[Piece]:
    utterance = Utterance(text, ENGINE.voices()[0], "en-US", options=options, **settings)
    return [piece async for piece in ENGINE.speak(utterance)]


async def test_a_word_is_a_tone() -> None:
    pieces = await speak("one two", ToneOptions(ms_per_word=100))
    assert [len(piece.pcm) for piece in pieces] == [4_800, 4_800]
    assert [(word.start, word.end) for piece in pieces for word in piece.words] == [(0, 3), (4, 7)]
    assert pieces[1].words[0].start_s == pytest.approx(0.1)
    assert [phone.ipa for phone in pieces[0].phones] == ["a", ""]


async def test_it_is_deterministic() -> None:
    assert await speak("same words") == await speak("same words")
    assert await speak("same words") != await speak("other word")


async def test_speed_and_pitch_are_heard() -> None:
    (usual,), (fast,), (high,) = await speak("a"), await speak("a", speed=2.0), await speak("a", pitch=12.0)
    assert len(fast.pcm) == len(usual.pcm) // 2
    assert len(high.pcm) == len(usual.pcm)
    assert high.pcm != usual.pcm


async def test_it_breaks_as_asked_counting_over_the_whole_answer() -> None:
    with pytest.raises(EngineFailed, match="after 3 words"):
        await speak("one two", ToneOptions(fail_after_words=3), words_before=2)
    assert len(await speak("one two", ToneOptions(fail_after_words=3))) == 2


async def test_it_is_slow_as_asked() -> None:
    started = time.monotonic()
    await speak("one two", ToneOptions(delay_ms_per_word=50))
    assert time.monotonic() - started >= 0.1
