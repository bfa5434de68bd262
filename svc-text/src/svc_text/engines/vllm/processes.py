"""vLLM's own processes: how far they load, whether they advance, and that none of them outlives the service.

A service that is killed cannot end them, and an engine core that nobody asks any more would hold its devices. So a
small program beside it does (see `warden`), which knows them by a mark in their environment.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import psutil

WARDEN = Path(__file__).with_name("warden.py")
MARK = "TROUPE_VLLM_OF"
KEEP_ENVIRONMENT = "SPT_NOENV"  # setproctitle would write the title over it
CPUCLOCK_SCHED = 2  # a process's own processor time, in the numbering of Linux' clock ids
END_S = 5.0


class Processes:
    """The descendants that this process gets from `guard` on."""

    def __init__(self) -> None:
        self._before: set[int] = set()
        self._warden: subprocess.Popen[bytes] | None = None

    @property
    def pids(self) -> tuple[int, ...]:
        """Those that run now."""
        return tuple(set(_descendants()) - self._before)

    def guard(self) -> None:
        """Mark those to come, and have them ended when this process is gone."""
        mark = f"{MARK}={os.getpid()}-{time.time_ns()}"
        unmarked = {name: value for name, value in os.environ.items() if name != MARK}
        command = [sys.executable, "-I", "-S", str(WARDEN), mark]
        self._warden = subprocess.Popen(  # noqa: S603  # ours
            command, stdin=subprocess.PIPE, start_new_session=True, env=unmarked
        )
        self._before = set(_descendants())
        os.environ[MARK] = mark.removeprefix(f"{MARK}=")
        os.environ[KEEP_ENVIRONMENT] = "1"

    def resident(self) -> int:
        """Bytes of memory they have, pages of mapped files included."""
        total = 0
        for pid in self.pids:
            try:
                total += psutil.Process(pid).memory_info().rss
            except psutil.Error:  # just ended
                continue
        return total

    async def end(self) -> None:
        """End what is left of them."""
        await asyncio.to_thread(_end, self.pids)
        if self._warden is not None:
            self._warden.kill()
            self._warden.communicate()
            self._warden = None


def processor_s(pids: Iterable[int]) -> float:
    """Processor time these processes have used, seconds; it stands still while they do nothing."""
    total = 0.0
    for pid in pids:
        try:
            total += time.clock_gettime(~pid << 3 | CPUCLOCK_SCHED)
        except OSError:  # just ended
            continue
    return total


def _descendants() -> list[int]:
    return [child.pid for child in psutil.Process(os.getpid()).children(recursive=True)]


def _end(pids: Iterable[int]) -> None:
    left = []
    for pid in pids:
        try:
            left.append(psutil.Process(pid))
            left[-1].kill()
        except psutil.Error:  # just ended
            continue
    psutil.wait_procs(left, END_S)
