"""The text of a speech as it is written: read while the sound of what came before is being made."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

from gateway.providers.minimax.sentences import Runs

MAX_HELD_CHARS = 20_000
"""More is not read ahead."""


class Script:
    """Reads the inputs of Synthesize in the background; `run` gives what to say next."""

    def __init__(self, inputs: AsyncGenerator[Any], runs: Runs, *, whole: bool = False) -> None:
        self._inputs = inputs
        self._runs = runs
        self._whole = whole  # one run of all the text, once it has come
        self._changed = asyncio.Event()
        self._room = asyncio.Event()
        self._ended = False
        self._task = asyncio.create_task(self._read())

    async def run(self) -> str:
        """The next run; empty at the end of the text. Raises what broke the input."""
        while True:
            self._changed.clear()
            if self._ended:
                await self._task  # raises what it raised
                self._runs.flush()
            if (not self._whole or self._ended) and (run := self._runs.take()):
                self._room.set()
                return run
            if self._ended:
                return ""
            await self._changed.wait()  # the attempt's own limits bound this wait

    async def aclose(self) -> None:
        """Stop reading."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _read(self) -> None:
        try:
            async for message in self._inputs:
                if message.WhichOneof("input") == "text":
                    self._runs.feed(message.text)
                elif message.WhichOneof("input") == "flush":
                    self._runs.flush()
                self._changed.set()
                await self._while_full()
        finally:
            self._ended = True
            self._changed.set()

    async def _while_full(self) -> None:
        while not self._whole and self._runs.held > MAX_HELD_CHARS:
            self._room.clear()
            await self._room.wait()
