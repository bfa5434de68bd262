"""A machine that computes for another one: vLLM's headless workers, as a process of its own.

They would wait for a machine 0 that is gone for ever, and its next engine core for other ones: so they are ended with
it, and the service with them. It is watched by the port where all machines meet, which is open as long as it computes.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Callable, Sequence

from svc_text.engines.vllm import arguments

PROGRAM = "svc_text.engines.vllm.headless"
END_S = 10.0
LOOK_S = 2.0  # between two looks at machine 0, and the longest wait for one
MISSES = 3  # in a row, after it was there, and it is gone


class Follower:
    """The running workers; the service ends with them, so that its supervisor starts both again."""

    def __init__(self, process: asyncio.subprocess.Process, head: tuple[str, int], end: Callable[[str], None]) -> None:
        self._process = process
        self._head = head
        self._watches = (asyncio.create_task(self._workers(end)), asyncio.create_task(self._machine_0(end)))

    @classmethod
    async def start(cls, words: Sequence[str], end: Callable[[str], None]) -> Follower:
        """Start them; raises as `arguments.parsed` does."""
        told = await asyncio.to_thread(arguments.parsed, words)
        process = await asyncio.create_subprocess_exec(sys.executable, "-m", PROGRAM, *words)
        return cls(process, (told.master_addr, told.master_port), end)

    async def stop(self) -> None:
        """End them."""
        for watch in self._watches:
            watch.cancel()
        await asyncio.gather(*self._watches, return_exceptions=True)
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
        try:
            async with asyncio.timeout(END_S):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()

    async def _workers(self, end: Callable[[str], None]) -> None:
        status = await self._process.wait()
        end(f"vLLM's workers on this machine ended with status {status}; their log above says why.")

    async def _machine_0(self, end: Callable[[str], None]) -> None:
        seen, missed = False, 0
        while missed < MISSES:
            await asyncio.sleep(LOOK_S)
            if await _open(*self._head):
                seen, missed = True, 0
            elif seen:
                missed += 1
        end(f"Machine 0 at {self._head[0]} computes no more; vLLM's workers on this one cannot go on without it.")


async def _open(host: str, port: int) -> bool:
    """Whether somebody listens there."""
    try:
        async with asyncio.timeout(LOOK_S):
            _, writer = await asyncio.open_connection(host, port)
    except (OSError, TimeoutError):
        return False
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return True
