"""The process of SadTalker without networks: `python tests/fakes/sadtalker_worker.py [WHAT] LOAD`.

The real worker, pipes and scheduler around a renderer whose squares are of one colour: red is the frame's number, green
how loud its sound is, blue the seed. A frame takes `STANDIN_FRAME_S`. The first pixel of the portrait makes it
misbehave: see `MOODS`; a picture that is all black has no face.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from svc_video.engines.sadtalker.machine import Finisher, OutOfMemory, Squares
from svc_video.engines.sadtalker.orders import FilmOrder, Finish, Load
from svc_video.engines.sadtalker.pace import SAMPLES_PER_FRAME, drawn, sound_for
from svc_video.engines.sadtalker.source import Crop, Mode, Rgb, Source
from svc_video.engines.sadtalker.worker import Loaded, run
from troupe.wire.errors import EngineMissing, NoFace, UnsupportedMedia

FRAME_S = float(os.environ.get("STANDIN_FRAME_S", "0.002"))
BATCH = int(os.environ.get("STANDIN_BATCH", "4"))
MOODS = {201: "crash", 202: "hang", 203: "memory", 204: "never_fits", 205: "breaks"}
LOUD = 8_000.0


@dataclass(frozen=True, slots=True)
class Colour:
    """A frame to be drawn."""

    number: int
    loudness: float
    seed: int
    mood: str
    size: int


@dataclass(slots=True)
class Film:
    """Frames are known as late as the real ones are, or at the end."""

    source: Source
    order: FilmOrder
    number: int
    fed_to: int
    pcm: bytearray = field(default_factory=bytearray)
    ended: bool = False

    def feed(self, pcm: bytes) -> None:
        self.pcm += pcm
        self.fed_to += len(pcm) // 2

    def end(self) -> None:
        self.ended = True

    def ready(self) -> Sequence[Colour]:
        known = -(-self.fed_to // SAMPLES_PER_FRAME) if self.ended else self.number
        while not self.ended and sound_for(known) <= self.fed_to:
            known += 1
        colours = [self._colour(number) for number in range(self.number, known)]
        self.number = max(self.number, known)
        return colours

    @property
    def whole(self) -> bool:
        return self.ended and self.number * SAMPLES_PER_FRAME >= self.fed_to

    def _colour(self, number: int) -> Colour:
        start = (number * SAMPLES_PER_FRAME - self.order.sound_from) * 2
        samples = np.frombuffer(bytes(self.pcm[start : start + 2 * SAMPLES_PER_FRAME]), "<i2").astype(float)
        loud = float(np.sqrt(np.mean(samples**2))) if len(samples) else 0.0
        mood = MOODS.get(int(self.source.image[0, 0, 0]), "")
        return Colour(number, min(1.0, loud / LOUD), self.order.acting.seed, mood, self.source.size)


class Stage:
    """Squares of the picture's first pixel."""

    def identity(self, size: int) -> str:
        return f"standin {size}"

    def source(self, picture: Rgb, mode: Mode, size: int) -> Source:
        if not picture.any():
            raise NoFace("No face was found in this picture. The engine portrait takes drawn faces too.")
        if MOODS.get(int(picture[0, 0, 0])) == "breaks":
            raise ZeroDivisionError("eyes")
        image = np.full((size, size, 3), picture[0, 0], np.uint8)
        height, width = picture.shape[:2]
        crop = Crop((width, height), (0, 0, width, height), (8.0, 8.0, width - 8.0, height - 8.0))
        notes = ("2 faces found, the largest is used",)
        return Source(image, np.arange(73, dtype=np.float32), mode, (width, height), crop, notes)

    def finisher(self, source: Source, finish: Finish, picture: Rgb) -> Finisher:
        width, height = finish.frame
        return lambda squares: np.full((len(squares), height, width, 3), picture[0, 0], np.uint8)

    def performance(self, source: Source, order: FilmOrder, reference: bytes) -> Film:
        if reference == b"no film":
            raise UnsupportedMedia("The reference film cannot be read.")
        first = drawn(order.first_index, Fraction(*order.rate))
        return Film(source, order, first, order.sound_from)


class Renderer:
    """Colours."""

    batch = BATCH
    ahead = False

    def begin(self, poses: Sequence[Colour]) -> Squares:
        moods = {pose.mood for pose in poses}
        if "crash" in moods:
            raise RuntimeError("CUDA error: an illegal memory access was encountered")
        if "hang" in moods:
            time.sleep(600)
        if "never_fits" in moods or ("memory" in moods and len(poses) > 1):
            raise OutOfMemory("8 MiB wanted")
        time.sleep(FRAME_S * len(poses))
        squares = [self._square(pose) for pose in poses]
        return lambda: squares

    def _square(self, pose: Colour) -> Rgb:
        colour = (pose.number % 256, round(255 * pose.loudness), pose.seed % 256)
        return np.full((pose.size, pose.size, 3), colour, np.uint8)


def load(load: Load, loading: Callable[[float], None]) -> Loaded:
    what = sys.argv[1]
    for part in (0.2, 0.6, 1.0):
        loading(part)
        time.sleep(float(os.environ.get("STANDIN_LOAD_S", "0")))
    if what == "missing":
        raise EngineMissing("SadTalker needs about 8.0 GiB of memory, and 1.0 GiB are free", remedy="more memory")
    if what == "dies":
        sys.exit("no driver")
    sys.stdout.write("a library prints what nobody asked for\n")
    speed = 0.2 if what == "slow" else 300.0
    hello = {"device": "cpu", "version": load.precision, "batch": BATCH, "frames_per_s": speed, "identity": "standin"}
    return Loaded(Stage(), Renderer(), hello)


if __name__ == "__main__":
    sys.exit(run(load))
