"""The life of the process that holds SadTalker (see `worker`): started, asked by many at once, watched, ended.

It is one process for all films, so it is never ended because of one: who leaves cancels, and only a process that hangs
or breaks dies, with all that it was drawing. Everything here blocks, and may be called from any thread.
"""

from __future__ import annotations

import contextlib
import json
import logging
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from svc_video.engines.sadtalker.line import Line
from svc_video.engines.sadtalker.orders import Load
from svc_video.engines.sadtalker.packets import Data, Packet, read, write
from svc_video.engines.sadtalker.spawning import pipes, spawned
from troupe.wire.errors import BY_CODE, EngineFailed, TroupeError
from troupe.wire.pulse import BEAT_S, Pulse

COMMAND = (sys.executable, "-m", "svc_video.engines.sadtalker.worker")
LOADING_S = 300.0  # loading that says nothing for so long has hung: half a gigabyte from a slow disk, a first frame
STILL_S = 10.0  # one that should answer, uses no processor and says nothing for so long has hung
STUCK_S = 300.0  # ... and one that uses a processor, for so long: a frame of 512 pixels may take a minute on two cores
PING_S = 1.0  # between two questions whether it still answers
END_S = 5.0
LAST_WORDS_S = 1.0
KEPT_LINES = 20  # of what it says to stderr: the reasons stand there

log = logging.getLogger(__name__)


class Process:
    """One running process with SadTalker in it."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._orders, self._answers, self._words = pipes(process)
        self._lock = threading.Lock()  # of the lines
        self._writing = threading.Lock()
        self._lines: dict[int, Line] = {}
        self._numbers = 0
        self._said: deque[str] = deque(maxlen=KEPT_LINES)
        self._hung = ""
        self._pulse = Pulse(process.pid)
        self.moved_at = self._spoke_at = time.monotonic()
        """When it was last seen to work, by the monotonic clock."""
        self.hello: dict[str, Any] = {}
        self._threads: list[threading.Thread] = []
        self._listener = self._run(self._listen)

    @classmethod
    def start(cls, load: Load, loading: Callable[[float], None], command: Sequence[str] = ()) -> Process:
        """Start it and wait until it has loaded; `loading` hears how far (0..1).

        Raises `EngineMissing` or `CheckpointNotFound` where this machine cannot run it, `EngineFailed` where it breaks.
        """
        process = spawned([*(command or COMMAND), json.dumps(asdict(load))])
        child = cls(process)
        try:
            child._load(loading)
        except BaseException:
            child.end()
            raise
        child._run(child._deliver)
        child._run(child._watch)
        return child

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._process.poll() is None and not self._hung

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    @property
    def asked(self) -> int:
        """Questions that it has not answered."""
        return len(self._lines)

    @contextmanager
    def ask(self, what: str, data: Data = b"", **message: Any) -> Iterator[Line]:
        """A question; leaving the block before it is answered cancels. Raises `EngineFailed` where it is gone."""
        with self._lock:
            self._numbers += 1
            line = self._lines[self._numbers] = Line(self._numbers, self.tell)
        try:
            line.tell(what, data, **message)
            yield line
        finally:
            with self._lock:
                open_still = self._lines.pop(line.number, None) is not None
            if open_still:
                with contextlib.suppress(EngineFailed):  # one that is gone draws nothing any more
                    line.tell("cancel")

    def tell(self, message: dict[str, Any], data: Data = b"") -> None:
        """Send something; raises `EngineFailed` where the process is gone."""
        if not self.alive:
            raise self.failure()
        try:
            with self._writing:
                write(self._orders, Packet(message, data))
        except (OSError, ValueError) as error:  # ValueError: the pipe was closed here
            self._await_end(LAST_WORDS_S)
            raise self.failure() from error

    def failure(self) -> EngineFailed:
        """What became of the process, in a sentence."""
        status = self._process.poll()
        if self._hung:
            how = self._hung
        elif status is None:
            how = "closed its pipe"
        else:
            how = f"was ended by signal {-status}" if status < 0 else f"ended with status {status}"
        why = f" ({self._said[-1]})" if self._said and status is not None and status > 0 else ""
        return EngineFailed(f"The process that holds SadTalker {how}{why}. It is started again.", engine="sadtalker")

    def end(self) -> None:
        """End it now, whatever it does; who waits for an answer hears so."""
        self._process.kill()
        self._process.wait()
        self._fail_all()
        for thread in self._threads:
            thread.join(END_S)
        for stream in (self._orders, self._answers, self._words):
            with contextlib.suppress(OSError):  # what was not written yet has no reader
                stream.close()

    def _run(self, work: Callable[[], None]) -> threading.Thread:
        thread = threading.Thread(target=work, name=f"sadtalker{work.__name__}", daemon=True)
        self._threads.append(thread)
        thread.start()
        return thread

    def _load(self, loading: Callable[[float], None]) -> None:
        while not self.hello:
            alarm = threading.Timer(LOADING_S, self._kill, [f"said nothing for {LOADING_S:g} s while it loaded"])
            alarm.start()
            try:
                self.hello = _heard(self._receive(), loading)
            finally:
                alarm.cancel()

    def _receive(self) -> Packet:
        """The next packet; raises `EngineFailed` where there is none."""
        try:
            packet = read(self._answers)
        except (OSError, ValueError) as error:
            self._kill(f"sent what is no message ({error})")
            packet = None
        if packet is not None:
            return packet
        self._await_end(END_S)
        self._listener.join(END_S)  # the reasons may still be on their way
        raise self.failure()

    def _await_end(self, seconds: float) -> None:
        """Pipes break a moment before a process is known to have ended, and how."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)

    def _deliver(self) -> None:
        """Carry each packet to who waits for it."""
        try:
            while True:
                packet = self._receive()
                self.moved_at = self._spoke_at = time.monotonic()
                self._hand_over(packet)
        except EngineFailed:
            self._fail_all()

    def _hand_over(self, packet: Packet) -> None:
        message = packet.message
        last = "done" in message or "error" in message
        with self._lock:
            line = self._lines.pop(message["number"], None) if last else self._lines.get(message["number"])
        if line is not None:  # else who asked has left
            line.put(_error(message) if "error" in message else packet)

    def _fail_all(self) -> None:
        with self._lock:
            lines = list(self._lines.values())
            self._lines.clear()
        for line in lines:
            line.put(self.failure())

    def _watch(self) -> None:
        """Ask again and again whether it is there; one that does not answer, and does not work either, is ended."""
        while self.alive:
            with contextlib.suppress(EngineFailed), self.ask("ping") as line:
                self.moved_at = self._spoke_at = time.monotonic()
                while line.next(BEAT_S) is None:
                    self._feel_pulse()
            self._rest(PING_S)

    def _rest(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while self.alive and time.monotonic() < until:
            time.sleep(BEAT_S)
            self._beats()

    def _beats(self) -> bool:
        """Whether it worked since the last look."""
        if not self._pulse.beats():
            return False
        self.moved_at = time.monotonic()
        return True

    def _feel_pulse(self) -> None:
        self._beats()
        now = time.monotonic()
        if now - self.moved_at > STILL_S or now - self._spoke_at > STUCK_S:
            self._kill(f"gave nothing for {now - self._spoke_at:.0f} s")

    def _kill(self, why: str) -> None:
        self._hung = f"{why} and was ended"
        self._process.kill()

    def _listen(self) -> None:
        """Keep the last of what it says to stderr."""
        for raw in self._words:
            if line := raw.decode(errors="replace").strip():
                self._said.append(line)
                log.info("sadtalker: %s", line)


def _heard(packet: Packet, loading: Callable[[float], None]) -> dict[str, Any]:
    """Its hello, or nothing yet; raises where it cannot run."""
    message = packet.message
    if "missing" in message:
        raise BY_CODE[message["kind"]](message["missing"], remedy=message["remedy"])
    if "fatal" in message:
        raise EngineFailed(f"SadTalker cannot be loaded: {message['fatal']}", engine="sadtalker")
    if "loading" in message:
        loading(message["loading"])
    hello: dict[str, Any] = message.get("hello", {})
    return hello


def _error(message: dict[str, Any]) -> TroupeError:
    kind = BY_CODE.get(message["kind"], EngineFailed)
    return kind(message["error"], **{"engine": "sadtalker"} | message["details"])
