"""Orders of the service, carried out in the process that holds SadTalker; `worker` starts it and names the orders.

One thread renders and nothing else; one reads the pipe, so that a cancel is heard within a batch; one looks for faces
and begins films.
"""

from __future__ import annotations

import logging
import queue
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import IO, Any

import numpy as np

from svc_video.engines.sadtalker.machine import OutOfMemory, Renderer, Stage
from svc_video.engines.sadtalker.orders import FilmOrder, source_data, source_message, to_source
from svc_video.engines.sadtalker.packets import Data, Out, Packet, read
from svc_video.engines.sadtalker.scheduler import Drawn, Event, Failed, Scheduler
from svc_video.engines.sadtalker.take import Take
from troupe.wire.errors import EngineFailed, Overloaded, TroupeError

log = logging.getLogger("sadtalker")


class Dispatcher:
    """Everything between the pipe and the networks."""

    def __init__(self, stage: Stage, renderer: Renderer, out: Out) -> None:
        self._stage = stage
        self._scheduler = Scheduler(renderer)
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


def _parts(data: Data, sizes: list[int]) -> list[memoryview]:
    """What lies one after the other in `data`."""
    view, start, parts = memoryview(data), 0, []
    for size in sizes:
        parts.append(view[start : start + size])
        start += size
    return parts
