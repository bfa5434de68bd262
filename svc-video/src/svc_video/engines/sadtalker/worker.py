"""The process that holds SadTalker: `python -m svc_video.engines.sadtalker.worker LOAD`, LOAD as JSON of `orders.Load`.

Over its pipes go packets (see `packets`). In:
{"prepare": N, "width", "height", "mode", "size"} with a picture
{"film": N, "order", "source", "sizes"} with the source's arrays, a reference film and the picture, of those sizes
{"sound": N} with PCM, {"end": N} after the last of it, {"room": N, "frames": M}: M more frames may come
{"cancel": N}, {"ping": N}
Out: {"loading": 0..1}, then {"hello"} or {"missing", "remedy", "kind"} or {"fatal"}; then
{"number": N, "frame": F, "shape"} with the pixels, {"number": N, "done"} or {"number": N, "error", "kind", "details"}.

One thread renders and nothing else; one reads the pipe, so that a cancel is heard within a batch; one looks for faces
and begins films. A fault of the device ends the process, with a sentence; the service starts another one.
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
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import IO, Any

import numpy as np

from svc_video.engines.sadtalker.machine import OutOfMemory, Renderer, Stage
from svc_video.engines.sadtalker.orders import FilmOrder, Load, source_data, source_message, to_source
from svc_video.engines.sadtalker.packets import Data, Packet, read, write
from svc_video.engines.sadtalker.scheduler import Drawn, Event, Failed, Scheduler
from svc_video.engines.sadtalker.take import Take
from troupe.wire.errors import CheckpointNotFound, EngineFailed, EngineMissing, Overloaded, TroupeError

PR_SET_PDEATHSIG = 1

log = logging.getLogger("sadtalker")


@dataclass(frozen=True, slots=True)
class Loaded:
    """SadTalker in memory, ready to draw."""

    stage: Stage
    renderer: Renderer
    hello: dict[str, Any]  # device, precision, batch, identity, frames_per_s


Loader = Callable[[Load, Callable[[float], None]], Loaded]


class Worker:
    """Everything between the pipe and the networks."""

    def __init__(self, loaded: Loaded, out: Out) -> None:
        self._stage = loaded.stage
        self._scheduler = Scheduler(loaded.renderer)
        self._out = out
        self._inbox: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._wanted: set[int] = set()  # numbers that somebody waits for
        self._early: dict[int, list[Callable[[Take], None]]] = {}  # what came for films not yet begun
        self._beginning = ThreadPoolExecutor(1, "sadtalker-stage")
        self._ended = False

    def listen(self, stream: IO[bytes]) -> None:
        """Read orders until the other side is gone; in a thread of its own."""
        while (packet := read(stream)) is not None:
            self._order(packet)
        self._inbox.put(self._end)

    def serve(self) -> None:
        """Render until the other side is gone."""
        idle = True
        while not self._ended:
            self._heed(wait=idle)
            idle = not self._ended and not self._turn()

    def _order(self, packet: Packet) -> None:
        (what, number), data = next(iter(packet.message.items())), packet.data
        match what:
            case "prepare":
                self._begin(number, lambda: self._prepare(number, packet.message, data))
            case "film":
                self._begin(number, lambda: self._open(number, packet.message, data))
            case "sound":
                self._to_film(number, lambda take: take.performance.feed(bytes(data)))
            case "end":
                self._to_film(number, lambda take: take.performance.end())
            case "room":
                self._to_film(number, lambda take: take.allow(packet.message["frames"]))
            case "cancel":
                self._wanted.discard(number)
                self._inbox.put(lambda: self._cancel(number))
            case "ping":
                self._inbox.put(lambda: self._out.send({"number": number, "done": {}}))

    def _begin(self, number: int, work: Callable[[], None]) -> None:
        """Do that in the stage's thread: whatever is wrong with one picture or film must not end the others."""
        self._wanted.add(number)
        self._beginning.submit(self._guarded, number, work)

    def _guarded(self, number: int, work: Callable[[], None]) -> None:
        if number not in self._wanted:
            return
        try:
            work()
        except TroupeError as error:
            self._fail(number, error)
        except OutOfMemory as error:
            self._fail(number, Overloaded(f"SadTalker has no memory left for this portrait ({error}); try again."))
        except Exception as error:  # the boundary between one request and the process
            log.exception("a request could not be begun")
            self._fail(number, EngineFailed(f"SadTalker broke on this portrait ({type(error).__name__}: {error})."))

    def _prepare(self, number: int, message: dict[str, Any], data: Data) -> None:
        picture = np.frombuffer(data, np.uint8).reshape(message["height"], message["width"], 3)
        source = self._stage.source(picture, message["mode"], message["size"])
        done = {"source": source_message(source), "identity": self._stage.identity(source.size)}
        self._finish(number, {"done": done}, source_data(source))

    def _open(self, number: int, message: dict[str, Any], data: Data) -> None:
        order, sizes = FilmOrder.of(message), message["sizes"]
        arrays, reference, picture = _parts(data, sizes)
        source, finish = to_source(message["source"], arrays), None
        if order.finish is not None:
            width, height = order.finish.picture
            whole = np.frombuffer(picture, np.uint8).reshape(height, width, 3)
            finish = self._stage.finisher(source, order.finish, whole)
        take = Take.of(number, self._stage.performance(source, order, bytes(reference)), order, finish)
        self._inbox.put(lambda: self._add(take))

    def _add(self, take: Take) -> None:
        if take.number not in self._wanted:
            return
        self._scheduler.add(take)
        for act in self._early.pop(take.number, ()):
            act(take)

    def _cancel(self, number: int) -> None:
        self._scheduler.cancel(number)
        self._early.pop(number, None)

    def _to_film(self, number: int, act: Callable[[Take], None]) -> None:
        """In the thread that renders; what comes for a film that is still being begun waits for it."""

        def do() -> None:
            if (take := self._scheduler.take(number)) is not None:
                act(take)
            elif number in self._wanted:
                self._early.setdefault(number, []).append(act)

        self._inbox.put(do)

    def _heed(self, *, wait: bool) -> None:
        """Do what has come in; `wait` for it where there is nothing else to do."""
        if wait:
            self._inbox.get()()
        while not self._inbox.empty():
            self._inbox.get()()

    def _turn(self) -> bool:
        """One batch; whether there was any."""
        events = self._scheduler.turn()
        for event in events:
            self._tell(event)
        return bool(events)

    def _tell(self, event: Event) -> None:
        if isinstance(event, Drawn):
            message = {"number": event.film, "frame": event.number, "shape": event.frame.shape}
            self._out.send(message, np.ascontiguousarray(event.frame).data)
        elif isinstance(event, Failed):
            log.warning("a film failed: %s", event.error.message)
            self._fail(event.film, event.error)
        else:
            self._finish(event.film, {"done": {"frames": event.frames}})

    def _fail(self, number: int, error: TroupeError) -> None:
        self._finish(number, {"error": error.message, "kind": error.code, "details": error.details})

    def _finish(self, number: int, message: dict[str, Any], data: Data = b"") -> None:
        self._wanted.discard(number)
        self._early.pop(number, None)
        self._out.send({"number": number, **message}, data)

    def _end(self) -> None:
        self._ended = True


class Out:
    """The pipe to the service; several threads write, each a whole packet."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def send(self, message: dict[str, Any], data: Data = b"") -> None:
        """Now."""
        with self._lock:
            write(self._stream, Packet(message, data))


def _parts(data: Data, sizes: list[int]) -> list[memoryview]:
    """What lies one after the other in `data`."""
    view, start, parts = memoryview(data), 0, []
    for size in sizes:
        parts.append(view[start : start + size])
        start += size
    return parts


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
    except (EngineMissing, CheckpointNotFound) as error:
        out.send({"missing": error.message, "remedy": error.details.get("remedy", ""), "kind": error.code})
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
    os._exit(status)  # at once: nobody waits for what the stage still computes, and Python would


def _served(worker: Worker) -> int:
    try:
        worker.serve()
    except BrokenPipeError:  # the service is gone
        return 0
    except Exception:  # the boundary of the process: a fault of the device leaves nothing to go on with
        log.exception("SadTalker cannot go on")
        return 1
    return 0


def _load(load: Load, loading: Callable[[float], None]) -> Loaded:
    loading(0.01)
    from svc_video.engines.sadtalker.loading import load as load_networks  # noqa: PLC0415  # torch itself takes seconds

    return load_networks(load, loading)


def _own_stdout() -> IO[bytes]:
    """The pipe, for packets alone: what libraries print goes to stderr."""
    pipe = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return os.fdopen(pipe, "wb")


if __name__ == "__main__":
    sys.exit(main())
