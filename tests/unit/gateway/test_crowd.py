import os
from pathlib import Path

import pytest

from gateway.crowd import Crowd, running_threads

PROCESSORS = os.cpu_count() or 1


class Machine:
    """So many threads that want a processor, and a clock."""

    def __init__(self, running: int) -> None:
        self.running = running
        self.now = 100.0
        self.reads = 0

    def read(self) -> int:
        self.reads += 1
        return self.running

    def crowd(self) -> Crowd:
        return Crowd(self.read, lambda: self.now)


def test_two_threads_a_processor_get_along() -> None:
    assert Machine(2 * PROCESSORS).crowd().times() == 1.0
    assert Machine(0).crowd().times() == 1.0  # a system that does not tell
    assert Machine(6 * PROCESSORS).crowd().times() == 3.0


def test_a_crowd_comes_and_goes_within_a_second_or_so() -> None:
    machine = Machine(0)
    crowd = machine.crowd()
    crowd.times()
    machine.running = 12 * PROCESSORS
    machine.now += 0.25
    assert 1.0 < crowd.times() < 3.0
    for _ in range(20):
        machine.now += 0.25
        crowd.times()
    assert crowd.times() == pytest.approx(6.0, rel=0.1)
    machine.running = 1
    machine.now += 5.0
    assert crowd.times() == 1.0


def test_many_who_ask_read_it_once() -> None:
    machine = Machine(3)
    crowd = machine.crowd()
    for _ in range(50):
        machine.now += 0.001
        crowd.times()
    assert machine.reads == 1


@pytest.mark.skipif(not Path("/proc/loadavg").exists(), reason="the system does not tell")
def test_this_process_runs() -> None:
    assert running_threads() >= 1


def test_a_system_that_does_not_tell(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    monkeypatch.setattr("gateway.crowd.LOADAVG", tmp_path / "none")
    assert running_threads() == 0
