"""vLLM's metrics in the service's registry: it keeps them in prometheus_client's own."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import REGISTRY, CollectorRegistry
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

OURS = "vllm:"


class VllmMetrics(Collector):
    """Whatever vLLM has told so far, under its own names (vllm:num_requests_waiting, ...)."""

    def __init__(self, told: CollectorRegistry = REGISTRY) -> None:
        self._told = told

    def collect(self) -> Iterator[Metric]:
        """The metrics of vLLM, none of the process's."""
        return (metric for metric in self._told.collect() if metric.name.startswith(OURS))

    def describe(self) -> Iterator[Metric]:
        """Nothing beforehand: vLLM is not there yet when this is registered."""
        return iter(())
