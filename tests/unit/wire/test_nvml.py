"""What NVIDIA's driver tells, from one made of C."""

from __future__ import annotations

from pathlib import Path

from tests.fakes.nvml_driver import build

from troupe.wire.nvml import Card, Device, Driver, Nvml


def test_the_driver_and_its_cuda(tmp_path: Path) -> None:
    assert Nvml(build(tmp_path)).driver() == Driver("580.95.05", (13, 0))


def test_each_card_with_its_capability_and_what_it_tells_of_its_memory(tmp_path: Path) -> None:
    assert list(Nvml(build(tmp_path)).devices()) == [
        Device(0, "NVIDIA A100-SXM4-80GB", (8, 0), Card(0, 80 << 30, 1 << 30)),
        Device(1, "NVIDIA GB10", (12, 1), None),
        Device(2, "NVIDIA H100 80GB HBM3", (9, 0), Card(2, 80 << 30, 3 << 30)),
    ]


def test_a_driver_that_does_not_start_says_so(tmp_path: Path) -> None:
    nvml = Nvml(build(tmp_path, init=18))
    assert (nvml.driver(), list(nvml.devices()), list(nvml.cards())) == (None, [], [])
    assert "returned 18" in nvml.refusal


def test_none_at_all_is_no_refusal() -> None:
    nvml = Nvml("libnothing-of-that-name.so")
    assert (nvml.driver(), list(nvml.devices()), nvml.refusal) == (None, [], "")
