"""The life of the process that holds XTTS (see `worker`): started, asked by many at once, watched, ended.

It is one process for all utterances, so it is never ended because of one: who leaves cancels, and only a process that
hangs or breaks dies, with all that it was making.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import sys
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import asdict
from typing import Any

from svc_tts.engines.xtts.orders import Load
from svc_tts.engines.xtts.packets import Packet, receive
from troupe.wire.errors import EngineFailed, EngineMissing, InvalidArgument, Overloaded, TroupeError, UnsupportedMedia
from troupe.wire.pulse import BEAT_S, Pulse

COMMAND = (sys.executable, "-m", "svc_tts.engines.xtts.worker")
LOADING_S = 180.0  # loading that says nothing for so long has hung
STUCK_S = 60.0  # so long may pass between two turns, however slow the machine
END_S = 2.0
KEPT_LINES = 20  # of what it says to stderr: the reasons stand there
READ_AHEAD = 1 << 20  # bytes
SPIN_COUNT = "1000"  # rounds that OpenMP's threads wait without sleeping: more, and they keep others from computing

_KINDS: dict[str, type[TroupeError]] = {
    error.code: error for error in (EngineFailed, EngineMissing, InvalidArgument, Overloaded, UnsupportedMedia)
}
_Mail = asyncio.Queue[Packet | TroupeError]

log = logging.getLogger(__name__)


class Process:
    """One running process with XTTS in it."""

    def __init__(self, process: asyncio.subprocess.Process, deadline_s: float) -> None:
        self._process = process
        self._deadline_s = deadline_s
        self._mail: dict[int, _Mail] = {}  # of those that wait for answers, by number
        self._numbers = 0
        self._lines: deque[str] = deque(maxlen=KEPT_LINES)
        self._pulse = Pulse(process.pid)
        self._moved_at = self._spoke_at = time.monotonic()
        self._hung = ""
        self.hello: dict[str, Any] = {}
        self._listener = asyncio.create_task(self._listen())
        self._tasks = [self._listener]

    @classmethod
    async def start(
        cls, load: Load, loading: Callable[[float], None], deadline_s: float, command: Sequence[str] = ()
    ) -> Process:
        """Start it and wait until it has loaded; `loading` hears how far (0..1).

        Raises `EngineMissing` where this machine cannot run it, `EngineFailed` where it breaks.
        """
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            *(command or COMMAND), json.dumps(asdict(load)), stdin=pipe, stdout=pipe, stderr=pipe, limit=READ_AHEAD,
            start_new_session=True, env={"GOMP_SPINCOUNT": SPIN_COUNT} | dict(os.environ),
        )  # fmt: skip
        child = cls(process, deadline_s)
        try:
            await child._loaded(loading)
        except BaseException:
            await child.end()
            raise
        child._tasks += [asyncio.create_task(child._deliver()), asyncio.create_task(child._watch())]
        return child

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._process.returncode is None and not self._hung

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    @property
    def asked(self) -> int:
        """Requests that it has not answered."""
        return len(self._mail)

    async def ask(self, what: str, message: dict[str, Any]) -> AsyncGenerator[Packet | None, None]:
        """Send a request, give its packets up to the last one, which says done; None while it works on.

        Raises `EngineFailed` where the process dies, and what the process itself says. Closing it cancels.
        """
        self._numbers += 1
        number, mail = self._numbers, _Mail()
        self._mail[number] = mail
        try:
            self.tell({what: number, **message})
            while True:
                try:
                    async with asyncio.timeout(BEAT_S):
                        packet = await mail.get()
                except TimeoutError:
                    if time.monotonic() < self._moved_at + 2 * BEAT_S:
                        yield None
                    continue
                if isinstance(packet, TroupeError):
                    raise packet
                yield packet
                if "done" in packet.message:
                    return
        finally:
            if self._mail.pop(number, None) is not None:
                with contextlib.suppress(EngineFailed):  # one that is gone makes nothing any more
                    self.tell({"cancel": number})

    def tell(self, message: dict[str, Any]) -> None:
        """Send something that has no answer; raises `EngineFailed` where the process is gone."""
        stdin = self._process.stdin
        if not self.alive or stdin is None or stdin.is_closing():
            raise self.failure()
        stdin.write(Packet(message).packed())

    def failure(self) -> EngineFailed:
        """What became of the process, in a sentence."""
        status = self._process.returncode
        if self._hung:
            how = self._hung
        elif status is None:
            how = "closed its pipe"
        else:
            how = f"was ended by signal {-status}" if status < 0 else f"ended with status {status}"
        why = f" ({self._lines[-1]})" if self._lines and status is not None and status > 0 else ""
        return EngineFailed(f"The process that holds XTTS {how}{why}. It is started again.", engine="xtts")

    async def end(self) -> None:
        """End it now, whatever it does; who waits for an answer hears so."""
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._fail_all()

    async def _loaded(self, loading: Callable[[float], None]) -> None:
        while not self.hello:
            message = (await self._receive(LOADING_S)).message
            if "missing" in message:
                raise EngineMissing(message["missing"], remedy=message["remedy"])
            if "fatal" in message:
                raise EngineFailed(f"XTTS cannot be loaded: {message['fatal']}", engine="xtts")
            if "loading" in message:
                loading(message["loading"])
            self.hello = message.get("hello", {})

    async def _receive(self, patience_s: float | None = None) -> Packet:
        assert self._process.stdout is not None  # noqa: S101  # always a pipe here
        try:
            async with asyncio.timeout(patience_s):
                return await receive(self._process.stdout)
        except TimeoutError:
            self._hung = f"said nothing for {patience_s:g} s while it loaded, and was ended"
        except (asyncio.IncompleteReadError, ConnectionError):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(END_S):
                    await self._process.wait()
            await asyncio.wait({self._listener}, timeout=END_S)  # the reasons may still be on their way
        except ValueError as error:
            self._hung = f"sent what is no message ({error}) and was ended"
        raise self.failure()

    async def _deliver(self) -> None:
        """Carry each packet to who waits for it."""
        try:
            while True:
                packet = await self._receive()
                self._moved_at = self._spoke_at = time.monotonic()
                self._hand_over(packet)
        except EngineFailed:
            self._fail_all()

    def _hand_over(self, packet: Packet) -> None:
        mail = self._mail.get(packet.message.get("number", 0))
        if mail is None:
            return  # who asked has left
        if "done" in packet.message or "error" in packet.message:
            del self._mail[packet.message["number"]]
        error = packet.message.get("error")
        if error is None:
            mail.put_nowait(packet)
            return
        kind = _KINDS.get(packet.message.get("kind", ""), EngineFailed)
        mail.put_nowait(kind(error, engine="xtts"))

    def _fail_all(self) -> None:
        for mail in self._mail.values():
            mail.put_nowait(self.failure())
        self._mail.clear()

    async def _watch(self) -> None:
        """A process that should work and does not is ended."""
        while True:
            await asyncio.sleep(BEAT_S)
            now = time.monotonic()
            if not self._mail:
                self._moved_at = self._spoke_at = now
            elif self._pulse.beats():
                self._moved_at = now
            still_s, silent_s = now - self._moved_at, now - self._spoke_at
            if still_s > self._deadline_s or silent_s > STUCK_S:
                self._hung = f"gave nothing for {max(still_s, silent_s):.0f} s and was ended"
                self._process.kill()
                return

    async def _listen(self) -> None:
        """Keep the last of what it says to stderr."""
        assert self._process.stderr is not None  # noqa: S101  # always a pipe here
        async for raw in self._process.stderr:
            if line := raw.decode(errors="replace").strip():
                self._lines.append(line)
                log.info("xtts: %s", line)
