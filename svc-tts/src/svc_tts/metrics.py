"""What an operator watches: how soon each engine is heard, how much it speaks, how often it breaks."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping

from prometheus_client import CollectorRegistry, Counter, Histogram, Metric
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

from svc_tts.engine import CountingEngine, Engine
from svc_tts.speech import Part, SentenceEnd, Sound

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class SpeechMetrics:
    """Counters of one process's answers."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        names = ["engine"]
        first = "From the request to the first sound of the answer, seconds"
        self._first = Histogram("troupe_speech_first_audio_seconds", first, names, buckets=_SECONDS, registry=registry)
        self._audio = Counter("troupe_speech_audio_seconds", "Sound made, seconds", names, registry=registry)
        making = "What engines took to make it, seconds; over the sound made: the real-time factor"
        self._making = Counter("troupe_speech_making_seconds", making, names, registry=registry)
        self._text = Counter("troupe_speech_text_characters", "Text spoken, characters", names, registry=registry)
        looks = "Sentences looked for among those kept on disk"
        self._looks = Counter("troupe_speech_cache_looks", looks, [*names, "found"], registry=registry)

    def looked(self, engine: str, found: bool) -> None:  # a callback's signature
        """A sentence was looked for among those kept."""
        self._looks.labels(engine, str(found).lower()).inc()

    def follow(self, engines: Mapping[str, Engine]) -> None:
        """Show what those engines count themselves."""
        self._registry.register(_EnginesOwn(engines))

    async def watch(self, engine: str, parts: AsyncIterator[Part]) -> AsyncGenerator[Part, None]:
        """`parts` as they are, counted."""
        started, heard = time.monotonic(), False
        asked = started
        told = SentenceEnd(0, 0)
        async for part in parts:
            self._making.labels(engine).inc(time.monotonic() - asked)
            if isinstance(part, Sound) and part.audio and not heard:
                heard = True
                self._first.labels(engine).observe(time.monotonic() - started)
            if isinstance(part, SentenceEnd):
                self._audio.labels(engine).inc((part.audio_ms - told.audio_ms) / 1000)
                self._text.labels(engine).inc(part.text_consumed - told.text_consumed)
                told = part
            yield part
            asked = time.monotonic()  # a slow reader's time is not the engine's


class _EnginesOwn(Collector):
    """What engines count, asked for when somebody reads the metrics."""

    def __init__(self, engines: Mapping[str, Engine]) -> None:
        self._engines = engines

    def collect(self) -> Iterator[Metric]:
        """One counter for all of it."""
        told = "What engines count of themselves"
        family = CounterMetricFamily("troupe_speech_engine_events", told, labels=["engine", "event"])
        for name, engine in self._engines.items():
            for event, count in engine.counts().items() if isinstance(engine, CountingEngine) else ():
                family.add_metric([name, event], count)
        yield family
