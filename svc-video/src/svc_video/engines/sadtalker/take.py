"""One film in the process that holds SadTalker: what is known of its motion, and what may be drawn of it now."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from fractions import Fraction

from svc_video.engines.sadtalker.machine import Finisher, Performance, Pose
from svc_video.engines.sadtalker.orders import FilmOrder
from svc_video.engines.sadtalker.pace import drawn
from svc_video.engines.sadtalker.source import FPS

UNSEEN = float("-inf")


@dataclass(slots=True)
class Take:
    """Frames that were drawn are forgotten; those that are not wanted at the film's rate are never drawn."""

    number: int
    performance: Performance
    rate: Fraction
    index: int  # of the next frame at the film's rate
    room: int  # frames that may still be given
    finish: Finisher | None = None
    given: int = 0
    begun: int = 0  # those that are being drawn count too
    seen_at: float = 0.0  # when the first one was given
    _known: int = 0  # number at 25 per second of the first pose that is kept
    _poses: deque[Pose] = field(default_factory=deque)

    @classmethod
    def of(cls, number: int, performance: Performance, order: FilmOrder, finish: Finisher | None = None) -> Take:
        """A film that begins."""
        rate = Fraction(*order.rate)
        first = drawn(order.first_index, rate)
        return cls(number, performance, rate, order.first_index, order.room, finish, _known=first)

    def collect(self, enough: int) -> None:
        """Take in what became known, unless so many are there; forget what the film's rate passes over."""
        if len(self._poses) < enough:
            self._poses.extend(self.performance.ready())
        passed = min(drawn(self.index, self.rate) - self._known, len(self._poses))
        for _ in range(passed):
            self._poses.popleft()
        self._known += max(0, passed)

    def allow(self, frames: int) -> None:
        """So many more may be given."""
        self.room += frames

    @property
    def drawable(self) -> int:
        """Frames that could be drawn now."""
        return min(self.room, len(self._poses))

    @property
    def whole(self) -> bool:
        """Whether nothing more will come."""
        return not self._poses and self.begun == self.given and self.performance.whole

    def wanted(self, most: int) -> list[tuple[int, Pose]]:
        """The next frames, at most so many, with their numbers at 25 per second; nothing changes by that."""
        found: list[tuple[int, Pose]] = []
        index, before = self.index, -1
        while len(found) < most:
            number = drawn(index, self.rate)
            if number - self._known >= len(self._poses):
                break
            if number != before:
                found.append((number, self._poses[number - self._known]))
            before, index = number, index + 1
        return found

    def began(self, number: int) -> None:
        """That frame is being drawn: it and what was before it is done with."""
        self.begun += 1
        self.room -= 1
        while drawn(self.index, self.rate) <= number:
            self.index += 1
        for _ in range(number + 1 - self._known):
            self._poses.popleft()
        self._known = number + 1

    def gave(self, now: float) -> None:
        """One more of them was drawn."""
        self.seen_at = self.seen_at if self.given else now
        self.given += 1

    def urgency(self, now: float) -> float:
        """Seconds of film that its viewer has in hand; who has seen nothing yet goes before all others."""
        return self.given / FPS - (now - self.seen_at) if self.given else UNSEEN
