"""What an operator watches of the engines: films, their first fragments and frames, and what engines count."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from typing import TypeVar

from prometheus_client import CollectorRegistry, Counter, Histogram, Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from svc_video.desk import Desk
from svc_video.engine import CountingEngine

T = TypeVar("T")
FIRST_FRAGMENT = 2  # the segment after the head
_SECONDS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 240.0)


class FilmMetrics:
    """Counters of the films of one process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        names = ["engine"]
        first = "From a film's portrait being ready to its first fragment, seconds"
        self._first = Histogram(
            "troupe_video_first_fragment_seconds", first, names, buckets=_SECONDS, registry=registry
        )
        self._frames = Counter("troupe_video_frames", "Frames drawn", names, registry=registry)
        making = "What films took, seconds of each, the wait for their speech included; frames over it: fps of one film"
        self._making = Counter("troupe_video_making_seconds", making, names, registry=registry)

    async def watch(self, engine: str, segments: AsyncIterator[T], drawn: Callable[[], int]) -> AsyncGenerator[T, None]:
        """`segments` as they are, counted: the head of a film, then its fragments. `drawn`: frames so far."""
        started = asked = time.monotonic()
        given = counted = 0
        async for segment in segments:
            now, frames = time.monotonic(), drawn()
            self._making.labels(engine).inc(now - asked)
            self._frames.labels(engine).inc(frames - counted)
            given, counted = given + 1, frames
            if given == FIRST_FRAGMENT:
                self._first.labels(engine).observe(now - started)
            yield segment
            asked = time.monotonic()  # a slow reader's time is not the engine's


def show(desk: Desk, registry: CollectorRegistry) -> None:
    """Have the registry tell of that desk."""
    registry.register(_Engines(desk))


class _Engines(Collector):
    """Asked when somebody reads the metrics."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def collect(self) -> Iterator[Metric]:
        """A gauge of films and a counter for all that engines count."""
        films = GaugeMetricFamily("troupe_video_films", "Films being made", labels=["engine"])
        told = "What engines count of themselves"
        events = CounterMetricFamily("troupe_video_engine_events", told, labels=["engine", "event"])
        for name, engine in self._desk.engines.items():
            films.add_metric([name], self._desk.outstanding[name])
            for event, count in engine.counts().items() if isinstance(engine, CountingEngine) else ():
                events.add_metric([name, event], count)
        yield films
        yield events
