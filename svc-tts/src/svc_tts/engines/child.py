"""Child processes that speak: framed pipes, a pool, and what happens when one dies or hangs."""

from __future__ import annotations

import asyncio
import contextlib
import json
import struct
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from troupe.wire.errors import EngineFailed

_HEADER = struct.Struct(">II")  # lengths of the JSON and of the sound
_START_S = 10.0  # a child that has not said hello by then never will
_END_S = 2.0


@dataclass(frozen=True, slots=True)
class Frame:
    """One message of a child, and sound."""

    message: dict[str, Any]
    sound: bytes


class ChildDied(EngineFailed):
    """The process ended, or hung and was ended, before its answer was whole."""

    hung = False
    """It did not end by itself: asking another one may cost as much time again."""


ChildDied.code = EngineFailed.code


class Child:
    """One process."""

    def __init__(self, process: asyncio.subprocess.Process, deadline_s: float) -> None:
        self._process = process
        self._deadline_s = deadline_s
        self.hello: dict[str, Any] = {}

    @classmethod
    async def start(cls, arguments: Sequence[str], deadline_s: float) -> Child:
        """Start `python -m ARGUMENTS` and wait for its hello; raises `ChildDied`."""
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", *arguments, stdin=pipe, stdout=pipe, start_new_session=True
        )
        child = cls(process, _START_S)
        try:
            child.hello = (await child._read()).message.get("hello", {})
        except BaseException:
            await child.kill()
            raise
        child._deadline_s = deadline_s
        return child

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        return self._process.returncode is None

    @property
    def status(self) -> int | None:
        """How it ended; a negative number is the signal that ended it, None = it runs."""
        return self._process.returncode

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    async def ask(self, request: dict[str, Any]) -> AsyncGenerator[Frame, None]:
        """Send a request, give its frames up to the one that says done; raises `ChildDied` or `EngineFailed`."""
        await self.tell(request)
        while True:
            frame = await self._read()
            if "error" in frame.message:
                raise EngineFailed(frame.message["error"])
            yield frame
            if "done" in frame.message:
                return

    async def tell(self, message: dict[str, Any]) -> None:
        """Send what has no answer of its own; raises `ChildDied`."""
        await self._write(json.dumps(message).encode() + b"\n")

    async def listen(self) -> Frame:
        """The next frame, however long it takes; raises `ChildDied`."""
        return await self._read(patient=True)

    async def dismiss(self) -> None:
        """Let it end by itself, by closing its input; end it where it does not."""
        if self.alive and self._process.stdin is not None:
            self._process.stdin.close()
            await self._wait()
        await self.kill()

    async def kill(self) -> None:
        """End it now, whatever it does."""
        if self.alive:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is not None:
            stdin.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_END_S):
                if stdout is not None:
                    with contextlib.suppress(RuntimeError):  # somebody else reads it
                        await stdout.read()  # to the end, so that the pipe's transport closes
                await self._process.wait()

    async def _wait(self) -> None:
        """Until it has ended, within reason."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_END_S):
                await self._process.wait()

    async def _write(self, data: bytes) -> None:
        assert self._process.stdin is not None  # noqa: S101  # always a pipe here
        try:
            async with asyncio.timeout(self._deadline_s):
                self._process.stdin.write(data)
                await self._process.stdin.drain()
        except (OSError, TimeoutError) as error:
            await self.kill()
            died = ChildDied(f"The process that speaks is gone: {error or 'it hangs'}.")
            died.hung = isinstance(error, TimeoutError)
            raise died from error

    async def _read(self, *, patient: bool = False) -> Frame:
        assert self._process.stdout is not None  # noqa: S101  # always a pipe here
        try:
            async with asyncio.timeout(None if patient else self._deadline_s):
                header = await self._process.stdout.readexactly(_HEADER.size)
                sizes = _HEADER.unpack(header)
                body = await self._process.stdout.readexactly(sum(sizes))
        except asyncio.IncompleteReadError as error:
            await self._wait()  # asked to end before its end is known, it would lose its status
            await self.kill()
            raise ChildDied(f"The process that speaks ended (status {self._process.returncode}).") from error
        except TimeoutError as error:
            await self.kill()
            died = ChildDied(f"The process that speaks gave nothing for {self._deadline_s:g} s and was ended.")
            died.hung = True
            raise died from error
        return Frame(json.loads(body[: sizes[0]]), body[sizes[0] :])


class ChildPool:
    """A few children; each works for one request at a time, dead ones are replaced."""

    def __init__(self, arguments: Sequence[str], size: int, deadline_s: float) -> None:
        self._arguments = tuple(arguments)
        self._deadline_s = deadline_s
        self._idle: list[Child] = []
        self._all: set[Child] = set()
        self._slots = asyncio.Semaphore(size)
        self._starting = asyncio.Lock()
        self.size = size

    @property
    def children(self) -> tuple[Child, ...]:
        """Those that run now."""
        return tuple(child for child in self._all if child.alive)

    @property
    def idle(self) -> int:
        """How many wait for work."""
        return len(self._idle)

    @property
    def busy(self) -> bool:
        """Whether every child works."""
        return self._slots.locked()

    @asynccontextmanager
    async def child(self, liking: Callable[[Child], int] = lambda _: 0) -> AsyncIterator[Child]:
        """A child of one's own for a while; started where none is idle, dropped where it died.

        Of several idle ones that with the highest `liking`, of equals the one that worked last.
        """
        async with self._slots:
            child = await self._take(liking)
            try:
                yield child
            except BaseException:
                # Its pipe holds the rest of an answer nobody reads.
                await self._drop(child)
                raise
            if child.alive:
                self._idle.append(child)
            else:
                await self._drop(child)

    async def fill(self) -> None:
        """Start what is missing, so that no request waits for a start."""
        for child in [child for child in self._idle if not child.alive]:
            self._idle.remove(child)
            await self._drop(child)
        while len(self._all) < self.size:
            self._idle.append(await self._start())

    async def close(self) -> None:
        """End all."""
        self._idle.clear()
        for child in tuple(self._all):
            await self._drop(child)

    async def _take(self, liking: Callable[[Child], int]) -> Child:
        while True:
            while self._idle:
                child = max(reversed(self._idle), key=liking)
                self._idle.remove(child)
                if child.alive:
                    return child
                await self._drop(child)
            if len(self._all) < self.size:
                return await self._start()
            # `fill` is just starting the one that is missing.
            async with self._starting:
                pass

    async def _start(self) -> Child:
        async with self._starting:
            child = await Child.start(self._arguments, self._deadline_s)
            self._all.add(child)
        return child

    async def _drop(self, child: Child) -> None:
        self._all.discard(child)
        await child.kill()
