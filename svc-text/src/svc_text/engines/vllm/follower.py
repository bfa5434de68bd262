"""A machine that computes for another one: vLLM's headless workers, as a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Callable, Sequence

from svc_text.engines.vllm import arguments
from svc_text.engines.vllm.adapter import SERVE

END_S = 10.0


class Follower:
    """The running workers; the service ends with them, so that its supervisor starts both again."""

    def __init__(self, process: asyncio.subprocess.Process, end: Callable[[str], None]) -> None:
        self._process = process
        self._watch = asyncio.create_task(self._watched(end))

    @classmethod
    async def start(cls, words: Sequence[str], end: Callable[[str], None]) -> Follower:
        """Start them; raises as `arguments.parsed` does."""
        await asyncio.to_thread(arguments.parsed, words)
        process = await asyncio.create_subprocess_exec(sys.executable, "-m", SERVE, "serve", *words)
        return cls(process, end)

    async def stop(self) -> None:
        """End them."""
        self._watch.cancel()
        await asyncio.gather(self._watch, return_exceptions=True)
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
        try:
            async with asyncio.timeout(END_S):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()

    async def _watched(self, end: Callable[[str], None]) -> None:
        status = await self._process.wait()
        end(f"vLLM's workers on this machine ended with status {status}; their log above says why.")
