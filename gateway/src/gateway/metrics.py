"""What the gateway counts. One registry per application; what rungs know of themselves is read when it is asked for."""

from __future__ import annotations

from contextvars import ContextVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

from gateway.routing.need import Modality
from gateway.routing.observer import Fallback

FIRST_BYTE_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10, 30)
OVERHEAD_BUCKETS_S = (0.0005, 0.001, 0.002, 0.003, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1)


class Stopwatch:
    """One HTTP request's time, told apart: the gateway's own and its rung's."""

    def __init__(self) -> None:
        self._rung_s: list[float] = []
        self._attempts_ended = 0

    def begun(self, rung_s: float) -> None:
        """A rung gave its first byte so long after it was asked."""
        self._rung_s.append(rung_s)

    def ended(self) -> None:
        """An attempt is over."""
        self._attempts_ended += 1

    def overhead_s(self, first_byte_s: float) -> float | None:
        """The gateway's part of the time to the first byte, at the moment of that byte; None = it cannot be told.

        It can where one rung was asked once and still answers: not after a failed attempt, not for a reply that is
        sent when the whole answer is there, not where several chains took part.
        """
        if len(self._rung_s) != 1 or self._attempts_ended:
            return None
        return max(0.0, first_byte_s - self._rung_s[0])


# Of the request that the running task serves; a task's children inherit it.
_stopwatch: ContextVar[Stopwatch | None] = ContextVar("stopwatch", default=None)


class Metrics:
    """The counters of one gateway process; it observes its chains."""

    content_type = CONTENT_TYPE_PLAIN_0_0_4

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = self._counter("troupe_http_requests_total", "HTTP requests ended", "route", "status")
        self.first_byte = self._histogram(
            "troupe_http_first_byte_seconds", "From the request's head to the first byte of the answer's body", "route"
        )
        self.overhead = Histogram(
            "troupe_gateway_overhead_seconds",
            "The gateway's own part of the time to the first byte: all of it but the rung's, for streamed answers",
            ["route"],
            buckets=OVERHEAD_BUCKETS_S,
            registry=self.registry,
        )
        self.running = Gauge("troupe_http_running", "HTTP requests being answered", registry=self.registry)
        self.broken = self._counter("troupe_broken_streams_total", "Answers that ended early", "route", "code")
        self.attempts = self._counter(
            "troupe_attempts_total", 'Attempts ended; "ok" or the code of the error', "modality", "rung", "outcome"
        )
        self.rung_first_byte = self._histogram(
            "troupe_rung_first_byte_seconds", "From an attempt's start to its first byte", "modality", "rung"
        )
        self.fallbacks = self._counter(
            "troupe_fallbacks_total", "Answers given by a rung in place of those before it", "modality", "rung"
        )
        self.resumes = self._counter("troupe_resumes_total", "Broken answers that went on", "modality", "rung")
        self.refusals = self._counter("troupe_refusals_total", "Requests without a first byte", "modality", "code")

    def stopwatch(self) -> Stopwatch:
        """A new one for the request that begins in this task."""
        watch = Stopwatch()
        _stopwatch.set(watch)
        return watch

    def attempted(self, modality: Modality, rung: str, code: str) -> None:
        """An attempt ended."""
        self.attempts.labels(modality, rung, code).inc()
        if (watch := _stopwatch.get()) is not None:
            watch.ended()

    def first_byte_of(self, modality: Modality, rung: str, seconds: float) -> None:
        """An attempt gave its first byte."""
        self.rung_first_byte.labels(modality, rung).observe(seconds)
        if (watch := _stopwatch.get()) is not None:
            watch.begun(seconds)

    def fell_back(self, fallback: Fallback) -> None:
        """A rung serves in place of those before it."""
        self.fallbacks.labels(fallback.modality, fallback.rung).inc()

    def resumed(self, modality: Modality, rung: str) -> None:
        """An answer that broke goes on there."""
        self.resumes.labels(modality, rung).inc()

    def refused(self, modality: Modality, code: str) -> None:
        """A request ended without a first byte."""
        self.refusals.labels(modality, code).inc()

    def render(self) -> bytes:
        """All of them, as Prometheus reads them."""
        return generate_latest(self.registry)

    def _counter(self, name: str, help_text: str, *labels: str) -> Counter:
        return Counter(name, help_text, labels, registry=self.registry)

    def _histogram(self, name: str, help_text: str, *labels: str) -> Histogram:
        return Histogram(name, help_text, labels, buckets=FIRST_BYTE_BUCKETS_S, registry=self.registry)
