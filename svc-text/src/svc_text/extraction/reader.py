"""The service's side of reading pages: a few reading processes, a deadline, and what happens when one dies or hangs."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from svc_text.extraction.framing import ANSWER, REQUEST
from svc_text.extraction.page import MAX_PAGE_BYTES, Page, PageSource
from troupe.wire.errors import DeadlineExceeded, EngineFailed, MediaTooLarge, Overloaded, revive

PROCESSES = 2
MOST_WAITING = 64  # pages; more are refused
START_S = 20.0  # a process that has not said hello by then never will
PAGE_S = 12.0  # wall time for one page; its processor time is an rlimit
END_S = 2.0
URL_CHARS = 2_000


class ReadingProcess:
    """One process; reads one page at a time."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(cls) -> ReadingProcess:
        """Start it and wait for its hello; raises `EngineFailed`."""
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "svc_text.extraction.child"),
            stdin=pipe,
            stdout=pipe,
            start_new_session=True,  # Ctrl-C drains the service first; and its forks can be ended with it
        )
        child = cls(process)
        try:
            async with asyncio.timeout(START_S):
                await child._read()
        except BaseException as error:
            await child.end()
            if isinstance(error, TimeoutError):
                raise EngineFailed(f"The process that reads pages did not start within {START_S:g} s.") from error
            raise
        return child

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self._process.returncode is None

    async def ask(self, source: PageSource) -> dict[str, Any]:
        """Its answer; raises `EngineFailed` where it died."""
        assert self._process.stdin is not None  # noqa: S101  # always a pipe here
        about = json.dumps({"url": source.url[:URL_CHARS], "content_type": source.content_type[:URL_CHARS]}).encode()
        with contextlib.suppress(OSError):  # it died: reading says so
            self._process.stdin.write(REQUEST.pack(len(about), len(source.data)) + about + source.data)
            await self._process.stdin.drain()
        return await self._read()

    async def end(self) -> None:
        """End it and the fork that works for it, now."""
        if self.alive:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(END_S):
                await self._process.communicate()

    async def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None  # noqa: S101  # always a pipe here
        try:
            (size,) = ANSWER.unpack(await self._process.stdout.readexactly(ANSWER.size))
            answer: dict[str, Any] = json.loads(await self._process.stdout.readexactly(size))
        except asyncio.IncompleteReadError as error:
            raise EngineFailed("The process that reads pages ended. Send the page again.") from error
        return answer


class Reader:
    """Reads pages, `PROCESSES` at a time."""

    def __init__(self) -> None:
        self._idle: list[ReadingProcess] = []
        self._slots = asyncio.Semaphore(PROCESSES)
        self._asked = 0

    async def start(self) -> None:
        """Start one process, so that a machine on which it cannot run says so at once."""
        self._idle.append(await ReadingProcess.start())

    async def stop(self) -> None:
        """End all that are idle; one that works is ended by its request."""
        while self._idle:
            await self._idle.pop().end()

    async def read(self, source: PageSource) -> Page:
        """One page; raises what `PageReader.extract` names."""
        if len(source.data) > MAX_PAGE_BYTES:
            raise MediaTooLarge(
                f"The page has {len(source.data)} bytes; at most {MAX_PAGE_BYTES} are read. Send its beginning.",
                max_bytes=MAX_PAGE_BYTES,
            )
        if self._asked >= MOST_WAITING:
            raise Overloaded(f"{self._asked} pages already wait to be read. Try again in a second.", retry_after_s=1)
        self._asked += 1
        try:
            return await self._answered(source)
        finally:
            self._asked -= 1

    async def _answered(self, source: PageSource) -> Page:
        async with self._process() as process:
            try:
                async with asyncio.timeout(PAGE_S):
                    answer = await process.ask(source)
            except TimeoutError as error:
                message = f"Reading the page took more than {PAGE_S:g} s. Send a smaller one."
                raise DeadlineExceeded(message) from error
        if "page" not in answer:
            raise revive(answer["code"], answer["message"], {})
        fields = answer["page"]
        return Page(**(fields | {"links": tuple(fields["links"])}))

    @asynccontextmanager
    async def _process(self) -> AsyncIterator[ReadingProcess]:
        """A process of one's own for a while; ended where its answer was not awaited."""
        async with self._slots:
            process = await self._take()
            try:
                yield process
            except BaseException:
                await process.end()
                raise
            self._idle.append(process)

    async def _take(self) -> ReadingProcess:
        while self._idle:
            process = self._idle.pop()
            if process.alive:
                return process
            await process.end()
        return await ReadingProcess.start()
