"""The process that holds XTTS: `python -m svc_tts.engines.xtts.worker LOAD`, LOAD as JSON of `orders.Load`.

Over its pipes go packets (see `packets`). In: {"speak": N, ...}, {"prepare": N, ...}, {"ping": N}, {"cancel": N},
{"forget": KEY}. Out: {"loading": 0..1}, then {"hello"} or {"missing", "remedy"} or {"fatal"}; then {"number": N} with
sound, {"number": N, "done"} or {"number": N, "error", "kind"}, and {"turn"} while it works.

One thread steps the networks and nothing else; one reads the pipe, so that a cancel is heard within a step; one makes
tokens and latents. A fault of the device ends the process, with a sentence; the service starts another one.
"""

from __future__ import annotations

import ctypes
import json
import logging
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, BinaryIO, Protocol

import numpy as np

from svc_tts.engines.xtts.guard import Wave
from svc_tts.engines.xtts.machine import Machine, OutOfMemory, Script
from svc_tts.engines.xtts.orders import Line, Load
from svc_tts.engines.xtts.packets import Packet, read
from svc_tts.engines.xtts.scheduler import Finished, Scheduler, Sounded
from svc_tts.engines.xtts.take import Pace
from troupe.wire.errors import EngineMissing, Overloaded, TroupeError

PR_SET_PDEATHSIG = 1
TOLD_EVERY_S = 0.25  # while it works, and while it loads
LOUDEST = 32_767

log = logging.getLogger("xtts")


class Desk(Protocol):
    """What makes scripts of lines (see `desk`)."""

    def script(self, number: int, line: Line) -> Script:
        """Ready to be made."""

    def voice(self, line: Line) -> object:
        """The latents of its voice."""

    def forget(self, key: str) -> None:
        """Keep nothing of that reference."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """XTTS in memory, ready to speak."""

    desk: Desk
    machine: Machine
    pace: Pace
    hello: dict[str, Any]  # speakers, slots, device, version


Loader = Callable[[Load, Callable[[float], None]], Loaded]


class Worker:
    """Everything between the pipe and the networks."""

    def __init__(self, loaded: Loaded, out: Out) -> None:
        self._desk = loaded.desk
        self._scheduler = Scheduler(loaded.machine, loaded.pace)
        self._out = out
        self._inbox: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._wanted: set[int] = set()  # numbers that somebody waits for
        self._preparing = ThreadPoolExecutor(1, "xtts-desk")
        self._ended = False
        self._told_at = 0.0

    def listen(self, stream: BinaryIO) -> None:
        """Read orders until the other side is gone; in a thread of its own."""
        while (packet := read(stream)) is not None:
            self._order(packet.message)
        self._inbox.put(self._end)

    def serve(self) -> None:
        """Step until the other side is gone."""
        while not self._ended:
            self._heed(wait=not self._scheduler.busy)
            if self._scheduler.busy and not self._ended:
                self._turn()

    def _order(self, message: dict[str, Any]) -> None:
        if "speak" in message:
            number = message.pop("speak")
            self._wanted.add(number)
            self._preparing.submit(self._prepare, number, Line.of(message), self._add)
        elif "prepare" in message:
            number = message.pop("prepare")
            self._wanted.add(number)
            self._preparing.submit(self._prepare, number, Line.of(message), None)
        elif "cancel" in message:
            number = message["cancel"]
            self._wanted.discard(number)
            self._inbox.put(lambda: self._scheduler.cancel(number))
        elif "ping" in message:
            number = message["ping"]
            self._inbox.put(lambda: self._out.send({"number": number, "done": {}}))
        elif "forget" in message:
            self._desk.forget(message["forget"])

    def _prepare(self, number: int, line: Line, then: Callable[[Script], None] | None) -> None:
        """In the desk's thread: whatever is wrong with one line must not end the others."""
        if number not in self._wanted:
            return
        try:
            if then is None:
                self._desk.voice(line)
                self._finish(number, {"done": {}})
                return
            script = self._desk.script(number, line)
        except TroupeError as error:
            self._finish(number, {"error": error.message, "kind": error.code})
        except Exception as error:  # the boundary between one line and the process
            log.exception("a line could not be prepared")
            self._finish(number, {"error": f"XTTS cannot read this ({type(error).__name__}: {error}).", "kind": ""})
        else:
            self._inbox.put(lambda: then(script))

    def _add(self, script: Script) -> None:
        if script.number not in self._wanted:
            return
        if script.passages:
            self._scheduler.add(script)
        else:  # nothing of it can be said
            self._finish(script.number, {"done": {"codes": 0, "found": {}}})

    def _heed(self, *, wait: bool) -> None:
        """Do what has come in; `wait` for it where there is nothing else to do."""
        if wait:
            self._inbox.get()()
        while not self._inbox.empty():
            self._inbox.get()()

    def _turn(self) -> None:
        try:
            events = self._scheduler.turn()
        except OutOfMemory as error:
            self._refuse_all(error)
            return
        for event in events:
            if isinstance(event, Sounded):
                self._out.send({"number": event.number}, pcm(event.wave))
            else:
                self._finish(event.number, {"done": _report(event)})
        if time.monotonic() > self._told_at + TOLD_EVERY_S:
            self._told_at = time.monotonic()
            self._out.send({"turn": [self._scheduler.running, self._scheduler.queued]})

    def _refuse_all(self, error: OutOfMemory) -> None:
        log.warning("the memory did not suffice (%s): fewer utterances at once from now on", error)
        for number in self._scheduler.evict():
            message = "XTTS ran out of memory with so many sentences at once; try again."
            self._finish(number, {"error": message, "kind": Overloaded.code})

    def _finish(self, number: int, message: dict[str, Any]) -> None:
        self._wanted.discard(number)
        self._out.send({"number": number, **message})

    def _end(self) -> None:
        self._ended = True


class Out:
    """The pipe to the service; many threads write, each a whole packet."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def send(self, message: dict[str, Any], sound: bytes = b"") -> None:
        """Now."""
        with self._lock:
            self._stream.write(Packet(message, sound).packed())
            self._stream.flush()


def pcm(wave: Wave) -> bytes:
    """PCM s16le of samples of -1..1."""
    return np.rint(np.clip(wave, -1.0, 1.0) * LOUDEST).astype("<i2").tobytes()


def main() -> int:
    """Load, then serve until the other side closes the pipe."""
    return run(_load)


def run(load: Loader) -> int:
    """`main` with that way to load."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)  # never outlive the service
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the service, which ends this process
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    out = Out(_own_stdout())
    try:
        loaded = load(Load(**json.loads(sys.argv[-1])), lambda part: out.send({"loading": part}))
    except EngineMissing as error:
        out.send({"missing": error.message, "remedy": error.details.get("remedy", "")})
        return 1
    except TroupeError as error:
        out.send({"fatal": error.message})
        return 1
    worker = Worker(loaded, out)
    out.send({"hello": loaded.hello})
    orders = os.fdopen(sys.stdin.fileno(), "rb", buffering=0)
    threading.Thread(target=worker.listen, args=(orders,), daemon=True).start()
    status = _served(worker)
    logging.shutdown()
    os._exit(status)  # at once: nobody waits for what the desk still computes, and Python would


def _served(worker: Worker) -> int:
    try:
        worker.serve()
    except BrokenPipeError:  # the service is gone
        return 0
    except Exception:  # the boundary of the process: a fault of the device leaves nothing to go on with
        log.exception("XTTS cannot go on")
        return 1
    return 0


def _load(load: Load, loading: Callable[[float], None]) -> Loaded:
    loading(0.01)
    from svc_tts.engines.xtts.loading import load as load_networks  # noqa: PLC0415  # torch itself takes seconds

    return load_networks(load, loading)


def _own_stdout() -> BinaryIO:
    """The pipe, for packets alone: what libraries print goes to stderr."""
    pipe = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return os.fdopen(pipe, "wb")


def _report(event: Finished) -> dict[str, Any]:
    return {"codes": event.codes, "found": dict(event.found)}


if __name__ == "__main__":
    sys.exit(main())
