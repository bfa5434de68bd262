"""Metrics that are read and not counted: replicas, admission and money of the rungs, as they are when somebody asks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from gateway.house import House
from gateway.routing.breaker import State
from gateway.routing.pool import ReplicaView
from gateway.routing.rung import Rung

REPLICA = ("modality", "rung", "address")
RUNG = ("modality", "rung")


class RungGauges(Collector):
    """Of the rungs that the house has now: a reload changes them."""

    def __init__(self, house: House) -> None:
        self._house = house

    def describe(self) -> Iterable[Metric]:
        """Nothing is asked of the rungs before somebody reads."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """All of them."""
        rungs = [rung for chain in self._house.chains.values() for rung in chain.rungs]
        yield from _of_replicas([(rung, view) for rung in rungs for view in rung.pool.view(rung.engine)])
        yield from _of_gates(rungs)
        yield from self._of_money(rungs)
        yield self._of_chains()
        lag = "How late the event loop runs what is due, the mean of the last second; 0 before it is measured"
        yield GaugeMetricFamily("troupe_loop_lag_seconds", lag, value=self._house.lag.mean_s)

    def _of_chains(self) -> Metric:
        told = "1 while some rung of the chain would be asked now, else 0"
        family = GaugeMetricFamily("troupe_chain_serving", told, labels=["modality"])
        for modality in self._house.chains:
            family.add_metric([modality.value], self._house.ready(modality) is not None)
        return family

    def _of_money(self, rungs: Iterable[Rung]) -> Iterator[Metric]:
        family = GaugeMetricFamily("troupe_spend_usd", "What a cloud rung has cost since 00:00 UTC", labels=["rung"])
        caps = GaugeMetricFamily("troupe_spend_cap_usd", "What it may cost a day; none = no limit", labels=["rung"])
        spent = {rung.name: usd for rung in rungs if (usd := self._house.spent(rung)) is not None}
        for name, usd in spent.items():
            family.add_metric([name], usd)
        for name, cap in {rung.name: rung.policy.cap_usd_day for rung in rungs}.items():
            if name in spent and cap > 0:
                caps.add_metric([name], cap)
        yield from (family, caps)


def _of_replicas(views: Iterable[tuple[Rung, ReplicaView]]) -> Iterator[Metric]:
    ready = GaugeMetricFamily("troupe_replica_ready", "1 while a replica is asked, else 0", labels=REPLICA)
    ejected = GaugeMetricFamily("troupe_replica_ejected", "1 while its breaker is open or half open", labels=REPLICA)
    outstanding = GaugeMetricFamily("troupe_replica_outstanding", "Calls that run at a replica", labels=REPLICA)
    failures = CounterMetricFamily("troupe_replica_failures", "Calls that failed at a replica", labels=REPLICA)
    ejections = CounterMetricFamily("troupe_replica_ejections", "Times its breaker opened", labels=REPLICA)
    for rung, view in views:
        labels = (rung.modality.value, rung.name, view.address)
        ready.add_metric(labels, not view.why)
        ejected.add_metric(labels, view.state is not State.CLOSED)
        outstanding.add_metric(labels, view.outstanding)
        failures.add_metric(labels, view.failures)
        ejections.add_metric(labels, view.ejections)
    yield from (ready, ejected, outstanding, failures, ejections)


def _of_gates(rungs: Iterable[Rung]) -> Iterator[Metric]:
    limit = GaugeMetricFamily("troupe_rung_limit", "Calls a rung takes at a time", labels=RUNG)
    running = GaugeMetricFamily("troupe_rung_running", "Calls admitted to a rung", labels=RUNG)
    waiting = GaugeMetricFamily("troupe_rung_waiting", "Calls that wait for a rung", labels=RUNG)
    retries = GaugeMetricFamily("troupe_rung_retries", "Retries spent in the last ten seconds", labels=RUNG)
    for rung in rungs:
        labels = (rung.modality.value, rung.name)
        limit.add_metric(labels, rung.gate.limit)
        running.add_metric(labels, rung.gate.running)
        waiting.add_metric(labels, rung.gate.waiting)
        retries.add_metric(labels, rung.budget.retries)
    yield from (limit, running, waiting, retries)
