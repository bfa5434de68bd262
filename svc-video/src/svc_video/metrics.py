"""What an operator watches of the engines: films being made, and what they count of themselves."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from svc_video.desk import Desk
from svc_video.engine import CountingEngine


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
