from __future__ import annotations

import os
import subprocess
import sys
import time

import psutil
import pytest

from svc_text.engines.vllm.processes import KEEP_ENVIRONMENT, MARK, Processes, processor_s

SLEEPER = [sys.executable, "-I", "-S", "-c", "import time; time.sleep(60)"]
SERVICE = """
import subprocess, sys, time
from svc_text.engines.vllm.processes import Processes
it = Processes()
it.guard()
children = [subprocess.Popen([sys.executable, "-I", "-S", "-c", "import time; time.sleep(60)"]) for _ in range(2)]
print(*(child.pid for child in children), flush=True)
time.sleep(60)
"""
WITHIN_S = 10.0


@pytest.fixture(autouse=True)
def unmarked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MARK, "")  # set and restored: `guard` sets both
    monkeypatch.setenv(KEEP_ENVIRONMENT, "")


def sleeping() -> subprocess.Popen[bytes]:
    return subprocess.Popen(SLEEPER)


async def test_those_that_came_since_are_counted_and_ended() -> None:
    earlier = sleeping()
    it = Processes()
    it.guard()
    child = sleeping()
    try:
        assert it.pids == (child.pid,)
        assert it.resident() > 1_000_000
        await it.end()
        assert child.poll() is not None
        assert it.pids == ()
        assert earlier.poll() is None
    finally:
        earlier.kill()
        earlier.wait()


def test_none_outlives_a_service_that_is_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", SERVICE], stdout=subprocess.PIPE, text=True) as service:
        assert service.stdout is not None
        children = [psutil.Process(int(pid)) for pid in service.stdout.readline().split()]
        assert len(children) == 2
        service.kill()
    _, alive = psutil.wait_procs(children, WITHIN_S)
    assert [each for each in alive if each.status() != psutil.STATUS_ZOMBIE] == []


def test_processor_time_grows_with_work_and_not_without() -> None:
    sleeper = sleeping()
    try:
        time.sleep(0.3)
        still = processor_s([sleeper.pid])
        time.sleep(0.1)
        assert processor_s([sleeper.pid]) == still > 0
    finally:
        sleeper.kill()
        sleeper.wait()
    assert processor_s([sleeper.pid]) == 0.0
    before = processor_s([os.getpid()])
    sum(range(1_000_000))
    assert processor_s([os.getpid()]) > before
