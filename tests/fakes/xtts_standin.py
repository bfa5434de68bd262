"""The process of XTTS without networks: `python tests/fakes/xtts_standin.py [WHAT] LOAD`.

The real worker, pipes and scheduler around a machine whose codes are numbers and whose sound is a tone: one code for
each letter, the step as long as `STEP_S` says. Words in the text make it misbehave: "crash", "hang", "memory", "slow".
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from svc_tts.engines.xtts.guard import Wave, expect
from svc_tts.engines.xtts.machine import Feed, OutOfMemory, Passage, Script, Start, Step
from svc_tts.engines.xtts.orders import Line, Load
from svc_tts.engines.xtts.take import Pace
from svc_tts.engines.xtts.worker import Loaded, run
from troupe.wire.errors import EngineMissing, UnsupportedMedia

RATE = 24_000
CODE = 1114  # samples of one code at speed 1
SPEAKERS = ("Claribel Dervla", "Damien Black", "Somebody New")
STEP_S = float(os.environ.get("STANDIN_STEP_S", "0.002"))


@dataclass(slots=True)
class Tone:
    """A stream: how much of it was made."""

    speed: float
    made: int = 0


@dataclass(slots=True)
class Machine:
    """Slots of letters; a passage ends with its last one."""

    slots: int = 4
    rate: int = RATE
    running: dict[int, list[int]] = field(default_factory=dict)

    def admit(self, starts: Sequence[Start]) -> list[int]:
        taken = []
        for start in starts:
            slot = next(slot for slot in range(self.slots) if slot not in self.running)
            self.running[slot] = list(start.ids)
            taken.append(slot)
        return taken

    def step(self) -> list[Step]:
        time.sleep(STEP_S)
        if "crash" in self._texts():
            raise RuntimeError("CUDA error: an illegal memory access was encountered")
        if "hang" in self._texts():
            time.sleep(600)
        if "memory" in self._texts():
            raise OutOfMemory("8 MiB wanted")
        return [self._step(slot, ids) for slot, ids in self.running.items()]

    def release(self, slot: int) -> None:
        del self.running[slot]

    def open(self, voice: Any, speed: float) -> Tone:
        return Tone(speed)

    def render(self, feeds: Sequence[Feed]) -> list[Wave]:
        return [self._sound(feed) for feed in feeds]

    def _step(self, slot: int, ids: list[int]) -> Step:
        latent = ids.pop(0)
        return Step(slot, latent, stopped=not ids)

    def _sound(self, feed: Feed) -> Wave:
        samples = round(len(feed.latents) * CODE / feed.stream.speed)
        feed.stream.made += samples
        return np.full(samples, 0.25, np.float32)

    def _texts(self) -> str:
        return " ".join(bytes(ids).decode("latin-1") for ids in self.running.values())


class Desk:
    """Letters for tokens; the voice is its name."""

    def __init__(self) -> None:
        self.references: dict[str, int] = {}

    def script(self, number: int, line: Line) -> Script:
        ids = tuple(line.text.encode("latin-1", "ignore"))
        return Script(number, (Passage(ids, expect(line.text, line.language)),), self.voice(line), speed=line.speed)

    def voice(self, line: Line) -> object:
        if line.sample is None:
            return line.speaker
        if not Path(line.sample.wav).exists():
            raise UnsupportedMedia("The sample reference.wav of this voice cannot be read. Clone it anew.")
        self.references[line.sample.key] = self.references.get(line.sample.key, 0) + 1
        return line.sample.key

    def forget(self, key: str) -> None:
        self.references.pop(key, None)


def load(load: Load, loading: Callable[[float], None]) -> Loaded:
    what = sys.argv[1]
    for part in (0.2, 0.6, 1.0):
        loading(part)
    if what == "missing":
        raise EngineMissing("XTTS needs about 3.0 GiB of memory, and 1.0 GiB are free", remedy="more memory")
    if what == "dies":
        sys.exit("no driver")
    sys.stdout.write("a library prints what nobody asked for\n")
    hello = {"speakers": SPEAKERS, "slots": 4, "device": "cpu", "version": load.precision}
    return Loaded(Desk(), Machine(), Pace((4, 8, 16)), hello)


if __name__ == "__main__":
    sys.exit(run(load))
