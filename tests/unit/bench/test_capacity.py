"""What the simulation of many gateways says, in small; and that it can say otherwise."""

from __future__ import annotations

from tests.bench.capacity import BUSY, dead_zone, one_rotten, spread, together


def test_gateways_that_know_nothing_of_each_other_spread_the_load() -> None:
    apart, same = spread(200, 20, 3.0), together(200, 20, 3.0)
    assert apart["busiest_over_mean"] < 3
    assert same["busiest_over_mean"] > 2 * apart["busiest_over_mean"]


def test_a_dead_zone_delays_and_loses_nothing() -> None:
    found = dead_zone(4, 30, 3.0)
    assert found["lost_calls"] == 0
    assert 0 < found["delayed_calls"] < 30 * BUSY
    assert found["last_delay_s"] < 3


def test_one_rotten_replica_costs_no_call() -> None:
    found = one_rotten(4, 30, 4.0)
    assert found["lost_calls"] == 0
    assert found["failed_attempts"] > 0
