from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from prometheus_client import CollectorRegistry

from svc_tts.metrics import SpeechMetrics
from svc_tts.speech import Part, SentenceEnd, Sound


async def come(*parts: Part) -> AsyncIterator[Part]:
    for part in parts:
        yield part


async def test_sound_and_text_are_counted_and_nothing_is_changed() -> None:
    registry = CollectorRegistry()
    metrics = SpeechMetrics(registry)
    parts = (Sound(), Sound(b"x"), SentenceEnd(5, 1_500), Sound(b"y"), SentenceEnd(12, 2_000))
    assert [part async for part in metrics.watch("tone", come(*parts))] == list(parts)
    labels = {"engine": "tone"}
    assert registry.get_sample_value("troupe_speech_audio_seconds_total", labels) == pytest.approx(2.0)
    assert registry.get_sample_value("troupe_speech_text_characters_total", labels) == 12
    assert registry.get_sample_value("troupe_speech_first_audio_seconds_count", labels) == 1


async def test_the_engines_time_is_counted_and_its_readers_is_not() -> None:
    registry = CollectorRegistry()

    async def slowly() -> AsyncIterator[Part]:
        for part in (Sound(b"x"), SentenceEnd(5, 1_500)):
            await asyncio.sleep(0.05)
            yield part

    async for _ in SpeechMetrics(registry).watch("tone", slowly()):
        await asyncio.sleep(0.3)
    assert 0.1 <= registry.get_sample_value("troupe_speech_making_seconds_total", {"engine": "tone"}) < 0.5


class Counts:
    def counts(self) -> dict[str, int]:
        return {"restarted": 2}


def test_what_engines_count_themselves_is_shown() -> None:
    registry = CollectorRegistry()
    SpeechMetrics(registry).follow({"xtts": Counts(), "tone": object()})
    labels = {"engine": "xtts", "event": "restarted"}
    assert registry.get_sample_value("troupe_speech_engine_events_total", labels) == 2
