"""The machine's gauges, on a machine without a card and on one made of C."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from tests.fakes.nvml_driver import build

from troupe.wire.machine import MachineGauges, show_machine
from troupe.wire.nvml import Card, Nvml


@pytest.fixture
def driver(tmp_path: Path) -> str:
    """A driver of three cards, the second of which tells nothing."""
    return build(tmp_path)


def test_cards_tell_their_memory_and_those_that_cannot_are_left_out(driver: str) -> None:
    assert list(Nvml(driver).cards()) == [Card(0, 80 << 30, 1 << 30), Card(2, 80 << 30, 3 << 30)]


def test_without_a_driver_there_is_no_card() -> None:
    assert list(Nvml("libnothing-of-that-name.so").cards()) == []


def test_the_registry_tells_of_memory_disk_and_process(tmp_path: Path) -> None:
    registry, folder = CollectorRegistry(), tmp_path / "not" / "yet"
    show_machine(registry, [folder, folder])
    there = shutil.disk_usage(tmp_path)
    assert registry.get_sample_value("troupe_disk_bytes", {"folder": str(folder)}) == there.total
    assert 0 < registry.get_sample_value("troupe_disk_free_bytes", {"folder": str(folder)}) <= there.total
    assert registry.get_sample_value("troupe_memory_available_bytes") > 1 << 20
    assert registry.get_sample_value("process_resident_memory_bytes") > 1 << 20


def test_cards_are_gauges_by_number(driver: str) -> None:
    registry = CollectorRegistry()
    registry.register(MachineGauges(nvml=Nvml(driver)))
    assert registry.get_sample_value("troupe_gpu_memory_used_bytes", {"gpu": "2"}) == 3 << 30
    assert registry.get_sample_value("troupe_gpu_memory_used_bytes", {"gpu": "1"}) is None
