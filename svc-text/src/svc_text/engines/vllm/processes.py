"""vLLM's own processes: how far they load, whether they advance, and that none of them outlives the service.

A service that is killed cannot end them, and an engine core without its client holds its devices for ever. So a small
program beside it does: `warden.py` waits for the end of its standard input, which is the service's life.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import IO

import psutil

WARDEN = Path(__file__).with_name("warden.py")
CPUCLOCK_SCHED = 2  # a process's own processor time, in the numbering of Linux' clock ids
END_S = 5.0


class Processes:
    """The descendants that this process got since `Processes` was made."""

    def __init__(self) -> None:
        self._before = set(_descendants())
        self._warden: subprocess.Popen[bytes] | None = None
        self._told: set[int] = set()

    @property
    def pids(self) -> tuple[int, ...]:
        """Those that run now."""
        warden = {self._warden.pid} if self._warden is not None else set()
        return tuple(set(_descendants()) - self._before - warden)

    def guard(self) -> tuple[int, ...]:
        """Have the warden end them with this process; gives them."""
        pids = self.pids
        if (new := set(pids) - self._told) and (pipe := self._pipe()) is not None:
            pipe.write("".join(f"{pid}\n" for pid in sorted(new)).encode())
            pipe.flush()
            self._told |= new
        return pids

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
        gone = [psutil.Process(pid) for pid in self.pids if psutil.pid_exists(pid)]
        await asyncio.to_thread(_end, gone)
        if self._warden is not None and self._warden.stdin is not None:
            self._warden.stdin.close()
            await asyncio.to_thread(self._warden.wait, END_S)

    def _pipe(self) -> IO[bytes] | None:
        if self._warden is None:
            command = [sys.executable, "-I", "-S", str(WARDEN)]
            self._warden = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)  # noqa: S603
        return self._warden.stdin


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


def _end(processes: Iterable[psutil.Process]) -> None:
    left = list(processes)
    for process in left:
        try:
            process.kill()
        except psutil.Error:  # just ended
            continue
    psutil.wait_procs(left, END_S)
