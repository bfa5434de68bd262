"""Runs of the flite program, started by a process of its own (`flite_child` says why).

A program that works is told from one that hangs by its processor time.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass

from svc_tts.engines.child import Child, ChildDied, Frame
from troupe.wire.errors import EngineFailed
from troupe.wire.pulse import BEAT_S, Pulse

_STARTER = "svc_tts.engines.flite_child"
_END_S = 1.0  # a program that is stopped ends at once
_ATTEMPTS = 2  # the starter may have died since it was used last


@dataclass(frozen=True, slots=True)
class Ran:
    """What one run gave."""

    printed: str
    wav: bytes


class FliteRuns:
    """The starter, and what runs by it."""

    def __init__(self, deadline_s: float) -> None:
        self._deadline_s = deadline_s
        self._starter: Child | None = None
        self._starting = asyncio.Lock()
        self._reading: asyncio.Task[None] | None = None
        self._inboxes: dict[int, asyncio.Queue[Frame | ChildDied]] = {}
        self._numbers = itertools.count(1)

    async def start(self) -> Child:
        """Have the starter run; a dead one is replaced. Raises `ChildDied`."""
        async with self._starting:
            if self._starter is None or not self._starter.alive:
                await self._end()
                self._starter = await Child.start([_STARTER], self._deadline_s)
                self._reading = asyncio.create_task(self._read(self._starter))
            return self._starter

    async def stop(self) -> None:
        """End the starter and what runs."""
        async with self._starting:
            await self._end()
        for inbox in self._inboxes.values():
            inbox.put_nowait(Frame({"failed": "the engine was stopped"}, b""))

    async def run(self, command: Sequence[str], text: str, *, sound: bool = False) -> AsyncGenerator[Ran | None, None]:
        """None each time the program's processor time went on, then what it gave. Closed early, it ends the program.

        Raises `EngineFailed` where it cannot be started, ends with an error, or does nothing for the deadline.
        """
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                async with contextlib.aclosing(self._run(command, text, sound=sound)) as steps:
                    async for step in steps:
                        yield step
            except ChildDied:
                if attempt == _ATTEMPTS:
                    raise
            else:
                return

    async def _run(self, command: Sequence[str], text: str, *, sound: bool) -> AsyncGenerator[Ran | None, None]:
        starter, number = await self.start(), next(self._numbers)
        inbox = self._inboxes[number] = asyncio.Queue()
        ended = False
        try:
            await starter.tell({"run": number, "command": list(command), "text": text, "sound": sound})
            async with contextlib.aclosing(self._watch(starter, inbox)) as frames:
                async for frame in frames:
                    ended = frame is not None
                    yield None if frame is None else _ran(frame)
        finally:
            if not ended and starter.alive:
                with contextlib.suppress(ChildDied, TimeoutError):
                    async with asyncio.timeout(_END_S):
                        await _stop(starter, number, inbox)
            del self._inboxes[number]

    async def _watch(
        self, starter: Child, inbox: asyncio.Queue[Frame | ChildDied]
    ) -> AsyncGenerator[Frame | None, None]:
        """None for each beat, then the frame that ends the run."""
        pulse, moved_at, started = Pulse(starter.pid), time.monotonic(), False
        while True:
            try:
                async with asyncio.timeout(BEAT_S):
                    frame = await inbox.get()
            except TimeoutError:
                if pulse.beats():
                    moved_at = time.monotonic()
                    yield None
                elif time.monotonic() > moved_at + self._deadline_s:
                    if started:
                        raise EngineFailed(f"flite did nothing for {self._deadline_s:g} s and was ended") from None
                    await starter.kill()  # it hangs itself; its death comes by the inbox
                continue
            if isinstance(frame, ChildDied):
                raise frame
            if "pid" not in frame.message:
                yield frame
                return
            pulse, moved_at, started = Pulse(frame.message["pid"]), time.monotonic(), True

    async def _read(self, starter: Child) -> None:
        """Hand each frame to the run it belongs to."""
        try:
            while True:
                frame = await starter.listen()
                inbox = self._inboxes.get(frame.message["run"])
                if inbox is not None:
                    inbox.put_nowait(frame)
        except ChildDied as died:
            for inbox in self._inboxes.values():
                inbox.put_nowait(died)

    async def _end(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)
        if self._starter is not None:
            await self._starter.dismiss()


async def _stop(starter: Child, number: int, inbox: asyncio.Queue[Frame | ChildDied]) -> None:
    """End the program and wait until it has ended."""
    await starter.tell({"stop": number})
    while isinstance(frame := await inbox.get(), Frame) and "pid" in frame.message:
        pass


def _ran(frame: Frame) -> Ran:
    if "failed" in frame.message:
        raise EngineFailed(f"flite cannot be started: {frame.message['failed']}")
    if status := frame.message["status"]:
        reason = " ".join(frame.message["complaint"].split())[:200]
        raise EngineFailed(f"flite ended with status {status}. {reason}".strip())
    return Ran(frame.message["printed"], frame.sound)
