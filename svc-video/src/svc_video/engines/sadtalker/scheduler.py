"""Many films through one renderer: schedule, run, postprocess.

Notable choices:
- a batch mixes the films that can go on, so a renderer is full while any of them has frames to draw;
- the film whose viewer runs out of picture first goes first, one that nobody has seen yet before all;
- the first batch of a film is small, so that its first fragment comes soon;
- a film whose reader is slow has no room, and is passed over: nobody waits for it;
- where a card draws, the next batch is begun before the last one is taken: the card never waits for the host;
- where memory does not suffice the batch is halved and drawn again; a film fails where not even one frame fits;
- nothing here knows torch, pipes or threads.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

import numpy as np

from svc_video.engines.sadtalker.machine import OutOfMemory, Pose, Renderer, Squares
from svc_video.engines.sadtalker.source import Rgb
from svc_video.engines.sadtalker.take import Take
from troupe.wire.errors import Overloaded, TroupeError

BATCHES_KNOWN = 2  # of a film's motion, before more of it is worked out
FIRST_BATCH = 6  # frames of a film's first batch: a first fragment has five, and the next one's first makes it whole


@dataclass(frozen=True, slots=True)
class Drawn:
    """One frame of a film."""

    film: int
    number: int  # at 25 frames per second
    frame: Rgb


@dataclass(frozen=True, slots=True)
class Finished:
    """A film is whole."""

    film: int
    frames: int


@dataclass(frozen=True, slots=True)
class Failed:
    """This film cannot go on."""

    film: int
    error: TroupeError


log = logging.getLogger("sadtalker")

Event = Drawn | Finished | Failed
Choice = tuple[Take, int, Pose]


class Begun(NamedTuple):
    """A batch that is being drawn."""

    chosen: list[Choice]
    squares: Squares


class Scheduler:
    """All films of one renderer."""

    def __init__(self, renderer: Renderer, clock: Callable[[], float] = time.monotonic) -> None:
        self._renderer = renderer
        self._clock = clock
        self._most = max(1, renderer.batch)
        self._takes: dict[int, Take] = {}
        self._begun: Begun | None = None

    @property
    def films(self) -> int:
        """Films that are open."""
        return len(self._takes)

    @property
    def batch(self) -> int:
        """Frames drawn at once, at most."""
        return self._most

    def add(self, take: Take) -> None:
        """Take a film in."""
        self._takes[take.number] = take

    def take(self, number: int) -> Take | None:
        """That film, while it is open."""
        return self._takes.get(number)

    def cancel(self, number: int) -> None:
        """Forget a film; what is being drawn of it is not given any more."""
        self._takes.pop(number, None)

    def turn(self) -> list[Event]:
        """What came of one batch, the next begun where the renderer works ahead; nothing where no film can go on."""
        events = self._step()
        while not events and self._begun:
            events = self._step()
        return events

    def _step(self) -> list[Event]:
        events = self._collect()
        before, self._begun = self._begun, None
        events += self._begin()
        if before:
            events += self._postprocess(before)
        if self._begun and not self._renderer.ahead:
            begun, self._begun = self._begun, None
            events += self._postprocess(begun)
        return [*events, *self._ended()]

    def _begin(self) -> list[Event]:
        """Begin a batch, of as many frames as there is memory for."""
        while chosen := self._schedule():
            try:
                squares = self._renderer.begin([pose for _, _, pose in chosen])
            except OutOfMemory as error:
                if len(chosen) == 1:
                    film = chosen[0][0].number
                    self.cancel(film)
                    return [_too_little(film, f"for a single frame ({error})")]
                self._most = len(chosen) // 2
                log.warning("memory did not suffice: from now on %d frames at once (%s)", self._most, error)
                continue
            for take, number, _ in chosen:
                take.began(number)
            self._begun = Begun(chosen, squares)
            break
        return []

    def _collect(self) -> list[Event]:
        """Take in the motion that became known."""
        failed: list[Event] = []
        for take in list(self._takes.values()):
            try:
                take.collect(BATCHES_KNOWN * self._most)
            except OutOfMemory as error:
                self.cancel(take.number)
                failed.append(_too_little(take.number, f"for its motion ({error})"))
        return failed

    def _schedule(self) -> list[Choice]:
        """The frames of the next batch: in turns, the most urgent film first."""
        now = self._clock()
        takes = sorted((take for take in self._takes.values() if take.drawable), key=lambda take: take.urgency(now))
        most = min(self._most, FIRST_BATCH) if any(not take.begun for take in takes) else self._most
        shares = _dealt([take.drawable for take in takes], most)
        return [(take, *frame) for take, share in zip(takes, shares, strict=True) for frame in take.wanted(share)]

    def _postprocess(self, begun: Begun) -> list[Event]:
        """Wait for a batch; films that were cancelled meanwhile are not told of."""
        squares, now, events = begun.squares(), self._clock(), list[Event]()
        drawn = zip(begun.chosen, squares, strict=True)
        for take, group in groupby(drawn, key=lambda each: each[0][0]):
            if take.number not in self._takes:
                continue
            numbers, frames = zip(*((number, frame) for (_, number, _), frame in group), strict=True)
            try:
                finished = take.finish(np.stack(frames)) if take.finish else frames
            except TroupeError as error:
                self.cancel(take.number)
                events.append(Failed(take.number, error))
                continue
            for number, frame in zip(numbers, finished, strict=True):
                take.gave(now)
                events.append(Drawn(take.number, number, frame))
        return events

    def _ended(self) -> list[Event]:
        """Films that have nothing left."""
        ended = [take for take in self._takes.values() if take.whole]
        for take in ended:
            self.cancel(take.number)
        return [Finished(take.number, take.given) for take in ended]


def _too_little(film: int, what: str) -> Failed:
    return Failed(film, Overloaded(f"SadTalker cannot draw this now: there is not memory enough {what}. Try again."))


def _dealt(most_each: list[int], most: int) -> list[int]:
    """How many of `most` each one gets, dealt out one by one."""
    shares = [0] * len(most_each)
    while sum(shares) < min(most, sum(most_each)):
        for place, limit in enumerate(most_each):
            if shares[place] < limit and sum(shares) < most:
                shares[place] += 1
    return shares
