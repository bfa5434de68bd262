"""The service's side of one film: speech goes to the process that draws it as it comes, frames come back.

A frame needs up to two seconds of sound after its own (`pace.sound_for`), or the end: unlike the engine portrait, this
one waits for that. Neither sound nor frames run far ahead of who reads them: the process draws as many frames as
it was allowed to, and has as much sound as those need.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from fractions import Fraction

import numpy as np

from svc_video.engine import Job
from svc_video.engines.sadtalker.line import Line
from svc_video.engines.sadtalker.pace import drawn, sound_for
from svc_video.engines.sadtalker.packets import Packet
from svc_video.engines.sadtalker.process import Process
from svc_video.engines.sadtalker.source import Rgb
from svc_video.film import Frame
from svc_video.speech import Speech
from troupe.wire.errors import EngineFailed

LOOK_S = 0.02  # how often a film that waits for a frame looks for new speech
LATEST = 1 << 62  # a sample that never comes


class Reel:
    """Frames of one film, in order."""

    def __init__(self, process: Process, line: Line, job: Job, speech: Speech, room: int, *, still: bool) -> None:
        self._process, self._line, self._job, self._speech = process, line, job, speech
        self._room, self._still = room, still
        self._fed = speech.first_sample
        self._number = -1
        self._taken = 0  # frames since more were allowed
        self._ended = self._done = False
        self._frame: Frame | None = None
        self._moved_at = 0.0

    def frames(self, rate: Fraction, compose: Callable[[Rgb], Frame]) -> Iterator[Frame]:
        """One for each number of `Speech.frames`; `compose` makes one of the square that was drawn."""
        for index in self._speech.frames(rate):
            number = drawn(index, rate)
            self._speech.await_sound(sound_for(number, still=self._still))
            while self._number < number and not self._done:
                self._feed(sound_for(number + self._room))
                self._take(self._line.next(LOOK_S), compose)
            if self._frame is None:
                raise EngineFailed("SadTalker drew no frame of this speech.", engine="sadtalker")
            yield self._frame

    def _feed(self, limit: int) -> None:
        ended = self._speech.ended
        known = self._speech.known_to(limit)
        if known > self._fed:
            self._line.tell("sound", self._speech.pcm(self._fed, known).tobytes())
            self._fed = known
        if ended and not self._ended and self._fed == self._speech.known_to(LATEST):
            self._ended = True
            self._line.tell("end")

    def _take(self, packet: Packet | None, compose: Callable[[Rgb], Frame]) -> None:
        if packet is None:
            self._speech.check()
            self._beat()
        elif "done" in packet.message:
            self._done = True  # the sound's last part is shorter than a frame: the last one stays
        else:
            self._number = packet.message["frame"]
            self._frame = compose(np.frombuffer(packet.data, np.uint8).reshape(packet.message["shape"]))
            self._allow()

    def _allow(self) -> None:
        self._taken += 1
        if self._taken >= self._room // 2:
            self._line.tell("room", frames=self._taken)
            self._taken = 0

    def _beat(self) -> None:
        """It has drawn nothing yet, and works: a slow engine is not a frozen one."""
        if self._process.moved_at > self._moved_at:
            self._moved_at = time.monotonic()
            self._job.beat()
