"""What the gateway counts: requests, the time to the first byte, fallbacks. One registry per application."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

from gateway.routing.chain import Fallback

FIRST_BYTE_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """The counters of one gateway process."""

    content_type = CONTENT_TYPE_PLAIN_0_0_4

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "troupe_http_requests_total", "HTTP requests ended", ["route", "status"], registry=self.registry
        )
        self.first_byte = Histogram(
            "troupe_http_first_byte_seconds",
            "From the request's head to the first byte of the answer's body",
            ["route"],
            buckets=FIRST_BYTE_BUCKETS_S,
            registry=self.registry,
        )
        self.running = Gauge("troupe_http_running", "HTTP requests being answered", registry=self.registry)
        self.fallbacks = Counter(
            "troupe_fallbacks_total", "Answers given by a rung after the first", ["modality", "rung"],
            registry=self.registry,
        )  # fmt: skip
        self.broken = Counter(
            "troupe_broken_streams_total", "Answers that ended early", ["route", "code"], registry=self.registry
        )

    def fallback(self, fallback: Fallback) -> None:
        """Count one."""
        self.fallbacks.labels(fallback.modality, fallback.rung).inc()

    def render(self) -> bytes:
        """All of them, as Prometheus reads them."""
        return generate_latest(self.registry)
