"""Counters of chains, the gateway's own part of the first byte, and the gauges that are read from the rungs."""

from __future__ import annotations

import asyncio
import time

import pytest

from gateway.assembly import build
from gateway.metrics import Metrics
from gateway.routing.need import Modality
from gateway.routing.observer import Fallback
from gateway.routing.priority import Priority
from gateway.settings import Settings
from troupe.wire.errors import CannotConnect


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(name, labels)


def test_chains_are_counted_by_rung() -> None:
    metrics = Metrics()
    metrics.attempted(Modality.TTS, "flite", "cannot_connect")
    metrics.attempted(Modality.TTS, "espeak", "ok")
    metrics.fell_back(Fallback(Modality.TTS, "espeak", "flite: gone"))
    metrics.resumed(Modality.TTS, "espeak")
    metrics.refused(Modality.TEXT, "overloaded")
    metrics.first_byte_of(Modality.TTS, "espeak", 0.02)
    rung = {"modality": "tts", "rung": "espeak"}
    assert value(metrics, "troupe_attempts_total", modality="tts", rung="flite", outcome="cannot_connect") == 1
    assert value(metrics, "troupe_attempts_total", **rung, outcome="ok") == 1
    assert value(metrics, "troupe_fallbacks_total", **rung) == 1
    assert value(metrics, "troupe_resumes_total", **rung) == 1
    assert value(metrics, "troupe_refusals_total", modality="text", code="overloaded") == 1
    assert value(metrics, "troupe_rung_first_byte_seconds_sum", **rung) == pytest.approx(0.02)


async def test_the_gateways_part_is_what_the_rung_did_not_take() -> None:
    metrics = Metrics()
    watch = metrics.stopwatch()
    # A scene works in tasks of its own; they share the stopwatch of the request that made them.
    await asyncio.create_task(asyncio.to_thread(metrics.first_byte_of, Modality.TTS, "a", 0.5))
    assert watch.overhead_s(0.503) == pytest.approx(0.003)


def test_it_is_not_told_where_it_cannot_be() -> None:
    metrics = Metrics()
    assert metrics.stopwatch().overhead_s(1.0) is None
    failed = metrics.stopwatch()
    metrics.attempted(Modality.TTS, "a", "cannot_connect")
    metrics.first_byte_of(Modality.TTS, "b", 0.5)
    assert failed.overhead_s(1.0) is None
    two = metrics.stopwatch()
    metrics.first_byte_of(Modality.TTS, "a", 0.1)
    metrics.first_byte_of(Modality.VIDEO, "b", 0.1)
    assert two.overhead_s(1.0) is None


def test_replicas_and_admission_are_read_from_the_rungs() -> None:
    house = build(Settings.load({"PROVIDER_TTS": "flite", "PROVIDER_TTS_FALLBACK": ""}))
    rung = house.chains[Modality.TTS].rungs[0]
    rung.pool.set_addresses(["10.0.0.1:1", "10.0.0.2:1"])
    rung.gate.enter(Priority.LIVE)
    lease = rung.pool.pick("flite")
    lease.end(CannotConnect("refused"))
    other = ({"10.0.0.1:1", "10.0.0.2:1"} - {lease.address}).pop()
    sick = {"modality": "tts", "rung": "flite", "address": lease.address}
    well = sick | {"address": other}
    found = {
        name: (value(house.metrics, name, **well), value(house.metrics, name, **sick))
        for name in ("troupe_replica_ready", "troupe_replica_ejected", "troupe_replica_ejections_total")
    }
    assert found == {
        "troupe_replica_ready": (1, 0),
        "troupe_replica_ejected": (0, 1),
        "troupe_replica_ejections_total": (0, 1),
    }
    assert value(house.metrics, "troupe_rung_running", modality="tts", rung="flite") == 1
    assert b"troupe_rung_limit" in house.metrics.render()


def test_money_is_shown_once_per_rung(tmp_path) -> None:
    house = build(Settings.load({"MINIMAX_API_KEY": "sk", "TROUPE_STATE_DIR": str(tmp_path)}))
    assert value(house.metrics, "troupe_spend_usd", rung="minimax") == 0
    assert house.metrics.render().count(b'troupe_spend_usd{rung="minimax"}') == 1
    assert value(house.metrics, "troupe_spend_cap_usd", rung="minimax") is None


def test_a_cap_is_shown_beside_what_was_spent(tmp_path) -> None:
    told = {"MINIMAX_API_KEY": "sk", "TROUPE_STATE_DIR": str(tmp_path), "PROVIDER_MINIMAX_CAP_USD_DAY": "10"}
    assert value(build(Settings.load(told)).metrics, "troupe_spend_cap_usd", rung="minimax") == 10


async def test_chains_the_loop_and_the_machine_are_shown(tmp_path) -> None:
    house = build(Settings.load({"TROUPE_STATE_DIR": str(tmp_path), "PROVIDER_TEXT": "minimax"}))
    assert value(house.metrics, "troupe_chain_serving", modality="text") == 0
    house.lag.start()
    time.sleep(0.2)  # noqa: ASYNC251  # a loop that is held up
    await asyncio.sleep(0.05)
    assert value(house.metrics, "troupe_loop_lag_seconds") > 0.01
    house.lag.stop()
    assert value(house.metrics, "troupe_disk_free_bytes", folder=str(tmp_path)) > 0
